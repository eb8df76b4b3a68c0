// Runtime power management as drivers call it. Source: drivers/base/power/{runtime,generic_ops}.c.
import { EINVAL } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  noop,
  nothing,
  pointer,
  type Sleeping,
  u64,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { Devres } from '../devres.ts';
import { RuntimePower } from './runtime.ts';
import { DeviceLinks, flag, powerOf, RPM_ACTIVE, RPM_SUSPENDED, setFlag } from './state.ts';

const Driver = kernelStruct('device_driver', { pm: voidPtr });
type Callback = 'runtime_suspend' | 'runtime_resume' | 'suspend' | 'resume' | 'freeze' | 'thaw' | 'poweroff' | 'restore';
const NULL = 0;
const runtime = (k: Kernel): RuntimePower => k.get(RuntimePower);
const dev = pointer('struct device *');
const asked = (method: 'put' | 'suspendWith' | 'get'): KernelSymbol =>
  blocking({ dev, rpmflags: int }, int, (k, { dev: device, rpmflags }) =>
    method === 'suspendWith' ? suspendWith(k, device, rpmflags) : runtime(k)[method](device, rpmflags),
  );
const GET_PUT = 4;
function* suspendWith(k: Kernel, device: Addr, flags: number): Sleeping<number> {
  const left = (flags & GET_PUT) !== 0 ? runtime(k).drop(device) : 0;
  return left < 0 ? left : left > 0 ? 0 : yield* runtime(k).suspend(device, flags);
}
/** pm_generic_X(): the driver's own operation. */
const generic = (name: Callback): KernelSymbol =>
  blocking({ dev }, int, function* (k, { dev: device }) {
    const { driver } = k.view(DeviceLinks, device);
    const pm = driver === NULL ? NULL : k.view(Driver, driver).pm;
    const fn = pm === NULL ? NULL : k.memory.ptr(pm + k.layouts.offsetOf('dev_pm_ops', name));
    return fn === NULL ? 0 : yield* k.callInt(fn, device);
  });
/** pm_runtime_enable() until the device goes. */
function manage(k: Kernel, device: Addr): number {
  runtime(k).enable(device);
  k.get(Devres).addAction(device, k.symbols.require('pm_runtime_disable_action'), device);
  return 0;
}
export const runtimeApi: KernelApi = kernelApi('drivers/base/power/runtime.c', {
  __pm_runtime_idle: asked('put'),
  __pm_runtime_suspend: asked('suspendWith'),
  __pm_runtime_resume: asked('get'),
  pm_runtime_enable: kfunc({ dev }, nothing, (k, { dev: device }) => runtime(k).enable(device)),
  __pm_runtime_disable: blocking({ dev, check_resume: bool }, nothing, (k, { dev: device, check_resume }) =>
    runtime(k).disable(device, check_resume),
  ),
  pm_runtime_disable_action: blocking({ data: voidPtr }, nothing, function* (k, { data }) {
    yield* runtime(k).autosuspend(data, false, powerOf(k, data).autosuspend_delay);
    yield* runtime(k).disable(data, true);
  }),
  devm_pm_runtime_enable: kfunc({ dev }, int, (k, { dev: device }) => manage(k, device)),
  devm_pm_runtime_set_active_enabled: blocking({ dev }, int, function* (k, { dev: device }) {
    const error = yield* runtime(k).setStatus(device, RPM_ACTIVE);
    return error !== 0 ? error : manage(k, device);
  }),
  __pm_runtime_set_status: blocking({ dev, status: uint }, int, (k, { dev: device, status }) => runtime(k).setStatus(device, status)),
  pm_runtime_forbid: blocking({ dev }, nothing, (k, { dev: device }) => runtime(k).forbid(device)),
  pm_runtime_allow: blocking({ dev }, nothing, (k, { dev: device }) => runtime(k).allow(device)),
  pm_runtime_barrier: blocking({ dev }, int, (k, { dev: device }) => runtime(k).barrier(device)),
  pm_runtime_set_autosuspend_delay: blocking({ dev, delay: int }, nothing, (k, { dev: device, delay }) =>
    runtime(k).autosuspend(device, flag(k, device, 'use_autosuspend') !== 0, delay),
  ),
  __pm_runtime_use_autosuspend: blocking({ dev, use: bool }, nothing, (k, { dev: device, use }) =>
    runtime(k).autosuspend(device, use, powerOf(k, device).autosuspend_delay),
  ),
  pm_runtime_autosuspend_expiration: kfunc({ dev }, u64, (k, { dev: device }) => BigInt(Math.floor(runtime(k).expiration(device)))),
  pm_schedule_suspend: blocking({ dev, delay: uint }, int, (k, { dev: device, delay }) => runtime(k).scheduleSuspend(device, delay)),
  pm_runtime_no_callbacks: kfunc({ dev }, nothing, (k, { dev: device }) => setFlag(k, device, 'no_callbacks', 1)),
  pm_runtime_irq_safe: blocking({ dev }, nothing, function* (k, { dev: device }) {
    const { parent } = k.view(DeviceLinks, device);
    // The parent cannot be turned on in an interrupt: it stays on.
    if (parent !== NULL) yield* runtime(k).get(parent, GET_PUT);
    setFlag(k, device, 'irq_safe', 1);
  }),
  /** Counts a user of a device that is on. Return: 1, 0 when it is off, -EINVAL when nobody knows. */
  pm_runtime_get_if_active: kfunc({ dev, ign_usage_count: bool }, int, (k, { dev: device, ign_usage_count }) => {
    const power = powerOf(k, device);
    if (flag(k, device, 'disable_depth') > 0) return -EINVAL;
    if (power.runtime_status !== RPM_ACTIVE || (!ign_usage_count && power.usage_count === 0)) return 0;
    power.usage_count += 1;
    return 1;
  }),
  /** Turns a device off for a suspend of the system, if it is on. */
  pm_runtime_force_suspend: blocking({ dev }, int, function* (k, { dev: device }) {
    yield* runtime(k).disable(device, true);
    if (powerOf(k, device).runtime_status === RPM_SUSPENDED) return 0;
    const error = yield* k.callInt(k.symbols.require('pm_generic_runtime_suspend'), device);
    if (error !== 0) {
      runtime(k).enable(device);
      return error;
    }
    if (powerOf(k, device).usage_count <= 1 && powerOf(k, device).child_count === 0) yield* runtime(k).setStatus(device, RPM_SUSPENDED);
    else setFlag(k, device, 'needs_force_resume', 1);
    return 0;
  }),
  pm_runtime_force_resume: blocking({ dev }, int, function* (k, { dev: device }) {
    let error = 0;
    if (flag(k, device, 'needs_force_resume') !== 0) {
      error = yield* k.callInt(k.symbols.require('pm_generic_runtime_resume'), device);
      yield* runtime(k).setStatus(device, error === 0 ? RPM_ACTIVE : RPM_SUSPENDED);
    }
    setFlag(k, device, 'needs_force_resume', 0);
    runtime(k).enable(device);
    return error;
  }),
  pm_runtime_set_memalloc_noio: noop(
    'allocations never wait for a device',
    kfunc({ dev, enable: bool }, nothing, () => {}),
  ),
});
export const genericOpsApi: KernelApi = kernelApi('drivers/base/power/generic_ops.c', {
  pm_generic_runtime_suspend: generic('runtime_suspend'),
  pm_generic_runtime_resume: generic('runtime_resume'),
  pm_generic_suspend: generic('suspend'),
  pm_generic_resume: generic('resume'),
  pm_generic_freeze: generic('freeze'),
  pm_generic_thaw: generic('thaw'),
  pm_generic_poweroff: generic('poweroff'),
  pm_generic_restore: generic('restore'),
});
