// Source: lib/string.c, arch/x86/lib/{mem*,string}*.

import { E2BIG, EINVAL } from '#abi';
import {
  bool,
  char_,
  cstring,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  nothing,
  size_t,
  ssize_t,
  u64,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

/** The first difference of two strings, at most `count` bytes, as the sign of (a - b). */
function compare(k: Kernel, a: Addr, b: Addr, count: number, fold = (c: number): number => c): number {
  for (let n = 0; n < count; n++) {
    const x = fold(k.memory.u8(a + n));
    const y = fold(k.memory.u8(b + n));
    if (x !== y) return x < y ? -1 : 1;
    if (x === 0) return 0;
  }
  return 0;
}
const lower = (c: number): number => (c >= 0x41 && c <= 0x5a ? c + 32 : c);
const ANY = Number.POSITIVE_INFINITY;

/** Copies at most size - 1 bytes and ends with NUL. Return: the length, or -E2BIG. */
function scopy(k: Kernel, dest: Addr, src: Addr, size: number): number {
  if (size === 0) return -E2BIG;
  const length = k.memory.strlen(src, size);
  const copied = Math.min(length, size - 1);
  k.memory.copy(dest, src, copied);
  k.memory.setU8(dest + copied, 0);
  return length === copied ? copied : -E2BIG;
}
/** Address of byte `c` in the string at `s`, from the start or the end; 0 when it is not there. */
function find(k: Kernel, s: Addr, c: number, last: boolean): Addr {
  const length = k.memory.strlen(s);
  const bytes = k.memory.read(s, length + 1);
  const at = last ? bytes.lastIndexOf(c & 0xff) : bytes.indexOf(c & 0xff);
  return at < 0 ? 0 : s + at;
}

export const stringApi: KernelApi = kernelApi('lib/string.c', {
  memset: kfunc({ s: voidPtr, c: int, n: size_t }, voidPtr, (k, { s, c, n }) => {
    k.memory.fill(s, c & 0xff, n);
    return s;
  }),
  memcpy: kfunc({ dest: voidPtr, src: voidPtr, len: size_t }, voidPtr, (k, { dest, src, len }) => {
    k.memory.copy(dest, src, len);
    return dest;
  }),
  memmove: kfunc({ dest: voidPtr, src: voidPtr, count: size_t }, voidPtr, (k, { dest, src, count }) => {
    k.memory.copy(dest, src, count);
    return dest;
  }),
  memcmp: kfunc({ p: voidPtr, q: voidPtr, size: size_t }, int, (k, { p, q, size }) => {
    const a = k.memory.read(p, size);
    const b = k.memory.read(q, size);
    const at = a.findIndex((byte, n) => byte !== b[n]);
    return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
  }),
  memchr: kfunc({ p: voidPtr, c: int, size: size_t }, voidPtr, (k, { p, c, size }) => {
    const at = k.memory.read(p, size).indexOf(c & 0xff);
    return at < 0 ? 0 : p + at;
  }),
  strlen: kfunc({ s: voidPtr }, size_t, (k, { s }) => k.memory.strlen(s)),
  strnlen: kfunc({ p: voidPtr, maxlen: size_t }, size_t, (k, { p, maxlen }) => k.memory.strlen(p, maxlen)),
  strcmp: kfunc({ cs: voidPtr, ct: voidPtr }, int, (k, { cs, ct }) => compare(k, cs, ct, ANY)),
  strncmp: kfunc({ cs: voidPtr, ct: voidPtr, count: size_t }, int, (k, { cs, ct, count }) => compare(k, cs, ct, count)),
  strcasecmp: kfunc({ s1: voidPtr, s2: voidPtr }, int, (k, { s1, s2 }) => compare(k, s1, s2, ANY, lower)),
  strncasecmp: kfunc({ s1: voidPtr, s2: voidPtr, len: size_t }, int, (k, { s1, s2, len }) => compare(k, s1, s2, len, lower)),
  strcpy: kfunc({ p: voidPtr, q: voidPtr }, voidPtr, (k, { p: dest, q: src }) => {
    k.memory.copy(dest, src, k.memory.strlen(src) + 1);
    return dest;
  }),
  strncpy: kfunc({ p: voidPtr, q: voidPtr, size: size_t }, voidPtr, (k, { p: dest, q: src, size: count }) => {
    const length = k.memory.strlen(src, count);
    k.memory.copy(dest, src, length);
    k.memory.fill(dest + length, 0, count - length);
    return dest;
  }),
  strlcpy: kfunc({ p: voidPtr, q: voidPtr, size: size_t }, size_t, (k, { p: dest, q: src, size }) => {
    scopy(k, dest, src, size);
    return k.memory.strlen(src);
  }),
  strscpy: kfunc({ p: voidPtr, q: voidPtr, size: size_t }, ssize_t, (k, { p: dest, q: src, size: count }) => scopy(k, dest, src, count)),
  strcat: kfunc({ p: voidPtr, q: voidPtr }, voidPtr, (k, { p: dest, q: src }) => {
    k.memory.copy(dest + k.memory.strlen(dest), src, k.memory.strlen(src) + 1);
    return dest;
  }),
  strchr: kfunc({ s: voidPtr, c: int }, voidPtr, (k, { s, c }) => find(k, s, c, false)),
  strrchr: kfunc({ s: voidPtr, c: int }, voidPtr, (k, { s, c }) => find(k, s, c, true)),
  strstr: kfunc({ s1: voidPtr, s2: voidPtr }, voidPtr, (k, { s1, s2 }) => {
    const at = k.memory.cstring(s1).indexOf(k.memory.cstring(s2));
    return at < 0 ? 0 : s1 + at;
  }),
  strspn: kfunc({ s: cstring, accept: cstring }, size_t, (_, { s, accept }) => {
    const end = [...s].findIndex((letter) => !accept.includes(letter));
    return end < 0 ? s.length : end;
  }),
  strcspn: kfunc({ s: cstring, reject: cstring }, size_t, (_, { s, reject }) => {
    const end = [...s].findIndex((letter) => reject.includes(letter));
    return end < 0 ? s.length : end;
  }),
  strncat: kfunc({ dest: voidPtr, src: voidPtr, count: size_t }, voidPtr, (k, { dest, src, count }) => {
    const end = dest + k.memory.strlen(dest);
    const length = k.memory.strlen(src, count);
    k.memory.copy(end, src, length);
    k.memory.setU8(end + length, 0);
    return dest;
  }),
  /** Return: the length that the whole would have. */
  strlcat: kfunc({ dest: voidPtr, src: voidPtr, count: size_t }, size_t, (k, { dest, src, count }) => {
    const before = k.memory.strlen(dest);
    const length = k.memory.strlen(src);
    if (before >= count) k.exceptions.bug('lib/string.c', 337);
    scopy(k, dest + before, src, count - before);
    return before + length;
  }),
  strscpy_pad: kfunc({ dest: voidPtr, src: voidPtr, count: size_t }, ssize_t, (k, { dest, src, count }) => {
    const written = scopy(k, dest, src, count);
    if (written >= 0 && written < count) k.memory.fill(dest + written + 1, 0, count - written - 1);
    return written;
  }),
  strchrnul: kfunc({ s: voidPtr, c: int }, voidPtr, (k, { s, c }) => find(k, s, c, false) || s + k.memory.strlen(s)),
  strnchr: kfunc({ s: voidPtr, count: size_t, c: int }, voidPtr, (k, { s, count, c }) => {
    const length = k.memory.strlen(s, count);
    const at = k.memory.read(s, Math.min(length + 1, count)).indexOf(c & 0xff);
    return at < 0 ? 0 : s + at;
  }),
  strnstr: kfunc({ s1: voidPtr, s2: voidPtr, len: size_t }, voidPtr, (k, { s1, s2, len }) => {
    const at = k.memory.cstring(s1, len).indexOf(k.memory.cstring(s2));
    return at < 0 ? 0 : s1 + at;
  }),
  strpbrk: kfunc({ cs: voidPtr, ct: cstring }, voidPtr, (k, { cs, ct }) => {
    const at = [...k.memory.cstring(cs)].findIndex((letter) => ct.includes(letter));
    return at < 0 ? 0 : cs + at;
  }),
  /** Cuts a token off *s: it ends at the first of `ct`. Return: the token; NULL when there is none left. */
  strsep: kfunc({ s: voidPtr, ct: cstring }, voidPtr, (k, { s, ct }) => {
    const start = k.memory.ptr(s);
    if (start === 0) return 0;
    const at = [...k.memory.cstring(start)].findIndex((letter) => ct.includes(letter));
    if (at >= 0) k.memory.setU8(start + at, 0);
    k.memory.setPtr(s, at < 0 ? 0 : start + at + 1);
    return start;
  }),
  memchr_inv: kfunc({ p: voidPtr, c: int, size: size_t }, voidPtr, (k, { p, c, size }) => {
    const at = k.memory.read(p, size).findIndex((byte) => byte !== (c & 0xff));
    return at < 0 ? 0 : p + at;
  }),
  memscan: kfunc({ addr: voidPtr, c: int, size: size_t }, voidPtr, (k, { addr, c, size }) => {
    const at = k.memory.read(addr, size).indexOf(c & 0xff);
    return addr + (at < 0 ? size : at);
  }),
});
const UNITS = [
  ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'],
  ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'],
] as const;
/** `blocks` of `blockSize` bytes with three significant digits, in powers of 1000 (units 0) or 1024 (1). Source: string_get_size(). */
function sizeText(blocks: bigint, blockSize: bigint, units: number): string {
  const divisor = units === 0 ? 1000n : 1024n;
  let size = blocks * blockSize;
  let remainder = 0n;
  let power = 0;
  while (size >= divisor) {
    remainder = size % divisor;
    size /= divisor;
    power++;
  }
  const decimals = size === 0n ? 0 : Math.max(0, 3 - String(size).length);
  if (units !== 0) remainder = (remainder * 1000n) >> 10n;
  remainder += [500n, 50n, 5n][decimals] ?? 0n;
  if (remainder >= 1000n) {
    remainder -= 1000n;
    size += 1n;
  }
  const fraction = size === 0n || decimals === 0 ? '' : `.${String(remainder).padStart(3, '0').slice(0, decimals)}`;
  return `${size}${fraction} ${UNITS[units === 0 ? 0 : 1][power] ?? 'UNK'}`;
}
export const stringHelpersApi: KernelApi = kernelApi('lib/string_helpers.c', {
  string_get_size: kfunc(
    { size: u64, blk_size: u64, units: uint, buf: voidPtr, len: int },
    nothing,
    (k, { size, blk_size, units, buf, len }) => k.memory.setCstring(buf, sizeText(size, blk_size, units).slice(0, len - 1)),
  ),
  fortify_panic: kfunc({ name: cstring }, nothing, (k, { name }) => {
    k.log.print('emerg', `detected buffer overflow in ${name}`);
    k.exceptions.bug('lib/string_helpers.c', 1027);
  }),
  skip_spaces: kfunc({ str: voidPtr }, voidPtr, (k, { str }) => str + leadingSpaces(k.memory.cstring(str))),
  /** Cuts the spaces at the end off. Return: where those at the start end. */
  strim: kfunc({ s: voidPtr }, voidPtr, (k, { s }) => {
    const text = k.memory.cstring(s);
    const end = text.replace(/[\t-\r \xa0]+$/, '').length;
    if (end < text.length) k.memory.setU8(s + end, 0);
    return s + (end === 0 ? 0 : leadingSpaces(text));
  }),
  strreplace: kfunc({ s: voidPtr, old: char_, new: char_ }, voidPtr, (k, { s, old, new: fresh }) => {
    const length = k.memory.strlen(s);
    for (let n = 0; n < length; n++) if (k.memory.s8(s + n) === old) k.memory.setU8(s + n, fresh);
    return s + length;
  }),
  /** Equal but for one newline at the end. */
  sysfs_streq: kfunc({ s1: cstring, s2: cstring }, bool, (_, { s1, s2 }) => s1.replace(/\n$/, '') === s2.replace(/\n$/, '')),
  match_string: kfunc({ array: voidPtr, n: size_t, string: cstring }, int, (k, { array, n, string }) =>
    indexIn(k, array, n, (text) => text === string),
  ),
  __sysfs_match_string: kfunc({ array: voidPtr, n: size_t, str: cstring }, int, (k, { array, n, str }) =>
    indexIn(k, array, n, (text) => text === str.replace(/\n$/, '')),
  ),
  kstrdup_quotable: kfunc({ src: voidPtr, gfp: gfp_t }, voidPtr, (k, { src }) =>
    src === 0
      ? 0
      : k.cstringAlloc(
          k.memory.cstring(src).replace(/[\x00-\x1f\x7f-\xff"\\]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
        ),
  ),
});
const leadingSpaces = (text: string): number => (/^[\t-\r \xa0]*/.exec(text) as RegExpExecArray)[0].length;
/** The index of the first string that `test` takes; a NULL ends the array. */
function indexIn(k: Kernel, array: Addr, n: number, test: (text: string) => boolean): number {
  for (let index = 0; index < n; index++) {
    const item = k.memory.ptr(array + index * 8);
    if (item === 0) return -EINVAL;
    if (test(k.memory.cstring(item))) return index;
  }
  return -EINVAL;
}
