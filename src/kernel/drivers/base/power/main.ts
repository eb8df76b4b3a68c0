// Suspending and resuming devices: it never happens. Source: drivers/base/power/{main,sysfs}.c.
import { cstring, int, type KernelApi, kdata, kernelApi, kernelStruct, kfunc, nothing, partial, voidPtr } from '../../../api/index.ts';
import { devPrintk } from '../dev_printk.ts';

const DeviceDomain = kernelStruct('device', { pm_domain: voidPtr });
const LEVEL_ERR = 3;
const where = (name: string, offset: number, size: number): string => `${name}+0x${offset.toString(16)}/0x${size.toString(16)}`;

export const pmMainApi: KernelApi = kernelApi('drivers/base/power/main.c', {
  device_pm_wait_for_dev: partial(
    'the system never suspends',
    kfunc({ subordinate: voidPtr, dev: voidPtr }, int, () => 0),
  ),
  dev_pm_domain_set: kfunc({ dev: voidPtr, pd: voidPtr }, nothing, (k, { dev, pd }) => {
    k.view(DeviceDomain, dev).pm_domain = pd;
  }),
  /** Says that a callback failed. */
  __suspend_report_result: kfunc(
    { function: cstring, dev: voidPtr, fn: voidPtr, ret: int },
    nothing,
    (k, { function: name, dev, fn, ret }) => {
      if (ret === 0) return;
      const at = k.symbolize(fn);
      const text =
        at === undefined
          ? ''
          : at.module === undefined
            ? where(at.name, at.offset, at.size)
            : `${where(at.name, at.offset, at.size)} [${at.module}]`;
      devPrintk(k, LEVEL_ERR, dev, `${name}(): ${text} returns ${ret}\n`);
    },
  ),
  /** The directory of a device's power files. */
  power_group_name: kdata((k, address) => k.memory.setPtr(address, k.cstringAlloc('power'))),
});
