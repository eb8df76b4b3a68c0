// The platform bus: devices that only exist because somebody says so. Source: drivers/base/platform.c.
import { EINVAL, ENODEV, ENXIO } from '#abi';
import {
  blocking,
  cstring,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  size_t,
  u32,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectPut, kobjectSetName } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { Buses, type BusOperations, DeviceDriver } from './bus.ts';
import { Device, deviceAdd, deviceDel, deviceInitialize } from './core.ts';
import { devPrintk } from './dev_printk.ts';

const PlatformDevice = kernelStruct('platform_device', {
  name: voidPtr,
  id: int,
  id_auto: u32,
  dev: embedded,
  num_resources: u32,
  resource: voidPtr,
  id_entry: voidPtr,
  driver_override: voidPtr,
});
const PlatformDriver = kernelStruct('platform_driver', {
  probe: voidPtr,
  remove: voidPtr,
  driver: embedded,
  id_table: voidPtr,
});
const DevicePlatformData = kernelStruct('device', { platform_data: voidPtr });
const Resource = kernelStruct('resource', { name: voidPtr, flags: size_t, start: voidPtr, end: voidPtr });
const DeviceInfo = kernelStruct('platform_device_info', {
  parent: voidPtr,
  name: voidPtr,
  id: int,
  res: voidPtr,
  num_res: uint,
  data: voidPtr,
  size_data: size_t,
});
const BusName = kernelStruct('bus_type', { name: voidPtr });
const NULL = 0;
const ID_NONE = -1;
const ID_AUTO = -2;
const ID_ENTRY = 32;
const ID_NAME = 20;
const RESOURCE_TYPES = 0x1f00;
const IORESOURCE_IRQ = 0x400;
const LEVEL_ERR = 3;

/** The bus itself, and the ids that it has given out. */
class PlatformBus {
  readonly #k: Kernel;
  readonly address: Addr;
  readonly root: Addr;
  #nextAuto = 0;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('platform_bus_type');
    this.root = k.symbols.require('platform_bus');
  }
  /** /sys/devices/platform and /sys/bus/platform: made when first needed. */
  *ready(): Sleeping<Buses> {
    const k = this.#k;
    if (!this.#ready) {
      this.#ready = true;
      deviceInitialize(k, this.root);
      kobjectSetName(k, this.root, 'platform');
      yield* deviceAdd(k, this.root);
      yield* k.get(Buses).register(this.address, operations(k));
    }
    return k.get(Buses);
  }
  autoId(): number {
    return this.#nextAuto++;
  }
}
function operations(k: Kernel): BusOperations {
  const driverOf = (driver: Addr) => k.view(PlatformDriver, driver - k.layouts.offsetOf('platform_driver', 'driver'));
  const deviceOf = (device: Addr) => k.view(PlatformDevice, device - k.layouts.offsetOf('platform_device', 'dev'));
  return {
    // biome-ignore lint/correctness/useYield: names are compared
    *match(device, driver) {
      const pdev = deviceOf(device);
      const name = k.memory.cstring(pdev.name);
      const driverName = k.memory.cstring(k.view(DeviceDriver, driver).name);
      if (pdev.driver_override !== NULL) return k.memory.cstring(pdev.driver_override) === driverName;
      const table = driverOf(driver).id_table;
      if (table === NULL) return name === driverName;
      for (let entry = table; k.memory.u8(entry) !== 0; entry += ID_ENTRY) {
        if (k.memory.cstring(entry, ID_NAME) !== name) continue;
        pdev.id_entry = entry;
        return true;
      }
      return false;
    },
    *probe(device, driver) {
      const { probe } = driverOf(driver);
      return probe === NULL ? 0 : (yield* k.callBy('platform.probe', probe, deviceOf(device).addr)) | 0;
    },
    *remove(device, driver) {
      const { remove } = driverOf(driver);
      if (remove !== NULL) yield* k.callBy('platform.remove', remove, deviceOf(device).addr);
    },
  };
}
const platform = (k: Kernel): PlatformBus => k.get(PlatformBus);

function allocate(k: Kernel, name: string, id: number): Addr {
  const size = k.layouts.sizeOf('platform_device') + name.length + 1;
  const pdev = k.slab.alloc(size) ?? NULL;
  if (pdev === NULL) return NULL;
  k.memory.fill(pdev, 0, size);
  const view = k.view(PlatformDevice, pdev);
  view.name = pdev + k.layouts.sizeOf('platform_device');
  k.memory.setCstring(view.name, name);
  view.id = id;
  deviceInitialize(k, view.dev);
  k.view(Device, view.dev).release = k.symbols.require('platform_device_release');
  return pdev;
}
function* add(k: Kernel, pdev: Addr): Sleeping<number> {
  if (pdev === NULL) return -EINVAL;
  const bus = platform(k);
  yield* bus.ready();
  const view = k.view(PlatformDevice, pdev);
  const device = k.view(Device, view.dev);
  if (device.parent === NULL) device.parent = bus.root;
  device.bus = bus.address;
  const name = k.memory.cstring(view.name);
  if (view.id === ID_AUTO) {
    view.id = bus.autoId();
    view.id_auto |= 1;
    kobjectSetName(k, view.dev, `${name}.${view.id}.auto`);
  } else kobjectSetName(k, view.dev, view.id === ID_NONE ? name : `${name}.${view.id}`);
  return yield* deviceAdd(k, view.dev);
}
function* unregister(k: Kernel, pdev: Addr): Sleeping<void> {
  if (isError(pdev)) return;
  const { dev } = k.view(PlatformDevice, pdev);
  yield* deviceDel(k, dev);
  yield* kobjectPut(k, dev);
}
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);
function addResources(k: Kernel, pdev: Addr, resources: Addr, count: number): number {
  const bytes = count * k.layouts.sizeOf('resource');
  const copy = bytes === 0 ? NULL : (k.slab.alloc(bytes) ?? NULL);
  if (copy !== NULL) k.memory.copy(copy, resources, bytes);
  const view = k.view(PlatformDevice, pdev);
  view.resource = copy;
  view.num_resources = count;
  return 0;
}
function addData(k: Kernel, pdev: Addr, data: Addr, size: number): number {
  const copy = data === NULL ? NULL : (k.slab.alloc(size) ?? NULL);
  if (copy !== NULL) k.memory.copy(copy, data, size);
  k.view(DevicePlatformData, k.view(PlatformDevice, pdev).dev).platform_data = copy;
  return 0;
}
function* registerDriver(k: Kernel, driver: Addr, owner: Addr): Sleeping<number> {
  const bus = platform(k);
  const buses = yield* bus.ready();
  const view = k.view(DeviceDriver, k.view(PlatformDriver, driver).driver);
  view.owner = owner;
  view.bus = bus.address;
  return yield* buses.registerDriver(view.addr);
}
function resource(k: Kernel, pdev: Addr, test: (address: Addr) => boolean): Addr {
  const view = k.view(PlatformDevice, pdev);
  const size = k.layouts.sizeOf('resource');
  for (let n = 0; n < view.num_resources; n++) if (test(view.resource + n * size)) return view.resource + n * size;
  return NULL;
}
function nth(k: Kernel, pdev: Addr, type: number, num: number): Addr {
  let left = num;
  return resource(k, pdev, (address) => (k.view(Resource, address).flags & RESOURCE_TYPES) === type && left-- === 0);
}
const pdev = pointer('struct platform_device *');
const drv = pointer('struct platform_driver *');

export const platformApi: KernelApi = kernelApi('drivers/base/platform.c', {
  platform_bus: kdata(() => {}),
  platform_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('platform');
    k.get(Buses).declare(address, () => platform(k).ready());
  }),
  platform_device_alloc: kfunc({ name: cstring, id: int }, pdev, (k, { name, id }) => allocate(k, name, id)),
  platform_device_add: blocking({ pdev }, int, (k, { pdev: device }) => add(k, device)),
  platform_device_register: blocking({ pdev }, int, (k, { pdev: device }) => {
    deviceInitialize(k, k.view(PlatformDevice, device).dev);
    return add(k, device);
  }),
  platform_device_put: blocking({ pdev }, nothing, function* (k, { pdev: device }) {
    if (!isError(device)) yield* kobjectPut(k, k.view(PlatformDevice, device).dev);
  }),
  platform_device_del: blocking({ pdev }, nothing, function* (k, { pdev: device }) {
    if (!isError(device)) yield* deviceDel(k, k.view(PlatformDevice, device).dev);
  }),
  platform_device_unregister: blocking({ pdev }, nothing, (k, { pdev: device }) => unregister(k, device)),
  platform_device_release: kfunc({ dev: voidPtr }, nothing, (k, { dev }) => {
    const address = dev - k.layouts.offsetOf('platform_device', 'dev');
    const data = k.view(DevicePlatformData, dev).platform_data;
    if (data !== NULL) k.slab.free(data);
    const { resource: resources } = k.view(PlatformDevice, address);
    if (resources !== NULL) k.slab.free(resources);
    k.slab.free(address);
  }),
  platform_device_add_resources: kfunc({ pdev, res: voidPtr, num: uint }, int, (k, { pdev: device, res, num }) =>
    addResources(k, device, res, num),
  ),
  platform_device_add_data: kfunc({ pdev, data: voidPtr, size: size_t }, int, (k, { pdev: device, data, size }) =>
    addData(k, device, data, size),
  ),
  platform_device_register_full: blocking({ pdevinfo: voidPtr }, pdev, function* (k, { pdevinfo }) {
    const info = k.view(DeviceInfo, pdevinfo);
    const device = allocate(k, k.memory.cstring(info.name), info.id);
    k.view(Device, k.view(PlatformDevice, device).dev).parent = info.parent;
    addResources(k, device, info.res, info.num_res);
    if (info.data !== NULL) addData(k, device, info.data, info.size_data);
    const error = yield* add(k, device);
    if (error === 0) return device;
    yield* kobjectPut(k, k.view(PlatformDevice, device).dev);
    return error;
  }),
  platform_add_devices: blocking({ devs: voidPtr, num: int }, int, function* (k, { devs, num }) {
    for (let n = 0; n < num; n++) {
      const device = k.memory.ptr(devs + n * 8);
      deviceInitialize(k, k.view(PlatformDevice, device).dev);
      const error = yield* add(k, device);
      if (error === 0) continue;
      while (--n >= 0) yield* unregister(k, k.memory.ptr(devs + n * 8));
      return error;
    }
    return 0;
  }),
  platform_get_resource: kfunc({ dev: pdev, type: uint, num: uint }, voidPtr, (k, { dev, type, num }) => nth(k, dev, type, num)),
  platform_get_mem_or_io: kfunc({ dev: pdev, num: uint }, voidPtr, (k, { dev, num }) => {
    const IORESOURCE_IO = 0x100;
    const IORESOURCE_MEM = 0x200;
    let left = num;
    return resource(k, dev, (address) => {
      const type = k.view(Resource, address).flags & RESOURCE_TYPES;
      return (type === IORESOURCE_IO || type === IORESOURCE_MEM) && left-- === 0;
    });
  }),
  devm_platform_ioremap_resource: blocking({ pdev, index: uint }, voidPtr, (k, { pdev: device, index }) => {
    const IORESOURCE_MEM = 0x200;
    const { dev } = k.view(PlatformDevice, device);
    return k.call(k.symbols.require('devm_ioremap_resource'), dev, nth(k, device, IORESOURCE_MEM, index));
  }),
  platform_get_resource_byname: kfunc({ dev: pdev, type: uint, name: cstring }, voidPtr, (k, { dev, type, name }) =>
    resource(k, dev, (address) => {
      const { flags, name: at } = k.view(Resource, address);
      return (flags & RESOURCE_TYPES) === type && at !== NULL && k.memory.cstring(at) === name;
    }),
  ),
  platform_get_irq: kfunc({ dev: pdev, num: uint }, int, (k, { dev, num }) => {
    const found = nth(k, dev, IORESOURCE_IRQ, num);
    if (found !== NULL) return k.view(Resource, found).start;
    devPrintk(k, LEVEL_ERR, k.view(PlatformDevice, dev).dev, `IRQ index ${num} not found\n`);
    return -ENXIO;
  }),
  platform_get_irq_optional: kfunc({ dev: pdev, num: uint }, int, (k, { dev, num }) => {
    const found = nth(k, dev, IORESOURCE_IRQ, num);
    return found === NULL ? -ENXIO : k.view(Resource, found).start;
  }),
  __platform_driver_register: blocking({ drv, owner: voidPtr }, int, (k, { drv: driver, owner }) => registerDriver(k, driver, owner)),
  platform_driver_unregister: blocking({ drv }, nothing, (k, { drv: driver }) =>
    k.get(Buses).unregisterDriver(k.view(PlatformDriver, driver).driver),
  ),
  /** A driver whose probe is init code: what it does not bind now it never will. */
  __platform_driver_probe: blocking({ drv, probe: voidPtr, module: voidPtr }, int, function* (k, { drv: driver, probe, module }) {
    const view = k.view(PlatformDriver, driver);
    view.probe = probe;
    // It is probed now or never: nobody may bind it later.
    k.view(DeviceDriver, view.driver).suppress_bind_attrs = true;
    const error = yield* registerDriver(k, driver, module);
    if (error !== 0) return error;
    view.probe = NULL;
    if (k.get(Buses).anyBound(view.driver)) return 0;
    yield* k.get(Buses).unregisterDriver(view.driver);
    return -ENODEV;
  }),
  __platform_create_bundle: blocking(
    { driver: drv, probe: voidPtr, res: voidPtr, n_res: uint, data: voidPtr, size: size_t, module: voidPtr },
    pdev,
    function* (k, { driver, probe, res, n_res, data, size, module }) {
      const name = k.memory.cstring(k.view(DeviceDriver, k.view(PlatformDriver, driver).driver).name);
      const device = allocate(k, name, ID_NONE);
      addResources(k, device, res, n_res);
      if (data !== NULL) addData(k, device, data, size);
      let error = yield* add(k, device);
      if (error === 0) {
        const view = k.view(PlatformDriver, driver);
        view.probe = probe;
        k.view(DeviceDriver, view.driver).suppress_bind_attrs = true;
        error = yield* registerDriver(k, driver, module);
        view.probe = NULL;
        if (error === 0 && !k.get(Buses).anyBound(view.driver)) {
          yield* k.get(Buses).unregisterDriver(view.driver);
          error = -ENODEV;
        }
        if (error !== 0) yield* deviceDel(k, k.view(PlatformDevice, device).dev);
      }
      if (error === 0) return device;
      yield* kobjectPut(k, k.view(PlatformDevice, device).dev);
      return error;
    },
  ),
  __platform_register_drivers: blocking({ drivers: voidPtr, count: uint, owner: voidPtr }, int, function* (k, { drivers, count, owner }) {
    for (let n = 0; n < count; n++) {
      const error = yield* registerDriver(k, k.memory.ptr(drivers + n * 8), owner);
      if (error === 0) continue;
      while (--n >= 0) yield* k.get(Buses).unregisterDriver(k.view(PlatformDriver, k.memory.ptr(drivers + n * 8)).driver);
      return error;
    }
    return 0;
  }),
  platform_unregister_drivers: blocking({ drivers: voidPtr, count: uint }, nothing, function* (k, { drivers, count }) {
    for (let n = count - 1; n >= 0; n--) yield* k.get(Buses).unregisterDriver(k.view(PlatformDriver, k.memory.ptr(drivers + n * 8)).driver);
  }),
});
