// Wait queues and completions. Source: kernel/sched/wait.c, swait.c, completion.c. The queues are real guest lists.
import { ERESTARTSYS } from '#abi';
import {
  blocking,
  bool,
  embedded,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  long,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { NEVER, NS_PER_JIFFY } from '../time/jiffies.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, type Task } from './task.ts';

const WaitQueueHead = kernelStruct('wait_queue_head', { head: embedded });
const WaitQueueEntry = kernelStruct('wait_queue_entry', { flags: uint, private: voidPtr, func: voidPtr, entry: embedded });
const Completion = kernelStruct('completion', { done: uint });
const WQ_FLAG_EXCLUSIVE = 1;
const DONE_ALL = 0x7fffffff;
const NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
const wq_head = ptr(WaitQueueHead);
const wq_entry = ptr(WaitQueueEntry);
const key = pointer('struct lock_class_key *');

const initList = (k: Kernel, list: Addr): void => {
  k.memory.setPtr(list, list);
  k.memory.setPtr(list + 8, list);
};
function insert(k: Kernel, entry: Addr, before: Addr, after: Addr): void {
  k.memory.setPtr(entry, after);
  k.memory.setPtr(entry + 8, before);
  k.memory.setPtr(before, entry);
  k.memory.setPtr(after + 8, entry);
}
/** list_del_init. */
function unlink(k: Kernel, entry: Addr): void {
  const after = k.memory.ptr(entry);
  const before = k.memory.ptr(entry + 8);
  k.memory.setPtr(before, after);
  k.memory.setPtr(after + 8, before);
  initList(k, entry);
}
const isEmpty = (k: Kernel, list: Addr): boolean => k.memory.ptr(list) === list;

/** Calls the entries' functions: all that are not exclusive and `count` that are (0: all). Linux: __wake_up_common. */
export function* wakeUp(k: Kernel, head: Addr, mode: number, count: number, wakeKey: Addr): Sleeping<number> {
  const list = k.view(WaitQueueHead, head).head;
  const offset = k.layouts.offsetOf('wait_queue_entry', 'entry');
  let woken = 0;
  for (let at = k.memory.ptr(list), following = k.memory.ptr(at); at !== list; at = following, following = k.memory.ptr(at)) {
    const entry = k.view(WaitQueueEntry, at - offset);
    const { flags } = entry;
    const result = yield* k.callInt(entry.func, entry.addr, mode, 0, wakeKey);
    if (result < 0) break;
    if (result !== 0) {
      woken++;
      if ((flags & WQ_FLAG_EXCLUSIVE) !== 0 && --count === 0) break;
    }
  }
  return woken;
}
function wakeEntry(k: Kernel, entry: { private: Addr }, mode: number): number {
  const task = k.scheduler.taskAt(entry.private);
  return task !== undefined && k.scheduler.wake(task, mode) ? 1 : 0;
}

export const waitApi: KernelApi = kernelApi('kernel/sched/wait.c', {
  __init_waitqueue_head: kfunc({ wq_head, name: optionalCstring, key }, nothing, (k, { wq_head: head }) => {
    k.memory.fill(head.addr, 0, k.layouts.sizeOf('wait_queue_head'));
    initList(k, head.head);
  }),
  init_wait_entry: kfunc({ wq_entry, flags: int }, nothing, (k, { wq_entry: entry, flags }) => {
    entry.flags = flags;
    entry.private = k.current.addr;
    entry.func = k.symbols.require('autoremove_wake_function');
    initList(k, entry.entry);
  }),
  prepare_to_wait: kfunc({ wq_head, wq_entry, state: int }, nothing, (k, { wq_head: head, wq_entry: entry, state }) => {
    if (isEmpty(k, entry.entry)) insert(k, entry.entry, head.head, k.memory.ptr(head.head));
    k.scheduler.currentStruct.__state = state;
  }),
  prepare_to_wait_event: kfunc({ wq_head, wq_entry, state: int }, long, (k, { wq_head: head, wq_entry: entry, state }) => {
    if (k.scheduler.signalPending(k.current, state)) {
      unlink(k, entry.entry);
      return BigInt(-ERESTARTSYS);
    }
    if (isEmpty(k, entry.entry)) {
      const exclusive = (entry.flags & WQ_FLAG_EXCLUSIVE) !== 0;
      if (exclusive) insert(k, entry.entry, k.memory.ptr(head.head + 8), head.head);
      else insert(k, entry.entry, head.head, k.memory.ptr(head.head));
    }
    k.scheduler.currentStruct.__state = state;
    return 0n;
  }),
  finish_wait: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_entry: entry }) => {
    k.scheduler.currentStruct.__state = TASK_RUNNING;
    if (!isEmpty(k, entry.entry)) unlink(k, entry.entry);
  }),
  add_wait_queue: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_head: head, wq_entry: entry }) => {
    insert(k, entry.entry, head.head, k.memory.ptr(head.head));
  }),
  remove_wait_queue: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_entry: entry }) => unlink(k, entry.entry)),
  __wake_up: blocking(
    { wq_head, mode: uint, nr_exclusive: int, key: voidPtr },
    int,
    (k, { wq_head: head, mode, nr_exclusive, key: wakeKey }) => wakeUp(k, head.addr, mode, nr_exclusive, wakeKey),
  ),
  autoremove_wake_function: kfunc({ wq_entry, mode: uint, sync: int, key: voidPtr }, int, (k, { wq_entry: entry, mode }) => {
    const woken = wakeEntry(k, entry, mode);
    if (woken !== 0) unlink(k, entry.entry);
    return woken;
  }),
  default_wake_function: kfunc({ curr: wq_entry, mode: uint, wake_flags: int, key: voidPtr }, int, (k, { curr, mode }) =>
    wakeEntry(k, curr, mode),
  ),
});

/** Who waits for a completion, first come first served. */
class CompletionWaiters {
  readonly queues = new Map<Addr, Task[]>();
}
/** Waits until done. Gives the jiffies that were left, at least 1; 0 when the time was up; -ERESTARTSYS on a signal. */
function* waitFor(k: Kernel, address: Addr, timeout: bigint, state: number): Sleeping<bigint> {
  const completion = k.view(Completion, address);
  const { queues } = k.get(CompletionWaiters);
  const task = k.current;
  const start = k.clock.now;
  const limit = timeout >= NEVER ? Number.POSITIVE_INFINITY : Number(timeout) * NS_PER_JIFFY;
  const left = (): number => limit - (k.clock.now - start);
  while (completion.done === 0) {
    if (k.scheduler.signalPending(task, state)) return BigInt(-ERESTARTSYS);
    if (left() <= 0) return 0n;
    const queue = queues.get(address) ?? [];
    queues.set(address, queue);
    queue.push(task);
    if (limit === Number.POSITIVE_INFINITY) {
      k.scheduler.currentStruct.__state = state;
      yield* k.scheduler.schedule();
    } else yield* k.scheduler.sleepFor(left(), state);
    const position = queue.indexOf(task);
    if (position >= 0) queue.splice(position, 1);
    if (queue.length === 0) queues.delete(address);
  }
  if (completion.done !== DONE_ALL) completion.done -= 1;
  return limit === Number.POSITIVE_INFINITY ? timeout : BigInt(Math.max(1, Math.floor(left() / NS_PER_JIFFY)));
}
function wakeWaiters(k: Kernel, address: Addr, count: number): void {
  const queue = k.get(CompletionWaiters).queues.get(address) ?? [];
  for (const task of queue.slice(0, count)) k.scheduler.wake(task, NORMAL);
}
const x = ptr(Completion);
const FOREVER = NEVER;

export const completionApi: KernelApi = kernelApi('kernel/sched/completion.c', {
  __init_swait_queue_head: kfunc({ q: voidPtr, name: optionalCstring, key }, nothing, (k, { q }) => {
    k.memory.fill(q, 0, k.layouts.sizeOf('swait_queue_head'));
    initList(k, q + k.layouts.offsetOf('swait_queue_head', 'task_list'));
  }),
  complete: kfunc({ x }, nothing, (k, { x: completion }) => {
    if (completion.done !== DONE_ALL) completion.done += 1;
    wakeWaiters(k, completion.addr, 1);
  }),
  complete_all: kfunc({ x }, nothing, (k, { x: completion }) => {
    completion.done = DONE_ALL;
    wakeWaiters(k, completion.addr, Number.POSITIVE_INFINITY);
  }),
  completion_done: kfunc({ x }, bool, (_, { x: completion }) => completion.done !== 0),
  try_wait_for_completion: kfunc({ x }, bool, (_, { x: completion }) => {
    if (completion.done === 0) return false;
    if (completion.done !== DONE_ALL) completion.done -= 1;
    return true;
  }),
  wait_for_completion: blocking({ x }, nothing, function* (k, { x: completion }) {
    yield* waitFor(k, completion.addr, FOREVER, TASK_UNINTERRUPTIBLE);
  }),
  wait_for_completion_timeout: blocking({ x, timeout: ulong }, ulong, (k, { x: completion, timeout }) =>
    waitFor(k, completion.addr, timeout, TASK_UNINTERRUPTIBLE),
  ),
  wait_for_completion_interruptible: blocking({ x }, int, function* (k, { x: completion }) {
    const left = yield* waitFor(k, completion.addr, FOREVER, TASK_INTERRUPTIBLE);
    return left < 0n ? Number(left) : 0;
  }),
});
