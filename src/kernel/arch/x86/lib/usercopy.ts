// Copies between guest and user memory. Source: lib/usercopy.c, arch/x86/lib/{getuser,putuser}.S.
import { EFAULT } from '#abi';
import {
  bool,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  pointer,
  raw,
  size_t,
  userPtr,
  voidPtr,
} from '../../../api/index.ts';
import { RAX, RCX, RDI, RDX } from '../../../cpu.ts';

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

/** The parts of clear_user(): address in rdi, size in rcx; what could not be cleared comes back in rcx. */
const clearUser: KernelSymbol = raw((k, registers) => {
  const size = registers.addr(RCX);
  const target = k.user.slice(registers.addr(RDI), size);
  target.fill(0);
  registers.setAddr(RCX, size - target.length);
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
  clear_user_original: clearUser,
  clear_user_rep_good: clearUser,
  clear_user_erms: clearUser,
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
