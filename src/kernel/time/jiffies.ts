// HZ = 250. Source: include/linux/jiffies.h, kernel/time/{timer,sleep_timeout,time}.c.
import {
  blocking,
  embedded,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  long,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  raw,
  type Sleeping,
  s64,
  u32,
  u64,
  uint,
  ulong,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import { RAX, RDI, RDX } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { Softirqs } from '../sched/softirqs.ts';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../sched/task.ts';
import type { CancellableEvent } from './clock.ts';

export const HZ = 250;
export const NS_PER_JIFFY = 1e9 / HZ;
const MS_PER_JIFFY = 1000 / HZ;
/** INITIAL_JIFFIES: five minutes before the 32-bit counter wraps. */
const INITIAL_JIFFIES = 2n ** 32n - 300n * BigInt(HZ);
/** MAX_SCHEDULE_TIMEOUT and above. */
export const NEVER = 2n ** 63n - 1n;

export const jiffiesNow = (k: Kernel): bigint => INITIAL_JIFFIES + BigInt(Math.floor(k.clock.now / NS_PER_JIFFY));
/** When the jiffies counter gets to `jiffies`, in ns since boot. */
const timeOf = (jiffies: bigint): number => Number(BigInt.asIntN(64, jiffies - INITIAL_JIFFIES)) * NS_PER_JIFFY;

const TimerList = kernelStruct('timer_list', {
  entry: embedded,
  'entry.next': voidPtr,
  'entry.pprev': voidPtr,
  expires: ulong,
  function: voidPtr,
  flags: u32,
});

/** Pending timers by their guest address. */
class Timers {
  readonly #k: Kernel;
  readonly #pending = new Map<Addr, CancellableEvent>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** @returns whether it was pending. */
  cancel(timer: Addr): boolean {
    const event = this.#pending.get(timer);
    if (event === undefined) return false;
    event.cancel();
    this.#forget(timer);
    return true;
  }
  #forget(timer: Addr): void {
    this.#pending.delete(timer);
    const view = this.#k.view(TimerList, timer);
    view['entry.pprev'] = 0;
  }
  *#expire(timer: Addr, event: CancellableEvent): Sleeping<void> {
    // Cancelled or started anew while soft interrupts were held back.
    if (this.#pending.get(timer) !== event) return;
    this.#forget(timer);
    yield* this.#k.callBy('timer', this.#k.view(TimerList, timer).function, timer);
  }
  /** (Re)starts the timer for its `expires`. @returns whether it was pending. */
  start(timer: Addr): boolean {
    const k = this.#k;
    const was = this.cancel(timer);
    const view = k.view(TimerList, timer);
    // timer_pending() looks at pprev.
    view['entry.pprev'] = timer;
    const event = k.clock.at(Math.max(timeOf(view.expires), k.clock.now), () => k.get(Softirqs).raise(() => this.#expire(timer, event)));
    this.#pending.set(timer, event);
    return was;
  }
}
const timer = ptr(TimerList);
const key = pointer('struct lock_class_key *');

/** schedule_timeout(): sleeps in the state that current has. */
export function* scheduleTimeout(k: Kernel, timeout: bigint): Sleeping<bigint> {
  if (timeout >= NEVER) {
    yield* k.scheduler.schedule();
    return timeout;
  }
  if (timeout < 0n) {
    k.scheduler.currentStruct.__state = TASK_RUNNING;
    return 0n;
  }
  const end = jiffiesNow(k) + timeout;
  const state = k.scheduler.currentStruct.__state;
  // The timer of a sleep fires at the tick after its last whole jiffy.
  yield* k.scheduler.sleepFor(Math.max(timeOf(end) - k.clock.now, 0), state);
  const left = end - jiffiesNow(k);
  return left > 0n ? left : 0n;
}

/** Follows the clock while a module is there that reads it. */
const jiffiesData = kdata((k, address) => {
  const update = (): void => k.memory.setU64(address, jiffiesNow(k));
  update();
  k.clock.onAdvance(update);
});
function rounded(j: bigint, now: bigint): bigint {
  const hz = BigInt(HZ);
  const rest = j % hz;
  const result = rest < hz / 4n ? j - rest : j - rest + hz;
  return result <= now ? j : result;
}
function shutdown(k: Kernel, view: { readonly addr: Addr; function: Addr }): number {
  const was = k.get(Timers).cancel(view.addr);
  view.function = 0;
  return was ? 1 : 0;
}
export const timerApi: KernelApi = kernelApi('kernel/time/timer.c', {
  jiffies: jiffiesData,
  init_timer_key: kfunc({ timer, func: voidPtr, flags: uint, name: optionalCstring, key }, nothing, (_, { timer: view, func, flags }) => {
    view['entry.pprev'] = 0;
    view.function = func;
    view.flags = flags;
  }),
  add_timer: kfunc({ timer }, nothing, (k, { timer: { addr, function: fn } }) => {
    if (fn !== 0) k.get(Timers).start(addr);
  }),
  mod_timer: kfunc({ timer, expires: ulong }, int, (k, { timer: view, expires }) => {
    if (view.function === 0) return 0;
    view.expires = expires;
    return k.get(Timers).start(view.addr) ? 1 : 0;
  }),
  timer_delete: kfunc({ timer }, int, (k, { timer: { addr } }) => (k.get(Timers).cancel(addr) ? 1 : 0)),
  timer_delete_sync: kfunc({ timer }, int, (k, { timer: { addr } }) => (k.get(Timers).cancel(addr) ? 1 : 0)),
  /** For good: a timer without a function is not started any more. */
  timer_shutdown: kfunc({ timer }, int, (k, { timer: view }) => shutdown(k, view)),
  timer_shutdown_sync: kfunc({ timer }, int, (k, { timer: view }) => shutdown(k, view)),
  try_to_del_timer_sync: kfunc({ timer }, int, (k, { timer: { addr } }) => (k.get(Timers).cancel(addr) ? 1 : 0)),
  /** Only ever makes it earlier. */
  timer_reduce: kfunc({ timer, expires: ulong }, int, (k, { timer: view, expires }) => {
    const pending = view['entry.pprev'] !== 0;
    if (pending && BigInt.asIntN(64, view.expires - expires) <= 0n) return 1;
    view.expires = expires;
    return k.get(Timers).start(view.addr) ? 1 : 0;
  }),
  add_timer_on: kfunc({ timer, cpu: int }, nothing, (k, { timer: { addr } }) => {
    k.get(Timers).start(addr);
  }),
  /** To a whole second; down when that is less than a quarter away. */
  round_jiffies: kfunc({ j: ulong }, ulong, (k, { j }) => rounded(j, jiffiesNow(k))),
  round_jiffies_relative: kfunc({ j: ulong }, ulong, (k, { j }) => rounded(j + jiffiesNow(k), jiffiesNow(k)) - jiffiesNow(k)),
  jiffies_64: jiffiesData,
  schedule_timeout_killable: blocking({ timeout: long }, long, (k, { timeout }) => {
    k.scheduler.currentStruct.__state = TASK_KILLABLE;
    return scheduleTimeout(k, timeout);
  }),
  schedule_timeout: blocking({ timeout: long }, long, (k, { timeout }) => scheduleTimeout(k, timeout)),
  schedule_timeout_interruptible: blocking({ timeout: long }, long, (k, { timeout }) => {
    k.scheduler.currentStruct.__state = TASK_INTERRUPTIBLE;
    return scheduleTimeout(k, timeout);
  }),
  schedule_timeout_uninterruptible: blocking({ timeout: long }, long, (k, { timeout }) => {
    k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
    return scheduleTimeout(k, timeout);
  }),
  msleep: blocking({ msecs: uint }, nothing, function* (k, { msecs }) {
    k.scheduler.currentStruct.__state = TASK_UNINTERRUPTIBLE;
    yield* scheduleTimeout(k, BigInt(Math.ceil(msecs / MS_PER_JIFFY)) + 1n);
  }),
  msleep_interruptible: blocking({ msecs: uint }, ulong, function* (k, { msecs }) {
    k.scheduler.currentStruct.__state = TASK_INTERRUPTIBLE;
    const left = yield* scheduleTimeout(k, BigInt(Math.ceil(msecs / MS_PER_JIFFY)) + 1n);
    return left * BigInt(MS_PER_JIFFY);
  }),
  usleep_range_state: blocking({ min: ulongAddr, max: ulongAddr, state: uint }, nothing, function* (k, { min, state }) {
    yield* k.scheduler.sleepFor(min * 1000, state);
  }),
});
const Tm = kernelStruct('tm', {
  tm_sec: int,
  tm_min: int,
  tm_hour: int,
  tm_mday: int,
  tm_mon: int,
  tm_year: long,
  tm_wday: int,
  tm_yday: int,
});
const MS_PER_DAY = 86_400_000;
export const timeApi: KernelApi = kernelApi('kernel/time/time.c', {
  __msecs_to_jiffies: kfunc({ m: uint }, ulong, (_, { m }) => BigInt(Math.ceil(m / MS_PER_JIFFY))),
  __usecs_to_jiffies: kfunc({ u: uint }, ulong, (_, { u }) => BigInt(Math.ceil((u * 1000) / NS_PER_JIFFY))),
  jiffies_to_usecs: kfunc({ j: ulong }, uint, (_, { j }) => Number(BigInt.asUintN(32, j * BigInt(NS_PER_JIFFY / 1000)))),
  /** The struct comes back in two registers: seconds in rax, nanoseconds in rdx. */
  ns_to_timespec64: raw((_, registers) => {
    const time = BigInt.asIntN(64, registers.u64(RDI));
    const rest = ((time % NS_PER_S) + NS_PER_S) % NS_PER_S;
    registers.setU64(RAX, (time - rest) / NS_PER_S);
    registers.setU64(RDX, rest);
  }),
  set_normalized_timespec64: kfunc({ ts: voidPtr, sec: long, nsec: s64 }, nothing, (k, { ts, sec, nsec }) => {
    const rest = ((nsec % NS_PER_S) + NS_PER_S) % NS_PER_S;
    k.memory.setU64(ts, sec + (nsec - rest) / NS_PER_S);
    k.memory.setU64(ts + 8, rest);
  }),
  nsecs_to_jiffies: kfunc({ n: u64 }, ulong, (_, { n }) => n / BigInt(NS_PER_JIFFY)),
  nsecs_to_jiffies64: kfunc({ n: u64 }, u64, (_, { n }) => n / BigInt(NS_PER_JIFFY)),
  jiffies64_to_nsecs: kfunc({ j: u64 }, u64, (_, { j }) => j * BigInt(NS_PER_JIFFY)),
  jiffies_to_timespec64: kfunc({ jiffies: ulong, value: voidPtr }, nothing, (k, { jiffies, value }) => {
    const time = jiffies * BigInt(NS_PER_JIFFY);
    k.memory.setU64(value, time / NS_PER_S);
    k.memory.setU64(value + 8, time % NS_PER_S);
  }),
  /** USER_HZ is 100. */
  jiffies_to_clock_t: kfunc({ x: ulong }, long, (_, { x }) => (x * 100n) / BigInt(HZ)),
  clock_t_to_jiffies: kfunc({ x: ulong }, ulong, (_, { x }) => (x * BigInt(HZ)) / 100n),
  timespec64_to_jiffies: kfunc({ value: voidPtr }, ulong, (k, { value }) => {
    const time = k.memory.u64(value) * NS_PER_S + k.memory.u64(value + 8);
    return (time + BigInt(NS_PER_JIFFY) - 1n) / BigInt(NS_PER_JIFFY);
  }),
  mktime64: kfunc(
    { year0: uint, mon0: uint, day: uint, hour: uint, min: uint, sec: uint },
    long,
    (_, { year0, mon0, day, hour, min, sec }) => BigInt(Date.UTC(year0, mon0 - 1, day, hour, min, sec) / 1000),
  ),
  time64_to_tm: kfunc({ totalsecs: long, offset: int, result: ptr(Tm) }, nothing, (_, { totalsecs, offset, result: tm }) => {
    const date = new Date((Number(totalsecs) + offset) * 1000);
    tm.tm_sec = date.getUTCSeconds();
    tm.tm_min = date.getUTCMinutes();
    tm.tm_hour = date.getUTCHours();
    tm.tm_mday = date.getUTCDate();
    tm.tm_mon = date.getUTCMonth();
    tm.tm_year = BigInt(date.getUTCFullYear() - 1900);
    tm.tm_wday = date.getUTCDay();
    tm.tm_yday = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / MS_PER_DAY);
  }),
  jiffies_to_msecs: kfunc({ j: ulong }, uint, (_, { j }) => Number(BigInt.asUintN(32, j * BigInt(MS_PER_JIFFY)))),
});
/** Reading the time takes a little of it, so that a loop that polls the clock ends. */
const READ_COST = 100;
const now = (k: Kernel): bigint => {
  k.clock.pass(READ_COST);
  return BigInt(Math.floor(k.clock.now));
};
const TK_OFFS_REAL = 0;
/** The time of the last tick: what the coarse clocks show. */
const tick = (k: Kernel): bigint => BigInt(Math.floor(k.clock.now / NS_PER_JIFFY) * NS_PER_JIFFY);
const NS_PER_S = 1_000_000_000n;
const timespecOf = (read: (k: Kernel) => bigint): KernelSymbol =>
  kfunc({ ts: voidPtr }, nothing, (k, { ts }) => {
    const time = read(k);
    k.memory.setU64(ts, time / NS_PER_S);
    k.memory.setU64(ts + 8, time % NS_PER_S);
  });
export const timekeepingApi: KernelApi = kernelApi('kernel/time/timekeeping.c', {
  ktime_get: kfunc({}, long, (k) => now(k)),
  ktime_get_with_offset: kfunc({ offs: uint }, long, (k, { offs }) => now(k) + (offs === TK_OFFS_REAL ? k.clock.bootRealtime : 0n)),
  ktime_get_seconds: kfunc({}, long, (k) => now(k) / 1_000_000_000n),
  ktime_get_real: kfunc({}, long, (k) => now(k) + k.clock.bootRealtime),
  ktime_get_boottime: kfunc({}, long, (k) => now(k)),
  ktime_get_clocktai: kfunc({}, long, (k) => now(k) + k.clock.bootRealtime),
  ktime_get_raw: kfunc({}, long, (k) => now(k)),
  ktime_get_coarse_with_offset: kfunc({ offs: uint }, long, (k, { offs }) => tick(k) + (offs === TK_OFFS_REAL ? k.clock.bootRealtime : 0n)),
  ktime_get_mono_fast_ns: kfunc({}, u64, (k) => now(k)),
  ktime_get_boot_fast_ns: kfunc({}, u64, (k) => now(k)),
  ktime_get_raw_fast_ns: kfunc({}, u64, (k) => now(k)),
  ktime_get_real_fast_ns: kfunc({}, u64, (k) => now(k) + k.clock.bootRealtime),
  ktime_get_ts64: timespecOf(now),
  ktime_get_raw_ts64: timespecOf(now),
  ktime_get_real_ts64: timespecOf((k) => now(k) + k.clock.bootRealtime),
  ktime_get_coarse_ts64: timespecOf((k) => tick(k)),
  ktime_get_coarse_real_ts64: timespecOf((k) => tick(k) + k.clock.bootRealtime),
  ktime_get_real_seconds: kfunc({}, long, (k) => (now(k) + k.clock.bootRealtime) / 1_000_000_000n),
});
/** 2^32 loops are a second; the inline udelay() multiplies by 0x10c7. */
const XLOOPS_PER_US = 0x10c7;
export const delayApi: KernelApi = kernelApi('arch/x86/lib/delay.c', {
  __const_udelay: kfunc({ xloops: ulongAddr }, nothing, (k, { xloops }) => k.clock.pass((xloops / XLOOPS_PER_US) * 1000)),
  __udelay: kfunc({ usecs: ulongAddr }, nothing, (k, { usecs }) => k.clock.pass(usecs * 1000)),
  __ndelay: kfunc({ nsecs: ulongAddr }, nothing, (k, { nsecs }) => k.clock.pass(nsecs)),
});
