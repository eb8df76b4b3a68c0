// Threads that work off a list. Source: kernel/kthread.c, include/linux/kthread.h.
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
  pointer,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from './api/index.ts';
import type { VaList } from './api/valist.ts';
import type { Kernel } from './kernel.ts';
import { listAddTail, listDeleteInit, listEmpty, listInit } from './lib/list.ts';
import type { Addr } from './memory.ts';
import { kzalloc } from './mm/slab_common.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';
import { jiffiesNow } from './time/jiffies.ts';

const Worker = kernelStruct('kthread_worker', {
  flags: uint,
  work_list: embedded,
  delayed_work_list: embedded,
  task: voidPtr,
  current_work: voidPtr,
});
const Work = kernelStruct('kthread_work', { node: embedded, func: voidPtr, worker: voidPtr, canceling: int });
const DelayedWork = kernelStruct('kthread_delayed_work', { work: embedded, timer: embedded });
const NULL = 0;
const FOREVER = Number.POSITIVE_INFINITY;
const worker = pointer('struct kthread_worker *');
const work = pointer('struct kthread_work *');
const dwork = pointer('struct kthread_delayed_work *');

function initWorker(k: Kernel, address: Addr): void {
  k.memory.fill(address, 0, k.layouts.sizeOf('kthread_worker'));
  listInit(k, k.view(Worker, address).work_list);
  listInit(k, k.view(Worker, address).delayed_work_list);
}
function* create(k: Kernel, flags: number, name: string): Sleeping<Addr> {
  const address = kzalloc(k, k.layouts.sizeOf('kthread_worker'));
  initWorker(k, address);
  const format = k.cstringAlloc(name.replaceAll('%', '%%'));
  const thread = yield* k.call(k.symbols.require('kthread_create_on_node'), k.symbols.require('kthread_worker_fn'), address, -1, format);
  k.slab.free(format);
  if (thread < 0 && thread >= -4095 && k.scheduler.taskAt(thread) === undefined) {
    k.slab.free(address);
    return thread;
  }
  k.view(Worker, address).flags = flags;
  k.view(Worker, address).task = thread;
  yield* k.call(k.symbols.require('wake_up_process'), thread);
  return address;
}
const pending = (k: Kernel, address: Addr): boolean => !listEmpty(k, k.view(Work, address).node);
/** Puts a work at the end of the list. Whether it was not there yet. */
function queue(k: Kernel, address: Addr, workAddress: Addr): boolean {
  const view = k.view(Work, workAddress);
  if (pending(k, workAddress) || view.canceling !== 0) return false;
  listAddTail(k, view.node, k.view(Worker, address).work_list);
  view.worker = address;
  const { task, current_work: current } = k.view(Worker, address);
  const thread = task === NULL || current !== NULL ? undefined : k.scheduler.taskAt(task);
  if (thread !== undefined) k.scheduler.wake(thread, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
  return true;
}
const timers = (name: string) =>
  function* (k: Kernel, timer: Addr, ...rest: readonly (number | bigint)[]): Sleeping<number> {
    return yield* k.callInt(k.symbols.require(name), timer, ...rest);
  };
const startTimer = timers('mod_timer');
const stopTimer = timers('timer_delete_sync');
/** Waits until the work does not run and (when asked for) is not queued either. Whether there was anything to wait for. */
function* idle(k: Kernel, workAddress: Addr, queued: boolean): Sleeping<void> {
  const view = k.view(Work, workAddress);
  if (view.worker === NULL) return;
  const busy = (): boolean => k.view(Worker, view.worker).current_work === workAddress || (queued && pending(k, workAddress));
  yield* k.get(Waiters).until(view.worker, TASK_UNINTERRUPTIBLE, () => !busy());
}
function* cancel(k: Kernel, workAddress: Addr): Sleeping<boolean> {
  const view = k.view(Work, workAddress);
  const was = pending(k, workAddress);
  if (was) listDeleteInit(k, view.node);
  view.canceling += 1;
  yield* idle(k, workAddress, false);
  view.canceling -= 1;
  return was;
}
function* flushAll(k: Kernel, address: Addr): Sleeping<void> {
  const view = k.view(Worker, address);
  yield* k.get(Waiters).until(address, TASK_UNINTERRUPTIBLE, () => view.current_work === NULL && listEmpty(k, view.work_list));
}
/** Queues after `delay` jiffies: a work that waits for its timer hangs in the list of the delayed ones. */
function* queueDelayed(k: Kernel, address: Addr, delayed: Addr, delay: bigint): Sleeping<boolean> {
  const { work: inner, timer } = k.view(DelayedWork, delayed);
  if (pending(k, inner) || k.view(Work, inner).canceling !== 0) return false;
  if (delay === 0n) return queue(k, address, inner);
  k.view(Work, inner).worker = address;
  listAddTail(k, k.view(Work, inner).node, k.view(Worker, address).delayed_work_list);
  yield* startTimer(k, timer, jiffiesNow(k) + delay);
  return true;
}
const named = ({ va, namefmt }: { va: VaList; namefmt: string }, k: Kernel): string => k.formatter.format(namefmt, va);

export const kthreadWorkerApi: KernelApi = kernelApi('kernel/kthread.c, workers', {
  __kthread_init_worker: kfunc({ worker, name: pointer('const char *'), key: voidPtr }, nothing, (k, { worker: address }) =>
    initWorker(k, address),
  ),
  kthread_create_worker: blockingVariadic({ flags: uint, namefmt: cstring }, worker, (k, values) =>
    create(k, values.flags, named(values, k)),
  ),
  kthread_create_worker_on_cpu: blockingVariadic({ cpu: int, flags: uint, namefmt: cstring }, worker, (k, values) =>
    create(k, values.flags, named(values, k)),
  ),
  /** The thread: until it is told to stop and nothing is left to do. */
  kthread_worker_fn: blocking({ worker_ptr: worker }, int, function* (k, { worker_ptr: address }) {
    const view = k.view(Worker, address);
    view.task = k.current.addr;
    const shouldStop = k.symbols.require('kthread_should_stop');
    for (;;) {
      k.scheduler.currentStruct.__state = TASK_INTERRUPTIBLE;
      if (((yield* k.callInt(shouldStop)) & 0xff) !== 0) {
        k.scheduler.currentStruct.__state = TASK_RUNNING;
        view.task = NULL;
        return 0;
      }
      const next = k.memory.ptr(view.work_list);
      if (next === view.work_list) {
        yield* k.scheduler.schedule();
        continue;
      }
      listDeleteInit(k, next);
      const entry = next - k.layouts.offsetOf('kthread_work', 'node');
      view.current_work = entry;
      k.scheduler.currentStruct.__state = TASK_RUNNING;
      yield* k.call(k.view(Work, entry).func, entry);
      view.current_work = NULL;
      k.get(Waiters).wake(address, FOREVER);
    }
  }),
  kthread_queue_work: kfunc({ worker, work }, bool, (k, { worker: address, work: entry }) => queue(k, address, entry)),
  kthread_queue_delayed_work: blocking({ worker, dwork, delay: ulong }, bool, (k, { worker: address, dwork: delayed, delay }) =>
    queueDelayed(k, address, delayed, delay),
  ),
  kthread_mod_delayed_work: blocking({ worker, dwork, delay: ulong }, bool, function* (k, { worker: address, dwork: delayed, delay }) {
    const { work: inner, timer } = k.view(DelayedWork, delayed);
    yield* stopTimer(k, timer);
    const was = pending(k, inner);
    if (was) listDeleteInit(k, k.view(Work, inner).node);
    yield* queueDelayed(k, address, delayed, delay);
    return was;
  }),
  /** The function of a delayed work's timer. */
  kthread_delayed_work_timer_fn: kfunc({ t: pointer('struct timer_list *') }, nothing, (k, { t }) => {
    const { work: inner } = k.view(DelayedWork, t - k.layouts.offsetOf('kthread_delayed_work', 'timer'));
    const view = k.view(Work, inner);
    if (pending(k, inner)) listDeleteInit(k, view.node);
    queue(k, view.worker, inner);
  }),
  kthread_flush_work: blocking({ work }, nothing, (k, { work: entry }) => idle(k, entry, true)),
  kthread_flush_worker: blocking({ worker }, nothing, (k, { worker: address }) => flushAll(k, address)),
  kthread_cancel_work_sync: blocking({ work }, bool, (k, { work: entry }) => cancel(k, entry)),
  kthread_cancel_delayed_work_sync: blocking({ dwork }, bool, function* (k, { dwork: delayed }) {
    const { work: inner, timer } = k.view(DelayedWork, delayed);
    yield* stopTimer(k, timer);
    return yield* cancel(k, inner);
  }),
  kthread_destroy_worker: blocking({ worker }, nothing, function* (k, { worker: address }) {
    const { task } = k.view(Worker, address);
    yield* flushAll(k, address);
    if (task !== NULL) yield* k.callInt(k.symbols.require('kthread_stop'), task);
    k.slab.free(address);
  }),
});
