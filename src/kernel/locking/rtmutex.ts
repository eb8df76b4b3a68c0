// Source: kernel/locking/rtmutex_api.c. The owner stands in guest memory; who waits, in TypeScript.
import { EINTR } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  partial,
  pointer,
  type Sleeping,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';

const RtMutexBase = kernelStruct('rt_mutex_base', { owner: voidPtr });
const lock = pointer('struct rt_mutex *');
const NO_PRIORITIES = 'first come, first served: there are no priorities to inherit';

export function rtMutexInit(k: Kernel, address: Addr): void {
  k.memory.fill(address, 0, k.layouts.sizeOf('rt_mutex_base'));
}
export function* rtMutexLock(k: Kernel, address: Addr, state = TASK_UNINTERRUPTIBLE): Sleeping<number> {
  const mutex = k.view(RtMutexBase, address);
  if ((yield* k.get(Waiters).until(address, state, () => mutex.owner === 0)) !== 'ready') return -EINTR;
  mutex.owner = k.current.addr;
  return 0;
}
export function rtMutexTryLock(k: Kernel, address: Addr): boolean {
  const mutex = k.view(RtMutexBase, address);
  if (mutex.owner !== 0) return false;
  mutex.owner = k.current.addr;
  return true;
}
export function rtMutexUnlock(k: Kernel, address: Addr): void {
  k.view(RtMutexBase, address).owner = 0;
  k.get(Waiters).wake(address, 1);
}

export const rtmutexApi: KernelApi = kernelApi('kernel/locking/rtmutex_api.c', {
  rt_mutex_base_init: kfunc({ rtb: voidPtr }, nothing, (k, { rtb }) => rtMutexInit(k, rtb)),
  __rt_mutex_init: kfunc({ lock, name: optionalCstring, key: voidPtr }, nothing, (k, { lock: mutex }) => rtMutexInit(k, mutex)),
  rt_mutex_lock: partial(
    NO_PRIORITIES,
    blocking({ lock }, nothing, function* (k, { lock: mutex }) {
      yield* rtMutexLock(k, mutex);
    }),
  ),
  rt_mutex_lock_interruptible: partial(
    NO_PRIORITIES,
    blocking({ lock }, int, (k, { lock: mutex }) => rtMutexLock(k, mutex, TASK_INTERRUPTIBLE)),
  ),
  rt_mutex_lock_killable: partial(
    NO_PRIORITIES,
    blocking({ lock }, int, (k, { lock: mutex }) => rtMutexLock(k, mutex, TASK_KILLABLE)),
  ),
  rt_mutex_trylock: kfunc({ lock }, int, (k, { lock: mutex }) => (rtMutexTryLock(k, mutex) ? 1 : 0)),
  rt_mutex_unlock: kfunc({ lock }, nothing, (k, { lock: mutex }) => rtMutexUnlock(k, mutex)),
});
