// The auxiliary bus: parts of a device that drivers of other subsystems serve. Source: drivers/base/auxiliary.c.
import { EINVAL } from '#abi';
import {
  blocking,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  pointer,
  type Sleeping,
  u32,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectSetName } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { Buses, type BusOperations, DeviceDriver, find } from './bus.ts';
import { Device, describeDevices, deviceAdd, deviceInitialize } from './core.ts';
import { deviceName } from './dev_printk.ts';

const AuxDevice = kernelStruct('auxiliary_device', { dev: embedded, name: voidPtr, id: u32 });
const AuxDriver = kernelStruct('auxiliary_driver', { probe: voidPtr, remove: voidPtr, name: voidPtr, driver: embedded, id_table: voidPtr });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const Releasing = kernelStruct('device', { release: voidPtr });
const NULL = 0;
const NAME_SIZE = 32;

const auxDevice = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('auxiliary_device', 'dev');
const auxDriver = (k: Kernel, driver: Addr) => k.view(AuxDriver, driver - k.layouts.offsetOf('auxiliary_driver', 'driver'));
/** MODULE.NAME of a device: its name without the number at the end. */
const matchName = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')));
/** The id that names the device; NULL when there is none. */
function idOf(k: Kernel, table: Addr, device: Addr): Addr {
  const wanted = matchName(deviceName(k, device));
  const size = k.layouts.sizeOf('auxiliary_device_id');
  for (let id = table; k.memory.u8(id) !== 0; id += size) if (k.memory.cstring(id, NAME_SIZE) === wanted) return id;
  return NULL;
}
class AuxiliaryBus {
  readonly #k: Kernel;
  readonly address: Addr;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('auxiliary_bus_type');
  }
  *ready(): Sleeping<Buses> {
    const k = this.#k;
    if (!this.#ready) {
      this.#ready = true;
      const operations: BusOperations = {
        // biome-ignore lint/correctness/useYield: names are compared
        *match(device, driver) {
          return idOf(k, auxDriver(k, driver).id_table, device) !== NULL;
        },
        *probe(device, driver) {
          const { probe, id_table } = auxDriver(k, driver);
          return yield* k.callInt(probe, auxDevice(k, device), idOf(k, id_table, device));
        },
        *remove(device, driver) {
          const { remove } = auxDriver(k, driver);
          if (remove !== NULL) yield* k.call(remove, auxDevice(k, device));
        },
      };
      yield* k.get(Buses).register(this.address, operations);
      describeDevices(k, this.address, { uevent: (device) => [`MODALIAS=auxiliary:${matchName(deviceName(k, device))}`] });
    }
    return k.get(Buses);
  }
}
const bus = (k: Kernel): AuxiliaryBus => k.get(AuxiliaryBus);
const auxdev = pointer('struct auxiliary_device *');
const auxdrv = pointer('struct auxiliary_driver *');

export const auxiliaryApi: KernelApi = kernelApi('drivers/base/auxiliary.c', {
  auxiliary_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('auxiliary');
  }),
  auxiliary_device_init: kfunc({ auxdev }, int, (k, { auxdev: address }) => {
    const { dev, name } = k.view(AuxDevice, address);
    if (k.view(Device, dev).parent === NULL || name === NULL || k.view(Releasing, dev).release === NULL) {
      k.log.print('err', 'auxiliary_device has a NULL parent, name or release');
      return -EINVAL;
    }
    k.view(Device, dev).bus = bus(k).address;
    deviceInitialize(k, dev);
    return 0;
  }),
  __auxiliary_device_add: blocking({ auxdev, modname: optionalCstring }, int, function* (k, { auxdev: address, modname }) {
    const { dev, name, id } = k.view(AuxDevice, address);
    if (modname === undefined) return -EINVAL;
    yield* bus(k).ready();
    kobjectSetName(k, dev, `${modname}.${k.memory.cstring(name)}.${id}`);
    return yield* deviceAdd(k, dev);
  }),
  auxiliary_find_device: blocking(
    { start: pointer('struct device *'), data: voidPtr, match: voidPtr },
    auxdev,
    function* (k, { start, data, match }) {
      const found = yield* find(k, k.get(Buses).at(bus(k).address)?.devices ?? [], start, data, match);
      return found === NULL ? NULL : auxDevice(k, found);
    },
  ),
  __auxiliary_driver_register: blocking(
    { auxdrv, owner: pointer('struct module *'), modname: optionalCstring },
    int,
    function* (k, { auxdrv: address, owner, modname }) {
      const view = k.view(AuxDriver, address);
      if (view.probe === NULL || view.id_table === NULL) return -EINVAL;
      const buses = yield* bus(k).ready();
      const name = view.name === NULL ? (modname ?? '') : `${modname}.${k.memory.cstring(view.name)}`;
      const driver = k.view(DeviceDriver, view.driver);
      driver.name = k.cstringAlloc(name);
      driver.owner = owner;
      driver.bus = bus(k).address;
      const error = yield* buses.registerDriver(view.driver);
      if (error !== 0) k.slab.free(driver.name);
      return error;
    },
  ),
  auxiliary_driver_unregister: blocking({ auxdrv }, nothing, function* (k, { auxdrv: address }) {
    const { driver } = k.view(AuxDriver, address);
    const { name } = k.view(DeviceDriver, driver);
    yield* k.get(Buses).unregisterDriver(driver);
    k.slab.free(name);
  }),
});
