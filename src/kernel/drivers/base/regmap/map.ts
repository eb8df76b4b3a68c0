// One register map: access rules, cache, windows, and the bus below. Source: drivers/base/regmap/{regmap,regcache}.c.
import { EBUSY, EINVAL, EIO } from '#abi';
import type { Sleeping } from '../../../api/index.ts';
import type { StructView } from '../../../api/types.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { TASK_UNINTERRUPTIBLE } from '../../../sched/task.ts';
import { Waiters } from '../../../sched/waiters.ts';
import { type Format, isPacked, packedBytes, registerBytes, valueBytes, valueOf } from './format.ts';
import { AccessTable, RangeConfig, type RegmapConfig } from './structs.ts';

const NULL = 0;
export const ENOTSUPP = 524;

/** What carries registers: whole by number, or as bytes. Values are unsigned; negative numbers are -errno. */
export interface Bus {
  readonly regRead?: (reg: number) => Sleeping<number>;
  readonly regWrite?: (reg: number, value: number) => Sleeping<number>;
  readonly updateBits?: (reg: number, mask: number, value: number) => Sleeping<number>;
  readonly read?: (register: Uint8Array, length: number) => Sleeping<Uint8Array | number>;
  readonly write?: (data: Uint8Array) => Sleeping<number>;
  readonly maxRead: number;
  readonly maxWrite: number;
}
export type Config = StructView<(typeof RegmapConfig)['fields']>;

export class Regmap {
  readonly #k: Kernel;
  readonly handle: Addr;
  readonly device: Addr;
  readonly name: string | undefined;
  readonly format: Format;
  readonly bus: Bus;
  readonly stride: number;
  readonly maxRegister: number;
  readonly singleRead: boolean;
  readonly singleWrite: boolean;
  readonly #rules: Pick<Config, 'writeable_reg' | 'readable_reg' | 'volatile_reg' | 'wr_table' | 'rd_table' | 'volatile_table'>;
  readonly #lock: Pick<Config, 'disable_locking' | 'lock' | 'unlock' | 'lock_arg'>;
  readonly #address: Pick<Config, 'reg_base' | 'reg_downshift'>;
  readonly #ranges: readonly StructView<(typeof RangeConfig)['fields']>[];
  /** Undefined: no cache. */
  readonly #cache: Map<number, number> | undefined;
  readonly defaults = new Map<number, number>();
  #held = false;
  cacheOnly = false;
  cacheBypass = false;
  cacheDirty = false;
  /** Written again by every sync. */
  readonly patch: { reg: number; def: number; delay: number }[] = [];
  free: (() => Sleeping<void>) | undefined;

  constructor(k: Kernel, handle: Addr, device: Addr, config: Config, format: Format, bus: Bus) {
    this.#k = k;
    this.handle = handle;
    this.device = device;
    this.format = format;
    this.bus = bus;
    this.name = config.name === NULL ? undefined : k.memory.cstring(config.name);
    this.stride = config.reg_stride === 0 ? 1 : config.reg_stride;
    this.maxRegister = config.max_register;
    this.singleRead = config.use_single_read || bus.read === undefined;
    this.singleWrite = config.use_single_write || bus.write === undefined;
    const { writeable_reg, readable_reg, volatile_reg, wr_table, rd_table, volatile_table } = config;
    this.#rules = { writeable_reg, readable_reg, volatile_reg, wr_table, rd_table, volatile_table };
    const { disable_locking, lock, unlock, lock_arg } = config;
    this.#lock = { disable_locking, lock, unlock, lock_arg };
    this.#address = { reg_base: config.reg_base, reg_downshift: config.reg_downshift };
    const size = k.layouts.sizeOf('regmap_range_cfg');
    this.#ranges = Array.from({ length: config.num_ranges }, (_, n) => k.view(RangeConfig, config.ranges + n * size));
    if (config.cache_type === 0) return;
    this.#cache = new Map();
    for (let n = 0; n < config.num_reg_defaults; n++) {
      const at = config.reg_defaults + 8 * n;
      this.defaults.set(k.memory.u32(at), k.memory.u32(at + 4));
    }
    for (const [reg, value] of this.defaults) this.#cache.set(reg, value);
  }

  /** Runs `body` with the map locked. */
  *locked<T>(body: () => Sleeping<T>): Sleeping<T> {
    const { disable_locking, lock, unlock, lock_arg } = this.#lock;
    if (disable_locking) return yield* body();
    if (lock !== NULL && unlock !== NULL) {
      yield* this.#k.call(lock, lock_arg);
      const result = yield* body();
      yield* this.#k.call(unlock, lock_arg);
      return result;
    }
    yield* this.#k.get(Waiters).until(this.handle, TASK_UNINTERRUPTIBLE, () => !this.#held);
    this.#held = true;
    try {
      return yield* body();
    } finally {
      this.#held = false;
      this.#k.get(Waiters).wake(this.handle, 1);
    }
  }
  inTable(reg: number, table: Addr): boolean {
    const k = this.#k;
    const { yes_ranges, n_yes_ranges, no_ranges, n_no_ranges } = k.view(AccessTable, table);
    if (inRanges(k, reg, no_ranges, n_no_ranges)) return false;
    return n_yes_ranges === 0 || inRanges(k, reg, yes_ranges, n_yes_ranges);
  }
  *#allowed(reg: number, fn: Addr, table: Addr): Sleeping<boolean> {
    if (this.maxRegister !== 0 && reg > this.maxRegister) return false;
    if (fn !== NULL) return ((yield* this.#k.call(fn, this.device, reg)) & 0xff) !== 0;
    return table === NULL || this.inTable(reg, table);
  }
  writeable = (reg: number): Sleeping<boolean> => this.#allowed(reg, this.#rules.writeable_reg, this.#rules.wr_table);
  *readable(reg: number): Sleeping<boolean> {
    if (isPacked(this.format) && this.bus.regRead === undefined) return false;
    return yield* this.#allowed(reg, this.#rules.readable_reg, this.#rules.rd_table);
  }
  *volatile(reg: number): Sleeping<boolean> {
    if (!isPacked(this.format) && !(yield* this.readable(reg))) return false;
    const { volatile_reg: fn, volatile_table: table } = this.#rules;
    if (fn !== NULL) return ((yield* this.#k.call(fn, this.device, reg)) & 0xff) !== 0;
    return table !== NULL ? this.inTable(reg, table) : this.#cache === undefined;
  }
  *#cached(reg: number): Sleeping<number | undefined> {
    const value = this.cacheBypass ? undefined : this.#cache?.get(reg);
    return value === undefined || (yield* this.volatile(reg)) ? undefined : value;
  }
  *#remember(reg: number, value: number): Sleeping<void> {
    if (this.#cache !== undefined && !this.cacheBypass && !(yield* this.volatile(reg))) this.#cache.set(reg, value);
  }
  #busAddress(reg: number): number {
    const { reg_base, reg_downshift } = this.#address;
    return ((reg + reg_base) >>> 0) >>> reg_downshift;
  }
  /** Registers behind a window: its selector is set, and the register becomes one of the window. */
  *#select(reg: number): Sleeping<number> {
    const range = this.#ranges.find(({ range_min, range_max }) => reg >= range_min && reg <= range_max);
    if (range === undefined) return reg;
    const page = Math.floor((reg - range.range_min) / range.window_len);
    const offset = (reg - range.range_min) % range.window_len;
    const inside = range.selector_reg >= range.window_start && range.selector_reg < range.window_start + range.window_len;
    if (!(inside && range.window_start + offset === range.selector_reg)) {
      const error = yield* this.updateBits(range.selector_reg, range.selector_mask, (page << range.selector_shift) >>> 0);
      if (error < 0) return error;
    }
    return range.window_start + offset;
  }
  /** The value, or -errno. The map is locked. */
  *readLocked(reg: number): Sleeping<number> {
    const cached = yield* this.#cached(reg);
    if (cached !== undefined) return cached;
    if (this.cacheOnly) return -EBUSY;
    if (!(yield* this.readable(reg))) return -EIO;
    const value = yield* this.#readBus(reg);
    if (value >= 0) yield* this.#remember(reg, value);
    return value;
  }
  *#readBus(register: number): Sleeping<number> {
    const reg = yield* this.#select(register);
    if (reg < 0) return reg;
    if (this.bus.regRead !== undefined) return yield* this.bus.regRead(this.#busAddress(reg));
    const data = yield* this.rawRead(reg, this.format.valBytes);
    return typeof data === 'number' ? data : valueOf(this.format, data);
  }
  /** Bytes from the bus itself. */
  *rawRead(register: number, length: number): Sleeping<Uint8Array | number> {
    if (this.bus.read === undefined) return -EINVAL;
    const reg = yield* this.#select(register);
    if (reg < 0) return reg;
    return yield* this.bus.read(registerBytes(this.format, this.#busAddress(reg), this.format.readFlag), length);
  }
  *writeLocked(reg: number, value: number): Sleeping<number> {
    if (!(yield* this.writeable(reg))) return -EIO;
    yield* this.#remember(reg, value);
    if (this.cacheOnly && !this.cacheBypass) {
      this.cacheDirty = true;
      return 0;
    }
    const target = yield* this.#select(reg);
    if (target < 0) return target;
    const address = this.#busAddress(target);
    if (this.bus.regWrite !== undefined) return yield* this.bus.regWrite(address, value);
    if (this.bus.write === undefined) return -EINVAL;
    if (isPacked(this.format)) return yield* this.bus.write(packedBytes(this.format, address, value));
    return yield* this.#writeBus(address, valueBytes(this.format, value));
  }
  *#writeBus(address: number, value: Uint8Array): Sleeping<number> {
    const register = registerBytes(this.format, address, this.format.writeFlag);
    const data = new Uint8Array(register.length + value.length);
    data.set(register);
    data.set(value, register.length);
    return this.bus.write === undefined ? -EINVAL : yield* this.bus.write(data);
  }
  /** Consecutive registers as the bus has them. */
  *rawWrite(reg: number, data: Uint8Array): Sleeping<number> {
    const { valBytes } = this.format;
    const count = data.length / valBytes;
    for (let n = 0; n < count; n++) {
      if (!(yield* this.writeable(reg + n * this.stride))) return -EINVAL;
    }
    for (let n = 0; n < count; n++)
      yield* this.#remember(reg + n * this.stride, valueOf(this.format, data.subarray(n * valBytes, (n + 1) * valBytes)));
    if (this.cacheOnly && !this.cacheBypass) {
      this.cacheDirty = true;
      return 0;
    }
    const target = yield* this.#select(reg);
    return target < 0 ? target : yield* this.#writeBus(this.#busAddress(target), data);
  }
  /** 1 when something changed, 0 when not, or -errno. */
  *updateBits(reg: number, mask: number, value: number, force = false): Sleeping<number> {
    if (this.bus.updateBits !== undefined && (yield* this.volatile(reg))) {
      const error = yield* this.bus.updateBits(this.#busAddress(reg), mask, value);
      return error === 0 ? 1 : error;
    }
    const before = yield* this.readLocked(reg);
    if (before < 0) return before;
    const after = ((before & ~mask) | (value & mask)) >>> 0;
    if (after === before && !force) return 0;
    const error = yield* this.writeLocked(reg, after);
    return error < 0 ? error : 1;
  }
  /** Writes to the bus what the cache has and the registers may not: all that differs from the defaults. */
  *sync(min = 0, max = Number.POSITIVE_INFINITY): Sleeping<number> {
    if (this.#cache === undefined) return 0;
    this.cacheBypass = true;
    let error = 0;
    for (const { reg, def } of this.patch) if (error === 0) error = yield* this.writeLocked(reg, def);
    for (const [reg, value] of [...this.#cache].sort(([a], [b]) => a - b)) {
      if (error !== 0 || reg < min || reg > max) continue;
      if (this.defaults.get(reg) === value || !(yield* this.writeable(reg))) continue;
      error = yield* this.writeLocked(reg, value);
    }
    this.cacheBypass = false;
    if (error === 0 && min === 0) this.cacheDirty = false;
    return error;
  }
  drop(min: number, max: number): number {
    if (this.#cache === undefined) return -EINVAL;
    for (const reg of [...this.#cache.keys()]) if (reg >= min && reg <= max) this.#cache.delete(reg);
    return 0;
  }
  get hasCache(): boolean {
    return this.#cache !== undefined;
  }
}
/** Whether `reg` lies in one of `count` struct regmap_range. */
export function inRanges(k: Kernel, reg: number, ranges: Addr, count: number): boolean {
  for (let n = 0; n < count; n++) if (reg >= k.memory.u32(ranges + 8 * n) && reg <= k.memory.u32(ranges + 8 * n + 4)) return true;
  return false;
}
