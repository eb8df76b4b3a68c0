// Hardware monitoring devices. Source: drivers/hwmon/hwmon.c.
import { EINVAL, ENOENT } from '#abi';
import {
  blocking,
  embedded,
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
  u32,
  voidPtr,
} from '../../api/index.ts';
import type { TreeDirectory } from '../../fs/node.ts';
import { Sysfs, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectPut, kobjectSetName } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { KernelClasses } from '../base/class.ts';
import { Device, describeDevices, deviceAdd, deviceInitialize, deviceUnregister } from '../base/core.ts';
import { deviceName, devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';
import { attributeName, isString, sensorTypes } from './attributes.ts';

const HwmonDevice = kernelStruct('hwmon_device', { name: voidPtr, dev: embedded, chip: voidPtr, tzdata: embedded });
const ChipInfo = kernelStruct('hwmon_chip_info', { ops: voidPtr, info: voidPtr });
const ChannelInfo = kernelStruct('hwmon_channel_info', { type: u32, config: voidPtr });
const Operations = kernelStruct('hwmon_ops', { is_visible: voidPtr, read: voidPtr, read_string: voidPtr, write: voidPtr });
const NULL = 0;
const LEVEL_WARNING = 4;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

class Hwmon {
  readonly ids = new Set<number>();
  take(): number {
    let id = 0;
    while (this.ids.has(id)) id++;
    this.ids.add(id);
    return id;
  }
}
const deviceOf = (k: Kernel, dev: Addr) => k.view(HwmonDevice, dev - k.layouts.offsetOf('hwmon_device', 'dev'));

/** One file of a chip: what it is and what may be done with it. */
interface ChipFile {
  readonly name: string;
  readonly mode: number;
  readonly type: number;
  readonly attribute: number;
  readonly channel: number;
}
/** Which files a chip has: each bit of each channel's configuration, when is_visible() gives it a mode. Or -errno. */
function* filesOf(k: Kernel, drvdata: Addr, chip: Addr): Sleeping<ChipFile[] | number> {
  const { ops, info } = k.view(ChipInfo, chip);
  const { is_visible, read, read_string, write } = k.view(Operations, ops);
  const files: ChipFile[] = [];
  for (let at = info; k.memory.ptr(at) !== NULL; at += 8) {
    const { type, config } = k.view(ChannelInfo, k.memory.ptr(at));
    for (let channel = 0, mask = k.memory.u32(config); mask !== 0; channel++, mask = k.memory.u32(config + 4 * channel)) {
      for (let attribute = 0; attribute < 32; attribute++) {
        if (((mask >>> attribute) & 1) === 0) continue;
        if (attribute >= (sensorTypes[type]?.names.length ?? 0)) return -EINVAL;
        const name = attributeName(type, attribute, channel);
        if (name === undefined) continue;
        const mode = (yield* k.callInt(is_visible, drvdata, type, attribute, channel)) & 0xffff;
        if (mode === 0) continue;
        const reader = isString(type, attribute) ? read_string : read;
        if (((mode & 0o444) !== 0 && reader === NULL) || ((mode & 0o222) !== 0 && write === NULL)) return -EINVAL;
        files.push({ name, mode, type, attribute, channel });
      }
    }
  }
  return files;
}
function* show(k: Kernel, dev: Addr, ops: Addr, { type, attribute, channel }: ChipFile): Sleeping<string | number> {
  const { read, read_string } = k.view(Operations, ops);
  const place = kzalloc(k, 8);
  const asString = isString(type, attribute);
  const error = yield* k.callInt(asString ? read_string : read, dev, type, attribute, channel, place);
  const text = asString && error >= 0 ? k.memory.cstring(k.memory.ptr(place)) : String(k.memory.s64(place));
  k.slab.free(place);
  return error < 0 ? error : `${text}\n`;
}
function* store(k: Kernel, dev: Addr, ops: Addr, { type, attribute, channel }: ChipFile, text: string): Sleeping<number> {
  if (!/^[+-]?\d+\n?$/.test(text)) return -EINVAL;
  const error = yield* k.callInt(k.view(Operations, ops).write, dev, type, attribute, channel, BigInt(text));
  return error < 0 ? error : text.length;
}
interface Registration {
  readonly dev: Addr;
  readonly name: Addr;
  readonly drvdata: Addr;
  readonly chip: Addr;
  readonly groups: Addr;
}
/** __hwmon_device_register(). Return: the class device, or an error pointer. */
function* register(k: Kernel, { dev, name, drvdata, chip, groups }: Registration): Sleeping<Addr> {
  const text = name === NULL ? undefined : k.memory.cstring(name);
  if (text !== undefined && (text === '' || /[-* \t\n]/.test(text)))
    devPrintk(k, LEVEL_WARNING, dev, `hwmon: '${text}' is not a valid name attribute, please fix\n`);
  const files = chip === NULL ? [] : yield* filesOf(k, drvdata, chip);
  if (typeof files === 'number') return files;
  const cls = yield* hwmonClass(k);
  const id = k.get(Hwmon).take();
  const hwmon = k.view(HwmonDevice, kzalloc(k, k.layouts.sizeOf('hwmon_device')));
  hwmon.name = name;
  hwmon.chip = chip;
  const device = k.view(Device, hwmon.dev);
  deviceInitialize(k, hwmon.dev);
  Object.assign(device, { class: cls, parent: dev, driver_data: drvdata, groups });
  kobjectSetName(k, hwmon.dev, `hwmon${id}`);
  k.get(PendingFiles).set(hwmon.dev, files);
  const error = yield* deviceAdd(k, hwmon.dev);
  k.get(PendingFiles).delete(hwmon.dev);
  if (error === 0) return hwmon.dev;
  yield* kobjectPut(k, hwmon.dev);
  k.get(Hwmon).ids.delete(id);
  return error;
}
/** Files of a chip whose device is being added. */
class PendingFiles extends Map<Addr, readonly ChipFile[]> {
  constructor(_k: Kernel) {
    super();
  }
}
function* hwmonClass(k: Kernel): Sleeping<Addr> {
  const cls = yield* k.get(KernelClasses).at('hwmon', 'hwmon_dev_release');
  describeDevices(k, cls, { files: (dev, directory) => addFiles(k, dev, directory) });
  return cls;
}
function addFiles(k: Kernel, dev: Addr, directory: TreeDirectory): void {
  const { name, chip } = deviceOf(k, dev);
  if (name !== NULL) directory.put('name', sysfsText(0o444, { read: () => nameText(k, name) }));
  const ops = chip === NULL ? NULL : k.view(ChipInfo, chip).ops;
  for (const file of k.get(PendingFiles).get(dev) ?? [])
    directory.put(
      file.name,
      sysfsText(file.mode & 0o777, {
        ...((file.mode & 0o444) !== 0 && { read: () => show(k, dev, ops, file) }),
        ...((file.mode & 0o222) !== 0 && { write: (text: string) => store(k, dev, ops, file, text) }),
      }),
    );
}
// biome-ignore lint/correctness/useYield: the name is there
function* nameText(k: Kernel, name: Addr): Sleeping<string> {
  return `${k.memory.cstring(name)}\n`;
}
function* unregister(k: Kernel, dev: Addr): Sleeping<void> {
  const id = /^hwmon(\d+)$/.exec(deviceName(k, dev))?.[1];
  if (id === undefined) return;
  yield* deviceUnregister(k, dev);
  k.get(Hwmon).ids.delete(Number(id));
}
/** The devm_ forms: unregistered with `dev`. */
function* managed(k: Kernel, dev: Addr, registration: Sleeping<Addr>): Sleeping<Addr> {
  if (dev === NULL) return -EINVAL;
  const made = yield* registration;
  if (!isError(made)) k.get(Devres).addAction(dev, k.symbols.require('hwmon_device_unregister'), made);
  return made;
}
// biome-ignore lint/correctness/useYield: refused at once
function* refuse(): Sleeping<Addr> {
  return -EINVAL;
}
function withGroups(k: Kernel, dev: Addr, name: Addr, drvdata: Addr, groups: Addr): Sleeping<Addr> {
  return name === NULL ? refuse() : register(k, { dev, name, drvdata, chip: NULL, groups });
}
function withInfo(k: Kernel, dev: Addr, name: Addr, drvdata: Addr, chip: Addr, groups: Addr): Sleeping<Addr> {
  if (dev === NULL || name === NULL || chip === NULL) return refuse();
  const { ops, info } = k.view(ChipInfo, chip);
  if (ops === NULL || info === NULL || k.view(Operations, ops).is_visible === NULL) return refuse();
  return register(k, { dev, name, drvdata, chip, groups });
}
/** A valid name: what must not stand in it becomes '_'. */
const sanitize = (name: string): string => name.replace(/[-* \t\n]/g, '_');

const dev = pointer('struct device *');
const name = voidPtr;
const drvdata = voidPtr;
const chip = pointer('const struct hwmon_chip_info *');
const groups = voidPtr;
const NO_LABEL = 'no label from firmware, no thermal zones for the sensors';

export const hwmonApi: KernelApi = kernelApi('drivers/hwmon/hwmon.c', {
  hwmon_device_register: blocking({ dev }, dev, (k, { dev: parent }) => {
    devPrintk(
      k,
      LEVEL_WARNING,
      parent,
      'hwmon_device_register() is deprecated. Please convert the driver to use hwmon_device_register_with_info().\n',
    );
    return register(k, { dev: parent, name: NULL, drvdata: NULL, chip: NULL, groups: NULL });
  }),
  hwmon_device_register_with_groups: blocking(
    { dev, name, drvdata, groups },
    dev,
    (k, { dev: parent, name: text, drvdata: data, groups: of }) => withGroups(k, parent, text, data, of),
  ),
  hwmon_device_register_with_info: partial(
    NO_LABEL,
    blocking(
      { dev, name, drvdata, chip, extra_groups: groups },
      dev,
      (k, { dev: parent, name: text, drvdata: data, chip: of, extra_groups }) => withInfo(k, parent, text, data, of, extra_groups),
    ),
  ),
  hwmon_device_register_for_thermal: blocking({ dev, name, drvdata }, dev, (k, { dev: parent, name: text, drvdata: data }) =>
    text === NULL || parent === NULL ? refuse() : register(k, { dev: parent, name: text, drvdata: data, chip: NULL, groups: NULL }),
  ),
  hwmon_device_unregister: blocking({ dev }, nothing, (k, { dev: device }) => unregister(k, device)),
  devm_hwmon_device_register_with_groups: blocking(
    { dev, name, drvdata, groups },
    dev,
    (k, { dev: parent, name: text, drvdata: data, groups: of }) => managed(k, parent, withGroups(k, parent, text, data, of)),
  ),
  devm_hwmon_device_register_with_info: partial(
    NO_LABEL,
    blocking({ dev, name, drvdata, chip, groups }, dev, (k, { dev: parent, name: text, drvdata: data, chip: of, groups: more }) =>
      managed(k, parent, withInfo(k, parent, text, data, of, more)),
    ),
  ),
  hwmon_notify_event: partial(
    'nobody polls or listens to uevents',
    kfunc({ dev, type: u32, attr: u32, channel: int }, int, (k, { dev: device, type, attr, channel }) => {
      if (attr >= (sensorTypes[type]?.names.length ?? 0)) return -EINVAL;
      const file = attributeName(type, attr, channel) ?? '';
      return k.get(Sysfs).directory(device)?.entries.has(file) === true ? 0 : -ENOENT;
    }),
  ),
  hwmon_sanitize_name: kfunc({ name: optionalCstring }, voidPtr, (k, { name: text }) =>
    text === undefined ? -EINVAL : k.cstringAlloc(sanitize(text)),
  ),
  devm_hwmon_sanitize_name: kfunc({ dev, name: optionalCstring }, voidPtr, (k, { dev: device, name: text }) => {
    if (text === undefined) return -EINVAL;
    const copy = k.cstringAlloc(sanitize(text));
    k.get(Devres).add(device, { data: copy, release: NULL });
    return copy;
  }),
  /** Frees the class device with its last reference. */
  hwmon_dev_release: kfunc({ dev }, nothing, (k, { dev: device }) => {
    k.slab.free(deviceOf(k, device).addr);
  }),
});
