// Memory that processes and the kernel map: no process maps any here, and the kernel's is one flat piece.
// Source: mm/{memory,vmalloc}.c, kernel/dma/mapping.c, arch/x86/mm/{init,pat/memtype,mem_encrypt_identity}.c.
import { EINVAL, ENXIO } from '#abi';
import {
  absent,
  bool,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kfunc,
  nothing,
  partial,
  size_t,
  u64,
  uint,
  ulong,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from './layout.ts';
import { PageFrames } from './page_alloc.ts';

const NULL = 0;
const none = absent('no process maps memory: there is no mmap()');

export const memoryApi: KernelApi = kernelApi('mm/memory.c', {
  remap_pfn_range: none({ vma: voidPtr, addr: ulongAddr, pfn: ulongAddr, size: ulongAddr, prot: ulong }, int, -EINVAL),
  vm_iomap_memory: none({ vma: voidPtr, start: u64, len: ulongAddr }, int, -EINVAL),
  zap_vma_ptes: none({ vma: voidPtr, address: ulongAddr, size: ulongAddr }, nothing),
  generic_access_phys: none({ vma: voidPtr, addr: ulongAddr, buf: voidPtr, len: int, write: int }, int, -EINVAL),
  /** Devices and the CPU see the same memory. */
  dma_need_sync: kfunc({ dev: voidPtr, dma_addr: u64 }, bool, () => false),
  dma_mmap_attrs: none({ dev: voidPtr, vma: voidPtr, cpu_addr: voidPtr, dma_addr: u64, size: size_t, attrs: ulongAddr }, int, -ENXIO),
});

/** Where pages lie when they follow each other; NULL when they do not. */
function contiguous(k: Kernel, pages: Addr, count: number): Addr {
  const frames = k.get(PageFrames);
  const first = count === 0 ? NULL : frames.addressOf(k.memory.ptr(pages));
  for (let n = 1; n < count; n++) if (frames.addressOf(k.memory.ptr(pages + 8 * n)) !== first + n * PAGE_SIZE) return NULL;
  return first;
}
export const vmapApi: KernelApi = kernelApi('mm/vmalloc.c, maps', {
  vmap: partial(
    'only pages that follow each other: memory is one flat piece, and none of it is seen at two addresses',
    kfunc({ pages: voidPtr, count: uint, flags: ulongAddr, prot: ulong }, voidPtr, (k, { pages, count }) => contiguous(k, pages, count)),
  ),
  vunmap: kfunc({ addr: voidPtr }, nothing, () => {}),
});
// Bits of a page table entry for enum page_cache_mode: write-back, write-combining, uncached (minus), uncached, -through, -protected.
const PROTECTION = [0n, 0x8n, 0x10n, 0x18n, 0x98n, 0x88n] as const;
export const x86MemoryApi: KernelApi = kernelApi('arch/x86/mm', {
  sme_me_mask: kdata(() => {}),
  __default_kernel_pte_mask: kdata((k, address) => k.memory.setU64(address, 0xffff_ffff_ffff_ffffn)),
  /** No memory is encrypted. */
  cc_mkdec: kfunc({ val: u64 }, u64, (_, { val }) => val),
  /** Every device sees the same memory: there is nothing to write back. */
  clflush_cache_range: kfunc({ vaddr: voidPtr, size: uint }, nothing, () => {}),
  cachemode2protval: kfunc({ pcm: uint }, ulong, (_, { pcm }) => PROTECTION[pcm] ?? 0n),
});
