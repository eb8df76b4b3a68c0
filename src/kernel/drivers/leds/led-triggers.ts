// What makes LEDs light up. Source: drivers/leds/led-triggers.c.
import { EBUSY, EEXIST, EINVAL } from '#abi';
import {
  blocking,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  nothing,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../../api/index.ts';
import { Sysfs } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { listAddTail, listDeleteInit, listEntries, listInit } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';
import { blinkSet, blinkSetOneshot, led, setBrightness, stopSoftwareBlink, sysfsDisabled } from './led-core.ts';

const LedTrigger = kernelStruct('led_trigger', {
  name: voidPtr,
  activate: fnPtr,
  deactivate: fnPtr,
  brightness: uint,
  trigger_type: voidPtr,
  led_cdevs: embedded,
  next_trig: embedded,
  groups: voidPtr,
});
const NULL = 0;
const LEVEL_ERR = 3;
const OFF = 0;

/** The registered triggers, oldest first. */
class Triggers {
  readonly all: Addr[] = [];
}
const triggers = (k: Kernel): Addr[] => k.get(Triggers).all;
const view = (k: Kernel, trigger: Addr) => k.view(LedTrigger, trigger);
const nameOf = (k: Kernel, trigger: Addr): string => k.memory.cstring(view(k, trigger).name);
/** The LEDs that a trigger drives. */
const driven = (k: Kernel, trigger: Addr): Addr[] =>
  listEntries(k, view(k, trigger).led_cdevs).map((entry) => entry - k.layouts.offsetOf('led_classdev', 'trig_list'));
/** All LEDs of the kernel. */
const leds = (k: Kernel): Addr[] =>
  listEntries(k, k.symbols.require('leds_list')).map((entry) => entry - k.layouts.offsetOf('led_classdev', 'node'));
const relevant = (k: Kernel, cdev: Addr, trigger: Addr): boolean => {
  const { trigger_type: type } = view(k, trigger);
  return type === NULL || type === led(k, cdev).trigger_type;
};
/** Gives an LED a trigger, or takes its own away (NULL). */
export function* setTrigger(k: Kernel, cdevAddress: Addr, trigger: Addr): Sleeping<number> {
  const cdev = led(k, cdevAddress);
  const sysfs = k.get(Sysfs);
  if (cdev.trigger !== NULL) {
    const { groups, deactivate } = view(k, cdev.trigger);
    listDeleteInit(k, cdev.trig_list);
    yield* k.call(k.symbols.require('cancel_work_sync'), cdev.set_brightness_work);
    yield* stopSoftwareBlink(k, cdev);
    if (groups !== NULL) sysfs.removeGroups(cdev.dev, groups);
    if (deactivate !== NULL) yield* k.call(deactivate, cdev.addr);
    cdev.trigger = NULL;
    cdev.trigger_data = NULL;
    cdev.activated = false;
    yield* setBrightness(k, cdev, OFF);
  }
  if (trigger === NULL) return 0;
  const { activate, groups, led_cdevs } = view(k, trigger);
  listAddTail(k, cdev.trig_list, led_cdevs);
  cdev.trigger = trigger;
  let error = activate === NULL ? 0 : yield* k.callInt(activate, cdev.addr);
  if (error === 0 && groups !== NULL) {
    error = yield* sysfs.createGroups(cdev.dev, groups);
    if (error !== 0) devPrintk(k, LEVEL_ERR, cdev.dev, 'Failed to add trigger attributes\n');
  }
  if (error === 0) return 0;
  listDeleteInit(k, cdev.trig_list);
  cdev.trigger = NULL;
  cdev.trigger_data = NULL;
  yield* setBrightness(k, cdev, OFF);
  return error;
}
/** The trigger that the LED asks for by name, if it is there. */
export function* setDefaultTrigger(k: Kernel, cdev: Addr): Sleeping<void> {
  const { default_trigger: wanted } = led(k, cdev);
  if (wanted === NULL) return;
  const name = k.memory.cstring(wanted);
  const found = triggers(k).find((trigger) => nameOf(k, trigger) === name && relevant(k, cdev, trigger));
  if (found !== undefined) yield* setTrigger(k, cdev, found);
}
/** The file `trigger`: all names, the one in force in brackets. */
export function triggerText(k: Kernel, cdev: Addr): string {
  const { trigger: current } = led(k, cdev);
  const names = triggers(k)
    .filter((trigger) => relevant(k, cdev, trigger))
    .map((trigger) => (trigger === current ? `[${nameOf(k, trigger)}]` : nameOf(k, trigger)));
  return `${[current === NULL ? '[none]' : 'none', ...names].join(' ')}\n`;
}
export function* storeTrigger(k: Kernel, cdev: Addr, text: string): Sleeping<number> {
  if (sysfsDisabled(led(k, cdev))) return -EBUSY;
  const wanted = text.trim();
  if (wanted === 'none') {
    yield* setTrigger(k, cdev, NULL);
    return text.length;
  }
  const found = triggers(k).find((trigger) => nameOf(k, trigger) === wanted && relevant(k, cdev, trigger));
  if (found === undefined) return -EINVAL;
  yield* setTrigger(k, cdev, found);
  return text.length;
}
function* register(k: Kernel, trigger: Addr): Sleeping<number> {
  const { trigger_type: type } = view(k, trigger);
  const name = nameOf(k, trigger);
  listInit(k, view(k, trigger).led_cdevs);
  const clashes = (other: Addr): boolean => {
    const { trigger_type: its } = view(k, other);
    return nameOf(k, other) === name && (its === type || its === NULL || type === NULL);
  };
  if (triggers(k).some(clashes)) return -EEXIST;
  triggers(k).push(trigger);
  listInit(k, view(k, trigger).next_trig);
  for (const cdev of leds(k)) {
    const { trigger: has, default_trigger: wanted } = led(k, cdev);
    if (has === NULL && wanted !== NULL && k.memory.cstring(wanted) === name && relevant(k, cdev, trigger))
      yield* setTrigger(k, cdev, trigger);
  }
  return 0;
}
function* unregister(k: Kernel, trigger: Addr): Sleeping<void> {
  const at = triggers(k).indexOf(trigger);
  if (at < 0) return;
  triggers(k).splice(at, 1);
  for (const cdev of leds(k)) if (led(k, cdev).trigger === trigger) yield* setTrigger(k, cdev, NULL);
}
const trig = pointer('struct led_trigger *');
const led_cdev = pointer('struct led_classdev *');
const delay_on = voidPtr;
const delay_off = voidPtr;

export const ledTriggersApi: KernelApi = kernelApi('drivers/leds/led-triggers.c', {
  led_trigger_register: blocking({ trig }, int, (k, { trig: trigger }) => register(k, trigger)),
  led_trigger_unregister: blocking({ trig }, nothing, (k, { trig: trigger }) => unregister(k, trigger)),
  devm_led_trigger_register: blocking({ dev: voidPtr, trig }, int, function* (k, { dev, trig: trigger }) {
    const error = yield* register(k, trigger);
    if (error === 0) k.get(Devres).addAction(dev, k.symbols.require('led_trigger_unregister'), trigger);
    return error;
  }),
  led_trigger_register_simple: blocking({ name: voidPtr, tp: voidPtr }, nothing, function* (k, { name, tp }) {
    const trigger = kzalloc(k, k.layouts.sizeOf('led_trigger'));
    view(k, trigger).name = name;
    const error = yield* register(k, trigger);
    if (error < 0) {
      k.slab.free(trigger);
      k.log.print('warning', `LED trigger ${k.memory.cstring(name)} failed to register (${error})`);
    }
    k.memory.setPtr(tp, error < 0 ? NULL : trigger);
  }),
  led_trigger_unregister_simple: blocking({ trig }, nothing, function* (k, { trig: trigger }) {
    if (trigger === NULL) return;
    yield* unregister(k, trigger);
    k.slab.free(trigger);
  }),
  led_trigger_set: blocking({ led_cdev, trig }, int, (k, { led_cdev: cdev, trig: trigger }) => setTrigger(k, cdev, trigger)),
  led_trigger_remove: blocking({ led_cdev }, nothing, function* (k, { led_cdev: cdev }) {
    yield* setTrigger(k, cdev, NULL);
  }),
  led_trigger_set_default: blocking({ led_cdev }, nothing, (k, { led_cdev: cdev }) => setDefaultTrigger(k, cdev)),
  led_trigger_event: blocking({ trig, brightness: uint }, nothing, function* (k, { trig: trigger, brightness }) {
    if (trigger === NULL) return;
    view(k, trigger).brightness = brightness;
    for (const cdev of driven(k, trigger)) yield* setBrightness(k, led(k, cdev), brightness);
  }),
  led_trigger_blink: blocking({ trig, delay_on, delay_off }, nothing, function* (k, { trig: trigger, delay_on: on, delay_off: off }) {
    if (trigger !== NULL) for (const cdev of driven(k, trigger)) yield* blinkSet(k, led(k, cdev), on, off);
  }),
  led_trigger_blink_oneshot: blocking(
    { trig, delay_on, delay_off, invert: int },
    nothing,
    function* (k, { trig: trigger, delay_on: on, delay_off: off, invert }) {
      if (trigger !== NULL) for (const cdev of driven(k, trigger)) yield* blinkSetOneshot(k, led(k, cdev), on, off, invert);
    },
  ),
});
