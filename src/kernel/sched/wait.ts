// Wait queues and completions. Source: kernel/sched/wait.c, swait.c, completion.c. The queues are real guest lists.
import { ERESTARTSYS } from '#abi';
import {
  blocking,
  bool,
  embedded,
  int,
  type KernelApi,
  type KernelSymbol,
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
import { listAdd, listAddTail, listDeleteInit, listEmpty, listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { NEVER, NS_PER_JIFFY, scheduleTimeout } from '../time/jiffies.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.ts';
import { Waiters } from './waiters.ts';

const WaitQueueHead = kernelStruct('wait_queue_head', { head: embedded });
const WaitQueueEntry = kernelStruct('wait_queue_entry', { flags: uint, private: voidPtr, func: voidPtr, entry: embedded });
const Completion = kernelStruct('completion', { done: uint });
const WQ_FLAG_EXCLUSIVE = 1;
const WQ_FLAG_WOKEN = 2;
const DONE_ALL = 0x7fffffff;
const wq_head = ptr(WaitQueueHead);
const wq_entry = ptr(WaitQueueEntry);
const key = pointer('struct lock_class_key *');

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
    listInit(k, head.head);
  }),
  init_wait_entry: kfunc({ wq_entry, flags: int }, nothing, (k, { wq_entry: entry, flags }) => {
    entry.flags = flags;
    entry.private = k.current.addr;
    entry.func = k.symbols.require('autoremove_wake_function');
    listInit(k, entry.entry);
  }),
  prepare_to_wait: kfunc({ wq_head, wq_entry, state: int }, nothing, (k, { wq_head: head, wq_entry: entry, state }) => {
    if (listEmpty(k, entry.entry)) listAdd(k, entry.entry, head.head);
    k.scheduler.currentStruct.__state = state;
  }),
  prepare_to_wait_event: kfunc({ wq_head, wq_entry, state: int }, long, (k, { wq_head: head, wq_entry: entry, state }) => {
    if (k.scheduler.signalPending(k.current, state)) {
      listDeleteInit(k, entry.entry);
      return BigInt(-ERESTARTSYS);
    }
    if (listEmpty(k, entry.entry)) {
      const exclusive = (entry.flags & WQ_FLAG_EXCLUSIVE) !== 0;
      if (exclusive) listAddTail(k, entry.entry, head.head);
      else listAdd(k, entry.entry, head.head);
    }
    k.scheduler.currentStruct.__state = state;
    return 0n;
  }),
  finish_wait: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_entry: entry }) => {
    k.scheduler.currentStruct.__state = TASK_RUNNING;
    if (!listEmpty(k, entry.entry)) listDeleteInit(k, entry.entry);
  }),
  add_wait_queue: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_head: head, wq_entry: entry }) => {
    listAdd(k, entry.entry, head.head);
  }),
  add_wait_queue_exclusive: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_head: head, wq_entry: entry }) => {
    entry.flags |= WQ_FLAG_EXCLUSIVE;
    listAddTail(k, entry.entry, head.head);
  }),
  prepare_to_wait_exclusive: kfunc({ wq_head, wq_entry, state: int }, bool, (k, { wq_head: head, wq_entry: entry, state }) => {
    entry.flags |= WQ_FLAG_EXCLUSIVE;
    const first = listEmpty(k, head.head);
    const queued = !listEmpty(k, entry.entry);
    if (!queued) listAddTail(k, entry.entry, head.head);
    k.scheduler.currentStruct.__state = state;
    return first && !queued;
  }),
  remove_wait_queue: kfunc({ wq_head, wq_entry }, nothing, (k, { wq_entry: entry }) => listDeleteInit(k, entry.entry)),
  __wake_up: blocking(
    { wq_head, mode: uint, nr_exclusive: int, key: voidPtr },
    int,
    (k, { wq_head: head, mode, nr_exclusive, key: wakeKey }) => wakeUp(k, head.addr, mode, nr_exclusive, wakeKey),
  ),
  __wake_up_sync: blocking({ wq_head, mode: uint }, nothing, function* (k, { wq_head: head, mode }) {
    yield* wakeUp(k, head.addr, mode, 1, 0);
  }),
  __wake_up_sync_key: blocking({ wq_head, mode: uint, key: voidPtr }, nothing, function* (k, { wq_head: head, mode, key: wakeKey }) {
    yield* wakeUp(k, head.addr, mode, 1, wakeKey);
  }),
  __wake_up_locked: blocking({ wq_head, mode: uint, nr: int }, nothing, function* (k, { wq_head: head, mode, nr }) {
    yield* wakeUp(k, head.addr, mode, nr, 0);
  }),
  __wake_up_locked_key: blocking({ wq_head, mode: uint, key: voidPtr }, nothing, function* (k, { wq_head: head, mode, key: wakeKey }) {
    yield* wakeUp(k, head.addr, mode, 1, wakeKey);
  }),
  /** For loops that add themselves once: a wake-up between the test and the sleep is not lost. */
  wait_woken: blocking({ wq_entry, mode: uint, timeout: long }, long, function* (k, { wq_entry: entry, mode, timeout }) {
    let left = timeout;
    if ((entry.flags & WQ_FLAG_WOKEN) === 0) {
      k.scheduler.currentStruct.__state = mode;
      left = yield* scheduleTimeout(k, timeout);
    }
    k.scheduler.currentStruct.__state = TASK_RUNNING;
    entry.flags &= ~WQ_FLAG_WOKEN;
    return left;
  }),
  woken_wake_function: kfunc({ wq_entry, mode: uint, sync: int, key: voidPtr }, int, (k, { wq_entry: entry, mode }) => {
    entry.flags |= WQ_FLAG_WOKEN;
    return wakeEntry(k, entry, mode);
  }),
  autoremove_wake_function: kfunc({ wq_entry, mode: uint, sync: int, key: voidPtr }, int, (k, { wq_entry: entry, mode }) => {
    const woken = wakeEntry(k, entry, mode);
    if (woken !== 0) listDeleteInit(k, entry.entry);
    return woken;
  }),
  default_wake_function: kfunc({ curr: wq_entry, mode: uint, wake_flags: int, key: voidPtr }, int, (k, { curr, mode }) =>
    wakeEntry(k, curr, mode),
  ),
});

/** Waits until done. Gives the jiffies that were left, at least 1; 0 when the time was up; -ERESTARTSYS on a signal. */
function* waitFor(k: Kernel, address: Addr, timeout: bigint, state: number): Sleeping<bigint> {
  const completion = k.view(Completion, address);
  const limit = timeout >= NEVER ? undefined : Number(timeout) * NS_PER_JIFFY;
  const end = k.clock.now + (limit ?? 0);
  const outcome = yield* k.get(Waiters).until(address, state, () => completion.done !== 0, limit);
  if (outcome === 'signal') return BigInt(-ERESTARTSYS);
  if (outcome === 'timeout') return 0n;
  if (completion.done !== DONE_ALL) completion.done -= 1;
  return limit === undefined ? timeout : BigInt(Math.max(1, Math.floor((end - k.clock.now) / NS_PER_JIFFY)));
}
const x = ptr(Completion);
const FOREVER = NEVER;
const waiting = (state: number): KernelSymbol =>
  blocking({ x }, int, function* (k, { x: completion }) {
    const left = yield* waitFor(k, completion.addr, FOREVER, state);
    return left < 0n ? Number(left) : 0;
  });
const waitingWithin = (state: number): KernelSymbol =>
  blocking({ x, timeout: ulong }, long, (k, { x: completion, timeout }) => waitFor(k, completion.addr, timeout, state));

export const completionApi: KernelApi = kernelApi('kernel/sched/completion.c', {
  __init_swait_queue_head: kfunc({ q: voidPtr, name: optionalCstring, key }, nothing, (k, { q }) => {
    k.memory.fill(q, 0, k.layouts.sizeOf('swait_queue_head'));
    listInit(k, q + k.layouts.offsetOf('swait_queue_head', 'task_list'));
  }),
  complete: kfunc({ x }, nothing, (k, { x: completion }) => {
    if (completion.done !== DONE_ALL) completion.done += 1;
    k.get(Waiters).wake(completion.addr, 1);
  }),
  complete_all: kfunc({ x }, nothing, (k, { x: completion }) => {
    completion.done = DONE_ALL;
    k.get(Waiters).wake(completion.addr, Number.POSITIVE_INFINITY);
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
  wait_for_completion_interruptible: waiting(TASK_INTERRUPTIBLE),
  wait_for_completion_killable: waiting(TASK_KILLABLE),
  wait_for_completion_interruptible_timeout: waitingWithin(TASK_INTERRUPTIBLE),
  wait_for_completion_killable_timeout: waitingWithin(TASK_KILLABLE),
});
