// Workqueues as modules use them. Source: kernel/workqueue.c; who does the work: worker_pool.ts.
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
import { condResched } from './kthread.ts';
import { type Addr, GuestFault } from './memory.ts';
import type { CancellableEvent } from './time/clock.ts';
import { NS_PER_JIFFY } from './time/jiffies.ts';
import { WORK_STRUCT_PENDING, WorkerPools, Workqueue, WorkStruct } from './worker_pool.ts';

const DelayedWork = kernelStruct('delayed_work', { work: embedded, timer: embedded, wq: voidPtr });
const WQ_UNBOUND = 2;
const WQ_HIGHPRI = 0x10;

class Workqueues {
  readonly #k: Kernel;
  readonly #byHandle = new Map<Addr, Workqueue>();
  /** Where a work was last queued, and the clock event of a delayed one. */
  readonly queueOf = new Map<Addr, Workqueue>();
  readonly delays = new Map<Addr, CancellableEvent>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  create(name: string, flags: number, maxActive: number): Addr {
    const handle = this.#k.slab.alloc(8) ?? 0;
    this.#byHandle.set(handle, new Workqueue(this.#k, this.#k.get(WorkerPools).of(flags), name, maxActive));
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
const system = (name: string, flags = 0) => kdata((k, address) => k.memory.setPtr(address, queues(k).create(name, flags, 0)));

function* cancel(k: Kernel, address: Addr): Sleeping<boolean> {
  const queue = queues(k).queueOf.get(address);
  if (queue === undefined) return false;
  const removed = queue.remove(address);
  yield* queue.wait(address);
  return removed;
}

/** Whether there was anything to wait for. */
function* flush(k: Kernel, address: Addr): Sleeping<boolean> {
  yield* condResched(k);
  const queue = queues(k).queueOf.get(address);
  return queue === undefined ? false : yield* queue.wait(address);
}
export const workqueueApi: KernelApi = kernelApi('kernel/workqueue.c', {
  /** The queue of runtime power management. Source: kernel/power/main.c. */
  pm_wq: system('pm'),
  system_wq: system('events'),
  system_highpri_wq: system('events_highpri', WQ_HIGHPRI),
  system_long_wq: system('events_long'),
  system_unbound_wq: system('events_unbound', WQ_UNBOUND),
  system_freezable_wq: system('events_freezable'),
  system_power_efficient_wq: system('events_power_efficient'),
  system_freezable_power_efficient_wq: system('events_freezable_power_efficient'),
  alloc_workqueue: partial(
    'flags other than WQ_UNBOUND and WQ_HIGHPRI change nothing',
    variadic({ fmt: cstring, flags: uint, max_active: int }, voidPtr, (k, { fmt, flags, max_active, va }) =>
      queues(k).create(k.formatter.format(fmt, va), flags, max_active),
    ),
  ),
  destroy_workqueue: blocking({ wq }, nothing, function* (k, { wq: handle }) {
    yield* queues(k).at(handle).drain();
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
    return yield* flush(k, delayed.work);
  }),
  flush_work: blocking({ work }, bool, (k, { work: address }) => flush(k, address)),
  __flush_workqueue: blocking({ wq }, nothing, function* (k, { wq: handle }) {
    yield* queues(k).at(handle).wait();
  }),
  drain_workqueue: blocking({ wq }, nothing, (k, { wq: handle }) => queues(k).at(handle).drain()),
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
