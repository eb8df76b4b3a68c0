// The soft lockup detector. Source: kernel/watchdog.c.
import { printHeader, printModules, printRegisters } from './arch/x86/dumpstack.ts';
import { printTrace } from './arch/x86/stacktrace.ts';
import type { Kernel } from './kernel.ts';
import { TaskKilled } from './sched/execution.ts';
import { TAINT } from './taint.ts';
import type { Nanoseconds } from './time/clock.ts';

const SIGKILL = 9;
/** The soft lockup detector looks five times in twice the threshold, and speaks when it last saw a switch longer ago than that. */
const SOFT_LOCKUP_FACTOR = 2.2;

export class Watchdog {
  readonly #k: Kernel;
  /** kernel.watchdog_thresh, in seconds. */
  threshold = 10;
  #busyTask: number | undefined;
  #busy: Nanoseconds = 0;
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** A lock that can never be had: what Linux's watchdog says of it, at once. */
  lockup(): never {
    this.#report();
    throw new TaskKilled(SIGKILL);
  }
  #report(): void {
    const k = this.#k;
    const { current, scheduler } = k;
    const seconds = Math.floor(SOFT_LOCKUP_FACTOR * this.threshold);
    k.log.print('emerg', `watchdog: BUG: soft lockup - CPU#0 stuck for ${seconds}s! [${scheduler.comm(current)}:${current.pid}]`);
    printModules(k);
    printHeader(k);
    const ip = k.exceptions.ipOf(k.execution);
    printRegisters(k, ip);
    printTrace(k, ip);
    k.taint.add(TAINT.SOFTLOCKUP, true);
  }
  /** Guest code ran for `duration` more without giving the CPU away. Whether the task has to die for it. */
  busy(duration: Nanoseconds): boolean {
    const { pid } = this.#k.current;
    if (this.#busyTask !== pid) {
      this.#busyTask = pid;
      this.#busy = 0;
    }
    this.#busy += duration;
    if (this.#busy < SOFT_LOCKUP_FACTOR * this.threshold * 1e9) return false;
    this.#busy = 0;
    this.#report();
    return true;
  }
  /** The task gave the CPU away. */
  switched(): void {
    this.#busyTask = undefined;
  }
}
