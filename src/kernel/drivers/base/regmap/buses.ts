// Buses below register maps: a module's own, or I2C in its several ways. Source: drivers/base/regmap/{regmap,regmap-i2c}.c.
import { EINVAL, EIO } from '#abi';
import { kernelStruct, type Sleeping, u16, voidPtr } from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { type Endian, endianOf } from './format.ts';
import { type Bus, type Config, ENOTSUPP } from './map.ts';
import { RegmapBus } from './structs.ts';

const Client = kernelStruct('i2c_client', { flags: u16, adapter: voidPtr });
const Message = kernelStruct('i2c_msg', { flags: u16, len: u16, buf: voidPtr });
const Adapter = kernelStruct('i2c_adapter', { algo: voidPtr, quirks: voidPtr });
const Algorithm = kernelStruct('i2c_algorithm', { functionality: voidPtr });
const Quirks = kernelStruct('i2c_adapter_quirks', { max_write_len: u16, max_read_len: u16 });
const NULL = 0;
const I2C_M_RD = 1;
const I2C_M_TEN = 0x10;
const FUNC_I2C = 1;
const FUNC_SMBUS_BYTE_DATA = 0x180000;
const FUNC_SMBUS_WORD_DATA = 0x600000;
const FUNC_SMBUS_I2C_BLOCK = 0xc000000;
const BLOCK_MAX = 32;

/** A copy of `data` in guest memory while `body` runs. */
function* withBytes<T>(k: Kernel, data: Uint8Array, body: (at: Addr) => Sleeping<T>): Sleeping<T> {
  const at = kzalloc(k, Math.max(8, data.length));
  k.memory.write(at, data);
  const result = yield* body(at);
  k.slab.free(at);
  return result;
}
function* readNumber(k: Kernel, fn: Addr, context: Addr, reg: number): Sleeping<number> {
  const place = kzalloc(k, 8);
  const error = yield* k.callInt(fn, context, reg, place);
  const value = k.memory.u32(place);
  k.slab.free(place);
  return error < 0 ? error : value;
}
/** reg_read(context, reg, &val) and reg_write(context, reg, val), as config or bus have them. */
function byNumber(k: Kernel, ops: { reg_read: Addr; reg_write: Addr; reg_update_bits: Addr }, context: Addr) {
  return {
    ...(ops.reg_read !== NULL && { regRead: (reg: number) => readNumber(k, ops.reg_read, context, reg) }),
    ...(ops.reg_write !== NULL && { regWrite: (reg: number, value: number) => k.callInt(ops.reg_write, context, reg, value) }),
    ...(ops.reg_update_bits !== NULL && {
      updateBits: (reg: number, mask: number, value: number) => k.callInt(ops.reg_update_bits, context, reg, mask, value),
    }),
  };
}
function byBytes(k: Kernel, ops: { read: Addr; write: Addr }, context: Addr) {
  return {
    ...(ops.read !== NULL && {
      *read(register: Uint8Array, length: number): Sleeping<Uint8Array | number> {
        return yield* withBytes(k, new Uint8Array(register.length + length), function* (at): Sleeping<Uint8Array | number> {
          k.memory.write(at, register);
          const error = yield* k.callInt(ops.read, context, at, register.length, at + register.length, length);
          return error < 0 ? error : k.memory.read(at + register.length, length);
        });
      },
    }),
    ...(ops.write !== NULL && {
      write: (data: Uint8Array) => withBytes(k, data, (at) => k.callInt(ops.write, context, at, data.length)),
    }),
  };
}
/** A struct regmap_bus of a module, or the functions of the configuration when there is none. */
export function guestBus(k: Kernel, busAddress: Addr, context: Addr, config: Config): Bus {
  if (busAddress === NULL) {
    if (config.reg_read !== NULL || config.reg_write !== NULL)
      return { ...byNumber(k, config, context), maxRead: config.max_raw_read, maxWrite: config.max_raw_write };
    return { ...byBytes(k, config, context), maxRead: config.max_raw_read, maxWrite: config.max_raw_write };
  }
  const bus = k.view(RegmapBus, busAddress);
  const limits = { maxRead: bus.max_raw_read, maxWrite: bus.max_raw_write };
  const { reg_update_bits, reg_read, reg_write } = bus;
  if (bus.read === NULL || bus.write === NULL) return { ...byNumber(k, { reg_read, reg_write, reg_update_bits }, context), ...limits };
  return { ...byNumber(k, { reg_read: NULL, reg_write: NULL, reg_update_bits }, context), ...byBytes(k, bus, context), ...limits };
}
/** Plain I2C: one write, or a write of the register and a read. */
function i2cMessages(k: Kernel, client: Addr): Bus {
  const { adapter, flags } = k.view(Client, client);
  const address = k.memory.u16(client + k.layouts.offsetOf('i2c_client', 'addr'));
  const size = k.layouts.sizeOf('i2c_msg');
  const transfer = k.symbols.require('i2c_transfer');
  const send = (parts: readonly { flags: number; at: Addr; len: number }[]): Sleeping<number> =>
    withBytes(k, new Uint8Array(size * parts.length), function* (messages) {
      for (const [n, part] of parts.entries()) {
        const message = k.view(Message, messages + n * size);
        k.memory.setU16(message.addr + k.layouts.offsetOf('i2c_msg', 'addr'), address);
        Object.assign(message, { flags: part.flags | (flags & I2C_M_TEN), len: part.len, buf: part.at });
      }
      const done = yield* k.callInt(transfer, adapter, messages, parts.length);
      return done < 0 ? done : done === parts.length ? 0 : -EIO;
    });
  const quirks = k.view(Adapter, adapter).quirks;
  const limits = quirks === NULL ? undefined : k.view(Quirks, quirks);
  return {
    maxRead: limits?.max_read_len ?? 0,
    maxWrite: limits?.max_write_len ?? 0,
    write: (data) => withBytes(k, data, (at) => send([{ flags: 0, at, len: data.length }])),
    read: (register, length) =>
      withBytes(k, new Uint8Array(register.length + length), function* (at): Sleeping<Uint8Array | number> {
        k.memory.write(at, register);
        const data = at + register.length;
        const error = yield* send([
          { flags: 0, at, len: register.length },
          { flags: I2C_M_RD, at: data, len: length },
        ]);
        return error < 0 ? error : k.memory.read(data, length);
      }),
  };
}
/** SMBus byte or word data; `swapped`: the value's bytes the other way round. */
function smbusNumbers(k: Kernel, client: Addr, width: 'byte' | 'word', swapped: boolean): Bus {
  const swap = (value: number): number => (swapped ? ((value & 0xff) << 8) | (value >>> 8) : value);
  const read = k.symbols.require(`i2c_smbus_read_${width}_data`);
  const write = k.symbols.require(`i2c_smbus_write_${width}_data`);
  return {
    maxRead: 0,
    maxWrite: 0,
    *regRead(reg) {
      if (reg > 0xff) return -EINVAL;
      const value = yield* k.callInt(read, client, reg);
      return value < 0 ? value : swap(value);
    },
    *regWrite(reg, value) {
      if (reg > 0xff || value > (width === 'byte' ? 0xff : 0xffff)) return -EINVAL;
      return yield* k.callInt(write, client, reg, swap(value));
    },
  };
}
/** SMBus I2C block data: the register is the command. */
function smbusBlocks(k: Kernel, client: Addr): Bus {
  return {
    maxRead: BLOCK_MAX - 1,
    maxWrite: BLOCK_MAX - 1,
    write: (data) =>
      withBytes(k, data, (at) =>
        k.callInt(k.symbols.require('i2c_smbus_write_i2c_block_data'), client, data[0] ?? 0, data.length - 1, at + 1),
      ),
    read: (register, length) =>
      withBytes(k, new Uint8Array(length), function* (at): Sleeping<Uint8Array | number> {
        const done = yield* k.callInt(k.symbols.require('i2c_smbus_read_i2c_block_data'), client, register[0] ?? 0, length, at);
        return done === length ? k.memory.read(at, length) : done < 0 ? done : -EIO;
      }),
  };
}
/** The way in which this adapter can carry such registers, or -ENOTSUPP. */
export function* i2cBus(k: Kernel, client: Addr, config: Config): Sleeping<Bus | number> {
  const { adapter } = k.view(Client, client);
  const functions = (yield* k.callInt(k.view(Algorithm, k.view(Adapter, adapter).algo).functionality, adapter)) >>> 0;
  const can = (wanted: number): boolean => (functions & wanted) >>> 0 === wanted;
  if (can(FUNC_I2C)) return i2cMessages(k, client);
  const { reg_bits, val_bits } = config;
  if (val_bits === 8 && reg_bits === 8 && can(FUNC_SMBUS_I2C_BLOCK)) return smbusBlocks(k, client);
  const endian: Endian = endianOf(config.val_format_endian) ?? 'big';
  if (val_bits === 16 && reg_bits === 8 && can(FUNC_SMBUS_WORD_DATA)) return smbusNumbers(k, client, 'word', endian === 'big');
  if (val_bits === 8 && reg_bits === 8 && can(FUNC_SMBUS_BYTE_DATA)) return smbusNumbers(k, client, 'byte', false);
  return -ENOTSUPP;
}
