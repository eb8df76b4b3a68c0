// The PCI bus: drivers register, and find no device. Source: drivers/pci/{pci-driver,search}.c.
import { EEXIST, EINVAL, ENODEV } from '#abi';
import {
  blocking,
  embedded,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  partial,
  pointer,
  type Sleeping,
  u16,
  u32,
  uint,
  ulong,
  voidPtr,
} from '../../api/index.ts';
import type { TreeDirectory } from '../../fs/node.ts';
import { sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectGet, kobjectPut } from '../../lib/kobject.ts';
import { listInit } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { Buses, type BusOperations, DeviceDriver } from '../base/bus.ts';

const PciDriver = kernelStruct('pci_driver', {
  name: voidPtr,
  id_table: voidPtr,
  probe: voidPtr,
  remove: voidPtr,
  groups: voidPtr,
  dev_groups: voidPtr,
  driver: embedded,
  'dynids.list': embedded,
});
const PciDev = kernelStruct('pci_dev', {
  vendor: u16,
  device: u16,
  subsystem_vendor: u16,
  subsystem_device: u16,
  class: uint,
  dev: embedded,
});
const PciDeviceId = kernelStruct('pci_device_id', {
  vendor: u32,
  device: u32,
  subvendor: u32,
  subdevice: u32,
  class: u32,
  class_mask: u32,
});
const BusName = kernelStruct('bus_type', { name: voidPtr });
const NULL = 0;
const ANY = 0xffffffff;

/** The first entry of a table that the device matches. */
function matchId(k: Kernel, table: Addr, pdev: Addr): Addr {
  const device = k.view(PciDev, pdev);
  const size = k.layouts.sizeOf('pci_device_id');
  const fits = (wanted: number, has: number): boolean => wanted === ANY || wanted === has;
  for (let at = table; at !== NULL; at += size) {
    const id = k.view(PciDeviceId, at);
    if (id.vendor === 0 && id.subvendor === 0 && id.class_mask === 0) return NULL;
    const same = fits(id.vendor, device.vendor) && fits(id.device, device.device);
    const sub = fits(id.subvendor, device.subsystem_vendor) && fits(id.subdevice, device.subsystem_device);
    if (same && sub && ((id.class ^ device.class) & id.class_mask) === 0) return at;
  }
  return NULL;
}
class PciBus {
  readonly #k: Kernel;
  readonly address: Addr;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('pci_bus_type');
  }
  *ready(): Sleeping<Buses> {
    const buses = this.#k.get(Buses);
    if (!this.#ready) {
      this.#ready = true;
      yield* buses.register(this.address, operations(this.#k));
    }
    return buses;
  }
}
function operations(k: Kernel): BusOperations {
  const driverOf = (driver: Addr) => k.view(PciDriver, driver - k.layouts.offsetOf('pci_driver', 'driver'));
  const deviceOf = (device: Addr): Addr => device - k.layouts.offsetOf('pci_dev', 'dev');
  return {
    // biome-ignore lint/correctness/useYield: numbers are compared
    *match(device, driver) {
      return matchId(k, driverOf(driver).id_table, deviceOf(device)) !== NULL;
    },
    *probe(device, driver) {
      const { probe, id_table } = driverOf(driver);
      return probe === NULL ? 0 : yield* k.callInt(probe, deviceOf(device), matchId(k, id_table, deviceOf(device)));
    },
    *remove(device, driver) {
      const { remove } = driverOf(driver);
      if (remove !== NULL) yield* k.call(remove, deviceOf(device));
    },
    driverFiles,
  };
}
/** new_id and remove_id: "VENDOR DEVICE [SUBVENDOR SUBDEVICE CLASS MASK DATA]" in hexadecimal. */
function driverFiles(directory: TreeDirectory): void {
  const added: string[] = [];
  const parse = (text: string): string | undefined => /^\s*([0-9a-fA-F]+)\s+([0-9a-fA-F]+)/.exec(text)?.slice(1, 3).join(' ');
  directory.put('new_id', sysfsText(0o200, { write: (text) => newId(added, text, parse(text)) }));
  directory.put('remove_id', sysfsText(0o200, { write: (text) => removeId(added, text, parse(text)) }));
}
// biome-ignore lint/correctness/useYield: there is no device to bind
function* newId(added: string[], text: string, id: string | undefined): Sleeping<number> {
  if (id === undefined) return -EINVAL;
  if (added.includes(id)) return -EEXIST;
  added.push(id);
  return text.length;
}
// biome-ignore lint/correctness/useYield: a list is changed
function* removeId(added: string[], text: string, id: string | undefined): Sleeping<number> {
  if (id === undefined) return -EINVAL;
  const at = added.indexOf(id);
  if (at < 0) return -ENODEV;
  added.splice(at, 1);
  return text.length;
}
function* register(k: Kernel, driver: Addr, owner: Addr): Sleeping<number> {
  const bus = k.get(PciBus);
  const buses = yield* bus.ready();
  const view = k.view(PciDriver, driver);
  const base = k.view(DeviceDriver, view.driver);
  Object.assign(base, { name: view.name, bus: bus.address, owner, groups: view.groups, dev_groups: view.dev_groups });
  listInit(k, view['dynids.list']);
  return yield* buses.registerDriver(view.driver);
}
const drv = pointer('struct pci_driver *');
const dev = pointer('struct pci_dev *');
const from = dev;
const NO_DEVICES = 'no device is on the bus';
/** A search that finds nothing. */
const search = (params: Readonly<Record<string, typeof uint>>): KernelSymbol =>
  partial(
    NO_DEVICES,
    kfunc({ ...params, from }, dev, () => NULL),
  );

export const pciDriverApi: KernelApi = kernelApi('drivers/pci/pci-driver.c', {
  pci_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('pci');
    k.get(Buses).declare(address, () => k.get(PciBus).ready());
  }),
  __pci_register_driver: partial(
    NO_DEVICES,
    blocking({ drv, owner: voidPtr, mod_name: optionalCstring }, int, (k, { drv: driver, owner }) => register(k, driver, owner)),
  ),
  pci_unregister_driver: blocking({ drv }, nothing, (k, { drv: driver }) =>
    k.get(Buses).unregisterDriver(k.view(PciDriver, driver).driver),
  ),
  pci_match_id: kfunc({ ids: voidPtr, dev }, voidPtr, (k, { ids, dev: device }) => matchId(k, ids, device)),
  pci_dev_get: kfunc({ dev }, dev, (k, { dev: device }) => {
    if (device !== NULL) kobjectGet(k, k.view(PciDev, device).dev);
    return device;
  }),
  pci_dev_put: blocking({ dev }, nothing, function* (k, { dev: device }) {
    if (device !== NULL) yield* kobjectPut(k, k.view(PciDev, device).dev);
  }),
  pci_add_dynid: partial(
    NO_DEVICES,
    kfunc(
      { drv, vendor: uint, device: uint, subvendor: uint, subdevice: uint, class: uint, class_mask: uint, driver_data: ulong },
      int,
      () => 0,
    ),
  ),
  pci_get_device: search({ vendor: uint, device: uint }),
  pci_get_subsys: search({ vendor: uint, device: uint, ss_vendor: uint, ss_device: uint }),
  pci_get_class: search({ class: uint }),
  pci_dev_present: partial(
    NO_DEVICES,
    kfunc({ ids: voidPtr }, int, () => 0),
  ),
  pci_get_slot: partial(
    NO_DEVICES,
    kfunc({ bus: voidPtr, devfn: uint }, dev, () => NULL),
  ),
  pci_get_domain_bus_and_slot: partial(
    NO_DEVICES,
    kfunc({ domain: int, bus: uint, devfn: uint }, dev, () => NULL),
  ),
  pci_find_bus: partial(
    NO_DEVICES,
    kfunc({ domain: int, busnr: int }, voidPtr, () => NULL),
  ),
  pci_find_next_bus: partial(
    NO_DEVICES,
    kfunc({ from: voidPtr }, voidPtr, () => NULL),
  ),
});
