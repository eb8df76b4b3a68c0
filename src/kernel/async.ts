// Calls made later, in tasks of their own, and waited for by number. Source: kernel/async.c.
import { blocking, int, type KernelApi, kernelApi, kfunc, nothing, type Sleeping, u64, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { TASK_UNINTERRUPTIBLE } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';

const NULL = 0;

/** The calls that have not ended: cookie to domain; NULL is the one that all share. */
class AsyncCalls {
  readonly #k: Kernel;
  readonly #pending = new Map<bigint, Addr>();
  #next = 1n;
  constructor(k: Kernel) {
    this.#k = k;
  }
  schedule(body: (cookie: bigint) => Sleeping<unknown>, domain: Addr): bigint {
    const cookie = this.#next++;
    this.#pending.set(cookie, domain);
    this.#k.scheduler.spawn('kworker/u2:0', () => this.#run(body, cookie));
    return cookie;
  }
  *#run(body: (cookie: bigint) => Sleeping<unknown>, cookie: bigint): Sleeping<number> {
    yield* body(cookie);
    this.#pending.delete(cookie);
    this.#k.get(Waiters).wake(this, Number.POSITIVE_INFINITY);
    return 0;
  }
  /** Until no call before `cookie` goes on: of a domain, or of all. */
  *synchronize(cookie: bigint, domain: Addr | undefined): Sleeping<void> {
    const done = (): boolean => ![...this.#pending].some(([each, of]) => each < cookie && (domain === undefined || of === domain));
    yield* this.#k.get(Waiters).until(this, TASK_UNINTERRUPTIBLE, done);
  }
}
const calls = (k: Kernel): AsyncCalls => k.get(AsyncCalls);
const ALL = 1n << 64n;

/** Runs `body` in a task of its own, which asyncSynchronizeFull() waits for. */
export function asyncSchedule(k: Kernel, body: () => Sleeping<unknown>): void {
  calls(k).schedule(body, NULL);
}
const schedule = (k: Kernel, func: Addr, data: Addr, domain: Addr): bigint =>
  calls(k).schedule((cookie) => k.call(func, data, cookie), domain);
/** Until no call goes on: before a module's init memory is freed, as functions there may still run. */
export const asyncSynchronizeFull = (k: Kernel): Sleeping<void> => calls(k).synchronize(ALL, undefined);

export const asyncApi: KernelApi = kernelApi('kernel/async.c', {
  async_schedule_node: kfunc({ func: voidPtr, data: voidPtr, node: int }, u64, (k, { func, data }) => schedule(k, func, data, NULL)),
  async_schedule_node_domain: kfunc({ func: voidPtr, data: voidPtr, node: int, domain: voidPtr }, u64, (k, { func, data, domain }) =>
    schedule(k, func, data, domain),
  ),
  async_synchronize_full: blocking({}, nothing, (k) => calls(k).synchronize(ALL, undefined)),
  async_synchronize_full_domain: blocking({ domain: voidPtr }, nothing, (k, { domain }) => calls(k).synchronize(ALL, domain)),
  async_synchronize_cookie: blocking({ cookie: u64 }, nothing, (k, { cookie }) => calls(k).synchronize(cookie, NULL)),
  async_synchronize_cookie_domain: blocking({ cookie: u64, domain: voidPtr }, nothing, (k, { cookie, domain }) =>
    calls(k).synchronize(cookie, domain),
  ),
});
