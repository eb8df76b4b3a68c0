// Transceivers for drivers: none is registered. Source: drivers/phy/phy-core.c.
import { absent, int, type KernelApi, kernelApi, uint, voidPtr } from '../../api/index.ts';

const NULL = 0;
const none = absent('there are no transceivers: NULL stands for none');

export const phyApi: KernelApi = kernelApi('drivers/phy/phy-core.c', {
  phy_init: none({ phy: voidPtr }, int, 0),
  phy_exit: none({ phy: voidPtr }, int, 0),
  phy_power_on: none({ phy: voidPtr }, int, 0),
  phy_power_off: none({ phy: voidPtr }, int, 0),
  phy_calibrate: none({ phy: voidPtr }, int, 0),
  phy_set_mode_ext: none({ phy: voidPtr, mode: uint, submode: int }, int, 0),
  devm_phy_optional_get: none({ dev: voidPtr, string: voidPtr }, voidPtr, NULL),
});
