// The bus of I2C devices: adapters and clients are its devices, by their types. Source: drivers/i2c/i2c-core-base.c.
import { EINVAL, ENODEV } from '#abi';
import type { Sleeping } from '../../api/index.ts';
import { Symlink, type TreeDirectory } from '../../fs/node.ts';
import { Sysfs, sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { Buses, type BusOperations, DeviceDriver } from '../base/bus.ts';
import { describeDevices } from '../base/core.ts';
import { Devres } from '../base/devres.ts';
import { ADAPTER_NAME_SIZE, Adapter, adapterOf, Client, clientName, clientOf, DeviceOf, Driver, driverOf, NAME_SIZE } from './structs.ts';

const NULL = 0;

/** i2c_match_id(): the entry of a table that has the client's name. */
export function matchId(k: Kernel, table: Addr, client: Addr): Addr {
  if (table === NULL || client === NULL) return NULL;
  const name = clientName(k, client);
  const size = k.layouts.sizeOf('i2c_device_id');
  for (let id = table; k.memory.u8(id) !== 0; id += size) if (k.memory.cstring(id, NAME_SIZE) === name) return id;
  return NULL;
}
function operations(k: Kernel): BusOperations {
  const isClient = (device: Addr): boolean => k.view(DeviceOf, device).type === k.symbols.require('i2c_client_type');
  return {
    // biome-ignore lint/correctness/useYield: names are compared
    *match(device, driver) {
      return isClient(device) && matchId(k, k.view(Driver, driverOf(k, driver)).id_table, clientOf(k, device)) !== NULL;
    },
    *probe(device, address) {
      if (!isClient(device)) return 0;
      const client = k.view(Client, clientOf(k, device));
      client.irq = client.init_irq;
      const driver = k.view(Driver, driverOf(k, address));
      if (driver.id_table === NULL) return -ENODEV;
      client.devres_group_id = k.get(Devres).openGroup(device);
      let result = -EINVAL;
      if (driver.probe_new !== NULL) result = yield* k.callInt(driver.probe_new, client.addr);
      else if (driver.probe !== NULL) result = yield* k.callInt(driver.probe, client.addr, matchId(k, driver.id_table, client.addr));
      if (result !== 0) yield* k.get(Devres).releaseGroup(device, client.devres_group_id);
      return result;
    },
    *remove(device, address) {
      if (!isClient(device)) return;
      const client = k.view(Client, clientOf(k, device));
      const { remove } = k.view(Driver, driverOf(k, address));
      if (remove !== NULL) yield* k.call(remove, client.addr);
      yield* k.get(Devres).releaseGroup(device, client.devres_group_id);
      client.irq = 0;
    },
  };
}

/** What userspace reads and writes of an adapter: new_device and delete_device. */
export interface AdapterControl {
  create(adapter: Addr, text: string): Sleeping<number>;
  remove(adapter: Addr, text: string): Sleeping<number>;
}

export class I2cBus {
  readonly #k: Kernel;
  readonly address: Addr;
  readonly adapterType: Addr;
  readonly clientType: Addr;
  /** By number. */
  readonly adapters = new Map<number, Addr>();
  /** Adapters whose device has been released and whose removal waits for it. */
  readonly released = new Set<Addr>();
  control: AdapterControl | undefined;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('i2c_bus_type');
    this.adapterType = k.symbols.require('i2c_adapter_type');
    this.clientType = k.symbols.require('i2c_client_type');
  }
  isAdapter(device: Addr): boolean {
    return this.#k.view(DeviceOf, device).type === this.adapterType;
  }
  freeNumber(): number {
    let nr = 0;
    while (this.adapters.has(nr)) nr++;
    return nr;
  }
  /** /sys/bus/i2c with the driver of dummies, and the class of old: made when first needed. */
  *ready(): Sleeping<Buses> {
    const k = this.#k;
    const buses = k.get(Buses);
    if (this.#ready) return buses;
    this.#ready = true;
    yield* buses.register(this.address, operations(k));
    describeDevices(k, this.clientType, {
      files: (device, directory) => this.#clientFiles(clientOf(k, device), directory),
      uevent: (device) => [`MODALIAS=i2c:${clientName(k, clientOf(k, device))}`],
    });
    describeDevices(k, this.adapterType, { files: (device, directory) => this.#adapterFiles(adapterOf(k, device), directory) });
    yield* buses.registerDriver(this.#dummyDriver());
    return buses;
  }
  #dummyDriver(): Addr {
    const k = this.#k;
    const driver = k.view(Driver, kzalloc(k, k.layouts.sizeOf('i2c_driver')));
    driver.id_table = kzalloc(k, 3 * k.layouts.sizeOf('i2c_device_id'));
    k.memory.setCstring(driver.id_table, 'dummy');
    k.memory.setCstring(driver.id_table + k.layouts.sizeOf('i2c_device_id'), 'smbus_host_notify');
    driver.probe = k.symbols.require('dummy_probe');
    const view = k.view(DeviceDriver, driver.driver);
    view.name = k.cstringAlloc('dummy');
    view.bus = this.address;
    return driver.driver;
  }
  #clientFiles(client: Addr, directory: TreeDirectory): void {
    const name = (): string => clientName(this.#k, client);
    directory.put('name', sysfsText(0o444, { read: text(() => `${name()}\n`) }));
    directory.put('modalias', sysfsText(0o444, { read: text(() => `i2c:${name()}\n`) }));
  }
  #adapterFiles(adapter: Addr, directory: TreeDirectory): void {
    const k = this.#k;
    const refuse = (): Sleeping<number> => nothingToDo();
    directory.put(
      'name',
      sysfsText(0o444, { read: text(() => `${k.memory.cstring(k.view(Adapter, adapter).name, ADAPTER_NAME_SIZE)}\n`) }),
    );
    directory.put('new_device', sysfsText(0o200, { write: (line) => this.control?.create(adapter, line) ?? refuse() }));
    directory.put('delete_device', sysfsText(0o200, { write: (line) => this.control?.remove(adapter, line) ?? refuse() }));
  }
  /** /sys/class/i2c-adapter/i2c-N: CONFIG_I2C_COMPAT. */
  linkCompat(device: Addr, name: string, present: boolean): void {
    const k = this.#k;
    const directory = k.vfs.directory('/sys/class/i2c-adapter');
    if (present) directory.put(name, new Symlink(`../../${k.get(Sysfs).path(device)}`));
    else directory.entries.delete(name);
  }
}
function text(make: () => string) {
  // biome-ignore lint/correctness/useYield: the text is there
  return function* (): Sleeping<string> {
    return make();
  };
}
// biome-ignore lint/correctness/useYield: nothing to wait for
function* nothingToDo(): Sleeping<number> {
  return -ENODEV;
}
