// Read-write semaphores. Source: kernel/locking/rwsem.c. `count` has Linux's bits: modules' inline functions read it.
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

const RwSemaphore = kernelStruct('rw_semaphore', { count: voidPtr, owner: voidPtr });
const sem = ptr(RwSemaphore);
type RwSem = { addr: Addr; count: number; owner: Addr };
const WRITER_LOCKED = 1;
const READER_BIAS = 256;
const EVERYBODY = Number.POSITIVE_INFINITY;

function* read(k: Kernel, rwsem: RwSem, state: number): Sleeping<number> {
  // A reader does not overtake who waits already: writers would starve.
  let first = k.get(Waiters).any(rwsem.addr);
  const ready = (): boolean => {
    const may = !first && rwsem.count % READER_BIAS === 0;
    first = false;
    return may;
  };
  if ((yield* k.get(Waiters).until(rwsem.addr, state, ready)) !== 'ready') return -EINTR;
  rwsem.count += READER_BIAS;
  return 0;
}
function* write(k: Kernel, rwsem: RwSem, state: number): Sleeping<number> {
  if ((yield* k.get(Waiters).until(rwsem.addr, state, () => rwsem.count === 0)) !== 'ready') return -EINTR;
  rwsem.count = WRITER_LOCKED;
  rwsem.owner = k.current.addr;
  return 0;
}
function release(k: Kernel, rwsem: RwSem, by: number): void {
  rwsem.count -= by;
  if (by === WRITER_LOCKED) rwsem.owner = 0;
  k.get(Waiters).wake(rwsem.addr, EVERYBODY);
}

export const rwsemApi: KernelApi = kernelApi('kernel/locking/rwsem.c', {
  __init_rwsem: kfunc({ sem, name: optionalCstring, key: pointer('struct lock_class_key *') }, nothing, (k, { sem: rwsem }) => {
    k.memory.fill(rwsem.addr, 0, k.layouts.sizeOf('rw_semaphore'));
    listInit(k, rwsem.addr + k.layouts.offsetOf('rw_semaphore', 'wait_list'));
  }),
  down_read: blocking({ sem }, nothing, function* (k, { sem: rwsem }) {
    yield* read(k, rwsem, TASK_UNINTERRUPTIBLE);
  }),
  down_read_interruptible: blocking({ sem }, int, (k, { sem: rwsem }) => read(k, rwsem, TASK_INTERRUPTIBLE)),
  down_read_killable: blocking({ sem }, int, (k, { sem: rwsem }) => read(k, rwsem, TASK_KILLABLE)),
  down_write: blocking({ sem }, nothing, function* (k, { sem: rwsem }) {
    yield* write(k, rwsem, TASK_UNINTERRUPTIBLE);
  }),
  down_write_killable: blocking({ sem }, int, (k, { sem: rwsem }) => write(k, rwsem, TASK_KILLABLE)),
  down_read_trylock: kfunc({ sem }, int, (_, { sem: rwsem }) => {
    if (rwsem.count % READER_BIAS !== 0) return 0;
    rwsem.count += READER_BIAS;
    return 1;
  }),
  down_write_trylock: kfunc({ sem }, int, (k, { sem: rwsem }) => {
    if (rwsem.count !== 0) return 0;
    rwsem.count = WRITER_LOCKED;
    rwsem.owner = k.current.addr;
    return 1;
  }),
  up_read: kfunc({ sem }, nothing, (k, { sem: rwsem }) => release(k, rwsem, READER_BIAS)),
  up_write: kfunc({ sem }, nothing, (k, { sem: rwsem }) => release(k, rwsem, WRITER_LOCKED)),
  downgrade_write: kfunc({ sem }, nothing, (k, { sem: rwsem }) => {
    rwsem.count += READER_BIAS;
    release(k, rwsem, WRITER_LOCKED);
  }),
});
