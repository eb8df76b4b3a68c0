// Intel SDM Vol. 2: MUL, IMUL, DIV, IDIV.
import { I32, I64, Op } from '#wasm';
import type { Bits } from '../instruction.ts';
import { ALL_FLAGS, binary, CF, i32, i64, type Node, OF, unary } from '../ir.ts';
import { differ } from './arithmetic.ts';
import { type Builder, RAX, RDX } from './builder.ts';
import type { Lifter, LifterTable } from './types.ts';

const DIVIDE_ERROR = 0;

function overflowFlags(b: Builder, overflow: Node): void {
  // The other flags are undefined.
  b.setFlags('logic', 32, i32(1), i32(1), i32(1), ALL_FLAGS & ~(CF | OF));
  if ((b.liveFlags & (CF | OF)) === 0) return;
  const value = b.pin(overflow);
  b.setFlag(CF, value);
  b.setFlag(OF, value);
}

/** rdx:rax, edx:eax, dx:ax or ax = accumulator * operand. */
function widening(signed: boolean): Lifter {
  return (b) => {
    const source = b.operand(0);
    const { bits } = source;
    const x = b.readRegister(RAX, bits);
    const y = b.read(source);
    if (bits === 64) {
      const low = b.pin(binary(Op.i64Mul, I64, x, y));
      const high = b.helper(signed ? 'mulhS' : 'mulhU', I64, x, y);
      overflowFlags(b, differ(b, 64, high, signed ? binary(Op.i64ShrS, I64, low, i64(63n)) : i64(0n)));
      b.writeRegister(RAX, 64, low);
      b.writeRegister(RDX, 64, high);
      return;
    }
    const extend = (v: Node): Node => (signed ? b.signExtend(bits, 64, v) : b.zeroExtend(bits, 64, v));
    const product = b.pin(binary(Op.i64Mul, I64, extend(x), extend(y)));
    const low = b.low(product);
    overflowFlags(b, differ(b, 64, product, signed ? b.signExtend(bits, 64, low) : b.zeroExtend(bits, 64, b.clean(bits, low))));
    if (bits === 8) return b.writeRegister(RAX, 16, low);
    b.writeRegister(RAX, bits, low);
    b.writeRegister(RDX, bits, b.low(binary(Op.i64ShrU, I64, product, i64(BigInt(bits)))));
  };
}

function imul(b: Builder): void {
  const { operands } = b.instruction;
  if (operands.length === 1) return widening(true)(b, b.instruction);
  const dst = b.operand(0);
  const { bits } = dst;
  const x = b.read(b.operand(operands.length === 3 ? 1 : 0));
  const y = b.readAs(bits, b.operand(operands.length === 3 ? 2 : 1));
  const live = (b.liveFlags & (CF | OF)) !== 0;
  if (bits === 64) {
    const low = live ? b.pin(binary(Op.i64Mul, I64, x, y)) : binary(Op.i64Mul, I64, x, y);
    if (live) overflowFlags(b, differ(b, 64, b.helper('mulhS', I64, x, y), binary(Op.i64ShrS, I64, low, i64(63n))));
    else overflowFlags(b, i32(0));
    return b.write(dst, low);
  }
  if (!live) {
    overflowFlags(b, i32(0));
    return b.write(dst, binary(Op.i32Mul, I32, x, y));
  }
  const product = b.pin(binary(Op.i64Mul, I64, b.signExtend(bits, 64, x), b.signExtend(bits, 64, y)));
  overflowFlags(b, differ(b, 64, product, b.signExtend(bits, 64, b.low(product))));
  b.write(dst, b.low(product));
}

function divideWide(b: Builder, signed: boolean, divisor: Node): void {
  const quotient = b.newLocal(I64);
  const remainder = b.newLocal(I64);
  const site = b.site('trap', false, 0, DIVIDE_ERROR);
  b.emit({ kind: 'divide', signed, divisor, quotient: quotient.op, remainder: remainder.op, site, spill: 0 });
  b.writeRegister(RAX, 64, quotient);
  b.writeRegister(RDX, 64, remainder);
}

/** The dividend of a division by `bits` < 64 as i64. */
function dividend(b: Builder, bits: Bits, signed: boolean): Node {
  if (bits === 8) {
    const ax = b.readRegister(RAX, 16);
    return signed ? b.signExtend(16, 64, ax) : b.zeroExtend(16, 64, ax);
  }
  const high = b.readRegister(RDX, bits);
  const wide = binary(Op.i64Shl, I64, signed ? b.signExtend(bits, 64, high) : b.zeroExtend(bits, 64, high), i64(BigInt(bits)));
  return binary(Op.i64Or, I64, wide, b.zeroExtend(bits, 64, b.readRegister(RAX, bits)));
}

function divide(signed: boolean): Lifter {
  return (b) => {
    const source = b.operand(0);
    const { bits } = source;
    // All flags are undefined afterwards.
    b.setFlags('logic', 32, i32(0), i32(0), i32(0));
    if (bits === 64) return divideWide(b, signed, b.pin(b.read(source)));
    const value = b.read(source);
    const divisor = b.pin(signed ? b.signExtend(bits, 64, value) : b.zeroExtend(bits, 64, value));
    b.trapIf(unary(Op.i64Eqz, I32, divisor), DIVIDE_ERROR);
    const number = b.pin(dividend(b, bits, signed));
    if (signed) {
      const lowest = binary(Op.i64Eq, I32, number, i64(-(1n << 63n)));
      b.trapIf(binary(Op.i32And, I32, lowest, binary(Op.i64Eq, I32, divisor, i64(-1n))), DIVIDE_ERROR);
    }
    const quotient = b.pin(binary(signed ? Op.i64DivS : Op.i64DivU, I64, number, divisor));
    const low = b.low(quotient);
    b.trapIf(differ(b, 64, quotient, signed ? b.signExtend(bits, 64, low) : b.zeroExtend(bits, 64, b.clean(bits, low))), DIVIDE_ERROR);
    const remainder = b.pin(b.low(binary(signed ? Op.i64RemS : Op.i64RemU, I64, number, divisor)));
    b.writeRegister(RAX, bits, low);
    if (bits === 8) b.writeRegister(RAX, 8, remainder, true);
    else b.writeRegister(RDX, bits, remainder);
  };
}

export const multiply: LifterTable = { Mul: widening(false), Imul: imul, Div: divide(false), Idiv: divide(true) };
