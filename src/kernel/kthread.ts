// Kernel threads and what wakes tasks. Source: kernel/kthread.c, kernel/sched/core.c.
import { EINTR, ENOMEM } from '#abi';
import {
  blocking,
  bool,
  cstring,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  noop,
  nothing,
  partial,
  pointer,
  raw,
  type Sleeping,
  variadic,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, type Task } from './sched/task.ts';

/** What is known of a kernel thread beside its task. */
class Kthreads {
  readonly shouldStop = new Set<Task>();
  readonly started = new Set<Task>();
}
const NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
const task = pointer('struct task_struct *');
const PF_KTHREAD = 0x00200000;

function create(k: Kernel, comm: string, threadfn: Addr, data: Addr): Addr {
  const kthreads = k.get(Kthreads);
  const thread: Task = k.scheduler.spawn(
    comm,
    function* (self) {
      // Stopped before it was ever woken: its function never runs.
      if (kthreads.shouldStop.has(self) && !kthreads.started.has(self)) return -EINTR;
      return yield* k.callInt(threadfn, data);
    },
    { start: false },
  );
  k.scheduler.structOf(thread).flags |= PF_KTHREAD;
  return thread.addr;
}

function* condResched(k: Kernel): Sleeping<number> {
  if (!k.scheduler.hasRunnable || k.percpu.preemptCount !== 0) return 0;
  yield* k.scheduler.schedule();
  return 1;
}

export const kthreadApi: KernelApi = kernelApi('kernel/kthread.c', {
  kthread_create_on_node: variadic(
    { threadfn: voidPtr, data: voidPtr, node: int, namefmt: cstring },
    voidPtr,
    (k, { threadfn, data, namefmt, va }) => create(k, k.formatter.format(namefmt, va), threadfn, data),
  ),
  kthread_should_stop: kfunc({}, bool, (k) => k.get(Kthreads).shouldStop.has(k.current)),
  /** Asks the thread to stop and waits for its end. Return: what its function returned. */
  kthread_stop: blocking({ k: task }, int, function* (k, { k: address }) {
    const thread = k.scheduler.taskAt(address);
    if (thread === undefined) return -ENOMEM;
    k.get(Kthreads).shouldStop.add(thread);
    const waiter = k.current;
    if (!thread.dead) {
      thread.onExit.push(() => k.scheduler.wake(waiter));
      k.scheduler.wake(thread, NORMAL);
      while (!thread.dead) {
        k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
        yield* k.scheduler.schedule();
      }
    }
    k.scheduler.reap(thread);
    return thread.exitCode;
  }),
});
export const schedCoreApi: KernelApi = kernelApi('kernel/sched/core.c', {
  wake_up_process: kfunc({ p: task }, int, (k, { p }) => {
    const thread = k.scheduler.taskAt(p);
    if (thread === undefined) return 0;
    k.get(Kthreads).started.add(thread);
    return k.scheduler.wake(thread, NORMAL) ? 1 : 0;
  }),
  schedule: blocking({}, nothing, (k) => k.scheduler.schedule()),
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
  module_put: partial(
    'a count below zero is not reported',
    kfunc({ module: pointer('struct module *') }, nothing, (k, { module }) => {
      const owner = k.modules.at(module);
      if (owner !== undefined) k.modules.put(owner);
    }),
  ),
});
