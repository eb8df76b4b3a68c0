// Messages on an I2C bus: the adapter's lock, its quirks and its algorithm. Source: drivers/i2c/i2c-core-base.c.
import { EAGAIN, EINVAL, EOPNOTSUPP, ESHUTDOWN } from '#abi';
import type { Sleeping } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { rtMutexLock, rtMutexTryLock, rtMutexUnlock } from '../../locking/rtmutex.ts';
import type { Addr } from '../../memory.ts';
import { NS_PER_JIFFY } from '../../time/jiffies.ts';
import { deviceName, devPrintk } from '../base/dev_printk.ts';
import { Adapter, Algorithm, adapterOf, busAddress, DeviceOf, I2C_M_RD, LockOperations, Message, Quirks } from './structs.ts';

const NULL = 0;
const LEVEL_ERR = 3;
const LOCK_SEGMENT = 2;
// Bits of locked_flags.
const SUSPENDED = 1;
const SUSPEND_REPORTED = 2;
// struct i2c_adapter_quirks.flags.
const COMB = 1;
const COMB_WRITE_FIRST = 2;
const COMB_READ_SECOND = 4;
const COMB_SAME_ADDR = 8;
const NO_ZERO_LEN_READ = 0x20;
const NO_ZERO_LEN_WRITE = 0x40;

/** The adapter that an adapter behind a multiplexer hangs on; NULL for others. */
export function parentAdapter(k: Kernel, adapter: Addr): Addr {
  const { parent } = k.view(DeviceOf, k.view(Adapter, adapter).dev);
  const behind = parent !== NULL && k.view(DeviceOf, parent).type === k.symbols.require('i2c_adapter_type');
  return behind ? adapterOf(k, parent) : NULL;
}
/** What lock_ops of an ordinary adapter do: its own rt_mutex. */
export const lockAdapter = (k: Kernel, adapter: Addr): Sleeping<number> => rtMutexLock(k, k.view(Adapter, adapter).bus_lock);
export const tryLockAdapter = (k: Kernel, adapter: Addr): boolean => rtMutexTryLock(k, k.view(Adapter, adapter).bus_lock);
export const unlockAdapter = (k: Kernel, adapter: Addr): void => rtMutexUnlock(k, k.view(Adapter, adapter).bus_lock);

/** Runs `body` with the bus locked, through the adapter's lock operations. */
export function* withBus<T>(k: Kernel, adapter: Addr, body: () => Sleeping<T>): Sleeping<T> {
  const ops = k.view(LockOperations, k.view(Adapter, adapter).lock_ops);
  yield* k.call(ops.lock_bus, adapter, LOCK_SEGMENT);
  const result = yield* body();
  yield* k.call(ops.unlock_bus, adapter, LOCK_SEGMENT);
  return result;
}
/** 0, or -ESHUTDOWN (and once a warning) for an adapter that is marked as suspended. */
export function checkSuspended(k: Kernel, adapter: Addr, caller: string): number {
  const view = k.view(Adapter, adapter);
  if ((view.locked_flags & SUSPENDED) === 0) return 0;
  if ((view.locked_flags & SUSPEND_REPORTED) === 0) {
    view.locked_flags |= SUSPEND_REPORTED;
    k.exceptions.warn('drivers/i2c/i2c-core.h', 56, caller, `i2c ${deviceName(k, view.dev)}: Transfer while suspended`);
  }
  return -ESHUTDOWN;
}
/** Calls `attempt` again while it gives -EAGAIN, as often and as long as the adapter allows. */
export function* retrying(k: Kernel, adapter: Addr, attempt: () => Sleeping<number>): Sleeping<number> {
  const { retries, timeout } = k.view(Adapter, adapter);
  const end = k.clock.now + timeout * NS_PER_JIFFY;
  let result = 0;
  for (let n = 0; n <= retries; n++) {
    result = yield* attempt();
    if (result !== -EAGAIN || k.clock.now > end) break;
  }
  return result;
}
function quirk(k: Kernel, adapter: Addr, message: Addr, text: string): boolean {
  const { len, flags } = k.view(Message, message);
  const direction = (flags & I2C_M_RD) !== 0 ? 'read' : 'write';
  const where = `(addr 0x${busAddress(k, 'i2c_msg', message).toString(16).padStart(4, '0')}, size ${len}, ${direction})`;
  devPrintk(k, LEVEL_ERR, k.view(Adapter, adapter).dev, `adapter quirk: ${text} ${where}\n`);
  return true;
}
/** Whether the messages ask for what this adapter says it cannot do. */
function breaksQuirks(k: Kernel, adapter: Addr, messages: readonly Addr[]): boolean {
  const quirks = k.view(Quirks, k.view(Adapter, adapter).quirks);
  const [first, second] = messages;
  if (first === undefined) return false;
  const too = (length: number, limit: number): boolean => limit !== 0 && length > limit;
  const complain = (message: Addr, text: string): boolean => quirk(k, adapter, message, text);
  let most = quirks.max_num_msgs;
  let checkLengths = true;
  if ((quirks.flags & COMB) !== 0) {
    most = 2;
    if (messages.length === 2 && second !== undefined) {
      const one = k.view(Message, first);
      const two = k.view(Message, second);
      if ((quirks.flags & COMB_WRITE_FIRST) !== 0 && (one.flags & I2C_M_RD) !== 0) return complain(first, '1st comb msg must be write');
      if ((quirks.flags & COMB_READ_SECOND) !== 0 && (two.flags & I2C_M_RD) === 0) return complain(second, '2nd comb msg must be read');
      if ((quirks.flags & COMB_SAME_ADDR) !== 0 && busAddress(k, 'i2c_msg', first) !== busAddress(k, 'i2c_msg', second))
        return complain(first, 'comb msg only to same addr');
      if (too(one.len, quirks.max_comb_1st_msg_len)) return complain(first, 'msg too long');
      if (too(two.len, quirks.max_comb_2nd_msg_len)) return complain(second, 'msg too long');
      checkLengths = false;
    }
  }
  if (too(messages.length, most)) return complain(first, 'too many messages');
  for (const message of messages) {
    const { len, flags } = k.view(Message, message);
    const reads = (flags & I2C_M_RD) !== 0;
    if (checkLengths && too(len, reads ? quirks.max_read_len : quirks.max_write_len)) return complain(message, 'msg too long');
    if (len === 0 && (quirks.flags & (reads ? NO_ZERO_LEN_READ : NO_ZERO_LEN_WRITE)) !== 0) return complain(message, 'no zero length');
  }
  return false;
}
/** Sends and receives `count` messages on a bus that the caller has locked. Return: the number done, or -errno. */
export function* transferLocked(k: Kernel, adapter: Addr, messages: Addr, count: number): Sleeping<number> {
  if (messages === NULL || count < 1) {
    k.exceptions.warn('drivers/i2c/i2c-core-base.c', 2280, '__i2c_transfer');
    return -EINVAL;
  }
  const suspended = checkSuspended(k, adapter, '__i2c_transfer');
  if (suspended !== 0) return suspended;
  const size = k.layouts.sizeOf('i2c_msg');
  const all = Array.from({ length: count }, (_, n) => messages + n * size);
  if (k.view(Adapter, adapter).quirks !== NULL && breaksQuirks(k, adapter, all)) return -EOPNOTSUPP;
  const { master_xfer } = k.view(Algorithm, k.view(Adapter, adapter).algo);
  return yield* retrying(k, adapter, () => k.callInt(master_xfer, adapter, messages, count));
}
export function* transfer(k: Kernel, adapter: Addr, messages: Addr, count: number): Sleeping<number> {
  if (k.view(Algorithm, k.view(Adapter, adapter).algo).master_xfer === NULL) return -EOPNOTSUPP;
  return yield* withBus(k, adapter, () => transferLocked(k, adapter, messages, count));
}
