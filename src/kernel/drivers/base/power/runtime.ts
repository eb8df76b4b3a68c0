// Runtime power management: counters and states of devices. Nothing here saves power. Source: drivers/base/power/{runtime,wakeup,common,qos}.c.
import { EACCES, EAGAIN, EINVAL } from '#abi';
import {
  blocking,
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
  type Sleeping,
  u8,
  u64,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { devPrintk } from '../dev_printk.ts';
import { Devres } from '../devres.ts';

const Power = kernelStruct('device', {
  parent: voidPtr,
  type: voidPtr,
  bus: voidPtr,
  class: voidPtr,
  driver: voidPtr,
  /** The byte of can_wakeup. */
  'power.can_wakeup': u8,
  'power.usage_count': int,
  'power.child_count': int,
  /** disable_depth in bits 0..2, runtime_auto in bit 7. */
  'power.disable_depth': u8,
  /** ignore_children, no_callbacks, irq_safe, use_autosuspend in bits 0..3. */
  'power.ignore_children': u8,
  'power.runtime_status': int,
  'power.last_status': int,
  'power.runtime_error': int,
  'power.autosuspend_delay': int,
});
const PmOps = kernelStruct('dev_pm_ops', { runtime_resume: voidPtr });
const PmOf = { type: 'device_type', class: 'class', bus: 'bus_type', driver: 'device_driver' } as const;
const NULL = 0;
const LEVEL_WARNING = 4;
const ACTIVE = 0;
const SUSPENDED = 2;
const INVALID = -1;
const GET_PUT = 4;
const DEPTH = 7;
const AUTO = 0x80;
const NO_CALLBACKS = 2;
const IRQ_SAFE = 4;
const USE_AUTOSUSPEND = 8;
const CAN_WAKEUP = 1;

const power = (k: Kernel, device: Addr) => k.view(Power, device);
const depth = (k: Kernel, device: Addr): number => power(k, device)['power.disable_depth'] & DEPTH;
/** pm_runtime_init(): a new device is suspended, and its runtime power management off. */
export function initRuntimePower(k: Kernel, device: Addr): void {
  const view = power(k, device);
  view['power.runtime_status'] = SUSPENDED;
  view['power.last_status'] = INVALID;
  view['power.disable_depth'] = AUTO | 1;
}
/** The first of type, class, bus and driver that has power management operations says what resuming means. */
function resumeCallback(k: Kernel, device: Addr): Addr {
  const view = power(k, device);
  for (const owner of ['type', 'class', 'bus', 'driver'] as const) {
    const ops = view[owner] === NULL ? NULL : k.memory.ptr(view[owner] + k.layouts.offsetOf(PmOf[owner], 'pm'));
    if (ops === NULL) continue;
    const { runtime_resume: fn } = k.view(PmOps, ops);
    if (fn !== NULL || owner !== 'bus') return fn;
  }
  return NULL;
}
function* resume(k: Kernel, device: Addr): Sleeping<number> {
  const view = power(k, device);
  if (view['power.runtime_error'] !== 0) return -EINVAL;
  if (depth(k, device) > 0) return view['power.runtime_status'] === ACTIVE && view['power.last_status'] === ACTIVE ? 1 : -EACCES;
  if (view['power.runtime_status'] === ACTIVE) return 1;
  if (view.parent !== NULL && depth(k, view.parent) === 0) yield* resume(k, view.parent);
  const fn = (view['power.ignore_children'] & NO_CALLBACKS) !== 0 ? NULL : resumeCallback(k, device);
  const error = fn === NULL ? 0 : yield* k.callInt(fn, device);
  if (error === 0) view['power.runtime_status'] = ACTIVE;
  else view['power.runtime_error'] = error;
  return error;
}
/** Gives a use back. Whether there are others left, or -errno. */
function release(k: Kernel, device: Addr, flags: number): number {
  const view = power(k, device);
  if ((flags & GET_PUT) !== 0) {
    view['power.usage_count'] -= 1;
    if (view['power.usage_count'] < 0) {
      view['power.usage_count'] = 0;
      return -EINVAL;
    }
    if (view['power.usage_count'] > 0) return 0;
  }
  if (view['power.runtime_error'] !== 0) return -EINVAL;
  if (depth(k, device) > 0) return -EACCES;
  return view['power.usage_count'] > 0 ? -EAGAIN : 0;
}
function setBit(k: Kernel, device: Addr, bit: number, on: boolean): void {
  const view = power(k, device);
  view['power.ignore_children'] = on ? view['power.ignore_children'] | bit : view['power.ignore_children'] & ~bit;
}
const canWakeup = (k: Kernel, device: Addr): boolean => device !== NULL && (power(k, device)['power.can_wakeup'] & CAN_WAKEUP) !== 0;
const dev = pointer('struct device *');
const rpmflags = int;
const STAYS = 'a device that is active stays active';
const NEVER = 'the system never suspends';

export const pmRuntimeApi: KernelApi = kernelApi('drivers/base/power/runtime.c', {
  __pm_runtime_resume: blocking({ dev, rpmflags }, int, function* (k, { dev: device, rpmflags: flags }) {
    if ((flags & GET_PUT) !== 0) power(k, device)['power.usage_count'] += 1;
    return yield* resume(k, device);
  }),
  __pm_runtime_idle: partial(
    STAYS,
    kfunc({ dev, rpmflags }, int, (k, { dev: device, rpmflags: flags }) => release(k, device, flags)),
  ),
  __pm_runtime_suspend: partial(
    STAYS,
    kfunc({ dev, rpmflags }, int, (k, { dev: device, rpmflags: flags }) => release(k, device, flags)),
  ),
  __pm_runtime_set_status: kfunc({ dev, status: uint }, int, (k, { dev: device, status }) => {
    const view = power(k, device);
    if (status !== ACTIVE && status !== SUSPENDED) return -EINVAL;
    if (view['power.runtime_error'] === 0 && depth(k, device) === 0) return -EAGAIN;
    view['power.runtime_status'] = status;
    view['power.runtime_error'] = 0;
    return 0;
  }),
  pm_runtime_enable: kfunc({ dev }, nothing, (k, { dev: device }) => {
    const view = power(k, device);
    if (depth(k, device) === 0) {
      devPrintk(k, LEVEL_WARNING, device, 'Unbalanced pm_runtime_enable!\n');
      return;
    }
    view['power.disable_depth'] -= 1;
    if (depth(k, device) === 0) view['power.last_status'] = INVALID;
  }),
  __pm_runtime_disable: kfunc({ dev, check_resume: bool }, nothing, (k, { dev: device }) => {
    const view = power(k, device);
    if (depth(k, device) === 0) view['power.last_status'] = view['power.runtime_status'];
    if (depth(k, device) < DEPTH) view['power.disable_depth'] += 1;
  }),
  pm_runtime_forbid: blocking({ dev }, nothing, function* (k, { dev: device }) {
    const view = power(k, device);
    if ((view['power.disable_depth'] & AUTO) === 0) return;
    view['power.disable_depth'] &= ~AUTO;
    view['power.usage_count'] += 1;
    yield* resume(k, device);
  }),
  pm_runtime_allow: kfunc({ dev }, nothing, (k, { dev: device }) => {
    const view = power(k, device);
    if ((view['power.disable_depth'] & AUTO) !== 0) return;
    view['power.disable_depth'] |= AUTO;
    release(k, device, GET_PUT);
  }),
  pm_runtime_barrier: kfunc({ dev }, int, () => 0),
  pm_runtime_no_callbacks: kfunc({ dev }, nothing, (k, { dev: device }) => setBit(k, device, NO_CALLBACKS, true)),
  pm_runtime_irq_safe: kfunc({ dev }, nothing, (k, { dev: device }) => setBit(k, device, IRQ_SAFE, true)),
  __pm_runtime_use_autosuspend: partial(
    STAYS,
    kfunc({ dev, use: bool }, nothing, (k, { dev: device, use }) => setBit(k, device, USE_AUTOSUSPEND, use)),
  ),
  pm_runtime_set_autosuspend_delay: partial(
    STAYS,
    kfunc({ dev, delay: int }, nothing, (k, { dev: device, delay }) => {
      power(k, device)['power.autosuspend_delay'] = delay;
    }),
  ),
  pm_runtime_autosuspend_expiration: partial(
    STAYS,
    kfunc({ dev }, u64, () => 0n),
  ),
  pm_runtime_suspended_time: partial(
    'no times are kept',
    kfunc({ dev }, u64, () => 0n),
  ),
  pm_runtime_get_if_active: kfunc({ dev, ign_usage_count: bool }, int, (k, { dev: device, ign_usage_count }) => {
    const view = power(k, device);
    if (depth(k, device) > 0) return -EINVAL;
    if (view['power.runtime_status'] !== ACTIVE || (!ign_usage_count && view['power.usage_count'] === 0)) return 0;
    view['power.usage_count'] += 1;
    return 1;
  }),
  devm_pm_runtime_enable: kfunc({ dev }, int, (k, { dev: device }) => enableManaged(k, device, false)),
  devm_pm_runtime_set_active_enabled: kfunc({ dev }, int, (k, { dev: device }) => enableManaged(k, device, true)),
  pm_schedule_suspend: partial(
    STAYS,
    kfunc({ dev, delay: uint }, int, () => 0),
  ),
  pm_runtime_force_suspend: partial(
    NEVER,
    kfunc({ dev }, int, () => 0),
  ),
  pm_runtime_force_resume: partial(
    NEVER,
    kfunc({ dev }, int, () => 0),
  ),
});
const GENERIC = ['suspend', 'resume', 'freeze', 'thaw', 'poweroff', 'restore', 'runtime_suspend', 'runtime_resume'] as const;
const LATER = ['suspend_late', 'resume_early', 'freeze_late', 'thaw_early', 'poweroff_late', 'restore_early'] as const;
const NOIRQ = ['suspend_noirq', 'resume_noirq', 'freeze_noirq', 'thaw_noirq', 'poweroff_noirq', 'restore_noirq'] as const;
/** pm_generic_X(): what the device's driver has for it. */
export const pmGenericApi: KernelApi = kernelApi(
  'drivers/base/power/generic_ops.c',
  Object.fromEntries(
    [...GENERIC, ...LATER, ...NOIRQ].map((name) => [
      `pm_generic_${name}`,
      blocking({ dev }, int, function* (k, { dev: device }) {
        const { driver } = power(k, device);
        const ops = driver === NULL ? NULL : k.memory.ptr(driver + k.layouts.offsetOf('device_driver', 'pm'));
        const fn = ops === NULL ? NULL : k.memory.ptr(ops + k.layouts.offsetOf('dev_pm_ops', name));
        return fn === NULL ? 0 : yield* k.callInt(fn, device);
      }),
    ]),
  ),
);
/** Runtime power management on, and off again with the driver. */
function enableManaged(k: Kernel, device: Addr, active: boolean): number {
  const view = power(k, device);
  if (active) view['power.runtime_status'] = ACTIVE;
  if (depth(k, device) > 0) view['power.disable_depth'] -= 1;
  k.get(Devres).addUndo(device, undefined, () => {
    view['power.disable_depth'] += 1;
    if (active) view['power.runtime_status'] = SUSPENDED;
  });
  return 0;
}
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
export const pmCommonApi: KernelApi = kernelApi('drivers/base/power/common.c', {
  dev_pm_domain_attach: partial(
    NO_DOMAINS,
    kfunc({ dev, power_on: bool }, int, () => 0),
  ),
  dev_pm_domain_detach: partial(
    NO_DOMAINS,
    kfunc({ dev, power_off: bool }, nothing, () => {}),
  ),
});
