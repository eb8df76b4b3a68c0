// Work that runs in interrupt context as soon as it can. Source: kernel/irq_work.c.
import { blocking, bool, embedded, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, ptr, u32, voidPtr } from './api/index.ts';
import { HARDIRQ_OFFSET } from './sched/softirqs.ts';

const IrqWork = kernelStruct('irq_work', { node: embedded, func: voidPtr });
const CallSingleNode = kernelStruct('__call_single_node', { u_flags: u32 });
const IRQ_WORK_PENDING = 1;
const EFLAGS_IF = 0x200n;
const IRQ_WORK_BUSY = 2;
const work = ptr(IrqWork);

export const irqWorkApi: KernelApi = kernelApi('kernel/irq_work.c', {
  /** Return: false when it was pending already. */
  irq_work_queue: kfunc({ work }, bool, (k, { work: item }) => {
    const node = k.view(CallSingleNode, item.node);
    if ((node.u_flags & IRQ_WORK_PENDING) !== 0) return false;
    node.u_flags |= IRQ_WORK_PENDING | IRQ_WORK_BUSY;
    const run = (): void => {
      node.u_flags &= ~IRQ_WORK_PENDING;
      k.scheduler.interrupt(HARDIRQ_OFFSET, function* () {
        yield* k.call(item.func, item.addr);
      });
      node.u_flags &= ~IRQ_WORK_BUSY;
    };
    // The CPU interrupts itself: at once, unless interrupts are off.
    if ((k.registers.rflags & EFLAGS_IF) !== 0n) run();
    else k.clock.at(k.clock.now, run);
    k.wakePump();
    return true;
  }),
  irq_work_sync: blocking({ work }, nothing, function* (k, { work: item }) {
    const node = k.view(CallSingleNode, item.node);
    const TICK = 4_000_000;
    while ((node.u_flags & IRQ_WORK_BUSY) !== 0) yield* k.scheduler.sleepFor(TICK);
  }),
});
