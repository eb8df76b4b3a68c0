// Intel SDM Vol. 2, chapter 2 "Instruction Format". Decoding itself is iced-x86's work; each of its getters is a call into
// WebAssembly, so an instruction is read once into a plain object.
import type { Decoder as IcedDecoder, Instruction as IcedInstruction } from 'iced-x86';
import type { Bits, Instruction, MemoryOperand, Operand } from '../instruction.ts';
import { type IcedModule, iced } from './iced.ts';

/** Numbers of iced-x86's `Register` enumeration. */
const Reg = { AL: 1, SPL: 9, AX: 21, EAX: 37, RAX: 53, R15: 68, EIP: 69, RIP: 70, ES: 71, FS: 75, GS: 76 } as const;
/** Numbers of iced-x86's `OpKind` enumeration. */
const Kind = { register: 0, nearBranch64: 3, immediate8: 6, immediate8Second: 7, immediate32to64: 14, memory: 24 } as const;
const IMMEDIATE_BITS: Readonly<Record<number, Bits>> = { 6: 8, 7: 8, 8: 16, 9: 32, 10: 64, 11: 16, 12: 32, 13: 64, 14: 64 };
const LONGEST = 15;

function registerOperand(register: number): Operand | undefined {
  if (register >= Reg.AL && register < Reg.AX) {
    if (register >= Reg.AL + 4 && register < Reg.SPL) return { kind: 'register', register: register - Reg.AL - 4, bits: 8, high: true };
    const number = register < Reg.SPL ? register - Reg.AL : register - Reg.SPL + 4;
    return { kind: 'register', register: number, bits: 8, high: false };
  }
  if (register < Reg.AL || register > Reg.R15) return undefined;
  if (register < Reg.EAX) return { kind: 'register', register: register - Reg.AX, bits: 16, high: false };
  if (register < Reg.RAX) return { kind: 'register', register: register - Reg.EAX, bits: 32, high: false };
  return { kind: 'register', register: register - Reg.RAX, bits: 64, high: false };
}

export class Decoder {
  readonly #memory: Uint8Array;
  readonly #iced: IcedModule;
  readonly #instruction: IcedInstruction;
  readonly #memoryBits: (Bits | 0)[] = [];
  readonly #registers: (Operand | undefined)[] = [];
  #decoder: IcedDecoder | undefined;
  #start = 0;
  #end = 0;

  /** The register that a retpoline thunk at an address jumps through, or -1. */
  readonly #thunk: (ip: number) => number;

  constructor(memory: Uint8Array, thunk: (ip: number) => number = () => -1) {
    this.#memory = memory;
    this.#thunk = thunk;
    this.#iced = iced();
    this.#instruction = new this.#iced.Instruction();
    for (let register = 0; register < 256; register++) this.#registers.push(registerOperand(register));
  }

  /** Takes a new copy of the text [start, end) to decode from. */
  open(start: number, end: number): void {
    this.#decoder?.free();
    this.#start = start;
    this.#end = end;
    this.#decoder = new this.#iced.Decoder(64, this.#memory.slice(start, end), this.#iced.DecoderOptions.None);
    this.#decoder.ip = BigInt(start);
  }

  /** The instruction at `ip`, or undefined when the bytes are no instruction or leave the opened text. */
  decode(ip: number): Instruction | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined || ip < this.#start || ip >= this.#end) return undefined;
    const position = ip - this.#start;
    if (decoder.position !== position) {
      decoder.position = position;
      decoder.ip = BigInt(ip);
    }
    const raw = this.#instruction;
    decoder.decodeOut(raw);
    const { code } = raw;
    if (code === 0) return undefined;
    const next = ip + raw.length;
    const operands: Operand[] = [];
    let target = -1;
    let mnemonic: string = this.#iced.Mnemonic[raw.mnemonic] ?? 'INVALID';
    const count = raw.opCount;
    for (let n = 0; n < count; n++) {
      const kind = n === 0 ? raw.op0Kind : n === 1 ? raw.op1Kind : raw.opKind(n);
      if (kind === Kind.nearBranch64) target = Number(BigInt.asUintN(32, raw.nearBranch64));
      else {
        const operand = this.#operand(raw, n, kind);
        if (operand !== undefined) operands.push(operand);
        // Segment, control and vector registers: no lifter takes these forms.
        else if (kind === Kind.register) mnemonic += '.other';
      }
    }
    // A call or jump to a retpoline thunk is what the thunk does: one through its register.
    const through = target < 0 ? -1 : this.#thunk(target);
    if (through >= 0) {
      operands.push({ kind: 'register', register: through, bits: 64, high: false });
      target = -1;
    }
    const prefix = this.#memory[ip] ?? 0;
    // Legacy prefixes come first; only then the flags of iced are worth a call.
    const prefixed =
      prefix === 0xf0 || prefix === 0xf2 || prefix === 0xf3 || prefix === 0x66 || (prefix & 0xe7) === 0x26 || prefix === 0x67;
    return {
      ip,
      next,
      mnemonic,
      operands,
      repeat: !prefixed ? '' : raw.hasRepPrefix ? 'rep' : raw.hasRepnePrefix ? 'repne' : '',
      target,
      lock: prefixed && raw.hasLockPrefix,
    };
  }

  /** The text of the instruction at `ip`, for messages. */
  text(ip: number): string {
    const { Formatter, FormatterSyntax, Decoder: Raw } = this.#iced;
    const decoder = new Raw(64, this.#memory.slice(ip, ip + LONGEST), 0);
    decoder.ip = BigInt(ip);
    const formatter = new Formatter(FormatterSyntax.Gas);
    const instruction = decoder.decode();
    const text = formatter.format(instruction);
    instruction.free();
    formatter.free();
    decoder.free();
    return text;
  }

  #operand(raw: IcedInstruction, n: number, kind: number): Operand | undefined {
    if (kind === Kind.register) {
      return this.#registers[n === 0 ? raw.op0Register : n === 1 ? raw.op1Register : raw.opRegister(n)];
    }
    if (kind === Kind.memory) return this.#memoryOperand(raw);
    if (kind >= Kind.immediate8 && kind <= Kind.immediate32to64) {
      const bits = IMMEDIATE_BITS[kind] ?? 64;
      return { kind: 'immediate', bits, value: BigInt.asIntN(bits, raw.immediate(n) as unknown as bigint) };
    }
    // String instructions name their operands by mnemonic.
    return undefined;
  }

  #memoryOperand(raw: IcedInstruction): MemoryOperand {
    const base = raw.memoryBase;
    const index = raw.memoryIndex;
    const segment = raw.memorySegment;
    const relative = base === Reg.RIP || base === Reg.EIP;
    const displacement = raw.memoryDisplacement as unknown as bigint;
    return {
      kind: 'memory',
      bits: this.#bitsOf(raw.memorySize),
      base: relative ? -1 : this.#number(base),
      index: this.#number(index),
      shift: index === 0 ? 0 : Math.log2(raw.memoryIndexScale),
      // Guest text lies in the top 4 GiB: the high half of a rip-relative address is all ones.
      // The decoder works with low halves: a wrap past 2^32 (per-CPU offsets) is undone with them.
      displacement: BigInt.asIntN(64, relative ? displacement - 0x100000000n : displacement),
      segment: segment === Reg.GS ? 'gs' : segment === Reg.FS ? 'fs' : '',
      address32: (base >= Reg.EAX && base < Reg.RAX) || base === Reg.EIP || (index >= Reg.EAX && index < Reg.RAX),
    };
  }

  #number(register: number): number {
    const operand = this.#registers[register];
    return operand?.kind === 'register' ? operand.register : -1;
  }

  #bitsOf(memorySize: number): Bits {
    let bits = this.#memoryBits[memorySize];
    if (bits === undefined) {
      const size = this.#iced.MemorySizeExt.size(memorySize) * 8;
      bits = size === 8 || size === 16 || size === 32 ? size : 64;
      this.#memoryBits[memorySize] = bits;
    }
    return bits === 0 ? 64 : bits;
  }
}
