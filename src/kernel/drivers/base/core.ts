// Devices: their place in /sys, their links and their node in /dev. Source: drivers/base/core.c, devtmpfs.c, power/sysfs.c.
import { EINVAL, EIO, ENODEV } from '#abi';
import {
  blocking,
  blockingVariadic,
  cstring,
  dev_t,
  embedded,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  size_t,
  u32,
  variadic,
  voidPtr,
} from '../../api/index.ts';
import { devtmpfs, majorOf, minorOf } from '../../fs/devices.ts';
import { Symlink, type TreeDirectory } from '../../fs/node.ts';
import { Sysfs, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import {
  addUeventVar,
  KernelKobjects,
  Kobject,
  kobjectAdd,
  kobjectDel,
  kobjectGet,
  kobjectInit,
  kobjectName,
  kobjectPut,
  kobjectSetName,
} from '../../lib/kobject.ts';
import { synthUevent, type UeventAction, Uevents } from '../../lib/kobject_uevent.ts';
import { listInit } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { Buses, find, forEach } from './bus.ts';
import { Classes, ClassStruct } from './class.ts';
import { deviceName, devPrintk } from './dev_printk.ts';
import { Devres } from './devres.ts';
import { RuntimePower } from './power/runtime.ts';
import { initPower } from './power/state.ts';
import { powerFiles } from './power/sysfs.ts';
import { newEnvironment, variablesOf } from './uevent.ts';

export const Device = kernelStruct('device', {
  parent: voidPtr,
  p: voidPtr,
  init_name: voidPtr,
  type: voidPtr,
  bus: voidPtr,
  driver_data: voidPtr,
  devt: dev_t,
  id: u32,
  devres_head: embedded,
  class: voidPtr,
  groups: voidPtr,
  release: voidPtr,
  driver: voidPtr,
});
export const DeviceType = kernelStruct('device_type', {
  name: voidPtr,
  groups: voidPtr,
  uevent: voidPtr,
  devnode: voidPtr,
  release: voidPtr,
});
const BusNames = kernelStruct('bus_type', { name: voidPtr, dev_name: voidPtr, uevent: voidPtr });
const KobjType = kernelStruct('kobj_type', { release: voidPtr, sysfs_ops: voidPtr });
const SysfsOps = kernelStruct('sysfs_ops', { show: voidPtr, store: voidPtr });
const DeviceAttribute = kernelStruct('device_attribute', { show: voidPtr, store: voidPtr });
const ExtAttribute = kernelStruct('dev_ext_attribute', { var: voidPtr });
const NULL = 0;
const DEFAULT_NODE_MODE = 0o600;

/** What the kernel itself adds to the devices of one of its types, classes or buses. */
interface Builtin {
  /** Attribute files. */
  readonly files?: (device: Addr, directory: TreeDirectory) => void;
  /** KEY=VALUE lines of `uevent`. */
  readonly uevent?: (device: Addr) => readonly string[];
}
/** The kobj_type of devices, and what is known of each added one. */
class DeviceCore {
  readonly ktype: Addr;
  readonly nodes = new Map<Addr, () => void>();
  readonly children = new Map<Addr, Addr[]>();
  readonly builtin = new Map<Addr, Builtin>();
  constructor(k: Kernel) {
    const ops = k.slab.alloc(k.layouts.sizeOf('sysfs_ops')) ?? NULL;
    k.view(SysfsOps, ops).show = k.symbols.require('dev_attr_show');
    k.view(SysfsOps, ops).store = k.symbols.require('dev_attr_store');
    const size = k.layouts.sizeOf('kobj_type');
    this.ktype = k.slab.alloc(size) ?? NULL;
    k.memory.fill(this.ktype, 0, size);
    k.view(KobjType, this.ktype).release = k.symbols.require('device_release');
    k.view(KobjType, this.ktype).sysfs_ops = ops;
    k.get(Uevents).kinds.set(this.ktype, (device, action, extra) => deviceUevent(k, device, action, extra));
  }
}
const core = (k: Kernel): DeviceCore => k.get(DeviceCore);
/** Says what devices of a type, class or bus of the kernel's own have. `owner`: its address. */
export function describeDevices(k: Kernel, owner: Addr, builtin: Builtin): void {
  core(k).builtin.set(owner, builtin);
}
export const childrenOf = (k: Kernel, device: Addr): readonly Addr[] => core(k).children.get(device) ?? [];

export function deviceInitialize(k: Kernel, device: Addr): void {
  kobjectInit(k, device, core(k).ktype);
  listInit(k, k.view(Device, device).devres_head);
  initPower(k, device);
}
/** The directory's parent kobject. Linux: get_device_parent(). */
function parentOf(k: Kernel, device: Addr): Addr {
  const { class: cls, parent } = k.view(Device, device);
  const kobjects = k.get(KernelKobjects);
  if (cls === NULL) return parent === NULL ? kobjects.at('devices') : parent;
  const className = k.get(Classes).nameOf(cls);
  if (parent === NULL) return kobjects.at(`devices/virtual/${className}`);
  if (k.view(Device, parent).class !== NULL) return parent;
  return kobjects.at(`${k.get(Sysfs).path(parent)}/${className}`);
}
export function* deviceAdd(k: Kernel, device: Addr): Sleeping<number> {
  const view = k.view(Device, device);
  view.p = device;
  if (view.init_name !== NULL) {
    kobjectSetName(k, device, k.memory.cstring(view.init_name));
    view.init_name = NULL;
  }
  if (k.view(Kobject, device).name === NULL && view.bus !== NULL) {
    const { dev_name: prefix } = k.view(BusNames, view.bus);
    if (prefix !== NULL) kobjectSetName(k, device, `${k.memory.cstring(prefix)}${view.id}`);
  }
  if (k.view(Kobject, device).name === NULL) return -EINVAL;
  const error = yield* kobjectAdd(k, device, parentOf(k, device));
  if (error !== 0) return error;
  const directory = k.get(Sysfs).directory(device) as TreeDirectory;
  directory.put('uevent', sysfsText(0o644, { read: () => ueventText(k, device), write: (value) => storeUevent(k, device, value) }));
  if (view.class !== NULL) linkClass(k, device, directory);
  const failed = yield* addGroups(k, device);
  if (failed !== 0) {
    yield* removeFromSysfs(k, device);
    return failed;
  }
  const busError = yield* k.get(Buses).addDevice(device);
  if (busError !== 0) return busError;
  powerFiles(k, device, directory);
  if (majorOf(view.devt) !== 0) yield* addNode(k, device, directory);
  if (view.parent !== NULL) {
    const siblings = core(k).children.get(view.parent) ?? [];
    core(k).children.set(view.parent, [...siblings, device]);
  }
  if (view.class !== NULL) k.get(Classes).devicesOf(view.class).push(device);
  yield* deviceUevent(k, device, 'add');
  yield* k.get(Buses).attachNew(device);
  if (view.class !== NULL) yield* k.get(Classes).tell(view.class, device, 'add_dev');
  return 0;
}
const pathUp = (k: Kernel, device: Addr): string => '../'.repeat(k.get(Sysfs).path(device).split('/').length);
function linkClass(k: Kernel, device: Addr, directory: TreeDirectory): void {
  const { class: cls, parent } = k.view(Device, device);
  const className = k.get(Classes).nameOf(cls);
  directory.put('subsystem', new Symlink(`${pathUp(k, device)}class/${className}`));
  if (parent !== NULL) directory.put('device', new Symlink(`${pathUp(k, device)}${k.get(Sysfs).path(parent)}`));
  k.vfs.directory(`/sys/class/${className}`).put(deviceName(k, device), new Symlink(`../../${k.get(Sysfs).path(device)}`));
}
/** Class, type and own attribute groups, in that order. */
function* addGroups(k: Kernel, device: Addr): Sleeping<number> {
  const view = k.view(Device, device);
  const lists = [
    [view.class, view.class === NULL ? NULL : k.view(ClassStruct, view.class).dev_groups],
    [view.type, view.type === NULL ? NULL : k.view(DeviceType, view.type).groups],
    [NULL, view.groups],
  ] as const;
  for (const [owner, groups] of lists) {
    core(k)
      .builtin.get(owner)
      ?.files?.(device, k.get(Sysfs).directory(device) as TreeDirectory);
    const error = groups === NULL ? 0 : yield* k.get(Sysfs).createGroups(device, groups);
    if (error !== 0) return error;
  }
  return 0;
}
/** Name and mode of the node in /dev, as the type or class says. Linux: device_get_devnode(). */
function* nodeOf(k: Kernel, device: Addr): Sleeping<{ readonly name: string; readonly mode: number }> {
  const { class: cls, type } = k.view(Device, device);
  const devnode = (type === NULL ? NULL : k.view(DeviceType, type).devnode) || (cls === NULL ? NULL : k.view(ClassStruct, cls).devnode);
  let name = deviceName(k, device).replaceAll('!', '/');
  if (devnode === NULL) return { name, mode: 0 };
  const place = k.slab.alloc(8) ?? NULL;
  k.memory.fill(place, 0, 8);
  const given = yield* k.call(devnode, device, place, 0, 0);
  const mode = k.memory.u16(place);
  k.slab.free(place);
  if (given !== NULL) {
    name = k.memory.cstring(given);
    k.slab.free(given);
  }
  return { name, mode };
}
/** `dev`, and the node in /dev. */
function* addNode(k: Kernel, device: Addr, directory: TreeDirectory): Sleeping<void> {
  const { devt } = k.view(Device, device);
  directory.put('dev', sysfsText(0o444, { read: text(() => `${majorOf(devt)}:${minorOf(devt)}\n`) }));
  k.vfs.directory('/sys/dev/char').put(`${majorOf(devt)}:${minorOf(devt)}`, new Symlink(`../../${k.get(Sysfs).path(device)}`));
  const { name, mode } = yield* nodeOf(k, device);
  core(k).nodes.set(device, devtmpfs(k, name, devt, mode === 0 ? DEFAULT_NODE_MODE : mode & 0o777));
}
/** Tells of a device of a bus or class; others are nobody's. */
export function* deviceUevent(k: Kernel, device: Addr, action: UeventAction, extra: readonly string[] = []): Sleeping<number> {
  const { bus, class: cls } = k.view(Device, device);
  if (bus === NULL && cls === NULL) return 0;
  const subsystem = bus !== NULL ? k.memory.cstring(k.view(BusNames, bus).name) : k.get(Classes).nameOf(cls);
  k.get(Uevents).send(action, { path: `/${k.get(Sysfs).path(device)}`, subsystem }, [...extra, ...(yield* ueventLines(k, device))]);
  return 0;
}
function* storeUevent(k: Kernel, device: Addr, text: string): Sleeping<number> {
  const path = `/${k.get(Sysfs).path(device)}`;
  const error = yield* synthUevent(k, path, text, (action, extra) => deviceUevent(k, device, action, extra));
  if (error === 0) return text.length;
  devPrintk(k, LOGLEVEL.err, device, `uevent: failed to send synthetic uevent: ${error}`);
  return error;
}
/** The variables of the device's uevents. Linux: dev_uevent(). */
function* ueventLines(k: Kernel, device: Addr): Sleeping<string[]> {
  const { devt, type, driver, bus, class: cls } = k.view(Device, device);
  const env = newEnvironment(k);
  const add = (line: string): number => addUeventVar(k, env, line);
  if (majorOf(devt) !== 0) {
    const { name, mode } = yield* nodeOf(k, device);
    for (const line of [`MAJOR=${majorOf(devt)}`, `MINOR=${minorOf(devt)}`, `DEVNAME=${name}`]) add(line);
    if (mode !== 0) add(`DEVMODE=0${(mode & 0o777).toString(8)}`);
  }
  if (type !== NULL && k.view(DeviceType, type).name !== NULL) add(`DEVTYPE=${k.memory.cstring(k.view(DeviceType, type).name)}`);
  if (driver !== NULL) add(`DRIVER=${k.memory.cstring(k.memory.ptr(driver))}`);
  const busName = bus === NULL ? '' : k.memory.cstring(k.view(BusNames, bus).name);
  if (busName === 'platform') add(`MODALIAS=platform:${deviceName(k, device).replace(/\.(?:\d+|\d+\.auto)$/, '')}`);
  const more = [
    bus === NULL ? NULL : k.view(BusNames, bus).uevent,
    cls === NULL ? NULL : k.view(ClassStruct, cls).dev_uevent,
    type === NULL ? NULL : k.view(DeviceType, type).uevent,
  ];
  // What one of them returns is only reported where debugging is on.
  for (const uevent of more) if (uevent !== NULL) yield* k.callInt(uevent, device, env);
  for (const owner of [bus, cls, type]) for (const line of core(k).builtin.get(owner)?.uevent?.(device) ?? []) add(line);
  const lines = variablesOf(k, env);
  k.slab.free(env);
  return lines;
}
function* ueventText(k: Kernel, device: Addr): Sleeping<string> {
  return (yield* ueventLines(k, device)).map((line) => `${line}\n`).join('');
}
function* removeFromSysfs(k: Kernel, device: Addr): Sleeping<void> {
  const { class: cls, devt } = k.view(Device, device);
  if (cls !== NULL) k.vfs.directory(`/sys/class/${k.get(Classes).nameOf(cls)}`).entries.delete(deviceName(k, device));
  if (majorOf(devt) !== 0) k.vfs.directory('/sys/dev/char').entries.delete(`${majorOf(devt)}:${minorOf(devt)}`);
  core(k).nodes.get(device)?.();
  core(k).nodes.delete(device);
  const { parent } = k.view(Kobject, device);
  const glue = cls === NULL || parent === NULL ? '' : k.get(Sysfs).path(parent);
  yield* kobjectDel(k, device);
  // The class's directory below the parent goes with its last device.
  if (glue.endsWith(`/${cls === NULL ? '' : k.get(Classes).nameOf(cls)}`) && k.vfs.directory(`/sys/${glue}`).entries.size === 0) {
    k.get(KernelKobjects).forget(glue);
    const slash = glue.lastIndexOf('/');
    k.vfs.directory(`/sys/${glue.slice(0, slash)}`).entries.delete(glue.slice(slash + 1));
  }
}
export function* deviceDel(k: Kernel, device: Addr): Sleeping<void> {
  const view = k.view(Device, device);
  if (view.class !== NULL) yield* k.get(Classes).tell(view.class, device, 'remove_dev');
  yield* k.get(Buses).removeDevice(device);
  yield* k.get(RuntimePower).remove(device);
  if (view.class !== NULL) {
    const siblings = k.get(Classes).devicesOf(view.class);
    siblings.splice(siblings.indexOf(device), 1);
  }
  const siblings = core(k).children.get(view.parent);
  if (siblings !== undefined)
    core(k).children.set(
      view.parent,
      siblings.filter((other) => other !== device),
    );
  yield* deviceUevent(k, device, 'remove');
  yield* removeFromSysfs(k, device);
  yield* k.get(Devres).releaseAll(device);
}
export function* deviceUnregister(k: Kernel, device: Addr): Sleeping<void> {
  yield* deviceDel(k, device);
  yield* kobjectPut(k, device);
}
function newDevice(k: Kernel): Addr {
  const size = k.layouts.sizeOf('device');
  const device = k.slab.alloc(size) ?? NULL;
  if (device !== NULL) k.memory.fill(device, 0, size);
  return device;
}
/** device_create(): a device of a class that is freed with its last reference. */
export function* deviceCreate(
  k: Kernel,
  { cls, parent, devt, data, groups, name }: { cls: Addr; parent: Addr; devt: number; data: Addr; groups: Addr; name: string },
): Sleeping<Addr> {
  if (cls === NULL || (cls < 0 && cls >= -4095)) return -ENODEV;
  const device = newDevice(k);
  deviceInitialize(k, device);
  const view = k.view(Device, device);
  view.devt = devt;
  view.class = cls;
  view.parent = parent;
  view.groups = groups;
  view.release = k.symbols.require('device_create_release');
  view.driver_data = data;
  kobjectSetName(k, device, name);
  const error = yield* deviceAdd(k, device);
  if (error === 0) return device;
  yield* kobjectPut(k, device);
  return error;
}
function text(make: () => string | number) {
  // biome-ignore lint/correctness/useYield: the text is there
  return function* (): Sleeping<string | number> {
    return make();
  };
}
const dev = pointer('struct device *');
const attr = pointer('const struct device_attribute *');
const cls = pointer('struct class *');
const count = voidPtr;
/** DEVICE_INT_ATTR and its like: the variable is behind the attribute. */
const showValue = (show: (k: Kernel, at: Addr) => string): KernelSymbol =>
  kfunc({ dev, attr, buf: voidPtr }, voidPtr, (k, { attr: attribute, buf }) => {
    const value = `${show(k, k.view(ExtAttribute, attribute).var)}\n`;
    k.memory.setCstring(buf, value);
    return value.length;
  });
const storeValue = (store: (k: Kernel, at: Addr, value: string) => boolean): KernelSymbol =>
  kfunc({ dev, attr, buf: cstring, size: size_t }, voidPtr, (k, { attr: attribute, buf, size }) =>
    store(k, k.view(ExtAttribute, attribute).var, buf) ? size : -EINVAL,
  );
const number = (value: string): bigint | undefined => (/^-?(?:0x[0-9a-fA-F]+|\d+)\n?$/.test(value) ? BigInt(value.trim()) : undefined);

export const deviceApi: KernelApi = kernelApi('drivers/base/core.c', {
  device_initialize: kfunc({ dev }, nothing, (k, { dev: device }) => deviceInitialize(k, device)),
  device_add: blocking({ dev }, int, (k, { dev: device }) => deviceAdd(k, device)),
  device_register: blocking({ dev }, int, (k, { dev: device }) => {
    deviceInitialize(k, device);
    return deviceAdd(k, device);
  }),
  device_del: blocking({ dev }, nothing, (k, { dev: device }) => deviceDel(k, device)),
  device_unregister: blocking({ dev }, nothing, (k, { dev: device }) => deviceUnregister(k, device)),
  get_device: kfunc({ dev }, dev, (k, { dev: device }) => kobjectGet(k, device)),
  put_device: blocking({ dev }, nothing, (k, { dev: device }) => kobjectPut(k, device)),
  dev_set_name: variadic({ dev, fmt: cstring }, int, (k, { dev: device, fmt, va }) => {
    kobjectSetName(k, device, k.formatter.format(fmt, va));
    return 0;
  }),
  device_rename: kfunc({ dev, new_name: cstring }, int, (k, { dev: device, new_name }) => {
    const error = k.get(Sysfs).renameDirectory(device, kobjectName(k, device), new_name);
    if (error === 0) kobjectSetName(k, device, new_name);
    return error;
  }),
  device_create: blockingVariadic(
    { class: cls, parent: dev, devt: dev_t, drvdata: voidPtr, fmt: cstring },
    dev,
    (k, { class: of, parent, devt, drvdata: data, fmt, va }) =>
      deviceCreate(k, { cls: of, parent, devt, data, groups: NULL, name: k.formatter.format(fmt, va) }),
  ),
  device_create_with_groups: blockingVariadic(
    { class: cls, parent: dev, devt: dev_t, drvdata: voidPtr, groups: voidPtr, fmt: cstring },
    dev,
    (k, { class: of, parent, devt, drvdata: data, groups, fmt, va }) =>
      deviceCreate(k, { cls: of, parent, devt, data, groups, name: k.formatter.format(fmt, va) }),
  ),
  device_destroy: blocking({ class: cls, devt: dev_t }, nothing, function* (k, { class: of, devt }) {
    const device = k
      .get(Classes)
      .devicesOf(of)
      .find((candidate) => k.view(Device, candidate).devt === devt);
    if (device !== undefined) yield* deviceUnregister(k, device);
  }),
  device_create_file: kfunc({ dev, attr }, int, (k, { dev: device, attr: attribute }) =>
    device === NULL ? 0 : k.get(Sysfs).createFile(device, attribute),
  ),
  device_remove_file: kfunc({ dev, attr }, nothing, (k, { dev: device, attr: attribute }) => {
    if (device !== NULL) k.get(Sysfs).removeFile(device, attribute);
  }),
  device_create_bin_file: kfunc({ dev, attr }, int, (k, { dev: device, attr: attribute }) => k.get(Sysfs).createBinFile(device, attribute)),
  device_remove_bin_file: kfunc({ dev, attr }, nothing, (k, { dev: device, attr: attribute }) =>
    k.get(Sysfs).removeFile(device, attribute),
  ),
  device_add_groups: blocking({ dev, groups: voidPtr }, int, (k, { dev: device, groups }) => k.get(Sysfs).createGroups(device, groups)),
  device_remove_groups: kfunc({ dev, groups: voidPtr }, nothing, (k, { dev: device, groups }) => k.get(Sysfs).removeGroups(device, groups)),
  devm_device_add_group: blocking({ dev, grp: voidPtr }, int, (k, { dev: device, grp }) => k.get(Sysfs).createGroup(device, grp)),
  devm_device_add_groups: blocking({ dev, groups: voidPtr }, int, (k, { dev: device, groups }) =>
    k.get(Sysfs).createGroups(device, groups),
  ),
  device_for_each_child: blocking({ parent: dev, data: voidPtr, fn: voidPtr }, int, (k, { parent, data, fn }) =>
    forEach(k, core(k).children.get(parent) ?? [], NULL, fn, data),
  ),
  device_find_child: blocking({ parent: dev, data: voidPtr, match: voidPtr }, dev, (k, { parent, data, match }) =>
    find(k, core(k).children.get(parent) ?? [], NULL, data, match),
  ),
  device_match_name: kfunc({ dev, name: cstring }, int, (k, { dev: device, name }) => (deviceName(k, device) === name ? 1 : 0)),
  device_match_devt: kfunc({ dev, pdevt: voidPtr }, int, (k, { dev: device, pdevt }) =>
    k.view(Device, device).devt === k.memory.u32(pdevt) ? 1 : 0,
  ),
  __root_device_register: blocking({ name: cstring, owner: voidPtr }, dev, function* (k, { name }) {
    const device = newDevice(k);
    deviceInitialize(k, device);
    k.view(Device, device).release = k.symbols.require('device_create_release');
    kobjectSetName(k, device, name);
    const error = yield* deviceAdd(k, device);
    if (error === 0) return device;
    yield* kobjectPut(k, device);
    return error;
  }),
  root_device_unregister: blocking({ dev }, nothing, (k, { dev: device }) => deviceUnregister(k, device)),
  device_show_int: showValue((k, at) => `${k.memory.s32(at)}`),
  device_store_int: storeValue((k, at, value) => {
    const parsed = number(value);
    if (parsed === undefined || BigInt.asIntN(32, parsed) !== parsed) return false;
    k.memory.setU32(at, Number(parsed));
    return true;
  }),
  device_show_ulong: showValue((k, at) => `0x${k.memory.u64(at).toString(16)}`),
  device_store_ulong: storeValue((k, at, value) => {
    const parsed = number(value);
    if (parsed === undefined || parsed < 0n) return false;
    k.memory.setU64(at, parsed);
    return true;
  }),
  device_show_bool: showValue((k, at) => `${k.memory.u8(at)}`),
  device_store_bool: storeValue((k, at, value) => {
    const yes = /^[yY1tT]|^o[nN]/.test(value);
    if (!yes && !/^[nN0fF]|^o[fF]/.test(value)) return false;
    k.memory.setU8(at, yes ? 1 : 0);
    return true;
  }),
  /** The release of a device's kobject: the device's own, its type's or its class's. */
  device_release: blocking({ kobj: voidPtr }, nothing, function* (k, { kobj: device }) {
    const { release, type, class: of } = k.view(Device, device);
    yield* k.get(Devres).releaseAll(device);
    const chosen =
      release || (type === NULL ? NULL : k.view(DeviceType, type).release) || (of === NULL ? NULL : k.view(ClassStruct, of).dev_release);
    if (chosen !== NULL) {
      yield* k.call(chosen, device);
      return;
    }
    k.exceptions.warn(
      'drivers/base/core.c',
      2510,
      'device_release',
      `Device '${deviceName(k, device)}' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst.`,
      'err',
    );
  }),
  device_create_release: kfunc({ dev }, nothing, (k, { dev: device }) => {
    k.slab.free(device);
  }),
  dev_attr_show: blocking({ kobj: voidPtr, attr: voidPtr, buf: voidPtr }, voidPtr, function* (k, { kobj, attr: attribute, buf }) {
    const { show } = k.view(DeviceAttribute, attribute);
    return show === NULL ? -EIO : yield* k.callBy('device_attribute.show', show, kobj, attribute, buf);
  }),
  dev_attr_store: blocking(
    { kobj: voidPtr, attr: voidPtr, buf: voidPtr, count },
    voidPtr,
    function* (k, { kobj, attr: attribute, buf, count: bytes }) {
      const { store } = k.view(DeviceAttribute, attribute);
      return store === NULL ? -EIO : yield* k.callBy('device_attribute.store', store, kobj, attribute, buf, bytes);
    },
  ),
});
