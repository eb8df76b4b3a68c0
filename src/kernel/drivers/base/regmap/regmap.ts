// Register maps for drivers. Source: drivers/base/regmap/{regmap,regcache,regmap-i2c}.c.
import { EINVAL } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  noop,
  nothing,
  optionalCstring,
  partial,
  pointer,
  raw,
  type Sleeping,
  size_t,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import { type Addr, GuestFault } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { Devres } from '../devres.ts';
import { guestBus, i2cBus } from './buses.ts';
import { endianOf, type Format, isKnown, put, take, valueOf } from './format.ts';
import { type Bus, type Config, ENOTSUPP, inRanges, Regmap } from './map.ts';
import { RegmapBus, RegmapConfig } from './structs.ts';

const ClientDevice = kernelStruct('i2c_client', { adapter: voidPtr });
const NULL = 0;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

/** All maps, by the handle that their owner holds. */
class Regmaps {
  readonly byHandle = new Map<Addr, Regmap>();
}
const at = (k: Kernel, handle: Addr): Regmap => {
  const found = k.get(Regmaps).byHandle.get(handle);
  if (found === undefined) throw new GuestFault(handle, false);
  return found;
};
function formatOf(k: Kernel, config: Config, busAddress: Addr): Format {
  const bus = busAddress === NULL ? undefined : k.view(RegmapBus, busAddress);
  // A configuration's flags count when it names any, or says that zero is meant.
  const own = config.read_flag_mask !== 0 || config.write_flag_mask !== 0 || config.zero_flag_mask;
  return {
    regBits: config.reg_bits,
    regBytes: Math.ceil(config.reg_bits / 8),
    padBytes: Math.floor(config.pad_bits / 8),
    padShift: config.pad_bits % 8,
    valBits: config.val_bits,
    valBytes: Math.ceil(config.val_bits / 8),
    regEndian: endianOf(config.reg_format_endian) ?? endianOf(bus?.reg_format_endian_default ?? 0) ?? 'big',
    valEndian: endianOf(config.val_format_endian) ?? endianOf(bus?.val_format_endian_default ?? 0) ?? 'big',
    readFlag: own ? config.read_flag_mask : (bus?.read_flag_mask ?? 0) & 0xff,
    writeFlag: own ? config.write_flag_mask : 0,
  };
}
function create(k: Kernel, dev: Addr, config: Config, format: Format, bus: Bus): Addr {
  if (bus.regRead === undefined && bus.regWrite === undefined && !isKnown(format)) return -EINVAL;
  // Modules know only the address. The word behind it keeps two maps apart.
  const handle = kzalloc(k, 8);
  k.get(Regmaps).byHandle.set(handle, new Regmap(k, handle, dev, config, format, bus));
  return handle;
}
function init(k: Kernel, dev: Addr, busAddress: Addr, context: Addr, configAddress: Addr): Addr {
  if (configAddress === NULL) return -EINVAL;
  const config = k.view(RegmapConfig, configAddress);
  const handle = create(k, dev, config, formatOf(k, config, busAddress), guestBus(k, busAddress, context, config));
  const free = busAddress === NULL ? NULL : k.view(RegmapBus, busAddress).free_context;
  if (!isError(handle) && free !== NULL)
    at(k, handle).free = function* () {
      yield* k.call(free, context);
    };
  return handle;
}
function* initI2c(k: Kernel, client: Addr, configAddress: Addr): Sleeping<Addr> {
  const config = k.view(RegmapConfig, configAddress);
  const bus = yield* i2cBus(k, client, config);
  if (typeof bus === 'number') return bus;
  const dev = client + k.layouts.offsetOf('i2c_client', 'dev');
  return k.view(ClientDevice, client).adapter === NULL ? -EINVAL : create(k, dev, config, formatOf(k, config, NULL), bus);
}
function* exit(k: Kernel, handle: Addr): Sleeping<void> {
  const map = at(k, handle);
  if (map.free !== undefined) yield* map.free();
  k.get(Regmaps).byHandle.delete(handle);
  k.slab.free(handle);
}
function managed(k: Kernel, dev: Addr, handle: Addr): Addr {
  if (!isError(handle)) k.get(Devres).addAction(dev, k.symbols.require('regmap_exit'), handle);
  return handle;
}
const aligned = (map: Regmap, reg: number): boolean => reg % map.stride === 0;

/** `count` registers as bytes of the bus: from it, in pieces that it can take, or from the cache. */
function* rawRead(map: Regmap, reg: number, length: number): Sleeping<Uint8Array | number> {
  const { valBytes } = map.format;
  const count = length / valBytes;
  if (!Number.isInteger(count) || count === 0 || !aligned(map, reg)) return -EINVAL;
  const data = new Uint8Array(length);
  let direct = map.cacheBypass || !map.hasCache;
  if (!direct) {
    direct = true;
    for (let n = 0; n < count && direct; n++) direct = yield* map.volatile(reg + n * map.stride);
  }
  if (direct && map.bus.read === undefined) return -ENOTSUPP;
  const { maxRead } = map.bus;
  const piece = !direct || map.singleRead ? 1 : maxRead !== 0 && length > maxRead ? Math.max(1, Math.floor(maxRead / valBytes)) : count;
  for (let n = 0; n < count; n += piece) {
    const bytes = Math.min(piece, count - n) * valBytes;
    let part: Uint8Array | number;
    if (direct) part = yield* map.rawRead(reg + n * map.stride, bytes);
    else {
      const value = yield* map.readLocked(reg + n * map.stride);
      part = value < 0 ? value : put(value, valBytes, map.format.valEndian);
    }
    if (typeof part === 'number') return part;
    data.set(part, n * valBytes);
  }
  return data;
}
function* rawWrite(map: Regmap, reg: number, data: Uint8Array): Sleeping<number> {
  const { valBytes } = map.format;
  const count = data.length / valBytes;
  if (map.bus.write === undefined) return -EINVAL;
  if (!Number.isInteger(count) || !aligned(map, reg)) return -EINVAL;
  const { maxWrite } = map.bus;
  const piece = map.singleWrite ? 1 : maxWrite !== 0 && data.length > maxWrite ? Math.max(1, Math.floor(maxWrite / valBytes)) : count;
  for (let n = 0; n < count; n += piece) {
    const error = yield* map.rawWrite(reg + n * map.stride, data.subarray(n * valBytes, (n + piece) * valBytes));
    if (error !== 0) return error;
  }
  return 0;
}
/** An array of u8, u16 or u32, as the values are wide. */
function* bulkRead(k: Kernel, map: Regmap, reg: number, to: Addr, count: number): Sleeping<number> {
  const { valBytes, valEndian } = map.format;
  if (count === 0 || !aligned(map, reg)) return -EINVAL;
  if (map.bus.read !== undefined) {
    const data = yield* map.locked(() => rawRead(map, reg, count * valBytes));
    if (typeof data === 'number') return data;
    for (let n = 0; n < count; n++)
      k.memory.write(to + n * valBytes, put(take(data.subarray(n * valBytes, (n + 1) * valBytes), valEndian), valBytes, 'little'));
    return 0;
  }
  for (let n = 0; n < count; n++) {
    const value = yield* map.locked(() => map.readLocked(reg + n * map.stride));
    if (value < 0) return value;
    k.memory.write(to + n * valBytes, put(value, valBytes, 'little'));
  }
  return 0;
}
function* bulkWrite(k: Kernel, map: Regmap, reg: number, from: Addr, count: number): Sleeping<number> {
  const { valBytes, valEndian } = map.format;
  if (!aligned(map, reg)) return -EINVAL;
  const value = (n: number): number => take(k.memory.read(from + n * valBytes, valBytes), 'little');
  if (map.bus.write !== undefined) {
    const data = new Uint8Array(count * valBytes);
    for (let n = 0; n < count; n++) data.set(put(value(n), valBytes, valEndian), n * valBytes);
    return yield* map.locked(() => rawWrite(map, reg, data));
  }
  for (let n = 0; n < count; n++) {
    const error = yield* map.locked(() => map.writeLocked(reg + n * map.stride, value(n)));
    if (error !== 0) return error;
  }
  return 0;
}
function* read(k: Kernel, map: Regmap, reg: number, to: Addr): Sleeping<number> {
  if (!aligned(map, reg)) return -EINVAL;
  const value = yield* map.locked(() => map.readLocked(reg));
  if (value < 0) return value;
  k.memory.setU32(to, value);
  return 0;
}
function* write(map: Regmap, reg: number, value: number): Sleeping<number> {
  return aligned(map, reg) ? yield* map.locked(() => map.writeLocked(reg, value)) : -EINVAL;
}
function sequence(k: Kernel, regs: Addr, count: number): { reg: number; def: number; delay: number }[] {
  return Array.from({ length: count }, (_, n) => {
    const place = regs + 12 * n;
    return { reg: k.memory.u32(place), def: k.memory.u32(place + 4), delay: k.memory.u32(place + 8) };
  });
}
function* writeSequence(k: Kernel, map: Regmap, regs: Addr, count: number, bypass: boolean): Sleeping<number> {
  return yield* map.locked(function* () {
    const before = map.cacheBypass;
    map.cacheBypass = before || bypass;
    let error = 0;
    for (const { reg, def, delay } of sequence(k, regs, count)) {
      error = yield* map.writeLocked(reg, def);
      if (error !== 0) break;
      if (delay !== 0) yield* k.call(k.symbols.require('usleep_range_state'), delay, delay * 2, 2);
    }
    map.cacheBypass = before;
    return error;
  });
}
function* updateBits(k: Kernel, map: Regmap, reg: number, mask: number, val: number, change: Addr, force: boolean): Sleeping<number> {
  if (change !== NULL) k.memory.setU8(change, 0);
  const result = yield* map.locked(() => map.updateBits(reg, mask, val, force));
  if (result < 0) return result;
  if (change !== NULL) k.memory.setU8(change, result);
  return 0;
}
const map = pointer('struct regmap *');
const dev = pointer('struct device *');
const i2c = pointer('struct i2c_client *');
const config = pointer('const struct regmap_config *');
const lock_key = voidPtr;
const lock_name = optionalCstring;
const reg = uint;
const initParams = { dev, bus: voidPtr, bus_context: voidPtr, config, lock_key, lock_name };
const NO_DEBUGFS = 'nothing in debugfs';
const SYNCHRONOUS = 'writes are finished when the call returns';

export const regmapApi: KernelApi = kernelApi('drivers/base/regmap/regmap.c', {
  __regmap_init: partial(
    NO_DEBUGFS,
    kfunc(initParams, map, (k, { dev: of, bus, bus_context, config: how }) => init(k, of, bus, bus_context, how)),
  ),
  __devm_regmap_init: partial(
    NO_DEBUGFS,
    kfunc(initParams, map, (k, { dev: of, bus, bus_context, config: how }) => managed(k, of, init(k, of, bus, bus_context, how))),
  ),
  __regmap_init_i2c: partial(
    NO_DEBUGFS,
    blocking({ i2c, config, lock_key, lock_name }, map, (k, { i2c: client, config: how }) => initI2c(k, client, how)),
  ),
  __devm_regmap_init_i2c: partial(
    NO_DEBUGFS,
    blocking({ i2c, config, lock_key, lock_name }, map, function* (k, { i2c: client, config: how }) {
      return managed(k, client + k.layouts.offsetOf('i2c_client', 'dev'), yield* initI2c(k, client, how));
    }),
  ),
  regmap_exit: blocking({ map }, nothing, (k, { map: of }) => exit(k, of)),
  regmap_reinit_cache: partial(
    'the cache is emptied; the new configuration is not read',
    kfunc({ map, config }, int, (k, { map: of }) => {
      at(k, of).drop(0, Number.POSITIVE_INFINITY);
      return 0;
    }),
  ),
  dev_get_regmap: kfunc({ dev, name: optionalCstring }, map, (k, { dev: of, name }) => {
    const maps = [...k.get(Regmaps).byHandle.values()].filter(({ device }) => device === of);
    return (name === undefined ? maps.at(-1) : maps.findLast((each) => each.name === name))?.handle ?? NULL;
  }),
  regmap_get_device: kfunc({ map }, dev, (k, { map: of }) => at(k, of).device),
  regmap_get_val_bytes: kfunc({ map }, int, (k, { map: of }) => at(k, of).format.valBytes),
  regmap_get_max_register: kfunc({ map }, int, (k, { map: of }) => at(k, of).maxRegister || -EINVAL),
  regmap_get_reg_stride: kfunc({ map }, int, (k, { map: of }) => at(k, of).stride),
  regmap_get_raw_read_max: kfunc({ map }, size_t, (k, { map: of }) => at(k, of).bus.maxRead),
  regmap_get_raw_write_max: kfunc({ map }, size_t, (k, { map: of }) => at(k, of).bus.maxWrite),
  regmap_can_raw_write: kfunc({ map }, bool, (k, { map: of }) => at(k, of).bus.write !== undefined),
  regmap_parse_val: kfunc({ map, buf: voidPtr, val: voidPtr }, int, (k, { map: of, buf, val }) => {
    const { format } = at(k, of);
    k.memory.setU32(val, valueOf(format, k.memory.read(buf, format.valBytes)));
    return 0;
  }),
  regmap_reg_in_ranges: kfunc({ reg, ranges: voidPtr, nranges: uint }, bool, (k, { reg: number, ranges, nranges }) =>
    inRanges(k, number, ranges, nranges),
  ),
  regmap_check_range_table: kfunc({ map, reg, table: voidPtr }, bool, (k, { map: of, reg: number, table }) =>
    at(k, of).inTable(number, table),
  ),
  regmap_read: blocking({ map, reg, val: voidPtr }, int, (k, { map: of, reg: number, val }) => read(k, at(k, of), number, val)),
  regmap_write: blocking({ map, reg, val: uint }, int, (k, { map: of, reg: number, val }) => write(at(k, of), number, val)),
  regmap_write_async: partial(
    SYNCHRONOUS,
    blocking({ map, reg, val: uint }, int, (k, { map: of, reg: number, val }) => write(at(k, of), number, val)),
  ),
  regmap_async_complete: partial(
    SYNCHRONOUS,
    kfunc({ map }, int, () => 0),
  ),
  /** What a bus calls when an asynchronous write has ended: none is ever begun. */
  regmap_async_complete_cb: noop(
    SYNCHRONOUS,
    kfunc({ async: voidPtr, ret: int }, nothing, () => {}),
  ),
  regmap_noinc_write: blocking({ map, reg, val: voidPtr, val_len: size_t }, int, function* (k, { map: of, reg: number, val, val_len }) {
    const { valBytes } = at(k, of).format;
    if (at(k, of).bus.write === undefined) return -EINVAL;
    if (val_len === 0 || val_len % valBytes !== 0 || !aligned(at(k, of), number)) return -EINVAL;
    for (let done = 0; done < val_len; done += valBytes) {
      const error = yield* at(k, of).locked(() => at(k, of).rawWrite(number, k.memory.read(val + done, valBytes)));
      if (error !== 0) return error;
    }
    return 0;
  }),
  regmap_raw_read: blocking({ map, reg, val: voidPtr, val_len: size_t }, int, function* (k, { map: of, reg: number, val, val_len }) {
    const data = yield* at(k, of).locked(() => rawRead(at(k, of), number, val_len));
    if (typeof data === 'number') return data;
    k.memory.write(val, data);
    return 0;
  }),
  regmap_noinc_read: blocking({ map, reg, val: voidPtr, val_len: size_t }, int, function* (k, { map: of, reg: number, val, val_len }) {
    const { bus, format } = at(k, of);
    if (bus.read === undefined) return -ENOTSUPP;
    if (val_len === 0 || val_len % format.valBytes !== 0 || !aligned(at(k, of), number)) return -EINVAL;
    const data = yield* at(k, of).locked(() => at(k, of).rawRead(number, val_len));
    if (typeof data === 'number') return data;
    k.memory.write(val, data);
    return 0;
  }),
  regmap_raw_write: blocking({ map, reg, val: voidPtr, val_len: size_t }, int, (k, { map: of, reg: number, val, val_len }) =>
    at(k, of).locked(() => rawWrite(at(k, of), number, k.memory.read(val, val_len))),
  ),
  regmap_raw_write_async: partial(
    SYNCHRONOUS,
    blocking({ map, reg, val: voidPtr, val_len: size_t }, int, (k, { map: of, reg: number, val, val_len }) =>
      at(k, of).locked(() => rawWrite(at(k, of), number, k.memory.read(val, val_len))),
    ),
  ),
  regmap_bulk_read: blocking({ map, reg, val: voidPtr, val_count: size_t }, int, (k, { map: of, reg: number, val, val_count }) =>
    bulkRead(k, at(k, of), number, val, val_count),
  ),
  regmap_bulk_write: blocking({ map, reg, val: voidPtr, val_count: size_t }, int, (k, { map: of, reg: number, val, val_count }) =>
    bulkWrite(k, at(k, of), number, val, val_count),
  ),
  regmap_multi_reg_write: blocking({ map, regs: voidPtr, num_regs: int }, int, (k, { map: of, regs, num_regs }) =>
    writeSequence(k, at(k, of), regs, num_regs, false),
  ),
  regmap_multi_reg_write_bypassed: blocking({ map, regs: voidPtr, num_regs: int }, int, (k, { map: of, regs, num_regs }) =>
    writeSequence(k, at(k, of), regs, num_regs, true),
  ),
  regmap_register_patch: blocking({ map, regs: voidPtr, num_regs: int }, int, function* (k, { map: of, regs, num_regs }) {
    const error = yield* writeSequence(k, at(k, of), regs, num_regs, true);
    if (error === 0) at(k, of).patch.push(...sequence(k, regs, num_regs));
    return error;
  }),
  regmap_update_bits_base: blocking(
    { map, reg, mask: uint, val: uint, change: voidPtr, async: bool, force: bool },
    int,
    (k, { map: of, reg: number, mask, val, change, force }) => updateBits(k, at(k, of), number, mask, val, change, force),
  ),
  regmap_test_bits: blocking({ map, reg, bits: uint }, int, function* (k, { map: of, reg: number, bits }) {
    const value = yield* at(k, of).locked(() => at(k, of).readLocked(number));
    return value < 0 ? value : (value & bits) >>> 0 === bits ? 1 : 0;
  }),
});
/** A part of a register: bits, and how far apart its copies lie. */
interface Field {
  readonly map: Regmap;
  readonly reg: number;
  readonly mask: number;
  readonly shift: number;
  readonly idOffset: number;
}
class Fields extends Map<Addr, Field> {
  constructor(_k: Kernel) {
    super();
  }
}
/** struct reg_field: reg, lsb, msb, id_size, id_offset. */
function makeField(k: Kernel, of: Addr, description: Addr): Addr {
  const [reg = 0, lsb = 0, msb = 0, , idOffset = 0] = Array.from({ length: 5 }, (_, n) => k.memory.u32(description + 4 * n));
  const handle = kzalloc(k, 8);
  const mask = (2 ** (msb + 1) - 2 ** lsb) >>> 0;
  k.get(Fields).set(handle, { map: at(k, of), reg, mask, shift: lsb, idOffset });
  return handle;
}
const field = (k: Kernel, handle: Addr): Field => {
  const found = k.get(Fields).get(handle);
  if (found === undefined) throw new Error('no register field lies at this address');
  return found;
};
function freeField(k: Kernel, handle: Addr): void {
  if (k.get(Fields).delete(handle)) k.slab.free(handle);
}
function* readField(k: Kernel, handle: Addr, id: number, to: Addr): Sleeping<number> {
  const { map: of, reg: number, mask, shift, idOffset } = field(k, handle);
  const value = yield* of.locked(() => of.readLocked(number + idOffset * id));
  if (value < 0) return value;
  k.memory.setU32(to, (value & mask) >>> shift);
  return 0;
}
function updateField(k: Kernel, handle: Addr, id: number, mask: number, val: number, change: Addr, force: boolean): Sleeping<number> {
  const { map: of, reg: number, mask: own, shift, idOffset } = field(k, handle);
  const bits = ((mask << shift) & own) >>> 0;
  return updateBits(k, of, number + idOffset * id, bits, (val << shift) >>> 0, change, force);
}
const [RAX, RSP, RSI, RDI] = [0, 4, 6, 7] as const;
const fieldHandle = pointer('struct regmap_field *');
export const regmapFieldApi: KernelApi = kernelApi('drivers/base/regmap/regmap.c, fields', {
  /** The description comes by value: it lies above the return address. */
  regmap_field_alloc: raw((k, registers) => {
    registers.setAddr(RAX, makeField(k, registers.addr(RDI), registers.addr(RSP) + 8));
  }),
  devm_regmap_field_alloc: raw((k, registers) => {
    const handle = makeField(k, registers.addr(RSI), registers.addr(RSP) + 8);
    k.get(Devres).addUndo(registers.addr(RDI), handle, () => freeField(k, handle));
    registers.setAddr(RAX, handle);
  }),
  regmap_field_free: kfunc({ field: fieldHandle }, nothing, (k, { field: of }) => freeField(k, of)),
  devm_regmap_field_free: blocking({ dev, field: fieldHandle }, nothing, function* (k, { dev: of, field: handle }) {
    yield* k.get(Devres).undo(of, handle);
  }),
  devm_regmap_field_bulk_alloc: kfunc(
    { dev, regmap: map, rm_field: voidPtr, reg_field: voidPtr, num_fields: int },
    int,
    (k, { dev: of, regmap, rm_field, reg_field, num_fields }) => {
      for (let n = 0; n < num_fields; n++) {
        const handle = makeField(k, regmap, reg_field + n * k.layouts.sizeOf('reg_field'));
        k.get(Devres).addUndo(of, handle, () => freeField(k, handle));
        k.memory.setPtr(rm_field + 8 * n, handle);
      }
      return 0;
    },
  ),
  regmap_field_read: blocking({ field: fieldHandle, val: voidPtr }, int, (k, { field: of, val }) => readField(k, of, 0, val)),
  regmap_fields_read: blocking({ field: fieldHandle, id: uint, val: voidPtr }, int, (k, { field: of, id, val }) =>
    readField(k, of, id, val),
  ),
  regmap_field_update_bits_base: blocking(
    { field: fieldHandle, mask: uint, val: uint, change: voidPtr, async: bool, force: bool },
    int,
    (k, { field: of, mask, val, change, force }) => updateField(k, of, 0, mask, val, change, force),
  ),
  regmap_fields_update_bits_base: blocking(
    { field: fieldHandle, id: uint, mask: uint, val: uint, change: voidPtr, async: bool, force: bool },
    int,
    (k, { field: of, id, mask, val, change, force }) => updateField(k, of, id, mask, val, change, force),
  ),
});
const min = uint;
const max = uint;
export const regcacheApi: KernelApi = kernelApi('drivers/base/regmap/regcache.c', {
  regcache_sync: blocking({ map }, int, (k, { map: of }) => at(k, of).locked(() => at(k, of).sync())),
  regcache_sync_region: blocking({ map, min, max }, int, (k, { map: of, min: first, max: last }) =>
    at(k, of).locked(() => at(k, of).sync(first, last)),
  ),
  regcache_drop_region: kfunc({ map, min, max }, int, (k, { map: of, min: first, max: last }) => at(k, of).drop(first, last)),
  regcache_cache_only: kfunc({ map, enable: bool }, nothing, (k, { map: of, enable }) => {
    at(k, of).cacheOnly = enable;
  }),
  regcache_cache_bypass: kfunc({ map, enable: bool }, nothing, (k, { map: of, enable }) => {
    at(k, of).cacheBypass = enable;
  }),
  regcache_mark_dirty: kfunc({ map }, nothing, (k, { map: of }) => {
    at(k, of).cacheDirty = true;
  }),
});
