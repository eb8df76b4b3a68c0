// Soft interrupts: what timers, tasklets and RCU raise runs at once, or when the code that holds them back (local_bh_disable(),
// a lock with _bh, an interrupt) is done. Source: kernel/softirq.c, include/linux/preempt.h.
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';

// preempt_count(): one soft interrupt that runs, local_bh_disable(), one hard interrupt.
export const SOFTIRQ_OFFSET = 0x100;
export const SOFTIRQ_DISABLE_OFFSET = 2 * SOFTIRQ_OFFSET;
export const HARDIRQ_OFFSET = 0x10000;
/** SOFTIRQ_MASK and HARDIRQ_MASK. */
export const IN_INTERRUPT = 0xfff00;

export class Softirqs {
  readonly #k: Kernel;
  #pending: (() => Sleeping<void>)[] = [];
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** Whether something holds soft interrupts back. */
  get disabled(): boolean {
    return (this.#k.percpu.preemptCount & IN_INTERRUPT) !== 0;
  }
  raise(body: () => Sleeping<void>): void {
    this.#pending.push(body);
    this.run();
  }
  /** Linux: do_softirq(), at the end of what held it back. */
  run(): void {
    while (this.#pending.length > 0 && !this.disabled) {
      this.#k.scheduler.interrupt(SOFTIRQ_OFFSET, this.#pending.shift() as () => Sleeping<void>);
    }
  }
  /** local_bh_enable(). */
  enable(count: number): void {
    this.#k.percpu.preemptCount -= count;
    this.run();
  }
}
