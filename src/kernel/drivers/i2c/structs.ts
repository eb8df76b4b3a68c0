// What the I2C core reads and writes of its structs, and the numbers of the bus. Source: include/linux/i2c.h, uapi/linux/i2c.h.
import { embedded, fnPtr, int, kernelStruct, u8, u16, u32, uint, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

export const Adapter = kernelStruct('i2c_adapter', {
  owner: voidPtr,
  class: uint,
  algo: voidPtr,
  lock_ops: voidPtr,
  bus_lock: embedded,
  mux_lock: embedded,
  timeout: int,
  retries: int,
  dev: embedded,
  locked_flags: u32,
  nr: int,
  name: embedded,
  userspace_clients_lock: embedded,
  userspace_clients: embedded,
  quirks: voidPtr,
  debugfs: voidPtr,
});
export const Client = kernelStruct('i2c_client', {
  flags: u16,
  name: embedded,
  adapter: voidPtr,
  dev: embedded,
  init_irq: int,
  irq: int,
  detected: embedded,
  devres_group_id: voidPtr,
});
export const Driver = kernelStruct('i2c_driver', {
  class: uint,
  probe: fnPtr,
  remove: fnPtr,
  probe_new: fnPtr,
  driver: embedded,
  id_table: voidPtr,
  detect: fnPtr,
  address_list: voidPtr,
  clients: embedded,
});
export const Algorithm = kernelStruct('i2c_algorithm', { master_xfer: fnPtr, smbus_xfer: fnPtr, functionality: fnPtr });
export const BoardInfo = kernelStruct('i2c_board_info', {
  type: embedded,
  flags: u16,
  dev_name: voidPtr,
  platform_data: voidPtr,
  fwnode: voidPtr,
  resources: voidPtr,
  num_resources: uint,
  irq: int,
});
export const Message = kernelStruct('i2c_msg', { flags: u16, len: u16, buf: voidPtr });
export const DeviceId = kernelStruct('i2c_device_id', { driver_data: voidPtr });
export const LockOperations = kernelStruct('i2c_lock_operations', { lock_bus: fnPtr, trylock_bus: fnPtr, unlock_bus: fnPtr });
export const Quirks = kernelStruct('i2c_adapter_quirks', {
  flags: u32,
  max_num_msgs: int,
  max_write_len: u16,
  max_read_len: u16,
  max_comb_1st_msg_len: u16,
  max_comb_2nd_msg_len: u16,
});
export const DeviceOf = kernelStruct('device', {
  parent: voidPtr,
  type: voidPtr,
  bus: voidPtr,
  driver: voidPtr,
  platform_data: voidPtr,
  fwnode: voidPtr,
});
/** The first byte of union i2c_smbus_data is both `byte` and the length of `block`. */
export const SmbusData = { byte: u8, word: u16, size: 34 } as const;

export const NAME_SIZE = 20;
export const ADAPTER_NAME_SIZE = 48;
export const CLIENT_END = 0xfffe;
export const I2C_M_RD = 1;
export const I2C_M_TEN = 0x10;
export const I2C_M_RECV_LEN = 0x400;
export const I2C_CLIENT_PEC = 4;
export const I2C_CLIENT_SLAVE = 0x20;
export const I2C_CLIENT_SCCB = 0x9000;
const OFFSET_TEN_BIT = 0xa000;
const OFFSET_SLAVE = 0x1000;

/** An address with what makes it another one: ten bits, own slave. */
export function encodeAddress(addr: number, flags: number): number {
  return addr | ((flags & I2C_M_TEN) !== 0 ? OFFSET_TEN_BIT : 0) | ((flags & I2C_CLIENT_SLAVE) !== 0 ? OFFSET_SLAVE : 0);
}
/** The reverse: as userspace writes it. */
export function decodeAddress(value: number): { addr: number; flags: number } {
  let addr = value;
  let flags = 0;
  if ((addr & OFFSET_TEN_BIT) === OFFSET_TEN_BIT) {
    addr &= ~OFFSET_TEN_BIT;
    flags |= I2C_M_TEN;
  }
  if ((addr & OFFSET_SLAVE) !== 0) {
    addr &= ~OFFSET_SLAVE;
    flags |= I2C_CLIENT_SLAVE;
  }
  return { addr, flags };
}
type Addressed = 'i2c_client' | 'i2c_board_info' | 'i2c_msg';
/** The field `addr` of a struct: a view's own `addr` is where the struct lies. */
export const busAddress = (k: Kernel, struct: Addressed, at: Addr): number => k.memory.u16(at + k.layouts.offsetOf(struct, 'addr'));
export const setBusAddress = (k: Kernel, struct: Addressed, at: Addr, value: number): void =>
  k.memory.setU16(at + k.layouts.offsetOf(struct, 'addr'), value);
export const adapterOf = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('i2c_adapter', 'dev');
export const clientOf = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('i2c_client', 'dev');
export const driverOf = (k: Kernel, driver: Addr): Addr => driver - k.layouts.offsetOf('i2c_driver', 'driver');
export const clientName = (k: Kernel, client: Addr): string => k.memory.cstring(k.view(Client, client).name, NAME_SIZE);
