// Runtime power management: a device is on while it is used. Source: drivers/base/power/runtime.c,
// Documentation/power/runtime_pm.rst.
import { EACCES, EAGAIN, EBUSY, EINPROGRESS, EINVAL } from '#abi';
import { kernelStruct, type Sleeping, voidPtr } from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { LOGLEVEL } from '../../../printk/log.ts';
import { TASK_UNINTERRUPTIBLE } from '../../../sched/task.ts';
import { Waiters } from '../../../sched/waiters.ts';
import type { CancellableEvent } from '../../../time/clock.ts';
import { deviceName, devPrintk } from '../dev_printk.ts';
import { DeviceLinks, flag, powerOf, RPM_ACTIVE, RPM_INVALID, RPM_RESUMING, RPM_SUSPENDED, RPM_SUSPENDING, setFlag } from './state.ts';

const Operations = kernelStruct('dev_pm_ops', { runtime_suspend: voidPtr, runtime_resume: voidPtr, runtime_idle: voidPtr });
const Owner = {
  type: kernelStruct('device_type', { pm: voidPtr }),
  class: kernelStruct('class', { pm: voidPtr }),
  bus: kernelStruct('bus_type', { pm: voidPtr }),
  driver: kernelStruct('device_driver', { pm: voidPtr }),
} as const;
const NULL = 0;
const NS_PER_MS = 1e6;
/** What a caller may ask for. */
export const RPM = { async: 1, nowait: 2, getPut: 4, auto: 8 } as const;
type Request = 'idle' | 'suspend' | 'resume' | 'autosuspend';

export class RuntimePower {
  readonly #k: Kernel;
  readonly #requests = new Map<Addr, Request>();
  readonly #timers = new Map<Addr, CancellableEvent>();
  #working = false;
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** The operation of the device's type, class or bus (the first that has any), else of its driver. */
  #callback(device: Addr, name: 'runtime_suspend' | 'runtime_resume' | 'runtime_idle'): Addr {
    const k = this.#k;
    const links = k.view(DeviceLinks, device);
    const owner = (['type', 'class', 'bus'] as const).find(
      (field) => links[field] !== NULL && k.view(Owner[field], links[field]).pm !== NULL,
    );
    const operations = owner === undefined ? NULL : k.view(Owner[owner], links[owner]).pm;
    const chosen = operations === NULL ? NULL : k.view(Operations, operations)[name];
    if (chosen !== NULL || links.driver === NULL) return chosen;
    const { pm } = k.view(Owner.driver, links.driver);
    return pm === NULL ? NULL : k.view(Operations, pm)[name];
  }
  *#call(device: Addr, name: 'runtime_suspend' | 'runtime_resume' | 'runtime_idle'): Sleeping<number> {
    const fn = flag(this.#k, device, 'no_callbacks') !== 0 ? NULL : this.#callback(device, name);
    return fn === NULL ? 0 : yield* this.#k.callInt(fn, device);
  }
  /** Does something to the device later, in the thread of the work queue `pm`. The last wish counts. */
  #ask(device: Addr, request: Request): void {
    this.#requests.set(device, request);
    if (this.#working) return;
    this.#working = true;
    this.#k.scheduler.spawn('kworker/0:6', () => this.#work());
  }
  *#work(): Sleeping<number> {
    for (let next = this.#requests.entries().next(); next.done !== true; next = this.#requests.entries().next()) {
      const [device, request] = next.value;
      this.#requests.delete(device);
      if (request === 'idle') yield* this.idle(device, RPM.nowait);
      else if (request === 'resume') yield* this.resume(device, RPM.nowait);
      else yield* this.suspend(device, RPM.nowait | (request === 'autosuspend' ? RPM.auto : 0));
    }
    this.#working = false;
    return 0;
  }
  #cancel(device: Addr): void {
    this.#requests.delete(device);
    this.#timers.get(device)?.cancel();
    this.#timers.delete(device);
  }
  #suspendAt(device: Addr, time: number): void {
    this.#timers.get(device)?.cancel();
    this.#timers.set(
      device,
      this.#k.clock.at(Math.max(time, this.#k.clock.now), () => {
        this.#timers.delete(device);
        this.#ask(device, flag(this.#k, device, 'timer_autosuspends') !== 0 ? 'autosuspend' : 'suspend');
      }),
    );
  }
  /** Counts the time since the last look for the state that the device is in. */
  account(device: Addr): void {
    const power = powerOf(this.#k, device);
    if (flag(this.#k, device, 'disable_depth') > 0) return;
    const now = BigInt(Math.floor(this.#k.clock.now));
    const passed = now - power.accounting_timestamp;
    power.accounting_timestamp = now;
    if (power.runtime_status === RPM_SUSPENDED) power.suspended_time += passed;
    else power.active_time += passed;
  }
  #setStatus(device: Addr, status: number): void {
    this.account(device);
    powerOf(this.#k, device).runtime_status = status;
    this.#k.get(Waiters).wake(device, Number.POSITIVE_INFINITY);
  }
  /** Waits for the end of a change of the status that another task makes. */
  *#settled(device: Addr, statuses: readonly number[]): Sleeping<void> {
    yield* this.#k.get(Waiters).until(device, TASK_UNINTERRUPTIBLE, () => !statuses.includes(powerOf(this.#k, device).runtime_status));
  }
  /** Whether the device may be suspended: 0, 1 when it is, or why not. */
  #allowed(device: Addr): number {
    const k = this.#k;
    const power = powerOf(k, device);
    if (power.runtime_error !== 0) return -EINVAL;
    if (flag(k, device, 'disable_depth') > 0) return -EACCES;
    if (power.usage_count > 0) return -EAGAIN;
    if (flag(k, device, 'ignore_children') === 0 && power.child_count > 0) return -EBUSY;
    return power.runtime_status === RPM_SUSPENDED ? 1 : 0;
  }
  /** When the device has not been used long enough, in ns since boot; 0: it may be suspended now. */
  expiration(device: Addr): number {
    const k = this.#k;
    const { autosuspend_delay: delay, last_busy: busy } = powerOf(k, device);
    if (flag(k, device, 'use_autosuspend') === 0 || delay < 0) return 0;
    const time = Number(busy) + delay * NS_PER_MS;
    return time > k.clock.now ? time : 0;
  }
  *resume(device: Addr, flags: number): Sleeping<number> {
    const k = this.#k;
    const power = powerOf(k, device);
    if (power.runtime_error !== 0) return -EINVAL;
    if (flag(k, device, 'disable_depth') > 0) return power.runtime_status === RPM_ACTIVE && power.last_status === RPM_ACTIVE ? 1 : -EACCES;
    this.#cancel(device);
    if (power.runtime_status === RPM_ACTIVE) return 1;
    if (power.runtime_status !== RPM_SUSPENDED) {
      if ((flags & (RPM.async | RPM.nowait)) !== 0) return -EINPROGRESS;
      yield* this.#settled(device, [RPM_RESUMING, RPM_SUSPENDING]);
      return yield* this.resume(device, flags);
    }
    if ((flags & RPM.async) !== 0) {
      this.#ask(device, 'resume');
      return 0;
    }
    const { parent } = k.view(DeviceLinks, device);
    if (parent !== NULL && !(yield* this.#holdParent(parent))) return -EBUSY;
    this.#setStatus(device, RPM_RESUMING);
    const error = yield* this.#call(device, 'runtime_resume');
    if (error === 0) {
      power.last_busy = BigInt(Math.floor(k.clock.now));
      if (parent !== NULL) powerOf(k, parent).child_count += 1;
    } else if (error !== -EAGAIN && error !== -EBUSY) power.runtime_error = error;
    this.#setStatus(device, error === 0 ? RPM_ACTIVE : RPM_SUSPENDED);
    if (error === 0) yield* this.idle(device, RPM.async);
    if (parent !== NULL) yield* this.put(parent, RPM.getPut | RPM.async);
    return error;
  }
  /** Counts a user of the parent and turns it on. Whether it is on then (or does not care for its children). */
  *#holdParent(parent: Addr): Sleeping<boolean> {
    const k = this.#k;
    const power = powerOf(k, parent);
    power.usage_count += 1;
    if (flag(k, parent, 'disable_depth') > 0 || flag(k, parent, 'ignore_children') !== 0) return true;
    yield* this.resume(parent, 0);
    if (power.runtime_status === RPM_ACTIVE) return true;
    power.usage_count -= 1;
    return false;
  }
  *idle(device: Addr, flags: number): Sleeping<number> {
    const k = this.#k;
    const allowed = this.#allowed(device);
    if (allowed !== 0) return allowed;
    if (powerOf(k, device).runtime_status !== RPM_ACTIVE) return -EAGAIN;
    if ((flags & RPM.async) !== 0) {
      this.#ask(device, 'idle');
      return 0;
    }
    const error = yield* this.#call(device, 'runtime_idle');
    return error !== 0 ? error : yield* this.suspend(device, flags | RPM.auto);
  }
  *suspend(device: Addr, flags: number): Sleeping<number> {
    const k = this.#k;
    const power = powerOf(k, device);
    const allowed = this.#allowed(device);
    if (allowed !== 0) return allowed;
    if (power.runtime_status === RPM_RESUMING) return -EAGAIN;
    if ((flags & RPM.auto) !== 0 && power.runtime_status !== RPM_SUSPENDING) {
      const expires = this.expiration(device);
      if (expires !== 0) {
        setFlag(k, device, 'timer_autosuspends', 1);
        this.#suspendAt(device, expires);
        return 0;
      }
    }
    this.#cancel(device);
    if (power.runtime_status === RPM_SUSPENDING) {
      if ((flags & (RPM.async | RPM.nowait)) !== 0) return -EINPROGRESS;
      yield* this.#settled(device, [RPM_SUSPENDING]);
      return yield* this.suspend(device, flags);
    }
    if ((flags & RPM.async) !== 0) {
      this.#ask(device, (flags & RPM.auto) !== 0 ? 'autosuspend' : 'suspend');
      return 0;
    }
    this.#setStatus(device, RPM_SUSPENDING);
    const error = yield* this.#call(device, 'runtime_suspend');
    if (error !== 0 && error !== -EAGAIN && error !== -EBUSY) power.runtime_error = error;
    this.#setStatus(device, error === 0 ? RPM_SUSPENDED : RPM_ACTIVE);
    const { parent } = k.view(DeviceLinks, device);
    if (error === 0 && parent !== NULL) {
      powerOf(k, parent).child_count = Math.max(0, powerOf(k, parent).child_count - 1);
      if (flag(k, parent, 'ignore_children') === 0) yield* this.idle(parent, 0);
    }
    return error;
  }
  /** One user less. 0 when it was the last; 1 when others are left; or -EINVAL. */
  drop(device: Addr): number {
    const power = powerOf(this.#k, device);
    if (power.usage_count <= 0) {
      devPrintk(this.#k, LOGLEVEL.warning, device, 'Runtime PM usage count underflow!\n');
      return -EINVAL;
    }
    power.usage_count -= 1;
    return power.usage_count === 0 ? 0 : 1;
  }
  /** __pm_runtime_idle(). */
  *put(device: Addr, flags: number): Sleeping<number> {
    const left = (flags & RPM.getPut) !== 0 ? this.drop(device) : 0;
    return left < 0 ? left : left > 0 ? 0 : yield* this.idle(device, flags);
  }
  /** __pm_runtime_resume(). */
  *get(device: Addr, flags: number): Sleeping<number> {
    if ((flags & RPM.getPut) !== 0) powerOf(this.#k, device).usage_count += 1;
    return yield* this.resume(device, flags);
  }
  enable(device: Addr): void {
    const k = this.#k;
    const depth = flag(k, device, 'disable_depth');
    if (depth === 0) {
      devPrintk(k, LOGLEVEL.warning, device, 'Unbalanced pm_runtime_enable!\n');
      return;
    }
    setFlag(k, device, 'disable_depth', depth - 1);
    if (depth > 1) return;
    const power = powerOf(k, device);
    power.accounting_timestamp = BigInt(Math.floor(k.clock.now));
    power.last_status = RPM_INVALID;
    if (power.runtime_status === RPM_SUSPENDED && flag(k, device, 'ignore_children') === 0 && power.child_count > 0)
      devPrintk(k, LOGLEVEL.warning, device, 'Enabling runtime PM for inactive device with active children\n');
  }
  *disable(device: Addr, checkResume: boolean): Sleeping<void> {
    const k = this.#k;
    const depth = flag(k, device, 'disable_depth');
    if (depth === 0) {
      if (checkResume && this.#requests.get(device) === 'resume') {
        powerOf(k, device).usage_count += 1;
        yield* this.resume(device, 0);
        powerOf(k, device).usage_count -= 1;
      }
      yield* this.barrier(device);
      powerOf(k, device).last_status = powerOf(k, device).runtime_status;
    }
    this.account(device);
    setFlag(k, device, 'disable_depth', depth + 1);
  }
  /** Takes back what is asked for, and waits for what is being done. */
  *barrier(device: Addr): Sleeping<number> {
    const resume = this.#requests.get(device) === 'resume';
    if (resume) yield* this.resume(device, 0);
    this.#cancel(device);
    yield* this.#settled(device, [RPM_RESUMING, RPM_SUSPENDING]);
    return resume ? 1 : 0;
  }
  /** Says what the state is, without telling the device. */
  *setStatus(device: Addr, status: number): Sleeping<number> {
    const k = this.#k;
    const power = powerOf(k, device);
    if (status !== RPM_ACTIVE && status !== RPM_SUSPENDED) return -EINVAL;
    if (power.runtime_error === 0 && flag(k, device, 'disable_depth') === 0) return -EAGAIN;
    const { parent } = k.view(DeviceLinks, device);
    if (parent !== NULL && power.runtime_status !== status) {
      const above = powerOf(k, parent);
      const cares = flag(k, parent, 'disable_depth') === 0 && flag(k, parent, 'ignore_children') === 0;
      if (status === RPM_ACTIVE && cares && above.runtime_status !== RPM_ACTIVE) {
        const names = `child device ${deviceName(k, device)} but parent (${deviceName(k, parent)})`;
        devPrintk(k, LOGLEVEL.err, device, `runtime PM trying to activate ${names} is not active\n`);
        return -EBUSY;
      }
      above.child_count = Math.max(0, above.child_count + (status === RPM_ACTIVE ? 1 : -1));
      if (status === RPM_SUSPENDED && flag(k, parent, 'ignore_children') === 0) yield* this.idle(parent, RPM.async);
    }
    this.#setStatus(device, status);
    power.runtime_error = 0;
    return 0;
  }
  /** control: `on` is a user that never goes. */
  *forbid(device: Addr): Sleeping<void> {
    if (flag(this.#k, device, 'runtime_auto') === 0) return;
    setFlag(this.#k, device, 'runtime_auto', 0);
    powerOf(this.#k, device).usage_count += 1;
    yield* this.resume(device, 0);
  }
  *allow(device: Addr): Sleeping<void> {
    if (flag(this.#k, device, 'runtime_auto') !== 0) return;
    setFlag(this.#k, device, 'runtime_auto', 1);
    if (this.drop(device) === 0) yield* this.idle(device, RPM.auto | RPM.async);
  }
  /** A negative delay is another user that never goes. */
  *autosuspend(device: Addr, use: boolean, delay: number): Sleeping<void> {
    const k = this.#k;
    const power = powerOf(k, device);
    const never = (): boolean => flag(k, device, 'use_autosuspend') !== 0 && power.autosuspend_delay < 0;
    const was = never();
    setFlag(k, device, 'use_autosuspend', use ? 1 : 0);
    power.autosuspend_delay = delay;
    if (never() && !was) {
      power.usage_count += 1;
      yield* this.resume(device, 0);
    } else {
      if (was && !never()) power.usage_count -= 1;
      yield* this.idle(device, RPM.auto);
    }
  }
  *scheduleSuspend(device: Addr, milliseconds: number): Sleeping<number> {
    if (milliseconds === 0) return yield* this.suspend(device, RPM.async);
    const allowed = this.#allowed(device);
    if (allowed !== 0) return allowed;
    this.#cancel(device);
    setFlag(this.#k, device, 'timer_autosuspends', 0);
    this.#suspendAt(device, this.#k.clock.now + milliseconds * NS_PER_MS);
    return 0;
  }
  /** The driver has gone: a device whose power nobody manages counts as off. Linux: pm_runtime_reinit(). */
  *reset(device: Addr): Sleeping<void> {
    const k = this.#k;
    if (flag(k, device, 'disable_depth') === 0) return;
    if (powerOf(k, device).runtime_status === RPM_ACTIVE) yield* this.setStatus(device, RPM_SUSPENDED);
    const { parent } = k.view(DeviceLinks, device);
    if (flag(k, device, 'irq_safe') !== 0 && parent !== NULL) yield* this.put(parent, RPM.getPut | RPM.async);
    setFlag(k, device, 'irq_safe', 0);
    setFlag(k, device, 'needs_force_resume', 0);
  }
  /** The device goes. */
  *remove(device: Addr): Sleeping<void> {
    yield* this.disable(device, false);
    yield* this.reset(device);
  }
}
