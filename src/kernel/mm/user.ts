// User memory: buffers of the calling process. They lie outside guest memory, so that a module reaches them only through
// the user-copy functions, and a direct access faults as it does on Linux (SMAP).
import type { Addr } from '../memory.ts';

const FIRST: Addr = 0x7f00_0000_0000;
const PAGE = 4096;

export class UserMemory {
  readonly #ranges = new Map<Addr, Uint8Array>();
  #next = FIRST;

  /** Maps `bytes` (not a copy) and gives their user address. A page without a mapping follows. */
  map(bytes: Uint8Array): Addr {
    const address = this.#next;
    this.#next += Math.ceil(bytes.length / PAGE) * PAGE + PAGE;
    this.#ranges.set(address, bytes);
    return address;
  }
  unmap(address: Addr): void {
    this.#ranges.delete(address);
  }
  /** The mapped bytes of [address, address + size): shorter than `size` when the range ends before. */
  slice(address: Addr, size: number): Uint8Array {
    for (const [start, bytes] of this.#ranges) {
      if (address >= start && address < start + bytes.length) return bytes.subarray(address - start, address - start + size);
    }
    return new Uint8Array(0);
  }
}
