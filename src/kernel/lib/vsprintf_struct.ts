// What %p extensions say of structs. Source: lib/vsprintf.c; facts in linux-modules.md 8.4.
import { int, kernelStruct, u64, ulongAddr, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const Resource = kernelStruct('resource', { start: u64, end: u64, flags: ulongAddr });
const Dentry = kernelStruct('dentry', { d_parent: voidPtr, 'd_name.name': voidPtr });
const File = kernelStruct('file', { 'f_path.dentry': voidPtr });
const RtcTime = kernelStruct('rtc_time', { tm_sec: int, tm_min: int, tm_hour: int, tm_mday: int, tm_mon: int, tm_year: int });
// include/linux/ioport.h: types, how their addresses are written, and the flags that %pR names.
const hex = (digits: number) => (value: bigint) => `0x${value.toString(16).padStart(digits, '0')}`;
const RESOURCE_TYPES: readonly (readonly [flag: number, name: string, number: (value: bigint) => string])[] = [
  [0x100, 'io  ', hex(4)],
  [0x200, 'mem ', hex(8)],
  [0x400, 'irq ', String],
  [0x800, 'dma ', String],
  [0x1000, 'bus ', (value) => value.toString(16).padStart(2, '0')],
];
const RESOURCE_FLAGS: readonly (readonly [flag: number, name: string])[] = [
  [0x100000, ' 64bit'],
  [0x2000, ' pref'],
  [0x200000, ' window'],
  [0x10000000, ' disabled'],
];
const IORESOURCE_UNSET = 0x20000000;
const NULL = 0;

/** %pR, or %pr when `raw`. */
export function resourceText(k: Kernel, address: Addr, raw: boolean): string {
  const { start, end, flags } = k.view(Resource, address);
  const [, name, number] = RESOURCE_TYPES.find(([flag]) => (flags & flag) !== 0) ?? [0, undefined, hex(8)];
  const decoded = !raw && name !== undefined;
  const place =
    decoded && (flags & IORESOURCE_UNSET) !== 0
      ? `size ${number(BigInt.asUintN(64, end - start + 1n))}`
      : number(start) + (start === end ? '' : `-${number(end)}`);
  const suffix = decoded
    ? RESOURCE_FLAGS.map(([flag, text]) => ((flags & flag) !== 0 ? text : '')).join('')
    : ` flags 0x${BigInt.asUintN(64, BigInt(flags)).toString(16)}`;
  return `[${name ?? '??? '}${place}${suffix}]`;
}
/** %pd and %pD: the last `depth` components of the path. */
export function dentryText(k: Kernel, address: Addr, depth: number): string {
  const names: string[] = [];
  for (let at = address; at !== NULL && names.length < depth; ) {
    const { d_parent: parent, 'd_name.name': name } = k.view(Dentry, at);
    if (parent === at) {
      if (names.length === 0) return '/';
      names.unshift('');
      break;
    }
    names.unshift(k.memory.cstring(name));
    at = parent;
  }
  return names.join('/');
}
export const fileText = (k: Kernel, file: Addr, depth: number): string => dentryText(k, k.view(File, file)['f_path.dentry'], depth);

interface BrokenDown {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}
/** %ptR of a struct rtc_time, %ptT of a time64_t; `letters` follow: d, t, r, s. */
export function timeText(k: Kernel, address: Addr, kind: 'R' | 'T', letters: string): string {
  const raw = letters.includes('r');
  const { year, month, day, hour, minute, second } = kind === 'R' ? rtcTime(k, address) : unixTime(k.memory.s64(address));
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(year + (raw ? 0 : 1900)).padStart(4, '0')}-${two(month + (raw ? 0 : 1))}-${two(day)}`;
  const time = `${two(hour)}:${two(minute)}:${two(second)}`;
  if (letters.includes('d') && !letters.includes('t')) return date;
  if (letters.includes('t') && !letters.includes('d')) return time;
  return date + (letters.includes('s') ? ' ' : 'T') + time;
}
function rtcTime(k: Kernel, address: Addr): BrokenDown {
  const { tm_year: year, tm_mon: month, tm_mday: day, tm_hour: hour, tm_min: minute, tm_sec: second } = k.view(RtcTime, address);
  return { year, month, day, hour, minute, second };
}
function unixTime(seconds: bigint): BrokenDown {
  const date = new Date(Number(seconds) * 1000);
  return {
    year: date.getUTCFullYear() - 1900,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

const SPACES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' };
const SPECIALS: Readonly<Record<number, string>> = { 7: '\\a', 27: '\\e', 34: '\\"', 92: '\\\\' };
const isPrintable = (byte: number): boolean => byte >= 32 && byte < 127;
/** %*pE: bytes with escapes. Letters a, c, h, n, o, p, s choose what is escaped; none of them: all that cannot be printed. */
export function escapedText(bytes: Uint8Array, letters: string): string {
  const chosen = letters === '' ? 'ap' : letters;
  const any = chosen.includes('a');
  const has = (letter: string): boolean => chosen.includes(letter) || (any && 'sonc'.includes(letter));
  return [...bytes]
    .map((byte) => {
      if (chosen.includes('p') && isPrintable(byte)) return String.fromCharCode(byte);
      if (has('s') && byte in SPACES) return SPACES[byte];
      if (has('c') && byte in SPECIALS) return SPECIALS[byte];
      if (has('n') && byte === 0) return '\\0';
      if (has('o')) return `\\${byte.toString(8).padStart(3, '0')}`;
      if (has('h')) return `\\x${byte.toString(16).padStart(2, '0')}`;
      return String.fromCharCode(byte);
    })
    .join('');
}
/** %p4cc: a code of four characters. */
export function fourccText(value: number): string {
  const BIG_ENDIAN = 0x80000000;
  const letters = [0, 8, 16, 24].map((shift) => (value >>> shift) & (shift === 24 ? 0x7f : 0xff));
  const text = letters.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.')).join('');
  const order = value >= BIG_ENDIAN ? 'big-endian' : 'little-endian';
  return `${text} ${order} (0x${value.toString(16).padStart(8, '0')})`;
}
