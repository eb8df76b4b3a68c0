// Serial input ports and their drivers. Ports are added, and drivers bound, by a work of the system's.
// Source: drivers/input/serio/serio.c.
import { EINVAL } from '#abi';
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
  pointer,
  type Sleeping,
  u8,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import { plainText, type TreeDirectory } from '../../../fs/node.ts';
import { sysfsText } from '../../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../../kernel.ts';
import { kobjectPut, kobjectSetName } from '../../../lib/kobject.ts';
import { listAddTail, listDeleteInit, listEntries, listInit } from '../../../lib/list.ts';
import { mutexInit, mutexLock, mutexUnlock } from '../../../locking/mutex.ts';
import type { Addr } from '../../../memory.ts';
import { Buses, type BusOperations, DeviceDriver } from '../../base/bus.ts';
import { Device, describeDevices, deviceAdd, deviceDel, deviceInitialize } from '../../base/core.ts';

const Port = kernelStruct('serio', {
  name: embedded,
  phys: embedded,
  firmware_id: embedded,
  manual_bind: bool,
  'id.type': u8,
  'id.extra': u8,
  'id.id': u8,
  'id.proto': u8,
  open: fnPtr,
  close: fnPtr,
  start: fnPtr,
  stop: fnPtr,
  parent: voidPtr,
  child_node: embedded,
  children: embedded,
  depth: uint,
  drv: voidPtr,
  drv_mutex: embedded,
  dev: embedded,
  node: embedded,
});
const Driver = kernelStruct('serio_driver', {
  description: voidPtr,
  id_table: voidPtr,
  manual_bind: bool,
  interrupt: fnPtr,
  connect: fnPtr,
  reconnect: fnPtr,
  disconnect: fnPtr,
  cleanup: fnPtr,
  driver: embedded,
});
const Id = kernelStruct('serio_device_id', { type: u8, extra: u8, id: u8, proto: u8 });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const NULL = 0;
const ANY = 0xff;
const ID_SIZE = 4;
const ID_FIELDS = ['type', 'proto', 'id', 'extra'] as const;

type Event = { readonly what: 'add' | 'rescan' | 'reconnect'; readonly port: Addr } | { readonly what: 'attach'; readonly driver: Addr };

class Serio {
  readonly #k: Kernel;
  readonly address: Addr;
  readonly ports: Addr[] = [];
  readonly #events: Event[] = [];
  #working = false;
  #ready = false;
  #next = 0;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('serio_bus');
  }
  *ready(): Sleeping<void> {
    if (this.#ready) return;
    this.#ready = true;
    const k = this.#k;
    yield* k.get(Buses).register(this.address, operations(k));
    describeDevices(k, this.address, {
      files: (device, directory) => portFiles(k, this, portOf(k, device), directory),
      uevent: (device) => ueventOf(k, portOf(k, device)),
    });
  }
  name(): string {
    return `serio${this.#next++}`;
  }
  /** What has to be done in the order in which it was asked for. */
  queue(event: Event): void {
    this.#events.push(event);
    if (this.#working) return;
    this.#working = true;
    this.#k.scheduler.spawn('kworker/0:2', () => this.#work());
  }
  forget(test: (event: Event) => boolean): void {
    for (let n = this.#events.length - 1; n >= 0; n--) if (test(this.#events[n] as Event)) this.#events.splice(n, 1);
  }
  *#work(): Sleeping<number> {
    const k = this.#k;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      if (event.what === 'attach') yield* k.get(Buses).attachDriver(k.view(Driver, event.driver).driver);
      else if (event.what === 'add') yield* this.#add(event.port);
      else if (event.what === 'reconnect') yield* this.#reconnect(event.port);
      else yield* this.rescan(event.port);
    }
    this.#working = false;
    return 0;
  }
  *#add(address: Addr): Sleeping<void> {
    const k = this.#k;
    const port = k.view(Port, address);
    this.ports.push(address);
    if (port.start !== NULL) yield* k.callInt(port.start, address);
    const error = yield* deviceAdd(k, port.dev);
    if (error !== 0)
      k.log.print('err', `serio: device_add() failed for ${k.memory.cstring(port.phys)} (${k.memory.cstring(port.name)}), error: ${error}`);
  }
  /** Another driver may fit now. */
  *rescan(address: Addr): Sleeping<void> {
    const { dev } = this.#k.view(Port, address);
    yield* this.disconnect(address);
    yield* this.#k.get(Buses).attach(dev);
  }
  *#reconnect(address: Addr): Sleeping<void> {
    const k = this.#k;
    const port = k.view(Port, address);
    const reconnect = port.drv === NULL ? NULL : k.view(Driver, port.drv).reconnect;
    if (reconnect === NULL || (yield* k.callInt(reconnect, address)) !== 0) yield* this.rescan(address);
  }
  /** The driver lets go, of the ports behind this one first. */
  *disconnect(address: Addr): Sleeping<void> {
    const k = this.#k;
    const port = k.view(Port, address);
    for (const child of childrenOf(k, address)) {
      yield* this.disconnect(child);
      yield* this.destroy(child);
    }
    yield* k.get(Buses).release(port.dev);
  }
  *destroy(address: Addr): Sleeping<void> {
    const k = this.#k;
    const port = k.view(Port, address);
    if (port.stop !== NULL) yield* k.call(port.stop, address);
    if (port.parent !== NULL) {
      listDeleteInit(k, port.child_node);
      port.parent = NULL;
    }
    const at = this.ports.indexOf(address);
    if (at >= 0) {
      this.ports.splice(at, 1);
      yield* deviceDel(k, port.dev);
    }
    this.forget((event) => event.what !== 'attach' && event.port === address);
    yield* kobjectPut(k, port.dev);
  }
}
const serio = (k: Kernel): Serio => k.get(Serio);
const portOf = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('serio', 'dev');
const driverOf = (k: Kernel, driver: Addr): Addr => driver - k.layouts.offsetOf('serio_driver', 'driver');
function childrenOf(k: Kernel, address: Addr): Addr[] {
  const offset = k.layouts.offsetOf('serio', 'child_node');
  return listEntries(k, k.view(Port, address).children).map((entry) => entry - offset);
}
/** Whether one of a driver's ids, with its wild cards, is the port's. */
function matches(k: Kernel, table: Addr, address: Addr): boolean {
  const port = k.view(Port, address);
  for (let id = table; ; id += ID_SIZE) {
    const view = k.view(Id, id);
    if (view.type === 0 && view.proto === 0) return false;
    if (ID_FIELDS.every((field) => view[field] === ANY || view[field] === port[`id.${field}`])) return true;
  }
}
function operations(k: Kernel): BusOperations {
  return {
    // biome-ignore lint/correctness/useYield: ids are compared
    *match(device, address) {
      const driver = k.view(Driver, driverOf(k, address));
      const port = portOf(k, device);
      return !k.view(Port, port).manual_bind && !driver.manual_bind && matches(k, driver.id_table, port);
    },
    *probe(device, address) {
      const port = k.view(Port, portOf(k, device));
      const driver = driverOf(k, address);
      yield* mutexLock(k, port.drv_mutex);
      const error = yield* k.callInt(k.view(Driver, driver).connect, port.addr, driver);
      mutexUnlock(k, port.drv_mutex);
      return error;
    },
    *remove(device) {
      const port = k.view(Port, portOf(k, device));
      yield* mutexLock(k, port.drv_mutex);
      if (port.drv !== NULL) yield* k.call(k.view(Driver, port.drv).disconnect, port.addr);
      mutexUnlock(k, port.drv_mutex);
    },
  };
}
const hex2 = (value: number): string => value.toString(16).padStart(2, '0');
function modalias(k: Kernel, address: Addr): string {
  const port = k.view(Port, address);
  const part = (field: (typeof ID_FIELDS)[number]): string => hex2(port[`id.${field}`]).toUpperCase();
  return `serio:ty${part('type')}pr${part('proto')}id${part('id')}ex${part('extra')}`;
}
function ueventOf(k: Kernel, address: Addr): string[] {
  const port = k.view(Port, address);
  const firmware = k.memory.cstring(port.firmware_id);
  return [
    ...ID_FIELDS.map((field) => `SERIO_${field.toUpperCase()}=${hex2(port[`id.${field}`])}`),
    `MODALIAS=${modalias(k, address)}`,
    ...(firmware === '' ? [] : [`SERIO_FIRMWARE_ID=${firmware}`]),
  ];
}
/** bind_mode: whether drivers come by themselves. */
function bindMode(view: { manual_bind: boolean }) {
  return sysfsText(0o644, {
    ...plainText(() => (view.manual_bind ? 'manual\n' : 'auto\n')),
    *write(text: string) {
      const mode = text.trim();
      if (mode !== 'manual' && mode !== 'auto') return -EINVAL;
      view.manual_bind = mode === 'manual';
      return text.length;
    },
  });
}
function portFiles(k: Kernel, core: Serio, address: Addr, directory: TreeDirectory): void {
  const port = k.view(Port, address);
  const show = (within: TreeDirectory, name: string, make: () => string): void =>
    within.put(
      name,
      sysfsText(
        0o444,
        plainText(() => `${make()}\n`),
      ),
    );
  for (const field of ID_FIELDS) show(directory.child('id'), field, () => hex2(port[`id.${field}`]));
  show(directory, 'modalias', () => modalias(k, address));
  show(directory, 'description', () => k.memory.cstring(port.name));
  show(directory, 'firmware_id', () => k.memory.cstring(port.firmware_id));
  directory.put('bind_mode', bindMode(port));
  directory.put('drvctl', sysfsText(0o200, { write: (text) => control(k, core, address, text) }));
}
/** none, reconnect, rescan, or the name of a driver. */
function* control(k: Kernel, core: Serio, address: Addr, text: string): Sleeping<number> {
  const word = text.trim();
  if (word === 'none') yield* core.disconnect(address);
  else if (word === 'reconnect' || word === 'rescan') yield* core.rescan(address);
  else {
    const drivers = k.get(Buses).at(core.address)?.drivers ?? [];
    const wanted = drivers.find((driver) => k.memory.cstring(k.view(DeviceDriver, driver).name) === word);
    if (wanted === undefined) return -EINVAL;
    yield* core.disconnect(address);
    yield* k.get(Buses).attachTo(wanted, k.view(Port, address).dev);
  }
  return text.length;
}
const port = pointer('struct serio *');
const drv = pointer('struct serio_driver *');

export const serioApi: KernelApi = kernelApi('drivers/input/serio/serio.c', {
  serio_bus: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('serio');
    k.get(Buses).declare(address, () => serio(k).ready());
  }),
  __serio_register_driver: blocking(
    { drv, owner: pointer('struct module *'), mod_name: voidPtr },
    int,
    function* (k, { drv: address, owner }) {
      const core = serio(k);
      yield* core.ready();
      const driver = k.view(Driver, address);
      const manual = driver.manual_bind;
      const base = k.view(DeviceDriver, driver.driver);
      base.bus = core.address;
      base.owner = owner;
      // Ports are looked at later: that may take long.
      driver.manual_bind = true;
      const error = yield* k.get(Buses).registerDriver(driver.driver);
      if (error !== 0) {
        k.log.print('err', `serio: driver_register() failed for ${k.memory.cstring(base.name)}, error: ${error}`);
        return error;
      }
      const directory = k.get(Buses).at(core.address)?.directory.child('drivers').child(k.memory.cstring(base.name));
      const description = (): string => (driver.description === NULL ? '(none)' : k.memory.cstring(driver.description));
      directory?.put(
        'description',
        sysfsText(
          0o444,
          plainText(() => `${description()}\n`),
        ),
      );
      directory?.put('bind_mode', bindMode(driver));
      if (!manual) {
        driver.manual_bind = false;
        core.queue({ what: 'attach', driver: address });
      }
      return 0;
    },
  ),
  serio_unregister_driver: blocking({ drv }, nothing, function* (k, { drv: address }) {
    const core = serio(k);
    k.view(Driver, address).manual_bind = true;
    core.forget((event) => event.what === 'attach' && event.driver === address);
    for (const each of [...core.ports]) {
      if (k.view(Port, each).drv !== address) continue;
      yield* core.disconnect(each);
      yield* k.get(Buses).attach(k.view(Port, each).dev);
    }
    yield* k.get(Buses).unregisterDriver(k.view(Driver, address).driver);
  }),
  __serio_register_port: blocking({ serio: port, owner: pointer('struct module *') }, nothing, function* (k, { serio: address }) {
    const core = serio(k);
    yield* core.ready();
    const view = k.view(Port, address);
    for (const list of [view.node, view.child_node, view.children]) listInit(k, list);
    mutexInit(k, view.drv_mutex);
    deviceInitialize(k, view.dev);
    kobjectSetName(k, view.dev, core.name());
    const device = k.view(Device, view.dev);
    device.bus = core.address;
    device.release = k.symbols.require('serio_release_port');
    if (view.parent !== NULL) {
      const parent = k.view(Port, view.parent);
      device.parent = parent.dev;
      view.depth = parent.depth + 1;
      listAddTail(k, view.child_node, parent.children);
    }
    core.queue({ what: 'add', port: address });
  }),
  serio_unregister_port: blocking({ serio: port }, nothing, function* (k, { serio: address }) {
    yield* serio(k).disconnect(address);
    yield* serio(k).destroy(address);
  }),
  serio_unregister_child_port: blocking({ serio: port }, nothing, function* (k, { serio: address }) {
    for (const child of childrenOf(k, address)) {
      yield* serio(k).disconnect(child);
      yield* serio(k).destroy(child);
    }
  }),
  serio_open: blocking({ serio: port, drv }, int, function* (k, { serio: address, drv: driver }) {
    const view = k.view(Port, address);
    view.drv = driver;
    const error = view.open === NULL ? 0 : yield* k.callInt(view.open, address);
    if (error !== 0) view.drv = NULL;
    return error;
  }),
  serio_close: blocking({ serio: port }, nothing, function* (k, { serio: address }) {
    const view = k.view(Port, address);
    if (view.close !== NULL) yield* k.call(view.close, address);
    view.drv = NULL;
  }),
  /** A byte that has come in. A port without a driver that gets one looks for a driver. */
  serio_interrupt: blocking({ serio: port, data: u8, dfl: uint }, int, function* (k, { serio: address, data, dfl }) {
    const { drv: driver } = k.view(Port, address);
    if (driver !== NULL) return yield* k.callInt(k.view(Driver, driver).interrupt, address, data, dfl);
    if (dfl !== 0 || !serio(k).ports.includes(address)) return 0;
    serio(k).queue({ what: 'rescan', port: address });
    return 1;
  }),
  serio_rescan: kfunc({ serio: port }, nothing, (k, { serio: address }) => serio(k).queue({ what: 'rescan', port: address })),
  serio_reconnect: kfunc({ serio: port }, nothing, (k, { serio: address }) => serio(k).queue({ what: 'reconnect', port: address })),
  serio_release_port: kfunc({ dev: pointer('struct device *') }, nothing, (k, { dev }) => {
    k.slab.free(portOf(k, dev));
  }),
});
