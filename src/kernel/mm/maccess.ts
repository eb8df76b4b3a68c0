// Source: mm/maccess.c.
import { int, type KernelApi, kernelApi, kfunc, nothing, ulong } from '../api/index.ts';

export const maccessApi: KernelApi = kernelApi('mm/maccess.c', {
  /** What copy_to_user() and copy_from_user() call instead of copying more than the object has. */
  __copy_overflow: kfunc({ size: int, count: ulong }, nothing, (k, { size, count }) =>
    k.exceptions.warn('mm/maccess.c', 228, '__copy_overflow', `Buffer overflow detected (${size} < ${count})!`),
  ),
});
