// High-resolution timers. Source: kernel/time/hrtimer.c, include/linux/hrtimer.h.
import { EINTR } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  ktime_t,
  nothing,
  partial,
  ptr,
  type Sleeping,
  s64,
  u8,
  u64,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { HARDIRQ_OFFSET, Softirqs } from '../sched/softirqs.ts';
import { TASK_RUNNING } from '../sched/task.ts';
import type { CancellableEvent } from './clock.ts';

const Hrtimer = kernelStruct('hrtimer', {
  'node.expires': s64,
  _softexpires: s64,
  function: voidPtr,
  base: voidPtr,
  state: u8,
  is_rel: u8,
  is_soft: u8,
  is_hard: u8,
});
const ClockBase = kernelStruct('hrtimer_clock_base', { index: uint, clockid: int, get_time: voidPtr });
const timer = ptr(Hrtimer);
const MODE_REL = 1;
const MODE_SOFT = 4;
const RESTART = 1;
const ENQUEUED = 1;
const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;
const CLOCK_TAI = 11;
/** Order of a CPU's clock bases, and the function that reads each clock. */
const BASES = [
  { clock: 1, read: 'ktime_get' },
  { clock: CLOCK_REALTIME, read: 'ktime_get_real' },
  { clock: CLOCK_BOOTTIME, read: 'ktime_get_boottime' },
  { clock: CLOCK_TAI, read: 'ktime_get_clocktai' },
] as const;
const SOFT_BASES = 4;
const REALTIME_BASE = 1;

/** Pending timers by address, and the per-CPU clock bases that timers point to. */
class Hrtimers {
  readonly #k: Kernel;
  readonly #pending = new Map<Addr, CancellableEvent>();
  readonly #running = new Set<Addr>();
  readonly #bases: Addr;
  constructor(k: Kernel) {
    this.#k = k;
    const offset = k.description.addressOf('hrtimer_bases');
    if (offset === undefined) throw new Error('this kernel has no hrtimer_bases');
    this.#bases = k.percpu.base + offset + k.layouts.offsetOf('hrtimer_cpu_base', 'clock_base');
    for (let n = 0; n < 2 * SOFT_BASES; n++) {
      const { clock, read } = BASES[n % SOFT_BASES] as (typeof BASES)[number];
      const base = k.view(ClockBase, this.#base(n));
      base.index = n;
      base.clockid = clock;
      base.get_time = k.symbols.addressOf(read) ?? k.symbols.require('ktime_get');
    }
  }
  #base(n: number): Addr {
    return this.#bases + n * this.#k.layouts.sizeOf('hrtimer_clock_base');
  }
  init(address: Addr, clock: number, mode: number): void {
    const k = this.#k;
    k.memory.fill(address, 0, k.layouts.sizeOf('hrtimer'));
    const view = k.view(Hrtimer, address);
    const soft = (mode & MODE_SOFT) !== 0;
    // A relative timer of the real-time clock runs on the monotonic one.
    const wanted = clock === CLOCK_REALTIME && (mode & MODE_REL) !== 0 ? 1 : clock;
    const index = Math.max(
      0,
      BASES.findIndex((base) => base.clock === wanted),
    );
    view.base = this.#base(index + (soft ? SOFT_BASES : 0));
    view.is_soft = soft ? 1 : 0;
    // timerqueue_init: a node that is in no tree is its own parent.
    k.memory.setPtr(address, address);
  }
  #baseIndex(view: { base: Addr }): number {
    return this.#k.view(ClockBase, view.base).index % SOFT_BASES;
  }
  /** The clock's distance from time since boot. */
  offset(view: { base: Addr }): bigint {
    return this.#baseIndex(view) === REALTIME_BASE || this.#baseIndex(view) === SOFT_BASES - 1 ? this.#k.clock.bootRealtime : 0n;
  }
  now(view: { base: Addr }): bigint {
    return BigInt(Math.floor(this.#k.clock.now)) + this.offset(view);
  }
  start(address: Addr, time: bigint, slack: bigint, mode: number): void {
    const view = this.#k.view(Hrtimer, address);
    this.cancel(address);
    const expires = (mode & MODE_REL) !== 0 ? this.now(view) + time : time;
    view._softexpires = expires;
    view['node.expires'] = expires + slack;
    this.#enqueue(address);
  }
  #enqueue(address: Addr): void {
    const k = this.#k;
    const view = k.view(Hrtimer, address);
    view.state = ENQUEUED;
    const due = Number(view._softexpires - this.offset(view));
    const event = k.clock.at(Math.max(due, k.clock.now), () => {
      const expire = (): Sleeping<void> => this.#expire(address, event);
      if (view.is_soft === 0) k.scheduler.interrupt(HARDIRQ_OFFSET, expire);
      else k.get(Softirqs).raise(expire);
    });
    this.#pending.set(address, event);
  }
  *#expire(address: Addr, event: CancellableEvent | undefined): Sleeping<void> {
    // Cancelled or started anew while soft interrupts were held back.
    if (this.#pending.get(address) !== event) return;
    const view = this.#k.view(Hrtimer, address);
    this.#pending.delete(address);
    view.state = 0;
    this.#running.add(address);
    const restart = (yield* this.#k.callBy('hrtimer', view.function, address)) | 0;
    if (restart === RESTART && view.state !== ENQUEUED) this.#enqueue(address);
    this.#running.delete(address);
  }
  pending(address: Addr): boolean {
    return this.#pending.has(address);
  }
  /** Whether it was pending. */
  cancel(address: Addr): boolean {
    const event = this.#pending.get(address);
    if (event === undefined) return false;
    event.cancel();
    this.#pending.delete(address);
    this.#k.view(Hrtimer, address).state = 0;
    return true;
  }
  /** Moves the expiry by whole intervals behind `now`; how many they were. */
  forward(address: Addr, now: bigint, interval: bigint): bigint {
    const view = this.#k.view(Hrtimer, address);
    const late = now - view['node.expires'];
    if (late < 0n || view.state === ENQUEUED) return 0n;
    const step = interval < 1n ? 1n : interval;
    const periods = late / step + 1n;
    view._softexpires += periods * step;
    view['node.expires'] += periods * step;
    return periods;
  }
}
const hrtimers = (k: Kernel): Hrtimers => k.get(Hrtimers);

/** Sleeps in the state that current has until `expires`. 0 when the time came, -EINTR when something woke the task before. */
function* sleepUntil(k: Kernel, expires: Addr, mode: number): Sleeping<number> {
  const state = k.scheduler.currentStruct.__state;
  if (expires === 0) {
    yield* k.scheduler.schedule();
    return -EINTR;
  }
  const time = Number(k.memory.s64(expires));
  const left = yield* k.scheduler.sleepFor((mode & MODE_REL) !== 0 ? time : Math.max(0, time - k.clock.now), state);
  k.scheduler.currentStruct.__state = TASK_RUNNING;
  return left <= 0 ? 0 : -EINTR;
}

export const hrtimerApi: KernelApi = kernelApi('kernel/time/hrtimer.c', {
  hrtimer_init: kfunc({ timer, clock_id: int, mode: uint }, nothing, (k, { timer: view, clock_id, mode }) =>
    hrtimers(k).init(view.addr, clock_id, mode),
  ),
  hrtimer_start_range_ns: kfunc({ timer, tim: ktime_t, delta_ns: u64, mode: uint }, nothing, (k, { timer: view, tim, delta_ns, mode }) =>
    hrtimers(k).start(view.addr, tim, delta_ns, mode),
  ),
  hrtimer_cancel: kfunc({ timer }, int, (k, { timer: view }) => (hrtimers(k).cancel(view.addr) ? 1 : 0)),
  hrtimer_try_to_cancel: kfunc({ timer }, int, (k, { timer: view }) => (hrtimers(k).cancel(view.addr) ? 1 : 0)),
  hrtimer_active: kfunc({ timer }, bool, (k, { timer: view }) => hrtimers(k).pending(view.addr)),
  hrtimer_forward: kfunc({ timer, now: ktime_t, interval: ktime_t }, u64, (k, { timer: view, now, interval }) =>
    hrtimers(k).forward(view.addr, now, interval),
  ),
  __hrtimer_get_remaining: kfunc({ timer, adjust: bool }, ktime_t, (k, { timer: view }) => view['node.expires'] - hrtimers(k).now(view)),
  schedule_hrtimeout: blocking({ expires: voidPtr, mode: uint }, int, (k, { expires, mode }) => sleepUntil(k, expires, mode)),
  schedule_hrtimeout_range: partial(
    'sleeps to the exact time: the slack is not used',
    blocking({ expires: voidPtr, delta: u64, mode: uint }, int, (k, { expires, mode }) => sleepUntil(k, expires, mode)),
  ),
});
