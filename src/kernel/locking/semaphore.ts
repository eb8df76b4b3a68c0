// Counting semaphores. Source: kernel/locking/semaphore.c.
import { EINTR, ETIME } from '#abi';
import { blocking, int, type KernelApi, kernelApi, kernelStruct, kfunc, long, nothing, ptr, type Sleeping, uint } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { NEVER, NS_PER_JIFFY } from '../time/jiffies.ts';

const Semaphore = kernelStruct('semaphore', { count: uint });
const sem = ptr(Semaphore);

function* down(k: Kernel, semaphore: { addr: Addr; count: number }, state: number, timeout = NEVER): Sleeping<number> {
  const limit = timeout >= NEVER ? undefined : Number(timeout) * NS_PER_JIFFY;
  const outcome = yield* k.get(Waiters).until(semaphore.addr, state, () => semaphore.count > 0, limit);
  if (outcome !== 'ready') return outcome === 'signal' ? -EINTR : -ETIME;
  semaphore.count -= 1;
  return 0;
}

export const semaphoreApi: KernelApi = kernelApi('kernel/locking/semaphore.c', {
  down: blocking({ sem }, nothing, function* (k, { sem: semaphore }) {
    yield* down(k, semaphore, TASK_UNINTERRUPTIBLE);
  }),
  down_interruptible: blocking({ sem }, int, (k, { sem: semaphore }) => down(k, semaphore, TASK_INTERRUPTIBLE)),
  down_killable: blocking({ sem }, int, (k, { sem: semaphore }) => down(k, semaphore, TASK_KILLABLE)),
  down_timeout: blocking({ sem, timeout: long }, int, (k, { sem: semaphore, timeout }) =>
    down(k, semaphore, TASK_UNINTERRUPTIBLE, timeout),
  ),
  /** 0 when it was taken, as on Linux. */
  down_trylock: kfunc({ sem }, int, (_, { sem: semaphore }) => {
    if (semaphore.count === 0) return 1;
    semaphore.count -= 1;
    return 0;
  }),
  up: kfunc({ sem }, nothing, (k, { sem: semaphore }) => {
    semaphore.count += 1;
    k.get(Waiters).wake(semaphore.addr, 1);
  }),
});
