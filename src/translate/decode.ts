// x86-64 machine code to plain objects, by iced-x86. The only file that knows the library.
import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';

export interface RegisterOperand {
  readonly kind: 'register';
  /** Hardware number. */
  readonly n: number;
  readonly bits: 8 | 16 | 32 | 64;
  /** ah ch dh bh: bits 8..15 of n. */
  readonly high: boolean;
}
export interface ImmediateOperand {
  readonly kind: 'immediate';
  /** Sign- or zero-extended as the instruction says, to 64 bits. */
  readonly value: bigint;
  readonly bits: number;
}
export interface MemoryOperand {
  readonly kind: 'memory';
  readonly bits: number;
  readonly base: number | undefined;
  readonly index: number | undefined;
  readonly scale: number;
  /** Signed. For rip-relative operands the absolute address (signed). */
  readonly displacement: bigint;
  readonly segment: 'gs' | 'fs' | undefined;
}
export type Operand = RegisterOperand | ImmediateOperand | MemoryOperand | { readonly kind: 'other' };

export interface Instruction {
  /** Low 32 bits of its address. */
  readonly ip: number;
  readonly length: number;
  /** Intel's mnemonic as iced spells it: 'Mov', 'Cmpxchg'. */
  readonly mnemonic: string;
  readonly operands: readonly Operand[];
  readonly rep: boolean;
  readonly repne: boolean;
  readonly flow: 'next' | 'jump' | 'branch' | 'call' | 'return' | 'indirect-jump' | 'indirect-call' | 'stop';
  /** Of direct jumps, branches and calls: low 32 bits. */
  readonly target: number;
  /** Condition code of jcc, setcc, cmovcc in the encoding's order (0 o, 1 no, 2 b ... 15 g); -1 without. */
  readonly condition: number;
  /** Masks of FLAG_*. */
  readonly flagsRead: number;
  readonly flagsWritten: number;
}

export const CF = 1;
export const PF = 2;
export const AF = 4;
export const ZF = 8;
export const SF = 16;
export const OF = 32;
export const ALL_FLAGS = 63;

interface Library {
  readonly iced: typeof Iced;
  readonly registers: readonly (RegisterOperand | undefined)[];
}
let library: Library | undefined;

/** Loaded when the first instruction is decoded: it costs 50 to 100 ms. */
function load(): Library {
  if (library === undefined) {
    const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
    library = { iced, registers: registerTable(iced) };
  }
  return library;
}

function registerTable(iced: typeof Iced): (RegisterOperand | undefined)[] {
  const table: (RegisterOperand | undefined)[] = [];
  const numbers = iced.Register as unknown as Record<string, number>;
  const put = (name: string, n: number, bits: RegisterOperand['bits'], high = false): void => {
    table[numbers[name] as number] = { kind: 'register', n, bits, high };
  };
  const classic = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'];
  classic.forEach((name, n) => {
    put(`R${name}`, n, 64);
    put(`E${name}`, n, 32);
    put(name, n, 16);
    put(n < 4 ? `${name[0]}L` : `${name}L`, n, 8);
    if (n < 4) put(`${name[0]}H`, n, 8, true);
  });
  for (let n = 8; n < 16; n++) {
    put(`R${n}`, n, 64);
    put(`R${n}D`, n, 32);
    put(`R${n}W`, n, 16);
    put(`R${n}L`, n, 8);
  }
  return table;
}

const MAX_LENGTH = 15;

/** Decodes the instruction at index `ip` of `memory`, which must not be read beyond `end`. Undefined: not an instruction. */
export function decode(memory: Uint8Array, ip: number, end: number): Instruction | undefined {
  const { iced } = load();
  const bytes = memory.slice(ip, Math.min(ip + MAX_LENGTH, end));
  const decoder = new iced.Decoder(64, bytes, 0);
  decoder.ip = BigInt.asUintN(64, BigInt(ip) - 0x1_0000_0000n);
  const instruction = decoder.decode();
  try {
    return instruction.isInvalid ? undefined : convert(instruction, ip);
  } finally {
    instruction.free();
    decoder.free();
  }
}
/** The instruction's text in Intel syntax. */
export function disassemble(memory: Uint8Array, ip: number): string {
  const { iced } = load();
  const decoder = new iced.Decoder(64, memory.slice(ip, ip + MAX_LENGTH), 0);
  decoder.ip = BigInt.asUintN(64, BigInt(ip) - 0x1_0000_0000n);
  const instruction = decoder.decode();
  const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm);
  const text = formatter.format(instruction);
  formatter.free();
  instruction.free();
  decoder.free();
  return text;
}

function convert(instruction: Iced.Instruction, ip: number): Instruction {
  const { iced } = load();
  const { FlowControl, Mnemonic, RflagsBits } = iced;
  const flags = (mask: number): number =>
    (mask & RflagsBits.CF ? CF : 0) | (mask & RflagsBits.PF ? PF : 0) | (mask & RflagsBits.AF ? AF : 0) |
    (mask & RflagsBits.ZF ? ZF : 0) | (mask & RflagsBits.SF ? SF : 0) | (mask & RflagsBits.OF ? OF : 0);
  let flow: Instruction['flow'] = 'next';
  switch (instruction.flowControl) {
    case FlowControl.UnconditionalBranch: flow = 'jump'; break;
    case FlowControl.ConditionalBranch: flow = 'branch'; break;
    case FlowControl.Call: flow = 'call'; break;
    case FlowControl.Return: flow = 'return'; break;
    case FlowControl.IndirectBranch: flow = 'indirect-jump'; break;
    case FlowControl.IndirectCall: flow = 'indirect-call'; break;
    case FlowControl.Exception: flow = 'stop'; break;
    default: break;
  }
  const mnemonic = Mnemonic[instruction.mnemonic] as string;
  if (mnemonic === 'Int3' || mnemonic === 'Hlt' || mnemonic === 'Ud1') flow = 'stop';
  const direct = flow === 'jump' || flow === 'branch' || flow === 'call';
  return {
    ip,
    length: instruction.length,
    mnemonic,
    operands: direct ? [] : Array.from({ length: instruction.opCount }, (_, n) => operand(instruction, n)),
    rep: instruction.hasRepPrefix,
    repne: instruction.hasRepnePrefix,
    flow,
    target: direct ? Number(BigInt.asUintN(32, instruction.nearBranchTarget)) : 0,
    condition: instruction.conditionCode - 1,
    flagsRead: flags(instruction.rflagsRead),
    flagsWritten: flags(instruction.rflagsModified),
  };
}

function operand(instruction: Iced.Instruction, n: number): Operand {
  const { iced, registers } = load();
  const { OpKind, Register, MemorySizeExt } = iced;
  const kind = instruction.opKind(n);
  switch (kind) {
    case OpKind.Register:
      return registers[instruction.opRegister(n)] ?? { kind: 'other' };
    case OpKind.Memory: {
      const base = instruction.memoryBase;
      const segment = instruction.segmentPrefix;
      const relative = base === Register.RIP;
      return {
        kind: 'memory',
        bits: MemorySizeExt.size(instruction.memorySize) * 8,
        base: relative ? undefined : registers[base]?.n,
        index: registers[instruction.memoryIndex]?.n,
        scale: instruction.memoryIndexScale,
        displacement: BigInt.asIntN(64, instruction.memoryDisplacement),
        segment: segment === Register.GS ? 'gs' : segment === Register.FS ? 'fs' : undefined,
      };
    }
    case OpKind.Immediate8: case OpKind.Immediate8to16: case OpKind.Immediate8to32: case OpKind.Immediate8to64:
    case OpKind.Immediate16: case OpKind.Immediate32: case OpKind.Immediate32to64: case OpKind.Immediate64:
      return { kind: 'immediate', value: instruction.immediate(n), bits: 64 };
    default:
      return { kind: 'other' };
  }
}
