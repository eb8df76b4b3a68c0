// Kernel threads and what wakes tasks. Source: kernel/kthread.c, kernel/sched/core.c.
import { EINTR, ENOMEM, ENOSYS } from '#abi';
import {
  blocking,
  bool,
  cstring,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  long,
  noop,
  nothing,
  partial,
  pointer,
  raw,
  type Sleeping,
  size_t,
  uint,
  variadic,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { TaskExit } from './sched/execution.ts';
import { PF_KTHREAD } from './sched/scheduler.ts';
import { TASK_INTERRUPTIBLE, TASK_PARKED, TASK_UNINTERRUPTIBLE, type Task } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';

/** What is known of a kernel thread beside its task. */
class Kthreads {
  readonly shouldStop = new Set<Task>();
  readonly started = new Set<Task>();
  readonly shouldPark = new Set<Task>();
  readonly parked = new Set<Task>();
}
const NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
const task = pointer('struct task_struct *');

/** A kernel thread that waits for its first wake-up. */
export function createKthread(k: Kernel, comm: string, threadfn: Addr, data: Addr): Task {
  const kthreads = k.get(Kthreads);
  const thread: Task = k.scheduler.spawn(
    comm,
    function* (self) {
      // Stopped before it was ever woken: its function never runs.
      if (kthreads.shouldStop.has(self) && !kthreads.started.has(self)) return -EINTR;
      return (yield* k.callBy('kthread', threadfn, data)) | 0;
    },
    { start: false },
  );
  k.scheduler.structOf(thread).flags |= PF_KTHREAD;
  return thread;
}
export const shouldStop = (k: Kernel): boolean => k.get(Kthreads).shouldStop.has(k.current);
/** Asks the thread to stop and waits for its end. Gives what its function returned. */
export function* stopKthread(k: Kernel, thread: Task): Sleeping<number> {
  k.get(Kthreads).shouldStop.add(thread);
  const waiter = k.current;
  if (thread.dead) return thread.exitCode;
  k.scheduler.get(thread);
  thread.onExit.push(() => k.scheduler.wake(waiter));
  k.scheduler.wake(thread, NORMAL);
  while (!thread.dead) {
    k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
    yield* k.scheduler.schedule();
  }
  k.scheduler.put(thread);
  return thread.exitCode;
}

/** cond_resched(), and might_sleep() in the voluntary model: others that are ready run first. */
export function* condResched(k: Kernel): Sleeping<number> {
  if (!k.scheduler.hasRunnable || k.percpu.preemptCount !== 0) return 0;
  yield* k.scheduler.schedule();
  return 1;
}

export const kthreadApi: KernelApi = kernelApi('kernel/kthread.c', {
  kthread_create_on_node: variadic(
    { threadfn: voidPtr, data: voidPtr, node: int, namefmt: cstring },
    voidPtr,
    (k, { threadfn, data, namefmt, va }) => createKthread(k, k.formatter.format(namefmt, va), threadfn, data).addr,
  ),
  kthread_should_stop: kfunc({}, bool, shouldStop),
  kthread_bind: noop(
    'there is one CPU',
    kfunc({ p: task, cpu: uint }, nothing, () => {}),
  ),
  kthread_park: blocking({ k: task }, int, function* (k, { k: address }) {
    const thread = k.scheduler.taskAt(address);
    if (thread === undefined) return -ENOSYS;
    const kthreads = k.get(Kthreads);
    kthreads.shouldPark.add(thread);
    k.scheduler.wake(thread, NORMAL);
    yield* k.get(Waiters).until(address, TASK_UNINTERRUPTIBLE, () => kthreads.parked.has(thread) || thread.dead);
    return thread.dead ? -ENOSYS : 0;
  }),
  kthread_unpark: kfunc({ k: task }, nothing, (k, { k: address }) => {
    const thread = k.scheduler.taskAt(address);
    if (thread === undefined) return;
    k.get(Kthreads).shouldPark.delete(thread);
    k.scheduler.wake(thread, ~0);
  }),
  kthread_should_park: kfunc({}, bool, (k) => k.get(Kthreads).shouldPark.has(k.current)),
  kthread_parkme: blocking({}, nothing, function* (k) {
    const kthreads = k.get(Kthreads);
    const thread = k.current;
    kthreads.parked.add(thread);
    k.get(Waiters).wake(thread.addr, Number.POSITIVE_INFINITY);
    while (kthreads.shouldPark.has(thread)) {
      k.scheduler.currentStruct.__state = TASK_PARKED;
      yield* k.scheduler.schedule();
    }
    kthreads.parked.delete(thread);
  }),
  kthread_freezable_should_stop: kfunc({ was_frozen: voidPtr }, bool, (k, { was_frozen }) => {
    if (was_frozen !== 0) k.memory.setU8(was_frozen, 0);
    return k.get(Kthreads).shouldStop.has(k.current);
  }),
  set_freezable: noop(
    'nothing ever freezes',
    kfunc({}, bool, () => false),
  ),
  kthread_complete_and_exit: blocking({ comp: voidPtr, code: long }, nothing, function* (k, { comp, code }) {
    if (comp !== 0) yield* k.call(k.symbols.require('complete'), comp);
    throw new TaskExit(Number(code));
  }),
  /** Asks the thread to stop and waits for its end. Return: what its function returned. */
  kthread_stop: blocking({ k: task }, int, function* (k, { k: address }) {
    const thread = k.scheduler.taskAt(address);
    if (thread === undefined) return -ENOMEM;
    return yield* stopKthread(k, thread);
  }),
});
const NO_PRIORITIES = 'tasks run in turn: priorities do not count';
export const schedCoreApi: KernelApi = kernelApi('kernel/sched/core.c', {
  wake_up_process: kfunc({ p: task }, int, (k, { p }) => {
    const thread = k.scheduler.taskAt(p);
    if (thread === undefined) return 0;
    k.get(Kthreads).started.add(thread);
    return k.scheduler.wake(thread, NORMAL) ? 1 : 0;
  }),
  __put_task_struct: kfunc({ tsk: task }, nothing, (k, { tsk }) => k.scheduler.release(tsk)),
  __get_task_comm: kfunc({ buf: voidPtr, buf_size: size_t, tsk: task }, voidPtr, (k, { buf, buf_size, tsk }) => {
    const thread = k.scheduler.taskAt(tsk);
    k.memory.setCstring(buf, (thread === undefined ? '' : k.scheduler.comm(thread)).slice(0, buf_size - 1));
    return buf;
  }),
  schedule: blocking({}, nothing, (k) => k.scheduler.schedule()),
  yield: blocking({}, nothing, (k) => k.scheduler.schedule()),
  io_schedule: blocking({}, nothing, (k) => k.scheduler.schedule()),
  set_user_nice: partial(
    NO_PRIORITIES,
    kfunc({ p: task, nice: long }, nothing, () => {}),
  ),
  sched_set_fifo: partial(
    NO_PRIORITIES,
    kfunc({ p: task }, nothing, () => {}),
  ),
  sched_set_fifo_low: partial(
    NO_PRIORITIES,
    kfunc({ p: task }, nothing, () => {}),
  ),
  sched_set_normal: partial(
    NO_PRIORITIES,
    kfunc({ p: task, nice: int }, nothing, () => {}),
  ),
  __cond_resched: blocking({}, int, (k) => condResched(k)),
});
/** Targets of the preemption model's static calls: Debian boots the voluntary one. */
export const preemptApi: KernelApi = kernelApi('kernel/sched/core.c, static calls', {
  __SCT__might_resched: blocking({}, int, (k) => condResched(k)),
  __SCT__cond_resched: blocking({}, int, (k) => condResched(k)),
  __SCT__preempt_schedule: noop(
    'in the voluntary model preemption never happens here',
    raw(() => {}),
  ),
  __SCT__preempt_schedule_notrace: noop(
    'in the voluntary model preemption never happens here',
    raw(() => {}),
  ),
});
export const moduleApi: KernelApi = kernelApi('kernel/module/main.c', {
  try_module_get: kfunc({ module: pointer('struct module *') }, bool, (k, { module }) => {
    const owner = k.modules.at(module);
    return module === 0 || (owner !== undefined && k.modules.tryGet(owner));
  }),
  __module_get: kfunc({ module: pointer('struct module *') }, nothing, (k, { module }) => {
    const owner = k.modules.at(module);
    if (owner !== undefined) k.modules.get(owner);
  }),
  module_refcount: kfunc({ mod: pointer('struct module *') }, int, (k, { mod }) => {
    const owner = k.modules.at(mod);
    return owner === undefined ? -1 : k.modules.refcount(owner);
  }),
  /** The address of an exported symbol, with a reference to the module that has it. */
  __symbol_get: kfunc({ symbol: cstring }, voidPtr, (k, { symbol }) => k.modules.symbolGet(symbol)),
  __symbol_put: kfunc({ symbol: cstring }, nothing, (k, { symbol }) => {
    const found = k.modules.findSymbol(symbol, true);
    if (found === undefined) k.exceptions.bug('kernel/module/main.c', 784);
    else if (found.owner !== undefined) k.modules.put(found.owner);
  }),
  symbol_put_addr: kfunc({ addr: voidPtr }, nothing, (k, { addr }) => {
    const owner = k.modules.all.find((module) => addr >= module.core && addr < module.core + module.coreSize);
    if (owner !== undefined) k.modules.put(owner);
  }),
  __module_put_and_kthread_exit: blocking({ mod: pointer('struct module *'), code: long }, nothing, function* (k, { mod, code }) {
    const owner = k.modules.at(mod);
    if (owner !== undefined) k.modules.put(owner);
    yield* [];
    throw new TaskExit(Number(code));
  }),
  module_put: kfunc({ module: pointer('struct module *') }, nothing, (k, { module }) => {
    const owner = k.modules.at(module);
    if (owner !== undefined) k.modules.put(owner);
  }),
});
