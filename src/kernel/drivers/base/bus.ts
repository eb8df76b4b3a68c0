// Buses and drivers: who is bound to whom. Source: drivers/base/{bus,driver,dd}.c.
import { EBUSY, EEXIST, EINVAL, ENODEV, ENXIO, S_IFREG } from '#abi';
import {
  blocking,
  bool,
  cstring,
  embedded,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  u32,
  umode_t,
  voidPtr,
} from '../../api/index.ts';
import { asyncSchedule, asyncSynchronizeFull } from '../../async.ts';
import { Symlink, type TreeDirectory } from '../../fs/node.ts';
import { Sysfs, SysfsFile, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { KernelKobjects, kobjectGet, kobjectUevent } from '../../lib/kobject.ts';
import { synthUevent, UEVENT_ACTIONS, Uevents } from '../../lib/kobject_uevent.ts';
import type { Addr } from '../../memory.ts';
import { ModuleStruct } from '../../module/module.ts';
import { deviceName } from './dev_printk.ts';
import { Devres } from './devres.ts';
import { RPM, RuntimePower } from './power/runtime.ts';

const BusType = kernelStruct('bus_type', {
  name: voidPtr,
  dev_name: voidPtr,
  match: voidPtr,
  probe: voidPtr,
  remove: voidPtr,
  shutdown: voidPtr,
  bus_groups: voidPtr,
  dev_groups: voidPtr,
  drv_groups: voidPtr,
  p: voidPtr,
});
export const DeviceDriver = kernelStruct('device_driver', {
  name: voidPtr,
  bus: voidPtr,
  owner: voidPtr,
  probe: voidPtr,
  remove: voidPtr,
  shutdown: voidPtr,
  groups: voidPtr,
  dev_groups: voidPtr,
  p: voidPtr,
  suppress_bind_attrs: bool,
  probe_type: u32,
});
const BoundDevice = kernelStruct('device', { bus: voidPtr, driver: voidPtr, driver_data: voidPtr, parent: voidPtr, kobj: embedded });
const Attribute = kernelStruct('attribute', { name: voidPtr, mode: umode_t });
const DriverAttribute = kernelStruct('driver_attribute', { show: voidPtr, store: voidPtr });
const NULL = 0;
const EPROBE_DEFER = 517;
/** enum probe_type. */
const PROBE_DEFAULT_STRATEGY = 0;
const PROBE_PREFER_ASYNCHRONOUS = 1;

/** How a bus decides and what it calls: its own functions, or ours for the buses of the kernel itself. */
export interface BusOperations {
  match(device: Addr, driver: Addr): Sleeping<boolean>;
  probe(device: Addr, driver: Addr): Sleeping<number>;
  remove(device: Addr, driver: Addr): Sleeping<void>;
  /** Files of the bus's own in the directory of each driver. */
  driverFiles?(directory: TreeDirectory): void;
}
interface Bus {
  readonly name: string;
  readonly address: Addr;
  readonly operations: BusOperations;
  readonly directory: TreeDirectory;
  readonly devices: Addr[];
  readonly drivers: Addr[];
}

export class Buses {
  readonly #k: Kernel;
  readonly #buses = new Map<Addr, Bus>();
  readonly #own = new Map<Addr, () => Sleeping<unknown>>();
  /** Devices whose probe asked to be tried again later. */
  readonly #deferred = new Set<Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** A bus of the kernel's own that a module may name: `ready` makes it when it is needed. */
  declare(address: Addr, ready: () => Sleeping<unknown>): void {
    this.#own.set(address, ready);
  }
  /** The bus at an address, made now when it is one of the kernel's own. */
  *existing(address: Addr): Sleeping<Bus | undefined> {
    if (!this.#buses.has(address)) yield* this.#own.get(address)?.() ?? [];
    return this.#buses.get(address);
  }
  at(address: Addr): Bus | undefined {
    return this.#buses.get(address);
  }
  /** `builtIn`: how a bus of the kernel's own works, whose directory is there from the start. */
  *register(address: Addr, builtIn?: BusOperations): Sleeping<number> {
    const k = this.#k;
    const view = k.view(BusType, address);
    const name = k.memory.cstring(view.name);
    const buses = k.vfs.directory('/sys/bus');
    if (buses.entries.has(name) && builtIn === undefined) return -EEXIST;
    const operations = builtIn ?? this.#guestOperations(address);
    const directory = buses.child(name);
    directory.child('devices');
    directory.child('drivers');
    directory.put('uevent', sysfsText(0o200, { write: takeAll }));
    directory.put('drivers_probe', sysfsText(0o200, { write: takeAll }));
    directory.put('drivers_autoprobe', sysfsText(0o644, { read: one, write: takeAll }));
    this.#buses.set(address, { name, address, operations, directory, devices: [], drivers: [] });
    view.p = address;
    if (builtIn === undefined) k.get(Uevents).send('add', { path: `/bus/${name}`, subsystem: 'bus' });
    const kobj = k.get(KernelKobjects).at(`bus/${name}`);
    k.get(Sysfs).makers.set(kobj, (attribute) => this.attributeFile(address, attribute));
    return view.bus_groups === NULL ? 0 : yield* k.get(Sysfs).createGroups(kobj, view.bus_groups);
  }
  unregister(address: Addr): void {
    const bus = this.#buses.get(address);
    if (bus === undefined) return;
    this.#buses.delete(address);
    this.#k.get(Uevents).send('remove', { path: `/bus/${bus.name}`, subsystem: 'bus' });
    this.#k.vfs.directory('/sys/bus').entries.delete(bus.name);
    this.#k.get(KernelKobjects).forget(`bus/${bus.name}`);
    this.#k.view(BusType, address).p = NULL;
  }
  #guestOperations(address: Addr): BusOperations {
    const k = this.#k;
    const bus = k.view(BusType, address);
    return {
      *match(device, driver) {
        return bus.match === NULL || (yield* k.callInt(bus.match, device, driver)) > 0;
      },
      *probe(device, driver) {
        if (bus.probe !== NULL) return yield* k.callInt(bus.probe, device);
        const { probe } = k.view(DeviceDriver, driver);
        return probe === NULL ? 0 : yield* k.callInt(probe, device);
      },
      *remove(device, driver) {
        const remove = bus.remove !== NULL ? bus.remove : k.view(DeviceDriver, driver).remove;
        if (remove !== NULL) yield* k.call(remove, device);
      },
    };
  }

  /** A device of this bus appears: links, and a driver is looked for. */
  *addDevice(device: Addr): Sleeping<number> {
    const k = this.#k;
    const bus = this.#buses.get(k.view(BoundDevice, device).bus);
    if (bus === undefined) return 0;
    const name = deviceName(k, device);
    const sysfs = k.get(Sysfs);
    bus.directory.child('devices').put(name, new Symlink(`../../../${sysfs.path(device)}`));
    sysfs.directory(device)?.put('subsystem', new Symlink(`${'../'.repeat(sysfs.path(device).split('/').length)}bus/${bus.name}`));
    bus.devices.push(device);
    const { dev_groups: groups } = k.view(BusType, bus.address);
    return groups === NULL ? 0 : yield* sysfs.createGroups(device, groups);
  }
  *removeDevice(device: Addr): Sleeping<void> {
    const bus = this.#buses.get(this.#k.view(BoundDevice, device).bus);
    this.#deferred.delete(device);
    yield* this.release(device);
    if (bus === undefined) return;
    bus.directory.child('devices').entries.delete(deviceName(this.#k, device));
    bus.devices.splice(bus.devices.indexOf(device), 1);
  }
  /** Tries the bus's drivers, oldest first. 1 when one took the device. */
  *attach(device: Addr): Sleeping<number> {
    const view = this.#k.view(BoundDevice, device);
    if (view.driver !== NULL) return 1;
    const bus = this.#buses.get(view.bus);
    for (const driver of [...(bus?.drivers ?? [])]) if (yield* this.#tryBind(bus as Bus, device, driver)) return 1;
    return 0;
  }
  /** A device that is new: drivers that may be asynchronous come later, in a task of their own. */
  *attachNew(device: Addr): Sleeping<void> {
    const view = this.#k.view(BoundDevice, device);
    const bus = this.#buses.get(view.bus);
    if (bus === undefined || view.driver !== NULL) return;
    const later: Addr[] = [];
    for (const driver of [...bus.drivers]) {
      if (!(yield* bus.operations.match(device, driver))) continue;
      if (this.#isAsynchronous(driver)) later.push(driver);
      else if ((yield* this.#probe(bus, device, driver)) === 0) return;
    }
    if (later.length > 0) asyncSchedule(this.#k, () => this.#probeLater(bus, device, later));
  }
  *#probeLater(bus: Bus, device: Addr, drivers: readonly Addr[]): Sleeping<void> {
    const view = this.#k.view(BoundDevice, device);
    for (const driver of drivers) {
      if (view.driver !== NULL || !bus.devices.includes(device)) return;
      if (bus.drivers.includes(driver)) yield* this.#probe(bus, device, driver);
    }
  }
  /** driver_allows_async_probing(): as the driver says, else as its module was loaded. */
  #isAsynchronous(driver: Addr): boolean {
    const k = this.#k;
    const { probe_type: type, owner } = k.view(DeviceDriver, driver);
    if (type !== PROBE_DEFAULT_STRATEGY) return type === PROBE_PREFER_ASYNCHRONOUS;
    return k.modules.at(owner) !== undefined && k.view(ModuleStruct, owner).async_probe_requested !== 0;
  }
  *#tryBind(bus: Bus, device: Addr, driver: Addr): Sleeping<boolean> {
    if (!(yield* bus.operations.match(device, driver))) return false;
    return (yield* this.#probe(bus, device, driver)) === 0;
  }
  /** The parent is on meanwhile; afterwards both may sleep. Linux: driver_probe_device(). */
  *#probe(bus: Bus, device: Addr, driver: Addr): Sleeping<number> {
    const power = this.#k.get(RuntimePower);
    const { parent } = this.#k.view(BoundDevice, device);
    if (parent !== NULL) yield* power.get(parent, RPM.getPut);
    const result = yield* this.#reallyProbe(bus, device, driver);
    yield* power.idle(device, RPM.async);
    if (parent !== NULL) yield* power.put(parent, RPM.getPut | RPM.async);
    return result;
  }
  *#reallyProbe(bus: Bus, device: Addr, driver: Addr): Sleeping<number> {
    const k = this.#k;
    const view = k.view(BoundDevice, device);
    const { name, dev_groups: groups } = k.view(DeviceDriver, driver);
    const driverName = k.memory.cstring(name);
    view.driver = driver;
    this.#link(bus, device, driver);
    let result = yield* bus.operations.probe(device, driver);
    if (result === 0 && groups !== NULL) result = yield* k.get(Sysfs).createGroups(device, groups);
    if (result === 0) {
      this.#deferred.delete(device);
      yield* kobjectUevent(k, device, UEVENT_ACTIONS.indexOf('bind'));
      yield* this.#retryDeferred();
      return 0;
    }
    yield* this.#unbind(bus, device, driver);
    if (result === -EPROBE_DEFER) this.#deferred.add(device);
    else if (result !== -ENODEV && result !== -ENXIO) {
      k.log.print('warning', `${driverName}: probe of ${deviceName(k, device)} failed with error ${result}`);
    }
    return result;
  }
  /** The links between a device and its driver. */
  #link(bus: Bus, device: Addr, driver: Addr): void {
    const k = this.#k;
    const sysfs = k.get(Sysfs);
    const driverName = k.memory.cstring(k.view(DeviceDriver, driver).name);
    const up = '../'.repeat(sysfs.path(device).split('/').length);
    const directory = bus.directory.child('drivers').child(driverName);
    sysfs.directory(device)?.put('driver', new Symlink(`${up}bus/${bus.name}/drivers/${driverName}`));
    directory.put(deviceName(k, device), new Symlink(`../../../../${sysfs.path(device)}`));
  }
  /** Tries a driver on every device of its bus that has none. */
  *attachDriver(driver: Addr): Sleeping<number> {
    const bus = this.#buses.get(this.#k.view(DeviceDriver, driver).bus);
    for (const device of [...(bus?.devices ?? [])]) {
      if (bus === undefined || this.#k.view(BoundDevice, device).driver !== NULL) continue;
      if (!this.#isAsynchronous(driver)) yield* this.#tryBind(bus, device, driver);
      else if (yield* bus.operations.match(device, driver)) asyncSchedule(this.#k, () => this.#probeLater(bus, device, [driver]));
    }
    return 0;
  }
  /** Links a device with the driver that its `driver` already names. */
  bindDriver(device: Addr): number {
    const view = this.#k.view(BoundDevice, device);
    const bus = this.#buses.get(view.bus);
    if (bus === undefined) return -EINVAL;
    this.#link(bus, device, view.driver);
    return 0;
  }
  /** Probes a driver that was chosen: no match is asked for. */
  *attachTo(driver: Addr, device: Addr): Sleeping<number> {
    const bus = this.#buses.get(this.#k.view(BoundDevice, device).bus);
    if (bus === undefined) return -ENODEV;
    if (this.#k.view(BoundDevice, device).driver !== NULL) return -EBUSY;
    return yield* this.#probe(bus, device, driver);
  }
  *#retryDeferred(): Sleeping<void> {
    const waiting = [...this.#deferred];
    this.#deferred.clear();
    for (const device of waiting) yield* this.attach(device);
  }
  *#unbind(bus: Bus, device: Addr, driver: Addr): Sleeping<void> {
    const k = this.#k;
    k.get(Sysfs).directory(device)?.entries.delete('driver');
    bus.directory
      .child('drivers')
      .child(k.memory.cstring(k.view(DeviceDriver, driver).name))
      .entries.delete(deviceName(k, device));
    yield* k.get(Devres).releaseAll(device);
    const view = k.view(BoundDevice, device);
    view.driver = NULL;
    view.driver_data = NULL;
    yield* k.get(RuntimePower).reset(device);
  }
  /** device_release_driver(). */
  *release(device: Addr): Sleeping<void> {
    const k = this.#k;
    const { driver, bus: address } = k.view(BoundDevice, device);
    const bus = this.#buses.get(address);
    if (driver === NULL || bus === undefined) return;
    yield* k.get(RuntimePower).get(device, RPM.getPut);
    yield* k.get(RuntimePower).put(device, RPM.getPut);
    const { dev_groups: groups } = k.view(DeviceDriver, driver);
    if (groups !== NULL) k.get(Sysfs).removeGroups(device, groups);
    yield* bus.operations.remove(device, driver);
    yield* this.#unbind(bus, device, driver);
    yield* kobjectUevent(k, device, UEVENT_ACTIONS.indexOf('unbind'));
  }
  *registerDriver(driver: Addr): Sleeping<number> {
    const k = this.#k;
    const view = k.view(DeviceDriver, driver);
    const bus = yield* this.existing(view.bus);
    const name = k.memory.cstring(view.name);
    if (bus === undefined) {
      k.log.print('err', `Driver '${name}' was unable to register with bus_type '' because the bus was not initialized.`);
      return -EINVAL;
    }
    const drivers = bus.directory.child('drivers');
    // A driver of the kernel's own has its directory from the start.
    if (drivers.entries.has(name) && (view.owner !== NULL || bus.drivers.some((other) => nameAt(k, other) === name))) {
      k.log.print('err', `Error: Driver '${name}' is already registered, aborting...`);
      return -EBUSY;
    }
    const directory = drivers.child(name);
    directory.put('uevent', sysfsText(0o200, { write: (text) => this.#storeUevent(bus, name, text) }));
    if (!view.suppress_bind_attrs) {
      directory.put('bind', sysfsText(0o200, { write: (text) => this.#bind(bus, driver, text) }));
      directory.put('unbind', sysfsText(0o200, { write: (text) => this.#unbindByName(bus, driver, text) }));
    }
    bus.operations.driverFiles?.(directory);
    this.#linkModule(view.owner, bus, name, directory);
    view.p = driver;
    bus.drivers.push(driver);
    const kobj = k.get(KernelKobjects).at(`bus/${bus.name}/drivers/${name}`);
    k.get(Sysfs).makers.set(kobj, (attribute) => this.attributeFile(driver, attribute));
    for (const groups of [k.view(BusType, bus.address).drv_groups, view.groups]) {
      if (groups !== NULL) yield* k.get(Sysfs).createGroups(kobj, groups);
    }
    yield* this.attachDriver(driver);
    // Those of the kernel's own were told of at boot.
    if (view.owner !== NULL) k.get(Uevents).send('add', this.#driverEvent(bus, name));
    yield* this.#retryDeferred();
    return 0;
  }
  #driverEvent(bus: Bus, name: string): { readonly path: string; readonly subsystem: string } {
    return { path: `/bus/${bus.name}/drivers/${name}`, subsystem: 'drivers' };
  }
  /** What a write to a driver's `uevent` does. */
  *#storeUevent(bus: Bus, name: string, text: string): Sleeping<number> {
    const k = this.#k;
    const event = this.#driverEvent(bus, name);
    const error = yield* synthUevent(k, event.path, text, function* (action, extra) {
      k.get(Uevents).send(action, event, extra);
      return 0;
    });
    return error === 0 ? text.length : error;
  }
  /** /sys/module/NAME/drivers/BUS:DRIVER and the driver's `module`. */
  #linkModule(owner: Addr, bus: Bus, name: string, directory: TreeDirectory): void {
    const module = this.#k.modules.at(owner);
    if (module === undefined) return;
    directory.put('module', new Symlink(`../../../../module/${module.name}`));
    this.#k
      .get(Sysfs)
      .moduleDirectory(module.name)
      ?.child('drivers')
      .put(`${bus.name}:${name}`, new Symlink(`../../../bus/${bus.name}/drivers/${name}`));
  }
  *unregisterDriver(driver: Addr): Sleeping<void> {
    const k = this.#k;
    const view = k.view(DeviceDriver, driver);
    const bus = this.#buses.get(view.bus);
    if (bus === undefined || view.p === NULL) {
      k.exceptions.warn('drivers/base/driver.c', 270, 'driver_unregister', 'Unexpected driver unregister!');
      return;
    }
    const name = k.memory.cstring(view.name);
    if (this.#isAsynchronous(driver)) yield* asyncSynchronizeFull(k);
    for (const device of bus.devices) if (k.view(BoundDevice, device).driver === driver) yield* this.release(device);
    bus.drivers.splice(bus.drivers.indexOf(driver), 1);
    if (view.owner !== NULL) k.get(Uevents).send('remove', this.#driverEvent(bus, name));
    bus.directory.child('drivers').entries.delete(name);
    k.get(KernelKobjects).forget(`bus/${bus.name}/drivers/${name}`);
    const module = k.modules.at(view.owner);
    const links = module === undefined ? undefined : k.get(Sysfs).moduleDirectory(module.name);
    links?.child('drivers').entries.delete(`${bus.name}:${name}`);
    if (links !== undefined && links.child('drivers').entries.size === 0) links.entries.delete('drivers');
    view.p = NULL;
  }
  anyBound(driver: Addr): boolean {
    const bus = this.#buses.get(this.#k.view(DeviceDriver, driver).bus);
    return bus?.devices.some((device) => this.#k.view(BoundDevice, device).driver === driver) ?? false;
  }
  #byName(bus: Bus, text: string): Addr | undefined {
    return bus.devices.find((device) => deviceName(this.#k, device) === text.replace(/\n$/, ''));
  }
  *#bind(bus: Bus, driver: Addr, text: string): Sleeping<number> {
    const device = this.#byName(bus, text);
    if (device === undefined || !(yield* bus.operations.match(device, driver))) return -ENODEV;
    if (this.#k.view(BoundDevice, device).driver !== NULL) return -EBUSY;
    const result = yield* this.#probe(bus, device, driver);
    return result === 0 ? text.length : result;
  }
  *#unbindByName(bus: Bus, driver: Addr, text: string): Sleeping<number> {
    const device = this.#byName(bus, text);
    if (device === undefined || this.#k.view(BoundDevice, device).driver !== driver) return -ENODEV;
    yield* this.release(device);
    return text.length;
  }
  /** A driver_attribute or bus_attribute as a file: show(object, buf), store(object, buf, count). */
  attributeFile(object: Addr, attribute: Addr): SysfsFile {
    const k = this.#k;
    const { show, store } = k.view(DriverAttribute, attribute);
    return new SysfsFile(S_IFREG | (k.view(Attribute, attribute).mode & 0o777), {
      ...(show !== NULL && {
        *read() {
          const page = k.pages.alloc(0) ?? NULL;
          k.memory.fill(page, 0, 4096);
          const count = Number(yield* k.call(show, object, page));
          const text = count < 0 ? count : k.memory.cstring(page, count);
          k.pages.free(page);
          return text;
        },
      }),
      ...(store !== NULL && {
        *write(text: string) {
          const page = k.cstringAlloc(text.slice(0, 4096));
          const result = Number(yield* k.call(store, object, page, Math.min(text.length, 4096)));
          k.slab.free(page);
          return result;
        },
      }),
    });
  }
}
// biome-ignore lint/correctness/useYield: nothing to wait for
function* takeAll(text: string): Sleeping<number> {
  return text.length;
}
// biome-ignore lint/correctness/useYield: nothing to wait for
function* one(): Sleeping<string> {
  return '1\n';
}
const nameAt = (k: Kernel, driver: Addr): string => k.memory.cstring(k.view(DeviceDriver, driver).name);
const buses = (k: Kernel): Buses => k.get(Buses);
const bus = pointer('struct bus_type *');
const drv = pointer('struct device_driver *');
const dev = pointer('struct device *');

/** fn(device, data) for each device until one gives something else than 0. `start` is left out, with all before it. */
export function* forEach(k: Kernel, devices: readonly Addr[], start: Addr, fn: Addr, data: Addr): Sleeping<number> {
  for (const device of devices.slice(start === NULL ? 0 : devices.indexOf(start) + 1)) {
    const result = yield* k.callInt(fn, device, data);
    if (result !== 0) return result;
  }
  return 0;
}
/** The first device that match(device, data) takes, with a reference. */
export function* find(k: Kernel, devices: readonly Addr[], start: Addr, data: Addr, match: Addr): Sleeping<Addr> {
  for (const device of devices.slice(start === NULL ? 0 : devices.indexOf(start) + 1)) {
    if ((yield* k.callInt(match, device, data)) !== 0) return kobjectGet(k, device);
  }
  return NULL;
}
const NO_EVENTS = 'no notifications of added and bound devices';

export const busApi: KernelApi = kernelApi('drivers/base/bus.c', {
  bus_register: blocking({ bus }, int, (k, { bus: address }) => buses(k).register(address)),
  bus_unregister: kfunc({ bus }, nothing, (k, { bus: address }) => buses(k).unregister(address)),
  bus_create_file: kfunc({ bus, attr: voidPtr }, int, (k, { bus: address, attr }) => {
    const found = buses(k).at(address);
    if (found === undefined) return -EINVAL;
    found.directory.put(k.memory.cstring(k.view(Attribute, attr).name), buses(k).attributeFile(address, attr));
    return 0;
  }),
  bus_remove_file: kfunc({ bus, attr: voidPtr }, nothing, (k, { bus: address, attr }) => {
    buses(k)
      .at(address)
      ?.directory.entries.delete(k.memory.cstring(k.view(Attribute, attr).name));
  }),
  bus_for_each_dev: blocking({ bus, start: dev, data: voidPtr, fn: voidPtr }, int, (k, { bus: address, start, data, fn }) =>
    forEach(k, buses(k).at(address)?.devices ?? [], start, fn, data),
  ),
  bus_for_each_drv: blocking({ bus, start: drv, data: voidPtr, fn: voidPtr }, int, (k, { bus: address, start, data, fn }) =>
    forEach(k, buses(k).at(address)?.drivers ?? [], start, fn, data),
  ),
  bus_find_device: blocking({ bus, start: dev, data: voidPtr, match: voidPtr }, voidPtr, (k, { bus: address, start, data, match }) =>
    find(k, buses(k).at(address)?.devices ?? [], start, data, match),
  ),
  bus_rescan_devices: blocking({ bus }, int, function* (k, { bus: address }) {
    for (const device of [...(buses(k).at(address)?.devices ?? [])]) {
      const result = yield* buses(k).attach(device);
      if (result < 0) return result;
    }
    return 0;
  }),
  bus_register_notifier: partial(
    NO_EVENTS,
    kfunc({ bus, nb: voidPtr }, int, () => 0),
  ),
  bus_unregister_notifier: partial(
    NO_EVENTS,
    kfunc({ bus, nb: voidPtr }, int, () => 0),
  ),
});
export const driverApi: KernelApi = kernelApi('drivers/base/{driver,dd}.c', {
  driver_register: blocking({ drv }, int, (k, { drv: driver }) => buses(k).registerDriver(driver)),
  driver_unregister: blocking({ drv }, nothing, (k, { drv: driver }) => buses(k).unregisterDriver(driver)),
  driver_create_file: kfunc({ drv, attr: voidPtr }, int, (k, { drv: driver, attr }) => {
    const { bus: address, name } = k.view(DeviceDriver, driver);
    const directory = buses(k).at(address)?.directory.child('drivers').child(k.memory.cstring(name));
    directory?.put(k.memory.cstring(k.view(Attribute, attr).name), buses(k).attributeFile(driver, attr));
    return directory === undefined ? -EINVAL : 0;
  }),
  driver_remove_file: kfunc({ drv, attr: voidPtr }, nothing, (k, { drv: driver, attr }) => {
    const { bus: address, name } = k.view(DeviceDriver, driver);
    const directory = buses(k).at(address)?.directory.child('drivers').child(k.memory.cstring(name));
    directory?.entries.delete(k.memory.cstring(k.view(Attribute, attr).name));
  }),
  driver_find: kfunc({ name: cstring, bus }, drv, (k, { name, bus: address }) => {
    const all = buses(k).at(address)?.drivers ?? [];
    return all.find((driver) => k.memory.cstring(k.view(DeviceDriver, driver).name) === name) ?? NULL;
  }),
  driver_for_each_device: blocking({ drv, start: dev, data: voidPtr, fn: voidPtr }, int, (k, { drv: driver, start, data, fn }) =>
    forEach(k, bound(k, driver), start, fn, data),
  ),
  driver_find_device: blocking({ drv, start: dev, data: voidPtr, match: voidPtr }, voidPtr, (k, { drv: driver, start, data, match }) =>
    find(k, bound(k, driver), start, data, match),
  ),
  driver_attach: blocking({ drv }, int, (k, { drv: driver }) => buses(k).attachDriver(driver)),
  device_driver_attach: blocking({ drv, dev }, int, (k, { drv: driver, dev: device }) => buses(k).attachTo(driver, device)),
  device_bind_driver: kfunc({ dev }, int, (k, { dev: device }) => buses(k).bindDriver(device)),
  /** Lets the bus choose a driver for a device again. */
  device_reprobe: blocking({ dev }, int, function* (k, { dev: device }) {
    yield* buses(k).release(device);
    const result = yield* buses(k).attach(device);
    return result < 0 ? result : 0;
  }),
  device_attach: blocking({ dev }, int, (k, { dev: device }) => buses(k).attach(device)),
  device_release_driver: blocking({ dev }, nothing, (k, { dev: device }) => buses(k).release(device)),
});
function bound(k: Kernel, driver: Addr): Addr[] {
  const { bus: address } = k.view(DeviceDriver, driver);
  return (buses(k).at(address)?.devices ?? []).filter((device) => k.view(BoundDevice, device).driver === driver);
}
