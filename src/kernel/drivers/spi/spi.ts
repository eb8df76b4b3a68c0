// The SPI bus: drivers register, and no controller has devices. Source: drivers/spi/spi.c.
import { EINVAL, ENODEV, ESHUTDOWN } from '#abi';
import {
  absent,
  blocking,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  type Sleeping,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { Buses, type BusOperations, DeviceDriver } from '../base/bus.ts';

const SpiDriver = kernelStruct('spi_driver', { id_table: voidPtr, probe: voidPtr, remove: voidPtr, driver: embedded });
const SpiDevice = kernelStruct('spi_device', { 'dev.driver': voidPtr, modalias: embedded });
const MatchTable = kernelStruct('device_driver', { of_match_table: voidPtr });
const OfDeviceId = kernelStruct('of_device_id', { name: embedded, type: embedded, compatible: embedded });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const NULL = 0;
const NAME_SIZE = 32;

/** The entry of a table that has this name. */
function matchName(k: Kernel, table: Addr, name: string): Addr {
  if (table === NULL) return NULL;
  const size = k.layouts.sizeOf('spi_device_id');
  for (let at = table; k.memory.u8(at) !== 0; at += size) if (k.memory.cstring(at, NAME_SIZE) === name) return at;
  return NULL;
}
const modalias = (k: Kernel, device: Addr): string => k.memory.cstring(k.view(SpiDevice, device).modalias, NAME_SIZE);
const driverOf = (k: Kernel, driver: Addr) => k.view(SpiDriver, driver - k.layouts.offsetOf('spi_driver', 'driver'));

class SpiBus {
  readonly #k: Kernel;
  readonly address: Addr;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('spi_bus_type');
  }
  *ready(): Sleeping<Buses> {
    const buses = this.#k.get(Buses);
    if (!this.#ready) yield* buses.register(this.address, operations(this.#k));
    this.#ready = true;
    return buses;
  }
}
/** The device is the first field of struct spi_device. */
function operations(k: Kernel): BusOperations {
  return {
    // biome-ignore lint/correctness/useYield: names are compared
    *match(device, driver) {
      const { id_table } = driverOf(k, driver);
      if (id_table !== NULL) return matchName(k, id_table, modalias(k, device)) !== NULL;
      return k.memory.cstring(k.view(DeviceDriver, driver).name) === modalias(k, device);
    },
    *probe(device, driver) {
      const { probe } = driverOf(k, driver);
      return probe === NULL ? 0 : yield* k.callInt(probe, device);
    },
    *remove(device, driver) {
      const { remove } = driverOf(k, driver);
      if (remove !== NULL) yield* k.call(remove, device);
    },
  };
}
/** Each compatible string of the driver should have an identifier that a module is found by. */
function checkTables(k: Kernel, driver: Addr): void {
  const { id_table, driver: base } = k.view(SpiDriver, driver);
  const name = k.memory.cstring(k.view(DeviceDriver, base).name);
  const size = k.layouts.sizeOf('of_device_id');
  for (let at = k.view(MatchTable, base).of_match_table; at !== NULL; at += size) {
    const id = k.view(OfDeviceId, at);
    if (k.memory.u8(id.name) === 0 && k.memory.u8(id.type) === 0 && k.memory.u8(id.compatible) === 0) return;
    const compatible = k.memory.cstring(id.compatible);
    const short = compatible.includes(',') ? compatible.slice(compatible.indexOf(',') + 1) : compatible;
    const known = id_table === NULL ? short === name : matchName(k, id_table, short) !== NULL;
    if (!known) k.log.print('warning', `SPI driver ${name} has no spi_device_id for ${compatible}`);
  }
}
const spi = voidPtr;
const none = absent('no controller exists: no device can be there');

export const spiApi: KernelApi = kernelApi('drivers/spi/spi.c', {
  spi_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('spi');
    k.get(Buses).declare(address, () => k.get(SpiBus).ready());
  }),
  __spi_register_driver: blocking({ owner: voidPtr, sdrv: voidPtr }, int, function* (k, { owner, sdrv }) {
    const buses = yield* k.get(SpiBus).ready();
    const { driver } = k.view(SpiDriver, sdrv);
    Object.assign(k.view(DeviceDriver, driver), { owner, bus: k.get(SpiBus).address });
    checkTables(k, sdrv);
    return yield* buses.registerDriver(driver);
  }),
  spi_get_device_id: kfunc({ sdev: voidPtr }, voidPtr, (k, { sdev }) => {
    const { 'dev.driver': driver } = k.view(SpiDevice, sdev);
    return matchName(k, driverOf(k, driver).id_table, modalias(k, sdev));
  }),
  spi_setup: none({ spi }, int, -EINVAL),
  spi_sync: none({ spi, message: voidPtr }, int, -ESHUTDOWN),
  spi_sync_locked: none({ spi, message: voidPtr }, int, -ESHUTDOWN),
  spi_async: none({ spi, message: voidPtr }, int, -ESHUTDOWN),
  spi_write_then_read: none({ spi, txbuf: voidPtr, n_tx: uint, rxbuf: voidPtr, n_rx: uint }, int, -ESHUTDOWN),
  spi_new_device: none({ ctlr: voidPtr, chip: voidPtr }, voidPtr, NULL),
  spi_unregister_device: none({ spi }, nothing),
  spi_bus_lock: none({ ctlr: voidPtr }, int, -ENODEV),
  spi_bus_unlock: none({ ctlr: voidPtr }, int, -ENODEV),
});
