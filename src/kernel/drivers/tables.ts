// Tables of the subsystems that serve drivers. One line a Linux source file.
import type { KernelApi } from '../api/index.ts';
import { firmwareLoaderApi } from './base/firmware_loader/main.ts';
import { regcacheApi, regmapApi } from './base/regmap/regmap.ts';
import { connectorApi } from './connector/connector.ts';
import { dmiApi } from './firmware/dmi_scan.ts';
import { hwmonApi } from './hwmon/hwmon.ts';
import { i2cBaseApi } from './i2c/i2c-core-base.ts';
import { i2cSmbusApi } from './i2c/i2c-core-smbus.ts';
import { ledClassApi } from './leds/led-class.ts';
import { ledCoreApi } from './leds/led-core.ts';
import { ledTriggersApi } from './leds/led-triggers.ts';
import { powerSupplyApi } from './power/supply/power_supply_core.ts';

export const driverTables: readonly KernelApi[] = [
  connectorApi,
  dmiApi,
  firmwareLoaderApi,
  hwmonApi,
  i2cBaseApi,
  i2cSmbusApi,
  ledClassApi,
  ledCoreApi,
  ledTriggersApi,
  powerSupplyApi,
  regcacheApi,
  regmapApi,
];
