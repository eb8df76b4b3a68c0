// Memory that devices reach. A bus address is the physical address: the index of the byte in guest memory. No device uses it.
// Source: kernel/dma/mapping.c, kernel/dma/direct.c, mm/dmapool.c, kernel/dma.c.
import { EINVAL, EIO } from '#abi';
import {
  cstring,
  gfp_t,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  noop,
  nothing,
  partial,
  ptr,
  size_t,
  u64,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import { Devres } from '../drivers/base/devres.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from '../mm/layout.ts';
import { PageFrames } from '../mm/page_alloc.ts';

const Device = kernelStruct('device', { dma_mask: voidPtr, coherent_dma_mask: u64 });
const Scatterlist = kernelStruct('scatterlist', { page_link: ulongAddr, offset: uint, length: uint, dma_address: u64, dma_length: uint });
const SgTable = kernelStruct('sg_table', { sgl: voidPtr, nents: uint, orig_nents: uint });
const __GFP_ZERO = 0x100;
const NULL = 0;
const NO_DEVICE = 'no device reads or writes the memory; masks are taken as they come';
const dev = ptr(Device);
const dma_addr_t = u64;

const busAddress = (address: Addr): bigint => BigInt(address >>> 0);
function allocate(k: Kernel, size: number, handle: Addr): Addr {
  const order = Math.max(0, Math.ceil(Math.log2(size / PAGE_SIZE)));
  const address = k.get(PageFrames).alloc(__GFP_ZERO, order);
  if (address !== NULL) k.memory.setU64(handle, busAddress(address));
  return address;
}
function release(k: Kernel, address: Addr): void {
  k.get(PageFrames).put(k.get(PageFrames).pageOf(address));
}
/** Each entry of a scatter list gets its bus address. Lists that are chained are followed by sg_next(). */
function* entries(k: Kernel, first: Addr, count: number): Generator<Addr> {
  const size = k.layouts.sizeOf('scatterlist');
  let at = first;
  for (let left = count; left > 0; left--) {
    const link = k.view(Scatterlist, at).page_link;
    if (((link % 4) + 4) % 4 === 1) at = link - 1;
    yield at;
    at += size;
  }
}
function mapList(k: Kernel, first: Addr, count: number): void {
  for (const at of entries(k, first, count)) {
    const entry = k.view(Scatterlist, at);
    const page = entry.page_link - (((entry.page_link % 4) + 4) % 4);
    entry.dma_address = busAddress(k.get(PageFrames).addressOf(page) + entry.offset);
    entry.dma_length = entry.length;
  }
}
const sync = (params: Parameters<typeof kfunc>[0]): KernelSymbol =>
  noop(
    'memory and device are always coherent',
    kfunc(params, nothing, () => {}),
  );
const single = { dev, addr: dma_addr_t, size: size_t, dir: uint } as const;
const list = { dev, sg: voidPtr, nelems: int, dir: uint } as const;

export const dmaMappingApi: KernelApi = kernelApi('kernel/dma/mapping.c', {
  dma_set_mask: kfunc({ dev, mask: u64 }, int, (k, { dev: device, mask }) => {
    if (device.dma_mask === NULL) return -EIO;
    k.memory.setU64(device.dma_mask, mask);
    return 0;
  }),
  dma_set_coherent_mask: kfunc({ dev, mask: u64 }, int, (_, { dev: device, mask }) => {
    device.coherent_dma_mask = mask;
    return 0;
  }),
  dma_get_required_mask: kfunc({ dev }, u64, () => 0xffffffffn),
  dma_max_mapping_size: kfunc({ dev }, size_t, () => 2 ** 53 - 1),
  dma_alloc_attrs: partial(
    NO_DEVICE,
    kfunc({ dev, size: size_t, dma_handle: voidPtr, flag: gfp_t, attrs: ulongAddr }, voidPtr, (k, { size, dma_handle }) =>
      allocate(k, size, dma_handle),
    ),
  ),
  dma_free_attrs: kfunc({ dev, size: size_t, cpu_addr: voidPtr, dma_handle: dma_addr_t, attrs: ulongAddr }, nothing, (k, { cpu_addr }) => {
    if (cpu_addr !== NULL) release(k, cpu_addr);
  }),
  dmam_alloc_attrs: partial(
    NO_DEVICE,
    kfunc({ dev, size: size_t, dma_handle: voidPtr, gfp: gfp_t, attrs: ulongAddr }, voidPtr, (k, { dev: device, size, dma_handle }) => {
      const address = allocate(k, size, dma_handle);
      if (address !== NULL) k.get(Devres).addUndo(device.addr, `dma ${address}`, () => release(k, address));
      return address;
    }),
  ),
  dma_map_page_attrs: partial(
    NO_DEVICE,
    kfunc({ dev, page: voidPtr, offset: size_t, size: size_t, dir: uint, attrs: ulongAddr }, dma_addr_t, (k, { page, offset }) =>
      busAddress(k.get(PageFrames).addressOf(page) + offset),
    ),
  ),
  dma_unmap_page_attrs: kfunc({ ...single, attrs: ulongAddr }, nothing, () => {}),
  dma_map_sg_attrs: partial(
    NO_DEVICE,
    kfunc({ dev, sg: voidPtr, nents: int, dir: uint, attrs: ulongAddr }, uint, (k, { sg, nents }) => {
      mapList(k, sg, nents);
      return nents;
    }),
  ),
  dma_unmap_sg_attrs: kfunc({ dev, sg: voidPtr, nents: int, dir: uint, attrs: ulongAddr }, nothing, () => {}),
  dma_map_sgtable: partial(
    NO_DEVICE,
    kfunc({ dev, sgt: ptr(SgTable), dir: uint, attrs: ulongAddr }, int, (k, { sgt }) => {
      if (sgt.orig_nents === 0) return -EINVAL;
      mapList(k, sgt.sgl, sgt.orig_nents);
      sgt.nents = sgt.orig_nents;
      return 0;
    }),
  ),
  dma_sync_single_for_cpu: sync(single),
  dma_sync_single_for_device: sync(single),
  dma_sync_sg_for_cpu: sync(list),
  dma_sync_sg_for_device: sync(list),
});

/** Pools of small coherent blocks: each is a kmalloc block here. */
const DmaPool = kernelStruct('dma_pool', { size: uint });
const pool = ptr(DmaPool);
export const dmaPoolApi: KernelApi = kernelApi('mm/dmapool.c', {
  dma_pool_create: partial(
    'blocks do not keep to `boundary`',
    kfunc({ name: cstring, dev, size: size_t, align: size_t, boundary: size_t }, voidPtr, (k, { size, align }) => {
      const bytes = k.layouts.sizeOf('dma_pool');
      const address = k.slab.alloc(bytes) ?? NULL;
      if (address === NULL || size === 0) return NULL;
      k.memory.fill(address, 0, bytes);
      // A power of two is aligned to itself.
      k.view(DmaPool, address).size = 2 ** Math.ceil(Math.log2(Math.max(size, align, 8)));
      return address;
    }),
  ),
  dma_pool_destroy: kfunc({ pool: voidPtr }, nothing, (k, { pool: address }) => {
    if (address !== NULL) k.slab.free(address);
  }),
  dma_pool_alloc: kfunc({ pool, mem_flags: gfp_t, handle: voidPtr }, voidPtr, (k, { pool: view, mem_flags, handle }) => {
    const address = k.slab.alloc(view.size) ?? NULL;
    if (address === NULL) return NULL;
    if ((mem_flags & __GFP_ZERO) !== 0) k.memory.fill(address, 0, view.size);
    k.memory.setU64(handle, busAddress(address));
    return address;
  }),
  dma_pool_free: kfunc({ pool, vaddr: voidPtr, dma: dma_addr_t }, nothing, (k, { vaddr }) => {
    k.slab.free(vaddr);
  }),
});
