// Workqueues: one worker thread a queue, in the order of queueing. Source: kernel/workqueue.c.
import {
  blocking,
  bool,
  cstring,
  embedded,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  ptr,
  type Sleeping,
  uint,
  ulong,
  variadic,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import { type Addr, GuestFault } from './memory.ts';
import { TASK_UNINTERRUPTIBLE, type Task } from './sched/task.ts';
import type { CancellableEvent } from './time/clock.ts';
import { NS_PER_JIFFY } from './time/jiffies.ts';

const WorkStruct = kernelStruct('work_struct', { data: ulong, entry: embedded, func: voidPtr });
const DelayedWork = kernelStruct('delayed_work', { work: embedded, timer: embedded, wq: voidPtr });
const WORK_STRUCT_PENDING = 1n;

class Workqueue {
  readonly #k: Kernel;
  readonly name: string;
  readonly #pending: Addr[] = [];
  readonly #waiters = new Set<Task>();
  #worker: Task | undefined;
  #running: Addr | undefined;
  #dead = false;

  constructor(k: Kernel, name: string) {
    this.#k = k;
    this.name = name;
  }
  queue(work: Addr): void {
    this.#pending.push(work);
    if (this.#worker === undefined) this.#worker = this.#k.scheduler.spawn(this.name, () => this.#work());
    else this.#k.scheduler.wake(this.#worker);
  }
  *#work(): Sleeping<number> {
    const k = this.#k;
    while (!this.#dead) {
      const work = this.#pending.shift();
      if (work === undefined) {
        k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
        yield* k.scheduler.schedule();
        continue;
      }
      const view = k.view(WorkStruct, work);
      view.data &= ~WORK_STRUCT_PENDING;
      this.#running = work;
      yield* k.callBy('work', view.func, work);
      this.#running = undefined;
      for (const waiter of this.#waiters) k.scheduler.wake(waiter);
    }
    return 0;
  }
  /** Takes a queued work back. Whether it was queued. */
  remove(work: Addr): boolean {
    const at = this.#pending.indexOf(work);
    if (at < 0) return false;
    this.#pending.splice(at, 1);
    const view = this.#k.view(WorkStruct, work);
    view.data &= ~WORK_STRUCT_PENDING;
    return true;
  }
  /** Waits until `busy` is over: for one work, or for all. Whether there was anything to wait for. */
  *wait(work?: Addr): Sleeping<boolean> {
    const k = this.#k;
    const busy = (): boolean =>
      work === undefined ? this.#pending.length > 0 || this.#running !== undefined : this.#running === work || this.#pending.includes(work);
    if (!busy()) return false;
    const task = k.current;
    this.#waiters.add(task);
    while (busy()) {
      k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
      yield* k.scheduler.schedule();
    }
    this.#waiters.delete(task);
    return true;
  }
  *destroy(): Sleeping<void> {
    yield* this.wait();
    this.#dead = true;
    if (this.#worker !== undefined) this.#k.scheduler.wake(this.#worker);
  }
}

class Workqueues {
  readonly #k: Kernel;
  readonly #byHandle = new Map<Addr, Workqueue>();
  /** Where a work was last queued, and the clock event of a delayed one. */
  readonly queueOf = new Map<Addr, Workqueue>();
  readonly delays = new Map<Addr, CancellableEvent>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  create(name: string): Addr {
    const handle = this.#k.slab.alloc(8) ?? 0;
    this.#byHandle.set(handle, new Workqueue(this.#k, name));
    return handle;
  }
  at(handle: Addr): Workqueue {
    const queue = this.#byHandle.get(handle);
    if (queue === undefined) throw new GuestFault(handle, false);
    return queue;
  }
  forget(handle: Addr): void {
    this.#byHandle.delete(handle);
    this.#k.slab.free(handle);
  }
  /** Queues a work that is not pending. Whether it was queued now. */
  queue(handle: Addr, work: Addr): boolean {
    const view = this.#k.view(WorkStruct, work);
    if ((view.data & WORK_STRUCT_PENDING) !== 0n) return false;
    view.data |= WORK_STRUCT_PENDING;
    this.enqueue(handle, work);
    return true;
  }
  enqueue(handle: Addr, work: Addr): void {
    const queue = this.at(handle);
    this.queueOf.set(work, queue);
    queue.queue(work);
  }
  queueDelayed(handle: Addr, delayed: Addr, delay: bigint): boolean {
    const k = this.#k;
    const { work } = k.view(DelayedWork, delayed);
    k.view(DelayedWork, delayed).wq = handle;
    if (delay === 0n) return this.queue(handle, work);
    const view = k.view(WorkStruct, work);
    if ((view.data & WORK_STRUCT_PENDING) !== 0n) return false;
    view.data |= WORK_STRUCT_PENDING;
    this.delays.set(
      delayed,
      k.clock.at(k.clock.now + Number(delay) * NS_PER_JIFFY, () => {
        this.delays.delete(delayed);
        this.enqueue(handle, work);
      }),
    );
    return true;
  }
  /** Takes a delayed work back before its time. */
  cancelDelay(delayed: Addr): boolean {
    const event = this.delays.get(delayed);
    if (event === undefined) return false;
    event.cancel();
    this.delays.delete(delayed);
    const view = this.#k.view(WorkStruct, this.#k.view(DelayedWork, delayed).work);
    view.data &= ~WORK_STRUCT_PENDING;
    return true;
  }
}
const queues = (k: Kernel): Workqueues => k.get(Workqueues);
const wq = pointer('struct workqueue_struct *');
const work = pointer('struct work_struct *');
const dwork = ptr(DelayedWork);
const system = (name: string) => kdata((k, address) => k.memory.setPtr(address, queues(k).create(name)));
const ONE_WORKER = 'each queue has one worker: works of one queue never run at the same time';

function* cancel(k: Kernel, address: Addr): Sleeping<boolean> {
  const queue = queues(k).queueOf.get(address);
  if (queue === undefined) return false;
  const removed = queue.remove(address);
  yield* queue.wait(address);
  return removed;
}

export const workqueueApi: KernelApi = kernelApi('kernel/workqueue.c', {
  /** The queue of runtime power management. Source: kernel/power/main.c. */
  pm_wq: system('kworker/0:1'),
  system_wq: system('kworker/0:1'),
  system_highpri_wq: system('kworker/0:1H'),
  system_long_wq: system('kworker/0:2'),
  system_unbound_wq: system('kworker/u2:0'),
  system_freezable_wq: system('kworker/0:3'),
  system_power_efficient_wq: system('kworker/0:4'),
  system_freezable_power_efficient_wq: system('kworker/0:5'),
  alloc_workqueue: partial(
    ONE_WORKER,
    variadic({ fmt: cstring, flags: uint, max_active: int }, voidPtr, (k, { fmt, va }) => queues(k).create(k.formatter.format(fmt, va))),
  ),
  destroy_workqueue: blocking({ wq }, nothing, function* (k, { wq: handle }) {
    yield* queues(k).at(handle).destroy();
    queues(k).forget(handle);
  }),
  queue_work_on: kfunc({ cpu: int, wq, work }, bool, (k, { wq: handle, work: address }) => queues(k).queue(handle, address)),
  queue_delayed_work_on: kfunc({ cpu: int, wq, dwork, delay: ulong }, bool, (k, { wq: handle, dwork: delayed, delay }) =>
    queues(k).queueDelayed(handle, delayed.addr, delay),
  ),
  mod_delayed_work_on: kfunc({ cpu: int, wq, dwork, delay: ulong }, bool, (k, { wq: handle, dwork: delayed, delay }) => {
    const was = queues(k).cancelDelay(delayed.addr) || (queues(k).queueOf.get(delayed.work)?.remove(delayed.work) ?? false);
    queues(k).queueDelayed(handle, delayed.addr, delay);
    return was;
  }),
  /** The function of a delayed work's timer; our own timer does its work. */
  delayed_work_timer_fn: kfunc({ t: voidPtr }, nothing, () => {}),
  /** Does the work now instead of later, and waits for it. */
  flush_delayed_work: blocking({ dwork }, bool, function* (k, { dwork: delayed }) {
    const handle = k.view(DelayedWork, delayed.addr).wq;
    if (queues(k).cancelDelay(delayed.addr)) queues(k).queue(handle, delayed.work);
    return (yield* queues(k).queueOf.get(delayed.work)?.wait(delayed.work) ?? nothingToWaitFor()) === true;
  }),
  flush_work: blocking({ work }, bool, function* (k, { work: address }) {
    return (yield* queues(k).queueOf.get(address)?.wait(address) ?? nothingToWaitFor()) === true;
  }),
  __flush_workqueue: blocking({ wq }, nothing, function* (k, { wq: handle }) {
    yield* queues(k).at(handle).wait();
  }),
  drain_workqueue: blocking({ wq }, nothing, function* (k, { wq: handle }) {
    yield* queues(k).at(handle).wait();
  }),
  cancel_work_sync: blocking({ work }, bool, (k, { work: address }) => cancel(k, address)),
  cancel_delayed_work: kfunc(
    { dwork },
    bool,
    (k, { dwork: delayed }) => queues(k).cancelDelay(delayed.addr) || (queues(k).queueOf.get(delayed.work)?.remove(delayed.work) ?? false),
  ),
  cancel_delayed_work_sync: blocking({ dwork }, bool, function* (k, { dwork: delayed }) {
    if (queues(k).cancelDelay(delayed.addr)) return true;
    return yield* cancel(k, delayed.work);
  }),
});
// biome-ignore lint/correctness/useYield: there is nothing to wait for
function* nothingToWaitFor(): Sleeping<boolean> {
  return false;
}
