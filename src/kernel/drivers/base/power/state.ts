// What is known of a device's power: the fields of struct dev_pm_info, some of them bits. Source: include/linux/pm.h.
import { int, kernelStruct, u64, voidPtr } from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';

const Power = kernelStruct('dev_pm_info', {
  usage_count: int,
  child_count: int,
  runtime_status: int,
  last_status: int,
  runtime_error: int,
  autosuspend_delay: int,
  last_busy: u64,
  active_time: u64,
  suspended_time: u64,
  accounting_timestamp: u64,
});
export const DeviceLinks = kernelStruct('device', { parent: voidPtr, type: voidPtr, class: voidPtr, bus: voidPtr, driver: voidPtr });

export const RPM_INVALID = -1;
export const RPM_ACTIVE = 0;
export const RPM_RESUMING = 1;
export const RPM_SUSPENDED = 2;
export const RPM_SUSPENDING = 3;
export const statusNames: readonly string[] = ['active', 'resuming', 'suspended', 'suspending'];

type Flag =
  | 'disable_depth'
  | 'ignore_children'
  | 'no_callbacks'
  | 'irq_safe'
  | 'runtime_auto'
  | 'use_autosuspend'
  | 'timer_autosuspends'
  | 'needs_force_resume'
  | 'async_suspend';

export const powerOf = (k: Kernel, device: Addr) => k.view(Power, device + k.layouts.offsetOf('device', 'power'));
/** Where the bit fields lie: byte within the device, first bit, and width. None of them crosses a byte. */
class Fields {
  readonly #k: Kernel;
  readonly #known = new Map<Flag, { readonly offset: number; readonly shift: number; readonly mask: number }>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  of(flag: Flag): { readonly offset: number; readonly shift: number; readonly mask: number } {
    let field = this.#known.get(flag);
    if (field === undefined) {
      const k = this.#k;
      const member = k.description.btf.struct('dev_pm_info')?.members.find(({ name }) => name === flag);
      if (member === undefined) throw new Error(`this kernel's dev_pm_info has no ${flag}`);
      const offset = k.layouts.offsetOf('device', 'power') + (member.bitOffset >> 3);
      field = { offset, shift: member.bitOffset & 7, mask: (1 << member.bitSize) - 1 };
      this.#known.set(flag, field);
    }
    return field;
  }
}
export function flag(k: Kernel, device: Addr, name: Flag): number {
  const { offset, shift, mask } = k.get(Fields).of(name);
  return (k.memory.u8(device + offset) >> shift) & mask;
}
export function setFlag(k: Kernel, device: Addr, name: Flag, value: number): void {
  const { offset, shift, mask } = k.get(Fields).of(name);
  const at = device + offset;
  k.memory.setU8(at, (k.memory.u8(at) & ~(mask << shift)) | ((value & mask) << shift));
}
/** A new device is suspended, and its runtime power management disabled. Linux: pm_runtime_init(). */
export function initPower(k: Kernel, device: Addr): void {
  const power = powerOf(k, device);
  power.runtime_status = RPM_SUSPENDED;
  power.last_status = RPM_INVALID;
  power.usage_count = 0;
  power.child_count = 0;
  power.runtime_error = 0;
  setFlag(k, device, 'disable_depth', 1);
  setFlag(k, device, 'runtime_auto', 1);
}
