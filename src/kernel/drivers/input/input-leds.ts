// The LEDs of keyboards in /sys/class/leds. Source: drivers/input/input-leds.c.
import { ENXIO } from '#abi';
import { blocking, int, type KernelApi, kernelApi, kfunc, nothing, pointer, type Sleeping, uint, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit } from '../../lib/bitmap.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { deviceName } from '../base/dev_printk.ts';
import { LedClassdev } from '../leds/led-core.ts';
import { InputCore } from './core.ts';
import { EV_LED, InputHandle, inputDev } from './device.ts';
import { inputEvent } from './events.ts';

/** By code: the name, and what the LED shows unless it is told otherwise. */
const LEDS: readonly (readonly [name: string, trigger?: string])[] = [
  ['numlock', 'kbd-numlock'],
  ['capslock', 'kbd-capslock'],
  ['scrolllock', 'kbd-scrolllock'],
  ['compose'],
  ['kana', 'kbd-kanalock'],
  ['sleep'],
  ['suspend'],
  ['mute'],
  ['misc'],
  ['mail'],
  ['charging'],
];
const NULL = 0;
/** The LEDs of each handle, and whose each LED is. */
class InputLeds {
  readonly byHandle = new Map<Addr, Addr[]>();
  readonly owners = new Map<Addr, { readonly dev: Addr; readonly code: number }>();
}
function* connect(k: Kernel, handler: Addr, address: Addr): Sleeping<number> {
  const dev = inputDev(k, address);
  const codes = LEDS.flatMap((_, code) => (getBit(k, dev.ledbit, code) ? [code] : []));
  if (codes.length === 0) return -ENXIO;
  const core = k.get(InputCore);
  const leds = k.get(InputLeds);
  const handle = kzalloc(k, k.layouts.sizeOf('input_handle'));
  Object.assign(k.view(InputHandle, handle), { dev: address, handler, name: k.cstringAlloc('leds') });
  let error = yield* core.registerHandle(handle);
  if (error === 0) {
    error = yield* core.open(handle);
    if (error !== 0) yield* core.unregisterHandle(handle);
  }
  if (error !== 0) return error;
  const made: Addr[] = [];
  leds.byHandle.set(handle, made);
  for (const code of codes) {
    const [name, trigger] = LEDS[code] as (typeof LEDS)[number];
    const cdev = kzalloc(k, k.layouts.sizeOf('led_classdev'));
    Object.assign(k.view(LedClassdev, cdev), {
      name: k.cstringAlloc(`${deviceName(k, dev.dev)}::${name}`),
      max_brightness: 1,
      brightness_get: k.symbols.require('input_leds_brightness_get'),
      brightness_set: k.symbols.require('input_leds_brightness_set'),
      default_trigger: trigger === undefined ? NULL : k.cstringAlloc(trigger),
    });
    leds.owners.set(cdev, { dev: address, code });
    error = yield* k.callInt(k.symbols.require('led_classdev_register_ext'), dev.dev, cdev, NULL);
    if (error === 0) made.push(cdev);
    else {
      yield* disconnect(k, handle);
      return error;
    }
  }
  return 0;
}
function* disconnect(k: Kernel, handle: Addr): Sleeping<void> {
  const leds = k.get(InputLeds);
  for (const cdev of leds.byHandle.get(handle) ?? []) {
    const { name, default_trigger: trigger } = k.view(LedClassdev, cdev);
    yield* k.call(k.symbols.require('led_classdev_unregister'), cdev);
    leds.owners.delete(cdev);
    for (const memory of [name, trigger, cdev]) if (memory !== NULL) k.slab.free(memory);
  }
  leds.byHandle.delete(handle);
  yield* k.get(InputCore).close(handle);
  yield* k.get(InputCore).unregisterHandle(handle);
  k.slab.free(k.view(InputHandle, handle).name);
  k.slab.free(handle);
}
const cdev = pointer('struct led_classdev *');

export const inputLedsApi: KernelApi = kernelApi('drivers/input/input-leds.c', {
  input_leds_connect: blocking(
    { handler: pointer('struct input_handler *'), dev: pointer('struct input_dev *'), id: voidPtr },
    int,
    (k, { handler, dev }) => connect(k, handler, dev),
  ),
  input_leds_disconnect: blocking({ handle: pointer('struct input_handle *') }, nothing, (k, { handle }) => disconnect(k, handle)),
  input_leds_brightness_get: kfunc({ cdev }, uint, (k, { cdev: led }) => {
    const owner = k.get(InputLeds).owners.get(led);
    return owner !== undefined && getBit(k, inputDev(k, owner.dev).led, owner.code) ? k.view(LedClassdev, led).max_brightness : 0;
  }),
  input_leds_brightness_set: blocking({ cdev, brightness: uint }, nothing, function* (k, { cdev: led, brightness }) {
    const owner = k.get(InputLeds).owners.get(led);
    if (owner !== undefined) yield* inputEvent(k, inputDev(k, owner.dev), EV_LED, owner.code, brightness === 0 ? 0 : 1);
  }),
});
