// Spin locks of the one CPU. Source: kernel/locking/spinlock.c, include/asm-generic/qspinlock.h.
import { int, type KernelApi, type KernelSymbol, kernelApi, kfunc, nothing, pointer, ulong } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { SOFTIRQ_DISABLE_OFFSET, Softirqs } from '../sched/softirqs.ts';
import { Watchdog } from '../watchdog.ts';

const IF = 0x200n;
const LOCKED = 1;
const WRITE_LOCKED = 0xff;
const READER = 0x200;
const lock = pointer('raw_spinlock_t *');
const rwlock = pointer('rwlock_t *');

/** With one CPU a lock that is taken stays taken: nobody could give it back. */
function take(k: Kernel, address: Addr, value: number): void {
  if (k.memory.u32(address) !== 0) k.get(Watchdog).lockup();
  k.memory.setU32(address, value);
}
const disablePreemption = (k: Kernel, by = 1): void => {
  k.percpu.preemptCount += by;
};
const enableSoftirqs = (k: Kernel): void => k.get(Softirqs).enable(SOFTIRQ_DISABLE_OFFSET);
const saveInterrupts = (k: Kernel): bigint => {
  const flags = k.registers.rflags;
  k.registers.rflags = flags & ~IF;
  return flags;
};
export function lockSpin(k: Kernel, address: Addr): void {
  disablePreemption(k);
  take(k, address, LOCKED);
}
export function unlockSpin(k: Kernel, address: Addr): void {
  k.memory.setU32(address, 0);
  disablePreemption(k, -1);
}
const locking = (before: (k: Kernel) => void): KernelSymbol =>
  kfunc({ lock }, nothing, (k, { lock: address }) => {
    before(k);
    disablePreemption(k);
    take(k, address, LOCKED);
  });
const unlocking = (after: (k: Kernel) => void): KernelSymbol =>
  kfunc({ lock }, nothing, (k, { lock: address }) => {
    k.memory.setU32(address, 0);
    disablePreemption(k, -1);
    after(k);
  });
const nothingElse = (): void => {};
const enableInterrupts = (k: Kernel): void => {
  k.registers.rflags |= IF;
};

function takeRead(k: Kernel, address: Addr): void {
  disablePreemption(k);
  if ((k.memory.u32(address) & WRITE_LOCKED) !== 0) k.get(Watchdog).lockup();
  k.memory.setU32(address, k.memory.u32(address) + READER);
}
function giveRead(k: Kernel, address: Addr): void {
  k.memory.setU32(address, k.memory.u32(address) - READER);
  disablePreemption(k, -1);
}
function takeWrite(k: Kernel, address: Addr): void {
  disablePreemption(k);
  take(k, address, WRITE_LOCKED);
}
const giveWrite = unlockSpin;
type Locking = (k: Kernel, address: Addr) => void;
/** The variants of one side of a rwlock_t: plain, _bh, _irq, _irqsave. */
function readWrite(side: 'read' | 'write', lockIt: Locking, unlockIt: Locking): Readonly<Record<string, KernelSymbol>> {
  const locks = (before: (k: Kernel) => void): KernelSymbol =>
    kfunc({ lock: rwlock }, nothing, (k, { lock: address }) => {
      before(k);
      lockIt(k, address);
    });
  const unlocks = (after: (k: Kernel) => void): KernelSymbol =>
    kfunc({ lock: rwlock }, nothing, (k, { lock: address }) => {
      unlockIt(k, address);
      after(k);
    });
  return {
    [`_raw_${side}_lock`]: locks(nothingElse),
    [`_raw_${side}_unlock`]: unlocks(nothingElse),
    [`_raw_${side}_lock_irq`]: locks(saveInterrupts),
    [`_raw_${side}_unlock_irq`]: unlocks(enableInterrupts),
    [`_raw_${side}_lock_bh`]: locks((k) => disablePreemption(k, SOFTIRQ_DISABLE_OFFSET)),
    [`_raw_${side}_unlock_bh`]: unlocks(enableSoftirqs),
    [`_raw_${side}_lock_irqsave`]: kfunc({ lock: rwlock }, ulong, (k, { lock: address }) => {
      const flags = saveInterrupts(k);
      lockIt(k, address);
      return flags;
    }),
    [`_raw_${side}_unlock_irqrestore`]: kfunc({ lock: rwlock, flags: ulong }, nothing, (k, { lock: address, flags }) => {
      unlockIt(k, address);
      if ((flags & IF) !== 0n) enableInterrupts(k);
    }),
  };
}

export const spinlockApi: KernelApi = kernelApi('kernel/locking/spinlock.c', {
  _raw_spin_lock: locking(nothingElse),
  _raw_spin_unlock: unlocking(nothingElse),
  _raw_spin_lock_irq: locking(saveInterrupts),
  _raw_spin_unlock_irq: unlocking(enableInterrupts),
  _raw_spin_lock_bh: locking((k) => disablePreemption(k, SOFTIRQ_DISABLE_OFFSET)),
  _raw_spin_unlock_bh: unlocking(enableSoftirqs),
  _raw_spin_lock_irqsave: kfunc({ lock }, ulong, (k, { lock: address }) => {
    const flags = saveInterrupts(k);
    disablePreemption(k);
    take(k, address, LOCKED);
    return flags;
  }),
  _raw_spin_unlock_irqrestore: kfunc({ lock, flags: ulong }, nothing, (k, { lock: address, flags }) => {
    k.memory.setU32(address, 0);
    disablePreemption(k, -1);
    if ((flags & IF) !== 0n) enableInterrupts(k);
  }),
  _raw_spin_trylock: kfunc({ lock }, int, (k, { lock: address }) => {
    if (k.memory.u32(address) !== 0) return 0;
    disablePreemption(k);
    k.memory.setU32(address, LOCKED);
    return 1;
  }),
  _raw_spin_trylock_bh: kfunc({ lock }, int, (k, { lock: address }) => {
    if (k.memory.u32(address) !== 0) return 0;
    disablePreemption(k, SOFTIRQ_DISABLE_OFFSET);
    lockSpin(k, address);
    return 1;
  }),
  ...readWrite('read', takeRead, giveRead),
  ...readWrite('write', takeWrite, giveWrite),
  _raw_read_trylock: kfunc({ lock: rwlock }, int, (k, { lock: address }) => {
    if ((k.memory.u32(address) & WRITE_LOCKED) !== 0) return 0;
    takeRead(k, address);
    return 1;
  }),
  _raw_write_trylock: kfunc({ lock: rwlock }, int, (k, { lock: address }) => {
    if (k.memory.u32(address) !== 0) return 0;
    takeWrite(k, address);
    return 1;
  }),
});
