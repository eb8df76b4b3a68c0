// Source: lib/hexdump.c.
import { EINVAL } from '#abi';
import { bool, cstring, int, type KernelApi, kernelApi, kfunc, nothing, size_t, u8, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, hex64, latin1 } from '../memory.ts';

// print_hex_dump's prefix_type.
const DUMP_PREFIX_ADDRESS = 1;
const DUMP_PREFIX_OFFSET = 2;
const digits = '0123456789abcdef';

/** One line: groups of little-endian hex, and after them the printable bytes. */
export function hexLine(bytes: Uint8Array, row: number, group: number, ascii: boolean): string {
  const rowSize = row === 32 ? 32 : 16;
  const length = Math.min(bytes.length, rowSize);
  const groupSize = [1, 2, 4, 8].includes(group) && length % group === 0 ? group : 1;
  const groups: string[] = [];
  for (let at = 0; at < length; at += groupSize) {
    const part = [...bytes.subarray(at, at + groupSize)].reverse();
    groups.push(part.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  const hex = groups.join(' ');
  if (!ascii) return hex;
  const asciiColumn = rowSize * 2 + rowSize / groupSize + 1;
  const text = latin1(bytes.subarray(0, length)).replace(/[^\x20-\x7e]/g, '.');
  return hex.padEnd(asciiColumn, ' ') + text;
}
/** The lines of a whole dump, prefixes with them. */
export function hexLines(
  k: Kernel,
  options: { prefix: string; type: number; row: number; group: number; buf: Addr; length: number; ascii: boolean },
): string[] {
  const { prefix, type, buf, length, group, ascii } = options;
  const row = options.row === 32 ? 32 : 16;
  const lines: string[] = [];
  for (let at = 0; at < length; at += row) {
    const line = hexLine(k.memory.read(buf + at, Math.min(row, length - at)), row, group, ascii);
    const place =
      type === DUMP_PREFIX_ADDRESS ? `${hex64(buf + at)}: ` : type === DUMP_PREFIX_OFFSET ? `${at.toString(16).padStart(8, '0')}: ` : '';
    lines.push(prefix + place + line);
  }
  return lines;
}
const hexValue = (character: number): number => digits.indexOf(String.fromCharCode(character).toLowerCase());

export const hexdumpApi: KernelApi = kernelApi('lib/hexdump.c', {
  print_hex_dump: kfunc(
    { level: cstring, prefix_str: cstring, prefix_type: int, rowsize: int, groupsize: int, buf: voidPtr, len: size_t, ascii: bool },
    nothing,
    (k, { level, prefix_str: prefix, prefix_type: type, rowsize: row, groupsize: group, buf, len: length, ascii }) => {
      for (const line of hexLines(k, { prefix, type, row, group, buf, length, ascii })) k.log.vprintk(`${level}${line}\n`);
    },
  ),
  hex_dump_to_buffer: kfunc(
    { buf: voidPtr, len: size_t, rowsize: int, groupsize: int, linebuf: voidPtr, linebuflen: size_t, ascii: bool },
    int,
    (k, { buf, len, rowsize, groupsize, linebuf, linebuflen, ascii }) => {
      const line = hexLine(k.memory.read(buf, Math.min(len, rowsize === 32 ? 32 : 16)), rowsize, groupsize, ascii);
      if (linebuflen > 0) k.memory.setCstring(linebuf, line.slice(0, linebuflen - 1));
      return line.length;
    },
  ),
  hex_to_bin: kfunc({ ch: u8 }, int, (_, { ch }) => hexValue(ch)),
  hex2bin: kfunc({ dst: voidPtr, src: voidPtr, count: size_t }, int, (k, { dst, src, count }) => {
    for (let n = 0; n < count; n++) {
      const high = hexValue(k.memory.u8(src + 2 * n));
      const low = high < 0 ? -1 : hexValue(k.memory.u8(src + 2 * n + 1));
      if (low < 0) return -EINVAL;
      k.memory.setU8(dst + n, high * 16 + low);
    }
    return 0;
  }),
  bin2hex: kfunc({ dst: voidPtr, src: voidPtr, count: size_t }, voidPtr, (k, { dst, src, count }) => {
    const text = [...k.memory.read(src, count)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    for (let n = 0; n < text.length; n++) k.memory.setU8(dst + n, text.charCodeAt(n));
    return dst + text.length;
  }),
  hex_asc: { kind: 'data', init: (k, address) => k.memory.setCstring(address, digits), support: { level: 'full' } },
  hex_asc_upper: {
    kind: 'data',
    init: (k, address) => k.memory.setCstring(address, digits.toUpperCase()),
    support: { level: 'full' },
  },
});
