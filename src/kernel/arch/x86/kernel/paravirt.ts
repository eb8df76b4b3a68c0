// The native operations behind pv_ops that modules reach. Source: arch/x86/kernel/paravirt.c.
import { EIO } from '#abi';
import { imageData, type KernelApi, kernelApi, kfunc, noop, nothing, pointer, raw, u32, u64, uint } from '../../../api/index.ts';
import { RAX, RDI } from '../../../cpu.ts';
import type { Kernel } from '../../../kernel.ts';

const register = pointer('unsigned int *');
const error = pointer('int *');
/** What Linux says of an MSR that is not there, when nobody asked for safety. */
function unchecked(k: Kernel, access: string): void {
  k.log.print('warning', `unchecked MSR access error: ${access}`);
}
const hex = (value: number): string => `0x${value.toString(16)}`;

export const paravirtApi: KernelApi = kernelApi('arch/x86/kernel/paravirt.c', {
  /** The functions in it are those of the image: native ones. The loader turns calls through it into direct calls. */
  pv_ops: imageData,
  native_io_delay: noop(
    'no device needs a delay',
    kfunc({}, nothing, () => {}),
  ),
  native_wbinvd: noop(
    'there are no caches to write back',
    kfunc({}, nothing, () => {}),
  ),
  native_cpuid: kfunc({ eax: register, ebx: register, ecx: register, edx: register }, nothing, (k, { eax, ebx, ecx, edx }) => {
    const result = k.io.cpuid(k.memory.u32(eax), k.memory.u32(ecx));
    [eax, ebx, ecx, edx].forEach((place, n) => k.memory.setU32(place, result[n] ?? 0));
  }),
  native_read_msr: kfunc({ msr: uint }, u64, (k, { msr }) => {
    const value = k.io.readMsr(msr);
    if (value === undefined) unchecked(k, `RDMSR from ${hex(msr)}`);
    return value ?? 0n;
  }),
  native_read_msr_safe: kfunc({ msr: uint, err: error }, u64, (k, { msr, err }) => {
    const value = k.io.readMsr(msr);
    k.memory.setU32(err, value === undefined ? 2 ** 32 - EIO : 0);
    return value ?? 0n;
  }),
  native_write_msr: kfunc({ msr: uint, low: u32, high: u32 }, nothing, (k, { msr, low, high }) => {
    if (!k.io.writeMsr(msr, (BigInt(high) << 32n) | BigInt(low))) unchecked(k, `WRMSR to ${hex(msr)}`);
  }),
  native_write_msr_safe: kfunc({ msr: uint, low: u32, high: u32 }, { ...uint, name: 'int' }, (k, { msr, low, high }) =>
    k.io.writeMsr(msr, (BigInt(high) << 32n) | BigInt(low)) ? 0 : 2 ** 32 - EIO,
  ),
  /** Unlocks without touching any other register: the lock byte of a qspinlock. */
  __raw_callee_save___native_queued_spin_unlock: raw((k, registers) => k.memory.setU8(registers.addr(RDI), 0)),
  __raw_callee_save___native_vcpu_is_preempted: raw((_, registers) => registers.setAddr(RAX, 0)),
  /** Page table entries are their own physical value. */
  _paravirt_ident_64: kfunc({ x: u64 }, u64, (_, { x }) => x),
});
