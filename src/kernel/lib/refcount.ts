// What inline refcount_t operations call when a count saturates, and those that are not inline. Source: lib/refcount.c.
import { blocking, bool, int, type KernelApi, kernelApi, kfunc, nothing, pointer, uint } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { mutexLock, mutexUnlock } from '../locking/mutex.ts';
import { lockSpin, unlockSpin } from '../locking/spinlock.ts';
import type { Addr } from '../memory.ts';

const SATURATED = 0xc0000000;
/** enum refcount_saturation_type: text, and the line of its WARN_ONCE in Linux's file. */
const saturations: readonly (readonly [text: string, line: number])[] = [
  ['refcount_t: saturated; leaking memory', 19],
  ['refcount_t: saturated; leaking memory', 22],
  ['refcount_t: addition on 0; use-after-free', 25],
  ['refcount_t: underflow; use-after-free', 28],
  ['refcount_t: decrement hit 0; leaking memory', 31],
];
/** Takes one off unless the count is 1. Whether it did. */
function decrementNotOne(k: Kernel, r: Addr): boolean {
  const count = k.memory.u32(r);
  if (count === SATURATED) return true;
  if (count === 1) return false;
  if (count === 0) {
    saturate(k, r, 3);
    return true;
  }
  k.memory.setU32(r, count - 1);
  return true;
}
function saturate(k: Kernel, r: Addr, type: number): void {
  k.memory.setU32(r, SATURATED);
  const [text, line] = saturations[type] ?? ['refcount_t: unknown saturation event!?', 34];
  k.exceptions.warnOnce('lib/refcount.c', line, 'refcount_warn_saturate', `${text}.`);
}
const r = pointer('refcount_t *');

export const refcountApi: KernelApi = kernelApi('lib/refcount.c', {
  refcount_warn_saturate: kfunc({ r, t: uint }, nothing, (k, { r: address, t }) => saturate(k, address, t)),
  refcount_dec_not_one: kfunc({ r }, bool, (k, { r: address }) => decrementNotOne(k, address)),
  refcount_dec_and_mutex_lock: blocking({ r, lock: pointer('struct mutex *') }, bool, function* (k, { r: address, lock }) {
    if (decrementNotOne(k, address)) return false;
    yield* mutexLock(k, lock);
    const count = k.memory.u32(address) - 1;
    k.memory.setU32(address, count);
    if (count === 0) return true;
    mutexUnlock(k, lock);
    return false;
  }),
  refcount_dec_and_lock: kfunc({ r, lock: pointer('spinlock_t *') }, bool, (k, { r: address, lock }) => {
    if (decrementNotOne(k, address)) return false;
    lockSpin(k, lock);
    k.memory.setU32(address, 0);
    return true;
  }),
});
export const decAndLockApi: KernelApi = kernelApi('lib/dec_and_lock.c', {
  _atomic_dec_and_lock: kfunc({ atomic: pointer('atomic_t *'), lock: pointer('spinlock_t *') }, int, (k, { atomic, lock }) => {
    lockSpin(k, lock);
    const count = k.memory.s32(atomic) - 1;
    k.memory.setU32(atomic, count);
    if (count === 0) return 1;
    unlockSpin(k, lock);
    return 0;
  }),
});
