// The CPU as modules ask about it: a plain x86-64 without optional features. Source: arch/x86/kernel/cpu/common.c, match.c,
// arch/x86/kernel/fpu/core.c, arch/x86/lib/msr-smp.c.
import { EIO, ENXIO } from '#abi';
import {
  bool,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  noop,
  nothing,
  pointer,
  u8,
  u16,
  u32,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';

const CpuInfo = kernelStruct('cpuinfo_x86', {
  x86: u8,
  x86_vendor: u8,
  x86_model: u8,
  x86_stepping: u8,
  x86_virt_bits: u8,
  x86_phys_bits: u8,
  x86_max_cores: u16,
  x86_clflush_size: u16,
  x86_capability: embedded,
  x86_vendor_id: embedded,
  x86_model_id: embedded,
});
const X86CpuId = kernelStruct('x86_cpu_id', { vendor: u16, family: u16, model: u16, steppings: u16, feature: u16 });
/** What QEMU's TCG shows: AMD family 15, model 107, stepping 1. No feature is reported: what is optional is not there. */
const CPU = { vendor: 2, family: 15, model: 107, stepping: 1, vendorId: 'AuthenticAMD', modelId: 'kobox virtual CPU' } as const;
const X86_VENDOR_ANY = 0xffff;
const NULL = 0;
const CLFLUSH_SIZE = 64;

function fill(k: Kernel, address: Addr): void {
  const view = k.view(CpuInfo, address);
  view.x86 = CPU.family;
  view.x86_vendor = CPU.vendor;
  view.x86_model = CPU.model;
  view.x86_stepping = CPU.stepping;
  view.x86_phys_bits = 40;
  view.x86_virt_bits = 48;
  view.x86_max_cores = 1;
  view.x86_clflush_size = CLFLUSH_SIZE;
  k.memory.setCstring(view.x86_vendor_id, CPU.vendorId);
  k.memory.setCstring(view.x86_model_id, CPU.modelId);
}
/** Whether a row of a table is about this CPU. 0 stands for any, but for the vendor. */
function matches(row: { vendor: number; family: number; model: number; steppings: number; feature: number }): boolean {
  if (row.vendor !== X86_VENDOR_ANY && row.vendor !== CPU.vendor) return false;
  if (row.family !== 0 && row.family !== CPU.family) return false;
  if (row.model !== 0 && row.model !== CPU.model) return false;
  if (row.steppings !== 0 && (row.steppings & (1 << CPU.stepping)) === 0) return false;
  return row.feature === 0;
}
const NO_FPU = 'vector registers belong to nobody: code that uses them is an invalid opcode';

export const x86CpuApi: KernelApi = kernelApi('arch/x86/kernel/cpu/common.c', {
  boot_cpu_data: kdata(fill),
  /** Per-CPU: the value is an offset. */
  cpu_info: kdata((k, offset) => fill(k, k.percpu.base + offset)),
  /** The first row that is about this CPU, or NULL. */
  x86_match_cpu: kfunc({ match: voidPtr }, voidPtr, (k, { match }) => {
    const size = k.layouts.sizeOf('x86_cpu_id');
    for (let at = match; ; at += size) {
      const row = k.view(X86CpuId, at);
      if ((row.vendor | row.family | row.model | row.steppings | row.feature) === 0) return NULL;
      if (matches(row)) return at;
    }
  }),
  irq_fpu_usable: kfunc({}, bool, (k) => (k.percpu.preemptCount & 0xf0000) === 0),
  kernel_fpu_begin_mask: noop(
    NO_FPU,
    kfunc({ kfpu_mask: uint }, nothing, (k) => {
      k.percpu.preemptCount += 1;
    }),
  ),
  kernel_fpu_end: noop(
    NO_FPU,
    kfunc({}, nothing, (k) => {
      k.percpu.preemptCount -= 1;
    }),
  ),
  cc_platform_has: kfunc({ attr: pointer('enum cc_attr') }, bool, () => false),
});
const msr = { cpu: uint, msr_no: u32, l: pointer('u32 *'), h: pointer('u32 *') } as const;
function readMsr(k: Kernel, cpu: number, number: number, low: Addr, high: Addr): number {
  if (cpu !== 0) return -ENXIO;
  const value = k.io.readMsr(number);
  k.memory.setU32(low, Number((value ?? 0n) & 0xffffffffn));
  k.memory.setU32(high, Number((value ?? 0n) >> 32n));
  return value === undefined ? -EIO : 0;
}
const ignoringFault = (result: number): number => (result === -EIO ? 0 : result);
export const msrApi: KernelApi = kernelApi('arch/x86/lib/msr-smp.c', {
  rdmsr_on_cpu: kfunc(msr, int, (k, { cpu, msr_no, l, h }) => ignoringFault(readMsr(k, cpu, msr_no, l, h))),
  rdmsr_safe_on_cpu: kfunc(msr, int, (k, { cpu, msr_no, l, h }) => readMsr(k, cpu, msr_no, l, h)),
  rdmsrl_safe_on_cpu: kfunc({ cpu: uint, msr_no: u32, q: pointer('u64 *') }, int, (k, { cpu, msr_no, q }) =>
    readMsr(k, cpu, msr_no, q, q + 4),
  ),
});
