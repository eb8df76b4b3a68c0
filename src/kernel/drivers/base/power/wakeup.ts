// Wakeup sources, power domains and quality of service: nothing here saves power or wakes anything.
// Source: drivers/base/power/{wakeup,common,qos}.c.
import { EINVAL } from '#abi';
import {
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  partial,
  pointer,
  u8,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';

/** The byte of can_wakeup. */
const Power = kernelStruct('device', { 'power.can_wakeup': u8 });
const NULL = 0;
const CAN_WAKEUP = 1;
const NEVER = 'the system never suspends';

const power = (k: Kernel, device: Addr) => k.view(Power, device);
const canWakeup = (k: Kernel, device: Addr): boolean => device !== NULL && (power(k, device)['power.can_wakeup'] & CAN_WAKEUP) !== 0;
const dev = pointer('struct device *');

export const wakeupApi: KernelApi = kernelApi('drivers/base/power/wakeup.c', {
  device_set_wakeup_capable: kfunc({ dev, capable: bool }, nothing, (k, { dev: device, capable }) => {
    const view = power(k, device);
    view['power.can_wakeup'] = capable ? view['power.can_wakeup'] | CAN_WAKEUP : view['power.can_wakeup'] & ~CAN_WAKEUP;
  }),
  device_wakeup_enable: partial(
    NEVER,
    kfunc({ dev }, int, (k, { dev: device }) => (canWakeup(k, device) ? 0 : -EINVAL)),
  ),
  device_wakeup_disable: partial(
    NEVER,
    kfunc({ dev }, int, (k, { dev: device }) => (canWakeup(k, device) ? 0 : -EINVAL)),
  ),
  device_set_wakeup_enable: partial(
    NEVER,
    kfunc({ dev, enable: bool }, int, (k, { dev: device }) => (canWakeup(k, device) ? 0 : -EINVAL)),
  ),
  wakeup_source_register: partial(
    `${NEVER}; nothing in /sys/class/wakeup`,
    kfunc({ dev, name: optionalCstring }, voidPtr, (k) => kzalloc(k, k.layouts.sizeOf('wakeup_source'))),
  ),
  wakeup_source_unregister: kfunc({ ws: voidPtr }, nothing, (k, { ws }) => {
    if (ws !== NULL) k.slab.free(ws);
  }),
  pm_wakeup_dev_event: partial(
    NEVER,
    kfunc({ dev, msec: uint, hard: bool }, nothing, () => {}),
  ),
  pm_wakeup_ws_event: partial(
    NEVER,
    kfunc({ ws: voidPtr, msec: uint, hard: bool }, nothing, () => {}),
  ),
  pm_system_wakeup: partial(
    NEVER,
    kfunc({}, nothing, () => {}),
  ),
});
const NO_DOMAINS = 'there are no power domains';
export const pmCommonApi: KernelApi = kernelApi('drivers/base/power/{common,wakeirq}.c', {
  dev_pm_domain_attach: partial(
    NO_DOMAINS,
    kfunc({ dev, power_on: bool }, int, () => 0),
  ),
  dev_pm_domain_detach: partial(
    NO_DOMAINS,
    kfunc({ dev, power_off: bool }, nothing, () => {}),
  ),
});
