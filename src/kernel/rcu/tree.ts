// RCU and SRCU. One CPU, no preemption inside the kernel: a grace period is over as soon as no task is inside a read section.
// Source: kernel/rcu/{tree,update,srcutree}.c, Documentation/RCU.
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { Softirqs } from '../sched/softirqs.ts';
import { TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { NS_PER_JIFFY } from '../time/jiffies.ts';

const TaskRcu = kernelStruct('task_struct', { rcu_read_lock_nesting: int });
/** How long a grace period takes at least: the next ticks notice that all tasks have passed a quiet state. */
const GRACE_PERIOD = 3 * NS_PER_JIFFY;
/** kvfree_rcu() passes the offset of the rcu_head instead of a function. */
const LARGEST_OFFSET = 4096;

interface Callback {
  readonly head: Addr;
  readonly func: Addr;
}
/** Callbacks that wait for the end of a grace period. */
class Rcu {
  readonly #k: Kernel;
  #waiting: Callback[] = [];
  constructor(k: Kernel) {
    this.#k = k;
  }
  get #readers(): boolean {
    return [...this.#k.scheduler.tasks].some((task) => !task.dead && this.#k.view(TaskRcu, task.addr).rcu_read_lock_nesting > 0);
  }
  /** Runs `func(head)` after a grace period, as a softirq. */
  call(head: Addr, func: Addr): void {
    if (this.#waiting.length === 0) this.#k.clock.at(this.#k.clock.now + GRACE_PERIOD, () => this.#end());
    this.#waiting.push({ head, func });
  }
  #end(): void {
    const k = this.#k;
    if (this.#readers) {
      k.clock.at(k.clock.now + NS_PER_JIFFY, () => this.#end());
      return;
    }
    const due = this.#waiting;
    this.#waiting = [];
    for (const { head, func } of due) {
      k.get(Softirqs).raise(function* () {
        if (func >= 0 && func < LARGEST_OFFSET) free(k, head - func);
        else yield* k.call(func, head);
      });
    }
    k.get(Waiters).wake(RCU_WAITERS, Number.POSITIVE_INFINITY);
  }
  *synchronize(): Sleeping<void> {
    yield* this.#k.scheduler.sleepFor(GRACE_PERIOD);
    while (this.#readers) yield* this.#k.scheduler.sleepFor(NS_PER_JIFFY);
  }
  /** Waits until all callbacks of now have run. */
  *barrier(): Sleeping<void> {
    yield* this.#k.get(Waiters).until(RCU_WAITERS, TASK_UNINTERRUPTIBLE, () => this.#waiting.length === 0);
  }
}
/** No guest address: the key of those who wait for callbacks. */
const RCU_WAITERS: Addr = 1;
function free(k: Kernel, address: Addr): void {
  if (!k.slab.free(address)) k.vmalloc.free(address);
}
const head = pointer('struct callback_head *');
const synchronize = blocking({}, nothing, (k) => k.get(Rcu).synchronize());

export const rcuApi: KernelApi = kernelApi('kernel/rcu/tree.c', {
  __rcu_read_lock: kfunc({}, nothing, (k) => {
    k.view(TaskRcu, k.current.addr).rcu_read_lock_nesting += 1;
  }),
  __rcu_read_unlock: kfunc({}, nothing, (k) => {
    k.view(TaskRcu, k.current.addr).rcu_read_lock_nesting -= 1;
  }),
  call_rcu: kfunc({ head, func: voidPtr }, nothing, (k, { head: callback, func }) => k.get(Rcu).call(callback, func)),
  kvfree_call_rcu: kfunc({ head, func: voidPtr }, nothing, (k, { head: callback, func }) => k.get(Rcu).call(callback, func)),
  synchronize_rcu: synchronize,
  synchronize_rcu_expedited: synchronize,
  synchronize_net: synchronize,
  rcu_barrier: blocking({}, nothing, (k) => k.get(Rcu).barrier()),
});

/** Readers of each srcu_struct, by the half (0 or 1) that they entered. */
class Srcu {
  readonly #readers = new Map<Addr, { half: number; readonly counts: [number, number] }>();
  of(ssp: Addr): { half: number; readonly counts: [number, number] } {
    let state = this.#readers.get(ssp);
    if (state === undefined) {
      state = { half: 0, counts: [0, 0] };
      this.#readers.set(ssp, state);
    }
    return state;
  }
  forget(ssp: Addr): void {
    this.#readers.delete(ssp);
  }
}
const ssp = pointer('struct srcu_struct *');
function* synchronizeSrcu(k: Kernel, address: Addr): Sleeping<void> {
  const state = k.get(Srcu).of(address);
  const old = state.half;
  state.half = 1 - old;
  yield* k.get(Waiters).until(address, TASK_UNINTERRUPTIBLE, () => state.counts[old] === 0);
}
export const srcuApi: KernelApi = kernelApi('kernel/rcu/srcutree.c', {
  init_srcu_struct: kfunc({ ssp }, int, (k, { ssp: address }) => {
    k.memory.fill(address, 0, k.layouts.sizeOf('srcu_struct'));
    return 0;
  }),
  cleanup_srcu_struct: partial(
    'readers that are still inside are not reported',
    kfunc({ ssp }, nothing, (k, { ssp: address }) => k.get(Srcu).forget(address)),
  ),
  __srcu_read_lock: kfunc({ ssp }, int, (k, { ssp: address }) => {
    const state = k.get(Srcu).of(address);
    state.counts[state.half as 0 | 1]++;
    return state.half;
  }),
  __srcu_read_unlock: kfunc({ ssp, idx: int }, nothing, (k, { ssp: address, idx }) => {
    k.get(Srcu).of(address).counts[idx as 0 | 1]--;
    k.get(Waiters).wake(address, Number.POSITIVE_INFINITY);
  }),
  synchronize_srcu: blocking({ ssp }, nothing, (k, { ssp: address }) => synchronizeSrcu(k, address)),
  call_srcu: kfunc({ ssp, rhp: head, func: voidPtr }, nothing, (k, { ssp: address, rhp, func }) => {
    k.scheduler.spawn('srcu', function* () {
      yield* synchronizeSrcu(k, address);
      yield* k.call(func, rhp);
      return 0;
    });
  }),
});
