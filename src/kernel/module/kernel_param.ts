// A module parameter as its module has it. Source: include/linux/moduleparam.h.
import { kernelStruct, s8, u8, u16, u32, voidPtr } from '../api/index.ts';
import type { Addr } from '../memory.ts';

export const KernelParam = kernelStruct('kernel_param', {
  name: voidPtr,
  mod: voidPtr,
  ops: voidPtr,
  perm: u16,
  level: s8,
  flags: u8,
  arg: voidPtr,
});
export const KernelParamOps = kernelStruct('kernel_param_ops', { flags: u32, set: voidPtr, get: voidPtr, free: voidPtr });

export interface KernelParameter {
  readonly name: string;
  /** `struct kernel_param`. */
  readonly addr: Addr;
  /** Permissions of its file in sysfs; 0 means no file. */
  readonly perm: number;
}
