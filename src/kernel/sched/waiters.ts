// Who waits for a lock or a completion, first come first served. The queues lie outside guest memory.
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import type { Nanoseconds } from '../time/clock.ts';
import type { Task } from './task.ts';

export type WaitOutcome = 'ready' | 'signal' | 'timeout';
const FOREVER = Number.POSITIVE_INFINITY;

export class Waiters {
  readonly #k: Kernel;
  /** By the address of the lock, or by an object where there is no address. */
  readonly #queues = new Map<Addr | object, Task[]>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** Whether anybody waits at `address`. */
  any(address: Addr | object): boolean {
    return this.#queues.has(address);
  }
  /** Sleeps in `state` until `ready()` holds; it is asked again after each wake-up. */
  *until(address: Addr | object, state: number, ready: () => boolean, timeout: Nanoseconds = FOREVER): Sleeping<WaitOutcome> {
    const k = this.#k;
    const task = k.current;
    const end = k.clock.now + timeout;
    const queue = this.#queues.get(address) ?? [];
    if (ready()) return 'ready';
    queue.push(task);
    this.#queues.set(address, queue);
    try {
      while (!ready()) {
        if (k.scheduler.signalPending(task, state)) return 'signal';
        if (k.clock.now >= end) return 'timeout';
        if (timeout === FOREVER) {
          k.scheduler.currentStruct.__state = state;
          yield* k.scheduler.schedule();
        } else yield* k.scheduler.sleepFor(end - k.clock.now, state);
      }
      return 'ready';
    } finally {
      queue.splice(queue.indexOf(task), 1);
      if (queue.length === 0) this.#queues.delete(address);
    }
  }
  /** Wakes the first `count` sleepers. A task that was woken already and has not run yet does not count. */
  wake(address: Addr | object, count: number): void {
    let left = count;
    for (const task of this.#queues.get(address) ?? []) {
      if (left <= 0) return;
      if (this.#k.scheduler.wake(task, ~0)) left--;
    }
  }
}
