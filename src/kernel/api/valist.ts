// Variable arguments: those of a call in progress, and `va_list` objects in guest memory (System V AMD64 ABI 3.5.7).
import { REGISTER_FILE } from '../cpu.ts';
import type { Addr, Memory } from '../memory.ts';

/** Reads arguments in order, each in its 8-byte slot. */
export interface VaList {
  /** The next slot as an unsigned 64-bit value. */
  u64(): bigint;
  s64(): bigint;
  /** The next slot as a pointer or size. */
  ptr(): Addr;
  /** The next slot's low 32 bits. */
  int(): number;
  uint(): number;
}

/** Hardware numbers of the argument registers in the order of the ABI: rdi rsi rdx rcx r8 r9. */
export const ARGUMENT_REGISTERS = [7, 6, 2, 1, 8, 9] as const;
const TWO32 = 2 ** 32;

/** Reads slots whose memory index `next` yields. */
class Slots implements VaList {
  readonly #view: DataView;
  readonly #next: () => number;
  constructor(view: DataView, next: () => number) {
    this.#view = view;
    this.#next = next;
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#next(), true);
  }
  s64(): bigint {
    return this.#view.getBigInt64(this.#next(), true);
  }
  ptr(): Addr {
    const slot = this.#next();
    return this.#view.getInt32(slot + 4, true) * TWO32 + this.#view.getUint32(slot, true);
  }
  int(): number {
    return this.#view.getInt32(this.#next(), true);
  }
  uint(): number {
    return this.#view.getUint32(this.#next(), true);
  }
}

/** The memory index of argument `n` of the call in progress; `rsp` points at the return address. */
export function argumentSlot(n: number, rsp: Addr): number {
  const register = ARGUMENT_REGISTERS[n];
  return register !== undefined ? REGISTER_FILE + register * 8 : (rsp + 8 + (n - 6) * 8) >>> 0;
}

/**
 * The arguments from `first` on of the call in progress. The registers are copied: the list stays good while a kernel
 * function calls into the guest.
 */
export function callArguments(memory: Memory, rsp: Addr, first: number): VaList {
  const saved = new DataView(new ArrayBuffer(48));
  for (let n = 0; n < 6; n++) saved.setBigUint64(n * 8, memory.view.getBigUint64(argumentSlot(n, rsp), true), true);
  let n = first;
  const registers = new Slots(saved, () => n * 8);
  const stack = new Slots(memory.view, () => argumentSlot(n, rsp));
  const pick = (): VaList => (n < 6 ? registers : stack);
  const take = <T>(read: (slots: VaList) => T): T => {
    const value = read(pick());
    n++;
    return value;
  };
  return {
    u64: () => take((s) => s.u64()),
    s64: () => take((s) => s.s64()),
    ptr: () => take((s) => s.ptr()),
    int: () => take((s) => s.int()),
    uint: () => take((s) => s.uint()),
  };
}

/** A `va_list` in guest memory. Reading advances it, as va_arg does. */
export function guestVaList(memory: Memory, list: Addr): VaList {
  const next = (): number => {
    const offset = memory.u32(list);
    if (offset < 48) {
      memory.setU32(list, offset + 8);
      return memory.index(memory.ptr(list + 16) + offset, 8, false);
    }
    const overflow = memory.ptr(list + 8);
    memory.setPtr(list + 8, overflow + 8);
    return memory.index(overflow, 8, false);
  };
  return new Slots(memory.view, next);
}
