// The per-CPU area of the one CPU. Offsets of the kernel's own variables come from the description. Source: mm/percpu.c.
import { gfp_t, type KernelApi, kdata, kernelApi, kernelSymbol, kfunc, nothing, partial, size_t, voidPtr } from '../api/index.ts';
import { REG_GS_BASE, REGISTER_FILE } from '../cpu.ts';
import { type Addr, kernelAddr, type Memory } from '../memory.ts';
import { PAGE_SIZE, PERCPU } from './layout.ts';

/** Room behind the kernel's own variables for those of modules (PERCPU_MODULE_RESERVE). */
const MODULE_RESERVE = 8192;
/** Offsets below that alloc_percpu() gives out. */
const DYNAMIC_SIZE = 0x10_0000;
/** Chunks start at the smallest unit of the allocator. */
const MIN_ALLOC = 4;
/** Where the kernel's own variables end. */
const PERCPU_END = kernelSymbol('__per_cpu_end');
const NULL = 0;
const align = (value: number, to: number): number => Math.ceil(value / to) * to;

/** preempt_count() bit 31 on x86: set while no reschedule is needed (arch/x86/include/asm/preempt.h). */
const PREEMPT_NEED_RESCHED = 0x80000000;

export interface PercpuOffsets {
  /** Offset of a per-CPU variable of the kernel, from its symbol's value. */
  of(symbol: string): number;
}

/** A first-fit allocator of byte ranges between two offsets. */
class Chunk {
  readonly #start: number;
  readonly #end: number;
  /** Sorted by start. */
  readonly #ranges: { readonly start: number; readonly end: number }[] = [];
  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
  }
  alloc(size: number, alignment: number): number | undefined {
    let start = align(this.#start, alignment);
    let index = 0;
    for (const range of this.#ranges) {
      if (start + size <= range.start) break;
      start = align(range.end, alignment);
      index++;
    }
    if (start + size > this.#end) return undefined;
    this.#ranges.splice(index, 0, { start, end: start + align(Math.max(size, 1), MIN_ALLOC) });
    return start;
  }
  free(start: number): boolean {
    const index = this.#ranges.findIndex((range) => range.start === start);
    if (index >= 0) this.#ranges.splice(index, 1);
    return index >= 0;
  }
}

export class Percpu {
  readonly base: Addr = kernelAddr(PERCPU.start);
  readonly #memory: Memory;
  readonly #currentTask: Addr;
  readonly #preemptCount: Addr;
  readonly #reserved: Chunk;
  readonly #dynamic: Chunk;

  constructor(memory: Memory, offsets: PercpuOffsets) {
    this.#memory = memory;
    this.#currentTask = this.base + offsets.of('current_task');
    this.#preemptCount = this.base + offsets.of('__preempt_count');
    const end = offsets.of(PERCPU_END);
    this.#reserved = new Chunk(end, end + MODULE_RESERVE);
    this.#dynamic = new Chunk(end + MODULE_RESERVE, end + DYNAMIC_SIZE);
    memory.setPtr(this.base + offsets.of('this_cpu_off'), this.base);
    memory.view.setUint32(REGISTER_FILE + REG_GS_BASE, this.base >>> 0, true);
    memory.view.setInt32(REGISTER_FILE + REG_GS_BASE + 4, -1, true);
    this.preemptCount = 0;
  }
  /** Zeroed room for a module's static per-CPU variables (its offset), or undefined when the reserve is used up. */
  allocReserved(size: number, alignment: number): number | undefined {
    return this.#zeroed(this.#reserved.alloc(size, Math.min(alignment, PAGE_SIZE)), size);
  }
  alloc(size: number, alignment: number): number | undefined {
    return this.#zeroed(this.#dynamic.alloc(size, alignment), size);
  }
  #zeroed(offset: number | undefined, size: number): number | undefined {
    if (offset !== undefined) this.#memory.fill(this.base + offset, 0, size);
    return offset;
  }
  free(offset: number): void {
    if (!this.#dynamic.free(offset)) this.#reserved.free(offset);
  }
  set currentTask(task: Addr) {
    this.#memory.setPtr(this.#currentTask, task);
  }
  /** preempt_count() without the inverted need-resched bit. */
  get preemptCount(): number {
    return this.#memory.u32(this.#preemptCount) & ~PREEMPT_NEED_RESCHED;
  }
  set preemptCount(count: number) {
    this.#memory.setU32(this.#preemptCount, (count | PREEMPT_NEED_RESCHED) >>> 0);
  }
}

export const percpuApi: KernelApi = kernelApi('mm/percpu.c', {
  /** A per-CPU pointer is an offset: this_cpu_ptr() adds the CPU's base to it. */
  __alloc_percpu: kfunc(
    { size: size_t, align: size_t },
    voidPtr,
    (k, { size, align: alignment }) => k.percpu.alloc(size, alignment) ?? NULL,
  ),
  __alloc_percpu_gfp: partial(
    'allocation never waits: there is no reclaim',
    kfunc({ size: size_t, align: size_t, gfp: gfp_t }, voidPtr, (k, { size, align: alignment }) => k.percpu.alloc(size, alignment) ?? NULL),
  ),
  free_percpu: kfunc({ ptr: voidPtr }, nothing, (k, { ptr }) => {
    if (ptr !== NULL) k.percpu.free(ptr);
  }),
  __per_cpu_offset: kdata((k, address) => k.memory.setPtr(address, k.percpu.base)),
});
