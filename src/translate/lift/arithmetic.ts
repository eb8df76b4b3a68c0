// Intel SDM Vol. 2: ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC, XADD, CMPXCHG, AND, OR, XOR, TEST, NOT.
import { I32, I64, Op } from '#wasm';
import type { Bits, Instruction, Operand } from '../instruction.ts';
import { ALL_FLAGS, binary, CF, i64, type Node, registerNode, select, unary } from '../ir.ts';
import { type Builder, RAX, RSP, UnsupportedForm } from './builder.ts';
import type { Lifter, LifterTable } from './types.ts';

const SMALL = 4096n;

function pair(b: Builder): [dst: Operand, src: Operand, bits: Bits] {
  const dst = b.operand(0);
  return [dst, b.operand(1), dst.bits];
}

/** `add $16,%rsp` and the like, which need no check of the stack pointer. */
function movesStack(dst: Operand, src: Operand): boolean {
  return (
    dst.kind === 'register' &&
    dst.register === RSP &&
    dst.bits === 64 &&
    src.kind === 'immediate' &&
    src.value > -SMALL &&
    src.value < SMALL
  );
}

function addOrSub(kind: 'add' | 'sub'): Lifter {
  return (b) => {
    const [dst, src, bits] = pair(b);
    const x = b.modify(dst);
    const y = b.readAs(bits, src);
    const result = kind === 'add' ? b.add(bits, x, y) : b.sub(bits, x, y);
    b.setFlags(kind, bits, x, y, result);
    if (movesStack(dst, src)) b.moveStackPointer(result);
    else b.write(dst, result);
  };
}

function withCarry(kind: 'adc' | 'sbb'): Lifter {
  return (b) => {
    const [dst, src, bits] = pair(b);
    const carry = b.pin(b.flag(CF));
    const x = b.modify(dst);
    const y = b.readAs(bits, src);
    const c = b.zeroExtend(32, bits, carry);
    const result = b.pin(kind === 'adc' ? b.add(bits, b.add(bits, x, y), c) : b.sub(bits, b.sub(bits, x, y), c));
    b.setFlags(kind, bits, x, y, result);
    b.write(dst, result);
  };
}

function step(kind: 'inc' | 'dec'): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const x = b.modify(dst);
    const one = b.constant(bits, 1n);
    const result = kind === 'inc' ? b.add(bits, x, one) : b.sub(bits, x, one);
    b.setFlags(kind, bits, x, one, result, ALL_FLAGS & ~CF);
    b.write(dst, result);
  };
}

function logic(name: 'and' | 'or' | 'xor'): Lifter {
  return (b) => {
    const [dst, src, bits] = pair(b);
    const zeroing =
      name === 'xor' && dst.kind === 'register' && src.kind === 'register' && dst.register === src.register && dst.high === src.high;
    const x = zeroing ? b.constant(bits, 0n) : b.modify(dst);
    const y = zeroing ? x : b.readAs(bits, src);
    const result = b[name](bits, x, y);
    b.setFlags('logic', bits, result, result, result);
    b.write(dst, result);
  };
}

/** Writes a register or memory so that memory comes first: its address may depend on a register that is written too. */
function writeBoth(b: Builder, first: Operand, firstValue: Node, second: Operand, secondValue: Node): void {
  if (first.kind === 'memory') {
    b.write(first, firstValue);
    b.write(second, secondValue);
  } else {
    b.write(second, secondValue);
    b.write(first, firstValue);
  }
}

function cmpxchg(b: Builder): void {
  const [dst, src, bits] = pair(b);
  const old = b.pin(b.modify(dst));
  const expected = b.pin(b.readRegister(RAX, bits));
  const fresh = b.pin(b.read(src));
  b.setFlags('sub', bits, expected, old, b.sub(bits, expected, old));
  const equal = b.pin(b.compare(bits, Op.i32Eq, Op.i64Eq, expected, old));
  const before = registerNode(RAX);
  if (dst.kind === 'memory') b.write(dst, select(equal, fresh, old));
  else if (dst.kind === 'register') {
    const whole = b.pin(registerNode(dst.register));
    b.write(dst, fresh);
    b.emit({ kind: 'register', to: dst.register, value: select(equal, registerNode(dst.register), whole) });
    // The accumulator is written last; as destination it equals itself.
    if (dst.register === RAX) return;
  }
  const low = bits === 64 ? old : unary(Op.i64ExtendI32U, I64, old);
  const mask = bits === 8 ? -0x100n : bits === 16 ? -0x10000n : 0n;
  const merged = bits >= 32 ? low : binary(Op.i64Or, I64, binary(Op.i64And, I64, before, i64(mask)), low);
  b.writeRegister(RAX, 64, select(equal, before, merged));
}

export const arithmetic: LifterTable = {
  Add: addOrSub('add'),
  Sub: addOrSub('sub'),
  Adc: withCarry('adc'),
  Sbb: withCarry('sbb'),
  Inc: step('inc'),
  Dec: step('dec'),
  And: logic('and'),
  Or: logic('or'),
  Xor: logic('xor'),
  Cmp(b) {
    const [dst, src, bits] = pair(b);
    const x = b.read(dst);
    const y = b.readAs(bits, src);
    b.setFlags('sub', bits, x, y, x);
  },
  Test(b) {
    const [dst, src, bits] = pair(b);
    const x = b.read(dst);
    const same = dst.kind === 'register' && src.kind === 'register' && dst.register === src.register && dst.high === src.high;
    const result = same ? x : b.and(bits, x, b.readAs(bits, src));
    b.setFlags('logic', bits, result, result, result);
  },
  Neg(b) {
    const dst = b.operand(0);
    const { bits } = dst;
    const x = b.modify(dst);
    const zero = b.constant(bits, 0n);
    const result = b.sub(bits, zero, x);
    b.setFlags('sub', bits, zero, x, result);
    b.write(dst, result);
  },
  Not(b) {
    const dst = b.operand(0);
    b.write(dst, b.xor(dst.bits, b.modify(dst), dst.bits === 64 ? i64(-1n) : b.constant(dst.bits, -1n)));
  },
  Xadd(b) {
    const [dst, src, bits] = pair(b);
    const x = b.pin(b.modify(dst));
    const y = b.pin(b.read(src));
    const sum = b.add(bits, x, y);
    b.setFlags('add', bits, x, y, sum);
    writeBoth(b, dst, sum, src, x);
  },
  Cmpxchg: cmpxchg,
  Xchg(b, { operands }: Instruction) {
    const [first, second] = operands;
    if (first === undefined || second === undefined) throw new UnsupportedForm('xchg lacks operands');
    const memoryFirst = first.kind === 'memory';
    const [dst, src] = memoryFirst ? [first, second] : [second, first];
    const x = b.pin(b.modify(dst));
    const y = b.pin(b.read(src));
    writeBoth(b, dst, y, src, x);
  },
};

/** An i32 that is 1 when the values differ. */
export function differ(b: Builder, bits: Bits, x: Node, y: Node): Node {
  return b.compare(bits, Op.i32Ne, Op.i64Ne, x, y);
}
export const zero32 = (value: Node): Node => unary(Op.i32Eqz, I32, value);
