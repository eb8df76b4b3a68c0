// Source: lib/sort.c, lib/list_sort.c.
import { blocking, type KernelApi, kernelApi, nothing, pointer, type Sleeping, size_t, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { listEntries } from './list.ts';

/** Values of swap_func that name a built-in swap (lib/sort.c): they are no addresses. */
const LAST_BUILT_IN_SWAP = 3;

interface Sorting {
  readonly base: Addr;
  readonly count: number;
  readonly size: number;
  compare(a: Addr, b: Addr): Sleeping<number>;
  swap(a: Addr, b: Addr): Sleeping<void>;
}
/**
 * Heapsort that sifts to the bottom first, as Linux does: elements that compare equal end in the same order there and here.
 * Indices are in elements.
 */
function* heapsort({ base, count, size, compare, swap }: Sorting): Sleeping<void> {
  const at = (index: number): Addr => base + index * size;
  const parent = (index: number): number => (index - 1) >> 1;
  let root = count >> 1;
  let end = count;
  if (count < 2) return;
  for (;;) {
    if (root > 0) root--;
    else if (--end > 0) yield* swap(at(0), at(end));
    else return;
    // Down to a leaf along the larger children, then up again to where the root's element belongs.
    let leaf = root;
    let child = 2 * leaf + 1;
    for (; child + 1 < end; child = 2 * leaf + 1) {
      leaf = (yield* compare(at(child), at(child + 1))) >= 0 ? child : child + 1;
    }
    if (child + 1 === end) leaf = child;
    while (leaf !== root && (yield* compare(at(root), at(leaf))) >= 0) leaf = parent(leaf);
    const place = leaf;
    while (leaf !== root) {
      leaf = parent(leaf);
      yield* swap(at(leaf), at(place));
    }
  }
}
function sorting(k: Kernel, values: { base: Addr; num: number; size: number; cmp_func: Addr; swap_func: Addr }, priv: Addr[]): Sorting {
  const { base, num, size, cmp_func, swap_func } = values;
  const builtIn = swap_func >= 0 && swap_func <= LAST_BUILT_IN_SWAP;
  return {
    base,
    count: num,
    size,
    compare: (a, b) => k.callInt(cmp_func, a, b, ...priv),
    *swap(a, b) {
      if (!builtIn) {
        yield* k.call(swap_func, a, b, size, ...priv);
        return;
      }
      const bytes = k.memory.read(a, size).slice();
      k.memory.copy(a, b, size);
      k.memory.write(b, bytes);
    },
  };
}
export const sortApi: KernelApi = kernelApi('lib/sort.c', {
  sort: blocking({ base: voidPtr, num: size_t, size: size_t, cmp_func: voidPtr, swap_func: voidPtr }, nothing, (k, values) =>
    heapsort(sorting(k, values, [])),
  ),
  sort_r: blocking(
    { base: voidPtr, num: size_t, size: size_t, cmp_func: voidPtr, swap_func: voidPtr, priv: voidPtr },
    nothing,
    (k, values) => heapsort(sorting(k, values, [values.priv])),
  ),
});

/** Stable merge sort of `entries`; `after(a, b)` says that a must stand behind b. */
function* mergeSort(entries: readonly Addr[], after: (a: Addr, b: Addr) => Sleeping<boolean>): Sleeping<Addr[]> {
  if (entries.length < 2) return [...entries];
  const middle = entries.length >> 1;
  const left = yield* mergeSort(entries.slice(0, middle), after);
  const right = yield* mergeSort(entries.slice(middle), after);
  const merged: Addr[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const a = left[l] as Addr;
    const b = right[r] as Addr;
    if (yield* after(a, b)) {
      merged.push(b);
      r++;
    } else {
      merged.push(a);
      l++;
    }
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}
export const listSortApi: KernelApi = kernelApi('lib/list_sort.c', {
  list_sort: blocking({ priv: voidPtr, head: pointer('struct list_head *'), cmp: voidPtr }, nothing, function* (k, { priv, head, cmp }) {
    const sorted = yield* mergeSort(listEntries(k, head), function* (a, b) {
      return (yield* k.callInt(cmp, priv, a, b)) > 0;
    });
    const ring = [head, ...sorted, head];
    for (let n = 0; n + 1 < ring.length; n++) {
      k.memory.setPtr(ring[n] as Addr, ring[n + 1] as Addr);
      k.memory.setPtr((ring[n + 1] as Addr) + 8, ring[n] as Addr);
    }
  }),
});
