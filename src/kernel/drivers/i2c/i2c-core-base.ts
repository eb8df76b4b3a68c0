// Adapters, drivers and clients of I2C. Source: drivers/i2c/i2c-core-base.c.
import { EBUSY, EINVAL, ENODEV, ENOENT, EOPNOTSUPP } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  u16,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectGet, kobjectPut, kobjectSetName } from '../../lib/kobject.ts';
import { listAddTail, listDeleteInit, listEntries, listInit } from '../../lib/list.ts';
import { mutexInit } from '../../locking/mutex.ts';
import { rtMutexInit } from '../../locking/rtmutex.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { TASK_UNINTERRUPTIBLE } from '../../sched/task.ts';
import { Waiters } from '../../sched/waiters.ts';
import { Buses, DeviceDriver, forEach } from '../base/bus.ts';
import { childrenOf, deviceAdd, deviceInitialize, deviceUnregister } from '../base/core.ts';
import { deviceName, devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';
import { I2cBus, matchId } from './bus.ts';
import { smbusXfer } from './i2c-core-smbus.ts';
import {
  ADAPTER_NAME_SIZE,
  Adapter,
  Algorithm,
  adapterOf,
  BoardInfo,
  busAddress,
  CLIENT_END,
  Client,
  clientName,
  clientOf,
  DeviceId,
  DeviceOf,
  Driver,
  decodeAddress,
  driverOf,
  encodeAddress,
  I2C_M_RD,
  I2C_M_TEN,
  LockOperations,
  Message,
  NAME_SIZE,
  setBusAddress,
} from './structs.ts';
import { lockAdapter, parentAdapter, transfer, transferLocked, tryLockAdapter, unlockAdapter } from './transfer.ts';

const BusName = kernelStruct('bus_type', { name: voidPtr });
const TypeRelease = kernelStruct('device_type', { release: voidPtr });
const NULL = 0;
const HZ = 250;
const LEVEL_ERR = 3;
const LEVEL_WARNING = 4;
const LEVEL_INFO = 6;
const CLASS_HWMON = 1;
const CLASS_DEPRECATED = 0x100;
const FUNC_SMBUS_QUICK = 0x10000;
const FUNC_SMBUS_READ_BYTE = 0x20000;
const FUNC_SMBUS_READ_BYTE_DATA = 0x80000;
const SMBUS_READ = 1;
const SMBUS_WRITE = 0;
const PROTOCOL = { quick: 0, byte: 1, byteData: 2 } as const;
const DMA_SAFE = 0x200;

function bus(k: Kernel): I2cBus {
  const i2c = k.get(I2cBus);
  i2c.control ??= { create: (of, text) => createFromUser(k, of, text), remove: (of, text) => deleteFromUser(k, of, text) };
  return i2c;
}
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);
const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
const say = (k: Kernel, level: number, adapter: Addr, text: string): void => devPrintk(k, level, k.view(Adapter, adapter).dev, `${text}\n`);
const adapterName = (k: Kernel, adapter: Addr): string => k.memory.cstring(k.view(Adapter, adapter).name, ADAPTER_NAME_SIZE);
/** Clients of an adapter, oldest first. */
const clientsOf = (k: Kernel, adapter: Addr): Addr[] =>
  childrenOf(k, k.view(Adapter, adapter).dev)
    .filter((device) => k.view(DeviceOf, device).type === bus(k).clientType)
    .map((device) => clientOf(k, device));
const encodedAddress = (k: Kernel, client: Addr): number =>
  encodeAddress(busAddress(k, 'i2c_client', client), k.view(Client, client).flags);

/** Whether a client has this (encoded) address, here, above or below a multiplexer. */
function addressBusy(k: Kernel, adapter: Addr, address: number): boolean {
  const taken = (at: Addr): boolean => clientsOf(k, at).some((client) => encodedAddress(k, client) === address);
  const takenBelow = (at: Addr): boolean =>
    taken(at) || childrenOf(k, k.view(Adapter, at).dev).some((device) => bus(k).isAdapter(device) && takenBelow(adapterOf(k, device)));
  for (let at = parentAdapter(k, adapter); at !== NULL; at = parentAdapter(k, at)) if (taken(at)) return true;
  return takenBelow(adapter);
}
/** i2c_new_client_device(). Return: the client, or an error pointer. */
export function* newClient(k: Kernel, adapter: Addr, info: Addr): Sleeping<Addr> {
  yield* bus(k).ready();
  const board = k.view(BoardInfo, info);
  const address = busAddress(k, 'i2c_board_info', info);
  const tenBit = (board.flags & I2C_M_TEN) !== 0;
  if (tenBit ? address > 0x3ff : address === 0 || address > 0x7f) {
    say(k, LEVEL_ERR, adapter, `Invalid ${tenBit ? 10 : 7}-bit I2C address ${hex(address, 2)}`);
    return -EINVAL;
  }
  const type = k.memory.cstring(board.type, NAME_SIZE).slice(0, NAME_SIZE - 1);
  const error = addressBusy(k, adapter, encodeAddress(address, board.flags)) ? -EBUSY : yield* addClient(k, adapter, board, type, address);
  if (error >= 0 || error < -4095) return error;
  say(k, LEVEL_ERR, adapter, `Failed to register i2c client ${type} at ${hex(address, 2)} (${error})`);
  return error;
}
type Board = ReturnType<typeof boardAt>;
const boardAt = (k: Kernel, info: Addr) => k.view(BoardInfo, info);
function* addClient(k: Kernel, adapter: Addr, board: Board, type: string, address: number): Sleeping<Addr> {
  const client = k.view(Client, kzalloc(k, k.layouts.sizeOf('i2c_client')));
  Object.assign(client, { adapter, flags: board.flags, init_irq: board.irq });
  setBusAddress(k, 'i2c_client', client.addr, address);
  k.memory.setCstring(client.name, type);
  const device = k.view(DeviceOf, client.dev);
  deviceInitialize(k, client.dev);
  Object.assign(device, {
    parent: k.view(Adapter, adapter).dev,
    bus: bus(k).address,
    type: bus(k).clientType,
    platform_data: board.platform_data,
    fwnode: board.fwnode,
  });
  const name =
    board.dev_name !== NULL
      ? `i2c-${k.memory.cstring(board.dev_name)}`
      : `${k.view(Adapter, adapter).nr}-${encodedAddress(k, client.addr).toString(16).padStart(4, '0')}`;
  kobjectSetName(k, client.dev, name);
  const error = yield* deviceAdd(k, client.dev);
  if (error === 0) return client.addr;
  yield* kobjectPut(k, client.dev);
  return error;
}
function* unregisterClient(k: Kernel, client: Addr): Sleeping<void> {
  if (!isError(client)) yield* deviceUnregister(k, k.view(Client, client).dev);
}
/** A client with `type` at `address`, as i2c_new_dummy_device() makes one. */
function* newClientAt(k: Kernel, adapter: Addr, type: string, address: number, flags = 0): Sleeping<Addr> {
  const info = kzalloc(k, k.layouts.sizeOf('i2c_board_info'));
  k.memory.setCstring(k.view(BoardInfo, info).type, type);
  k.view(BoardInfo, info).flags = flags;
  setBusAddress(k, 'i2c_board_info', info, address);
  const client = yield* newClient(k, adapter, info);
  k.slab.free(info);
  return client;
}
const functionsOf = function* (k: Kernel, adapter: Addr): Sleeping<number> {
  return (yield* k.callInt(k.view(Algorithm, k.view(Adapter, adapter).algo).functionality, adapter)) >>> 0;
};
/** Whether something answers at an address. Linux: i2c_default_probe(). */
function* defaultProbe(k: Kernel, adapter: Addr, addr: number): Sleeping<boolean> {
  const functions = yield* functionsOf(k, adapter);
  const data = kzalloc(k, 34);
  const ask = (readWrite: number, protocol: number, at: Addr) =>
    smbusXfer(k, adapter, { addr, flags: 0, readWrite, command: 0, protocol, data: at });
  let result = -EOPNOTSUPP;
  const fragile = (addr & ~0x07) === 0x30 || (addr & ~0x0f) === 0x50;
  if (addr === 0x73 && (k.view(Adapter, adapter).class & CLASS_HWMON) !== 0 && (functions & FUNC_SMBUS_READ_BYTE_DATA) !== 0)
    result = yield* ask(SMBUS_READ, PROTOCOL.byteData, data);
  else if (!fragile && (functions & FUNC_SMBUS_QUICK) !== 0) result = yield* ask(SMBUS_WRITE, PROTOCOL.quick, NULL);
  else if ((functions & FUNC_SMBUS_READ_BYTE) !== 0) result = yield* ask(SMBUS_READ, PROTOCOL.byte, data);
  else say(k, LEVEL_WARNING, adapter, `No suitable probing method supported for address ${hex(addr, 2).toUpperCase().replace('X', 'x')}`);
  k.slab.free(data);
  return result >= 0;
}
/** Asks a driver's detect() at each of its addresses of an adapter of its class. */
function* detect(k: Kernel, adapter: Addr, driver: Addr): Sleeping<void> {
  const { detect: fn, address_list: list, class: classes } = k.view(Driver, driver);
  const { class: own } = k.view(Adapter, adapter);
  if (fn === NULL || list === NULL || own === CLASS_DEPRECATED || (own & classes) === 0) return;
  const temporary = k.view(Client, kzalloc(k, k.layouts.sizeOf('i2c_client')));
  temporary.adapter = adapter;
  for (let at = list; k.memory.u16(at) !== CLIENT_END; at += 2) {
    setBusAddress(k, 'i2c_client', temporary.addr, k.memory.u16(at));
    if ((yield* detectAddress(k, temporary.addr, driver, fn)) !== 0) break;
  }
  k.slab.free(temporary.addr);
}
function* detectAddress(k: Kernel, temporary: Addr, driver: Addr, fn: Addr): Sleeping<number> {
  const { adapter } = k.view(Client, temporary);
  const address = busAddress(k, 'i2c_client', temporary);
  if (address < 0x08 || address > 0x77) {
    say(k, LEVEL_WARNING, adapter, `Invalid probe address ${hex(address, 2)}`);
    return -EINVAL;
  }
  if (addressBusy(k, adapter, address) || !(yield* defaultProbe(k, adapter, address))) return 0;
  const info = kzalloc(k, k.layouts.sizeOf('i2c_board_info'));
  setBusAddress(k, 'i2c_board_info', info, address);
  const error = yield* k.callInt(fn, temporary, info);
  const type = k.memory.cstring(k.view(BoardInfo, info).type, NAME_SIZE);
  if (error === 0 && type === '') {
    const name = k.memory.cstring(k.view(DeviceDriver, k.view(Driver, driver).driver).name);
    say(k, LEVEL_ERR, adapter, `${name} detection function provided no name for ${hex(address, 1)}`);
  } else if (error === 0) {
    if ((k.view(Adapter, adapter).class & CLASS_DEPRECATED) !== 0)
      say(
        k,
        LEVEL_WARNING,
        adapter,
        `This adapter will soon drop class based instantiation of devices. Please make sure client ${hex(address, 2)} gets instantiated by other means. Check 'Documentation/i2c/instantiating-devices.rst' for details.`,
      );
    const client = yield* newClient(k, adapter, info);
    if (isError(client)) say(k, LEVEL_ERR, adapter, `Failed creating ${type} at ${hex(address, 2)}`);
    else listAddTail(k, k.view(Client, client).detected, k.view(Driver, driver).clients);
  }
  k.slab.free(info);
  return error === -ENODEV ? 0 : error;
}
/** Forgets the clients that a driver detected on an adapter. */
function* forgetDetected(k: Kernel, adapter: Addr, driver: Addr): Sleeping<void> {
  const offset = k.layouts.offsetOf('i2c_client', 'detected');
  for (const entry of listEntries(k, k.view(Driver, driver).clients)) {
    if (k.view(Client, entry - offset).adapter !== adapter) continue;
    listDeleteInit(k, entry);
    yield* unregisterClient(k, entry - offset);
  }
}
const driversOf = (k: Kernel): Addr[] =>
  (k.get(Buses).at(bus(k).address)?.drivers ?? [])
    .map((driver) => driverOf(k, driver))
    // The kernel's own driver of dummies has no list.
    .filter((driver) => k.memory.ptr(k.view(Driver, driver).clients) !== NULL);

function* registerAdapter(k: Kernel, adapter: Addr, nr: number): Sleeping<number> {
  const view = k.view(Adapter, adapter);
  yield* bus(k).ready();
  if (adapterName(k, adapter) === '') {
    k.exceptions.warn('drivers/i2c/i2c-core-base.c', 1525, 'i2c_register_adapter', 'i2c adapter has no name');
    return -EINVAL;
  }
  if (view.algo === NULL) {
    k.log.print('err', `i2c-core: adapter '${adapterName(k, adapter)}': no algo supplied!`);
    return -EINVAL;
  }
  if (view.lock_ops === NULL) view.lock_ops = lockOperations(k);
  view.locked_flags = 0;
  view.nr = nr;
  rtMutexInit(k, view.bus_lock);
  rtMutexInit(k, view.mux_lock);
  k.memory.fill(view.userspace_clients_lock, 0, k.layouts.sizeOf('mutex'));
  mutexInit(k, view.userspace_clients_lock);
  listInit(k, view.userspace_clients);
  if (view.timeout === 0) view.timeout = HZ;
  const device = k.view(DeviceOf, view.dev);
  deviceInitialize(k, view.dev);
  kobjectSetName(k, view.dev, `i2c-${nr}`);
  device.bus = bus(k).address;
  device.type = bus(k).adapterType;
  bus(k).adapters.set(nr, adapter);
  const error = yield* deviceAdd(k, view.dev);
  if (error !== 0) {
    k.log.print('err', `i2c-core: adapter '${adapterName(k, adapter)}': can't register device (${error})`);
    bus(k).adapters.delete(nr);
    return error;
  }
  bus(k).linkCompat(view.dev, `i2c-${nr}`, true);
  for (const driver of driversOf(k)) yield* detect(k, adapter, driver);
  return 0;
}
/** The lock operations of adapters that bring none. */
class DefaultLock {
  readonly address: Addr;
  constructor(k: Kernel) {
    this.address = kzalloc(k, k.layouts.sizeOf('i2c_lock_operations'));
    const ops = k.view(LockOperations, this.address);
    ops.lock_bus = k.symbols.require('i2c_adapter_lock_bus');
    ops.trylock_bus = k.symbols.require('i2c_adapter_trylock_bus');
    ops.unlock_bus = k.symbols.require('i2c_adapter_unlock_bus');
  }
}
const lockOperations = (k: Kernel): Addr => k.get(DefaultLock).address;

function* addAdapter(k: Kernel, adapter: Addr): Sleeping<number> {
  return yield* registerAdapter(k, adapter, bus(k).freeNumber());
}
function* addNumberedAdapter(k: Kernel, adapter: Addr): Sleeping<number> {
  const { nr } = k.view(Adapter, adapter);
  if (nr === -1) return yield* addAdapter(k, adapter);
  return bus(k).adapters.has(nr) ? -EBUSY : yield* registerAdapter(k, adapter, nr);
}
function* deleteAdapter(k: Kernel, adapter: Addr): Sleeping<void> {
  const view = k.view(Adapter, adapter);
  if (bus(k).adapters.get(view.nr) !== adapter) return;
  for (const driver of driversOf(k)) yield* forgetDetected(k, adapter, driver);
  const offset = k.layouts.offsetOf('i2c_client', 'detected');
  for (const entry of listEntries(k, view.userspace_clients)) {
    listDeleteInit(k, entry);
    yield* unregisterClient(k, entry - offset);
  }
  // Dummies go last: the clients that made them do it themselves as a rule.
  const dummy = (client: Addr): boolean => clientName(k, client) === 'dummy';
  for (const wanted of [false, true])
    for (const client of clientsOf(k, adapter)) if (dummy(client) === wanted) yield* unregisterClient(k, client);
  bus(k).linkCompat(view.dev, deviceName(k, view.dev), false);
  bus(k).released.delete(adapter);
  yield* deviceUnregister(k, view.dev);
  yield* k.get(Waiters).until(adapter, TASK_UNINTERRUPTIBLE, () => bus(k).released.has(adapter));
  bus(k).released.delete(adapter);
  bus(k).adapters.delete(view.nr);
  k.memory.fill(view.dev, 0, k.layouts.sizeOf('device'));
}
function* registerDriver(k: Kernel, owner: Addr, driver: Addr): Sleeping<number> {
  const buses = yield* bus(k).ready();
  const view = k.view(Driver, driver);
  const base = k.view(DeviceDriver, view.driver);
  base.owner = owner;
  base.bus = bus(k).address;
  listInit(k, view.clients);
  const error = yield* buses.registerDriver(view.driver);
  if (error !== 0) return error;
  for (const adapter of [...bus(k).adapters.values()]) yield* detect(k, adapter, driver);
  return 0;
}
function* deleteDriver(k: Kernel, driver: Addr): Sleeping<void> {
  for (const adapter of [...bus(k).adapters.values()]) yield* forgetDetected(k, adapter, driver);
  yield* k.get(Buses).unregisterDriver(k.view(Driver, driver).driver);
}
/** "%hi%c": a number and what follows it at once. */
function parseAddress(text: string): { value: number; rest: string } | undefined {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|\d+)([^]?)/.exec(text);
  if (match === null) return undefined;
  const digits = match[2] ?? '';
  const number = digits.startsWith('0') && !/^0[xX]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return { value: (match[1] === '-' ? -number : number) & 0xffff, rest: match[3] ?? '' };
}
/** A line for new_device: type and address. */
function* createFromUser(k: Kernel, adapter: Addr, text: string): Sleeping<number> {
  const complain = (what: string): number => {
    say(k, LEVEL_ERR, adapter, `new_device: ${what}`);
    return -EINVAL;
  };
  const blank = text.indexOf(' ');
  if (blank < 0) return complain('Missing parameters');
  if (blank > NAME_SIZE - 1) return complain('Invalid device name');
  const parsed = parseAddress(text.slice(blank + 1));
  if (parsed === undefined) return complain("Can't parse I2C address");
  if (parsed.rest !== '' && parsed.rest !== '\n') return complain('Extra parameters');
  const { addr, flags } = decodeAddress(parsed.value);
  const type = text.slice(0, blank);
  const client = yield* newClientAt(k, adapter, type, addr, flags);
  if (isError(client)) return client;
  listAddTail(k, k.view(Client, client).detected, k.view(Adapter, adapter).userspace_clients);
  say(k, LEVEL_INFO, adapter, `new_device: Instantiated device ${type} at ${hex(addr, 2)}`);
  return text.length;
}
function* deleteFromUser(k: Kernel, adapter: Addr, text: string): Sleeping<number> {
  const complain = (what: string, errno: number): number => {
    say(k, LEVEL_ERR, adapter, `delete_device: ${what}`);
    return -errno;
  };
  const parsed = parseAddress(text);
  if (parsed === undefined) return complain("Can't parse I2C address", EINVAL);
  if (parsed.rest !== '' && parsed.rest !== '\n') return complain('Extra parameters', EINVAL);
  const offset = k.layouts.offsetOf('i2c_client', 'detected');
  const entry = listEntries(k, k.view(Adapter, adapter).userspace_clients).find((at) => encodedAddress(k, at - offset) === parsed.value);
  if (entry === undefined) return complain("Can't find device in list", ENOENT);
  const client = entry - offset;
  const where = hex(busAddress(k, 'i2c_client', client), 2);
  say(k, LEVEL_INFO, adapter, `delete_device: Deleting device ${clientName(k, client)} at ${where}`);
  listDeleteInit(k, entry);
  yield* unregisterClient(k, client);
  return text.length;
}
function* newScanned(k: Kernel, adapter: Addr, info: Addr, list: Addr, probe: Addr): Sleeping<Addr> {
  for (let at = list; k.memory.u16(at) !== CLIENT_END; at += 2) {
    const address = k.memory.u16(at);
    if (address < 0x08 || address > 0x77) {
      say(k, LEVEL_WARNING, adapter, `Invalid 7-bit address ${hex(address, 2)}`);
      continue;
    }
    if (addressBusy(k, adapter, address)) continue;
    const there = probe === NULL ? yield* defaultProbe(k, adapter, address) : (yield* k.callInt(probe, adapter, address)) !== 0;
    if (!there) continue;
    setBusAddress(k, 'i2c_board_info', info, address);
    return yield* newClient(k, adapter, info);
  }
  return -ENODEV;
}
function* transferBuffer(k: Kernel, client: Addr, buf: Addr, count: number, flags: number): Sleeping<number> {
  const view = k.view(Client, client);
  const message = k.view(Message, kzalloc(k, k.layouts.sizeOf('i2c_msg')));
  setBusAddress(k, 'i2c_msg', message.addr, busAddress(k, 'i2c_client', client));
  Object.assign(message, { flags: flags | (view.flags & I2C_M_TEN), len: count, buf });
  const result = yield* transfer(k, view.adapter, message.addr, 1);
  k.slab.free(message.addr);
  return result === 1 ? count : result;
}
const tableOf = (k: Kernel, client: Addr): Addr =>
  k.view(Driver, driverOf(k, k.view(DeviceOf, k.view(Client, client).dev).driver)).id_table;

const adapter = pointer('struct i2c_adapter *');
const adap = adapter;
const client = pointer('const struct i2c_client *');
const driver = pointer('struct i2c_driver *');
const dev = pointer('struct device *');
const flags = uint;

export const i2cBaseApi: KernelApi = kernelApi('drivers/i2c/i2c-core-base.c', {
  i2c_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('i2c');
    k.get(Buses).declare(address, () => bus(k).ready());
  }),
  i2c_adapter_type: kdata((k, address) => {
    k.view(TypeRelease, address).release = k.symbols.require('i2c_adapter_dev_release');
  }),
  i2c_client_type: kdata((k, address) => {
    k.view(TypeRelease, address).release = k.symbols.require('i2c_client_dev_release');
  }),
  i2c_client_dev_release: kfunc({ dev }, nothing, (k, { dev: device }) => {
    k.slab.free(clientOf(k, device));
  }),
  i2c_adapter_dev_release: kfunc({ dev }, nothing, (k, { dev: device }) => {
    bus(k).released.add(adapterOf(k, device));
    k.get(Waiters).wake(adapterOf(k, device), 1);
  }),
  dummy_probe: kfunc({ client: voidPtr, id: voidPtr }, int, () => 0),
  i2c_adapter_lock_bus: blocking({ adapter, flags }, nothing, function* (k, { adapter: of }) {
    yield* lockAdapter(k, of);
  }),
  i2c_adapter_trylock_bus: kfunc({ adapter, flags }, int, (k, { adapter: of }) => (tryLockAdapter(k, of) ? 1 : 0)),
  i2c_adapter_unlock_bus: kfunc({ adapter, flags }, nothing, (k, { adapter: of }) => unlockAdapter(k, of)),

  i2c_add_adapter: blocking({ adapter }, int, (k, { adapter: of }) => addAdapter(k, of)),
  i2c_add_numbered_adapter: blocking({ adap }, int, (k, { adap: of }) => addNumberedAdapter(k, of)),
  i2c_del_adapter: blocking({ adap }, nothing, (k, { adap: of }) => deleteAdapter(k, of)),
  devm_i2c_add_adapter: blocking({ dev, adapter }, int, function* (k, { dev: device, adapter: of }) {
    const error = yield* addAdapter(k, of);
    if (error === 0) k.get(Devres).addAction(device, k.symbols.require('i2c_del_adapter'), of);
    return error;
  }),
  i2c_get_adapter: kfunc({ nr: int }, adapter, (k, { nr }) => {
    const found = bus(k).adapters.get(nr) ?? NULL;
    if (found === NULL) return NULL;
    const { owner, dev: device } = k.view(Adapter, found);
    const module = k.modules.at(owner);
    if (module !== undefined && !k.modules.tryGet(module)) return NULL;
    kobjectGet(k, device);
    return found;
  }),
  i2c_put_adapter: blocking({ adap }, nothing, function* (k, { adap: of }) {
    if (of === NULL) return;
    const { owner, dev: device } = k.view(Adapter, of);
    yield* kobjectPut(k, device);
    const module = k.modules.at(owner);
    if (module !== undefined) k.modules.put(module);
  }),
  i2c_adapter_depth: kfunc({ adapter }, uint, (k, { adapter: of }) => {
    let depth = 0;
    for (let at = parentAdapter(k, of); at !== NULL; at = parentAdapter(k, at)) depth++;
    return depth;
  }),
  i2c_verify_adapter: kfunc({ dev }, adapter, (k, { dev: device }) => (bus(k).isAdapter(device) ? adapterOf(k, device) : NULL)),
  i2c_for_each_dev: blocking({ data: voidPtr, fn: voidPtr }, int, function* (k, { data, fn }) {
    const buses = yield* bus(k).ready();
    return yield* forEach(k, [...(buses.at(bus(k).address)?.devices ?? [])], NULL, fn, data);
  }),

  i2c_register_driver: blocking({ owner: voidPtr, driver }, int, (k, { owner, driver: of }) => registerDriver(k, owner, of)),
  i2c_del_driver: blocking({ driver }, nothing, (k, { driver: of }) => deleteDriver(k, of)),
  i2c_clients_command: blocking({ adap, cmd: uint, arg: voidPtr }, nothing, function* (k, { adap: of, cmd, arg }) {
    const offset = k.layouts.offsetOf('i2c_driver', 'command');
    for (const each of clientsOf(k, of)) {
      const bound = k.view(DeviceOf, k.view(Client, each).dev).driver;
      const command = bound === NULL ? NULL : k.memory.ptr(driverOf(k, bound) + offset);
      if (command !== NULL) yield* k.call(command, each, cmd, arg);
    }
  }),

  i2c_new_client_device: blocking({ adap, info: voidPtr }, client, (k, { adap: of, info }) => newClient(k, of, info)),
  i2c_new_dummy_device: blocking({ adapter, address: u16 }, client, (k, { adapter: of, address }) => newClientAt(k, of, 'dummy', address)),
  devm_i2c_new_dummy_device: blocking({ dev, adapter, address: u16 }, client, function* (k, { dev: device, adapter: of, address }) {
    const made = yield* newClientAt(k, of, 'dummy', address);
    if (!isError(made)) k.get(Devres).addAction(device, k.symbols.require('i2c_unregister_device'), made);
    return made;
  }),
  i2c_new_ancillary_device: partial(
    'firmware gives no second address: it is always the default one',
    blocking({ client, name: voidPtr, default_addr: u16 }, client, (k, { client: of, default_addr }) =>
      newClientAt(k, k.view(Client, of).adapter, 'dummy', default_addr),
    ),
  ),
  i2c_new_scanned_device: blocking(
    { adap, info: voidPtr, addr_list: voidPtr, probe: voidPtr },
    client,
    (k, { adap: of, info, addr_list, probe }) => newScanned(k, of, info, addr_list, probe),
  ),
  i2c_probe_func_quick_read: blocking({ adap, addr: u16 }, int, function* (k, { adap: of, addr }) {
    const request = { addr, flags: 0, readWrite: SMBUS_READ, command: 0, protocol: PROTOCOL.quick, data: NULL };
    return (yield* smbusXfer(k, of, request)) >= 0 ? 1 : 0;
  }),
  i2c_unregister_device: blocking({ client }, nothing, (k, { client: of }) => unregisterClient(k, of)),
  i2c_verify_client: kfunc({ dev }, client, (k, { dev: device }) =>
    k.view(DeviceOf, device).type === bus(k).clientType ? clientOf(k, device) : NULL,
  ),
  i2c_match_id: kfunc({ id: voidPtr, client }, voidPtr, (k, { id, client: of }) => matchId(k, id, of)),
  i2c_client_get_device_id: kfunc({ client }, voidPtr, (k, { client: of }) => matchId(k, tableOf(k, of), of)),
  i2c_get_match_data: kfunc({ client }, voidPtr, (k, { client: of }) => {
    const id = matchId(k, tableOf(k, of), of);
    return id === NULL ? NULL : k.view(DeviceId, id).driver_data;
  }),

  __i2c_transfer: blocking({ adap, msgs: voidPtr, num: int }, int, (k, { adap: of, msgs, num }) => transferLocked(k, of, msgs, num)),
  i2c_transfer: blocking({ adap, msgs: voidPtr, num: int }, int, (k, { adap: of, msgs, num }) => transfer(k, of, msgs, num)),
  i2c_transfer_buffer_flags: blocking({ client, buf: voidPtr, count: int, flags: u16 }, int, (k, { client: of, buf, count, flags: bits }) =>
    transferBuffer(k, of, buf, count, bits),
  ),
  /** Memory for a message that a DMA engine may use: every piece of kmalloc memory is good for that. */
  i2c_get_dma_safe_msg_buf: kfunc({ msg: voidPtr, threshold: uint }, voidPtr, (k, { msg, threshold }) => {
    const { len, flags: bits, buf } = k.view(Message, msg);
    if (len < threshold || len === 0) return NULL;
    if ((bits & DMA_SAFE) !== 0) return buf;
    const copy = kzalloc(k, len);
    if ((bits & I2C_M_RD) === 0) k.memory.write(copy, k.memory.read(buf, len));
    return copy;
  }),
  i2c_put_dma_safe_msg_buf: kfunc({ buf: voidPtr, msg: voidPtr, xferred: bool }, nothing, (k, { buf, msg, xferred }) => {
    const view = k.view(Message, msg);
    if (buf === NULL || buf === view.buf) return;
    if (xferred && (view.flags & I2C_M_RD) !== 0) k.memory.copy(view.buf, buf, view.len);
    k.slab.free(buf);
  }),
});
