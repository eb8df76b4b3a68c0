// Object caches over pages. The books (which object is allocated, its size and cache) lie outside guest memory.
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from './layout.ts';
import type { PageAllocator } from './pages.ts';

/** kmalloc's size classes (include/linux/slab.h). Larger requests are pages. */
export const KMALLOC_SIZES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192] as const;

const pageNumber = (address: Addr): number => Math.floor(address / PAGE_SIZE);

/** A cache of objects of one size. */
export class SlabCache {
  readonly name: string;
  readonly objectSize: number;
  readonly align: number;
  /** Distance of two objects. */
  readonly stride: number;
  readonly free: Addr[] = [];
  allocated = 0;
  /** Blocks of pages that it has taken. */
  readonly blocks: Addr[] = [];

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
/** Pages that are cut into objects of one cache. A module may allocate millions: an object costs two bytes of books. */
interface SlabPages {
  readonly cache: SlabCache;
  readonly start: Addr;
  /** By object: bytes asked for and one; 0 when it is free. */
  readonly sizes: Uint16Array;
}

export class Slab {
  readonly #pages: PageAllocator;
  /** By page number. */
  readonly #slabs = new Map<number, SlabPages>();
  /** Sizes of what is too large for a cache. */
  readonly #large = new Map<Addr, number>();
  readonly #kmalloc: readonly SlabCache[];

  constructor(pages: PageAllocator) {
    this.#pages = pages;
    this.#kmalloc = KMALLOC_SIZES.map((size) => new SlabCache(`kmalloc-${size >= 1024 ? `${size / 1024}k` : size}`, size, size & -size));
  }
  /** How many objects of kmalloc are not free. */
  get inUse(): number {
    return this.#kmalloc.reduce((sum, { allocated }) => sum + allocated, this.#large.size);
  }
  /** Bytes of the pages that caches have taken: they never give them back. */
  get reserved(): number {
    return this.#slabs.size * PAGE_SIZE;
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
    if (address !== undefined) this.#large.set(address, size);
    return address;
  }
  allocFrom(cache: SlabCache, size = cache.objectSize): Addr | undefined {
    if (cache.free.length === 0) this.grow(cache);
    const address = cache.free.pop();
    if (address === undefined) return undefined;
    cache.allocated++;
    const { start, sizes } = this.#slabs.get(pageNumber(address)) as SlabPages;
    sizes[(address - start) / cache.stride] = size + 1;
    return address;
  }
  /** Whether `address` was an allocation. */
  free(address: Addr): boolean {
    if (this.#large.delete(address)) return this.#pages.free(address);
    const found = this.#object(address);
    if (found === undefined) return false;
    found.pages.sizes[found.index] = 0;
    found.pages.cache.allocated--;
    found.pages.cache.free.push(address);
    return true;
  }
  /** The allocation that starts at `address`. */
  allocation(address: Addr): Allocation | undefined {
    const size = this.#large.get(address);
    if (size !== undefined) return { cache: undefined, size };
    const found = this.#object(address);
    return found && { cache: found.pages.cache, size: (found.pages.sizes[found.index] as number) - 1 };
  }
  #object(address: Addr): { readonly pages: SlabPages; readonly index: number } | undefined {
    const pages = this.#slabs.get(pageNumber(address));
    if (pages === undefined) return undefined;
    const index = (address - pages.start) / pages.cache.stride;
    return (pages.sizes[index] ?? 0) === 0 ? undefined : { pages, index };
  }
  /** Gives the cache's pages back, when no object is left. */
  destroy(cache: SlabCache): void {
    if (cache.allocated > 0) return;
    for (const block of cache.blocks) {
      const pages = this.#slabs.get(pageNumber(block));
      for (let page = pageNumber(block); this.#slabs.get(page) === pages; page++) this.#slabs.delete(page);
      this.#pages.free(block);
    }
    cache.blocks.length = 0;
    cache.free.length = 0;
  }
  /** Adds pages' worth of free objects. Gives them, or none when memory is exhausted. */
  grow(cache: SlabCache): readonly Addr[] {
    const order = Math.max(0, Math.ceil(Math.log2((cache.stride * 8) / PAGE_SIZE)));
    const block = this.#pages.alloc(Math.min(order, 3));
    if (block === undefined) return [];
    cache.blocks.push(block);
    const count = Math.floor((PAGE_SIZE << Math.min(order, 3)) / cache.stride);
    const pages = { cache, start: block, sizes: new Uint16Array(count) };
    for (let page = 0; page < 1 << Math.min(order, 3); page++) this.#slabs.set(pageNumber(block) + page, pages);
    const objects = Array.from({ length: count }, (_, n) => block + (count - 1 - n) * cache.stride);
    cache.free.push(...objects);
    return objects;
  }
}
