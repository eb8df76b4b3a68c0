// Intel SDM Vol. 2: IN, OUT, RDMSR, WRMSR, CPUID, RDTSC, CLI, STI, PUSHF, POPF, flag and cache instructions.
import { I32, I64, Op } from '#wasm';
import { AF, ALL_FLAGS, binary, CF, FLAG_POSITIONS, i32, i64, load, type Node, PF, registerNode, SF, unary, ZF } from '../ir.ts';
import { Builder, RAX, RCX, RDX, RSP } from './builder.ts';
import type { Lifter, LifterTable } from './types.ts';

const GENERAL_PROTECTION = 13;
/** Flags that live in the RFLAGS word in memory: IF, DF, AC, ID; arithmetic flags do not. */
const SYSTEM_FLAGS = 0x240600n;
const INTERRUPT_FLAG = 0x200n;

const nothing: Lifter = () => {};

function systemFlags(b: Builder): Node {
  return load(Op.i64Load, I64, i32(0), b.settings.rflags);
}
function setSystemFlags(b: Builder, value: Node): void {
  b.storePlace(b.hostPlace(b.settings.rflags), 64, value);
}
function high32(value: Node): Node {
  return unary(Op.i32WrapI64, I32, binary(Op.i64ShrU, I64, value, i64(32n)));
}
function edxEax(b: Builder): Node {
  const high = binary(Op.i64Shl, I64, registerNode(RDX), i64(32n));
  return binary(Op.i64Or, I64, high, unary(Op.i64ExtendI32U, I64, b.readRegister(RAX, 32)));
}
function setEdxEax(b: Builder, value: Node): void {
  b.writeRegister(RAX, 32, b.low(value));
  b.writeRegister(RDX, 32, high32(value));
}

export const system: LifterTable = {
  Nop: nothing,
  Endbr64: nothing,
  Pause: nothing,
  Lfence: nothing,
  Mfence: nothing,
  Sfence: nothing,
  Clac: nothing,
  Stac: nothing,
  Cld: nothing,
  Verw: nothing,
  Wbinvd: nothing,
  Prefetchnta: nothing,
  Prefetcht0: nothing,
  Prefetcht1: nothing,
  Prefetcht2: nothing,
  Prefetchw: nothing,
  Prefetch: nothing,
  Prefetchwt1: nothing,
  Clflush: nothing,
  Clflushopt: nothing,
  Clwb: nothing,
  Reservednop: nothing,
  Clc: (b) => b.setFlag(CF, i32(0)),
  Stc: (b) => b.setFlag(CF, i32(1)),
  Cmc: (b) => b.setFlag(CF, unary(Op.i32Eqz, I32, b.flag(CF))),
  Cli: (b) => setSystemFlags(b, binary(Op.i64And, I64, systemFlags(b), i64(~INTERRUPT_FLAG))),
  Sti: (b) => setSystemFlags(b, binary(Op.i64Or, I64, systemFlags(b), i64(INTERRUPT_FLAG))),
  Pushfq(b) {
    const flags = Builder.flagsWord(ALL_FLAGS, (n) => b.flag(1 << n));
    const word = b.pin(binary(Op.i64Or, I64, flags, binary(Op.i64And, I64, systemFlags(b), i64(SYSTEM_FLAGS))));
    const top = binary(Op.i64Sub, I64, registerNode(RSP), i64(8n));
    b.storePlace(b.trusted(top), 64, word);
    b.moveStackPointer(top);
  },
  Popfq(b) {
    const word = b.loadPlace(b.trusted(registerNode(RSP)), 64);
    b.moveStackPointer(binary(Op.i64Add, I64, registerNode(RSP), i64(8n)));
    setSystemFlags(b, binary(Op.i64Or, I64, binary(Op.i64And, I64, word, i64(SYSTEM_FLAGS)), i64(2n)));
    setFlagsFrom(b, b.low(word), ALL_FLAGS);
  },
  Lahf(b) {
    const flags = Builder.flagsWord(SF | ZF | AF | PF | CF, (n) => b.flag(1 << n));
    b.writeRegister(RAX, 8, b.low(flags), true);
  },
  Sahf: (b) => setFlagsFrom(b, b.pin(b.readRegister(RAX, 8, true)), SF | ZF | AF | PF | CF),
  In(b) {
    const bytes = b.operand(0).bits / 8;
    const value = b.helper('portIn', I32, port(b, 1), i32(bytes));
    b.writeRegister(RAX, b.operand(0).bits, value);
  },
  Out(b) {
    const source = b.operand(1);
    b.helper('portOut', I32, port(b, 0), i32(source.bits / 8), b.read(source));
  },
  Rdmsr(b) {
    const ok = b.helper('readMsr', I32, b.readRegister(RCX, 32));
    b.trapIf(unary(Op.i32Eqz, I32, ok), GENERAL_PROTECTION);
    setEdxEax(b, b.pin(load(Op.i64Load, I64, i32(0), b.settings.results)));
  },
  Wrmsr(b) {
    const ok = b.helper('writeMsr', I32, b.readRegister(RCX, 32), edxEax(b));
    b.trapIf(unary(Op.i32Eqz, I32, ok), GENERAL_PROTECTION);
  },
  Cpuid(b) {
    b.helper('cpuid', I32, b.readRegister(RAX, 32), b.readRegister(RCX, 32));
    // eax, ebx, ecx, edx have the numbers 0, 3, 1, 2.
    [0, 3, 1, 2].forEach((register, n) => b.writeRegister(register, 32, load(Op.i32Load, I32, i32(0), b.settings.results + 4 * n)));
  },
  Rdtsc: (b) => setEdxEax(b, b.helper('rdtsc', I64, i32(0))),
  Rdtscp(b) {
    setEdxEax(b, b.helper('rdtsc', I64, i32(0)));
    b.writeRegister(RCX, 32, i32(0));
  },
};

function port(b: Builder, n: number): Node {
  const operand = b.operand(n);
  return operand.kind === 'immediate' ? i32(Number(operand.value) & 0xff) : b.readRegister(RDX, 16);
}
function setFlagsFrom(b: Builder, word: Node, mask: number): void {
  for (let n = 0; n < FLAG_POSITIONS.length; n++) {
    if ((mask & (1 << n)) === 0) continue;
    b.setFlag(1 << n, binary(Op.i32And, I32, binary(Op.i32ShrU, I32, word, i32(FLAG_POSITIONS[n] ?? 0)), i32(1)));
  }
}
