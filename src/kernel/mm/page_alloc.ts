// Whole pages, as modules ask for them, with their struct page in vmemmap. Source: mm/page_alloc.c, mm/swap.c.
import {
  bool,
  gfp_t,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  s32,
  size_t,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, kernelAddr } from '../memory.ts';
import { DIRECT_MAP, PAGE_SIZE, VMALLOC, VMEMMAP } from './layout.ts';

const PageStruct = kernelStruct('page', {
  flags: ulongAddr,
  compound_head: ulongAddr,
  compound_order: { ...uint, bytes: 1 },
  _mapcount: s32,
  _refcount: s32,
});
const __GFP_ZERO = 0x100;
const __GFP_COMP = 0x40000;
const PG_HEAD = 1 << 16;
const NULL = 0;
const NO_RECLAIM = 'allocation never waits: there is no reclaim';

/** The order of the smallest block that holds `size` bytes. */
const orderFor = (size: number): number => Math.max(0, Math.ceil(Math.log2(size / PAGE_SIZE)));

/** struct page of the blocks that modules have. A page's physical address is its index in guest memory. */
export class PageFrames {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    this.#k = k;
  }
  pageOf(address: Addr): Addr {
    return kernelAddr(VMEMMAP.start) + Math.floor((address >>> 0) / PAGE_SIZE) * this.#k.layouts.sizeOf('page');
  }
  addressOf(page: Addr): Addr {
    return kernelAddr(((page - kernelAddr(VMEMMAP.start)) / this.#k.layouts.sizeOf('page')) * PAGE_SIZE);
  }
  /** The address of 2^order pages, or NULL. */
  alloc(gfp: number, order: number): Addr {
    const k = this.#k;
    const address = k.pages.alloc(order);
    if (address === undefined) return NULL;
    if ((gfp & __GFP_ZERO) !== 0) k.memory.fill(address, 0, PAGE_SIZE << order);
    const size = k.layouts.sizeOf('page');
    const head = this.pageOf(address);
    k.memory.fill(head, 0, size << order);
    for (let n = 0; n < 1 << order; n++) k.view(PageStruct, head + n * size)._mapcount = -1;
    k.view(PageStruct, head)._refcount = 1;
    if ((gfp & __GFP_COMP) !== 0 && order > 0) {
      k.view(PageStruct, head).flags |= PG_HEAD;
      for (let n = 1; n < 1 << order; n++) k.view(PageStruct, head + n * size).compound_head = head + 1;
      k.view(PageStruct, head + size).compound_order = order;
    }
    return address;
  }
  /** Gives one reference back; the last one frees the block. */
  put(page: Addr): void {
    const view = this.#k.view(PageStruct, page);
    view._refcount -= 1;
    if (view._refcount === 0) this.release(page);
  }
  release(page: Addr): void {
    this.#k.pages.free(this.addressOf(page));
  }
}
const frames = (k: Kernel): PageFrames => k.get(PageFrames);
const page = pointer('struct page *');
const pageOrNull = (k: Kernel, address: Addr): Addr => (address === NULL ? NULL : frames(k).pageOf(address));

export const pageAllocApi: KernelApi = kernelApi('mm/page_alloc.c', {
  alloc_pages: partial(
    NO_RECLAIM,
    kfunc({ gfp: gfp_t, order: uint }, page, (k, { gfp, order }) => pageOrNull(k, frames(k).alloc(gfp, order))),
  ),
  __alloc_pages: partial(
    NO_RECLAIM,
    kfunc({ gfp: gfp_t, order: uint, preferred_nid: int, nodemask: voidPtr }, page, (k, { gfp, order }) =>
      pageOrNull(k, frames(k).alloc(gfp, order)),
    ),
  ),
  __folio_alloc: partial(
    NO_RECLAIM,
    kfunc({ gfp: gfp_t, order: uint, preferred_nid: int, nodemask: voidPtr }, page, (k, { gfp, order }) =>
      pageOrNull(k, frames(k).alloc(gfp | __GFP_COMP, order)),
    ),
  ),
  __get_free_pages: partial(
    NO_RECLAIM,
    kfunc({ gfp_mask: gfp_t, order: uint }, ulongAddr, (k, { gfp_mask, order }) => frames(k).alloc(gfp_mask, order)),
  ),
  get_zeroed_page: partial(
    NO_RECLAIM,
    kfunc({ gfp_mask: gfp_t }, ulongAddr, (k, { gfp_mask }) => frames(k).alloc(gfp_mask | __GFP_ZERO, 0)),
  ),
  __free_pages: kfunc({ page, order: uint }, nothing, (k, { page: first }) => frames(k).put(first)),
  free_pages: kfunc({ addr: ulongAddr, order: uint }, nothing, (k, { addr }) => {
    if (addr !== NULL) frames(k).put(frames(k).pageOf(addr));
  }),
  /** Linux splits the block and gives the tail back; here all of it stays taken until it is freed. */
  alloc_pages_exact: partial(
    'the pages behind the size asked for stay taken',
    kfunc({ size: size_t, gfp_mask: gfp_t }, voidPtr, (k, { size, gfp_mask }) => frames(k).alloc(gfp_mask, orderFor(size))),
  ),
  free_pages_exact: kfunc({ virt: voidPtr, size: size_t }, nothing, (k, { virt }) => frames(k).put(frames(k).pageOf(virt))),
  /** The last reference is gone (folio_put() counts inline). */
  __folio_put: kfunc({ folio: pointer('struct folio *') }, nothing, (k, { folio }) => frames(k).release(folio)),
  /** Device memory's pages count in another way; this machine has none: the page is an ordinary one. */
  __put_devmap_managed_page_refs: kfunc({ page, refs: int }, bool, () => false),
  _totalram_pages: kdata((k, address) => k.memory.setPtr(address, (DIRECT_MAP.end - DIRECT_MAP.start) / PAGE_SIZE)),
});

/** Where the parts of the address space begin: what __pa(), __va() and virt_to_page() compute with. */
export const addressSpaceApi: KernelApi = kernelApi('arch/x86/kernel/head64.c', {
  page_offset_base: kdata((k, address) => k.memory.setPtr(address, kernelAddr(0))),
  vmalloc_base: kdata((k, address) => k.memory.setPtr(address, kernelAddr(VMALLOC.start))),
  vmemmap_base: kdata((k, address) => k.memory.setPtr(address, kernelAddr(VMEMMAP.start))),
  phys_base: kdata((k, address) => k.memory.setPtr(address, 0x8000_0000)),
  high_memory: kdata((k, address) => k.memory.setPtr(address, kernelAddr(DIRECT_MAP.end))),
  __virt_addr_valid: kfunc({ x: ulongAddr }, bool, (_, { x }) => x >= kernelAddr(DIRECT_MAP.start) && x < kernelAddr(DIRECT_MAP.end)),
});
