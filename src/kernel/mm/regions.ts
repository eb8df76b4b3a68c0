// A first-fit allocator of page-granular ranges in a region of the address space, each followed by a guard page.
// Its books lie outside guest memory. Used for vmalloc and for modules.
import { type Addr, kernelAddr, type Memory } from '../memory.ts';
import { PAGE_SIZE } from './layout.ts';

export interface Range {
  readonly start: Addr;
  /** Bytes as asked for, rounded up to pages; the guard page comes after. */
  readonly size: number;
}

export class RegionAllocator {
  readonly #memory: Memory;
  readonly #start: Addr;
  readonly #end: Addr;
  /** Sorted by start. */
  readonly #ranges: Range[] = [];

  constructor(memory: Memory, region: { readonly start: number; readonly end: number }) {
    this.#memory = memory;
    this.#start = kernelAddr(region.start);
    this.#end = kernelAddr(region.start) + (region.end - region.start);
  }
  /** Bytes of all ranges. */
  get inUse(): number {
    return this.#ranges.reduce((sum, { size }) => sum + size, 0);
  }
  /** Zeroed pages for `size` bytes, or undefined when there is no hole. */
  alloc(size: number): Addr | undefined {
    const bytes = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    if (bytes === 0) return undefined;
    let start = this.#start;
    let index = 0;
    for (; index < this.#ranges.length; index++) {
      const range = this.#ranges[index] as Range;
      if (range.start - start >= bytes + PAGE_SIZE) break;
      start = range.start + range.size + PAGE_SIZE;
    }
    if (start + bytes + PAGE_SIZE > this.#end) return undefined;
    this.#ranges.splice(index, 0, { start, size: bytes });
    this.#memory.fill(start, 0, bytes);
    return start;
  }
  /** Whether `start` was an allocation. */
  free(start: Addr): boolean {
    const index = this.#ranges.findIndex((range) => range.start === start);
    if (index < 0) return false;
    this.#ranges.splice(index, 1);
    return true;
  }
  /** The allocation that holds `address`. */
  find(address: Addr): Range | undefined {
    return this.#ranges.find((range) => address >= range.start && address < range.start + range.size);
  }
}
