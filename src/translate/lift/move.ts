// Intel SDM Vol. 2: MOV, MOVZX, MOVSX, LEA, PUSH, POP, LEAVE, CMOVcc, SETcc, CBW, CWD and their kin.
import { I32, I64, Op } from '#wasm';
import { CONDITION_FLAGS } from '../flags.ts';
import type { Bits } from '../instruction.ts';
import { binary, i64, load, registerNode, select, unary } from '../ir.ts';
import { type Builder, RAX, RBP, RDX, RSP, UnsupportedForm } from './builder.ts';
import type { Lifter, LifterTable } from './types.ts';

function mov(b: Builder): void {
  const dst = b.operand(0);
  if (dst.kind === 'memory') b.place(dst, true);
  b.write(dst, b.readAs(dst.bits, b.operand(1)));
}

function extend(signed: boolean): Lifter {
  return (b) => {
    const dst = b.operand(0);
    const src = b.operand(1);
    const value = b.read(src);
    b.write(dst, signed ? b.signExtend(src.bits, dst.bits, value) : b.zeroExtend(src.bits, dst.bits, value));
  };
}

/** Sign-extends the accumulator to twice its width. */
function widenAccumulator(from: Bits, to: Bits): Lifter {
  return (b) => b.writeRegister(RAX, to, b.signExtend(from, to, b.readRegister(RAX, from)));
}
/** Fills rdx with the sign of the accumulator. */
function signToRdx(bits: Bits): Lifter {
  return (b) => {
    const wide = bits === 64;
    const value = b.signExtend(bits, bits, b.readRegister(RAX, bits));
    b.writeRegister(RDX, bits, b.op(bits, Op.i32ShrS, Op.i64ShrS, value, b.constant(wide ? 64 : 32, wide ? 63n : 31n)));
  };
}

function push(b: Builder): void {
  const source = b.operand(0);
  const bits: Bits = source.bits === 16 && source.kind !== 'immediate' ? 16 : 64;
  const value = b.readAs(bits, source);
  const top = binary(Op.i64Sub, I64, registerNode(RSP), i64(BigInt(bits / 8)));
  b.storePlace(b.trusted(top), bits, value);
  b.moveStackPointer(top);
}

function pop(b: Builder): void {
  const dst = b.operand(0);
  const bits: Bits = dst.bits === 16 ? 16 : 64;
  const value = b.loadPlace(b.trusted(registerNode(RSP)), bits);
  const fresh = binary(Op.i64Add, I64, registerNode(RSP), i64(BigInt(bits / 8)));
  if (dst.kind === 'memory') {
    // The address is computed with the new rsp; a fault must still leave the old one.
    if (dst.base === RSP) throw new UnsupportedForm('pop to memory relative to rsp');
    b.place(dst, true);
  }
  b.moveStackPointer(fresh);
  b.write(dst, value);
}

function leave(b: Builder): void {
  const frame = b.pin(registerNode(RBP));
  if (b.settings.checks) b.check(frame, '', 0, b.site('fault'));
  const value = b.pin(load(Op.i64Load, I64, unary(Op.i32WrapI64, I32, frame), 0));
  b.moveStackPointer(binary(Op.i64Add, I64, frame, i64(8n)));
  b.writeRegister(RBP, 64, value);
}

function lea(b: Builder): void {
  const dst = b.operand(0);
  const source = b.operand(1);
  if (source.kind !== 'memory') throw new UnsupportedForm('lea of no address');
  const address = b.effectiveAddress(source);
  const { displacement } = source;
  const small = source.base === RSP && source.index < 0 && displacement > -4096n && displacement < 4096n;
  if (dst.kind === 'register' && dst.register === RSP && dst.bits === 64 && small) b.moveStackPointer(address);
  else b.write(dst, dst.bits === 64 ? address : b.low(address));
}

const conditional: Record<string, Lifter> = {};
for (const suffix of Object.keys(CONDITION_FLAGS)) {
  conditional[`Set${suffix}`] = (b) => {
    const dst = b.operand(0);
    if (dst.kind === 'memory') b.place(dst, true);
    b.write(dst, b.condition(suffix));
  };
  conditional[`Cmov${suffix}`] = (b) => {
    const dst = b.operand(0);
    const condition = b.condition(suffix);
    const value = b.read(b.operand(1));
    b.write(dst, select(condition, value, b.read(dst)));
  };
}

export const moves: LifterTable = {
  ...conditional,
  Mov: mov,
  Movnti: mov,
  Movzx: extend(false),
  Movsx: extend(true),
  Movsxd: extend(true),
  Lea: lea,
  Push: push,
  Pop: pop,
  Leave: leave,
  Cbw: widenAccumulator(8, 16),
  Cwde: widenAccumulator(16, 32),
  Cdqe: widenAccumulator(32, 64),
  Cwd: signToRdx(16),
  Cdq: signToRdx(32),
  Cqo: signToRdx(64),
};
