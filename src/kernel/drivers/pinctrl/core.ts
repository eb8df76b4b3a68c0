// Pin multiplexing for drivers: there is none. Source: drivers/pinctrl/core.c.
import { ENODEV } from '#abi';
import { absent, int, type KernelApi, kernelApi, nothing, voidPtr } from '../../api/index.ts';

const none = absent('there are no pin controllers');

export const pinctrlApi: KernelApi = kernelApi('drivers/pinctrl/core.c', {
  devm_pinctrl_get: none({ dev: voidPtr }, voidPtr, -ENODEV),
  devm_pinctrl_put: none({ p: voidPtr }, nothing),
  pinctrl_get: none({ dev: voidPtr }, voidPtr, -ENODEV),
  pinctrl_put: none({ p: voidPtr }, nothing),
  pinctrl_lookup_state: none({ p: voidPtr, name: voidPtr }, voidPtr, -ENODEV),
  pinctrl_select_state: none({ p: voidPtr, state: voidPtr }, int, 0),
  pinctrl_pm_select_default_state: none({ dev: voidPtr }, int, 0),
  pinctrl_pm_select_sleep_state: none({ dev: voidPtr }, int, 0),
});
