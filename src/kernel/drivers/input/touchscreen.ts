// What firmware says of a touch screen: sizes, and how it is mounted. Source: drivers/input/touchscreen.c,
// Documentation/devicetree/bindings/input/touchscreen/touchscreen.yaml.
import {
  blocking,
  bool,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  ptr,
  type Sleeping,
  s16,
  uint,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit } from '../../lib/bitmap.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { EV_ABS, type InputView, inputDev } from './device.ts';
import { absAt, inputEvent } from './events.ts';

const Properties = kernelStruct('touchscreen_properties', { max_x: uint, max_y: uint, invert_x: bool, invert_y: bool, swap_x_y: bool });
const Position = kernelStruct('input_mt_pos', { x: s16, y: s16 });
type Mounting = { max_x: number; max_y: number; invert_x: boolean; invert_y: boolean; swap_x_y: boolean };
const NULL = 0;
const AXES = { single: { x: 0, y: 1, pressure: 0x18 }, multi: { x: 0x35, y: 0x36, pressure: 0x3a } } as const;
const axesOf = (multitouch: boolean) => (multitouch ? AXES.multi : AXES.single);

/** A number that the parent device's firmware node has; undefined when it has none. */
function* property(k: Kernel, device: Addr, name: string): Sleeping<number | undefined> {
  const text = k.cstringAlloc(name);
  const place = kzalloc(k, 4);
  const error = yield* k.callInt(k.symbols.require('device_property_read_u32_array'), device, text, place, 1);
  const value = k.memory.u32(place);
  k.slab.free(text);
  k.slab.free(place);
  return error === 0 ? value : undefined;
}
function* isSet(k: Kernel, device: Addr, name: string): Sleeping<boolean> {
  const text = k.cstringAlloc(name);
  const present = (yield* k.callInt(k.symbols.require('device_property_present'), device, text)) & 0xff;
  k.slab.free(text);
  return present !== 0;
}
interface Range {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly fuzz: number | undefined;
}
function setRange(k: Kernel, input: InputView, axis: number, { minimum, maximum, fuzz }: Range): void {
  if (minimum === undefined && maximum === undefined && fuzz === undefined) return;
  if (!getBit(k, input.absbit, axis)) {
    devPrintk(k, LOGLEVEL.warning, input.dev, `Parameters are specified but the axis ${axis} is not set up\n`);
    return;
  }
  const info = absAt(k, input, axis);
  if (minimum !== undefined) info.minimum = minimum;
  if (maximum !== undefined) info.maximum = maximum;
  if (fuzz !== undefined) info.fuzz = fuzz;
}
function* parse(k: Kernel, input: InputView, multitouch: boolean, to: Addr): Sleeping<void> {
  if (input.absinfo === NULL) return;
  const device = input['dev.parent'];
  const axes = axesOf(multitouch);
  for (const name of ['x', 'y'] as const) {
    const size = yield* property(k, device, `touchscreen-size-${name}`);
    setRange(k, input, axes[name], {
      minimum: yield* property(k, device, `touchscreen-min-${name}`),
      maximum: size === undefined ? undefined : size - 1,
      fuzz: yield* property(k, device, `touchscreen-fuzz-${name}`),
    });
  }
  setRange(k, input, axes.pressure, {
    minimum: undefined,
    maximum: yield* property(k, device, 'touchscreen-max-pressure'),
    fuzz: yield* property(k, device, 'touchscreen-fuzz-pressure'),
  });
  if (to === NULL) return;
  const mounting = k.view(Properties, to);
  const [x, y] = [absAt(k, input, axes.x), absAt(k, input, axes.y)];
  mounting.max_x = x.maximum;
  mounting.max_y = y.maximum;
  mounting.invert_x = yield* isSet(k, device, 'touchscreen-inverted-x');
  mounting.invert_y = yield* isSet(k, device, 'touchscreen-inverted-y');
  for (const [inverted, axis] of [
    [mounting.invert_x, x],
    [mounting.invert_y, y],
  ] as const) {
    if (!inverted) continue;
    axis.maximum -= axis.minimum;
    axis.minimum = 0;
  }
  mounting.swap_x_y = yield* isSet(k, device, 'touchscreen-swapped-x-y');
  if (!mounting.swap_x_y) return;
  const size = k.layouts.sizeOf('input_absinfo');
  const was = k.memory.read(x.addr, size);
  k.memory.copy(x.addr, y.addr, size);
  k.memory.write(y.addr, was);
}
/** A point of the panel as a point of the screen. */
function mounted({ max_x, max_y, invert_x, invert_y, swap_x_y }: Mounting, x: number, y: number): readonly [x: number, y: number] {
  const point = [invert_x ? max_x - x : x, invert_y ? max_y - y : y] as const;
  return swap_x_y ? [point[1], point[0]] : point;
}
const input = pointer('struct input_dev *');
const prop = ptr(Properties);

export const touchscreenApi: KernelApi = kernelApi('drivers/input/touchscreen.c', {
  touchscreen_parse_properties: blocking(
    { input, multitouch: bool, prop: pointer('struct touchscreen_properties *') },
    nothing,
    (k, { input: address, multitouch, prop: to }) => parse(k, inputDev(k, address), multitouch, to),
  ),
  touchscreen_set_mt_pos: kfunc({ pos: ptr(Position), prop, x: uint, y: uint }, nothing, (_, { pos, prop: mounting, x, y }) => {
    [pos.x, pos.y] = mounted(mounting, x, y);
  }),
  touchscreen_report_pos: blocking(
    { input, prop, x: uint, y: uint, multitouch: bool },
    nothing,
    function* (k, { input: address, prop: mounting, x, y, multitouch }) {
      const dev = inputDev(k, address);
      const point = mounted(mounting, x, y);
      yield* inputEvent(k, dev, EV_ABS, axesOf(multitouch).x, point[0]);
      yield* inputEvent(k, dev, EV_ABS, axesOf(multitouch).y, point[1]);
    },
  ),
});
