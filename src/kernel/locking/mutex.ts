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
import { listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';

const Mutex = kernelStruct('mutex', { owner: voidPtr });
const lock = ptr(Mutex);

/** Takes the mutex; -EINTR when a signal comes first and `state` allows it. */
export function* mutexLock(k: Kernel, address: Addr, state = TASK_UNINTERRUPTIBLE): Sleeping<number> {
  const mutex = k.view(Mutex, address);
  const outcome = yield* k.get(Waiters).until(address, state, () => mutex.owner === 0);
  if (outcome !== 'ready') return -EINTR;
  mutex.owner = k.current.addr;
  return 0;
}
function tryLock(k: Kernel, address: Addr): boolean {
  const mutex = k.view(Mutex, address);
  if (mutex.owner !== 0) return false;
  mutex.owner = k.current.addr;
  return true;
}
export function mutexUnlock(k: Kernel, address: Addr): void {
  k.view(Mutex, address).owner = 0;
  k.get(Waiters).wake(address, 1);
}

export const mutexApi: KernelApi = kernelApi('kernel/locking/mutex.c', {
  __mutex_init: kfunc({ lock, name: optionalCstring, key: pointer('struct lock_class_key *') }, nothing, (k, { lock: mutex }) => {
    k.memory.fill(mutex.addr, 0, k.layouts.sizeOf('mutex'));
    listInit(k, mutex.addr + k.layouts.offsetOf('mutex', 'wait_list'));
  }),
  mutex_lock: blocking({ lock }, nothing, function* (k, { lock: mutex }) {
    yield* mutexLock(k, mutex.addr);
  }),
  mutex_lock_interruptible: blocking({ lock }, int, (k, { lock: mutex }) => mutexLock(k, mutex.addr, TASK_INTERRUPTIBLE)),
  mutex_lock_killable: blocking({ lock }, int, (k, { lock: mutex }) => mutexLock(k, mutex.addr, TASK_KILLABLE)),
  mutex_trylock: kfunc({ lock }, int, (k, { lock: mutex }) => (tryLock(k, mutex.addr) ? 1 : 0)),
  mutex_unlock: kfunc({ lock }, nothing, (k, { lock: mutex }) => mutexUnlock(k, mutex.addr)),
  mutex_is_locked: kfunc({ lock }, bool, (_, { lock: mutex }) => mutex.owner !== 0),
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
