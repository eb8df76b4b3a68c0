// Works for a kernel thread of one's own. Source: kernel/kthread.c (kthread_worker). The lists are guest lists.
import {
  blocking,
  blockingVariadic,
  bool,
  cstring,
  embedded,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  pointer,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import { createKthread, shouldStop, stopKthread } from './kthread.ts';
import { listAddTail, listDeleteInit, listEmpty, listInit } from './lib/list.ts';
import type { Addr } from './memory.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';
import type { CancellableEvent } from './time/clock.ts';
import { NS_PER_JIFFY } from './time/jiffies.ts';

const Worker = kernelStruct('kthread_worker', {
  flags: uint,
  work_list: embedded,
  delayed_work_list: embedded,
  task: voidPtr,
  current_work: voidPtr,
});
const Work = kernelStruct('kthread_work', { node: embedded, func: voidPtr, worker: voidPtr, canceling: int });
const NULL = 0;

/** Delayed works that wait for their time. */
class DelayedWorks {
  readonly events = new Map<Addr, CancellableEvent>();
}
function initWorker(k: Kernel, address: Addr): void {
  k.memory.fill(address, 0, k.layouts.sizeOf('kthread_worker'));
  const worker = k.view(Worker, address);
  listInit(k, worker.work_list);
  listInit(k, worker.delayed_work_list);
}
/** The thread's function: runs works in their order until the thread is stopped. */
function* workerFunction(k: Kernel, address: Addr): Sleeping<number> {
  const worker = k.view(Worker, address);
  worker.task = k.current.addr;
  for (;;) {
    const first = k.memory.ptr(worker.work_list);
    if (first !== worker.work_list) {
      const item = first - k.layouts.offsetOf('kthread_work', 'node');
      listDeleteInit(k, first);
      worker.current_work = item;
      k.scheduler.currentStruct.__state = TASK_RUNNING;
      yield* k.call(k.view(Work, item).func, item);
      worker.current_work = NULL;
      k.get(Waiters).wake(address, Number.POSITIVE_INFINITY);
      continue;
    }
    if (shouldStop(k)) break;
    k.scheduler.currentStruct.__state = TASK_INTERRUPTIBLE;
    yield* k.scheduler.schedule();
  }
  k.scheduler.currentStruct.__state = TASK_RUNNING;
  worker.task = NULL;
  return 0;
}
const isPending = (k: Kernel, work: Addr): boolean => {
  const { node } = k.view(Work, work);
  return !listEmpty(k, node) || k.get(DelayedWorks).events.has(work);
};
function insert(k: Kernel, worker: Addr, work: Addr): void {
  const view = k.view(Worker, worker);
  listAddTail(k, k.view(Work, work).node, view.work_list);
  k.view(Work, work).worker = worker;
  const task = k.scheduler.taskAt(view.task);
  if (task !== undefined && view.current_work === NULL) k.scheduler.wake(task, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}
function queue(k: Kernel, worker: Addr, work: Addr): boolean {
  if (isPending(k, work) || k.view(Work, work).canceling !== 0) return false;
  insert(k, worker, work);
  return true;
}
function queueDelayed(k: Kernel, worker: Addr, work: Addr, delay: bigint): boolean {
  if (delay === 0n) return queue(k, worker, work);
  if (isPending(k, work) || k.view(Work, work).canceling !== 0) return false;
  const { events } = k.get(DelayedWorks);
  k.view(Work, work).worker = worker;
  events.set(
    work,
    k.clock.at(k.clock.now + Number(delay) * NS_PER_JIFFY, () => {
      events.delete(work);
      insert(k, worker, work);
    }),
  );
  return true;
}
/** Takes a work back. Whether it was pending. */
function remove(k: Kernel, work: Addr): boolean {
  const pending = isPending(k, work);
  const { events } = k.get(DelayedWorks);
  events.get(work)?.cancel();
  events.delete(work);
  listDeleteInit(k, k.view(Work, work).node);
  return pending;
}
/** Waits until the work neither waits nor runs. */
function* flush(k: Kernel, work: Addr): Sleeping<void> {
  const { worker } = k.view(Work, work);
  if (worker === NULL) return;
  yield* k
    .get(Waiters)
    .until(worker, TASK_UNINTERRUPTIBLE, () => k.view(Worker, worker).current_work !== work && listEmpty(k, k.view(Work, work).node));
}
function* cancel(k: Kernel, work: Addr): Sleeping<boolean> {
  const view = k.view(Work, work);
  if (view.worker === NULL) return false;
  const pending = remove(k, work);
  view.canceling += 1;
  yield* flush(k, work);
  view.canceling -= 1;
  return pending;
}
function* flushWorker(k: Kernel, worker: Addr): Sleeping<void> {
  const view = k.view(Worker, worker);
  yield* k.get(Waiters).until(worker, TASK_UNINTERRUPTIBLE, () => view.current_work === NULL && listEmpty(k, view.work_list));
}
function create(k: Kernel, flags: number, name: string): Addr {
  const address = k.slab.alloc(k.layouts.sizeOf('kthread_worker')) ?? NULL;
  if (address === NULL) return NULL;
  initWorker(k, address);
  const worker = k.view(Worker, address);
  worker.flags = flags;
  const task = createKthread(k, name, k.symbols.require('kthread_worker_fn'), address);
  worker.task = task.addr;
  k.scheduler.wake(task, ~0);
  return address;
}
const worker = pointer('struct kthread_worker *');
const work = pointer('struct kthread_work *');
const dwork = pointer('struct kthread_delayed_work *');

export const kthreadWorkerApi: KernelApi = kernelApi('kernel/kthread.c, workers', {
  __kthread_init_worker: kfunc({ worker, name: optionalCstring, key: voidPtr }, nothing, (k, { worker: address }) =>
    initWorker(k, address),
  ),
  kthread_worker_fn: blocking({ worker_ptr: voidPtr }, int, (k, { worker_ptr }) => workerFunction(k, worker_ptr)),
  kthread_create_worker: blockingVariadic(
    { flags: uint, namefmt: cstring },
    worker,
    // biome-ignore lint/correctness/useYield: creating does not wait for the thread here
    function* (k, { flags, namefmt, va }) {
      return create(k, flags, k.formatter.format(namefmt, va));
    },
  ),
  kthread_create_worker_on_cpu: blockingVariadic(
    { cpu: int, flags: uint, namefmt: cstring },
    worker,
    // biome-ignore lint/correctness/useYield: creating does not wait for the thread here
    function* (k, { flags, namefmt, va }) {
      return create(k, flags, k.formatter.format(namefmt, va));
    },
  ),
  kthread_destroy_worker: blocking({ worker }, nothing, function* (k, { worker: address }) {
    yield* flushWorker(k, address);
    const task = k.scheduler.taskAt(k.view(Worker, address).task);
    if (task !== undefined) yield* stopKthread(k, task);
    k.slab.free(address);
  }),
  kthread_queue_work: kfunc({ worker, work }, bool, (k, { worker: address, work: item }) => queue(k, address, item)),
  kthread_queue_delayed_work: kfunc({ worker, dwork, delay: ulong }, bool, (k, { worker: address, dwork: item, delay }) =>
    queueDelayed(k, address, item, delay),
  ),
  kthread_mod_delayed_work: kfunc({ worker, dwork, delay: ulong }, bool, (k, { worker: address, dwork: item, delay }) => {
    const pending = remove(k, item);
    queueDelayed(k, address, item, delay);
    return pending;
  }),
  kthread_flush_work: blocking({ work }, nothing, (k, { work: item }) => flush(k, item)),
  kthread_flush_worker: blocking({ worker }, nothing, (k, { worker: address }) => flushWorker(k, address)),
  kthread_cancel_work_sync: blocking({ work }, bool, (k, { work: item }) => cancel(k, item)),
  kthread_cancel_delayed_work_sync: blocking({ dwork }, bool, (k, { dwork: item }) => cancel(k, item)),
  /** The function of a delayed work's timer; our own event does its work. */
  kthread_delayed_work_timer_fn: kfunc({ t: voidPtr }, nothing, () => {}),
});
