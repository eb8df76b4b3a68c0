// struct pid of tasks, made when somebody asks for one. Source: kernel/pid.c.
import { int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, pointer, ptr, uint, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import type { Task } from './sched/task.ts';

const Pid = kernelStruct('pid', { count: int, level: uint });
const NULL = 0;

export class Pids {
  readonly #k: Kernel;
  readonly #byTask = new Map<Task, Addr>();
  readonly #taskOf = new Map<Addr, Task>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** The task's struct pid; it stays while the task or a reference to it does. */
  of(task: Task): Addr {
    const existing = this.#byTask.get(task);
    if (existing !== undefined) return existing;
    const k = this.#k;
    const size = k.layouts.sizeOf('pid');
    const address = k.slab.alloc(size) ?? NULL;
    if (address === NULL) return NULL;
    k.memory.fill(address, 0, size);
    k.view(Pid, address).count = 1;
    // numbers[0].nr: the number in the one namespace.
    k.memory.setU32(address + k.layouts.offsetOf('pid', 'numbers'), task.pid);
    this.#byTask.set(task, address);
    this.#taskOf.set(address, task);
    task.onExit.push(() => {
      this.#byTask.delete(task);
      this.#taskOf.delete(address);
      this.put(address);
    });
    return address;
  }
  task(pid: Addr): Task | undefined {
    return this.#taskOf.get(pid);
  }
  get(pid: Addr): Addr {
    if (pid !== NULL) this.#k.view(Pid, pid).count += 1;
    return pid;
  }
  put(pid: Addr): void {
    if (pid === NULL) return;
    const view = this.#k.view(Pid, pid);
    view.count -= 1;
    if (view.count === 0) this.#k.slab.free(pid);
  }
  number(pid: Addr): number {
    return pid === NULL ? 0 : this.#k.memory.s32(pid + this.#k.layouts.offsetOf('pid', 'numbers'));
  }
  find(nr: number): Addr {
    const task = this.#k.scheduler.task(nr);
    return task === undefined || nr === 0 ? NULL : this.of(task);
  }
}
const pids = (k: Kernel): Pids => k.get(Pids);
const pid = pointer('struct pid *');
const task = pointer('struct task_struct *');
const ns = pointer('struct pid_namespace *');
const type = uint;

export const pidApi: KernelApi = kernelApi('kernel/pid.c', {
  find_vpid: kfunc({ nr: int }, pid, (k, { nr }) => pids(k).find(nr)),
  find_pid_ns: kfunc({ nr: int, ns }, pid, (k, { nr }) => pids(k).find(nr)),
  find_get_pid: kfunc({ nr: int }, pid, (k, { nr }) => pids(k).get(pids(k).find(nr))),
  pid_task: kfunc({ pid, type }, task, (k, { pid: address }) => pids(k).task(address)?.addr ?? NULL),
  get_pid_task: kfunc({ pid, type }, task, (k, { pid: address }) => {
    const found = pids(k).task(address);
    if (found === undefined) return NULL;
    k.scheduler.get(found);
    return found.addr;
  }),
  get_task_pid: kfunc({ task, type }, pid, (k, { task: address }) => {
    const found = k.scheduler.taskAt(address);
    return found === undefined ? NULL : pids(k).get(pids(k).of(found));
  }),
  put_pid: kfunc({ pid }, nothing, (k, { pid: address }) => pids(k).put(address)),
  pid_vnr: kfunc({ pid }, int, (k, { pid: address }) => pids(k).number(address)),
  pid_nr_ns: kfunc({ pid, ns }, int, (k, { pid: address }) => pids(k).number(address)),
  __task_pid_nr_ns: kfunc({ task, type, ns }, int, (k, { task: address }) => k.scheduler.taskAt(address)?.pid ?? 0),
  task_active_pid_ns: kfunc({ tsk: ptr(kernelStruct('task_struct', {})) }, voidPtr, (k) => k.symbols.require('init_pid_ns')),
});
