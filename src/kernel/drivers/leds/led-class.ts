// LEDs as devices in /sys/class/leds. Source: drivers/leds/led-class.c.
import { EBUSY, EINVAL, ENODEV } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../../api/index.ts';
import { type TreeDirectory } from '../../fs/node.ts';
import { Sysfs, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { listAddTail, listDeleteInit, listInit } from '../../lib/list.ts';
import { mutexInit } from '../../locking/mutex.ts';
import type { Addr } from '../../memory.ts';
import { Classes, KernelClasses } from '../base/class.ts';
import { Device, describeDevices, deviceCreate, deviceUnregister } from '../base/core.ts';
import { deviceName, devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';
import {
  composeName,
  flushWork,
  initCore,
  LED_BRIGHT_HW_CHANGED,
  LED_RETAIN_AT_SHUTDOWN,
  LED_SUSPENDED,
  LED_UNREGISTERING,
  lacksName,
  led,
  setBrightness,
  stopSoftwareBlink,
  sysfsDisabled,
  updateBrightness,
} from './led-core.ts';
import { setDefaultTrigger, setTrigger, storeTrigger, triggerText } from './led-triggers.ts';

const NULL = 0;
const LEVEL_WARNING = 4;
const OFF = 0;
const FULL = 255;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

const cdevOf = (k: Kernel, device: Addr): Addr => k.view(Device, device).driver_data;
function files(k: Kernel, device: Addr, directory: TreeDirectory): void {
  const cdev = cdevOf(k, device);
  directory.put(
    'brightness',
    sysfsText(0o644, {
      *read() {
        yield* updateBrightness(k, led(k, cdev));
        return `${led(k, cdev).brightness}\n`;
      },
      write: (text) => storeBrightness(k, cdev, text),
    }),
  );
  directory.put('max_brightness', sysfsText(0o444, { read: () => text(`${led(k, cdev).max_brightness}\n`) }));
  directory.put('trigger', sysfsText(0o644, { read: () => text(triggerText(k, cdev)), write: (line) => storeTrigger(k, cdev, line) }));
}
// biome-ignore lint/correctness/useYield: the text is there
function* text(value: string): Sleeping<string> {
  return value;
}
function* storeBrightness(k: Kernel, cdev: Addr, line: string): Sleeping<number> {
  const view = led(k, cdev);
  if (sysfsDisabled(view)) return -EBUSY;
  if (!/^\+?\d+\n?$/.test(line)) return -EINVAL;
  const value = Number(line);
  if (value === OFF) yield* setTrigger(k, cdev, NULL);
  yield* setBrightness(k, view, value);
  yield* flushWork(k, view);
  return line.length;
}
/** A name that no other LED has: NAME, NAME_1, NAME_2 ... */
function freeName(k: Kernel, cls: Addr, proposed: string): string {
  const taken = new Set(
    k
      .get(Classes)
      .devicesOf(cls)
      .map((device) => deviceName(k, device)),
  );
  let name = proposed;
  for (let n = 1; taken.has(name); n++) name = `${proposed}_${n}`;
  return name;
}
function* register(k: Kernel, parent: Addr, cdev: Addr, initData: Addr): Sleeping<number> {
  const view = led(k, cdev);
  if (initData !== NULL && lacksName(k, parent, initData)) return -EINVAL;
  const proposed = initData === NULL ? k.memory.cstring(view.name) : composeName(k, parent, initData);
  if (typeof proposed === 'number') return proposed;
  const cls = yield* k.get(KernelClasses).at('leds', 'device_create_release');
  describeDevices(k, cls, { files: (device, directory) => files(k, device, directory) });
  const name = freeName(k, cls, proposed);
  if (name !== proposed) devPrintk(k, LEVEL_WARNING, parent, `Led ${proposed} renamed to ${name} due to name collision\n`);
  for (const lock of [view.led_access, view.trigger_lock]) k.memory.fill(lock, 0, 16);
  mutexInit(k, view.led_access);
  listInit(k, view.trigger_lock + k.layouts.offsetOf('rw_semaphore', 'wait_list'));
  view.dev = yield* deviceCreate(k, { cls, parent, devt: 0, data: cdev, groups: view.groups, name });
  if (isError(view.dev)) return view.dev;
  view.brightness_hw_changed = -1;
  if ((view.flags & LED_BRIGHT_HW_CHANGED) !== 0) {
    const show = (): Sleeping<string | number> => hwChanged(view.brightness_hw_changed);
    k.get(Sysfs)
      .directory(view.dev)
      ?.put('brightness_hw_changed', sysfsText(0o444, { read: show }));
  }
  view.work_flags = 0n;
  listAddTail(k, view.node, k.symbols.require('leds_list'));
  if (view.max_brightness === 0) view.max_brightness = FULL;
  yield* updateBrightness(k, view);
  yield* initCore(k, view);
  yield* setDefaultTrigger(k, cdev);
  return 0;
}
// biome-ignore lint/correctness/useYield: the value is there
function* hwChanged(value: number): Sleeping<string | number> {
  return value === -1 ? -ENODEV : `${value}\n`;
}
function* unregister(k: Kernel, cdev: Addr): Sleeping<void> {
  const view = led(k, cdev);
  if (isError(view.dev)) return;
  if (view.trigger !== NULL) yield* setTrigger(k, cdev, NULL);
  view.flags |= LED_UNREGISTERING;
  yield* stopSoftwareBlink(k, view);
  if ((view.flags & LED_RETAIN_AT_SHUTDOWN) === 0) yield* setBrightness(k, view, OFF);
  yield* flushWork(k, view);
  yield* deviceUnregister(k, view.dev);
  listDeleteInit(k, view.node);
}
const led_cdev = pointer('struct led_classdev *');
const dev = pointer('struct device *');

export const ledClassApi: KernelApi = kernelApi('drivers/leds/led-class.c', {
  led_classdev_register_ext: blocking({ parent: dev, led_cdev, init_data: voidPtr }, int, (k, { parent, led_cdev: cdev, init_data }) =>
    register(k, parent, cdev, init_data),
  ),
  devm_led_classdev_register_ext: blocking(
    { parent: dev, led_cdev, init_data: voidPtr },
    int,
    function* (k, { parent, led_cdev: cdev, init_data }) {
      const error = yield* register(k, parent, cdev, init_data);
      if (error === 0) k.get(Devres).addAction(parent, k.symbols.require('led_classdev_unregister'), cdev);
      return error;
    },
  ),
  led_classdev_unregister: blocking({ led_cdev }, nothing, (k, { led_cdev: cdev }) => unregister(k, cdev)),
  devm_led_classdev_unregister: blocking({ dev, led_cdev }, nothing, function* (k, { dev: device, led_cdev: cdev }) {
    k.get(Devres).takeAction(device, k.symbols.require('led_classdev_unregister'), cdev);
    yield* unregister(k, cdev);
  }),
  led_classdev_suspend: blocking({ led_cdev }, nothing, function* (k, { led_cdev: cdev }) {
    led(k, cdev).flags |= LED_SUSPENDED;
    yield* k.call(k.symbols.require('led_set_brightness_nopm'), cdev, OFF);
    yield* flushWork(k, led(k, cdev));
  }),
  led_classdev_resume: blocking({ led_cdev }, nothing, function* (k, { led_cdev: cdev }) {
    yield* k.call(k.symbols.require('led_set_brightness_nopm'), cdev, led(k, cdev).brightness);
    led(k, cdev).flags &= ~LED_SUSPENDED;
  }),
  led_classdev_notify_brightness_hw_changed: partial(
    'nobody polls the file yet',
    kfunc({ led_cdev, brightness: uint }, nothing, (k, { led_cdev: cdev, brightness }) => {
      led(k, cdev).brightness_hw_changed = brightness;
    }),
  ),
});
