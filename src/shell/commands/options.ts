// Options of the coreutils, and how they complain.
import { getopt, type OptionRow } from '#kmod';
import type { Io } from '../io.ts';

export interface Options {
  has(key: string): boolean;
  /** The last value of an option. */
  get(key: string): string | undefined;
  readonly all: readonly (readonly [key: string, value: string])[];
  readonly operands: readonly string[];
}
/** Parses; on an error says so as coreutils do and gives undefined (the status is 1, or what the tool uses). */
export async function options(
  io: Io,
  name: string,
  args: readonly string[],
  rows: Readonly<Record<string, OptionRow>>,
  posix = false,
): Promise<Options | undefined> {
  const first = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length);
  if (first.includes('--help')) {
    await io.out(usage(name, rows));
    throw new Finished(0);
  }
  const { options: all, operands, error } = getopt(args, rows, posix);
  if (error !== undefined) {
    await io.err(`${name}: ${error}\nTry '${name} --help' for more information.\n`);
    return undefined;
  }
  return {
    all,
    operands,
    has: (key) => all.some(([other]) => other === key),
    get: (key) => all.findLast(([other]) => other === key)?.[1],
  };
}
/** The command is done with this status: its help has been shown. */
export class Finished extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`finished with ${status}`);
    this.status = status;
  }
}
/** What the command knows here; the real one's own text is longer. */
function usage(name: string, rows: Readonly<Record<string, OptionRow>>): string {
  const lines = Object.values(rows).map(({ short, long, argument = 'none' }) => {
    const names = [...(short === undefined ? [] : [...short].map((letter) => `-${letter}`)), ...(long === undefined ? [] : [`--${long}`])];
    return `  ${names.join(', ')}${argument === 'required' ? ' ARGUMENT' : argument === 'optional' ? '[=ARGUMENT]' : ''}\n`;
  });
  return `Usage: ${name} [OPTION]... [ARGUMENT]...\n${lines.join('')}`;
}
/** '4K', '1M', '2kB', '3b' of dd, head and tail; undefined when it is no number. */
export function size(text: string): number | undefined {
  const [, digits, suffix = ''] = /^(\d+)([a-zA-Z]*)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const factor = SUFFIXES[suffix];
  return factor === undefined ? undefined : Number(digits) * factor;
}
const SUFFIXES: Readonly<Record<string, number>> = Object.fromEntries([
  ['', 1],
  ['c', 1],
  ['w', 2],
  ['b', 512],
  ...['k', 'M', 'G', 'T'].flatMap((letter, n) => {
    const binary = 1024 ** (n + 1);
    const upper = letter.toUpperCase();
    return [
      [letter, binary],
      [upper, binary],
      [`${upper}iB`, binary],
      [`${letter}B`, 1000 ** (n + 1)],
      [`${upper}B`, 1000 ** (n + 1)],
    ] as const;
  }),
]);
