// The per-CPU area of the one CPU. Offsets of the kernel's own variables come from the description.
import { REG_GS_BASE, REGISTER_FILE } from '../cpu.ts';
import { type Addr, kernelAddr, type Memory } from '../memory.ts';
import { PERCPU } from './layout.ts';

/** preempt_count() bit 31 on x86: set while no reschedule is needed (arch/x86/include/asm/preempt.h). */
const PREEMPT_NEED_RESCHED = 0x80000000;

export interface PercpuOffsets {
  /** Offset of a per-CPU variable of the kernel, from its symbol's value. */
  of(symbol: string): number;
}

export class Percpu {
  readonly base: Addr = kernelAddr(PERCPU.start);
  readonly #memory: Memory;
  readonly #currentTask: Addr;
  readonly #preemptCount: Addr;

  constructor(memory: Memory, offsets: PercpuOffsets) {
    this.#memory = memory;
    this.#currentTask = this.base + offsets.of('current_task');
    this.#preemptCount = this.base + offsets.of('__preempt_count');
    memory.setPtr(this.base + offsets.of('this_cpu_off'), this.base);
    memory.view.setUint32(REGISTER_FILE + REG_GS_BASE, this.base >>> 0, true);
    memory.view.setInt32(REGISTER_FILE + REG_GS_BASE + 4, -1, true);
    this.preemptCount = 0;
  }
  set currentTask(task: Addr) {
    this.#memory.setPtr(this.#currentTask, task);
  }
  /** preempt_count() without the inverted need-resched bit. */
  get preemptCount(): number {
    return this.#memory.u32(this.#preemptCount) & ~PREEMPT_NEED_RESCHED;
  }
  set preemptCount(count: number) {
    this.#memory.setU32(this.#preemptCount, (count | PREEMPT_NEED_RESCHED) >>> 0);
  }
}
