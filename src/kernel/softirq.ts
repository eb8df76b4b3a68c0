// Tasklets. Source: kernel/softirq.c, include/linux/interrupt.h: the state bits stand in guest memory.
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  ptr,
  type Sleeping,
  uint,
  ulongAddr,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { Softirqs } from './sched/softirqs.ts';
import { NS_PER_JIFFY } from './time/jiffies.ts';

const Tasklet = kernelStruct('tasklet_struct', {
  state: ulongAddr,
  count: int,
  use_callback: bool,
  func: voidPtr,
  data: ulongAddr,
});
const t = ptr(Tasklet);
const SCHEDULED = 1;
const RUNNING = 2;

/** A tasklet that is disabled is tried again at each tick. */
function* run(k: Kernel, address: Addr): Sleeping<void> {
  const tasklet = k.view(Tasklet, address);
  if ((tasklet.state & SCHEDULED) === 0) return;
  if (tasklet.count !== 0) {
    runLater(k, address, NS_PER_JIFFY);
    return;
  }
  tasklet.state = RUNNING;
  yield* k.callBy('tasklet', tasklet.func, tasklet.use_callback ? address : tasklet.data);
  tasklet.state -= tasklet.state & RUNNING;
}
function runLater(k: Kernel, address: Addr, delay: number): void {
  k.clock.at(k.clock.now + delay, () => k.get(Softirqs).defer(() => run(k, address)));
  k.wakePump();
}
/** In a task that holds nothing back ksoftirqd gets to it, when the task gives the CPU away. */
function schedule(k: Kernel, address: Addr): void {
  if (k.get(Softirqs).disabled) k.get(Softirqs).raise(() => run(k, address));
  else k.get(Softirqs).defer(() => run(k, address));
}
function* waitWhile(k: Kernel, tasklet: { state: number }, bit: number): Sleeping<void> {
  while ((tasklet.state & bit) !== 0) yield* k.scheduler.sleepFor(NS_PER_JIFFY);
}
const init = (k: Kernel, address: Addr, func: Addr, data: Addr, callback: boolean): void => {
  k.memory.fill(address, 0, k.layouts.sizeOf('tasklet_struct'));
  const tasklet = k.view(Tasklet, address);
  tasklet.func = func;
  tasklet.data = data;
  tasklet.use_callback = callback;
};

export const softirqApi: KernelApi = kernelApi('kernel/softirq.c', {
  tasklet_init: kfunc({ t, func: voidPtr, data: ulongAddr }, nothing, (k, { t: tasklet, func, data }) =>
    init(k, tasklet.addr, func, data, false),
  ),
  tasklet_setup: kfunc({ t, callback: voidPtr }, nothing, (k, { t: tasklet, callback }) => init(k, tasklet.addr, callback, 0, true)),
  __tasklet_schedule: kfunc({ t }, nothing, (k, { t: tasklet }) => schedule(k, tasklet.addr)),
  __tasklet_hi_schedule: kfunc({ t }, nothing, (k, { t: tasklet }) => schedule(k, tasklet.addr)),
  tasklet_unlock_wait: blocking({ t }, nothing, (k, { t: tasklet }) => waitWhile(k, tasklet, RUNNING)),
  tasklet_kill: blocking({ t }, nothing, function* (k, { t: tasklet }) {
    yield* waitWhile(k, tasklet, SCHEDULED);
    yield* waitWhile(k, tasklet, RUNNING);
    tasklet.state = 0;
  }),
  __local_bh_enable_ip: kfunc({ ip: ulongAddr, cnt: uint }, nothing, (k, { cnt }) => k.get(Softirqs).enable(cnt)),
});
