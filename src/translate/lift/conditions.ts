// Values of flags and conditions. Intel SDM Vol. 1, 3.4.3.1 "Status Flags", and appendix B "EFLAGS Condition Codes".
import { I32, I64, Op } from '#wasm';
import { AF, binary, CF, type FlagSource, i32, i64, type Node, OF, PF, SF, unary, ZF } from '../ir.ts';

/** Operands of a flag source: as first computed, or as kept in locals. */
export interface FlagOperands {
  readonly left: Node;
  readonly right: Node;
  readonly result: Node;
}

/** Cuts an i32 value to 8 or 16 bits. */
export function clean(bits: number, value: Node): Node {
  return bits >= 32 ? value : binary(Op.i32And, I32, value, i32(bits === 8 ? 0xff : 0xffff));
}

const wide = (bits: number): boolean => bits === 64;
function op2(bits: number, op32: number, op64: number, a: Node, b: Node): Node {
  return wide(bits) ? binary(op64, I64, a, b) : binary(op32, I32, a, b);
}
function compare(bits: number, op32: number, op64: number, a: Node, b: Node): Node {
  return binary(wide(bits) ? op64 : op32, I32, a, b);
}
function zero(bits: number): Node {
  return wide(bits) ? i64(0n) : i32(0);
}
/** Moves the sign of an 8- or 16-bit value to bit 31. */
function toTop(bits: number, value: Node): Node {
  return bits >= 32 ? value : binary(Op.i32Shl, I32, value, i32(32 - bits));
}
export function eqz(bits: number, value: Node): Node {
  return unary(wide(bits) ? Op.i64Eqz : Op.i32Eqz, I32, value);
}
export function negative(bits: number, value: Node): Node {
  return compare(bits, Op.i32LtS, Op.i64LtS, toTop(bits, value), zero(bits));
}
/** 1 for an even number of ones in the low byte. */
export function parity(bits: number, value: Node): Node {
  const low = wide(bits) ? unary(Op.i32WrapI64, I32, value) : value;
  const ones = unary(Op.i32Popcnt, I32, binary(Op.i32And, I32, low, i32(0xff)));
  return binary(Op.i32And, I32, binary(Op.i32Xor, I32, ones, i32(1)), i32(1));
}
/** Bit `position` as 0 or 1. */
export function bit(bits: number, value: Node, position: number): Node {
  const low = wide(bits)
    ? unary(Op.i32WrapI64, I32, binary(Op.i64ShrU, I64, value, i64(BigInt(position))))
    : binary(Op.i32ShrU, I32, value, i32(position));
  return binary(Op.i32And, I32, low, i32(1));
}

export function resultOf(source: FlagSource, { left, right, result }: FlagOperands): Node {
  if (source.kind === 'add') return clean(source.bits, op2(source.bits, Op.i32Add, Op.i64Add, left, right));
  if (source.kind === 'sub') return clean(source.bits, op2(source.bits, Op.i32Sub, Op.i64Sub, left, right));
  return result;
}

export function flagValue(flag: number, source: FlagSource, operands: FlagOperands): Node {
  const { kind, bits } = source;
  const { left, right } = operands;
  const result = resultOf(source, operands);
  const xor = (a: Node, b: Node): Node => op2(bits, Op.i32Xor, Op.i64Xor, a, b);
  const and = (a: Node, b: Node): Node => op2(bits, Op.i32And, Op.i64And, a, b);
  const or = (a: Node, b: Node): Node => op2(bits, Op.i32Or, Op.i64Or, a, b);
  const not = (a: Node): Node => xor(a, wide(bits) ? i64(-1n) : i32(-1));
  switch (flag) {
    case CF:
      if (kind === 'add') return compare(bits, Op.i32LtU, Op.i64LtU, result, left);
      if (kind === 'sub') return compare(bits, Op.i32LtU, Op.i64LtU, left, right);
      if (kind === 'adc') return bit(bits, or(and(left, right), and(or(left, right), not(result))), bits - 1);
      if (kind === 'sbb') return bit(bits, or(and(not(left), right), and(or(not(left), right), result)), bits - 1);
      return i32(0);
    case PF:
      return parity(bits, result);
    case AF:
      if (kind === 'logic') return i32(0);
      if (kind === 'inc' || kind === 'dec') {
        const low = and(result, wide(bits) ? i64(15n) : i32(15));
        return kind === 'inc' ? eqz(bits, low) : compare(bits, Op.i32Eq, Op.i64Eq, low, wide(bits) ? i64(15n) : i32(15));
      }
      return bit(bits, xor(xor(left, right), result), 4);
    case ZF:
      return kind === 'sub' ? compare(bits, Op.i32Eq, Op.i64Eq, left, right) : eqz(bits, result);
    case SF:
      return negative(bits, result);
    case OF: {
      if (kind === 'logic') return i32(0);
      if (kind === 'inc' || kind === 'dec') {
        const lowest = kind === 'inc' ? 1n << BigInt(bits - 1) : (1n << BigInt(bits - 1)) - 1n;
        return compare(bits, Op.i32Eq, Op.i64Eq, result, wide(bits) ? i64(lowest) : i32(Number(lowest)));
      }
      const plus = kind === 'add' || kind === 'adc';
      return bit(bits, plus ? and(xor(left, result), xor(right, result)) : and(xor(left, right), xor(left, result)), bits - 1);
    }
    default:
      throw new Error(`no flag ${flag}`);
  }
}

/** Opcodes of a comparison after `sub`: 32 bits, 64 bits, and whether it is signed. */
// biome-ignore format: one condition per line
const COMPARISONS: Readonly<Record<string, readonly [number, number, boolean]>> = {
  e:  [Op.i32Eq,  Op.i64Eq,  false], ne: [Op.i32Ne,  Op.i64Ne,  false],
  b:  [Op.i32LtU, Op.i64LtU, false], ae: [Op.i32GeU, Op.i64GeU, false],
  be: [Op.i32LeU, Op.i64LeU, false], a:  [Op.i32GtU, Op.i64GtU, false],
  l:  [Op.i32LtS, Op.i64LtS, true],  ge: [Op.i32GeS, Op.i64GeS, true],
  le: [Op.i32LeS, Op.i64LeS, true],  g:  [Op.i32GtS, Op.i64GtS, true],
};

/** A condition that one flag source decides, as one comparison; undefined when there is none. */
export function fusedCondition(suffix: string, source: FlagSource, operands: FlagOperands): Node | undefined {
  const { kind, bits } = source;
  const result = resultOf(source, operands);
  if (suffix === 's') return negative(bits, result);
  if (suffix === 'ns') return compare(bits, Op.i32GeS, Op.i64GeS, toTop(bits, result), zero(bits));
  const comparison = COMPARISONS[suffix];
  if (comparison === undefined) return undefined;
  const [op32, op64, signed] = comparison;
  if (kind === 'sub') {
    const { left, right } = operands;
    return signed ? compare(bits, op32, op64, toTop(bits, left), toTop(bits, right)) : compare(bits, op32, op64, left, right);
  }
  if (suffix === 'e' || suffix === 'ne') return compare(bits, op32, op64, result, zero(bits));
  if (kind === 'logic' && suffix !== 'b' && suffix !== 'ae') {
    return signed ? compare(bits, op32, op64, toTop(bits, result), zero(bits)) : compare(bits, op32, op64, result, zero(bits));
  }
  return undefined;
}
