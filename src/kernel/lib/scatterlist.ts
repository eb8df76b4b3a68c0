// Scatter lists: arrays of (page, offset, length), chained by pointers. Source: lib/scatterlist.c, include/linux/scatterlist.h.
import { EINVAL, ENOMEM } from '#abi';
import {
  bool,
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
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from '../mm/layout.ts';
import { PageFrames } from '../mm/page_alloc.ts';

const Scatterlist = kernelStruct('scatterlist', { page_link: ulongAddr, offset: uint, length: uint });
const SgTable = kernelStruct('sg_table', { sgl: voidPtr, nents: uint, orig_nents: uint });
// The low bits of page_link.
const SG_CHAIN = 1;
const SG_END = 2;
const FLAGS = 3;
const NULL = 0;

const entry = (k: Kernel, address: Addr) => k.view(Scatterlist, address);
/** An address without its flag bits; guest pointers are negative numbers, so no bit operators on all of it. */
const withoutFlags = (link: Addr): Addr => link - (((link % 4) + 4) % 4);
const flagsOf = (link: Addr): number => (((link % 4) + 4) % 4) & FLAGS;

function initTable(k: Kernel, first: Addr, count: number): void {
  const size = k.layouts.sizeOf('scatterlist');
  k.memory.fill(first, 0, size * count);
  entry(k, first + (count - 1) * size).page_link = SG_END;
}
export function sgNext(k: Kernel, address: Addr): Addr {
  if ((flagsOf(entry(k, address).page_link) & SG_END) !== 0) return NULL;
  const following = address + k.layouts.sizeOf('scatterlist');
  const { page_link: link } = entry(k, following);
  return (flagsOf(link) & SG_CHAIN) !== 0 ? withoutFlags(link) : following;
}
function* entries(k: Kernel, first: Addr, count = Number.POSITIVE_INFINITY): Generator<Addr> {
  let left = count;
  for (let at = first; at !== NULL && left > 0; at = sgNext(k, at), left--) yield at;
}
/** Where the bytes of an entry lie. */
export function sgBytesAt(k: Kernel, address: Addr): Addr {
  const { page_link: link, offset } = entry(k, address);
  return k.get(PageFrames).addressOf(withoutFlags(link)) + offset;
}
/** Copies between the list, from byte `skip` on, and `buffer`. Gives how many bytes. */
export function sgCopy(k: Kernel, first: Addr, count: number, buffer: Addr, length: number, skip: number, toBuffer: boolean): number {
  let position = 0;
  let done = 0;
  for (const at of entries(k, first, count)) {
    const size = entry(k, at).length;
    const from = Math.max(0, skip - position);
    const part = Math.min(size - from, length - done);
    if (part > 0) {
      const place = sgBytesAt(k, at) + from;
      if (toBuffer) k.memory.copy(buffer + done, place, part);
      else k.memory.copy(place, buffer + done, part);
      done += part;
    }
    position += size;
    if (done === length) break;
  }
  return done;
}
const sgl = pointer('struct scatterlist *');
const table = ptr(SgTable);
const copying = (toBuffer: boolean) =>
  kfunc({ sgl, nents: uint, buf: voidPtr, buflen: size_t }, size_t, (k, { sgl: first, nents, buf, buflen }) =>
    sgCopy(k, first, nents, buf, buflen, 0, toBuffer),
  );
const copyingFrom = (toBuffer: boolean) =>
  kfunc({ sgl, nents: uint, buf: voidPtr, buflen: size_t, skip: ulongAddr }, size_t, (k, { sgl: first, nents, buf, buflen, skip }) =>
    sgCopy(k, first, nents, buf, buflen, skip, toBuffer),
  );

/** struct sg_mapping_iter: `__offset` is how much of the current entry has been gone through. */
const MappingIter = kernelStruct('sg_mapping_iter', {
  page: voidPtr,
  length: size_t,
  consumed: size_t,
  'piter.sg': voidPtr,
  'piter.__nents': uint,
  __offset: uint,
  __flags: uint,
});
/** The field `addr`: a view's own `addr` is where the struct lies. */
const setMapped = (k: Kernel, miter: Addr, value: Addr): void =>
  k.memory.setPtr(miter + k.layouts.offsetOf('sg_mapping_iter', 'addr'), value);
function stopMapping(k: Kernel, miter: Addr): void {
  const view = k.view(MappingIter, miter);
  if (view.page === NULL) return;
  view.__offset += view.consumed;
  Object.assign(view, { page: NULL, length: 0, consumed: 0 });
  setMapped(k, miter, NULL);
}
/** The next piece: it ends with its page or its entry. */
function nextMapping(k: Kernel, miter: Addr): boolean {
  stopMapping(k, miter);
  const view = k.view(MappingIter, miter);
  while (view['piter.sg'] !== NULL && view['piter.__nents'] > 0) {
    const left = entry(k, view['piter.sg']).length - view.__offset;
    if (left > 0) {
      const at = sgBytesAt(k, view['piter.sg']) + view.__offset;
      const length = Math.min(left, PAGE_SIZE - ((at >>> 0) % PAGE_SIZE));
      Object.assign(view, { page: k.get(PageFrames).pageOf(at), length, consumed: length });
      setMapped(k, miter, at);
      return true;
    }
    view['piter.sg'] = sgNext(k, view['piter.sg']);
    view['piter.__nents'] -= 1;
    view.__offset = 0;
  }
  return false;
}
const miter = pointer('struct sg_mapping_iter *');

export const scatterlistApi: KernelApi = kernelApi('lib/scatterlist.c', {
  sg_miter_start: kfunc({ miter, sgl, nents: uint, flags: uint }, nothing, (k, { miter: at, sgl: first, nents, flags }) => {
    k.memory.fill(at, 0, k.layouts.sizeOf('sg_mapping_iter'));
    Object.assign(k.view(MappingIter, at), { 'piter.sg': first, 'piter.__nents': nents, __flags: flags });
  }),
  sg_miter_next: kfunc({ miter }, bool, (k, { miter: at }) => nextMapping(k, at)),
  sg_miter_stop: kfunc({ miter }, nothing, (k, { miter: at }) => stopMapping(k, at)),
  sg_init_table: kfunc({ sgl, nents: uint }, nothing, (k, { sgl: first, nents }) => initTable(k, first, nents)),
  sg_init_one: kfunc({ sg: sgl, buf: voidPtr, buflen: uint }, nothing, (k, { sg, buf, buflen }) => {
    initTable(k, sg, 1);
    const view = entry(k, sg);
    view.page_link = k.get(PageFrames).pageOf(buf) + SG_END;
    view.offset = (buf >>> 0) % PAGE_SIZE;
    view.length = buflen;
  }),
  sg_next: kfunc({ sg: sgl }, sgl, (k, { sg }) => sgNext(k, sg)),
  sg_last: kfunc({ sgl, nents: uint }, sgl, (k, { sgl: first, nents }) => [...entries(k, first, nents)].at(-1) ?? NULL),
  sg_nents: kfunc({ sg: sgl }, int, (k, { sg }) => [...entries(k, sg)].length),
  /** How many entries hold the first `len` bytes. */
  sg_nents_for_len: kfunc({ sg: sgl, len: ulongAddr }, int, (k, { sg, len }) => {
    let bytes = 0;
    let count = 0;
    if (len === 0) return 0;
    for (const at of entries(k, sg)) {
      count++;
      bytes += entry(k, at).length;
      if (bytes >= len) return count;
    }
    return -EINVAL;
  }),
  /** One array however long: Linux chains pages of 128 entries. */
  sg_alloc_table: kfunc({ table, nents: uint, gfp_mask: gfp_t }, int, (k, { table: view, nents }) => {
    if (nents === 0) return -EINVAL;
    const first = k.slab.alloc(nents * k.layouts.sizeOf('scatterlist')) ?? NULL;
    if (first === NULL) return -ENOMEM;
    initTable(k, first, nents);
    view.sgl = first;
    view.nents = view.orig_nents = nents;
    return 0;
  }),
  sg_free_table: kfunc({ table }, nothing, (k, { table: view }) => {
    k.slab.free(view.sgl);
    view.sgl = NULL;
    view.nents = view.orig_nents = 0;
  }),
  sg_copy_to_buffer: copying(true),
  sg_copy_from_buffer: copying(false),
  sg_pcopy_to_buffer: copyingFrom(true),
  sg_pcopy_from_buffer: copyingFrom(false),
});
