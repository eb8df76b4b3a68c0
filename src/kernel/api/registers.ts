// The register file of the running CPU, by hardware number.
import { REG_RFLAGS, REG_RIP, REGISTER_FILE, RSP } from '../cpu.ts';
import type { Addr, Memory } from '../memory.ts';

const TWO32 = 2 ** 32;
const COUNT = 16;

/** A saved register file: 16 registers, then rip and rflags. */
export type SavedRegisters = BigUint64Array;

export class Registers {
  readonly #view: DataView;
  readonly #memory: Memory;
  readonly #file: BigUint64Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#view = memory.view;
    this.#file = new BigUint64Array(memory.wasm.buffer, REGISTER_FILE, COUNT + 2);
  }
  /** The signed 64-bit value as a number: exact for addresses. */
  addr(n: number): Addr {
    const slot = REGISTER_FILE + n * 8;
    return this.#view.getInt32(slot + 4, true) * TWO32 + this.#view.getUint32(slot, true);
  }
  setAddr(n: number, value: Addr): void {
    const slot = REGISTER_FILE + n * 8;
    this.#view.setUint32(slot, value >>> 0, true);
    this.#view.setInt32(slot + 4, Math.floor(value / TWO32), true);
  }
  u64(n: number): bigint {
    return this.#view.getBigUint64(REGISTER_FILE + n * 8, true);
  }
  setU64(n: number, value: bigint): void {
    this.#view.setBigUint64(REGISTER_FILE + n * 8, BigInt.asUintN(64, value), true);
  }
  get rip(): bigint {
    return this.#view.getBigUint64(REGISTER_FILE + REG_RIP, true);
  }
  set rip(value: bigint) {
    this.#view.setBigUint64(REGISTER_FILE + REG_RIP, value, true);
  }
  get rflags(): bigint {
    return this.#view.getBigUint64(REGISTER_FILE + REG_RFLAGS, true);
  }
  set rflags(value: bigint) {
    this.#view.setBigUint64(REGISTER_FILE + REG_RFLAGS, value, true);
  }
  /** Pops a return address: its low half. */
  popReturn(): number {
    const rsp = this.addr(RSP);
    this.setAddr(RSP, rsp + 8);
    return this.#memory.u32(rsp);
  }
  push(value: Addr): void {
    const rsp = this.addr(RSP) - 8;
    this.#memory.setPtr(rsp, value);
    this.setAddr(RSP, rsp);
  }
  save(): SavedRegisters {
    return this.#file.slice();
  }
  restore(saved: SavedRegisters): void {
    this.#file.set(saved);
  }
}
