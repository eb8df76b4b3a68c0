// Tables of the subsystems that serve drivers. One line a Linux source file.
import type { KernelApi } from '../api/index.ts';
import { firmwareLoaderApi } from './base/firmware_loader/main.ts';
import { hwmonApi } from './hwmon/hwmon.ts';
import { i2cBaseApi } from './i2c/i2c-core-base.ts';
import { i2cSmbusApi } from './i2c/i2c-core-smbus.ts';
import { ledClassApi } from './leds/led-class.ts';
import { ledCoreApi } from './leds/led-core.ts';
import { ledTriggersApi } from './leds/led-triggers.ts';

export const driverTables: readonly KernelApi[] = [
  firmwareLoaderApi,
  hwmonApi,
  i2cBaseApi,
  i2cSmbusApi,
  ledClassApi,
  ledCoreApi,
  ledTriggersApi,
];
