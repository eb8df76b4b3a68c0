// The CPU that the kernel needs. `machine` plugs in the translator; the kernel never sees WebAssembly code.
//
// Guest memory is one WebAssembly.Memory of 4 GiB; the low 32 bits of a guest address are its index. The first MiB
// (HOST_AREA) belongs to the host: the register file and the translator's tables. The guest cannot reach it: the
// address check refuses everything below GUEST_START, and everything from -4096 up (ERR_PTR).

/** Index of the register file: 16 times 8 bytes in hardware numbering (rax rcx rdx rbx rsp rbp rsi rdi r8..r15). */
export const REGISTER_FILE = 0x1000;
/** Byte offsets inside the register file, behind the 16 registers. */
export const REG_RIP = 0x80; // u64: instruction pointer of a stop (fault, trap, budget)
export const REG_RFLAGS = 0x88; // u64: IF (bit 9) and AC live here; the arithmetic flags only where a stop is exact
export const REG_GS_BASE = 0x90; // u64
export const REG_STACK_LIMIT = 0x98; // u32: lowest index that rsp may have at a function entry of the running task
export const REG_BUDGET = 0x9c; // u32: function entries left until the hard bound stops the guest
export const REG_FAULT_ADDRESS = 0xa0; // u64: address of a faulting access
/** Indices from here to PROTECTED_PAGES are the translator's own (indirect-call cache). */
export const TRANSLATOR_AREA = 0x10000;
/** One byte for each page from MODULES_START up, 1 where guest code must not write. */
export const PROTECTED_PAGES = 0x40000;
/** Low half of the address of the first such page. */
export const MODULES_START = 0xc0000000;
/** The first index, and the low half of the first address, that the guest may touch. */
export const GUEST_START = 0x100000;

/** Hardware numbers of the registers. */
export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

/** Why guest code stopped. After each stop the register file is exact, RIP included. */
export type CpuStop =
  /** Guest code returned (or jumped) to `ip`, which the CPU cannot translate: neither guest text nor a kernel function. */
  | { readonly kind: 'left'; readonly ip: number }
  /** A kernel function asked for the unwind (`CpuEnvironment.kernelCall` returned 0). The kernel knows why. */
  | { readonly kind: 'kernel' }
  /** Access to `address` outside guest memory. REG_RIP is the instruction. Nothing of it has taken effect. */
  | { readonly kind: 'fault'; readonly ip: number; readonly address: bigint; readonly write: boolean }
  /** #DE, #UD (ud2), #BP (int3), #GP at `ip`. */
  | { readonly kind: 'trap'; readonly ip: number; readonly vector: number }
  /** rsp was below REG_STACK_LIMIT at the entry of the function at `ip`. */
  | { readonly kind: 'stack'; readonly ip: number }
  /** The budget ran out at a loop header or function entry `ip`: run(ip) goes on there. */
  | { readonly kind: 'budget'; readonly ip: number }
  /** An instruction that is not lifted yet. */
  | { readonly kind: 'unimplemented'; readonly ip: number; readonly text: string };

export interface Cpu {
  /**
   * Runs guest code from `ip` (low 32 bits of its address) with the register file as it stands, until something stops it.
   * Calls of kernel functions go to the environment. Throws what a kernel function throws; the register file is then
   * as the kernel function left it.
   */
  run(ip: number): CpuStop;
  /** Forgets translations that cover [start, end) (indices): text was patched or freed. */
  invalidate(start: number, end: number): void;
}

/** A function's place: [start, end) indices. `cold` is the split-off part, when there is one. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly cold?: { readonly start: number; readonly end: number };
}

/** What the CPU asks of the kernel. All `ip`s are low 32 bits of addresses. */
export interface CpuEnvironment {
  readonly memory: WebAssembly.Memory;
  /** The dense index of the kernel function at `ip`, or -1 when there is none. */
  kernelFunctionAt(ip: number): number;
  /**
   * Runs kernel function `index` for the guest: arguments in the register file (SysV), rsp at the return address.
   * On return rax is set, the return address is popped from the guest stack and its low half is the result; 0 unwinds.
   */
  kernelCall(index: number): number;
  /** The guest function whose text holds `ip` (by module symbols), or undefined when `ip` is not executable guest text. */
  functionAt(ip: number): TextRange | undefined;
  /** The functions of the same translation unit (module) as `ip`, by start; the translator may batch them. */
  functionsNear(ip: number): readonly TextRange[];
  /** The register that the retpoline thunk at `ip` jumps through, or -1. */
  thunkAt(ip: number): number;
  /** Instructions that reach outside: ports, MSRs, time, features. Throw GuestTrap-like errors through `trap`. */
  readonly io: CpuIo;
}

export interface CpuIo {
  portIn(port: number, bytes: 1 | 2 | 4): number;
  portOut(port: number, bytes: 1 | 2 | 4, value: number): void;
  /** undefined raises #GP. */
  readMsr(index: number): bigint | undefined;
  /** false raises #GP. */
  writeMsr(index: number, value: bigint): boolean;
  cpuid(leaf: number, subleaf: number): readonly [eax: number, ebx: number, ecx: number, edx: number];
  rdtsc(): bigint;
}

export type CpuFactory = (environment: CpuEnvironment) => Cpu;
