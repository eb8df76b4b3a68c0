// Source: lib/bsearch.c.
import { blocking, type KernelApi, kernelApi, size_t, voidPtr } from '../api/index.ts';

export const bsearchApi: KernelApi = kernelApi('lib/bsearch.c', {
  /** An element that compares equal to the key in a sorted array; NULL when there is none. */
  bsearch: blocking(
    { key: voidPtr, base: voidPtr, num: size_t, size: size_t, cmp: voidPtr },
    voidPtr,
    function* (k, { key, base, num, size, cmp }) {
      let first = 0;
      let count = num;
      while (count > 0) {
        const middle = first + (count >>> 1);
        const at = base + middle * size;
        const order = yield* k.callInt(cmp, key, at);
        if (order === 0) return at;
        if (order > 0) {
          first = middle + 1;
          count--;
        }
        count >>>= 1;
      }
      return 0;
    },
  ),
});
