// Source: kernel/locking/mutex.c. The owner stands in guest memory; who waits, in TypeScript.
import { EINTR } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  type Sleeping,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, type Task } from '../sched/task.ts';

const Mutex = kernelStruct('mutex', { owner: voidPtr });
const lock = ptr(Mutex);

/** Tasks that wait for mutexes, first come first served. */
class MutexWaiters {
  readonly queues = new Map<Addr, Task[]>();
}

/** Takes the mutex; -EINTR when a signal comes first and `state` allows it. */
function* acquire(k: Kernel, address: Addr, state: number): Sleeping<number> {
  const mutex = k.view(Mutex, address);
  const { queues } = k.get(MutexWaiters);
  const task = k.current;
  while (mutex.owner !== 0) {
    const queue = queues.get(address) ?? [];
    queues.set(address, queue);
    if (!queue.includes(task)) queue.push(task);
    if (k.scheduler.signalPending(task, state)) {
      queue.splice(queue.indexOf(task), 1);
      return -EINTR;
    }
    k.scheduler.currentStruct.__state = state;
    yield* k.scheduler.schedule();
  }
  mutex.owner = task.addr;
  return 0;
}
function release(k: Kernel, address: Addr): void {
  const mutex = k.view(Mutex, address);
  const { queues } = k.get(MutexWaiters);
  const first = queues.get(address)?.shift();
  if (queues.get(address)?.length === 0) queues.delete(address);
  mutex.owner = 0;
  if (first !== undefined) k.scheduler.wake(first);
}

export const mutexApi: KernelApi = kernelApi('kernel/locking/mutex.c', {
  __mutex_init: kfunc({ lock, name: optionalCstring, key: pointer('struct lock_class_key *') }, nothing, (k, { lock: mutex }) => {
    k.memory.fill(mutex.addr, 0, k.layouts.sizeOf('mutex'));
    const list = mutex.addr + k.layouts.offsetOf('mutex', 'wait_list');
    k.memory.setPtr(list, list);
    k.memory.setPtr(list + 8, list);
  }),
  mutex_lock: blocking({ lock }, nothing, function* (k, { lock: mutex }) {
    yield* acquire(k, mutex.addr, TASK_UNINTERRUPTIBLE);
  }),
  mutex_lock_interruptible: blocking({ lock }, int, (k, { lock: mutex }) => acquire(k, mutex.addr, TASK_INTERRUPTIBLE)),
  mutex_lock_killable: blocking({ lock }, int, (k, { lock: mutex }) => acquire(k, mutex.addr, TASK_UNINTERRUPTIBLE | 0x100)),
  mutex_trylock: kfunc({ lock }, int, (k, { lock: mutex }) => {
    if (mutex.owner !== 0) return 0;
    mutex.owner = k.current.addr;
    return 1;
  }),
  mutex_unlock: kfunc({ lock }, nothing, (k, { lock: mutex }) => release(k, mutex.addr)),
  mutex_is_locked: kfunc({ lock }, bool, (_, { lock: mutex }) => mutex.owner !== 0),
});
