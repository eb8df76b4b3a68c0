// The standard parameter types. Source: kernel/params.c, lib/kstrtox.c.
import { EINVAL, ENOMEM, ENOSPC, ERANGE } from '#abi';
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
  ptr,
  u32,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import { type Addr, GuestFault } from './memory.ts';
import { PAGE_SIZE } from './mm/layout.ts';
import { KernelParam, KernelParamOps } from './module/parameters.ts';

const KparamString = kernelStruct('kparam_string', { maxlen: u32, string: voidPtr });
const KparamArray = kernelStruct('kparam_array', { max: u32, elemsize: u32, num: voidPtr, ops: voidPtr, elem: voidPtr });
const MAX_CHARP = 1024;

/** kstrto*(s, 0): the value, or -EINVAL. Range is the caller's. */
export function parseInteger(text: string, signed: boolean, base = 0): bigint | undefined {
  const match = /^([-+]?)(.*?)\n?$/s.exec(text);
  const [, sign = '', body = ''] = match ?? [];
  if (sign === '-' && !signed) return undefined;
  const prefixed = /^0[xX][0-9a-fA-F]/.test(body);
  const radix = base !== 0 ? base : prefixed ? 16 : body.startsWith('0') ? 8 : 10;
  const value = digitsOf(radix === 16 && prefixed ? body.slice(2) : body, radix);
  return value === undefined || sign !== '-' ? value : -value;
}
/** Digits of `radix` and nothing else. */
function digitsOf(text: string, radix: number): bigint | undefined {
  if (text === '') return undefined;
  let value = 0n;
  for (const character of text.toLowerCase()) {
    const digit = '0123456789abcdefghijklmnopqrstuvwxyz'.indexOf(character);
    if (digit < 0 || digit >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(digit);
  }
  return value;
}
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

function setInteger(k: Kernel, text: string, arg: Addr, { bits, signed }: IntegerType): number {
  const value = parseInteger(text, signed);
  if (value === undefined) return -EINVAL;
  if ((signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value) return -ERANGE;
  k.memory.write(arg, new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer, 0, bits / 8));
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
/** kstrtobool: y Y t T 1 on, n N f F 0 off, o followed by n or f. */
export function parseBool(text: string): boolean | undefined {
  if (/^[yYtT1]/.test(text) || /^[oO][nN]/.test(text)) return true;
  return /^[nNfF0]/.test(text) || /^[oO][fF]/.test(text) ? false : undefined;
}
const flag = (invert: boolean): Readonly<Record<'set' | 'get', KernelSymbol>> => ({
  set: kfunc({ val, kp }, int, (k, { val: text, kp: param }) => {
    const value = parseBool(text === 0 ? '1' : k.memory.cstring(text));
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
    const value = parseBool(text === 0 ? '1' : k.memory.cstring(text));
    if (value === undefined) return -EINVAL;
    k.memory.setU32(param.arg, value ? 1 : 0);
    return 0;
  }),
  param_ops_bint: imageData,
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
    const element = k.slab.alloc(k.layouts.sizeOf('kernel_param'));
    if (element === undefined) return -ENOMEM;
    k.memory.copy(element, param.addr, k.layouts.sizeOf('kernel_param'));
    const view = k.view(KernelParam, element);
    const set = k.view(KernelParamOps, array.ops).set;
    const values = k.memory.cstring(text).split(',');
    let count = 0;
    let result = 0;
    for (const value of values) {
      if (count >= array.max) {
        k.log.print('err', `${k.memory.cstring(param.name)}: can only take ${array.max} arguments`);
        result = -EINVAL;
        break;
      }
      view.arg = array.elem + array.elemsize * count;
      const copy = k.cstringAlloc(value);
      result = yield* k.callInt(set, copy, element);
      k.slab.free(copy);
      if (result !== 0) break;
      count++;
    }
    // The buffer was cut at the first comma: the error message shows only the first value.
    if (values.length > 1) k.memory.setU8(text + (values[0] as string).length, 0);
    if (array.num !== 0) k.memory.setU32(array.num, count);
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
  /** Frees each element that was set. */
  param_array_free: blocking({ arg: voidPtr }, nothing, function* (k, { arg }) {
    const array = k.view(KparamArray, arg);
    const { free } = k.view(KernelParamOps, array.ops);
    if (free === 0) return;
    const count = array.num === 0 ? array.max : k.memory.u32(array.num);
    for (let n = 0; n < count; n++) yield* k.call(free, array.elem + array.elemsize * n);
  }),
  param_array_ops: imageData,
});
