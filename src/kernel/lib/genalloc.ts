// Pools of special memory, cut into pieces by bitmaps. The books lie outside guest memory. Source: lib/genalloc.c.
import { ENOMEM } from '#abi';
import {
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  optionalCstring,
  partial,
  pointer,
  size_t,
  u64,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import { Devres } from '../drivers/base/devres.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';

const NULL = 0;

interface Chunk {
  readonly start: Addr;
  readonly size: number;
  readonly phys: bigint;
  readonly owner: Addr;
  /** Pieces in use: start to size, in order of address. */
  readonly used: Map<Addr, number>;
}
class Pool {
  readonly grain: number;
  readonly chunks: Chunk[] = [];
  constructor(order: number) {
    this.grain = 2 ** order;
  }
  /** The first gap of `size` bytes at a multiple of `align`. */
  alloc(size: number, align: number): { at: Addr; chunk: Chunk } | undefined {
    const bytes = Math.ceil(size / this.grain) * this.grain;
    const step = Math.max(align, this.grain);
    for (const chunk of this.chunks) {
      let at = chunk.start;
      for (const [start, length] of [...chunk.used].sort(([a], [b]) => a - b)) {
        if (at + bytes <= start) break;
        at = chunk.start + Math.ceil((start + length - chunk.start) / step) * step;
      }
      if (at + bytes > chunk.start + chunk.size) continue;
      chunk.used.set(at, bytes);
      return { at, chunk };
    }
    return undefined;
  }
  chunkOf(at: Addr): Chunk | undefined {
    return this.chunks.find(({ start, size }) => at >= start && at < start + size);
  }
}
class Pools extends Map<Addr, Pool> {
  constructor(_k: Kernel) {
    super();
  }
}
const at = (k: Kernel, handle: Addr): Pool => {
  const found = k.get(Pools).get(handle);
  if (found === undefined) throw new Error('no memory pool lies at this address');
  return found;
};
function create(k: Kernel, order: number): Addr {
  const handle = kzalloc(k, k.layouts.sizeOf('gen_pool'));
  k.get(Pools).set(handle, new Pool(order));
  return handle;
}
function destroy(k: Kernel, handle: Addr): void {
  if (at(k, handle).chunks.some(({ used }) => used.size > 0)) k.exceptions.bug('lib/genalloc.c', 255);
  k.get(Pools).delete(handle);
  k.slab.free(handle);
}
/** A piece, with its address for devices at `dma`. */
function allocDma(k: Kernel, handle: Addr, size: number, dma: Addr, align: number, zero: boolean): Addr {
  const piece = size === 0 ? undefined : at(k, handle).alloc(size, align);
  if (piece === undefined) return NULL;
  if (dma !== NULL) k.memory.setU64(dma, piece.chunk.phys + BigInt(piece.at - piece.chunk.start));
  if (zero) k.memory.fill(piece.at, 0, size);
  return piece.at;
}
const pool = pointer('struct gen_pool *');
const FIRST_FIT = 'the algorithm is always the first fit';
const dmaAllocator = (zero: boolean): KernelSymbol =>
  kfunc({ pool, size: size_t, dma: voidPtr }, voidPtr, (k, { pool: of, size, dma }) => allocDma(k, of, size, dma, 1, zero));
const dmaAligned = (zero: boolean): KernelSymbol =>
  kfunc({ pool, size: size_t, dma: voidPtr, align: int }, voidPtr, (k, { pool: of, size, dma, align }) =>
    allocDma(k, of, size, dma, align, zero),
  );

export const genallocApi: KernelApi = kernelApi('lib/genalloc.c', {
  gen_pool_create: kfunc({ min_alloc_order: int, nid: int }, pool, (k, { min_alloc_order }) => create(k, min_alloc_order)),
  devm_gen_pool_create: kfunc(
    { dev: voidPtr, min_alloc_order: int, nid: int, name: optionalCstring },
    pool,
    (k, { dev, min_alloc_order }) => {
      const made = create(k, min_alloc_order);
      k.get(Devres).addUndo(dev, made, () => destroy(k, made));
      return made;
    },
  ),
  gen_pool_destroy: kfunc({ pool }, nothing, (k, { pool: of }) => destroy(k, of)),
  gen_pool_add_owner: kfunc(
    { pool, virt: ulongAddr, phys: u64, size: size_t, nid: int, owner: voidPtr },
    int,
    (k, { pool: of, virt: start, phys, size, owner }) => {
      if (size === 0) return -ENOMEM;
      at(k, of).chunks.push({ start, size, phys, owner, used: new Map() });
      return 0;
    },
  ),
  gen_pool_alloc_algo_owner: partial(
    FIRST_FIT,
    kfunc({ pool, size: size_t, algo: voidPtr, data: voidPtr, owner: voidPtr }, ulongAddr, (k, { pool: of, size, owner }) => {
      const piece = size === 0 ? undefined : at(k, of).alloc(size, 1);
      if (owner !== NULL) k.memory.setPtr(owner, piece?.chunk.owner ?? NULL);
      return piece?.at ?? NULL;
    }),
  ),
  gen_pool_set_algo: partial(
    FIRST_FIT,
    kfunc({ pool, algo: voidPtr, data: voidPtr }, nothing, () => {}),
  ),
  gen_pool_free_owner: kfunc({ pool, addr: ulongAddr, size: size_t, owner: voidPtr }, nothing, (k, { pool: of, addr, owner }) => {
    const chunk = at(k, of).chunkOf(addr);
    if (chunk === undefined) return k.exceptions.bug('lib/genalloc.c', 518);
    if (!chunk.used.delete(addr)) k.exceptions.bug('lib/genalloc.c', 508);
    if (owner !== NULL) k.memory.setPtr(owner, chunk.owner);
  }),
  gen_pool_dma_alloc: dmaAllocator(false),
  gen_pool_dma_zalloc: dmaAllocator(true),
  gen_pool_dma_alloc_align: dmaAligned(false),
  gen_pool_dma_zalloc_align: dmaAligned(true),
  gen_pool_virt_to_phys: kfunc({ pool, addr: ulongAddr }, u64, (k, { pool: of, addr }) => {
    const chunk = at(k, of).chunkOf(addr);
    return chunk === undefined ? 0xffff_ffff_ffff_ffffn : chunk.phys + BigInt(addr - chunk.start);
  }),
  gen_pool_has_addr: kfunc({ pool, start: ulongAddr, size: size_t }, bool, (k, { pool: of, start, size }) => {
    const chunk = at(k, of).chunkOf(start);
    return chunk !== undefined && start + size <= chunk.start + chunk.size;
  }),
  gen_pool_size: kfunc({ pool }, size_t, (k, { pool: of }) => at(k, of).chunks.reduce((sum, { size }) => sum + size, 0)),
  gen_pool_avail: kfunc({ pool }, size_t, (k, { pool: of }) =>
    at(k, of).chunks.reduce((sum, { size, used }) => sum + size - [...used.values()].reduce((a, b) => a + b, 0), 0),
  ),
});
