// Virtually contiguous memory. Source: mm/vmalloc.c. A page of it has its own struct page: the one of its index.
import {
  bool,
  gfp_t,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  pointer,
  ulong,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from './layout.ts';
import { PageFrames } from './page_alloc.ts';

const NULL = 0;
const allocate = (k: Kernel, size: number): Addr => k.vmalloc.alloc(size) ?? NULL;
const plain: KernelSymbol = kfunc({ size: ulongAddr }, voidPtr, (k, { size }) => allocate(k, size));
const onNode: KernelSymbol = kfunc({ size: ulongAddr, node: int }, voidPtr, (k, { size }) => allocate(k, size));
const vmallocAddress = pointer('const void *');

export const vmallocApi: KernelApi = kernelApi('mm/vmalloc.c', {
  vmalloc: plain,
  vzalloc: plain,
  vmalloc_node: onNode,
  vzalloc_node: onNode,
  vmalloc_user: plain,
  vmalloc_32: plain,
  vmalloc_32_user: plain,
  __vmalloc: kfunc({ size: ulongAddr, gfp_mask: gfp_t }, voidPtr, (k, { size }) => allocate(k, size)),
  vfree: kfunc({ addr: vmallocAddress }, nothing, (k, { addr }) => {
    if (addr !== NULL) k.vmalloc.free(addr);
  }),
  vmalloc_to_page: kfunc({ vmalloc_addr: vmallocAddress }, voidPtr, (k, { vmalloc_addr }) =>
    k.vmalloc.find(vmalloc_addr) === undefined ? NULL : k.get(PageFrames).pageOf(vmalloc_addr),
  ),
  vmalloc_to_pfn: kfunc({ vmalloc_addr: vmallocAddress }, ulong, (_, { vmalloc_addr }) =>
    BigInt(Math.floor((vmalloc_addr >>> 0) / PAGE_SIZE)),
  ),
  is_vmalloc_addr: kfunc({ x: vmallocAddress }, bool, (k, { x }) => k.vmalloc.find(x) !== undefined),
});
