// Pools that keep a reserve of elements. Source: mm/mempool.c. The reserve is a guest array of pointers, as on Linux.
import { ENOMEM } from '#abi';
import {
  blocking,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  ptr,
  type Sleeping,
  type StructView,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PageFrames } from './page_alloc.ts';
import { KmemCaches, kfree, kmalloc } from './slab_common.ts';

const MempoolStruct = kernelStruct('mempool_s', {
  min_nr: int,
  curr_nr: int,
  elements: voidPtr,
  pool_data: voidPtr,
  alloc: voidPtr,
  free: voidPtr,
});
type Mempool = StructView<typeof MempoolStruct.fields>;
const GFP_KERNEL = 0xcc0;
const NULL = 0;
const NEVER_WAITS = 'an exhausted pool gives NULL instead of waiting';

function* fill(k: Kernel, pool: Mempool): Sleeping<number> {
  while (pool.curr_nr < pool.min_nr) {
    const element = yield* k.call(pool.alloc, GFP_KERNEL, pool.pool_data);
    if (element === NULL) return -ENOMEM;
    k.memory.setPtr(pool.elements + pool.curr_nr * 8, element);
    pool.curr_nr += 1;
  }
  return 0;
}
function* init(k: Kernel, address: Addr, minimum: number, alloc: Addr, free: Addr, data: Addr): Sleeping<number> {
  k.memory.fill(address, 0, k.layouts.sizeOf('mempool_s'));
  const pool = k.view(MempoolStruct, address);
  pool.min_nr = minimum;
  pool.pool_data = data;
  pool.alloc = alloc;
  pool.free = free;
  pool.elements = k.slab.alloc(Math.max(minimum, 1) * 8) ?? NULL;
  if (pool.elements === NULL) return -ENOMEM;
  const error = yield* fill(k, pool);
  if (error !== 0) yield* empty(k, pool);
  return error;
}
function* empty(k: Kernel, pool: Mempool): Sleeping<void> {
  while (pool.curr_nr > 0) {
    pool.curr_nr -= 1;
    yield* k.call(pool.free, k.memory.ptr(pool.elements + pool.curr_nr * 8), pool.pool_data);
  }
  k.slab.free(pool.elements);
  pool.elements = NULL;
}
function* create(k: Kernel, minimum: number, alloc: Addr, free: Addr, data: Addr): Sleeping<Addr> {
  const address = k.slab.alloc(k.layouts.sizeOf('mempool_s')) ?? NULL;
  if (address === NULL || (yield* init(k, address, minimum, alloc, free, data)) === 0) return address;
  k.slab.free(address);
  return NULL;
}
const pool = ptr(MempoolStruct);
const functions = { min_nr: int, alloc_fn: voidPtr, free_fn: voidPtr, pool_data: voidPtr } as const;

export const mempoolApi: KernelApi = kernelApi('mm/mempool.c', {
  mempool_init: blocking({ pool: voidPtr, ...functions }, int, (k, { pool: address, min_nr, alloc_fn, free_fn, pool_data }) =>
    init(k, address, min_nr, alloc_fn, free_fn, pool_data),
  ),
  mempool_exit: blocking({ pool }, nothing, (k, { pool: view }) => empty(k, view)),
  mempool_create: blocking(functions, voidPtr, (k, { min_nr, alloc_fn, free_fn, pool_data }) =>
    create(k, min_nr, alloc_fn, free_fn, pool_data),
  ),
  mempool_create_node: blocking({ ...functions, gfp_mask: gfp_t, node_id: int }, voidPtr, (k, { min_nr, alloc_fn, free_fn, pool_data }) =>
    create(k, min_nr, alloc_fn, free_fn, pool_data),
  ),
  mempool_destroy: blocking({ pool: voidPtr }, nothing, function* (k, { pool: address }) {
    if (address === NULL) return;
    yield* empty(k, k.view(MempoolStruct, address));
    k.slab.free(address);
  }),
  mempool_alloc: partial(
    NEVER_WAITS,
    blocking({ pool, gfp_mask: gfp_t }, voidPtr, function* (k, { pool: view, gfp_mask }) {
      const element = yield* k.call(view.alloc, gfp_mask, view.pool_data);
      if (element !== NULL || view.curr_nr === 0) return element;
      view.curr_nr -= 1;
      return k.memory.ptr(view.elements + view.curr_nr * 8);
    }),
  ),
  mempool_free: blocking({ element: voidPtr, pool }, nothing, function* (k, { element, pool: view }) {
    if (element === NULL) return;
    if (view.curr_nr < view.min_nr) {
      k.memory.setPtr(view.elements + view.curr_nr * 8, element);
      view.curr_nr += 1;
    } else yield* k.call(view.free, element, view.pool_data);
  }),
  mempool_alloc_slab: blocking({ gfp_mask: gfp_t, pool_data: voidPtr }, voidPtr, (k, { gfp_mask, pool_data }) =>
    k.get(KmemCaches).allocate(pool_data, gfp_mask),
  ),
  mempool_free_slab: kfunc({ element: voidPtr, pool_data: voidPtr }, nothing, (k, { element }) => kfree(k, element)),
  /** The pool's data is the size. */
  mempool_kmalloc: kfunc({ gfp_mask: gfp_t, pool_data: voidPtr }, voidPtr, (k, { gfp_mask, pool_data }) => kmalloc(k, pool_data, gfp_mask)),
  mempool_kfree: kfunc({ element: voidPtr, pool_data: voidPtr }, nothing, (k, { element }) => kfree(k, element)),
  /** The pool's data is the order. */
  mempool_alloc_pages: kfunc({ gfp_mask: gfp_t, pool_data: voidPtr }, voidPtr, (k, { gfp_mask, pool_data }) => {
    const address = k.get(PageFrames).alloc(gfp_mask, pool_data);
    return address === NULL ? NULL : k.get(PageFrames).pageOf(address);
  }),
  mempool_free_pages: kfunc({ element: voidPtr, pool_data: voidPtr }, nothing, (k, { element }) => k.get(PageFrames).put(element)),
});
