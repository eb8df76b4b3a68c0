// Messages that name a device. Source: drivers/base/core.c.
import {
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  variadic,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectName } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { LOGLEVEL } from '../../printk/log.ts';

const DeviceNames = kernelStruct('device', { init_name: voidPtr, driver: voidPtr, bus: voidPtr, class: voidPtr });
const DriverName = kernelStruct('device_driver', { name: voidPtr });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const ClassName = kernelStruct('class', { name: voidPtr });
const NULL = 0;
const EPROBE_DEFER = 517;

export function deviceName(k: Kernel, device: Addr): string {
  const { init_name: initial } = k.view(DeviceNames, device);
  return initial !== NULL ? k.memory.cstring(initial) : kobjectName(k, device);
}
/** Who speaks: the driver, else the bus, else the class. */
export function driverString(k: Kernel, device: Addr): string {
  const { driver, bus, class: cls } = k.view(DeviceNames, device);
  if (driver !== NULL) return k.memory.cstring(k.view(DriverName, driver).name);
  if (bus !== NULL) return k.memory.cstring(k.view(BusName, bus).name);
  return cls === NULL ? '' : k.memory.cstring(k.view(ClassName, cls).name);
}
/** `before` stands in front of the names. */
export function devPrintk(k: Kernel, level: number, device: Addr, text: string, before = ''): void {
  if (device === NULL) {
    k.log.vprintk(`\x01${level}(NULL device *): ${text}`);
    return;
  }
  const { bus, class: cls } = k.view(DeviceNames, device);
  const subsystem =
    cls !== NULL ? k.memory.cstring(k.view(ClassName, cls).name) : bus !== NULL ? k.memory.cstring(k.view(BusName, bus).name) : undefined;
  const dictionary = subsystem === undefined ? [] : [`SUBSYSTEM=${subsystem}`, `DEVICE=+${subsystem}:${deviceName(k, device)}`];
  k.log.vprintk(`\x01${level}${before}${driverString(k, device)} ${deviceName(k, device)}: ${text}`, dictionary);
}
const dev = pointer('const struct device *');
const at = (level: number): KernelSymbol =>
  variadic({ dev, fmt: cstring }, nothing, (k, { dev: device, fmt, va }) => devPrintk(k, level, device, k.formatter.format(fmt, va)));

export const devPrintkApi: KernelApi = kernelApi('drivers/base/core.c, messages', {
  _dev_emerg: at(LOGLEVEL.emerg),
  _dev_alert: at(LOGLEVEL.alert),
  _dev_crit: at(LOGLEVEL.crit),
  _dev_err: at(LOGLEVEL.err),
  _dev_warn: at(LOGLEVEL.warning),
  _dev_notice: at(LOGLEVEL.notice),
  _dev_info: at(LOGLEVEL.info),
  _dev_printk: variadic({ level: cstring, dev, fmt: cstring }, nothing, (k, { level, dev: device, fmt, va }) =>
    devPrintk(k, Number(level[1] ?? '4'), device, k.formatter.format(fmt, va)),
  ),
  /** Says that a probe failed, as an error; a deferred one only as debugging. Return: err. */
  dev_err_probe: variadic({ dev, err: int, fmt: cstring }, int, (k, { dev: device, err, fmt, va }) => {
    const text = `error ${err < 0 && err >= -4095 ? errorName(k, err) : err}: ${k.formatter.format(fmt, va)}`;
    if (err !== -EPROBE_DEFER) devPrintk(k, LOGLEVEL.err, device, text);
    return err;
  }),
  dev_driver_string: kfunc({ dev }, voidPtr, (k, { dev: device }) => {
    const { driver, bus, class: cls } = k.view(DeviceNames, device);
    if (driver !== NULL) return k.view(DriverName, driver).name;
    if (bus !== NULL) return k.view(BusName, bus).name;
    return cls === NULL ? k.cstringAlloc('') : k.view(ClassName, cls).name;
  }),
});
const errorName = (k: Kernel, err: number): string => k.formatter.errorName(err);
