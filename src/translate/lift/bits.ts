// Intel SDM Vol. 2: BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT, BSWAP.
import { I32, I64, Op } from '#wasm';
import type { Bits, MemoryOperand, Operand } from '../instruction.ts';
import { ALL_FLAGS, binary, CF, i32, i64, type Node, registerNode, select, unary, ZF } from '../ir.ts';
import { type Builder, type Place, UnsupportedForm } from './builder.ts';
import { eqz } from './conditions.ts';
import type { Lifter, LifterTable } from './types.ts';

/** The unit of a bit string in memory that a register's bit offset, which may be negative, selects. */
function bitStringPlace(b: Builder, operand: MemoryOperand, source: Operand, write: boolean): Place {
  const { bits } = operand;
  const shift = bits === 64 ? 6n : bits === 32 ? 5n : 4n;
  const offset = b.signExtend(bits, 64, b.read(source));
  const bytes = binary(Op.i64Shl, I64, binary(Op.i64ShrS, I64, offset, i64(shift)), i64(shift - 3n));
  const segment = operand.segment === 'gs' ? b.settings.gsBase : 0n;
  const start = b.effectiveAddress(operand, operand.displacement + segment);
  const address = b.pin(binary(Op.i64Add, I64, start, bytes));
  if (b.settings.checks) b.check(address, '', 0, b.site('fault', write));
  return b.trusted(address);
}

function bitTest(change: 'none' | 'set' | 'reset' | 'complement'): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const source = b.operand(1);
    const { bits } = dst;
    const place = dst.kind === 'memory' && source.kind === 'register' ? bitStringPlace(b, dst, source, change !== 'none') : undefined;
    const wide: Bits = bits === 64 ? 64 : 32;
    const position = b.pin(b.and(wide, b.readAs(bits, source), b.constant(wide, BigInt(bits - 1))));
    const value = b.pin(place === undefined ? (change === 'none' ? b.read(dst) : b.modify(dst)) : b.loadPlace(place, bits));
    const tested = b.op(bits, Op.i32ShrU, Op.i64ShrU, value, position);
    // ZF is unchanged; OF, SF, AF and PF are undefined.
    b.setFlag(CF, binary(Op.i32And, I32, b.low(tested), i32(1)));
    if (change === 'none') return;
    const mask = b.op(bits, Op.i32Shl, Op.i64Shl, b.constant(wide, 1n), position);
    const inverse = b.xor(wide, mask, wide === 64 ? i64(-1n) : i32(-1));
    const result = change === 'set' ? b.or(bits, value, mask) : change === 'reset' ? b.and(bits, value, inverse) : b.xor(bits, value, mask);
    if (place === undefined) b.write(dst, result);
    else b.storePlace(place, bits, result);
  };
}

/** The position of the lowest or highest one. Source 0 leaves the destination; flags but ZF are undefined. */
function scan(forward: boolean): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const { bits } = dst;
    if (dst.kind !== 'register') throw new UnsupportedForm('bit scan into memory');
    const x = b.pin(b.read(b.operand(1)));
    const zero = b.pin(eqz(bits, x));
    b.setFlags('logic', bits, x, x, x, ALL_FLAGS & ~ZF);
    b.setFlag(ZF, zero);
    const count = bits === 64 ? unary(forward ? Op.i64Ctz : Op.i64Clz, I64, x) : unary(forward ? Op.i32Ctz : Op.i32Clz, I32, x);
    const position = forward ? count : b.sub(bits, b.constant(bits === 64 ? 64 : 32, bits === 64 ? 63n : 31n), count);
    const old = registerNode(dst.register);
    const found = bits === 64 ? position : unary(Op.i64ExtendI32U, I64, position);
    if (bits === 16) b.write(dst, select(zero, b.low(old), position));
    else b.writeRegister(dst.register, 64, select(zero, old, found));
  };
}

function count(kind: 'trailing' | 'leading' | 'ones'): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const { bits } = dst;
    const x = b.pin(b.read(b.operand(1)));
    const wide = bits === 64;
    let result: Node;
    if (kind === 'ones') result = unary(wide ? Op.i64Popcnt : Op.i32Popcnt, wide ? I64 : I32, x);
    else if (kind === 'trailing') {
      const guarded = bits === 16 ? b.or(32, x, i32(0x10000)) : x;
      result = unary(wide ? Op.i64Ctz : Op.i32Ctz, wide ? I64 : I32, guarded);
    } else {
      result = unary(wide ? Op.i64Clz : Op.i32Clz, wide ? I64 : I32, x);
      if (bits === 16) result = b.sub(32, result, i32(16));
    }
    result = b.pin(result);
    if (kind === 'ones') {
      // All flags are cleared but ZF.
      b.setFlags('logic', 32, i32(1), i32(1), i32(1), ALL_FLAGS);
      for (const flag of [2, 4, 16]) b.setFlag(flag, i32(0));
      b.setFlag(ZF, eqz(bits, x));
    } else {
      b.setFlags('logic', bits, result, result, result);
      b.setFlag(CF, eqz(bits, x));
    }
    b.write(dst, result);
  };
}

function bswap(b: Builder): void {
  const dst = b.operand(0);
  const x = b.read(dst);
  if (dst.bits === 64) {
    const swapped = (half: Node): Node => unary(Op.i64ExtendI32U, I64, swap32(b.pin(half)));
    const low = swapped(unary(Op.i32WrapI64, I32, x));
    const high = swapped(unary(Op.i32WrapI64, I32, binary(Op.i64ShrU, I64, x, i64(32n))));
    b.write(dst, binary(Op.i64Or, I64, binary(Op.i64Shl, I64, low, i64(32n)), high));
  } else b.write(dst, swap32(b.pin(x)));
}
function swap32(x: Node): Node {
  const rotated = (n: number, mask: number): Node => binary(Op.i32And, I32, binary(Op.i32Rotl, I32, x, i32(n)), i32(mask));
  return binary(Op.i32Or, I32, rotated(8, 0x00ff00ff), rotated(24, 0xff00ff00 | 0));
}

export const bitOperations: LifterTable = {
  Bt: bitTest('none'),
  Bts: bitTest('set'),
  Btr: bitTest('reset'),
  Btc: bitTest('complement'),
  Bsf: scan(true),
  Bsr: scan(false),
  Tzcnt: count('trailing'),
  Lzcnt: count('leading'),
  Popcnt: count('ones'),
  Bswap: bswap,
};
