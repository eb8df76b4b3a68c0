// Source: mm/slab_common.c, mm/slub.c, include/linux/slab.h.
import { EFAULT, EINVAL, ENOMEM } from '#abi';
import {
  blocking,
  cstring,
  gfp_t,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  size_t,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { SlabCache } from './slab.ts';

/** What a zero-byte request gets; freeing it does nothing. */
const ZERO_SIZE_PTR = 16;
const __GFP_ZERO = 0x100;
const SLAB_HWCACHE_ALIGN = 0x2000;
const CACHE_LINE = 64;
const MINIMAL_ALIGN = 8;
const NULL = 0;
const NO_RECLAIM = 'allocation never waits: there is no reclaim';

export function kmalloc(k: Kernel, size: number, flags: number): Addr {
  if (size === 0) return ZERO_SIZE_PTR;
  const address = k.slab.alloc(size) ?? NULL;
  if (address !== NULL && (flags & __GFP_ZERO) !== 0) k.memory.fill(address, 0, size);
  return address;
}
/** Zeroed memory for the kernel's own. */
export function kzalloc(k: Kernel, size: number): Addr {
  return kmalloc(k, size, __GFP_ZERO);
}
export function kfree(k: Kernel, address: Addr): void {
  if (address !== NULL && address !== ZERO_SIZE_PTR) k.slab.free(address);
}

/** Linux: calculate_alignment(). */
function alignment(size: number, align: number, flags: number): number {
  let line = (flags & SLAB_HWCACHE_ALIGN) === 0 ? 1 : CACHE_LINE;
  while (size <= line / 2) line /= 2;
  return Math.max(align, line, MINIMAL_ALIGN);
}

/** Caches by the guest address of their handle. */
export class KmemCaches {
  readonly #caches = new Map<Addr, SlabCache>();
  readonly #k: Kernel;
  constructor(k: Kernel) {
    this.#k = k;
  }
  create(name: string, size: number, align: number, flags: number, ctor: Addr): Addr {
    const handle = this.#k.slab.alloc(this.#k.layouts.sizeOf('kmem_cache'));
    if (handle === undefined) return NULL;
    this.#caches.set(handle, new SlabCache(name, size, alignment(size, align, flags), ctor));
    return handle;
  }
  /** An object, or NULL. */
  *allocate(handle: Addr, gfp: number): Sleeping<Addr> {
    const k = this.#k;
    const cache = this.#caches.get(handle);
    if (cache === undefined) return NULL;
    if (cache.constructorFunction !== NULL && cache.free.length === 0) {
      for (const object of k.slab.grow(cache)) yield* k.call(cache.constructorFunction, object);
    }
    const address = k.slab.allocFrom(cache) ?? NULL;
    if (address !== NULL && (gfp & __GFP_ZERO) !== 0) k.memory.fill(address, 0, cache.objectSize);
    return address;
  }
  at(handle: Addr): SlabCache | undefined {
    return this.#caches.get(handle);
  }
  destroy(handle: Addr): void {
    const cache = this.#caches.get(handle);
    if (cache !== undefined) this.#k.slab.destroy(cache);
    this.#caches.delete(handle);
    this.#k.slab.free(handle);
  }
}

const cachep = pointer('struct kmem_cache *');
export const slabCommonApi: KernelApi = kernelApi('mm/slab_common.c', {
  /** Pointers to the kmalloc caches, by type and size class. kmalloc_trace() goes by its size argument alone. */
  kmalloc_caches: kdata(() => {}),
  __kmalloc: partial(
    NO_RECLAIM,
    kfunc({ size: size_t, flags: gfp_t }, voidPtr, (k, { size, flags }) => kmalloc(k, size, flags)),
  ),
  __kmalloc_node: partial(
    NO_RECLAIM,
    kfunc({ size: size_t, flags: gfp_t, node: int }, voidPtr, (k, { size, flags }) => kmalloc(k, size, flags)),
  ),
  kmalloc_trace: partial(
    NO_RECLAIM,
    kfunc({ s: cachep, gfpflags: gfp_t, size: size_t }, voidPtr, (k, { gfpflags, size }) => kmalloc(k, size, gfpflags)),
  ),
  kmalloc_large: partial(
    NO_RECLAIM,
    kfunc({ size: size_t, flags: gfp_t }, voidPtr, (k, { size, flags }) => kmalloc(k, size, flags)),
  ),
  kfree: kfunc({ object: voidPtr }, nothing, (k, { object }) => kfree(k, object)),
  kfree_sensitive: kfunc({ p: voidPtr }, nothing, (k, { p }) => {
    const allocation = k.slab.allocation(p);
    if (allocation !== undefined) k.memory.fill(p, 0, allocation.size);
    kfree(k, p);
  }),
  /** Bytes that the allocation really has. */
  ksize: kfunc({ objp: voidPtr }, size_t, (k, { objp }) => {
    const allocation = k.slab.allocation(objp);
    return allocation === undefined ? 0 : (allocation.cache?.objectSize ?? 4096 << Math.ceil(Math.log2(Math.ceil(allocation.size / 4096))));
  }),
  krealloc: partial(
    NO_RECLAIM,
    kfunc({ p: voidPtr, new_size: size_t, flags: gfp_t }, voidPtr, (k, { p, new_size, flags }) => {
      if (new_size === 0) {
        kfree(k, p);
        return ZERO_SIZE_PTR;
      }
      const old = k.slab.allocation(p);
      const address = kmalloc(k, new_size, flags);
      if (old !== undefined && address !== NULL) {
        k.memory.copy(address, p, Math.min(old.size, new_size));
        kfree(k, p);
      }
      return address;
    }),
  ),
  kmem_cache_create: partial(
    'of the flags only SLAB_HWCACHE_ALIGN changes anything',
    kfunc({ name: cstring, size: uint, align: uint, flags: uint, ctor: voidPtr }, voidPtr, (k, { name, size, align, flags, ctor }) =>
      k.get(KmemCaches).create(name, size, align, flags, ctor),
    ),
  ),
  kmem_cache_alloc: partial(
    NO_RECLAIM,
    blocking({ s: cachep, gfpflags: gfp_t }, voidPtr, (k, { s, gfpflags }) => k.get(KmemCaches).allocate(s, gfpflags)),
  ),
  kmem_cache_alloc_node: partial(
    NO_RECLAIM,
    blocking({ s: cachep, gfpflags: gfp_t, node: int }, voidPtr, (k, { s, gfpflags }) => k.get(KmemCaches).allocate(s, gfpflags)),
  ),
  kmem_cache_alloc_bulk: partial(
    NO_RECLAIM,
    blocking({ s: cachep, flags: gfp_t, size: size_t, p: voidPtr }, int, function* (k, { s, flags, size, p }) {
      for (let n = 0; n < size; n++) k.memory.setPtr(p + n * 8, yield* k.get(KmemCaches).allocate(s, flags));
      return size;
    }),
  ),
  kmem_cache_free_bulk: kfunc({ s: cachep, size: size_t, p: voidPtr }, nothing, (k, { size, p }) => {
    for (let n = 0; n < size; n++) kfree(k, k.memory.ptr(p + n * 8));
  }),
  kmem_cache_free: kfunc({ s: cachep, x: voidPtr }, nothing, (k, { x }) => kfree(k, x)),
  kmem_cache_destroy: partial(
    'objects that are left are not reported',
    kfunc({ s: cachep }, nothing, (k, { s }) => {
      if (s !== NULL) k.get(KmemCaches).destroy(s);
    }),
  ),
  kmem_cache_size: kfunc({ s: cachep }, uint, (k, { s }) => k.get(KmemCaches).at(s)?.objectSize ?? 0),
});

/** The kernel's own read-only strings lie in its image. */
const inRodata = (k: Kernel, address: Addr): boolean => k.description.kallsyms.at(address) !== undefined;
/** A copy of user memory and `extra` zero bytes; -EFAULT or -ENOMEM. */
function fromUser(k: Kernel, src: Addr, length: number, extra: number): Addr {
  const bytes = k.user.slice(src, length);
  if (bytes.length < length) return -EFAULT;
  const address = kmalloc(k, length + extra, __GFP_ZERO);
  if (address === NULL) return -ENOMEM;
  k.memory.write(address, bytes);
  return address;
}
export const mmUtilApi: KernelApi = kernelApi('mm/util.c', {
  kstrdup: kfunc({ s: voidPtr, gfp: gfp_t }, voidPtr, (k, { s, gfp }) => {
    if (s === NULL) return NULL;
    const size = k.memory.strlen(s) + 1;
    const address = kmalloc(k, size, gfp);
    if (address !== NULL) k.memory.copy(address, s, size);
    return address;
  }),
  kstrndup: kfunc({ s: voidPtr, max: size_t, gfp: gfp_t }, voidPtr, (k, { s, max, gfp }) => {
    if (s === NULL) return NULL;
    const length = k.memory.strlen(s, max);
    const address = kmalloc(k, length + 1, gfp);
    if (address === NULL) return NULL;
    k.memory.copy(address, s, length);
    k.memory.setU8(address + length, 0);
    return address;
  }),
  kmemdup: kfunc({ p: voidPtr, size: size_t, gfp: gfp_t }, voidPtr, (k, { p: src, size: len, gfp }) => {
    const address = kmalloc(k, len, gfp);
    if (address !== NULL) k.memory.copy(address, src, len);
    return address;
  }),
  kstrdup_const: kfunc({ s: voidPtr, gfp: gfp_t }, voidPtr, (k, { s, gfp }) => {
    if (s === NULL || inRodata(k, s)) return s;
    const size = k.memory.strlen(s) + 1;
    const address = kmalloc(k, size, gfp);
    if (address !== NULL) k.memory.copy(address, s, size);
    return address;
  }),
  kfree_const: kfunc({ x: voidPtr }, nothing, (k, { x }) => {
    if (!inRodata(k, x)) kfree(k, x);
  }),
  kmemdup_nul: kfunc({ s: voidPtr, len: size_t, gfp: gfp_t }, voidPtr, (k, { s, len, gfp }) => {
    if (s === NULL) return NULL;
    const address = kmalloc(k, len + 1, gfp);
    if (address === NULL) return NULL;
    k.memory.copy(address, s, len);
    k.memory.setU8(address + len, 0);
    return address;
  }),
  memdup_user: kfunc({ src: voidPtr, len: size_t }, voidPtr, (k, { src, len }) => fromUser(k, src, len, 0)),
  memdup_user_nul: kfunc({ src: voidPtr, len: size_t }, voidPtr, (k, { src, len }) => fromUser(k, src, len, 1)),
  strndup_user: kfunc({ s: voidPtr, n: ulongAddr }, voidPtr, (k, { s, n }) => {
    const bytes = k.user.slice(s, n);
    const end = bytes.indexOf(0);
    if (bytes.length === 0) return -EFAULT;
    if (end < 0) return bytes.length < n ? -EFAULT : -EINVAL;
    return fromUser(k, s, end + 1, 0);
  }),
  vmemdup_user: kfunc({ src: voidPtr, len: size_t }, voidPtr, (k, { src, len }) => fromUser(k, src, len, 0)),
  kvmalloc_node: partial(
    NO_RECLAIM,
    kfunc({ size: size_t, flags: gfp_t, node: int }, voidPtr, (k, { size, flags }) => kmalloc(k, size, flags)),
  ),
  kvrealloc: partial(
    NO_RECLAIM,
    kfunc({ p: voidPtr, oldsize: size_t, newsize: size_t, flags: gfp_t }, voidPtr, (k, { p, oldsize, newsize, flags }) => {
      if (oldsize >= newsize) return p;
      const address = kmalloc(k, newsize, flags);
      if (address === NULL || p === NULL) return address;
      k.memory.copy(address, p, oldsize);
      if (!k.vmalloc.free(p)) kfree(k, p);
      return address;
    }),
  ),
  kvfree_sensitive: kfunc({ addr: voidPtr, len: size_t }, nothing, (k, { addr, len }) => {
    if (addr === NULL) return;
    k.memory.fill(addr, 0, len);
    if (!k.vmalloc.free(addr)) kfree(k, addr);
  }),
  kvfree: kfunc({ addr: voidPtr }, nothing, (k, { addr }) => {
    if (!k.vmalloc.free(addr)) kfree(k, addr);
  }),
});
