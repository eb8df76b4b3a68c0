// Waiting for files. Source: fs/select.c: a driver's poll adds the caller to its wait queues through the poll_table.
import { int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, pointer, type Sleeping, uint, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { listAdd, listDeleteInit, listEntries, listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from '../sched/task.ts';
import type { OpenNode } from './node.ts';

const PollTable = kernelStruct('poll_table_struct', { _qproc: voidPtr, _key: uint });
const WaitQueueEntry = kernelStruct('wait_queue_entry', { flags: uint, private: voidPtr, func: voidPtr });
const ALWAYS = 0x18;
const NOT_POLLABLE = 0x145;
const NULL = 0;

/** Wait queue entries of polls in progress, by their poll_table. */
class Polls {
  readonly entries = new Map<Addr, Addr[]>();
}
function newTable(k: Kernel, events: number): Addr {
  const table = k.slab.alloc(k.layouts.sizeOf('poll_table_struct')) ?? NULL;
  k.view(PollTable, table)._qproc = k.symbols.require('__pollwait');
  k.view(PollTable, table)._key = events | ALWAYS;
  k.get(Polls).entries.set(table, []);
  return table;
}
function freeTable(k: Kernel, table: Addr): void {
  for (const entry of k.get(Polls).entries.get(table) ?? []) {
    listDeleteInit(k, entry + k.layouts.offsetOf('wait_queue_entry', 'entry'));
    k.slab.free(entry);
  }
  k.get(Polls).entries.delete(table);
  k.slab.free(table);
}

/** Waits until a file has one of its events, the time (ms; below 0: for ever) is up or a signal comes. Gives the events of each. */
export function* pollFiles(k: Kernel, files: readonly { open: OpenNode; events: number }[], timeout: number): Sleeping<number[]> {
  const end = timeout < 0 ? Number.POSITIVE_INFINITY : k.clock.now + timeout * 1e6;
  const tables = files.map(({ events }) => newTable(k, events));
  let registered = false;
  try {
    for (;;) {
      k.scheduler.currentStruct.__state = TASK_INTERRUPTIBLE;
      const ready: number[] = [];
      for (const [n, { open, events }] of files.entries()) {
        const mask = open.poll === undefined ? NOT_POLLABLE : yield* open.poll(registered ? NULL : (tables[n] as Addr));
        ready.push(mask & (events | ALWAYS));
      }
      registered = true;
      if (ready.some((mask) => mask !== 0) || k.clock.now >= end || k.scheduler.signalPending(k.current, TASK_INTERRUPTIBLE)) return ready;
      // A wake-up that came while the files were asked has set the state to running: then this does not sleep.
      if (end === Number.POSITIVE_INFINITY) yield* k.scheduler.schedule();
      else if (k.scheduler.currentStruct.__state !== TASK_RUNNING) yield* k.scheduler.sleepFor(end - k.clock.now, TASK_INTERRUPTIBLE);
    }
  } finally {
    k.scheduler.currentStruct.__state = TASK_RUNNING;
    for (const table of tables) freeTable(k, table);
  }
}

function pollWait(k: Kernel, waitQueue: Addr, table: Addr): void {
  const size = k.layouts.sizeOf('wait_queue_entry');
  const entry = k.slab.alloc(size) ?? NULL;
  k.memory.fill(entry, 0, size);
  const view = k.view(WaitQueueEntry, entry);
  view.func = k.symbols.require('pollwake');
  view.private = k.current.addr;
  listAdd(k, entry + k.layouts.offsetOf('wait_queue_entry', 'entry'), waitQueue + k.layouts.offsetOf('wait_queue_head', 'head'));
  k.get(Polls).entries.get(table)?.push(entry);
}
/** Who polls a file of the kernel's own. */
export class PollQueue {
  readonly #k: Kernel;
  readonly #head: Addr;
  constructor(k: Kernel) {
    this.#k = k;
    this.#head = k.slab.alloc(k.layouts.sizeOf('wait_queue_head')) ?? NULL;
    listInit(k, this.#head + k.layouts.offsetOf('wait_queue_head', 'head'));
  }
  /** The caller of poll() is woken by the next wake(). */
  add(table: Addr): void {
    if (table !== NULL) pollWait(this.#k, this.#head, table);
  }
  wake(): void {
    const k = this.#k;
    const offset = k.layouts.offsetOf('wait_queue_entry', 'entry');
    for (const entry of listEntries(k, this.#head + k.layouts.offsetOf('wait_queue_head', 'head'))) {
      const task = k.scheduler.taskAt(k.view(WaitQueueEntry, entry - offset).private);
      if (task !== undefined) k.scheduler.wake(task, TASK_INTERRUPTIBLE);
    }
  }
  free(): void {
    this.#k.slab.free(this.#head);
  }
}

export const selectApi: KernelApi = kernelApi('fs/select.c', {
  __pollwait: kfunc({ filp: pointer('struct file *'), wait_address: voidPtr, p: voidPtr }, nothing, (k, { wait_address, p }) =>
    pollWait(k, wait_address, p),
  ),
  pollwake: kfunc({ wait: voidPtr, mode: uint, sync: int, key: voidPtr }, int, (k, { wait }) => {
    const task = k.scheduler.taskAt(k.view(WaitQueueEntry, wait).private);
    return task !== undefined && k.scheduler.wake(task, TASK_INTERRUPTIBLE) ? 1 : 0;
  }),
});
