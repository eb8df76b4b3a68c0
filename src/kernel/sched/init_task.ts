// Source: init/init_task.c, arch/x86/kernel/cpu/common.c.
import { type KernelApi, kdata, kernelApi } from '../api/index.ts';

export const initTaskApi: KernelApi = kernelApi('init/init_task.c', {
  /** The idle task; the scheduler fills it in. */
  init_task: kdata(() => {}),
  /** Per-CPU: their values are offsets in the per-CPU area, which the scheduler and Percpu keep. */
  current_task: kdata(() => {}),
  __preempt_count: kdata(() => {}),
  this_cpu_off: kdata(() => {}),
  cpu_number: kdata(() => {}),
});
