// tr of coreutils 9.1, over bytes.
import { fromLatin1, toLatin1 } from '../just_bash.ts';
import type { Command } from '../services.ts';
import { options } from './options.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const DIGITS = range(0x30, 0x39);
const UPPER = range(0x41, 0x5a);
const LOWER = range(0x61, 0x7a);
const GRAPH = range(0x21, 0x7e);
const ALNUM = [...DIGITS, ...UPPER, ...LOWER];
const classes: Readonly<Record<string, readonly number[]>> = {
  alnum: ALNUM,
  alpha: [...UPPER, ...LOWER],
  blank: [9, 0x20],
  cntrl: [...range(0, 31), 127],
  digit: DIGITS,
  graph: GRAPH,
  lower: LOWER,
  print: [0x20, ...GRAPH],
  punct: GRAPH.filter((byte) => !ALNUM.includes(byte)),
  space: [9, 10, 11, 12, 13, 0x20],
  upper: UPPER,
  xdigit: [...DIGITS, ...range(0x41, 0x46), ...range(0x61, 0x66)],
};
const escapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 0x5c };
/** The bytes of a set: ranges, classes, escapes. */
function expand(text: string): number[] {
  const units: (number | readonly number[])[] = [];
  for (const [whole, name, octal, letter] of text.matchAll(/\[:(\w+):\]|\\([0-7]{1,3})|\\(.)|[\s\S]/g)) {
    if (name !== undefined) units.push(classes[name] ?? []);
    else if (octal !== undefined) units.push(Number.parseInt(octal, 8) & 0xff);
    else if (letter !== undefined) units.push(escapes[letter] ?? letter.charCodeAt(0));
    else units.push(whole.charCodeAt(0));
  }
  const out: number[] = [];
  for (let n = 0; n < units.length; n++) {
    const unit = units[n] as number | readonly number[];
    const end = units[n + 2];
    if (typeof unit === 'number' && units[n + 1] === 0x2d && typeof end === 'number' && end >= unit) {
      out.push(...range(unit, end));
      n += 2;
    } else if (typeof unit === 'number') out.push(unit);
    else out.push(...unit);
  }
  return out;
}
export const tr: Command = async ({ io }, args) => {
  const parsed = await options(
    io,
    'tr',
    args,
    {
      complement: { short: 'cC', long: 'complement' },
      remove: { short: 'd', long: 'delete' },
      squeeze: { short: 's', long: 'squeeze-repeats' },
      truncate: { short: 't', long: 'truncate-set1' },
    },
    true,
  );
  if (parsed === undefined) return 1;
  const [first, second, extra] = parsed.operands;
  const fail = async (text: string): Promise<number> => {
    await io.err(`tr: ${text}\nTry 'tr --help' for more information.\n`);
    return 1;
  };
  if (first === undefined) return fail('missing operand');
  const removes = parsed.has('remove');
  const squeezes = parsed.has('squeeze');
  if (second === undefined && removes === squeezes)
    return fail(
      `missing operand after '${first}'\nTwo strings must be given when ${removes ? 'both deleting and squeezing repeats' : 'translating'}.`,
    );
  if (extra !== undefined || (second !== undefined && removes && !squeezes))
    return fail(
      `extra operand '${extra ?? second}'${extra === undefined ? '\nOnly one string may be given when deleting without squeezing repeats.' : ''}`,
    );
  const bytes = (text: string): number[] => expand(toLatin1(new TextEncoder().encode(text)));
  const given = bytes(first);
  const from = parsed.has('complement') ? range(0, 255).filter((byte) => !given.includes(byte)) : given;
  const to = second === undefined ? [] : bytes(second);
  const map = new Map<number, number>();
  if (!removes && to.length > 0)
    for (const [n, byte] of from.entries())
      if (n < to.length || !parsed.has('truncate')) map.set(byte, to[Math.min(n, to.length - 1)] as number);
  const removed = new Set(removes ? from : []);
  const squeezed = new Set(squeezes ? (second === undefined ? from : to) : []);
  let last = -1;
  for (;;) {
    const chunk = await io.read(0, 8192);
    if (typeof chunk === 'number' || chunk.length === 0) return typeof chunk === 'number' ? 1 : 0;
    let out = '';
    for (const byte of chunk) {
      if (removed.has(byte)) continue;
      const translated = map.get(byte) ?? byte;
      if (translated === last && squeezed.has(translated)) continue;
      last = translated;
      out += String.fromCharCode(translated);
    }
    await io.outBytes(fromLatin1(out));
  }
};
