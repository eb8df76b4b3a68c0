// What the translator needs from the outside, and what it tells. All `ip`s are low 32 bits of guest addresses.

/** Places in guest memory (indices) where registers and limits live. */
export interface Layout {
  /** 16 times 8 bytes in hardware numbering. */
  readonly registers: number;
  readonly rip: number;
  readonly rflags: number;
  readonly gsBase: number;
  /** u32: the lowest index that rsp may have at a function entry. */
  readonly stackLimit: number;
  /** u32: function entries that are left. */
  readonly budget: number;
  readonly faultAddress: number;
  /** Private area of the translator: its start, at least 64 KiB. */
  readonly scratch: number;
  /** First index that the guest may touch. */
  readonly guestStart: number;
  /** Low half of the address from which on pages may be read-only. */
  readonly modulesStart: number;
  /** A byte for each page from there: whether it is. */
  readonly protectedPages: number;
}

export interface FunctionRange {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly cold?: { readonly start: number; readonly end: number };
}

/** Instructions that reach outside. `undefined` and `false` raise #GP. */
export interface TranslatorIo {
  portIn(port: number, bytes: 1 | 2 | 4): number;
  portOut(port: number, bytes: 1 | 2 | 4, value: number): void;
  readMsr(index: number): bigint | undefined;
  writeMsr(index: number, value: bigint): boolean;
  cpuid(leaf: number, subleaf: number): readonly [number, number, number, number];
  rdtsc(): bigint;
}

export interface TranslatorHost {
  readonly memory: WebAssembly.Memory;
  /** The index of the host function at `ip`, or -1. */
  hostFunctionAt(ip: number): number;
  /** Runs a host function; returns the low half of the popped return address, 0 to unwind. */
  hostCall(index: number): number;
  /** The function whose text holds `ip`, or undefined when this is not guest text. */
  functionAt(ip: number): FunctionRange | undefined;
  /** The register that the retpoline thunk at `ip` jumps through, or -1. */
  thunkAt?(ip: number): number;
  readonly io: TranslatorIo;
}

/** 'none' trusts all addresses; 'default' refuses all that are outside guest memory. */
export type CheckMode = 'none' | 'default';

export interface TranslatorOptions {
  readonly layout: Layout;
  readonly checks?: CheckMode;
  /** Loop iterations per function invocation until a 'budget' stop. */
  readonly fuel?: number;
  /** Most functions of one WebAssembly module. */
  readonly batchFunctions?: number;
  /** Bytes of text after which a batch takes no further function. */
  readonly batchBytes?: number;
}

export type Stop =
  | { readonly kind: 'left'; readonly ip: number }
  | { readonly kind: 'kernel' }
  | { readonly kind: 'fault'; readonly ip: number; readonly address: bigint; readonly write: boolean }
  | { readonly kind: 'trap'; readonly ip: number; readonly vector: number }
  | { readonly kind: 'stack'; readonly ip: number }
  | { readonly kind: 'budget'; readonly ip: number }
  | { readonly kind: 'unimplemented'; readonly ip: number; readonly text: string };
