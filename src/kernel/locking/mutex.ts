// Source: kernel/locking/mutex.c. The owner stands in guest memory; who waits, in TypeScript.
import { EINTR } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelOption,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  type Sleeping,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';

const Mutex = kernelStruct('mutex', {});
const lock = ptr(Mutex);
const PREEMPT_RT = kernelOption('CONFIG_PREEMPT_RT');
const isRealTime = (k: Kernel): boolean => k.description.isSet(PREEMPT_RT) === true;

/** Where the owner stands: in a realtime kernel a mutex is an rt_mutex. */
const ownerAt = (k: Kernel, mutex: Addr): Addr => mutex + k.layouts.offsetOf('mutex', isRealTime(k) ? 'rtmutex.owner' : 'owner');
const isLocked = (k: Kernel, mutex: Addr): boolean => k.memory.ptr(ownerAt(k, mutex)) !== 0;
/** mutex_init(). */
export function mutexInit(k: Kernel, mutex: Addr): void {
  k.memory.fill(mutex, 0, k.layouts.sizeOf('mutex'));
  if (!isRealTime(k)) listInit(k, mutex + k.layouts.offsetOf('mutex', 'wait_list'));
}

/** Takes the mutex; -EINTR when a signal comes first and `state` allows it. */
export function* mutexLock(k: Kernel, address: Addr, state = TASK_UNINTERRUPTIBLE): Sleeping<number> {
  const outcome = yield* k.get(Waiters).until(address, state, () => !isLocked(k, address));
  if (outcome !== 'ready') return -EINTR;
  k.memory.setPtr(ownerAt(k, address), k.current.addr);
  return 0;
}
function tryLock(k: Kernel, address: Addr): boolean {
  if (isLocked(k, address)) return false;
  k.memory.setPtr(ownerAt(k, address), k.current.addr);
  return true;
}
export function mutexUnlock(k: Kernel, address: Addr): void {
  k.memory.setPtr(ownerAt(k, address), 0);
  k.get(Waiters).wake(address, 1);
}

export const mutexApi: KernelApi = kernelApi('kernel/locking/mutex.c', {
  __mutex_init: kfunc({ lock, name: optionalCstring, key: pointer('struct lock_class_key *') }, nothing, (k, { lock: mutex }) => {
    mutexInit(k, mutex.addr);
  }),
  mutex_lock: blocking({ lock }, nothing, function* (k, { lock: mutex }) {
    yield* mutexLock(k, mutex.addr);
  }),
  mutex_lock_interruptible: blocking({ lock }, int, (k, { lock: mutex }) => mutexLock(k, mutex.addr, TASK_INTERRUPTIBLE)),
  mutex_lock_killable: blocking({ lock }, int, (k, { lock: mutex }) => mutexLock(k, mutex.addr, TASK_KILLABLE)),
  mutex_trylock: kfunc({ lock }, int, (k, { lock: mutex }) => (tryLock(k, mutex.addr) ? 1 : 0)),
  mutex_unlock: kfunc({ lock }, nothing, (k, { lock: mutex }) => mutexUnlock(k, mutex.addr)),
  mutex_is_locked: kfunc({ lock }, bool, (k, { lock: mutex }) => isLocked(k, mutex.addr)),
  /** Takes the mutex only when the count drops to 0. */
  atomic_dec_and_mutex_lock: blocking({ cnt: pointer('atomic_t *'), lock }, int, function* (k, { cnt, lock: mutex }) {
    const count = k.memory.s32(cnt);
    if (count !== 1) {
      k.memory.setU32(cnt, count - 1);
      return 0;
    }
    yield* mutexLock(k, mutex.addr);
    k.memory.setU32(cnt, k.memory.s32(cnt) - 1);
    if (k.memory.s32(cnt) === 0) return 1;
    mutexUnlock(k, mutex.addr);
    return 0;
  }),
});
