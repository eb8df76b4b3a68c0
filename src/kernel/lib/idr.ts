// Numbers given out for pointers (idr), or alone (ida), over the arrays of xarray.ts. Source: lib/idr.c.
import { EINVAL, ENOENT, ENOMEM, ENOSPC } from '#abi';
import {
  blocking,
  embedded,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  ptr,
  size_t,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { at, shown, XA_ZERO_ENTRY, type XArray } from './xarray.ts';

const NULL = 0;
/** The largest id. */
const INT_MAX = 0x7fffffff;
const xa = pointer('struct xarray *');
const entry = voidPtr;

const Idr = kernelStruct('idr', { idr_rt: embedded, idr_base: uint, idr_next: uint });
const idr = ptr(Idr);
type IdrView = { idr_rt: Addr; idr_base: number; idr_next: number };
const tree = (k: Kernel, view: IdrView): XArray => at(k, view.idr_rt);
/** An id in [start, end] with `value`; -ENOSPC when all are taken. A NULL value takes an id too. */
function takeId(k: Kernel, view: IdrView, value: Addr, start: number, end: number): number {
  const base = view.idr_base;
  const id = tree(k, view).firstFree(Math.max(0, start - base), end - base);
  if (id === undefined) return -ENOSPC;
  return tree(k, view).store(id, value === NULL ? XA_ZERO_ENTRY : value) === undefined ? -ENOMEM : id + base;
}
const last = (end: number): number => (end > 0 ? end - 1 : INT_MAX);

export const idrApi: KernelApi = kernelApi('lib/idr.c', {
  idr_alloc: kfunc({ idr, ptr: entry, start: int, end: int, gfp: gfp_t }, int, (k, { idr: view, ptr: value, start, end }) =>
    start < 0 ? -EINVAL : takeId(k, view, value, start, last(end)),
  ),
  idr_alloc_u32: kfunc({ idr, ptr: entry, nextid: voidPtr, max: size_t, gfp: gfp_t }, int, (k, { idr: view, ptr: value, nextid, max }) => {
    const id = takeId(k, view, value, k.memory.u32(nextid), max);
    if (id < 0) return id;
    k.memory.setU32(nextid, id);
    return 0;
  }),
  idr_alloc_cyclic: kfunc({ idr, ptr: entry, start: int, end: int, gfp: gfp_t }, int, (k, { idr: view, ptr: value, start, end }) => {
    let id = takeId(k, view, value, Math.max(start, view.idr_next), last(end));
    if (id === -ENOSPC && view.idr_next > start) id = takeId(k, view, value, start, last(end));
    if (id >= 0) view.idr_next = id + 1;
    return id;
  }),
  idr_find: kfunc({ idr, id: size_t }, voidPtr, (k, { idr: view, id }) => shown(tree(k, view).load(id - view.idr_base))),
  idr_remove: kfunc({ idr, id: size_t }, voidPtr, (k, { idr: view, id }) => shown(tree(k, view).store(id - view.idr_base, NULL) ?? NULL)),
  idr_replace: kfunc({ idr, ptr: entry, id: size_t }, voidPtr, (k, { idr: view, ptr: value, id }) => {
    const old = tree(k, view).load(id - view.idr_base);
    if (old === NULL) return -ENOENT;
    tree(k, view).store(id - view.idr_base, value === NULL ? XA_ZERO_ENTRY : value);
    return shown(old);
  }),
  idr_for_each: blocking({ idr, fn: voidPtr, data: voidPtr }, int, function* (k, { idr: view, fn, data }) {
    for (const found of tree(k, view).present(0, INT_MAX)) {
      const result = yield* k.callInt(fn, found.index + view.idr_base, shown(found.entry), data);
      if (result !== 0) return result;
    }
    return 0;
  }),
  idr_get_next: kfunc({ idr, nextid: voidPtr }, voidPtr, (k, { idr: view, nextid }) => {
    const found = nextEntry(k, view, k.memory.s32(nextid));
    if (found === undefined) return NULL;
    k.memory.setU32(nextid, found.index + view.idr_base);
    return found.entry;
  }),
  idr_get_next_ul: kfunc({ idr, nextid: voidPtr }, voidPtr, (k, { idr: view, nextid }) => {
    const found = nextEntry(k, view, k.memory.u64n(nextid));
    if (found === undefined) return NULL;
    k.memory.setPtr(nextid, found.index + view.idr_base);
    return found.entry;
  }),
  idr_destroy: kfunc({ idr }, nothing, (k, { idr: view }) => tree(k, view).clear()),
  ida_alloc_range: kfunc({ ida: xa, min: uint, max: uint, gfp: gfp_t }, int, (k, { ida, min, max }) => {
    if (min > INT_MAX) return -ENOSPC;
    return idaAlloc(k, ida, min, Math.min(max, INT_MAX));
  }),
  ida_free: kfunc({ ida: xa, id: uint }, nothing, (k, { ida, id }) => {
    if (id > INT_MAX) return;
    const chunk = Math.floor(id / IDA_BITS);
    const map = at(k, ida).load(chunk);
    const byte = map + ((id % IDA_BITS) >> 3);
    const bit = 1 << (id & 7);
    if (map === NULL || (k.memory.u8(byte) & bit) === 0) {
      k.exceptions.warn('lib/idr.c', 527, 'ida_free', `ida_free called for id=${id} which is not allocated.`);
      return;
    }
    k.memory.setU8(byte, k.memory.u8(byte) & ~bit);
    if (k.memory.read(map, IDA_BYTES).some((value) => value !== 0)) return;
    at(k, ida).store(chunk, NULL);
    k.slab.free(map);
  }),
  ida_destroy: kfunc({ ida: xa }, nothing, (k, { ida }) => {
    for (const chunk of at(k, ida).present(0, INT_MAX)) k.slab.free(chunk.entry);
    at(k, ida).clear();
  }),
});
function nextEntry(k: Kernel, view: IdrView, id: number): { index: number; entry: Addr } | undefined {
  for (const found of tree(k, view).present(Math.max(0, id - view.idr_base), INT_MAX)) if (shown(found.entry) !== NULL) return found;
  return undefined;
}
/** struct ida_bitmap: 128 bytes of bits an entry. */
const IDA_BYTES = 128;
const IDA_BITS = IDA_BYTES * 8;
function idaAlloc(k: Kernel, ida: Addr, min: number, max: number): number {
  for (let id = min; id <= max; ) {
    const chunk = Math.floor(id / IDA_BITS);
    let map = at(k, ida).load(chunk);
    if (map === NULL) {
      map = k.slab.alloc(IDA_BYTES) ?? NULL;
      if (map === NULL) return -ENOMEM;
      k.memory.fill(map, 0, IDA_BYTES);
      if (at(k, ida).store(chunk, map) === undefined) return -ENOMEM;
    }
    for (; id <= max && Math.floor(id / IDA_BITS) === chunk; id++) {
      const byte = map + ((id % IDA_BITS) >> 3);
      const bit = 1 << (id & 7);
      if ((k.memory.u8(byte) & bit) !== 0) continue;
      k.memory.setU8(byte, k.memory.u8(byte) | bit);
      return id;
    }
  }
  return -ENOSPC;
}
