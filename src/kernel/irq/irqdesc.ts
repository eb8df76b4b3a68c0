// Interrupt lines that modules make, with chips of their own. Source: kernel/irq/{irqdesc,chip}.c.
import { EEXIST, EINVAL } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  uint,
  ulong,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { Irqs } from './manage.ts';

const IrqDesc = kernelStruct('irq_desc', {
  'irq_data.irq': uint,
  'irq_data.chip': voidPtr,
  'irq_data.chip_data': voidPtr,
  handle_irq: voidPtr,
});
const IrqChip = kernelStruct('irq_chip', { name: voidPtr, irq_set_type: voidPtr });
const NULL = 0;
/** The pins of q35's IO-APIC come first (gsi_top). */
const FIRST_DYNAMIC = 24;
// include/linux/irq.h.
const IRQ_NOREQUEST = 1n << 11n;
const IRQ_NESTED_THREAD = 1n << 15n;

const irqs = (k: Kernel): Irqs => k.get(Irqs);
/** The descriptor of a module's line; undefined for the machine's own. */
const descriptor = (k: Kernel, irq: number): Addr | undefined => irqs(k).at(irq)?.descriptor;

function allocate(k: Kernel, irq: number, from: number, count: number): number {
  if (count === 0 || (irq >= 0 && from > irq)) return -EINVAL;
  let first = Math.max(irq >= 0 ? irq : from, irq >= 0 ? 0 : FIRST_DYNAMIC);
  const free = (at: number): boolean => Array.from({ length: count }, (_, n) => at + n).every((each) => !irqs(k).has(each));
  while (!free(first)) first++;
  if (irq >= 0 && first !== irq) return -EEXIST;
  for (let n = 0; n < count; n++) {
    const desc = k.view(IrqDesc, kzalloc(k, k.layouts.sizeOf('irq_desc')));
    desc['irq_data.irq'] = first + n;
    irqs(k).add({
      irq: first + n,
      chip: '     None    Edge   ',
      actions: [],
      count: 0,
      depth: 1,
      pending: false,
      inProgress: 0,
      descriptor: desc.addr,
    });
  }
  return first;
}
function release(k: Kernel, from: number, count: number): void {
  for (let irq = from; irq < from + count; irq++) {
    const desc = descriptor(k, irq);
    irqs(k).remove(irq);
    if (desc !== undefined) k.slab.free(desc);
  }
}
/** Sets a field of the descriptor: 0, or -EINVAL without one. */
function set(k: Kernel, irq: number, field: 'irq_data.chip' | 'irq_data.chip_data' | 'handle_irq', value: Addr): number {
  const desc = descriptor(k, irq);
  if (desc === undefined) return -EINVAL;
  k.view(IrqDesc, desc)[field] = value;
  return 0;
}
const irq = uint;
const desc = pointer('struct irq_desc *');
const FLOW = 'the chip is neither acknowledged nor masked';
const flow = partial(
  FLOW,
  blocking({ desc }, nothing, (k, { desc: at }) => irqs(k).handle(k.view(IrqDesc, at)['irq_data.irq'])),
);

export const irqDescApi: KernelApi = kernelApi('kernel/irq/irqdesc.c', {
  __irq_alloc_descs: kfunc(
    { irq: int, from: uint, cnt: uint, node: int, owner: voidPtr, affinity: voidPtr },
    int,
    (k, { irq: wanted, from, cnt }) => allocate(k, wanted, from, cnt),
  ),
  irq_free_descs: kfunc({ from: uint, cnt: uint }, nothing, (k, { from, cnt }) => release(k, from, cnt)),
  generic_handle_irq: blocking({ irq }, int, function* (k, { irq: number }) {
    if (irqs(k).at(number) === undefined) return -EINVAL;
    yield* irqs(k).handle(number);
    return 0;
  }),
  generic_handle_irq_safe: blocking({ irq }, int, function* (k, { irq: number }) {
    if (irqs(k).at(number) === undefined) return -EINVAL;
    yield* irqs(k).handle(number);
    return 0;
  }),
});
export const irqChipApi: KernelApi = kernelApi('kernel/irq/chip.c', {
  dummy_irq_chip: kdata((k, address) => {
    k.view(IrqChip, address).name = k.cstringAlloc('dummy');
  }),
  irq_set_chip: kfunc({ irq, chip: voidPtr }, int, (k, { irq: number, chip }) => set(k, number, 'irq_data.chip', chip)),
  irq_set_chip_data: kfunc({ irq, data: voidPtr }, int, (k, { irq: number, data }) => set(k, number, 'irq_data.chip_data', data)),
  irq_set_chip_and_handler_name: kfunc(
    { irq, chip: voidPtr, handle: voidPtr, name: voidPtr },
    nothing,
    (k, { irq: number, chip, handle }) => {
      set(k, number, 'irq_data.chip', chip);
      set(k, number, 'handle_irq', handle);
    },
  ),
  __irq_set_handler: kfunc({ irq, handle: voidPtr, is_chained: int, name: voidPtr }, nothing, (k, { irq: number, handle }) => {
    set(k, number, 'handle_irq', handle);
  }),
  /** Status bits: whether the line may be asked for, and whether it is nested. */
  irq_modify_status: kfunc({ irq, clr: ulong, set: ulong }, nothing, (k, { irq: number, clr, set: bits }) => {
    const entry = irqs(k).at(number);
    if (entry === undefined) return;
    const change = (bit: bigint, before: boolean): boolean => (bits & bit) !== 0n || ((clr & bit) === 0n && before);
    entry.reserved = change(IRQ_NOREQUEST, entry.reserved === true);
    entry.nested = change(IRQ_NESTED_THREAD, entry.nested === true);
  }),
  irq_get_irq_data: kfunc({ irq }, voidPtr, (k, { irq: number }) => {
    const at = descriptor(k, number);
    return at === undefined ? NULL : at + k.layouts.offsetOf('irq_desc', 'irq_data');
  }),
  irq_set_irq_type: blocking({ irq, type: uint }, int, function* (k, { irq: number, type }) {
    const at = descriptor(k, number);
    if (at === undefined) return irqs(k).has(number) ? 0 : -EINVAL;
    const { 'irq_data.chip': chip } = k.view(IrqDesc, at);
    const fn = chip === NULL ? NULL : k.view(IrqChip, chip).irq_set_type;
    return fn === NULL ? 0 : yield* k.callInt(fn, at + k.layouts.offsetOf('irq_desc', 'irq_data'), type);
  }),
  handle_simple_irq: flow,
  handle_level_irq: flow,
  handle_edge_irq: flow,
  handle_nested_irq: blocking({ irq }, nothing, (k, { irq: number }) => irqs(k).handleNested(number)),
});
