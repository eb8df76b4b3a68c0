// The one CPU as modules see it: masks, counts, calls to "all" CPUs. Source: kernel/smp.c, kernel/cpu.c.
import { ENXIO } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kfunc,
  noop,
  nothing,
  type Sleeping,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { Watchdog } from './watchdog.ts';

const ONE_CPU = 'there is one CPU, and it neither comes nor goes';
/** A cpumask with CPU 0 in it. */
const onlyFirst = kdata((k, address) => k.memory.setU64(address, 1n));
const one = kdata((k, address) => k.memory.setU32(address, 1));
const nothingToDo = noop(
  ONE_CPU,
  kfunc({}, nothing, () => {}),
);
/** func(info) with interrupts off, as an inter-processor interrupt would run it. */
function* callHere(k: Kernel, func: Addr, info: Addr): Sleeping<void> {
  const IF = 0x200n;
  const flags = k.registers.rflags;
  k.registers.rflags = flags & ~IF;
  yield* k.call(func, info);
  k.registers.rflags = flags;
}
const single: KernelSymbol = blocking({ cpu: int, func: voidPtr, info: voidPtr, wait: int }, int, function* (k, { cpu, func, info }) {
  if (cpu !== 0) return -ENXIO;
  yield* callHere(k, func, info);
  return 0;
});

export const smpApi: KernelApi = kernelApi('kernel/smp.c', {
  nr_cpu_ids: one,
  smp_call_function_single: single,
  smp_call_function_any: blocking({ mask: voidPtr, func: voidPtr, info: voidPtr, wait: int }, int, function* (k, { func, info }) {
    yield* callHere(k, func, info);
    return 0;
  }),
  /** To all other CPUs: there are none. */
  smp_call_function: noop(
    ONE_CPU,
    kfunc({ func: voidPtr, info: voidPtr, wait: int }, nothing, () => {}),
  ),
  smp_call_function_many: noop(
    ONE_CPU,
    kfunc({ mask: voidPtr, func: voidPtr, info: voidPtr, wait: bool }, nothing, () => {}),
  ),
  on_each_cpu_cond_mask: blocking(
    { cond_func: voidPtr, func: voidPtr, info: voidPtr, wait: bool, mask: voidPtr },
    nothing,
    function* (k, { cond_func, func, info, mask }) {
      if ((k.memory.u64(mask) & 1n) === 0n) return;
      if (cond_func !== 0 && ((yield* k.callInt(cond_func, 0, info)) & 0xff) === 0) return;
      yield* callHere(k, func, info);
    },
  ),
});
export const cpuApi: KernelApi = kernelApi('kernel/cpu.c', {
  __cpu_possible_mask: onlyFirst,
  __cpu_online_mask: onlyFirst,
  __cpu_present_mask: onlyFirst,
  __cpu_active_mask: onlyFirst,
  __num_online_cpus: one,
  cpus_read_lock: nothingToDo,
  cpus_read_unlock: nothingToDo,
  cpus_read_trylock: noop(
    ONE_CPU,
    kfunc({}, int, () => 1),
  ),
  /** Per-CPU; the only node is 0. */
  numa_node: kdata(() => {}),
});
export const touchWatchdogApi: KernelApi = kernelApi('kernel/watchdog.c', {
  touch_softlockup_watchdog: kfunc({}, nothing, (k) => k.get(Watchdog).switched()),
  arch_touch_nmi_watchdog: noop(
    'there is no hard lockup detector',
    kfunc({}, nothing, () => {}),
  ),
});
export const cpuCountApi: KernelApi = kernelApi('arch/x86/kernel/setup_percpu.c', {
  cpu_bit_bitmap: kdata((k, address) => {
    // cpumask_of(cpu): row n has bit n - 1 set; the rows are as long as a cpumask.
    const words = k.layouts.sizeOf('cpumask') / 8;
    for (let bit = 0; bit < 64; bit++) k.memory.setU64(address + (bit + 1) * words * 8, 1n << BigInt(bit));
  }),
});
