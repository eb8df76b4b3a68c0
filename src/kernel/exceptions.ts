// What happens when guest code stops with a fault or trap: fix-ups, WARN, oops. Linux: arch/x86/kernel/traps.c, mm/fault.c.
import type { Kernel } from './kernel.ts';
import type { GuestException } from './sched/execution.ts';
import type { Nanoseconds } from './time/clock.ts';

export class ExceptionHandler {
  readonly #k: Kernel;

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** Gives the address (low half) where execution goes on, or undefined after the report when the context dies. */
  handle(exception: GuestException): number | undefined {
    throw new Error(`unhandled guest exception ${JSON.stringify(exception, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))} at rip ${this.#k.registers.rip.toString(16)}`);
  }
  /** Guest code ran for `duration` without giving the CPU away. */
  watchdog(_duration: Nanoseconds): void {}
  schedulingWhileAtomic(): void {
    throw new Error('scheduling while atomic');
  }
}
