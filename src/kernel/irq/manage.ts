// Interrupt lines and their handlers. No hardware raises them: `Irqs.raise` does, for tests. Source: kernel/irq/manage.c,
// kernel/irq/handle.c, kernel/irq/proc.c.
import { EBUSY, EINVAL } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  ulong,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import { Devres } from '../drivers/base/devres.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, hex64 } from '../memory.ts';
import { interrupts } from '../q35.generated.ts';
import { HARDIRQ_OFFSET } from '../sched/softirqs.ts';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, type Task } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';

// include/linux/interrupt.h, include/linux/irqreturn.h.
const IRQF_SHARED = 0x80;
const IRQF_PROBE_SHARED = 0x100;
const IRQF_ONESHOT = 0x2000;
const IRQF_TRIGGER_MASK = 0xf;
const IRQF_NO_AUTOEN = 0x80000;
const IRQ_WAKE_THREAD = 2;
/** Lines that exist before a driver maps one: those of the ISA bus. */
const LEGACY_IRQS = 16;
/** The timer's handler: NOBALANCING, IRQPOLL, TIMER. Serial ports and the clock do not share their lines, the others do. */
const BUILT_IN_FLAGS: Readonly<Record<string, number>> = { timer: 0x15a00, rtc0: 0, ttyS0: 0, ttyS1: 0 };
const NULL = 0;

interface Action {
  readonly handler: Addr;
  readonly threadFn: Addr;
  readonly flags: number;
  readonly name: string;
  readonly nameAt: Addr;
  readonly devId: Addr;
  thread: Task | undefined;
  /** The handler asked for its thread, which has not run yet. */
  wanted: boolean;
  stop: boolean;
}
export interface Line {
  readonly irq: number;
  readonly chip: string;
  readonly actions: Action[];
  count: number;
  /** How often it was disabled. */
  depth: number;
  /** Raised while it was disabled. */
  pending: boolean;
  /** Handlers of this line run now, or their threads. */
  inProgress: number;
  /** `struct irq_desc` of a line that a module has made: its chip is told what happens. */
  readonly descriptor?: Addr;
  /** Handlers run in the thread of the line above: none has a thread of its own. */
  nested?: boolean;
  /** Nobody may ask for it. */
  reserved?: boolean;
}

export class Irqs {
  readonly #k: Kernel;
  readonly #lines = new Map<number, Line>();
  constructor(k: Kernel) {
    this.#k = k;
    for (let irq = 0; irq < LEGACY_IRQS; irq++) this.#lines.set(irq, line(irq, irq, 'edge'));
    for (const text of interrupts) {
      const found = /^(\d+): \d+ IO-APIC (\S+) (.*)$/.exec(text);
      const [, number = '', kind = '', name = ''] = found ?? [];
      const irq = Number(number);
      const entry = line(irq, Number.parseInt(kind, 10), kind.slice(kind.indexOf('-') + 1));
      entry.actions.push(builtIn(name));
      this.#lines.set(irq, entry);
    }
  }
  /** /proc/interrupts, its numbered lines. */
  procText(): string {
    const lines = [...this.#lines.values()].filter(({ actions }) => actions.length > 0).sort((a, b) => a.irq - b.irq);
    const body = lines.map(
      ({ irq, count, chip, actions }) =>
        `${String(irq).padStart(3)}: ${String(count).padStart(10)}  ${chip}  ${actions.map(({ name }) => name).join(', ')}\n`,
    );
    return `           CPU0       \n${body.join('')}`;
  }
  has(irq: number): boolean {
    return this.#lines.has(irq);
  }
  add(entry: Line): void {
    this.#lines.set(entry.irq, entry);
  }
  remove(irq: number): void {
    this.#lines.delete(irq);
  }
  /** Runs the handlers in the caller's context. */
  *handle(irq: number): Sleeping<void> {
    const entry = this.#lines.get(irq);
    if (entry === undefined) return;
    if (entry.depth > 0) {
      entry.pending = true;
      return;
    }
    entry.count++;
    for (const action of [...entry.actions]) {
      const result = action.handler === NULL ? IRQ_WAKE_THREAD : yield* this.#k.callInt(action.handler, irq, action.devId);
      if (result === IRQ_WAKE_THREAD) wakeThread(this.#k, entry, action);
    }
  }
  /** Runs the threads' functions in the caller's context. */
  *handleNested(irq: number): Sleeping<void> {
    const entry = this.#lines.get(irq);
    if (entry === undefined || entry.depth > 0 || entry.actions.length === 0) {
      if (entry !== undefined) entry.pending = true;
      return;
    }
    entry.count++;
    for (const { threadFn, devId } of [...entry.actions]) if (threadFn !== NULL) yield* this.#k.callInt(threadFn, irq, devId);
  }
  /** Tells the chip of a module's line: the first of these functions that it has. */
  *tellChip(
    irq: number,
    ...names: readonly ('irq_startup' | 'irq_enable' | 'irq_unmask' | 'irq_shutdown' | 'irq_disable' | 'irq_mask')[]
  ): Sleeping<void> {
    const k = this.#k;
    const descriptor = this.#lines.get(irq)?.descriptor;
    if (descriptor === undefined) return;
    const data = descriptor + k.layouts.offsetOf('irq_desc', 'irq_data');
    const chip = k.memory.ptr(data + k.layouts.offsetOf('irq_data', 'chip'));
    if (chip === NULL) return;
    for (const name of names) {
      const fn = k.memory.ptr(chip + k.layouts.offsetOf('irq_chip', name));
      if (fn === NULL) continue;
      yield* k.call(fn, data);
      return;
    }
  }
  at(irq: number): Line | undefined {
    return this.#lines.get(irq);
  }

  /** request_threaded_irq(): 0 or -errno. */
  request(irq: number, handler: Addr, threadFn: Addr, flags: number, nameAt: Addr, devId: Addr): number {
    const k = this.#k;
    const entry = this.#lines.get(irq);
    if ((flags & IRQF_SHARED) !== 0 && (devId === NULL || (flags & IRQF_NO_AUTOEN) !== 0)) return -EINVAL;
    if (entry === undefined || entry.reserved === true || (handler === NULL && threadFn === NULL)) return -EINVAL;
    const name = nameAt === NULL ? '' : k.memory.cstring(nameAt);
    const first = entry.actions[0];
    if (first !== undefined) {
      const shared = (first.flags & flags & IRQF_SHARED) !== 0;
      const trigger = flags & IRQF_TRIGGER_MASK;
      const sameTrigger = trigger === 0 || trigger === (first.flags & IRQF_TRIGGER_MASK);
      if (!shared || !sameTrigger || ((first.flags ^ flags) & IRQF_ONESHOT) !== 0) {
        if ((flags & IRQF_PROBE_SHARED) === 0) {
          k.log.print('err', `genirq: Flags mismatch irq ${irq}. ${hex8(flags)} (${name}) vs. ${hex8(first.flags)} (${first.name})`);
        }
        return -EBUSY;
      }
    }
    if (handler === NULL && (flags & IRQF_ONESHOT) === 0) {
      k.log.print('err', `genirq: Threaded irq requested with handler=NULL and !ONESHOT for ${name} (irq ${irq})`);
      return -EINVAL;
    }
    const action: Action = { handler, threadFn, flags, name, nameAt, devId, thread: undefined, wanted: false, stop: false };
    if (threadFn !== NULL && entry.nested !== true) action.thread = this.#startThread(entry, action);
    entry.actions.push(action);
    if (entry.actions.length === 1) entry.depth = (flags & IRQF_NO_AUTOEN) === 0 ? 0 : 1;
    return 0;
  }
  #startThread(entry: Line, action: Action): Task {
    const k = this.#k;
    return k.scheduler.spawn(`irq/${entry.irq}-${action.name}`, function* (): Sleeping<number> {
      const self = k.current;
      while (!action.stop) {
        yield* k.get(Waiters).until(self.addr, TASK_INTERRUPTIBLE, () => action.wanted || action.stop);
        if (!action.wanted) continue;
        action.wanted = false;
        yield* k.callInt(action.threadFn, entry.irq, action.devId);
        entry.inProgress--;
        k.get(Waiters).wake(entry, Number.POSITIVE_INFINITY);
      }
      return 0;
    });
  }
  /** free_irq(): the name that was given, or NULL after a warning. */
  *free(irq: number, devId: Addr): Sleeping<Addr> {
    const entry = this.#lines.get(irq);
    const at = entry?.actions.findIndex((action) => action.devId === devId && action.nameAt !== NULL) ?? -1;
    if (entry === undefined) return NULL;
    const [action] = at < 0 ? [] : entry.actions.splice(at, 1);
    if (action === undefined) {
      this.#k.exceptions.warn('kernel/irq/manage.c', 1887, 'free_irq', `Trying to free already-free IRQ ${irq}`);
      return NULL;
    }
    if (entry.actions.length === 0) yield* this.tellChip(irq, 'irq_shutdown', 'irq_disable', 'irq_mask');
    yield* this.synchronize(irq);
    if (action.thread !== undefined) {
      action.stop = true;
      this.#k.get(Waiters).wake(action.thread.addr, 1);
    }
    return action.nameAt;
  }
  /** Waits until no handler and no thread of the line runs. */
  *synchronize(irq: number): Sleeping<void> {
    const entry = this.#lines.get(irq);
    if (entry !== undefined) yield* this.#k.get(Waiters).until(entry, TASK_UNINTERRUPTIBLE, () => entry.inProgress === 0);
  }
  disable(irq: number): void {
    const entry = this.#lines.get(irq);
    if (entry !== undefined) entry.depth++;
  }
  enable(irq: number): void {
    const entry = this.#lines.get(irq);
    if (entry === undefined) return;
    if (entry.depth === 0) {
      this.#k.exceptions.warn('kernel/irq/manage.c', 781, '__enable_irq', `Unbalanced enable for IRQ ${irq}`);
      return;
    }
    if (--entry.depth > 0 || !entry.pending) return;
    entry.pending = false;
    this.raise(irq);
  }
  /** The line is raised: its handlers run now, on top of whatever runs. Whether the line exists. */
  raise(irq: number): boolean {
    const k = this.#k;
    const entry = this.#lines.get(irq);
    if (entry === undefined) return false;
    if (entry.depth > 0) {
      entry.pending = true;
      return true;
    }
    entry.count++;
    k.scheduler.interrupt(HARDIRQ_OFFSET, function* () {
      for (const action of [...entry.actions]) {
        if (action.nameAt === NULL) continue;
        const result = action.handler === NULL ? IRQ_WAKE_THREAD : yield* k.callInt(action.handler, irq, action.devId);
        if (result === IRQ_WAKE_THREAD) wakeThread(k, entry, action);
      }
    });
    return true;
  }
  wakeThread(irq: number, devId: Addr): void {
    const entry = this.#lines.get(irq);
    const action = entry?.actions.find((candidate) => candidate.devId === devId);
    if (entry !== undefined && action !== undefined) wakeThread(this.#k, entry, action);
  }
}
function wakeThread(k: Kernel, entry: Line, action: Action): void {
  if (action.thread === undefined || action.wanted) return;
  action.wanted = true;
  entry.inProgress++;
  k.get(Waiters).wake(action.thread.addr, 1);
}
/** `trigger`: `pin` of the IO-APIC; `trigger`: 'edge' or 'fasteoi'. */
const line = (irq: number, pin: number, trigger: string): Line => ({
  irq,
  chip: ` IO-APIC ${String(pin).padStart(3)}-${trigger.padEnd(8)}`,
  actions: [],
  count: 0,
  depth: 0,
  pending: false,
  inProgress: 0,
});
const builtIn = (name: string): Action => ({
  handler: NULL,
  threadFn: NULL,
  flags: BUILT_IN_FLAGS[name] ?? IRQF_SHARED,
  name,
  nameAt: NULL,
  devId: NULL,
  thread: undefined,
  wanted: false,
  stop: false,
});
const hex8 = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');

const irqs = (k: Kernel): Irqs => k.get(Irqs);
const dev = pointer('struct device *');
const NO_HARDWARE = 'nothing raises interrupts by itself; the chip is not programmed';
const request = { irq: uint, handler: voidPtr, thread_fn: voidPtr, irqflags: ulongAddr, devname: voidPtr, dev_id: voidPtr } as const;

/** The first user of a line starts it. `error`: what the request gave. */
function* start(k: Kernel, irq: number, error: number): Sleeping<number> {
  const entry = irqs(k).at(irq);
  if (error === 0 && entry?.actions.length === 1 && entry.depth === 0)
    yield* irqs(k).tellChip(irq, 'irq_startup', 'irq_enable', 'irq_unmask');
  return error;
}

export const irqManageApi: KernelApi = kernelApi('kernel/irq/manage.c', {
  request_threaded_irq: partial(
    NO_HARDWARE,
    blocking(request, int, (k, { irq, handler, thread_fn, irqflags, devname, dev_id }) =>
      start(k, irq, irqs(k).request(irq, handler, thread_fn, irqflags, devname, dev_id)),
    ),
  ),
  /** With a handler that runs in a thread where the line is nested: no line here is. Return: IRQC_IS_HARDIRQ is 0. */
  request_any_context_irq: partial(
    NO_HARDWARE,
    kfunc(
      { irq: uint, handler: voidPtr, flags: ulongAddr, name: voidPtr, dev_id: voidPtr },
      int,
      (k, { irq, handler, flags, name, dev_id }) => irqs(k).request(irq, handler, NULL, flags, name, dev_id),
    ),
  ),
  free_irq: blocking({ irq: uint, dev_id: voidPtr }, voidPtr, (k, { irq, dev_id }) => irqs(k).free(irq, dev_id)),
  synchronize_irq: blocking({ irq: uint }, nothing, (k, { irq }) => irqs(k).synchronize(irq)),
  synchronize_hardirq: kfunc({ irq: uint }, bool, (k, { irq }) => (irqs(k).at(irq)?.inProgress ?? 0) === 0),
  disable_irq: blocking({ irq: uint }, nothing, function* (k, { irq }) {
    irqs(k).disable(irq);
    yield* irqs(k).tellChip(irq, 'irq_disable', 'irq_mask');
    yield* irqs(k).synchronize(irq);
  }),
  disable_irq_nosync: blocking({ irq: uint }, nothing, function* (k, { irq }) {
    irqs(k).disable(irq);
    yield* irqs(k).tellChip(irq, 'irq_disable', 'irq_mask');
  }),
  disable_hardirq: kfunc({ irq: uint }, bool, (k, { irq }) => {
    irqs(k).disable(irq);
    return (irqs(k).at(irq)?.inProgress ?? 0) === 0;
  }),
  enable_irq: blocking({ irq: uint }, nothing, function* (k, { irq }) {
    if (irqs(k).at(irq)?.depth === 1) yield* irqs(k).tellChip(irq, 'irq_enable', 'irq_unmask');
    irqs(k).enable(irq);
  }),
  irq_wake_thread: kfunc({ irq: uint, dev_id: voidPtr }, nothing, (k, { irq, dev_id }) => irqs(k).wakeThread(irq, dev_id)),
  irq_set_irq_wake: partial(
    'nothing ever suspends',
    kfunc({ irq: uint, on: uint }, int, (k, { irq }) => (irqs(k).at(irq) === undefined ? -EINVAL : 0)),
  ),
  devm_request_threaded_irq: partial(
    NO_HARDWARE,
    blocking({ dev, ...request }, int, function* (k, { dev: device, irq, handler, thread_fn, irqflags, devname, dev_id }) {
      const error = yield* start(k, irq, irqs(k).request(irq, handler, thread_fn, irqflags, devname, dev_id));
      if (error === 0) k.get(Devres).addUndo(device, irqKey(irq, dev_id), () => irqs(k).free(irq, dev_id));
      return error;
    }),
  ),
  devm_free_irq: blocking({ dev, irq: uint, dev_id: voidPtr }, nothing, function* (k, { dev: device, irq, dev_id }) {
    yield* k.get(Devres).undo(device, irqKey(irq, dev_id));
  }),
  /** No line is idle and enabled with nobody on it: probing finds none. */
  probe_irq_on: partial(
    NO_HARDWARE,
    kfunc({}, ulong, () => 0n),
  ),
  probe_irq_off: partial(
    NO_HARDWARE,
    kfunc({ val: ulong }, int, () => 0),
  ),
});
/** What names a managed interrupt among a device's resources. */
const irqKey = (irq: number, devId: Addr): string => `irq ${irq} ${hex64(devId)}`;
