// Intel SDM Vol. 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD. Counts are taken modulo 32, of 64-bit operands modulo 64;
// a count of 0 keeps all flags; OF is defined for counts of 1 only.
import { I32, I64, Op } from '#wasm';
import type { Bits, Operand } from '../instruction.ts';
import { AF, ALL_FLAGS, binary, CF, i32, i64, type Node, OF, PF, SF, select, unary, ZF } from '../ir.ts';
import type { Builder } from './builder.ts';
import { bit, eqz, negative, parity } from './conditions.ts';
import type { Lifter, LifterTable } from './types.ts';

/** The masked count as a number, or as a node of the operand's type. */
function countOf(b: Builder, bits: Bits, operand: Operand | undefined): number | Node {
  const mask = bits === 64 ? 63 : 31;
  if (operand === undefined) return 1;
  if (operand.kind === 'immediate') return Number(operand.value) & mask;
  const low = binary(Op.i32And, I32, b.read(operand), i32(mask));
  return b.pin(bits === 64 ? unary(Op.i64ExtendI32U, I64, low) : low);
}
function countNode(b: Builder, bits: Bits, count: number | Node): Node {
  return typeof count === 'number' ? b.constant(bits === 64 ? 64 : 32, BigInt(count)) : count;
}
function number(b: Builder, bits: Bits, value: number): Node {
  return b.constant(bits === 64 ? 64 : 32, BigInt(value));
}
const shl = (b: Builder, bits: Bits, x: Node, n: Node): Node => b.op(bits, Op.i32Shl, Op.i64Shl, x, n);
const shr = (b: Builder, bits: Bits, x: Node, n: Node): Node => b.op(bits, Op.i32ShrU, Op.i64ShrU, x, n);
const sar = (b: Builder, bits: Bits, x: Node, n: Node): Node => b.op(bits, Op.i32ShrS, Op.i64ShrS, x, n);
const lowBit = (b: Builder, bits: Bits, x: Node): Node => b.low(b.and(bits === 64 ? 64 : 32, x, number(b, bits, 1)));

/** Sets the flags in `values`, all of them when the count is known and not 0, else when it is not 0. */
function setShiftFlags(b: Builder, bits: Bits, count: number | Node, values: ReadonlyMap<number, () => Node>): void {
  for (const [flag, value] of values) {
    if ((b.liveFlags & flag) === 0) continue;
    if (typeof count === 'number') b.setFlag(flag, value());
    else b.setFlagIf(b.compare(bits, Op.i32Ne, Op.i64Ne, count, number(b, bits, 0)), flag, value());
  }
}

function resultFlags(bits: Bits, result: Node, carry: () => Node, overflow: () => Node): Map<number, () => Node> {
  return new Map([
    [CF, carry],
    [PF, () => parity(bits, result)],
    [AF, () => i32(0)],
    [ZF, () => eqz(bits, result)],
    [SF, () => negative(bits, result)],
    [OF, overflow],
  ]);
}

function finish(b: Builder, dst: Operand, count: number | Node, result: Node, carry: () => Node, overflow: () => Node): void {
  const { bits } = dst;
  if (count === 0) return b.write(dst, b.read(dst));
  if (b.liveFlags === 0) {
    b.setFlags('logic', bits, result, result, result);
    return b.write(dst, result);
  }
  const pinned = b.pin(b.clean(bits, result));
  if (typeof count === 'number') {
    // A known count: the result flags stay lazy.
    const c = (b.liveFlags & CF) !== 0 ? b.pin(carry()) : undefined;
    const o = (b.liveFlags & OF) !== 0 ? b.pin(overflow()) : undefined;
    b.setFlags('logic', bits, pinned, pinned, pinned, ALL_FLAGS & ~(CF | OF));
    if (c !== undefined) b.setFlag(CF, c);
    if (o !== undefined) b.setFlag(OF, o);
  } else setShiftFlags(b, bits, count, resultFlags(bits, pinned, carry, overflow));
  b.write(dst, pinned);
}

function shift(kind: 'shl' | 'shr' | 'sar'): Lifter {
  return (b, { operands }) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const count = countOf(b, bits, operands[1]);
    const n = countNode(b, bits, count);
    const x = b.pin(kind === 'sar' ? b.signExtend(bits, bits === 64 ? 64 : 32, b.modify(dst)) : b.modify(dst));
    const top = bits - 1;
    const before = (): Node => b.op(bits, Op.i32Sub, Op.i64Sub, n, number(b, bits, 1));
    if (kind === 'shl') {
      const result = b.pin(shl(b, bits, x, n));
      // The last bit that left; a shift by the width minus n is one by -n.
      const carry = (): Node => (bits < 32 ? bit(32, result, bits) : lowBit(b, bits, shr(b, bits, x, b.sub(bits, number(b, bits, 0), n))));
      return finish(b, dst, count, result, carry, () => binary(Op.i32Xor, I32, bit(bits, result, top), carry()));
    }
    if (kind === 'shr') {
      return finish(
        b,
        dst,
        count,
        shr(b, bits, x, n),
        () => lowBit(b, bits, shr(b, bits, x, before())),
        () => bit(bits, x, top),
      );
    }
    finish(
      b,
      dst,
      count,
      sar(b, bits, x, n),
      () => lowBit(b, bits, sar(b, bits, x, before())),
      () => i32(0),
    );
  };
}

/** Repeats a narrow value so that a 32-bit rotation rotates it. */
function repeated(b: Builder, bits: Bits, x: Node): Node {
  if (bits === 16) return binary(Op.i32Or, I32, x, binary(Op.i32Shl, I32, x, i32(16)));
  return bits === 8 ? binary(Op.i32Mul, I32, b.clean(8, x), i32(0x01010101)) : x;
}

function rotate(left: boolean): Lifter {
  return (b, { operands }) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const count = countOf(b, bits, operands[1]);
    const x = b.modify(dst);
    if (count === 0) return b.write(dst, x);
    const n = countNode(b, bits, count);
    const rotated = b.op(bits, left ? Op.i32Rotl : Op.i32Rotr, left ? Op.i64Rotl : Op.i64Rotr, repeated(b, bits, x), n);
    const result = b.pin(b.clean(bits, rotated));
    const top = (): Node => bit(bits, result, bits - 1);
    const carry = (): Node => (left ? lowBit(b, bits, result) : top());
    const overflow = (): Node => binary(Op.i32Xor, I32, top(), left ? carry() : bit(bits, result, bits - 2));
    setShiftFlags(
      b,
      bits,
      count,
      new Map([
        [CF, carry],
        [OF, overflow],
      ]),
    );
    b.write(dst, result);
  };
}

/** Rotation of 9, 17 or 33 bits: the operand and CF. */
function rotateNarrowCarry(b: Builder, left: boolean, bits: Bits, x: Node, carry: Node, count: Node): [result: Node, carry: Node] {
  const width = bits + 1;
  const n = b.pin(unary(Op.i64ExtendI32U, I64, bits === 32 ? count : binary(Op.i32RemU, I32, count, i32(width))));
  const wide = b.pin(
    binary(Op.i64Or, I64, unary(Op.i64ExtendI32U, I64, x), binary(Op.i64Shl, I64, unary(Op.i64ExtendI32U, I64, carry), i64(BigInt(bits)))),
  );
  const back = binary(Op.i64Sub, I64, i64(BigInt(width)), n);
  const [up, down] = left ? [n, back] : [back, n];
  const result = b.pin(binary(Op.i64Or, I64, binary(Op.i64Shl, I64, wide, up), binary(Op.i64ShrU, I64, wide, down)));
  return [b.low(result), bit(64, result, bits)];
}

function rotateWideCarry(b: Builder, left: boolean, x: Node, carry: Node, n: Node): [result: Node, carry: Node] {
  const c = unary(Op.i64ExtendI32U, I64, carry);
  const back = b.pin(binary(Op.i64Sub, I64, i64(64n), n));
  const before = binary(Op.i64Sub, I64, n, i64(1n));
  const one = i64(1n);
  const or = (p: Node, q: Node): Node => binary(Op.i64Or, I64, p, q);
  const result = left
    ? or(
        or(binary(Op.i64Shl, I64, x, n), binary(Op.i64Shl, I64, c, before)),
        binary(Op.i64ShrU, I64, binary(Op.i64ShrU, I64, x, one), back),
      )
    : or(or(binary(Op.i64ShrU, I64, x, n), binary(Op.i64Shl, I64, c, back)), binary(Op.i64Shl, I64, binary(Op.i64Shl, I64, x, one), back));
  const zero = unary(Op.i64Eqz, I32, n);
  const out = lowBit(b, 64, binary(Op.i64ShrU, I64, x, left ? back : before));
  return [select(zero, x, result), select(zero, carry, out)];
}

function rotateCarry(left: boolean): Lifter {
  return (b, { operands }) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const carryIn = b.pin(b.flag(CF));
    const count = countOf(b, bits, operands[1]);
    const n = countNode(b, bits, count);
    const x = b.pin(b.modify(dst));
    const [value, carryOut] = bits === 64 ? rotateWideCarry(b, left, x, carryIn, n) : rotateNarrowCarry(b, left, bits, x, carryIn, n);
    const result = b.pin(b.clean(bits, value));
    const carry = b.pin(carryOut);
    const top = (): Node => bit(bits, result, bits - 1);
    const overflow = (): Node => binary(Op.i32Xor, I32, top(), left ? carry : bit(bits, result, bits - 2));
    if (count !== 0)
      setShiftFlags(
        b,
        bits,
        count,
        new Map([
          [CF, () => carry],
          [OF, overflow],
        ]),
      );
    b.write(dst, result);
  };
}

function doubleShift(left: boolean): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const count = countOf(b, bits, b.operand(2));
    const n = countNode(b, bits, count);
    const x = b.pin(b.modify(dst));
    const y = b.read(b.operand(1));
    if (count === 0) return b.write(dst, x);
    const top = number(b, bits, bits === 64 ? 63 : 31);
    const one = number(b, bits, 1);
    const rest = b.sub(bits, top, n);
    let result: Node;
    let carry: () => Node;
    if (bits === 16) {
      const [high, low] = left ? [x, y] : [y, x];
      const both = b.pin(binary(Op.i32Or, I32, binary(Op.i32Shl, I32, high, i32(16)), low));
      result = left ? binary(Op.i32ShrU, I32, binary(Op.i32Shl, I32, both, n), i32(16)) : binary(Op.i32ShrU, I32, both, n);
      carry = () =>
        lowBit(b, 32, binary(Op.i32ShrU, I32, both, left ? binary(Op.i32Sub, I32, i32(32), n) : binary(Op.i32Sub, I32, n, i32(1))));
    } else if (left) {
      result = b.or(bits, shl(b, bits, x, n), shr(b, bits, shr(b, bits, y, one), rest));
      carry = () => lowBit(b, bits, shr(b, bits, x, b.sub(bits, number(b, bits, 0), n)));
    } else {
      result = b.or(bits, shr(b, bits, x, n), shl(b, bits, shl(b, bits, y, one), rest));
      carry = () => lowBit(b, bits, shr(b, bits, x, b.sub(bits, n, one)));
    }
    const pinned = b.pin(b.clean(bits, result));
    finish(b, dst, count, pinned, carry, () => binary(Op.i32Xor, I32, bit(bits, pinned, bits - 1), bit(bits, x, bits - 1)));
  };
}

export const shifts: LifterTable = {
  Shl: shift('shl'),
  Sal: shift('shl'),
  Shr: shift('shr'),
  Sar: shift('sar'),
  Rol: rotate(true),
  Ror: rotate(false),
  Rcl: rotateCarry(true),
  Rcr: rotateCarry(false),
  Shld: doubleShift(true),
  Shrd: doubleShift(false),
};
