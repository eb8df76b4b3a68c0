// Brightness and blinking of LEDs. Source: drivers/leds/led-core.c.
import { EBUSY, EINVAL, ENODEV, ENOTSUPP } from '#abi';
import {
  blocking,
  bool,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { listInit } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { NS_PER_JIFFY } from '../../time/jiffies.ts';
import { devPrintk } from '../base/dev_printk.ts';

export const LedClassdev = kernelStruct('led_classdev', {
  name: voidPtr,
  brightness: uint,
  max_brightness: uint,
  flags: uint,
  work_flags: ulong,
  brightness_set: fnPtr,
  brightness_set_blocking: fnPtr,
  brightness_get: fnPtr,
  blink_set: fnPtr,
  dev: voidPtr,
  groups: voidPtr,
  node: embedded,
  default_trigger: voidPtr,
  blink_delay_on: ulong,
  blink_delay_off: ulong,
  blink_timer: embedded,
  blink_brightness: int,
  new_blink_brightness: int,
  set_brightness_work: embedded,
  delayed_set_value: int,
  trigger_lock: embedded,
  trigger: voidPtr,
  trig_list: embedded,
  trigger_data: voidPtr,
  activated: bool,
  trigger_type: voidPtr,
  brightness_hw_changed: int,
  led_access: embedded,
});
const WorkStruct = kernelStruct('work_struct', { data: ulong, entry: embedded, func: fnPtr });
const TimerList = kernelStruct('timer_list', { 'entry.pprev': voidPtr });
const NULL = 0;
const LEVEL_ERR = 3;
const OFF = 0;
const DEFAULT_BLINK_MS = 500n;
// led_classdev.flags.
export const LED_SUSPENDED = 1;
export const LED_UNREGISTERING = 2;
const LED_SYSFS_DISABLE = 1 << 17;
export const LED_HW_PLUGGABLE = 1 << 19;
export const LED_BRIGHT_HW_CHANGED = 1 << 21;
export const LED_RETAIN_AT_SHUTDOWN = 1 << 22;
// Bits of led_classdev.work_flags.
const BLINK_SW = 1n;
const BLINK_ONESHOT = 2n;
const BLINK_ONESHOT_STOP = 4n;
const BLINK_INVERT = 8n;
const BLINK_BRIGHTNESS_CHANGE = 16n;
const BLINK_DISABLE = 32n;

export const led = (k: Kernel, address: Addr) => k.view(LedClassdev, address);
type Led = ReturnType<typeof led>;
export const sysfsDisabled = (cdev: Led): boolean => (cdev.flags & LED_SYSFS_DISABLE) !== 0;

/** Whether a bit was set; it is not afterwards. */
function takeFlag(cdev: Led, flag: bigint): boolean {
  const was = (cdev.work_flags & flag) !== 0n;
  cdev.work_flags &= ~flag;
  return was;
}
function* armTimer(k: Kernel, cdev: Led, jiffies: number): Sleeping<void> {
  const now = BigInt(Math.floor(k.clock.now / NS_PER_JIFFY));
  const expires = k.memory.u64(k.symbols.require('jiffies'));
  yield* k.call(k.symbols.require('mod_timer'), cdev.blink_timer, (expires > now ? expires : now) + BigInt(jiffies));
}
function* scheduleWork(k: Kernel, cdev: Led): Sleeping<void> {
  const queue = k.memory.ptr(k.symbols.require('system_wq'));
  yield* k.call(k.symbols.require('queue_work_on'), 0, queue, cdev.set_brightness_work);
}
export function* flushWork(k: Kernel, cdev: Led): Sleeping<void> {
  yield* k.call(k.symbols.require('flush_work'), cdev.set_brightness_work);
}
/** led_init_core(): the work that sets the brightness where the driver sleeps, and the timer that blinks. */
export function* initCore(k: Kernel, cdev: Led): Sleeping<void> {
  const work = k.view(WorkStruct, cdev.set_brightness_work);
  k.memory.fill(work.addr, 0, k.layouts.sizeOf('work_struct'));
  listInit(k, work.entry);
  work.func = k.symbols.require('set_brightness_delayed');
  yield* k.call(k.symbols.require('init_timer_key'), cdev.blink_timer, k.symbols.require('led_timer_function'), 0, 0, 0);
}
/** Sets it at once, or by work where the driver's function sleeps. */
export function* setBrightnessNosleep(k: Kernel, cdev: Led, value: number): Sleeping<void> {
  cdev.brightness = Math.min(value, cdev.max_brightness);
  if ((cdev.flags & LED_SUSPENDED) === 0) yield* setBrightnessNopm(k, cdev, cdev.brightness);
}
function* setBrightnessNopm(k: Kernel, cdev: Led, value: number): Sleeping<void> {
  if (cdev.brightness_set !== NULL) {
    yield* k.call(cdev.brightness_set, cdev.addr, value);
    return;
  }
  cdev.delayed_set_value = value;
  yield* scheduleWork(k, cdev);
}
export function* setBrightness(k: Kernel, cdev: Led, value: number): Sleeping<void> {
  if ((cdev.work_flags & BLINK_SW) === 0n) {
    yield* setBrightnessNosleep(k, cdev, value);
    return;
  }
  // While it blinks a new brightness is that of the next flash; 0 ends the blinking.
  if (value === OFF) {
    cdev.work_flags |= BLINK_DISABLE;
    yield* scheduleWork(k, cdev);
  } else {
    cdev.work_flags |= BLINK_BRIGHTNESS_CHANGE;
    cdev.new_blink_brightness = value;
  }
}
const setBlocking = function* (k: Kernel, cdev: Led, value: number): Sleeping<number> {
  return cdev.brightness_set_blocking === NULL ? -ENOTSUPP : yield* k.callInt(cdev.brightness_set_blocking, cdev.addr, value);
};
function* setSync(k: Kernel, cdev: Led, value: number): Sleeping<number> {
  if (cdev.blink_delay_on !== 0n || cdev.blink_delay_off !== 0n) return -EBUSY;
  cdev.brightness = Math.min(value, cdev.max_brightness);
  return (cdev.flags & LED_SUSPENDED) !== 0 ? 0 : yield* setBlocking(k, cdev, cdev.brightness);
}
export function* updateBrightness(k: Kernel, cdev: Led): Sleeping<number> {
  if (cdev.brightness_get === NULL) return 0;
  const value = yield* k.callInt(cdev.brightness_get, cdev.addr);
  if (value < 0) return value;
  cdev.brightness = value;
  return 0;
}
function* delayedSet(k: Kernel, cdev: Led): Sleeping<void> {
  if (takeFlag(cdev, BLINK_DISABLE)) {
    cdev.delayed_set_value = OFF;
    yield* stopSoftwareBlink(k, cdev);
  }
  let result = 0;
  if (cdev.brightness_set !== NULL) yield* k.call(cdev.brightness_set, cdev.addr, cdev.delayed_set_value);
  else result = yield* setBlocking(k, cdev, cdev.delayed_set_value);
  const gone = result === -ENODEV && (cdev.flags & LED_UNREGISTERING) !== 0 && (cdev.flags & LED_HW_PLUGGABLE) !== 0;
  if (result < 0 && !gone) devPrintk(k, LEVEL_ERR, cdev.dev, `Setting an LED's brightness failed (${result})\n`);
}
export function* stopSoftwareBlink(k: Kernel, cdev: Led): Sleeping<void> {
  yield* k.call(k.symbols.require('timer_delete_sync'), cdev.blink_timer);
  cdev.blink_delay_on = 0n;
  cdev.blink_delay_off = 0n;
  cdev.work_flags &= ~BLINK_SW;
}
/** The blink timer: on and off in turn. */
function* blink(k: Kernel, cdev: Led): Sleeping<void> {
  if (cdev.blink_delay_on === 0n || cdev.blink_delay_off === 0n) {
    yield* setBrightnessNosleep(k, cdev, OFF);
    cdev.work_flags &= ~BLINK_SW;
    return;
  }
  if (takeFlag(cdev, BLINK_ONESHOT_STOP)) {
    cdev.work_flags &= ~BLINK_SW;
    return;
  }
  const lit = cdev.brightness !== OFF;
  if (lit) cdev.blink_brightness = cdev.brightness;
  const next = lit ? OFF : takeFlag(cdev, BLINK_BRIGHTNESS_CHANGE) ? cdev.new_blink_brightness : cdev.blink_brightness;
  yield* setBrightnessNosleep(k, cdev, next);
  if ((cdev.work_flags & BLINK_ONESHOT) !== 0n) {
    const inverted = (cdev.work_flags & BLINK_INVERT) !== 0n;
    if (inverted ? next !== OFF : next === OFF) cdev.work_flags |= BLINK_ONESHOT_STOP;
  }
  yield* armTimer(k, cdev, milliseconds(lit ? cdev.blink_delay_off : cdev.blink_delay_on));
}
const milliseconds = (delay: bigint): number => Math.ceil((Number(delay) * 1e6) / NS_PER_JIFFY);

function* setupBlink(k: Kernel, cdev: Led, on: Addr, off: Addr): Sleeping<void> {
  const { memory } = k;
  if ((cdev.work_flags & BLINK_ONESHOT) === 0n && cdev.blink_set !== NULL) {
    if ((yield* k.callInt(cdev.blink_set, cdev.addr, on, off)) === 0) return;
  }
  if (memory.u64(on) === 0n && memory.u64(off) === 0n) {
    memory.setU64(on, DEFAULT_BLINK_MS);
    memory.setU64(off, DEFAULT_BLINK_MS);
  }
  if (cdev.brightness !== OFF) cdev.blink_brightness = cdev.brightness;
  if (cdev.blink_brightness === 0) cdev.blink_brightness = cdev.max_brightness;
  cdev.blink_delay_on = memory.u64(on);
  cdev.blink_delay_off = memory.u64(off);
  if (cdev.blink_delay_on === 0n) yield* setBrightnessNosleep(k, cdev, OFF);
  else if (cdev.blink_delay_off === 0n) yield* setBrightnessNosleep(k, cdev, cdev.blink_brightness);
  else {
    cdev.work_flags |= BLINK_SW;
    yield* armTimer(k, cdev, 1);
  }
}
export function* blinkSet(k: Kernel, cdev: Led, on: Addr, off: Addr): Sleeping<void> {
  yield* k.call(k.symbols.require('timer_delete_sync'), cdev.blink_timer);
  cdev.work_flags &= ~(BLINK_SW | BLINK_ONESHOT | BLINK_ONESHOT_STOP);
  yield* setupBlink(k, cdev, on, off);
}
export function* blinkSetOneshot(k: Kernel, cdev: Led, on: Addr, off: Addr, invert: number): Sleeping<void> {
  const pending = k.view(TimerList, cdev.blink_timer)['entry.pprev'] !== NULL;
  if ((cdev.work_flags & BLINK_ONESHOT) !== 0n && pending) return;
  cdev.work_flags = (cdev.work_flags | BLINK_ONESHOT) & ~BLINK_ONESHOT_STOP;
  if (invert !== 0) cdev.work_flags |= BLINK_INVERT;
  else cdev.work_flags &= ~BLINK_INVERT;
  yield* setupBlink(k, cdev, on, off);
}
/** Names of LED_COLOR_ID_*. */
// biome-ignore format: one list
const COLORS = ['white', 'red', 'green', 'blue', 'amber', 'violet', 'yellow', 'ir', 'multicolor', 'rgb', 'purple', 'orange', 'pink', 'cyan', 'lime'];

const led_cdev = pointer('struct led_classdev *');
const delay_on = voidPtr;
const delay_off = voidPtr;

export const ledCoreApi: KernelApi = kernelApi('drivers/leds/led-core.c', {
  led_colors: kdata((k, address) => {
    for (const [n, color] of COLORS.entries()) k.memory.setPtr(address + 8 * n, k.cstringAlloc(color));
  }),
  leds_list: kdata((k, address) => listInit(k, address)),
  leds_list_lock: kdata((k, address) => listInit(k, address + k.layouts.offsetOf('rw_semaphore', 'wait_list'))),
  led_init_core: blocking({ led_cdev }, nothing, (k, { led_cdev: cdev }) => initCore(k, led(k, cdev))),
  led_set_brightness: blocking({ led_cdev, brightness: uint }, nothing, (k, { led_cdev: cdev, brightness }) =>
    setBrightness(k, led(k, cdev), brightness),
  ),
  led_set_brightness_nosleep: blocking({ led_cdev, value: uint }, nothing, (k, { led_cdev: cdev, value }) =>
    setBrightnessNosleep(k, led(k, cdev), value),
  ),
  led_set_brightness_nopm: blocking({ led_cdev, value: uint }, nothing, (k, { led_cdev: cdev, value }) =>
    setBrightnessNopm(k, led(k, cdev), value),
  ),
  led_set_brightness_sync: blocking({ led_cdev, value: uint }, int, (k, { led_cdev: cdev, value }) => setSync(k, led(k, cdev), value)),
  led_update_brightness: blocking({ led_cdev }, int, (k, { led_cdev: cdev }) => updateBrightness(k, led(k, cdev))),
  led_stop_software_blink: blocking({ led_cdev }, nothing, (k, { led_cdev: cdev }) => stopSoftwareBlink(k, led(k, cdev))),
  led_blink_set: blocking({ led_cdev, delay_on, delay_off }, nothing, (k, { led_cdev: cdev, delay_on: on, delay_off: off }) =>
    blinkSet(k, led(k, cdev), on, off),
  ),
  led_blink_set_oneshot: blocking(
    { led_cdev, delay_on, delay_off, invert: int },
    nothing,
    (k, { led_cdev: cdev, delay_on: on, delay_off: off, invert }) => blinkSetOneshot(k, led(k, cdev), on, off, invert),
  ),
  led_sysfs_disable: kfunc({ led_cdev }, nothing, (k, { led_cdev: cdev }) => {
    led(k, cdev).flags |= LED_SYSFS_DISABLE;
  }),
  led_sysfs_enable: kfunc({ led_cdev }, nothing, (k, { led_cdev: cdev }) => {
    led(k, cdev).flags &= ~LED_SYSFS_DISABLE;
  }),
  led_get_default_pattern: partial(
    'firmware describes no LED',
    kfunc({ led_cdev, size: voidPtr }, voidPtr, () => NULL),
  ),
  led_init_default_state_get: partial(
    'firmware describes no LED',
    kfunc({ fwnode: voidPtr }, uint, () => OFF),
  ),
  /** The function of the work that sets a brightness. */
  set_brightness_delayed: blocking({ ws: voidPtr }, nothing, (k, { ws }) =>
    delayedSet(k, led(k, ws - k.layouts.offsetOf('led_classdev', 'set_brightness_work'))),
  ),
  led_timer_function: blocking({ t: voidPtr }, nothing, (k, { t }) =>
    blink(k, led(k, t - k.layouts.offsetOf('led_classdev', 'blink_timer'))),
  ),
  led_compose_name: partial(
    'firmware describes no LED: only the driver names it',
    kfunc({ dev: voidPtr, init_data: voidPtr, led_classdev_name: voidPtr }, int, (k, { dev, init_data, led_classdev_name: place }) => {
      const name = composeName(k, dev, init_data);
      if (typeof name === 'number') return name;
      k.memory.setCstring(place, name);
      return 0;
    }),
  ),
});
const InitData = kernelStruct('led_init_data', { default_label: voidPtr, devicename: voidPtr, devname_mandatory: bool });
const MAX_NAME_SIZE = 64;
export function composeName(k: Kernel, dev: Addr, initData: Addr): string | number {
  const { default_label: label, devicename } = k.view(InitData, initData);
  if (label === NULL) return -EINVAL;
  if (devicename === NULL) {
    devPrintk(k, LEVEL_ERR, dev, 'Legacy LED naming requires devicename segment');
    return -EINVAL;
  }
  return `${k.memory.cstring(devicename)}:${k.memory.cstring(label)}`.slice(0, MAX_NAME_SIZE - 1);
}
/** Whether the driver must bring a device name and does not: said in the log. */
export function lacksName(k: Kernel, parent: Addr, initData: Addr): boolean {
  const { devname_mandatory: mandatory, devicename } = k.view(InitData, initData);
  if (!mandatory || devicename !== NULL) return false;
  devPrintk(k, LEVEL_ERR, parent, 'Mandatory device name is missing');
  return true;
}
