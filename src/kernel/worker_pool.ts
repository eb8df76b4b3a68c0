// Worker threads and the queues that they serve. Source: kernel/workqueue.c. A pool starts one more worker only when all that
// are at work sleep: works run one after another unless one blocks. Queues of one kind share a pool.
import { embedded, kernelStruct, type Sleeping, ulong, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { PF_KTHREAD } from './sched/scheduler.ts';
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE, type Task } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';

export const WorkStruct = kernelStruct('work_struct', { data: ulong, entry: embedded, func: voidPtr });
export const WORK_STRUCT_PENDING = 1n;
// include/linux/workqueue.h.
const WQ_UNBOUND = 2;
const WQ_HIGHPRI = 0x10;
const WQ_DFL_ACTIVE = 256;
const PF_WQ_WORKER = 0x20;
const ALL = Number.POSITIVE_INFINITY;

/** A work that waits for a worker. */
interface Item {
  readonly work: Addr;
  readonly queue: Workqueue;
}
interface Worker {
  readonly task: Task;
  item: Item | undefined;
}

export class WorkerPool {
  readonly #k: Kernel;
  /** What the names of workers begin and end with: 'kworker/0:1H'. */
  readonly #prefix: string;
  readonly #suffix: string;
  #next: number;
  readonly #items: Item[] = [];
  readonly #workers: Worker[] = [];
  constructor(k: Kernel, prefix: string, suffix: string, first: number) {
    this.#k = k;
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#next = first;
  }
  add(item: Item): void {
    this.#items.push(item);
    this.#provide();
  }
  /** Takes a waiting work out. Whether it was there. */
  remove(work: Addr): boolean {
    const at = this.#items.findIndex((item) => item.work === work);
    if (at >= 0) this.#items.splice(at, 1);
    return at >= 0;
  }
  isRunning(work: Addr): boolean {
    return this.#workers.some(({ item }) => item?.work === work);
  }
  /** Somebody has to be up when works wait and every worker that has one sleeps. */
  #provide(): void {
    const { scheduler } = this.#k;
    if (this.#items.length === 0) return;
    if (this.#workers.some(({ item, task }) => item !== undefined && scheduler.structOf(task).__state === TASK_RUNNING)) return;
    const idle = this.#workers.find(({ item }) => item === undefined);
    if (idle === undefined) this.#start();
    else scheduler.wake(idle.task, TASK_UNINTERRUPTIBLE);
  }
  #start(): void {
    const name = `${this.#prefix}${this.#next++}${this.#suffix}`;
    const task = this.#k.scheduler.spawn(name, (self) => this.#work(self));
    this.#k.scheduler.structOf(task).flags |= PF_KTHREAD | PF_WQ_WORKER;
    task.onBlock = () => this.#provide();
    this.#workers.push({ task, item: undefined });
  }
  *#work(self: Task): Sleeping<number> {
    const k = this.#k;
    const worker = this.#workers.find(({ task }) => task === self) as Worker;
    self.onExit.push(() => this.#workers.splice(this.#workers.indexOf(worker), 1));
    for (;;) {
      // A work never runs twice at the same time.
      const at = this.#items.findIndex(({ work }) => !this.isRunning(work));
      if (at < 0) {
        k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
        yield* k.scheduler.schedule();
        continue;
      }
      const item = this.#items.splice(at, 1)[0] as Item;
      worker.item = item;
      const view = k.view(WorkStruct, item.work);
      view.data &= ~WORK_STRUCT_PENDING;
      self.work = { queue: item.queue.name, fn: view.func };
      yield* k.callBy('work', view.func, item.work);
      self.work = undefined;
      worker.item = undefined;
      item.queue.done(item.work);
    }
  }
}

export class Workqueue {
  readonly name: string;
  readonly #k: Kernel;
  readonly #pool: WorkerPool;
  readonly #maxActive: number;
  /** Works in the pool or running. */
  readonly #active: Addr[] = [];
  /** Works above the limit. */
  readonly #inactive: Addr[] = [];
  constructor(k: Kernel, pool: WorkerPool, name: string, maxActive: number) {
    this.#k = k;
    this.#pool = pool;
    this.name = name;
    this.#maxActive = maxActive || WQ_DFL_ACTIVE;
  }
  queue(work: Addr): void {
    if (this.#active.length < this.#maxActive) this.#activate(work);
    else this.#inactive.push(work);
  }
  #activate(work: Addr): void {
    this.#active.push(work);
    this.#pool.add({ work, queue: this });
  }
  /** A worker has finished it, or it was taken back. */
  done(work: Addr): void {
    this.#active.splice(this.#active.indexOf(work), 1);
    const next = this.#inactive.shift();
    if (next !== undefined) this.#activate(next);
    this.#k.get(Waiters).wake(this, ALL);
  }
  /** Takes a queued work back. Whether it was queued. */
  remove(work: Addr): boolean {
    const waiting = this.#inactive.indexOf(work);
    const queued = waiting >= 0 || this.#pool.remove(work);
    if (waiting >= 0) this.#inactive.splice(waiting, 1);
    else if (queued) this.done(work);
    if (queued) this.#k.view(WorkStruct, work).data &= ~WORK_STRUCT_PENDING;
    return queued;
  }
  /** Waits until one work, or all that were queued before, are done. Whether there was anything to wait for. */
  *wait(work?: Addr): Sleeping<boolean> {
    const before = work === undefined ? [...this.#active, ...this.#inactive] : [work];
    const busy = (): boolean => before.some((item) => this.#active.includes(item) || this.#inactive.includes(item));
    if (!busy()) return false;
    yield* this.#k.get(Waiters).until(this, TASK_UNINTERRUPTIBLE, () => !busy());
    return true;
  }
  /** Waits until nothing is left, works that works queue included. */
  *drain(): Sleeping<void> {
    while (yield* this.wait());
  }
}

/** The pools of the one CPU and the unbound one. */
export class WorkerPools {
  readonly #bound: WorkerPool;
  readonly #highpri: WorkerPool;
  readonly #unbound: WorkerPool;
  constructor(k: Kernel) {
    this.#bound = new WorkerPool(k, 'kworker/0:', '', 1);
    this.#highpri = new WorkerPool(k, 'kworker/0:', 'H', 1);
    this.#unbound = new WorkerPool(k, 'kworker/u2:', '', 0);
  }
  of(flags: number): WorkerPool {
    if ((flags & WQ_UNBOUND) !== 0) return this.#unbound;
    return (flags & WQ_HIGHPRI) !== 0 ? this.#highpri : this.#bound;
  }
}
