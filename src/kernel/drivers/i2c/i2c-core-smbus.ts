// SMBus: by the adapter's own smbus_xfer, or made of I2C messages. Source: drivers/i2c/i2c-core-smbus.c, SMBus 2.0.
import { EBADMSG, EINVAL, EIO, ENXIO, EOPNOTSUPP, EPROTO } from '#abi';
import {
  blocking,
  char_,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  partial,
  pointer,
  type Sleeping,
  s32,
  size_t,
  u8,
  u16,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { newClient } from './i2c-core-base.ts';
import {
  Adapter,
  Algorithm,
  BoardInfo,
  busAddress,
  Client,
  I2C_CLIENT_PEC,
  I2C_CLIENT_SCCB,
  I2C_M_RD,
  I2C_M_RECV_LEN,
  I2C_M_TEN,
  Message,
  SmbusData,
  setBusAddress,
} from './structs.ts';
import { checkSuspended, retrying, transferLocked, withBus } from './transfer.ts';

const NULL = 0;
const READ = 1;
const WRITE = 0;
const QUICK = 0;
const BYTE = 1;
const BYTE_DATA = 2;
const WORD_DATA = 3;
const PROC_CALL = 4;
const BLOCK_DATA = 5;
const BLOCK_PROC_CALL = 7;
const I2C_BLOCK_DATA = 8;
const BLOCK_MAX = 32;
const LEVEL_ERR = 3;
const FUNC_SMBUS_READ_BYTE_DATA = 0x80000;
const FUNC_SMBUS_READ_WORD_DATA = 0x200000;
const FUNC_SMBUS_READ_I2C_BLOCK = 0x4000000;

/** CRC-8 with x^8 + x^2 + x + 1, as packet error checking has it. */
function crc8(start: number, bytes: Uint8Array): number {
  let crc = start;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80) !== 0 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}
/** The check byte after a message: over its address byte and its data. */
function messageCrc(k: Kernel, start: number, message: Addr): number {
  const { flags, len, buf } = k.view(Message, message);
  const addr = busAddress(k, 'i2c_msg', message);
  return crc8(crc8(start, Uint8Array.of(((addr << 1) | (flags & I2C_M_RD)) & 0xff)), k.memory.read(buf, len));
}

interface Request {
  readonly addr: number;
  readonly flags: number;
  readonly readWrite: number;
  readonly command: number;
  readonly protocol: number;
  readonly data: Addr;
}
/** A transfer as messages. The two buffers and the messages are one piece of guest memory. */
function* emulate(k: Kernel, adapter: Addr, request: Request): Sleeping<number> {
  const size = k.layouts.sizeOf('i2c_msg');
  const messages = kzalloc(k, 2 * size + 2 * 64);
  const result = yield* emulateWith(k, adapter, request, messages, messages + 2 * size);
  k.slab.free(messages);
  return result;
}
function* emulateWith(k: Kernel, adapter: Addr, request: Request, messages: Addr, buffers: Addr): Sleeping<number> {
  const { addr, flags, command, protocol, data } = request;
  const { memory } = k;
  const first = k.view(Message, messages);
  const second = k.view(Message, messages + k.layouts.sizeOf('i2c_msg'));
  const complain = (text: string, errno: number): number => {
    devPrintk(k, LEVEL_ERR, k.view(Adapter, adapter).dev, `${text}\n`);
    return -errno;
  };
  for (const message of [first, second]) setBusAddress(k, 'i2c_msg', message.addr, addr);
  Object.assign(first, { flags, len: 1, buf: buffers });
  Object.assign(second, { flags: flags | I2C_M_RD, len: 0, buf: buffers + 64 });
  memory.setU8(first.buf, command);
  let reads = request.readWrite === READ;
  let count = reads ? 2 : 1;
  const setWord = (): void => {
    first.len = 3;
    memory.setU16(first.buf + 1, memory.u16(data));
  };
  switch (protocol) {
    case QUICK:
      first.len = 0;
      first.flags = flags | (reads ? I2C_M_RD : 0);
      count = 1;
      break;
    case BYTE:
      if (reads) first.flags = I2C_M_RD | flags;
      count = 1;
      break;
    case BYTE_DATA:
      if (reads) second.len = 1;
      else {
        first.len = 2;
        memory.setU8(first.buf + 1, memory.u8(data));
      }
      break;
    case WORD_DATA:
      if (reads) second.len = 2;
      else setWord();
      break;
    case PROC_CALL:
      count = 2;
      reads = true;
      setWord();
      second.len = 2;
      break;
    case BLOCK_DATA:
    case BLOCK_PROC_CALL:
      if (!reads || protocol === BLOCK_PROC_CALL) {
        const length = memory.u8(data);
        if (length > BLOCK_MAX) return complain(`Invalid block write size ${length}`, EINVAL);
        first.len = length + 2;
        memory.copy(first.buf + 1, data, length + 1);
      }
      if (reads || protocol === BLOCK_PROC_CALL) {
        count = 2;
        reads = true;
        second.flags |= I2C_M_RECV_LEN;
        second.len = 1;
      }
      break;
    case I2C_BLOCK_DATA: {
      const length = memory.u8(data);
      if (length > BLOCK_MAX) return complain(`Invalid block ${reads ? 'read' : 'write'} size ${length}`, EINVAL);
      if (reads) second.len = length;
      else {
        first.len = length + 1;
        memory.copy(first.buf + 1, data + 1, length);
      }
      break;
    }
    default:
      return complain(`Unsupported transaction ${protocol}`, EOPNOTSUPP);
  }
  const last = count === 1 ? first : second;
  const checked = (flags & I2C_CLIENT_PEC) !== 0 && protocol !== QUICK && protocol !== I2C_BLOCK_DATA;
  let crc = 0;
  if (checked) {
    if ((first.flags & I2C_M_RD) === 0) {
      crc = messageCrc(k, 0, messages);
      if (count === 1) {
        memory.setU8(first.buf + first.len, crc);
        first.len += 1;
      }
    }
    if ((last.flags & I2C_M_RD) !== 0) last.len += 1;
  }
  const status = yield* transferLocked(k, adapter, messages, count);
  if (status < 0) return status;
  if (status !== count) return -EIO;
  if (checked && (last.flags & I2C_M_RD) !== 0) {
    last.len -= 1;
    if (memory.u8(last.buf + last.len) !== messageCrc(k, crc, last.addr)) return -EBADMSG;
  }
  if (!reads) return 0;
  if (protocol === BYTE) memory.setU8(data, memory.u8(first.buf));
  else if (protocol === BYTE_DATA) memory.setU8(data, memory.u8(second.buf));
  else if (protocol === WORD_DATA || protocol === PROC_CALL) memory.setU16(data, memory.u16(second.buf));
  else if (protocol === I2C_BLOCK_DATA) memory.copy(data + 1, second.buf, memory.u8(data));
  else if (protocol === BLOCK_DATA || protocol === BLOCK_PROC_CALL) {
    const length = memory.u8(second.buf);
    if (length > BLOCK_MAX) return complain(`Invalid block size returned: ${length}`, EPROTO);
    memory.copy(data, second.buf, length + 1);
  }
  return 0;
}
function* xferLocked(k: Kernel, adapter: Addr, request: Request): Sleeping<number> {
  const suspended = checkSuspended(k, adapter, '__i2c_smbus_xfer');
  if (suspended !== 0) return suspended;
  const { addr, readWrite, command, protocol, data } = request;
  const flags = request.flags & (I2C_M_TEN | I2C_CLIENT_PEC | I2C_CLIENT_SCCB);
  const { smbus_xfer, master_xfer } = k.view(Algorithm, k.view(Adapter, adapter).algo);
  if (smbus_xfer !== NULL) {
    const result = yield* retrying(k, adapter, () => k.callInt(smbus_xfer, adapter, addr, flags, readWrite, command, protocol, data));
    if (result !== -EOPNOTSUPP || master_xfer === NULL) return result;
  }
  return yield* emulate(k, adapter, { ...request, flags });
}
/** i2c_smbus_xfer(): one SMBus transaction. */
export const smbusXfer = (k: Kernel, adapter: Addr, request: Request): Sleeping<number> =>
  withBus(k, adapter, () => xferLocked(k, adapter, request));

/** A transaction with a client. `use` reads the answer, or gives nothing to say. */
function* withClient(
  k: Kernel,
  client: Addr,
  transaction: { readWrite: number; command: number; protocol: number },
  fill: (data: Addr) => void,
  use: (data: Addr) => number,
): Sleeping<number> {
  const { adapter, flags } = k.view(Client, client);
  const addr = busAddress(k, 'i2c_client', client);
  const data = kzalloc(k, SmbusData.size);
  fill(data);
  const status = yield* smbusXfer(k, adapter, { addr, flags, data, ...transaction });
  const answer = status < 0 ? status : use(data);
  k.slab.free(data);
  return answer;
}
const client = pointer('const struct i2c_client *');
const nothingToSay = (): number => 0;
const noData = (): void => {};
const read = (protocol: number, load: (k: Kernel, data: Addr) => number): KernelSymbol =>
  blocking({ client, command: u8 }, s32, (k, { client: of, command }) =>
    withClient(k, of, { readWrite: READ, command, protocol }, noData, (data) => load(k, data)),
  );
const write = (protocol: number, type: typeof u8, store: (k: Kernel, data: Addr, value: number) => void): KernelSymbol =>
  blocking({ client, command: u8, value: type }, s32, (k, { client: of, command, value }) =>
    withClient(k, of, { readWrite: WRITE, command, protocol }, (data) => store(k, data, value), nothingToSay),
  );
const readBlock = (k: Kernel, of: Addr, command: number, protocol: number, length: number, values: Addr): Sleeping<number> =>
  withClient(
    k,
    of,
    { readWrite: READ, command, protocol },
    (data) => k.memory.setU8(data, length),
    (data) => {
      k.memory.copy(values, data + 1, k.memory.u8(data));
      return k.memory.u8(data);
    },
  );
const writeBlock = (protocol: number): KernelSymbol =>
  blocking({ client, command: u8, length: u8, values: voidPtr }, s32, (k, { client: of, command, length, values }) => {
    const bytes = Math.min(length, BLOCK_MAX);
    const fill = (data: Addr): void => {
      k.memory.setU8(data, bytes);
      k.memory.copy(data + 1, values, bytes);
    };
    return withClient(k, of, { readWrite: WRITE, command, protocol }, fill, nothingToSay);
  });
/** A block by the best of what the adapter can: whole, by words, by bytes. */
function* readBlockOrEmulate(k: Kernel, of: Addr, command: number, length: number, values: Addr): Sleeping<number> {
  const { adapter } = k.view(Client, of);
  const functions = (yield* k.callInt(k.view(Algorithm, k.view(Adapter, adapter).algo).functionality, adapter)) >>> 0;
  const bytes = Math.min(length, BLOCK_MAX);
  if ((functions & FUNC_SMBUS_READ_I2C_BLOCK) !== 0) return yield* readBlock(k, of, command, I2C_BLOCK_DATA, bytes, values);
  if ((functions & FUNC_SMBUS_READ_BYTE_DATA) === 0) return -EOPNOTSUPP;
  let done = 0;
  const take = (protocol: number, load: (data: Addr) => number): Sleeping<number> =>
    withClient(k, of, { readWrite: READ, command: command + done, protocol }, noData, load);
  if ((functions & FUNC_SMBUS_READ_WORD_DATA) !== 0) {
    for (; done + 2 <= bytes; done += 2) {
      const word = yield* take(WORD_DATA, (data) => k.memory.u16(data));
      if (word < 0) return word;
      k.memory.setU16(values + done, word);
    }
  }
  for (; done < bytes; done++) {
    const byte = yield* take(BYTE_DATA, (data) => k.memory.u8(data));
    if (byte < 0) return byte;
    k.memory.setU8(values + done, byte);
  }
  return done;
}
// biome-ignore format: as C declares it
const xferParams = { adapter: pointer('struct i2c_adapter *'), addr: u16, flags: u16, read_write: char_, command: u8, protocol: int, data: voidPtr };

export const i2cSmbusApi: KernelApi = kernelApi('drivers/i2c/i2c-core-smbus.c', {
  i2c_smbus_xfer: blocking(xferParams, s32, (k, { adapter, read_write: readWrite, ...rest }) =>
    smbusXfer(k, adapter, { readWrite, ...rest }),
  ),
  __i2c_smbus_xfer: blocking(xferParams, s32, (k, { adapter, read_write: readWrite, ...rest }) =>
    xferLocked(k, adapter, { readWrite, ...rest }),
  ),
  i2c_smbus_read_byte: blocking({ client }, s32, (k, { client: of }) =>
    withClient(k, of, { readWrite: READ, command: 0, protocol: BYTE }, noData, (data) => k.memory.u8(data)),
  ),
  i2c_smbus_write_byte: blocking({ client, value: u8 }, s32, (k, { client: of, value }) =>
    withClient(k, of, { readWrite: WRITE, command: value, protocol: BYTE }, noData, nothingToSay),
  ),
  i2c_smbus_read_byte_data: read(BYTE_DATA, (k, data) => k.memory.u8(data)),
  i2c_smbus_write_byte_data: write(BYTE_DATA, u8, (k, data, value) => k.memory.setU8(data, value)),
  i2c_smbus_read_word_data: read(WORD_DATA, (k, data) => k.memory.u16(data)),
  i2c_smbus_write_word_data: write(WORD_DATA, u16, (k, data, value) => k.memory.setU16(data, value)),
  i2c_smbus_read_block_data: blocking({ client, command: u8, values: voidPtr }, s32, (k, { client: of, command, values }) =>
    readBlock(k, of, command, BLOCK_DATA, 0, values),
  ),
  i2c_smbus_write_block_data: writeBlock(BLOCK_DATA),
  i2c_smbus_read_i2c_block_data: blocking(
    { client, command: u8, length: u8, values: voidPtr },
    s32,
    (k, { client: of, command, length, values }) => readBlock(k, of, command, I2C_BLOCK_DATA, Math.min(length, BLOCK_MAX), values),
  ),
  i2c_smbus_write_i2c_block_data: writeBlock(I2C_BLOCK_DATA),
  i2c_smbus_read_i2c_block_data_or_emulated: blocking(
    { client, command: u8, length: u8, values: voidPtr },
    s32,
    (k, { client: of, command, length, values }) => readBlockOrEmulate(k, of, command, length, values),
  ),
  i2c_smbus_pec: kfunc({ crc: u8, p: voidPtr, count: size_t }, u8, (k, { crc, p, count }) => crc8(crc, k.memory.read(p, count))),
  i2c_new_smbus_alert_device: blocking(
    { adapter: pointer('struct i2c_adapter *'), setup: voidPtr },
    voidPtr,
    function* (k, { adapter, setup }) {
      const SMBUS_ALERT_ADDRESS = 0x0c;
      const info = kzalloc(k, k.layouts.sizeOf('i2c_board_info'));
      const view = k.view(BoardInfo, info);
      k.memory.setCstring(view.type, 'smbus_alert');
      setBusAddress(k, 'i2c_board_info', info, SMBUS_ALERT_ADDRESS);
      view.platform_data = setup;
      const made = yield* newClient(k, adapter, info);
      k.slab.free(info);
      return made;
    },
  ),
  i2c_handle_smbus_host_notify: partial(
    'no adapter has an interrupt domain for host notify',
    kfunc({ adap: pointer('struct i2c_adapter *'), addr: u16 }, int, (_, { adap }) => (adap === NULL ? -EINVAL : -ENXIO)),
  ),
});
