// The older name of the same arrays. Source: lib/radix-tree.c.
import { EEXIST, ENOMEM } from '#abi';
import { gfp_t, int, type KernelApi, kernelApi, kfunc, nothing, pointer, size_t, voidPtr } from '../api/index.ts';
import { at } from './xarray.ts';

const NULL = 0;
const xa = pointer('struct xarray *');
const index = size_t;
const entry = voidPtr;

export const radixTreeApi: KernelApi = kernelApi('lib/radix-tree.c', {
  radix_tree_insert: kfunc({ root: xa, index, item: entry }, int, (k, { root, index: n, item }) => {
    if (at(k, root).load(n) !== NULL) return -EEXIST;
    return at(k, root).store(n, item) === undefined ? -ENOMEM : 0;
  }),
  radix_tree_lookup: kfunc({ root: xa, index }, voidPtr, (k, { root, index: n }) => at(k, root).load(n)),
  radix_tree_delete: kfunc({ root: xa, index }, voidPtr, (k, { root, index: n }) => at(k, root).store(n, NULL) ?? NULL),
  radix_tree_delete_item: kfunc({ root: xa, index, item: entry }, voidPtr, (k, { root, index: n, item }) => {
    const found = at(k, root).load(n);
    if (found === NULL || (item !== NULL && found !== item)) return NULL;
    return at(k, root).store(n, NULL) ?? NULL;
  }),
  /** Allocation never fails for want of nodes; idr_preload_end(), inlined in the module, enables preemption again. */
  idr_preload: kfunc({ gfp_mask: gfp_t }, nothing, (k) => {
    k.percpu.preemptCount += 1;
  }),
});
