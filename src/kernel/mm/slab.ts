// Object caches over pages. The books (which object is allocated, its size and cache) lie outside guest memory.
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from './layout.ts';
import type { PageAllocator } from './pages.ts';

/** kmalloc's size classes (include/linux/slab.h). Larger requests are pages. */
export const KMALLOC_SIZES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192] as const;

/** A cache of objects of one size. */
export class SlabCache {
  readonly name: string;
  readonly objectSize: number;
  readonly align: number;
  /** Distance of two objects. */
  readonly stride: number;
  readonly free: Addr[] = [];
  allocated = 0;

  /** Guest function that prepares each object of a fresh page; 0 when there is none. */
  readonly constructorFunction: Addr;

  constructor(name: string, objectSize: number, align: number, constructorFunction: Addr = 0) {
    this.name = name;
    this.constructorFunction = constructorFunction;
    this.objectSize = objectSize;
    this.align = align;
    this.stride = Math.ceil(Math.max(objectSize, 8) / align) * align;
  }
}

interface Allocation {
  readonly cache: SlabCache | undefined;
  /** Bytes asked for. */
  readonly size: number;
}

export class Slab {
  readonly #pages: PageAllocator;
  readonly #allocations = new Map<Addr, Allocation>();
  readonly #kmalloc: readonly SlabCache[];

  constructor(pages: PageAllocator) {
    this.#pages = pages;
    this.#kmalloc = KMALLOC_SIZES.map((size) => new SlabCache(`kmalloc-${size >= 1024 ? `${size / 1024}k` : size}`, size, size & -size));
  }
  /** The kmalloc cache that serves `size` bytes, or undefined when pages do. */
  kmallocCache(size: number): SlabCache | undefined {
    return this.#kmalloc.find((cache) => cache.objectSize >= size);
  }
  /** `size` bytes, contents undefined; undefined when memory is exhausted. */
  alloc(size: number): Addr | undefined {
    const cache = this.kmallocCache(size);
    if (cache !== undefined) return this.allocFrom(cache, size);
    const address = this.#pages.alloc(Math.ceil(Math.log2(Math.ceil(size / PAGE_SIZE))));
    if (address !== undefined) this.#allocations.set(address, { cache: undefined, size });
    return address;
  }
  allocFrom(cache: SlabCache, size = cache.objectSize): Addr | undefined {
    if (cache.free.length === 0) this.grow(cache);
    const address = cache.free.pop();
    if (address === undefined) return undefined;
    cache.allocated++;
    this.#allocations.set(address, { cache, size });
    return address;
  }
  /** Whether `address` was an allocation. */
  free(address: Addr): boolean {
    const allocation = this.#allocations.get(address);
    if (allocation === undefined) return false;
    this.#allocations.delete(address);
    if (allocation.cache === undefined) return this.#pages.free(address);
    allocation.cache.allocated--;
    allocation.cache.free.push(address);
    return true;
  }
  /** The allocation that starts at `address`. */
  allocation(address: Addr): Allocation | undefined {
    return this.#allocations.get(address);
  }
  /** Adds pages' worth of free objects. Gives them, or none when memory is exhausted. */
  grow(cache: SlabCache): readonly Addr[] {
    const order = Math.max(0, Math.ceil(Math.log2((cache.stride * 8) / PAGE_SIZE)));
    const block = this.#pages.alloc(Math.min(order, 3));
    if (block === undefined) return [];
    const count = Math.floor((PAGE_SIZE << Math.min(order, 3)) / cache.stride);
    const objects = Array.from({ length: count }, (_, n) => block + (count - 1 - n) * cache.stride);
    cache.free.push(...objects);
    return objects;
  }
}
