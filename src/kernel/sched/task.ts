// A task: a thread of the kernel with its own stack, registers and task_struct in guest memory.
import type { BoundFunction } from '../api/bind.ts';
import type { Sleeping } from '../api/kfunc.ts';
import type { SavedRegisters } from '../api/registers.ts';
import type { Addr } from '../memory.ts';

export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;
export const TASK_PARKED = 0x40;
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
const SIGKILL = 9;
/** THREAD_SIZE of x86-64 without KASAN. */
export const THREAD_SIZE = 16384;

/** A TypeScript generator on a task's stack of activations; guest frames lie between them on the guest stack. */
export interface Activation {
  readonly generator: Sleeping<unknown>;
  /** Set when guest code called it: on completion the result goes to rax and the return address is popped. */
  readonly calledByGuest?: BoundFunction;
  /** How Linux comes to the function that it calls now (Request). */
  way?: string | undefined;
  /** Arguments of its call in progress that lie on the stack. */
  stackArguments?: number;
}

export class Task {
  readonly pid: number;
  /** `struct task_struct`. */
  readonly addr: Addr;
  /** Lowest address of the stack; it ends at stack + THREAD_SIZE. */
  readonly stack: Addr;
  readonly activations: Activation[] = [];
  /** Registers while the task does not run. */
  registers: SavedRegisters | undefined;
  /** Where guest code goes on (low 32 bits), when the task was stopped inside guest code. */
  resumeIp: number | undefined;
  /** preempt_count() while the task does not run. */
  preemptCount = 0;
  /** In the run queue or running. */
  queued = false;
  dead = false;
  /** It stays when it is dead, until reap(). */
  kept = false;
  /** Pending signals, by number. */
  readonly signals = new Set<number>();
  /** Signals that a kernel thread does not ignore. */
  readonly allowed = new Set<number>();
  /** Run when the task goes to sleep. */
  onBlock: (() => void) | undefined;
  /** Run when the task ends, whatever the reason. */
  readonly onExit: (() => void)[] = [];
  exitCode = 0;
  /** What a worker of a workqueue is doing, for reports. */
  work: { readonly queue: string; readonly fn: Addr } | undefined;
  /** The signal that its parent is told of when it is killed. */
  exitSignal = SIGKILL;

  constructor(pid: number, addr: Addr, stack: Addr) {
    this.pid = pid;
    this.addr = addr;
    this.stack = stack;
  }
}
