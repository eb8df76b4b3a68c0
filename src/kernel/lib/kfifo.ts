// Ring buffers whose size is a power of two. Source: lib/kfifo.c. Positions run freely and are masked at use.
import { EFAULT, EINVAL, ENOMEM } from '#abi';
import { gfp_t, int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, pointer, ptr, size_t, uint, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const Kfifo = kernelStruct('__kfifo', { in: uint, out: uint, mask: uint, esize: uint, data: voidPtr });
const fifo = ptr(Kfifo);
const copied = pointer('unsigned int *');
type Fifo = { addr: Addr; in: number; out: number; mask: number; esize: number; data: Addr };

const used = (f: Fifo): number => (f.in - f.out) >>> 0;
const unused = (f: Fifo): number => f.mask + 1 - used(f);
/** The pieces of `length` elements from position `from` on: the ring may wrap once. Offsets and lengths in bytes. */
function pieces(f: Fifo, from: number, length: number): { at: Addr; bytes: number }[] {
  const size = (f.mask + 1) * f.esize;
  const start = (from & f.mask) * f.esize;
  const bytes = length * f.esize;
  const first = Math.min(bytes, size - start);
  return [
    { at: f.data + start, bytes: first },
    { at: f.data, bytes: bytes - first },
  ];
}
function read(k: Kernel, f: Fifo, from: number, length: number): Uint8Array {
  const out = new Uint8Array(length * f.esize);
  let at = 0;
  for (const piece of pieces(f, from, length)) {
    out.set(k.memory.read(piece.at, piece.bytes), at);
    at += piece.bytes;
  }
  return out;
}
function write(k: Kernel, f: Fifo, from: number, bytes: Uint8Array): void {
  let at = 0;
  for (const piece of pieces(f, from, Math.ceil(bytes.length / f.esize))) {
    k.memory.write(piece.at, bytes.subarray(at, at + piece.bytes));
    at += piece.bytes;
  }
}
/** A record's length field is one or two bytes, little endian. */
function recordLength(k: Kernel, f: Fifo, recsize: number): number {
  const bytes = read(k, f, f.out, recsize);
  return (bytes[0] ?? 0) + (recsize > 1 ? (bytes[1] ?? 0) * 256 : 0);
}
const lengthBytes = (length: number, recsize: number): Uint8Array => Uint8Array.of(length & 0xff, length >> 8).subarray(0, recsize);
const roundDown = (n: number): number => 2 ** Math.floor(Math.log2(n));

function init(f: Fifo, data: Addr, elements: number, esize: number): number {
  f.in = f.out = 0;
  f.esize = esize;
  f.data = data;
  f.mask = elements < 2 ? 0 : elements - 1;
  return elements < 2 ? -EINVAL : 0;
}
/** Puts a record in front of which its length stands; how many bytes of it were taken: all, or none. */
function putRecord(k: Kernel, f: Fifo, record: Uint8Array, recsize: number): number {
  if (record.length + recsize > unused(f)) return 0;
  write(k, f, f.in, lengthBytes(record.length, recsize));
  write(k, f, f.in + recsize, record);
  f.in += record.length + recsize;
  return record.length;
}

export const kfifoApi: KernelApi = kernelApi('lib/kfifo.c', {
  __kfifo_alloc: kfunc({ fifo, size: uint, esize: size_t, gfp_mask: gfp_t }, int, (k, { fifo: f, size, esize }) => {
    const elements = size === 0 ? 0 : 2 ** Math.ceil(Math.log2(size));
    const data = elements < 2 ? 0 : (k.slab.alloc(elements * esize) ?? 0);
    const result = init(f, data, elements, esize);
    return result === 0 && data === 0 ? -ENOMEM : result;
  }),
  __kfifo_free: kfunc({ fifo }, nothing, (k, { fifo: f }) => {
    if (f.data !== 0) k.slab.free(f.data);
    init(f, 0, 0, 0);
  }),
  __kfifo_init: kfunc({ fifo, buffer: voidPtr, size: uint, esize: size_t }, int, (_, { fifo: f, buffer, size, esize }) =>
    init(f, buffer, size < esize ? 0 : roundDown(Math.floor(size / esize)), esize),
  ),
  __kfifo_in: kfunc({ fifo, buf: voidPtr, len: uint }, uint, (k, { fifo: f, buf, len }) => {
    const count = Math.min(len, unused(f));
    write(k, f, f.in, k.memory.read(buf, count * f.esize));
    f.in += count;
    return count;
  }),
  __kfifo_out_peek: kfunc({ fifo, buf: voidPtr, len: uint }, uint, (k, { fifo: f, buf, len }) => {
    const count = Math.min(len, used(f));
    k.memory.write(buf, read(k, f, f.out, count));
    return count;
  }),
  __kfifo_out: kfunc({ fifo, buf: voidPtr, len: uint }, uint, (k, { fifo: f, buf, len }) => {
    const count = Math.min(len, used(f));
    k.memory.write(buf, read(k, f, f.out, count));
    f.out += count;
    return count;
  }),
  __kfifo_from_user: kfunc({ fifo, from: voidPtr, len: size_t, copied }, int, (k, { fifo: f, from, len, copied: done }) => {
    const count = Math.min(Math.floor(len / f.esize), unused(f));
    const bytes = k.user.slice(from, count * f.esize);
    const whole = Math.floor(bytes.length / f.esize);
    write(k, f, f.in, bytes.subarray(0, whole * f.esize));
    f.in += whole;
    k.memory.setU32(done, whole * f.esize);
    return whole < count ? -EFAULT : 0;
  }),
  __kfifo_to_user: kfunc({ fifo, to: voidPtr, len: size_t, copied }, int, (k, { fifo: f, to, len, copied: done }) => {
    const count = Math.min(Math.floor(len / f.esize), used(f));
    const target = k.user.slice(to, count * f.esize);
    const whole = Math.floor(target.length / f.esize);
    target.set(read(k, f, f.out, whole));
    f.out += whole;
    k.memory.setU32(done, whole * f.esize);
    return whole < count ? -EFAULT : 0;
  }),
  __kfifo_in_r: kfunc({ fifo, buf: voidPtr, len: uint, recsize: size_t }, uint, (k, { fifo: f, buf, len, recsize }) =>
    putRecord(k, f, k.memory.read(buf, len), recsize),
  ),
  __kfifo_out_peek_r: kfunc({ fifo, buf: voidPtr, len: uint, recsize: size_t }, uint, (k, { fifo: f, buf, len, recsize }) => {
    if (used(f) === 0) return 0;
    const count = Math.min(len, recordLength(k, f, recsize));
    k.memory.write(buf, read(k, f, f.out + recsize, count));
    return count;
  }),
  /** What does not fit into `buf` is lost: a record is taken whole. */
  __kfifo_out_r: kfunc({ fifo, buf: voidPtr, len: uint, recsize: size_t }, uint, (k, { fifo: f, buf, len, recsize }) => {
    if (used(f) === 0) return 0;
    const length = recordLength(k, f, recsize);
    const count = Math.min(len, length);
    k.memory.write(buf, read(k, f, f.out + recsize, count));
    f.out += length + recsize;
    return count;
  }),
  __kfifo_from_user_r: kfunc(
    { fifo, from: voidPtr, len: size_t, copied, recsize: size_t },
    int,
    (k, { fifo: f, from, len, copied: done, recsize }) => {
      const length = Math.min(len, 2 ** (8 * recsize) - 1);
      const bytes = length + recsize > unused(f) ? undefined : k.user.slice(from, length);
      k.memory.setU32(done, 0);
      if (bytes === undefined) return 0;
      if (bytes.length < length) return -EFAULT;
      k.memory.setU32(done, putRecord(k, f, bytes, recsize));
      return 0;
    },
  ),
  __kfifo_to_user_r: kfunc(
    { fifo, to: voidPtr, len: size_t, copied, recsize: size_t },
    int,
    (k, { fifo: f, to, len, copied: done, recsize }) => {
      k.memory.setU32(done, 0);
      if (used(f) === 0) return 0;
      const length = recordLength(k, f, recsize);
      const count = Math.min(len, length);
      const target = k.user.slice(to, count);
      if (target.length < count) return -EFAULT;
      target.set(read(k, f, f.out + recsize, count));
      k.memory.setU32(done, count);
      f.out += length + recsize;
      return 0;
    },
  ),
  __kfifo_len_r: kfunc({ fifo, recsize: size_t }, uint, (k, { fifo: f, recsize }) => recordLength(k, f, recsize)),
  __kfifo_skip_r: kfunc({ fifo, recsize: size_t }, nothing, (k, { fifo: f, recsize }) => {
    f.out += recordLength(k, f, recsize) + recsize;
  }),
  __kfifo_max_r: kfunc({ len: uint, recsize: size_t }, uint, (_, { len, recsize }) => Math.min(len, 2 ** (8 * recsize) - 1)),
});
