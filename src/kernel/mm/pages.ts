// Pages of the direct map: power-of-two blocks, aligned to their size. The books lie outside guest memory.
import { type Addr, kernelAddr } from '../memory.ts';
import { DIRECT_MAP, PAGE_SIZE } from './layout.ts';

const MAX_ORDER = 11;

export class PageAllocator {
  /** Free blocks by order. */
  readonly #free: Addr[][] = Array.from({ length: MAX_ORDER }, () => []);
  readonly #orderOf = new Map<Addr, number>();
  #next: Addr = kernelAddr(DIRECT_MAP.start);
  readonly #end: Addr = kernelAddr(DIRECT_MAP.end);

  /** Bytes. */
  get total(): number {
    return DIRECT_MAP.end - DIRECT_MAP.start;
  }
  get inUse(): number {
    let pages = 0;
    for (const order of this.#orderOf.values()) pages += 2 ** order;
    return pages * PAGE_SIZE;
  }
  /** 2^order pages (contents undefined), or undefined when memory is exhausted. */
  alloc(order: number): Addr | undefined {
    if (order >= MAX_ORDER) return undefined;
    let block = this.#free[order]?.pop();
    if (block === undefined) {
      const bytes = PAGE_SIZE << order;
      // Blocks that alignment skips go to the free lists: nothing is lost.
      while ((this.#next >>> 0) % bytes !== 0) {
        const skipped = Math.log2(((this.#next >>> 0) & -(this.#next >>> 0)) >>> 0) - 12;
        this.#free[skipped]?.push(this.#next);
        this.#next += PAGE_SIZE << skipped;
      }
      if (this.#next + bytes > this.#end) return undefined;
      block = this.#next;
      this.#next += bytes;
    }
    this.#orderOf.set(block, order);
    return block;
  }
  /** The order of the block at `page`, or undefined when it is not an allocated block. */
  orderOf(page: Addr): number | undefined {
    return this.#orderOf.get(page);
  }
  free(page: Addr): boolean {
    const order = this.#orderOf.get(page);
    if (order === undefined) return false;
    this.#orderOf.delete(page);
    this.#free[order]?.push(page);
    return true;
  }
}
