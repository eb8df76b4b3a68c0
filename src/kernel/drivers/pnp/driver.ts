// Plug and play: drivers register, and find no device. Source: drivers/pnp/{driver,resource,manager}.c.
import { EINVAL, ENODEV } from '#abi';
import {
  absent,
  blocking,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  nothing,
  partial,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { Buses, type BusOperations, DeviceDriver } from '../base/bus.ts';

const PnpDriver = kernelStruct('pnp_driver', { name: voidPtr, driver: embedded });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const NULL = 0;
const noDevices: BusOperations = {
  // biome-ignore lint/correctness/useYield: nothing matches
  *match() {
    return false;
  },
  // biome-ignore lint/correctness/useYield: nothing is probed
  *probe() {
    return -ENODEV;
  },
  *remove() {},
};
class PnpBus {
  readonly #k: Kernel;
  readonly address: Addr;
  #ready = false;
  constructor(k: Kernel) {
    this.#k = k;
    this.address = k.symbols.require('pnp_bus_type');
  }
  *ready(): Sleeping<Buses> {
    const buses = this.#k.get(Buses);
    if (!this.#ready) yield* buses.register(this.address, noDevices);
    this.#ready = true;
    return buses;
  }
}
const NO_DEVICES = 'no device is on the bus';
const none = absent(NO_DEVICES);
const dev = voidPtr;

export const pnpApi: KernelApi = kernelApi('drivers/pnp/driver.c', {
  pnp_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('pnp');
  }),
  pnp_register_driver: partial(
    NO_DEVICES,
    blocking({ drv: voidPtr }, int, function* (k, { drv }) {
      const buses = yield* k.get(PnpBus).ready();
      const { name, driver } = k.view(PnpDriver, drv);
      Object.assign(k.view(DeviceDriver, driver), { name, bus: k.get(PnpBus).address });
      return yield* buses.registerDriver(driver);
    }),
  ),
  pnp_unregister_driver: blocking({ drv: voidPtr }, nothing, (k, { drv }) => k.get(Buses).unregisterDriver(k.view(PnpDriver, drv).driver)),
  pnp_get_resource: none({ dev, type: ulong, num: uint }, voidPtr, NULL),
  pnp_activate_dev: none({ dev }, int, -EINVAL),
  pnp_disable_dev: none({ dev }, int, -EINVAL),
  pnp_start_dev: none({ dev }, int, -EINVAL),
  pnp_stop_dev: none({ dev }, int, -EINVAL),
  pnp_is_active: none({ dev }, int, 0),
});
