// Guest memory as the kernel's TypeScript sees it. See cpu.ts for the address window.
import { GUEST_START } from './cpu.ts';

/** A guest address: its signed 64-bit value. Kernel pointers lie in [-2^32, 0), NULL is 0, user pointers are positive. */
export type Addr = number;

const TWO32 = 2 ** 32;
/** The lowest guest kernel address, and the first that belongs to ERR_PTR. */
const LOWEST = GUEST_START - TWO32;
const ERR_PTR_START = -4096;

/** The guest touched an address that it must not touch; the scheduler turns it into an oops. */
export class GuestFault extends Error {
  readonly address: Addr;
  readonly write: boolean;
  constructor(address: Addr, write: boolean) {
    super(`guest fault: ${write ? 'write to' : 'read of'} ${hex64(address)}`);
    this.address = address;
    this.write = write;
  }
}

/** 16 lower-case hex digits of an address. */
export function hex64(address: Addr): string {
  return BigInt.asUintN(64, BigInt(address)).toString(16).padStart(16, '0');
}

/** The kernel address whose low half is `index`. */
export function kernelAddr(index: number): Addr {
  return (index >>> 0) - TWO32;
}

/** One character per byte. (TextDecoder's 'latin1' is Windows-1252: it changes 0x80..0x9f.) */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 4096) {
    text += String.fromCharCode(...bytes.subarray(start, start + 4096));
  }
  return text;
}
/** The low byte of each character. */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return bytes;
}

/** All accesses are little endian and checked: outside the guest's kernel window they throw GuestFault. */
export class Memory {
  readonly wasm: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(wasm: WebAssembly.Memory) {
    this.wasm = wasm;
    this.bytes = new Uint8Array(wasm.buffer);
    this.view = new DataView(wasm.buffer);
  }

  /** The index of `address`, when all of [address, address + size) is guest memory. */
  index(address: Addr, size: number, write: boolean): number {
    if (!(address >= LOWEST && address + size <= ERR_PTR_START)) throw new GuestFault(address, write);
    return address >>> 0;
  }
  /** The items of a guest array, `size` bytes each. A count that leads out of memory is a fault, as it would be at its end. */
  array<T>(address: Addr, count: number, size: number, load: (at: Addr) => T): T[] {
    if (count > 0) this.index(address, count * size, false);
    return Array.from({ length: count }, (_, n) => load(address + n * size));
  }
  /** Whether [address, address + size) lies in the kernel window. */
  valid(address: Addr, size = 1): boolean {
    return address >= LOWEST && address + size <= ERR_PTR_START;
  }

  u8(a: Addr): number {
    return this.view.getUint8(this.index(a, 1, false));
  }
  s8(a: Addr): number {
    return this.view.getInt8(this.index(a, 1, false));
  }
  u16(a: Addr): number {
    return this.view.getUint16(this.index(a, 2, false), true);
  }
  s16(a: Addr): number {
    return this.view.getInt16(this.index(a, 2, false), true);
  }
  u32(a: Addr): number {
    return this.view.getUint32(this.index(a, 4, false), true);
  }
  s32(a: Addr): number {
    return this.view.getInt32(this.index(a, 4, false), true);
  }
  u64(a: Addr): bigint {
    return this.view.getBigUint64(this.index(a, 8, false), true);
  }
  s64(a: Addr): bigint {
    return this.view.getBigInt64(this.index(a, 8, false), true);
  }
  /** A pointer: the signed 64-bit value as a number. */
  ptr(a: Addr): Addr {
    const i = this.index(a, 8, false);
    return this.view.getInt32(i + 4, true) * TWO32 + this.view.getUint32(i, true);
  }
  /** An unsigned 64-bit value as a number; exact to 2^53. */
  u64n(a: Addr): number {
    const i = this.index(a, 8, false);
    return this.view.getUint32(i + 4, true) * TWO32 + this.view.getUint32(i, true);
  }

  setU8(a: Addr, v: number): void {
    this.view.setUint8(this.index(a, 1, true), v);
  }
  setU16(a: Addr, v: number): void {
    this.view.setUint16(this.index(a, 2, true), v, true);
  }
  setU32(a: Addr, v: number): void {
    this.view.setUint32(this.index(a, 4, true), v, true);
  }
  setU64(a: Addr, v: bigint): void {
    this.view.setBigUint64(this.index(a, 8, true), BigInt.asUintN(64, v), true);
  }
  /** Stores a number (pointer, size, signed value) as 64 bits, in two's complement. */
  setPtr(a: Addr, v: Addr): void {
    const i = this.index(a, 8, true);
    this.view.setUint32(i, v >>> 0, true);
    this.view.setInt32(i + 4, Math.floor(v / TWO32), true);
  }

  /** A copy of `size` bytes. */
  read(a: Addr, size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const i = this.index(a, size, false);
    return this.bytes.slice(i, i + size);
  }
  write(a: Addr, data: Uint8Array): void {
    if (data.length === 0) return;
    this.bytes.set(data, this.index(a, data.length, true));
  }
  fill(a: Addr, value: number, size: number): void {
    if (size === 0) return;
    const i = this.index(a, size, true);
    this.bytes.fill(value, i, i + size);
  }
  /** memmove. */
  copy(to: Addr, from: Addr, size: number): void {
    if (size === 0) return;
    const source = this.index(from, size, false);
    this.bytes.copyWithin(this.index(to, size, true), source, source + size);
  }

  /** Length of the NUL-terminated string at `a`, at most `max`. */
  strlen(a: Addr, max = Number.POSITIVE_INFINITY): number {
    const start = this.index(a, 1, false);
    const limit = Math.min(max, TWO32 + ERR_PTR_START - start);
    const end = this.bytes.indexOf(0, start);
    if (end < 0 || end - start > limit) {
      if (limit < max) throw new GuestFault(ERR_PTR_START, false);
      return limit;
    }
    return end - start;
  }
  /** The NUL-terminated string at `a`, one character per byte (Latin-1), at most `max` bytes. */
  cstring(a: Addr, max?: number): string {
    const start = this.index(a, 1, false);
    return latin1(this.bytes.subarray(start, start + this.strlen(a, max)));
  }
  /** Stores `text` (Latin-1) and a NUL. */
  setCstring(a: Addr, text: string): void {
    const i = this.index(a, text.length + 1, true);
    for (let n = 0; n < text.length; n++) this.bytes[i + n] = text.charCodeAt(n);
    this.bytes[i + text.length] = 0;
  }
}
