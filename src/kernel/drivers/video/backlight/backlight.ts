// Brightness of displays. Source: drivers/video/backlight/backlight.c.
import { EINVAL, ENXIO } from '#abi';
import {
  blocking,
  cstring,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  ulongAddr,
  voidPtr,
} from '../../../api/index.ts';
import type { TreeDirectory } from '../../../fs/node.ts';
import { sysfsText } from '../../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../../kernel.ts';
import { kobjectPut, kobjectSetName } from '../../../lib/kobject.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { Classes, KernelClasses } from '../../base/class.ts';
import { Device, describeDevices, deviceAdd, deviceInitialize, deviceUnregister } from '../../base/core.ts';
import { deviceName } from '../../base/dev_printk.ts';
import { Devres } from '../../base/devres.ts';

const Backlight = kernelStruct('backlight_device', {
  props: embedded,
  'props.brightness': int,
  'props.max_brightness': int,
  'props.power': int,
  'props.type': uint,
  'props.scale': uint,
  ops: voidPtr,
  dev: embedded,
});
const Operations = kernelStruct('backlight_ops', { update_status: fnPtr, get_brightness: fnPtr });
const NULL = 0;
const RAW = 1;
const TYPES = ['', 'raw', 'platform', 'firmware'] as const;
const SCALES = ['unknown', 'linear', 'non-linear'] as const;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

const view = (k: Kernel, bd: Addr) => k.view(Backlight, bd);
const ofDevice = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('backlight_device', 'dev');

function* updateStatus(k: Kernel, bd: Addr): Sleeping<number> {
  const { ops } = view(k, bd);
  const fn = ops === NULL ? NULL : k.view(Operations, ops).update_status;
  return fn === NULL ? -ENXIO : yield* k.callInt(fn, bd);
}
function* setBrightness(k: Kernel, bd: Addr, brightness: number): Sleeping<number> {
  if (view(k, bd).ops === NULL) return -ENXIO;
  if (brightness > view(k, bd)['props.max_brightness']) return -EINVAL;
  view(k, bd)['props.brightness'] = brightness;
  return yield* updateStatus(k, bd);
}
function* actual(k: Kernel, bd: Addr): Sleeping<number> {
  const { ops } = view(k, bd);
  const fn = ops === NULL ? NULL : k.view(Operations, ops).get_brightness;
  return fn === NULL ? view(k, bd)['props.brightness'] : yield* k.callInt(fn, bd);
}
function* setPower(k: Kernel, bd: Addr, power: number): Sleeping<number> {
  const before = view(k, bd)['props.power'];
  if (view(k, bd).ops === NULL) return -ENXIO;
  if (before === power) return 0;
  view(k, bd)['props.power'] = power;
  const error = yield* updateStatus(k, bd);
  if (error < 0) view(k, bd)['props.power'] = before;
  return error < 0 ? error : 0;
}
const stored = (set: (value: number) => Sleeping<number>) =>
  function* (text: string): Sleeping<number> {
    if (!/^\+?\d+\n?$/.test(text)) return -EINVAL;
    const error = yield* set(Number(text));
    return error < 0 ? error : text.length;
  };
// biome-ignore lint/correctness/useYield: the text is there
function* line(value: number | string): Sleeping<string> {
  return `${value}\n`;
}
function files(k: Kernel, bd: Addr, directory: TreeDirectory): void {
  const props = view(k, bd);
  directory.put('bl_power', sysfsText(0o644, { read: () => line(props['props.power']), write: stored((value) => setPower(k, bd, value)) }));
  directory.put(
    'brightness',
    sysfsText(0o644, { read: () => line(props['props.brightness']), write: stored((value) => setBrightness(k, bd, value)) }),
  );
  const read = function* (): Sleeping<string> {
    return `${yield* actual(k, bd)}\n`;
  };
  directory.put('actual_brightness', sysfsText(0o444, { read }));
  directory.put('max_brightness', sysfsText(0o444, { read: () => line(props['props.max_brightness']) }));
  directory.put('scale', sysfsText(0o444, { read: () => line(SCALES[props['props.scale']] ?? 'unknown') }));
  directory.put('type', sysfsText(0o444, { read: () => line(TYPES[props['props.type']] ?? '') }));
}
function* backlightClass(k: Kernel): Sleeping<Addr> {
  const cls = yield* k.get(KernelClasses).at('backlight', 'bl_device_release');
  describeDevices(k, cls, { files: (device, directory) => files(k, ofDevice(k, device), directory) });
  return cls;
}
function* all(k: Kernel): Sleeping<Addr[]> {
  const cls = yield* backlightClass(k);
  return k
    .get(Classes)
    .devicesOf(cls)
    .map((device) => ofDevice(k, device));
}
interface Registration {
  readonly name: string;
  readonly parent: Addr;
  readonly devdata: Addr;
  readonly ops: Addr;
  readonly props: Addr;
}
function* register(k: Kernel, { name, parent, devdata, ops, props }: Registration): Sleeping<Addr> {
  const cls = yield* backlightClass(k);
  const bd = kzalloc(k, k.layouts.sizeOf('backlight_device'));
  const backlight = view(k, bd);
  if (props !== NULL) k.memory.copy(backlight.props, props, k.layouts.sizeOf('backlight_properties'));
  if (props === NULL || backlight['props.type'] < RAW || backlight['props.type'] >= TYPES.length) {
    if (props !== NULL)
      k.exceptions.warn('drivers/video/backlight/backlight.c', 432, 'backlight_device_register', `${name}: invalid backlight type`);
    backlight['props.type'] = RAW;
  }
  deviceInitialize(k, backlight.dev);
  Object.assign(k.view(Device, backlight.dev), { class: cls, parent, driver_data: devdata });
  kobjectSetName(k, backlight.dev, name);
  const error = yield* deviceAdd(k, backlight.dev);
  if (error !== 0) {
    yield* kobjectPut(k, backlight.dev);
    return error;
  }
  backlight.ops = ops;
  return bd;
}
function* unregister(k: Kernel, bd: Addr): Sleeping<void> {
  if (bd === NULL) return;
  view(k, bd).ops = NULL;
  yield* deviceUnregister(k, view(k, bd).dev);
}
const bd = pointer('struct backlight_device *');
const rest = { name: cstring, parent: voidPtr, devdata: voidPtr, ops: voidPtr, props: voidPtr };
const NO_EVENTS = 'no uevents and no notifications; a frame buffer does not blank it';

export const backlightApi: KernelApi = kernelApi('drivers/video/backlight/backlight.c', {
  backlight_device_register: partial(
    NO_EVENTS,
    blocking(rest, bd, (k, registration) => register(k, registration)),
  ),
  devm_backlight_device_register: partial(
    NO_EVENTS,
    blocking({ dev: voidPtr, ...rest }, bd, function* (k, { dev, ...registration }) {
      const made = yield* register(k, registration);
      if (!isError(made)) k.get(Devres).addUndo(dev, made, () => unregister(k, made));
      return made;
    }),
  ),
  backlight_device_unregister: blocking({ bd }, nothing, (k, { bd: of }) => unregister(k, of)),
  devm_backlight_device_unregister: blocking({ dev: voidPtr, bd }, nothing, function* (k, { dev, bd: of }) {
    yield* k.get(Devres).undo(dev, of);
  }),
  /** Frees it with its last reference. */
  bl_device_release: kfunc({ dev: voidPtr }, nothing, (k, { dev }) => {
    k.slab.free(ofDevice(k, dev));
  }),
  backlight_device_set_brightness: blocking({ bd, brightness: ulongAddr }, int, (k, { bd: of, brightness }) =>
    setBrightness(k, of, brightness),
  ),
  backlight_force_update: partial(
    NO_EVENTS,
    blocking({ bd, reason: uint }, nothing, function* (k, { bd: of }) {
      const value = yield* actual(k, of);
      if (value >= 0) view(k, of)['props.brightness'] = value;
    }),
  ),
  backlight_device_get_by_name: blocking({ name: cstring }, bd, function* (k, { name }) {
    return (yield* all(k)).find((each) => deviceName(k, view(k, each).dev) === name) ?? NULL;
  }),
  backlight_device_get_by_type: blocking({ type: uint }, bd, function* (k, { type }) {
    return (yield* all(k)).find((each) => view(k, each)['props.type'] === type) ?? NULL;
  }),
});
