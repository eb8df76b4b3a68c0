// Reset lines for drivers: there are none. Source: drivers/reset/core.c.
import { ENOENT } from '#abi';
import { absent, bool, int, type KernelApi, kernelApi, kfunc, nothing, partial, voidPtr } from '../../api/index.ts';

const NULL = 0;
const NOT_FOUND = 'firmware describes no reset line';
const none = absent('there are no reset controllers: NULL stands for none');

export const resetApi: KernelApi = kernelApi('drivers/reset/core.c', {
  reset_control_assert: none({ rstc: voidPtr }, int, 0),
  reset_control_deassert: none({ rstc: voidPtr }, int, 0),
  reset_control_reset: none({ rstc: voidPtr }, int, 0),
  reset_control_put: none({ rstc: voidPtr }, nothing),
  __reset_control_get: partial(
    NOT_FOUND,
    kfunc({ dev: voidPtr, id: voidPtr, index: int, shared: bool, optional: bool, acquired: bool }, voidPtr, (_, { optional }) =>
      optional ? NULL : -ENOENT,
    ),
  ),
});
