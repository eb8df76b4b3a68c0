// The standard parameter types. Source: kernel/params.c.
import { EINVAL, ENOMEM, ENOSPC, EROFS } from '#abi';
import {
  blocking,
  imageData,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  ptr,
  type Sleeping,
  type StructView,
  u32,
  uint,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import { kstrto, parseBool, storeInteger } from './lib/kstrtox.ts';
import { mutexLock, mutexUnlock } from './locking/mutex.ts';
import { type Addr, GuestFault } from './memory.ts';
import { PAGE_SIZE } from './mm/layout.ts';
import { KernelParam, KernelParamOps } from './module/kernel_param.ts';
import { ModuleStruct } from './module/module.ts';

const KparamString = kernelStruct('kparam_string', { maxlen: u32, string: voidPtr });
const KparamArray = kernelStruct('kparam_array', { max: u32, elemsize: u32, num: voidPtr, ops: voidPtr, elem: voidPtr });
const MAX_CHARP = 1024;
const NULL = 0;

interface IntegerType {
  readonly bits: number;
  readonly signed: boolean;
  show(value: bigint): string;
}
const decimal = (value: bigint): string => `${value}`;
// biome-ignore format: one type a row
export const integerTypes: Readonly<Record<string, IntegerType>> = {
  byte:   { bits: 8,  signed: false, show: decimal },
  short:  { bits: 16, signed: true,  show: decimal },
  ushort: { bits: 16, signed: false, show: decimal },
  int:    { bits: 32, signed: true,  show: decimal },
  uint:   { bits: 32, signed: false, show: decimal },
  long:   { bits: 64, signed: true,  show: decimal },
  ulong:  { bits: 64, signed: false, show: decimal },
  ullong: { bits: 64, signed: false, show: decimal },
  hexint: { bits: 32, signed: false, show: (value) => `0x${value.toString(16).padStart(6, '0')}` },
};
const val = voidPtr;
const buffer = voidPtr;
const kp = ptr(KernelParam);
const mod = pointer('struct module *');
const NO_LOCK = 'the parameters of built-in code (mod NULL) have no lock';

function setInteger(k: Kernel, text: string, arg: Addr, { bits, signed }: IntegerType): number {
  const value = kstrto(text, bits, signed);
  if (typeof value === 'number') return value;
  storeInteger(k, arg, value, bits / 8);
  return 0;
}
function getInteger(k: Kernel, arg: Addr, { bits, signed }: IntegerType): bigint {
  const bytes = new Uint8Array(8);
  bytes.set(k.memory.read(arg, bits / 8));
  const value = new DataView(bytes.buffer).getBigUint64(0, true);
  return signed ? BigInt.asIntN(bits, value) : value;
}
/** Shows `text` with its newline. Return: the length. */
function show(k: Kernel, to: Addr, text: string): number {
  k.memory.setCstring(to, `${text}\n`);
  return text.length + 1;
}
/** No value is a yes. */
const switchOf = (k: Kernel, text: Addr): boolean | undefined => parseBool(text === NULL ? '1' : k.memory.cstring(text));
const flag = (invert: boolean): Readonly<Record<'set' | 'get', KernelSymbol>> => ({
  set: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const value = switchOf(k, text);
    if (value === undefined) return -EINVAL;
    k.memory.setU8(param.arg, value !== invert ? 1 : 0);
    return 0;
  }),
  get: kfunc({ buffer, kp }, int, (k, { buffer: to, kp: param }) => show(k, to, (k.memory.u8(param.arg) !== 0) !== invert ? 'Y' : 'N')),
});
const bool = flag(false);
const invbool = flag(true);

const symbols: Record<string, KernelSymbol> = {};
for (const [name, type] of Object.entries(integerTypes)) {
  symbols[`param_set_${name}`] = kfunc({ val, kp }, int, (k, { val: text, kp: param }) =>
    setInteger(k, k.memory.cstring(text), param.arg, type),
  );
  symbols[`param_get_${name}`] = kfunc({ buffer, kp }, int, (k, { buffer: to, kp: param }) =>
    show(k, to, type.show(getInteger(k, param.arg, type))),
  );
  symbols[`param_ops_${name}`] = imageData;
}

type KparamArrayView = StructView<typeof KparamArray.fields>;
type ElementView = StructView<typeof KernelParam.fields>;
/** Sets elements by the values between the commas of `text`, which become zeros: error messages show only the first value. */
function* setElements(k: Kernel, array: KparamArrayView, element: ElementView, text: Addr): Sleeping<number> {
  const { set } = k.view(KernelParamOps, array.ops);
  const count = (n: number): void => {
    if (array.num !== NULL) k.memory.setU32(array.num, n);
  };
  count(0);
  let at = text;
  for (let n = 0; ; n++) {
    if (n === array.max) {
      k.log.print('err', `${k.memory.cstring(element.name)}: can only take ${array.max} arguments`);
      return -EINVAL;
    }
    const value = k.memory.cstring(at);
    const comma = value.indexOf(',');
    if (comma >= 0) k.memory.setU8(at + comma, 0);
    element.arg = array.elem + array.elemsize * n;
    const error = yield* k.callInt(set, at, element.addr);
    if (error !== 0) return error;
    count(n + 1);
    if (comma < 0) return 0;
    at += comma + 1;
  }
}

/** The kernel's copy of a charp value, so that it can be freed. */
class CharpValues {
  readonly copies = new Set<Addr>();
}

export const paramsApi: KernelApi = kernelApi('kernel/params.c', {
  ...symbols,
  param_set_bool: bool.set,
  param_get_bool: bool.get,
  param_ops_bool: imageData,
  param_set_invbool: invbool.set,
  param_get_invbool: invbool.get,
  param_ops_invbool: imageData,
  param_set_bint: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const value = switchOf(k, text);
    if (value === undefined) return -EINVAL;
    k.memory.setU32(param.arg, value ? 1 : 0);
    return 0;
  }),
  param_ops_bint: imageData,
  /** Once on, it stays on: -EROFS. */
  param_set_bool_enable_only: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const value = switchOf(k, text);
    if (value === undefined) return -EINVAL;
    if (!value && k.memory.u8(param.arg) !== 0) return -EROFS;
    if (value) k.memory.setU8(param.arg, 1);
    return 0;
  }),
  param_ops_bool_enable_only: imageData,
  /** An unsigned int from `min` to `max`; -EINVAL beyond, or without a value. */
  param_set_uint_minmax: kfunc({ val, kp, min: uint, max: uint }, int, (k, { val: text, kp: param, min, max }) => {
    if (text === NULL) return -EINVAL;
    const value = kstrto(k.memory.cstring(text), 32, false);
    if (typeof value === 'number') return value;
    if (value < BigInt(min) || value > BigInt(max)) return -EINVAL;
    k.memory.setU32(param.arg, Number(value));
    return 0;
  }),
  param_set_charp: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const length = k.memory.strlen(text);
    if (length > MAX_CHARP) {
      k.log.print('err', `${k.memory.cstring(param.name)}: string parameter too long`);
      return -ENOSPC;
    }
    const { copies } = k.get(CharpValues);
    const old = k.memory.ptr(param.arg);
    if (copies.delete(old)) k.slab.free(old);
    const copy = k.cstringAlloc(k.memory.cstring(text));
    copies.add(copy);
    k.memory.setPtr(param.arg, copy);
    return 0;
  }),
  param_get_charp: kfunc({ buffer, kp }, int, (k, { buffer: to, kp: param }) => {
    const text = k.memory.ptr(param.arg);
    return show(k, to, text === 0 ? '(null)' : k.memory.cstring(text));
  }),
  param_free_charp: kfunc({ arg: voidPtr }, nothing, (k, { arg }) => {
    const text = k.memory.ptr(arg);
    if (k.get(CharpValues).copies.delete(text)) k.slab.free(text);
  }),
  param_ops_charp: imageData,
  param_set_copystring: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const string = k.view(KparamString, param.arg);
    const length = k.memory.strlen(text);
    if (length + 1 > string.maxlen) {
      k.log.print('err', `${k.memory.cstring(param.name)}: string doesn't fit in ${string.maxlen - 1} chars.`);
      return -ENOSPC;
    }
    k.memory.copy(string.string, text, length + 1);
    return 0;
  }),
  param_get_string: kfunc({ buffer, kp }, int, (k, { buffer: to, kp: param }) =>
    show(k, to, k.memory.cstring(k.view(KparamString, param.arg).string)),
  ),
  param_ops_string: imageData,
  param_array_set: blocking({ val, kp }, int, function* (k, { val: text, kp: param }) {
    const array = k.view(KparamArray, param.arg);
    const size = k.layouts.sizeOf('kernel_param');
    const element = k.slab.alloc(size);
    if (element === undefined) return -ENOMEM;
    k.memory.fill(element, 0, size);
    const view = k.view(KernelParam, element);
    view.name = param.name;
    view.level = param.level;
    const result = yield* setElements(k, array, view, text);
    k.slab.free(element);
    return result;
  }),
  param_array_get: blocking({ buffer, kp }, int, function* (k, { buffer: to, kp: param }) {
    const array = k.view(KparamArray, param.arg);
    const element = k.slab.alloc(k.layouts.sizeOf('kernel_param'));
    if (element === undefined) return -ENOMEM;
    k.memory.copy(element, param.addr, k.layouts.sizeOf('kernel_param'));
    const view = k.view(KernelParam, element);
    const count = array.num === 0 ? array.max : k.memory.u32(array.num);
    let length = 0;
    for (let n = 0; n < count; n++) {
      if (n > 0) k.memory.setU8(to + length - 1, 0x2c);
      view.arg = array.elem + array.elemsize * n;
      const result = yield* k.callInt(k.view(KernelParamOps, array.ops).get, to + length, element);
      if (result < 0) {
        k.slab.free(element);
        return result;
      }
      length += result;
      // A page is all that a file of sysfs gives. Linux writes on, over what lies there, until a page is missing.
      if (length >= PAGE_SIZE) throw new GuestFault(to + PAGE_SIZE, true);
    }
    k.slab.free(element);
    k.memory.setU8(to + length, 0);
    return length;
  }),
  param_array_free: blocking({ arg: voidPtr }, nothing, function* (k, { arg }) {
    const array = k.view(KparamArray, arg);
    const { free } = k.view(KernelParamOps, array.ops);
    if (free === NULL) return;
    const count = array.num === NULL ? array.max : k.memory.u32(array.num);
    for (let n = 0; n < count; n++) yield* k.call(free, array.elem + array.elemsize * n);
  }),
  param_array_ops: imageData,
  kernel_param_lock: partial(
    NO_LOCK,
    blocking({ mod }, nothing, function* (k, { mod: owner }) {
      if (owner !== NULL) yield* mutexLock(k, k.view(ModuleStruct, owner).param_lock);
    }),
  ),
  kernel_param_unlock: partial(
    NO_LOCK,
    kfunc({ mod }, nothing, (k, { mod: owner }) => {
      if (owner !== NULL) mutexUnlock(k, k.view(ModuleStruct, owner).param_lock);
    }),
  ),
});
