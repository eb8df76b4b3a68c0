// The C types in which kernel functions are declared: how each is read from a register or memory and written back.
import type { Addr, Memory } from '../memory.ts';

/**
 * A C scalar. `name` is C's spelling, compared with BTF. `bytes` is its size.
 * Pointers, sizes and offsets are `number` (exact for canonical addresses and below 2^53); `long`, `ulong`, `u64`, `s64`
 * are `bigint`; smaller integers are `number`.
 */
export interface CType<T> {
  readonly name: string;
  readonly bytes: 0 | 1 | 2 | 4 | 8;
  /** From a 64-bit register or stack slot at memory index `slot`. `k` makes views of structs. */
  fromSlot(view: DataView, slot: number, k: TypeContext): T;
  /** To a 64-bit slot. */
  toSlot(view: DataView, slot: number, value: T): void;
  load(memory: Memory, address: Addr, k: TypeContext): T;
  store(memory: Memory, address: Addr, value: T): void;
}

/** What types need of the kernel. */
export interface TypeContext {
  readonly memory: Memory;
  view<F extends FieldTypes>(struct: KernelStruct<F>, address: Addr): StructView<F>;
}

export type FieldTypes = Readonly<Record<string, CType<unknown> | EmbeddedType>>;
/** A struct that lies inside another: its address (and, by `k.view`, its fields). */
export interface EmbeddedType {
  readonly embedded: true;
}

/** Declared with `kernelStruct`; offsets come from BTF when the kernel boots. */
export interface KernelStruct<F extends FieldTypes> {
  readonly name: string;
  readonly fields: F;
}
export type FieldValue<T> = T extends CType<infer V> ? V : Addr;
export type StructView<F extends FieldTypes> = { readonly addr: Addr } & { -readonly [K in keyof F]: FieldValue<F[K]> };

const TWO32 = 2 ** 32;
const slotNumber = (view: DataView, slot: number): number => view.getInt32(slot + 4, true) * TWO32 + view.getUint32(slot, true);
const setSlotNumber = (view: DataView, slot: number, value: number): void => {
  view.setUint32(slot, value >>> 0, true);
  view.setInt32(slot + 4, Math.floor(value / TWO32), true);
};

const int8: CType<number> = {
  name: 'signed char',
  bytes: 1,
  fromSlot: (v, s) => v.getInt8(s),
  toSlot: (v, s, x) => setSlotNumber(v, s, x & 0xff),
  load: (m, a) => m.s8(a),
  store: (m, a, x) => m.setU8(a, x),
};
const uint8: CType<number> = { ...int8, name: 'unsigned char', fromSlot: (v, s) => v.getUint8(s), load: (m, a) => m.u8(a) };
const int16: CType<number> = {
  name: 'short',
  bytes: 2,
  fromSlot: (v, s) => v.getInt16(s, true),
  toSlot: (v, s, x) => setSlotNumber(v, s, x & 0xffff),
  load: (m, a) => m.s16(a),
  store: (m, a, x) => m.setU16(a, x),
};
const uint16: CType<number> = {
  ...int16,
  name: 'short unsigned int',
  fromSlot: (v, s) => v.getUint16(s, true),
  load: (m, a) => m.u16(a),
};
const int32: CType<number> = {
  name: 'int',
  bytes: 4,
  fromSlot: (v, s) => v.getInt32(s, true),
  // A 32-bit result zero-extends, as a write of eax does.
  toSlot: (v, s, x) => setSlotNumber(v, s, x >>> 0),
  load: (m, a) => m.s32(a),
  store: (m, a, x) => m.setU32(a, x),
};
const uint32: CType<number> = {
  ...int32,
  name: 'unsigned int',
  fromSlot: (v, s) => v.getUint32(s, true),
  load: (m, a) => m.u32(a),
};
const int64: CType<bigint> = {
  name: 'long long int',
  bytes: 8,
  fromSlot: (v, s) => v.getBigInt64(s, true),
  toSlot: (v, s, x) => v.setBigInt64(s, BigInt.asIntN(64, x), true),
  load: (m, a) => m.s64(a),
  store: (m, a, x) => m.setU64(a, x),
};
const uint64: CType<bigint> = {
  ...int64,
  name: 'long long unsigned int',
  fromSlot: (v, s) => v.getBigUint64(s, true),
  load: (m, a) => m.u64(a),
};
const signed64: CType<number> = {
  name: 'void *',
  bytes: 8,
  fromSlot: slotNumber,
  toSlot: setSlotNumber,
  load: (m, a) => m.ptr(a),
  store: (m, a, x) => m.setPtr(a, x),
};
const unsigned64: CType<number> = {
  ...signed64,
  name: 'size_t',
  fromSlot: (v, s) => v.getUint32(s + 4, true) * TWO32 + v.getUint32(s, true),
  load: (m, a) => m.u64n(a),
};
const named = <T>(type: CType<T>, name: string): CType<T> => ({ ...type, name });

export const s8 = int8;
export const u8 = uint8;
export const char_ = named(int8, 'char');
export const s16 = int16;
export const u16 = uint16;
export const umode_t = named(uint16, 'umode_t');
export const int = int32;
export const uint = uint32;
export const u32 = named(uint32, 'u32');
export const s32 = named(int32, 's32');
export const gfp_t = named(uint32, 'gfp_t');
export const dev_t = named(uint32, 'dev_t');
export const fmode_t = named(uint32, 'fmode_t');
export const poll_t = named(uint32, '__poll_t');
/** Signed and unsigned 64-bit quantities: bigint. */
export const long = named(int64, 'long int');
export const ulong = named(uint64, 'long unsigned int');
export const s64 = named(int64, 's64');
export const u64 = named(uint64, 'u64');
export const ktime_t = named(int64, 'ktime_t');
/** An unsigned long that holds an address, a size or flags: a number. */
export const ulongAddr = named(signed64, 'long unsigned int');
export const size_t = unsigned64;
export const ssize_t = named(signed64, 'ssize_t');
/** File offsets: a number, exact to 2^53. */
export const loff_t = named(signed64, 'loff_t');
export const voidPtr = signed64;
/** A pointer to a function of the guest or the kernel. */
export const fnPtr = named(signed64, 'fn *');
/** A pointer with its C spelling; nothing is read through it. */
export const pointer = (name: string): CType<Addr> => named(signed64, name);
/** A pointer into user memory. */
export const userPtr = named(signed64, 'void *');

export const bool: CType<boolean> = {
  name: '_Bool',
  bytes: 1,
  fromSlot: (v, s) => v.getUint8(s) !== 0,
  toSlot: (v, s, x) => setSlotNumber(v, s, x ? 1 : 0),
  load: (m, a) => m.u8(a) !== 0,
  store: (m, a, x) => m.setU8(a, x ? 1 : 0),
};

/** `const char *`, read as a Latin-1 string. A NULL or wild pointer faults when the call is made. */
export const cstring: CType<string> = {
  name: 'const char *',
  bytes: 8,
  fromSlot: (v, s, k) => k.memory.cstring(slotNumber(v, s)),
  toSlot: () => {
    throw new Error('a kernel function cannot return a JavaScript string');
  },
  load: (m, a) => m.cstring(m.ptr(a)),
  store: () => {
    throw new Error('a string field is stored by its address');
  },
};
/** `const char *` where NULL is allowed: undefined. */
export const optionalCstring: CType<string | undefined> = {
  ...cstring,
  fromSlot: (v, s, k) => (slotNumber(v, s) === 0 ? undefined : k.memory.cstring(slotNumber(v, s))),
  load: (m, a) => (m.ptr(a) === 0 ? undefined : m.cstring(m.ptr(a))),
  store: cstring.store as CType<string | undefined>['store'],
  toSlot: cstring.toSlot as CType<string | undefined>['toSlot'],
};

/** `void` as a return type. rax is left as it is. */
export const nothing: CType<void> = {
  name: 'void',
  bytes: 0,
  fromSlot: () => undefined,
  toSlot: () => undefined,
  load: () => undefined,
  store: () => undefined,
};

/** A pointer to a declared struct: a view of it. Nothing is read until a field is; a NULL view faults at the field's address. */
export function ptr<F extends FieldTypes>(struct: KernelStruct<F>): CType<StructView<F>> {
  return {
    name: `struct ${struct.name} *`,
    bytes: 8,
    fromSlot: (v, s, k) => k.view(struct, slotNumber(v, s)),
    toSlot: (v, s, x) => setSlotNumber(v, s, x.addr),
    load: (m, a, k) => k.view(struct, m.ptr(a)),
    store: (m, a, x) => m.setPtr(a, x.addr),
  };
}

/** A struct or array that lies inside: the field's value is its address. */
export const embedded: EmbeddedType = { embedded: true };
