// Bitmaps: arrays of unsigned long, bit 0 first. Source: lib/bitmap.c, lib/find_bit.c.
import { EBUSY, EFAULT, EINVAL, ENOMEM, EOVERFLOW, ERANGE } from '#abi';
import {
  bool,
  cstring,
  gfp_t,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  pointer,
  size_t,
  uint,
  ulongAddr,
  userPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, latin1 } from '../memory.ts';
import { kmalloc } from '../mm/slab_common.ts';

const WORD_BITS = 64;
const PAGE_SIZE = 4096;
const __GFP_ZERO = 0x100;
const bitmap = pointer('long unsigned int *');

export const getBit = (k: Kernel, map: Addr, bit: number): boolean => (k.memory.u8(map + (bit >> 3)) & (1 << (bit & 7))) !== 0;
export function setBit(k: Kernel, map: Addr, bit: number, value: boolean): void {
  const at = map + (bit >> 3);
  const mask = 1 << (bit & 7);
  k.memory.setU8(at, value ? k.memory.u8(at) | mask : k.memory.u8(at) & ~mask);
}
const words = (bits: number): number => Math.ceil(bits / WORD_BITS);
/** The bits of word `n` that lie below `bits`. */
const mask = (n: number, bits: number): bigint => BigInt.asUintN(Math.min(WORD_BITS, bits - n * WORD_BITS), -1n);

/** The first bit from `start` on for which `word` has a one; `size` when there is none. Whole words at a time. */
function findNext(size: number, start: number, word: (n: number) => bigint): number {
  for (let n = Math.floor(start / WORD_BITS); n * WORD_BITS < size; n++) {
    let value = BigInt.asUintN(WORD_BITS, word(n));
    if (n * WORD_BITS < start) value = (value >> BigInt(start - n * WORD_BITS)) << BigInt(start - n * WORD_BITS);
    if (value === 0n) continue;
    let bit = n * WORD_BITS;
    for (; (value & 1n) === 0n; value >>= 1n) bit++;
    return Math.min(bit, size);
  }
  return size;
}
function fillRegion(k: Kernel, map: Addr, pos: number, order: number, value: boolean): void {
  for (let bit = pos; bit < pos + 2 ** order; bit++) setBit(k, map, bit, value);
}
const wordAt = (k: Kernel, map: Addr, n: number): bigint => k.memory.u64(map + n * 8);
const nextOne = (k: Kernel, map: Addr, size: number, start: number): number => findNext(size, start, (n) => wordAt(k, map, n));
const nextZero = (k: Kernel, map: Addr, size: number, start: number): number => findNext(size, start, (n) => ~wordAt(k, map, n));

/** dst = operation(a, b), word by word. Linux writes the whole last word; `inside` says whether a bit below `bits` is set. */
function combine(k: Kernel, dst: Addr, a: Addr, b: Addr, bits: number, operation: (x: bigint, y: bigint) => bigint): boolean {
  let inside = false;
  for (let n = 0; n < words(bits); n++) {
    const value = BigInt.asUintN(WORD_BITS, operation(wordAt(k, a, n), wordAt(k, b, n)));
    const masked = value & mask(n, bits);
    inside ||= masked !== 0n;
    k.memory.setU64(dst + n * 8, value);
  }
  return inside;
}
const compare = (test: (x: bigint, y: bigint) => boolean, every: boolean): KernelSymbol =>
  kfunc({ bitmap1: bitmap, bitmap2: bitmap, bits: uint }, bool, (k, { bitmap1, bitmap2, bits }) => {
    const all = Array.from({ length: words(bits) }, (_, n) => n);
    const holds = (n: number): boolean => test(wordAt(k, bitmap1, n) & mask(n, bits), wordAt(k, bitmap2, n) & mask(n, bits));
    return every ? all.every(holds) : all.some(holds);
  });
const operands = { dst: bitmap, bitmap1: bitmap, bitmap2: bitmap, bits: uint } as const;

/** '0-3,5,8-9' as bits; -errno when it is none. Groups (0-31:2/4) are taken too. Source: bitmap_parselist(). */
function parseList(k: Kernel, text: string, map: Addr, bits: number): number {
  for (let n = 0; n < words(bits); n++) k.memory.setU64(map + n * 8, 0n);
  for (const part of text.split(/[,\s]+/)) {
    if (part === '') continue;
    const match = /^(?:(all|N|\d+))(?:-(N|\d+)(?::(\d+)\/(\d+))?)?$/.exec(part);
    if (match === null) return -EINVAL;
    const number = (value: string): number => (value === 'N' ? bits - 1 : Number(value));
    const first = match[1] === 'all' ? 0 : number(match[1] as string);
    const last = match[1] === 'all' ? bits - 1 : match[2] === undefined ? first : number(match[2]);
    const used = Number(match[3] ?? 1);
    const group = Number(match[4] ?? 1);
    if (first > last || group === 0 || used > group) return -EINVAL;
    if (last >= bits) return Number.isSafeInteger(last) ? -ERANGE : -EOVERFLOW;
    for (let start = first; start <= last; start += group) {
      for (let bit = start; bit < start + used && bit <= last; bit++) setBit(k, map, bit, true);
    }
  }
  return 0;
}
/** Words of 32 bits in hexadecimal, the most significant first, with commas between. Source: bitmap_parse(). */
function parseHex(k: Kernel, text: string, map: Addr, bits: number): number {
  const groups = text
    .replace(/[\n\0].*$/s, '')
    .trim()
    .split(',')
    .reverse();
  for (let n = 0; n < words(bits); n++) k.memory.setU64(map + n * 8, 0n);
  for (const [n, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]+$/.test(group)) return -EINVAL;
    const value = BigInt(`0x${group}`);
    const room = BigInt(Math.max(0, Math.min(32, bits - n * 32)));
    if (value >> room !== 0n) return -EOVERFLOW;
    for (let bit = 0; bit < Number(room); bit++) if (((value >> BigInt(bit)) & 1n) !== 0n) setBit(k, map, n * 32 + bit, true);
  }
  return 0;
}
/** %*pbl: '0-3,5'. */
export function bitmapList(k: Kernel, map: Addr, bits: number): string {
  const ranges: string[] = [];
  for (let first = nextOne(k, map, bits, 0); first < bits; ) {
    const end = nextZero(k, map, bits, first);
    ranges.push(end - 1 === first ? `${first}` : `${first}-${end - 1}`);
    first = nextOne(k, map, bits, end);
  }
  return ranges.join(',');
}
/** %*pb: 32-bit groups in hex, the highest first. */
export function bitmapHex(k: Kernel, map: Addr, bits: number): string {
  const CHUNK = 32;
  const chunks = Math.max(1, Math.ceil(bits / CHUNK));
  return Array.from({ length: chunks }, (_, n) => {
    const chunk = chunks - 1 - n;
    const width = Math.min(CHUNK, bits - chunk * CHUNK);
    const value = bits === 0 ? 0n : BigInt.asUintN(width, BigInt(k.memory.u32(map + chunk * 4)));
    return value.toString(16).padStart(Math.max(1, Math.ceil(width / 4)), '0');
  }).join(',');
}

export const bitmapApi: KernelApi = kernelApi('lib/bitmap.c', {
  __bitmap_set: kfunc({ map: bitmap, start: uint, len: int }, nothing, (k, { map, start, len }) => {
    for (let n = 0; n < len; n++) setBit(k, map, start + n, true);
  }),
  __bitmap_clear: kfunc({ map: bitmap, start: uint, len: int }, nothing, (k, { map, start, len }) => {
    for (let n = 0; n < len; n++) setBit(k, map, start + n, false);
  }),
  __bitmap_weight: kfunc({ bitmap, bits: uint }, uint, (k, { bitmap: map, bits }) => {
    let weight = 0;
    for (let bit = 0; bit < bits; bit++) if (getBit(k, map, bit)) weight++;
    return weight;
  }),
  __bitmap_and: kfunc(operands, bool, (k, { dst, bitmap1, bitmap2, bits }) => combine(k, dst, bitmap1, bitmap2, bits, (x, y) => x & y)),
  __bitmap_andnot: kfunc(operands, bool, (k, { dst, bitmap1, bitmap2, bits }) => combine(k, dst, bitmap1, bitmap2, bits, (x, y) => x & ~y)),
  __bitmap_or: kfunc(operands, nothing, (k, { dst, bitmap1, bitmap2, bits }) => {
    combine(k, dst, bitmap1, bitmap2, bits, (x, y) => x | y);
  }),
  __bitmap_xor: kfunc(operands, nothing, (k, { dst, bitmap1, bitmap2, bits }) => {
    combine(k, dst, bitmap1, bitmap2, bits, (x, y) => x ^ y);
  }),
  __bitmap_complement: kfunc({ dst: bitmap, src: bitmap, bits: uint }, nothing, (k, { dst, src, bits }) => {
    combine(k, dst, src, src, bits, (x) => ~x);
  }),
  __bitmap_equal: compare((x, y) => x === y, true),
  __bitmap_subset: compare((x, y) => (x & ~y) === 0n, true),
  __bitmap_intersects: compare((x, y) => (x & y) !== 0n, false),
  bitmap_find_next_zero_area_off: kfunc(
    { map: bitmap, size: ulongAddr, start: ulongAddr, nr: uint, align_mask: ulongAddr, align_offset: ulongAddr },
    ulongAddr,
    (k, { map, size, start, nr, align_mask, align_offset }) => {
      for (let from = start; ; ) {
        const align = BigInt(align_mask);
        const first = BigInt(nextZero(k, map, size, from) + align_offset);
        const index = Number((first + align) & ~align) - align_offset;
        const end = index + nr;
        if (end > size) return end;
        const taken = nextOne(k, map, end, index);
        if (taken >= end) return index;
        from = taken + 1;
      }
    },
  ),
  bitmap_alloc: kfunc({ nbits: uint, flags: gfp_t }, bitmap, (k, { nbits, flags }) => kmalloc(k, words(nbits) * 8, flags)),
  bitmap_zalloc: kfunc({ nbits: uint, flags: gfp_t }, bitmap, (k, { nbits, flags }) => kmalloc(k, words(nbits) * 8, flags | __GFP_ZERO)),
  /** A free region of 2^order bits, at a multiple of its size: taken. */
  bitmap_find_free_region: kfunc({ bitmap, bits: uint, order: int }, int, (k, { bitmap: map, bits, order }) => {
    const size = 2 ** order;
    for (let pos = 0; pos + size <= bits; pos += size) {
      if (nextOne(k, map, pos + size, pos) < pos + size) continue;
      fillRegion(k, map, pos, order, true);
      return pos;
    }
    return -ENOMEM;
  }),
  bitmap_release_region: kfunc({ bitmap, pos: uint, order: int }, nothing, (k, { bitmap: map, pos, order }) =>
    fillRegion(k, map, pos, order, false),
  ),
  bitmap_allocate_region: kfunc({ bitmap, pos: uint, order: int }, int, (k, { bitmap: map, pos, order }) => {
    if (nextOne(k, map, pos + 2 ** order, pos) < pos + 2 ** order) return -EBUSY;
    fillRegion(k, map, pos, order, true);
    return 0;
  }),
  bitmap_free: kfunc({ bitmap }, nothing, (k, { bitmap: map }) => {
    k.slab.free(map);
  }),
  bitmap_parselist: kfunc({ buf: cstring, maskp: bitmap, nmaskbits: int }, int, (k, { buf, maskp, nmaskbits }) =>
    parseList(k, buf, maskp, nmaskbits),
  ),
  bitmap_parselist_user: kfunc({ ubuf: userPtr, ulen: uint, maskp: bitmap, nmaskbits: int }, int, (k, { ubuf, ulen, maskp, nmaskbits }) => {
    const bytes = k.user.slice(ubuf, ulen);
    return bytes.length < ulen ? -EFAULT : parseList(k, latin1(bytes), maskp, nmaskbits);
  }),
  bitmap_parse: kfunc(
    { start: pointer('const char *'), buflen: uint, maskp: bitmap, nmaskbits: int },
    int,
    (k, { start, buflen, maskp, nmaskbits }) => parseHex(k, k.memory.cstring(start, buflen), maskp, nmaskbits),
  ),
  bitmap_parse_user: kfunc({ ubuf: userPtr, ulen: uint, maskp: bitmap, nmaskbits: int }, int, (k, { ubuf, ulen, maskp, nmaskbits }) => {
    const bytes = k.user.slice(ubuf, ulen);
    return bytes.length < ulen ? -EFAULT : parseHex(k, latin1(bytes), maskp, nmaskbits);
  }),
  bitmap_print_to_pagebuf: kfunc(
    { list: bool, buf: pointer('char *'), maskp: bitmap, nmaskbits: int },
    int,
    (k, { list, buf, maskp, nmaskbits }) => {
      const text = `${list ? bitmapList(k, maskp, nmaskbits) : bitmapHex(k, maskp, nmaskbits)}\n`.slice(0, PAGE_SIZE - 1);
      k.memory.setCstring(buf, text);
      return text.length;
    },
  ),
});

export const findBitApi: KernelApi = kernelApi('lib/find_bit.c', {
  _find_first_bit: kfunc({ addr: bitmap, size: size_t }, size_t, (k, { addr, size }) => nextOne(k, addr, size, 0)),
  _find_first_zero_bit: kfunc({ addr: bitmap, size: size_t }, size_t, (k, { addr, size }) => nextZero(k, addr, size, 0)),
  _find_next_bit: kfunc({ addr: bitmap, nbits: size_t, start: size_t }, size_t, (k, { addr, nbits, start }) =>
    nextOne(k, addr, nbits, start),
  ),
  _find_next_zero_bit: kfunc({ addr: bitmap, nbits: size_t, start: size_t }, size_t, (k, { addr, nbits, start }) =>
    nextZero(k, addr, nbits, start),
  ),
  _find_next_and_bit: kfunc({ addr1: bitmap, addr2: bitmap, nbits: size_t, start: size_t }, size_t, (k, { addr1, addr2, nbits, start }) =>
    findNext(nbits, start, (n) => wordAt(k, addr1, n) & wordAt(k, addr2, n)),
  ),
  _find_last_bit: kfunc({ addr: bitmap, size: size_t }, size_t, (k, { addr, size }) => {
    for (let bit = size - 1; bit >= 0; bit--) if (getBit(k, addr, bit)) return bit;
    return size;
  }),
});
