// od (coreutils 9.1), hexdump (util-linux 2.38) and xxd: they read no more of a device than they were asked for.
import { O_RDONLY, SEEK_CUR, strerror } from '#abi';
import { concatenate } from '#kernel';
import type { Command, CommandContext } from '../services.ts';
import { options, size } from './options.ts';

const ROW = 16;
interface Input {
  readonly files: readonly string[];
  readonly skip: number;
  readonly limit: number;
}
/** The bytes of all files, in order. Gives the status too. */
async function read({ io }: CommandContext, name: string, { files, skip, limit }: Input): Promise<{ bytes: Uint8Array; status: number }> {
  const chunks: Uint8Array[] = [];
  let status = 0;
  let left = limit;
  let toSkip = skip;
  for (const file of files.length === 0 ? ['-'] : files) {
    const fd = file === '-' ? 0 : await io.open(file, O_RDONLY);
    if (fd < 0) {
      await io.err(`${name}: ${file}: ${strerror(-fd)}\n`);
      status = 1;
      continue;
    }
    if (toSkip > 0 && (await io.process.lseek(fd, toSkip, SEEK_CUR)) >= 0) toSkip = 0;
    while (left > 0) {
      const chunk = await io.read(fd, Math.min(left + toSkip, 4096));
      if (typeof chunk === 'number') {
        await io.err(`${name}: ${file}: ${strerror(-chunk)}\n`);
        status = 1;
        break;
      }
      if (chunk.length === 0) break;
      const part = chunk.subarray(Math.min(toSkip, chunk.length));
      toSkip -= chunk.length - part.length;
      chunks.push(part);
      left -= part.length;
    }
    if (fd !== 0) await io.close(fd);
  }
  return { bytes: concatenate(chunks), status };
}
/** Rows of 16 bytes, with a '*' for those that repeat. */
async function dump({ io }: CommandContext, bytes: Uint8Array, all: boolean, line: (row: Uint8Array, at: number) => string): Promise<void> {
  let before: Uint8Array | undefined;
  let starred = false;
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    const same = !all && before?.length === row.length && row.length === ROW && before.every((byte, n) => byte === row[n]);
    if (same) {
      if (!starred) await io.out('*\n');
      starred = true;
      continue;
    }
    starred = false;
    before = row;
    await io.out(`${line(row, at)}\n`);
  }
}
const printable = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

const names: readonly string[] = ['\\0', '001', '002', '003', '004', '005', '006', '\\a', '\\b', '\\t', '\\n', '\\v', '\\f', '\\r'];
const character = (byte: number): string =>
  names[byte] ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'));

interface OdType {
  readonly bytes: number;
  readonly width: number;
  readonly text: (value: bigint, byte: number) => string;
  readonly zeroed: boolean;
}
const digitsOf = {
  o: { 1: 3, 2: 6, 4: 11, 8: 22 },
  x: { 1: 2, 2: 4, 4: 8, 8: 16 },
  u: { 1: 3, 2: 5, 4: 10, 8: 20 },
  d: { 1: 4, 2: 6, 4: 11, 8: 20 },
} as const;
function odType(text: string): OdType | undefined {
  const [, letter, count = ''] = /^([acdoux])([1248CSIL]?)z?$/.exec(text) ?? [];
  if (letter === undefined) return undefined;
  if (letter === 'c' || letter === 'a') return { bytes: 1, width: 3, text: (_, byte) => character(byte), zeroed: false };
  const bytes = ({ '': 4, C: 1, S: 2, I: 4, L: 8 }[count] ?? Number(count)) as 1 | 2 | 4 | 8;
  const base = letter as 'o' | 'x' | 'u' | 'd';
  const width = digitsOf[base][bytes];
  const radix = base === 'o' ? 8 : base === 'x' ? 16 : 10;
  const sign = (value: bigint): bigint => (base === 'd' ? BigInt.asIntN(bytes * 8, value) : value);
  return { bytes, width, text: (value) => sign(value).toString(radix), zeroed: base === 'o' || base === 'x' };
}
const shorthand: Readonly<Record<string, string>> = { b: 'o1', c: 'c', d: 'u2', o: 'o2', s: 'd2', x: 'x2', i: 'dI', l: 'dL' };

export const od: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'od', args, {
    A: { short: 'A', long: 'address-radix', argument: 'required' },
    j: { short: 'j', long: 'skip-bytes', argument: 'required' },
    N: { short: 'N', long: 'read-bytes', argument: 'required' },
    t: { short: 't', long: 'format', argument: 'required' },
    v: { short: 'v', long: 'output-duplicates' },
    w: { short: 'w', long: 'width', argument: 'optional' },
    ...Object.fromEntries(Object.keys(shorthand).map((key) => [key, { short: key }])),
  });
  if (parsed === undefined) return 1;
  const formats = parsed.all.flatMap(([key, value]) =>
    (key === 't' ? (value.match(/[acdoux](?:[1248CSIL])?z?/g) ?? [value]) : [shorthand[key] ?? '']).filter((text) => text !== ''),
  );
  const types = (formats.length === 0 ? ['o2'] : formats).map((text) => ({ type: odType(text), z: text.endsWith('z'), text }));
  const bad = types.find(({ type }) => type === undefined);
  if (bad !== undefined) {
    await io.err(`od: invalid character '${bad.text[0]}' in type string '${bad.text}'\n`);
    return 1;
  }
  const skip = size(parsed.get('j') ?? '0') ?? 0;
  const { bytes, status } = await read(context, 'od', {
    files: parsed.operands,
    skip,
    limit: size(parsed.get('N') ?? '') ?? Number.POSITIVE_INFINITY,
  });
  const radix = parsed.get('A') ?? 'o';
  const address = (at: number): string => {
    if (radix === 'n') return '';
    return radix === 'x' ? hex(at, 6) : radix === 'd' ? `${at}`.padStart(7, '0') : at.toString(8).padStart(7, '0');
  };
  // All columns of a row are as wide as the widest type needs.
  const cell = Math.max(...types.map(({ type }) => ((type as OdType).width + 1) / (type as OdType).bytes));
  await dump(context, bytes, parsed.has('v'), (row, at) =>
    types
      .map(({ type, z }, n) => {
        const { bytes: unit, text, width, zeroed } = type as OdType;
        let line = '';
        for (let from = 0; from < row.length; from += unit) {
          let value = 0n;
          for (let k = unit - 1; k >= 0; k--) value = (value << 8n) | BigInt(row[from + k] ?? 0);
          const plain = text(value, row[from] as number);
          line += (zeroed ? plain.padStart(width, '0') : plain).padStart(Math.round(cell * unit));
        }
        const tail = z ? `${' '.repeat(Math.max(0, Math.round(cell * ROW) - line.length))}  >${printable(row)}<` : '';
        return (n === 0 ? address(skip + at) : ' '.repeat(address(0).length)) + line + tail;
      })
      .join('\n'),
  );
  if (radix !== 'n') await io.out(`${address(skip + bytes.length)}\n`);
  return status;
};
export const hexdump: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'hexdump', args, {
    C: { short: 'C', long: 'canonical' },
    n: { short: 'n', long: 'length', argument: 'required' },
    s: { short: 's', long: 'skip', argument: 'required' },
    v: { short: 'v', long: 'no-squeezing' },
    x: { short: 'x', long: 'two-bytes-hex' },
  });
  if (parsed === undefined) return 1;
  const skip = size(parsed.get('s') ?? '0') ?? 0;
  const { bytes, status } = await read(context, 'hexdump', {
    files: parsed.operands,
    skip,
    limit: size(parsed.get('n') ?? '') ?? Number.POSITIVE_INFINITY,
  });
  const canonical = parsed.has('C');
  await dump(context, bytes, parsed.has('v'), (row, at) => {
    if (canonical) {
      const half = (from: number): string => Array.from(row.subarray(from, from + 8), (byte) => hex(byte, 2)).join(' ');
      return `${hex(skip + at, 8)}  ${half(0).padEnd(23)}  ${half(8).padEnd(23)}  |${printable(row)}|`;
    }
    const words: string[] = [];
    for (let n = 0; n < row.length; n += 2) words.push(hex((row[n] as number) | ((row[n + 1] ?? 0) << 8), 4));
    const gap = parsed.has('x') ? '    ' : ' ';
    return (hex(skip + at, 7) + words.map((word) => gap + word).join('')).padEnd(7 + 8 * (gap.length + 4));
  });
  if (bytes.length > 0) await io.out(`${hex(skip + bytes.length, canonical ? 8 : 7)}\n`);
  return status;
};
export const xxd: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'xxd', args, {
    l: { short: 'l', long: 'len', argument: 'required' },
    s: { short: 's', long: 'seek', argument: 'required' },
    p: { short: 'p', long: 'plain' },
    u: { short: 'u' },
    c: { short: 'c', argument: 'required' },
    g: { short: 'g', argument: 'required' },
  });
  if (parsed === undefined) return 1;
  const skip = size(parsed.get('s') ?? '0') ?? 0;
  const { bytes, status } = await read(context, 'xxd', {
    files: parsed.operands,
    skip,
    limit: size(parsed.get('l') ?? '') ?? Number.POSITIVE_INFINITY,
  });
  const upper = (text: string): string => (parsed.has('u') ? text.toUpperCase() : text);
  const all = Array.from(bytes, (byte) => upper(hex(byte, 2)));
  if (parsed.has('p')) {
    const PLAIN_ROW = 30;
    for (let at = 0; at < all.length; at += PLAIN_ROW) await io.out(`${all.slice(at, at + PLAIN_ROW).join('')}\n`);
    return status;
  }
  const columns = Number(parsed.get('c') ?? ROW);
  const group = Number(parsed.get('g') ?? 2) || columns;
  for (let at = 0; at < bytes.length; at += columns) {
    const row = all.slice(at, at + columns);
    let text = '';
    for (let n = 0; n < columns; n++) text += (row[n] ?? '  ') + ((n + 1) % group === 0 ? ' ' : '');
    await io.out(
      `${hex(skip + at, 8)}: ${text.padEnd(columns * 2 + Math.floor(columns / group))} ${printable(bytes.subarray(at, at + columns))}\n`,
    );
  }
  return status;
};
