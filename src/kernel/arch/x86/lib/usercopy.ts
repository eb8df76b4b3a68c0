// Copies between guest and user memory. Source: lib/usercopy.c, arch/x86/lib/{getuser,putuser}.S.
import { EFAULT } from '#abi';
import {
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  long,
  nothing,
  pointer,
  raw,
  size_t,
  ulong,
  ulongAddr,
  userPtr,
  voidPtr,
} from '../../../api/index.ts';
import { RAX, RCX, RDI, RDX, RSI } from '../../../cpu.ts';

const userSource = userPtr;
/** __get_user_N: pointer in rax; error in rax, value in rdx. The others keep their values. */
const getUser = (bytes: number): KernelSymbol =>
  raw((k, registers) => {
    const source = k.user.slice(registers.addr(RAX), bytes);
    const failed = source.length < bytes;
    let value = 0n;
    if (!failed) for (let n = bytes - 1; n >= 0; n--) value = (value << 8n) | BigInt(source[n] as number);
    registers.setU64(RDX, value);
    registers.setAddr(RAX, failed ? -EFAULT : 0);
  });
/** __put_user_N: value in rax, pointer in rcx; error in ecx. */
const putUser = (bytes: number): KernelSymbol =>
  raw((k, registers) => {
    const target = k.user.slice(registers.addr(RCX), bytes);
    const value = registers.u64(RAX);
    const failed = target.length < bytes;
    if (!failed) for (let n = 0; n < bytes; n++) target[n] = Number((value >> BigInt(8 * n)) & 0xffn);
    registers.setAddr(RCX, failed ? 2 ** 32 - EFAULT : 0);
  });

/** clear_user_original and its variants: destination in rdi, count in rcx; what was not cleared in rcx. */
const clearUser = raw((k, registers) => {
  const count = registers.addr(RCX);
  const target = k.user.slice(registers.addr(RDI), count);
  target.fill(0);
  registers.setAddr(RDI, registers.addr(RDI) + target.length);
  registers.setAddr(RCX, count - target.length);
});
/** copy_user_generic_*: rdi, rsi, edx as memcpy; one side is user memory; what was not copied in eax. */
const copyUserGeneric = raw((k, registers) => {
  const to = registers.addr(RDI);
  const from = registers.addr(RSI);
  const count = Number(registers.u64(RDX) & 0xffffffffn);
  const source = k.memory.valid(from, count) ? k.memory.read(from, count) : k.user.slice(from, count);
  const copied = Math.min(source.length, k.memory.valid(to, count) ? count : k.user.slice(to, count).length);
  if (k.memory.valid(to, count)) k.memory.write(to, source.subarray(0, copied));
  else k.user.slice(to, copied).set(source.subarray(0, copied));
  registers.setAddr(RAX, count - copied);
});
export const usercopyApi: KernelApi = kernelApi('lib/usercopy.c', {
  /** Return: how many bytes could not be copied; those are zeroed in `to`. */
  _copy_from_user: kfunc({ to: voidPtr, from: userSource, n: size_t }, size_t, (k, { to, from, n }) => {
    const source = k.user.slice(from, n);
    k.memory.write(to, source);
    k.memory.fill(to + source.length, 0, n - source.length);
    return n - source.length;
  }),
  /** Return: how many bytes could not be copied. */
  _copy_to_user: kfunc({ to: userPtr, from: voidPtr, n: size_t }, size_t, (k, { to, from, n }) => {
    const target = k.user.slice(to, n);
    target.set(k.memory.read(from, target.length));
    return n - target.length;
  }),
  __copy_overflow: kfunc({ size: int, count: ulong }, nothing, (k, { size, count }) =>
    k.exceptions.warn('mm/maccess.c', 228, '__copy_overflow', `Buffer overflow detected (${size} < ${count})!`),
  ),
  clear_user_original: clearUser,
  clear_user_rep_good: clearUser,
  clear_user_erms: clearUser,
  copy_user_generic_unrolled: copyUserGeneric,
  copy_user_generic_string: copyUserGeneric,
  copy_user_enhanced_fast_string: copyUserGeneric,
  /** Length without the NUL, or `count` when there is none in it; -EFAULT. */
  strncpy_from_user: kfunc({ dst: voidPtr, src: userPtr, count: ulongAddr }, long, (k, { dst, src, count }) => {
    const source = k.user.slice(src, count);
    const end = source.indexOf(0);
    if (end < 0 && source.length < count) return BigInt(-EFAULT);
    k.memory.write(dst, source.subarray(0, end < 0 ? count : end + 1));
    return BigInt(end < 0 ? count : end);
  }),
  /** Length with the NUL; more than `count` when there is none in it; 0 on a fault. */
  strnlen_user: kfunc({ str: userPtr, count: ulongAddr }, long, (k, { str, count }) => {
    const source = k.user.slice(str, count);
    const end = source.indexOf(0);
    return BigInt(end >= 0 ? end + 1 : source.length < count ? 0 : count + 1);
  }),
  check_zeroed_user: kfunc({ from: userPtr, size: size_t }, int, (k, { from, size }) => {
    const source = k.user.slice(from, size);
    return source.length < size ? -EFAULT : source.every((byte) => byte === 0) ? 1 : 0;
  }),
  copy_from_kernel_nofault: kfunc({ dst: voidPtr, src: voidPtr, size: size_t }, long, (k, { dst, src, size }) => {
    if (!k.memory.valid(src, size)) return BigInt(-EFAULT);
    k.memory.copy(dst, src, size);
    return 0n;
  }),
  __get_user_nocheck_1: getUser(1),
  __get_user_nocheck_2: getUser(2),
  __get_user_nocheck_4: getUser(4),
  __get_user_nocheck_8: getUser(8),
  __put_user_nocheck_1: putUser(1),
  __put_user_nocheck_2: putUser(2),
  __put_user_nocheck_4: putUser(4),
  __put_user_nocheck_8: putUser(8),
  __get_user_1: getUser(1),
  __get_user_2: getUser(2),
  __get_user_4: getUser(4),
  __get_user_8: getUser(8),
  __put_user_1: putUser(1),
  __put_user_2: putUser(2),
  __put_user_4: putUser(4),
  __put_user_8: putUser(8),
  /** Whether the copy stays inside its object: our copies are checked by the allocator's bounds instead. */
  __check_object_size: kfunc({ ptr: pointer('const void *'), n: size_t, to_user: bool }, nothing, () => {}),
});
