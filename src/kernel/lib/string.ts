// Source: lib/string.c, arch/x86/lib/{mem*,string}*.

import { E2BIG } from '#abi';
import { cstring, int, type KernelApi, kernelApi, kfunc, size_t, ssize_t, voidPtr } from '../api/index.ts';
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
});
