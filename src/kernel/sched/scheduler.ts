// One simulated CPU: which task runs, who waits, and what passes the time.
import { embedded, int, kernelStruct, pointer, type StructView, u32, u64, uint, ulongAddr, voidPtr } from '../api/index.ts';
import type { Request, Sleeping } from '../api/kfunc.ts';
import type { SavedRegisters } from '../api/registers.ts';
import { REG_STACK_LIMIT, REGISTER_FILE, RSP } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import { listAddTail, listDeleteInit, listInit } from '../lib/list.ts';
import { type Addr, hex64 } from '../memory.ts';
import type { Nanoseconds } from '../time/clock.ts';
import type { Context, Outcome } from './execution.ts';
import { HARDIRQ_OFFSET, Softirqs } from './softirqs.ts';
import { TASK_DEAD, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL, Task, THREAD_SIZE } from './task.ts';

export const TaskStruct = kernelStruct('task_struct', {
  __state: u32,
  pid: int,
  tgid: int,
  flags: uint,
  stack: voidPtr,
  comm: embedded,
  cred: pointer('const struct cred *'),
  real_cred: pointer('const struct cred *'),
  parent: pointer('struct task_struct *'),
  real_parent: pointer('struct task_struct *'),
  group_leader: pointer('struct task_struct *'),
  tasks: embedded,
  children: embedded,
  sibling: embedded,
  thread_node: embedded,
  signal: voidPtr,
  nsproxy: voidPtr,
  'usage.refs.counter': int,
  'thread_info.flags': ulongAddr,
  prio: int,
  static_prio: int,
  normal_prio: int,
  start_time: u64,
  exit_state: int,
});
const SignalStruct = kernelStruct('signal_struct', { thread_head: embedded, nr_threads: int });
export const NsProxy = kernelStruct('nsproxy', { uts_ns: voidPtr, pid_ns_for_children: voidPtr });
/** The priority of nice 0. */
const DEFAULT_PRIO = 120;
const TIF_SIGPENDING = 1 << 2;
const EXIT_DEAD = 0x10;
export const PF_KTHREAD = 0x00200000;
const TASK_COMM_LEN = 16;
const SIGKILL = 9;
/** Room that an interrupt leaves below the interrupted stack pointer. */
const IRQ_GAP = 256;
const SWITCH: Request = { kind: 'switch' };

export interface SpawnOptions {
  /** A system call's task has the pid of its process. Default: a new one. */
  readonly pid?: number | undefined;
  /** Runnable at once (default), or only after wake_up_process. */
  readonly start?: boolean;
  /** It stays after its end until somebody calls reap(). Default: it is gone when it ends. */
  readonly kept?: boolean;
}

export class Scheduler {
  readonly #k: Kernel;
  readonly #queue: Task[] = [];
  readonly #byPid = new Map<number, Task>();
  readonly #byAddr = new Map<Addr, Task>();
  #nextPid = 1;
  readonly idle: Task;
  #interrupted: SavedRegisters | undefined;
  #current: Task;

  constructor(k: Kernel, initTask: Addr) {
    this.#k = k;
    this.idle = this.#makeTask(0, initTask, 'swapper/0');
    const struct = k.view(TaskStruct, initTask);
    struct.parent = struct.real_parent = initTask;
    struct.cred = struct.real_cred = k.symbols.require('init_cred');
    struct.nsproxy = k.symbols.require('init_nsproxy');
    this.#current = this.idle;
    this.#enter(this.idle);
  }
  get current(): Task {
    return this.#current;
  }
  /** The running task's struct. */
  /** Registers of what the running interrupt interrupted. */
  get interrupted(): SavedRegisters | undefined {
    return this.#interrupted;
  }
  get currentStruct(): StructView<typeof TaskStruct.fields> {
    return this.#k.view(TaskStruct, this.#current.addr);
  }
  structOf(task: Task): StructView<typeof TaskStruct.fields> {
    return this.#k.view(TaskStruct, task.addr);
  }
  /** The pid given out last. */
  get lastPid(): number {
    return this.#nextPid - 1;
  }
  newPid(): number {
    return this.#nextPid++;
  }
  task(pid: number): Task | undefined {
    return this.#byPid.get(pid);
  }
  taskAt(addr: Addr): Task | undefined {
    return this.#byAddr.get(addr);
  }
  get tasks(): Iterable<Task> {
    return this.#byPid.values();
  }
  get hasRunnable(): boolean {
    return this.#queue.length > 0;
  }

  /** A new task that runs `body`. */
  spawn(comm: string, body: (task: Task) => Sleeping<number>, { pid, start = true, kept = false }: SpawnOptions = {}): Task {
    const k = this.#k;
    const addr = k.slab.alloc(k.layouts.sizeOf('task_struct'));
    if (addr === undefined) throw new Error('out of guest memory for a task');
    const task = this.#makeTask(pid ?? this.newPid(), addr, comm);
    task.kept = kept;
    const struct = k.view(TaskStruct, addr);
    struct.cred = struct.real_cred = this.currentStruct.cred;
    struct.nsproxy = this.currentStruct.nsproxy;
    struct.parent = struct.real_parent = this.#current.addr;
    listAddTail(k, struct.tasks, this.structOf(this.idle).tasks);
    listAddTail(k, struct.sibling, this.currentStruct.children);
    const run = function* (): Sleeping<void> {
      task.exitCode = yield* body(task);
    };
    task.activations.push({ generator: run() });
    if (start) this.enqueue(task);
    else struct.__state = TASK_UNINTERRUPTIBLE;
    return task;
  }
  #makeTask(pid: number, addr: Addr, comm: string): Task {
    const k = this.#k;
    const stack = k.vmalloc.alloc(THREAD_SIZE);
    if (stack === undefined) throw new Error('out of guest memory for a stack');
    k.memory.fill(addr, 0, k.layouts.sizeOf('task_struct'));
    const struct = k.view(TaskStruct, addr);
    struct.pid = struct.tgid = pid;
    struct.stack = stack;
    struct.group_leader = addr;
    struct['usage.refs.counter'] = 1;
    struct.prio = struct.static_prio = struct.normal_prio = DEFAULT_PRIO;
    struct.start_time = BigInt(Math.floor(k.clock.now));
    for (const list of [struct.tasks, struct.children, struct.sibling]) listInit(k, list);
    struct.signal = this.#makeSignal(struct.thread_node);
    k.memory.setCstring(struct.comm, comm.slice(0, TASK_COMM_LEN - 1));
    const task = new Task(pid, addr, stack);
    this.#byPid.set(pid, task);
    this.#byAddr.set(addr, task);
    return task;
  }
  /** The struct of a thread group of one. */
  #makeSignal(threadNode: Addr): Addr {
    const k = this.#k;
    const size = k.layouts.sizeOf('signal_struct');
    const signal = k.slab.alloc(size);
    if (signal === undefined) throw new Error('out of guest memory for a task');
    k.memory.fill(signal, 0, size);
    const view = k.view(SignalStruct, signal);
    view.nr_threads = 1;
    listInit(k, view.thread_head);
    listAddTail(k, threadNode, view.thread_head);
    return signal;
  }
  comm(task: Task): string {
    return this.#k.memory.cstring(this.#k.view(TaskStruct, task.addr).comm, TASK_COMM_LEN);
  }
  setComm(task: Task, comm: string): void {
    this.#k.memory.setCstring(this.#k.view(TaskStruct, task.addr).comm, comm.slice(0, TASK_COMM_LEN - 1));
  }

  enqueue(task: Task): void {
    if (task.queued || task.dead) return;
    task.queued = true;
    this.#queue.push(task);
    this.#k.wakePump();
  }
  /** Makes a task runnable when its state is one of `states`. Whether it was woken. Linux: try_to_wake_up. */
  wake(task: Task, states = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE): boolean {
    const struct = this.#k.view(TaskStruct, task.addr);
    if (task.dead || (struct.__state & states) === 0) return false;
    struct.__state = TASK_RUNNING;
    this.enqueue(task);
    return true;
  }
  /** Marks a signal pending and wakes an interruptible (SIGKILL: a killable) sleeper. */
  signal(task: Task, signal: number): void {
    if ((this.structOf(task).flags & PF_KTHREAD) !== 0 && !task.allowed.has(signal)) return;
    task.signals.add(signal);
    this.structOf(task)['thread_info.flags'] |= TIF_SIGPENDING;
    this.wake(task, TASK_INTERRUPTIBLE | (signal === SIGKILL ? TASK_WAKEKILL : 0));
  }
  /** Forgets the signals that are pending. */
  flushSignals(task: Task): void {
    task.signals.clear();
    this.structOf(task)['thread_info.flags'] &= ~TIF_SIGPENDING;
  }
  signalPending(task: Task, state: number): boolean {
    if ((state & TASK_INTERRUPTIBLE) !== 0) return task.signals.size > 0;
    return (state & TASK_WAKEKILL) !== 0 && task.signals.has(SIGKILL);
  }

  /** Linux's schedule(): gives the CPU away; sleeps when the task's state says so. */
  *schedule(): Sleeping<void> {
    const struct = this.currentStruct;
    if (struct.__state !== TASK_RUNNING && this.signalPending(this.#current, struct.__state)) struct.__state = TASK_RUNNING;
    yield SWITCH;
  }
  /** Sleeps in `state` until woken or until `duration` has passed. Gives the nanoseconds that were left. */
  *sleepFor(duration: Nanoseconds, state = TASK_UNINTERRUPTIBLE): Sleeping<Nanoseconds> {
    const task = this.#current;
    const { clock } = this.#k;
    const end = clock.now + duration;
    const event = clock.at(end, () => this.wake(task, ~0));
    this.currentStruct.__state = state;
    yield* this.schedule();
    event.cancel();
    return Math.max(0, end - clock.now);
  }

  /** Runs the next runnable task until it gives the CPU away. Whether there was one. */
  runNext(): boolean {
    const task = this.#queue.shift();
    if (task === undefined) return false;
    task.queued = false;
    if (task.dead) return true;
    this.#enter(task);
    const outcome = this.#k.execution.run(task);
    this.#settle(task, outcome);
    this.#k.exceptions.switched();
    this.#leave(task);
    if (task.dead && !task.kept) this.reap(task);
    return true;
  }
  /** After a run: the task is gone, or waits, or queues up again. */
  #settle(task: Task, outcome: Outcome): void {
    if (outcome === 'switch') {
      if (this.#k.view(TaskStruct, task.addr).__state === TASK_RUNNING) this.enqueue(task);
      else task.onBlock?.();
      return;
    }
    task.dead = true;
    if (outcome === 'killed') task.exitCode = 9;
    const struct = this.structOf(task);
    struct.__state = TASK_DEAD;
    struct.exit_state = EXIT_DEAD;
    for (const list of [struct.tasks, struct.sibling]) listDeleteInit(this.#k, list);
    for (const listener of task.onExit) listener();
  }
  /** Takes a reference to the task's struct. */
  get(task: Task): void {
    this.structOf(task)['usage.refs.counter'] += 1;
  }
  /** A dead task goes: its pid is free again, its struct when nobody holds it any more. */
  reap(task: Task): void {
    if (!task.dead) throw new Error(`task ${task.pid} (${hex64(task.addr)}) still lives`);
    this.#byPid.delete(task.pid);
    this.#k.vmalloc.free(task.stack);
    this.put(task);
  }
  /** Gives a reference to the task's struct back. */
  put(task: Task): void {
    const struct = this.structOf(task);
    struct['usage.refs.counter'] -= 1;
    if (struct['usage.refs.counter'] === 0) this.release(task.addr);
  }
  /** Frees the struct of a task that is gone. Linux: __put_task_struct(). */
  release(address: Addr): void {
    this.#byAddr.delete(address);
    this.#k.slab.free(this.#k.view(TaskStruct, address).signal);
    this.#k.slab.free(address);
  }
  #enter(task: Task): void {
    const k = this.#k;
    if (task.registers === undefined) k.registers.setAddr(RSP, task.stack + THREAD_SIZE - 64);
    else k.registers.restore(task.registers);
    k.memory.view.setUint32(REGISTER_FILE + REG_STACK_LIMIT, task.stack >>> 0, true);
    k.percpu.currentTask = task.addr;
    k.percpu.preemptCount = task.preemptCount;
    this.#current = task;
  }
  #leave(task: Task): void {
    const k = this.#k;
    task.registers = k.registers.save();
    task.preemptCount = k.percpu.preemptCount;
    this.#enter(this.idle);
  }

  /**
   * Runs `body` as an interrupt on top of whatever runs: on the current stack, with the registers preserved.
   * `offset` is added to preempt_count() meanwhile. It must not sleep.
   */
  interrupt(offset: number, body: () => Sleeping<void>): void {
    const k = this.#k;
    const saved = k.registers.save();
    const outer = this.#interrupted;
    this.#interrupted = saved;
    k.registers.setAddr(RSP, k.registers.addr(RSP) - IRQ_GAP);
    k.percpu.preemptCount += offset;
    const context: Context = { activations: [{ generator: body() }], resumeIp: undefined, exitCode: 0 };
    // A handler that sleeps is abandoned there: nothing could ever wake it.
    if (k.execution.run(context) === 'switch') k.exceptions.schedulingWhileAtomic();
    k.percpu.preemptCount -= offset;
    k.registers.restore(saved);
    this.#interrupted = outer;
    if (offset === HARDIRQ_OFFSET) k.get(Softirqs).run();
  }
}
