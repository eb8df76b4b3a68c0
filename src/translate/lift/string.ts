// Intel SDM Vol. 2: MOVS, STOS, LODS, SCAS, CMPS, REP. The direction flag is always clear: no module sets it.
import { I32, I64, Op } from '#wasm';
import type { Bits } from '../instruction.ts';
import { binary, type Helper, i32, i64, type Node, registerNode, unary } from '../ir.ts';
import { type Builder, type Place, RAX, RCX, RDI, RDX, RSI, UnsupportedForm } from './builder.ts';
import type { Lifter, LifterTable } from './types.ts';

const HELPERS: Readonly<Record<number, readonly [move: Helper, store: Helper]>> = {
  8: ['move1', 'store1'],
  16: ['move2', 'store2'],
  32: ['move4', 'store4'],
  64: ['move8', 'store8'],
};

function place(b: Builder, register: number, write: boolean): Place {
  const address = registerNode(register);
  if (b.settings.checks) b.check(address, `${register},-1,0,`, 1 << register, b.site('fault', write));
  return b.trusted(address);
}
function advance(b: Builder, register: number, bytes: Node): void {
  b.writeRegister(register, 64, binary(Op.i64Add, I64, registerNode(register), bytes));
}

/** Ends an interrupted repetition: registers tell how far it came, as on the hardware. */
function stopIfUnfinished(b: Builder, reads: boolean): void {
  const unfinished = unary(Op.i32Eqz, I32, unary(Op.i64Eqz, I32, registerNode(RCX)));
  const bound = i64(-0x100000000n + BigInt(b.settings.guestStart) + 4096n);
  const badSource = binary(Op.i64LtU, I32, binary(Op.i64Add, I64, registerNode(RSI), i64(4096n)), bound);
  if (reads)
    b.emit({
      kind: 'stopIf',
      condition: binary(Op.i32And, I32, unfinished, badSource),
      site: b.site('fault'),
      address: registerNode(RSI),
      spill: 0,
    });
  b.emit({ kind: 'stopIf', condition: unfinished, site: b.site('fault', true), address: registerNode(RDI), spill: 0 });
}

function repeat(b: Builder, bits: Bits, move: boolean): void {
  const [moveHelper, storeHelper] = HELPERS[bits] ?? ['move8', 'store8'];
  const second = move ? registerNode(RSI) : b.zeroExtend(bits, 64, b.readRegister(RAX, bits));
  const done = b.helper(move ? moveHelper : storeHelper, I64, registerNode(RDI), second, registerNode(RCX));
  const bytes = binary(Op.i64Mul, I64, done, i64(BigInt(bits / 8)));
  advance(b, RDI, bytes);
  if (move) advance(b, RSI, bytes);
  b.writeRegister(RCX, 64, binary(Op.i64Sub, I64, registerNode(RCX), done));
  if (b.settings.checks) stopIfUnfinished(b, move);
}

function movs(bits: Bits): Lifter {
  return (b, instruction) => {
    if (instruction.repeat !== '') return repeat(b, bits, true);
    const source = place(b, RSI, false);
    const target = place(b, RDI, true);
    b.storePlace(target, bits, b.loadPlace(source, bits));
    advance(b, RSI, i64(BigInt(bits / 8)));
    advance(b, RDI, i64(BigInt(bits / 8)));
  };
}
function stos(bits: Bits): Lifter {
  return (b, instruction) => {
    if (instruction.repeat !== '') return repeat(b, bits, false);
    b.storePlace(place(b, RDI, true), bits, b.readRegister(RAX, bits));
    advance(b, RDI, i64(BigInt(bits / 8)));
  };
}
function lods(bits: Bits): Lifter {
  return (b, instruction) => {
    if (instruction.repeat !== '') throw new UnsupportedForm('rep lods');
    const value = b.loadPlace(place(b, RSI, false), bits);
    advance(b, RSI, i64(BigInt(bits / 8)));
    b.writeRegister(RAX, bits, value);
  };
}
function compareString(bits: Bits, scan: boolean): Lifter {
  return (b, instruction) => {
    if (instruction.repeat !== '') throw new UnsupportedForm('repeated comparison');
    const left = scan ? b.readRegister(RAX, bits) : b.loadPlace(place(b, RSI, false), bits);
    const right = b.loadPlace(place(b, RDI, false), bits);
    b.setFlags('sub', bits, left, right, left);
    if (!scan) advance(b, RSI, i64(BigInt(bits / 8)));
    advance(b, RDI, i64(BigInt(bits / 8)));
  };
}

/** INS and OUTS, repeated or not. */
function portString(bits: Bits, input: boolean): Lifter {
  return (b, instruction) => {
    const repeated = instruction.repeat !== '';
    const register = input ? RDI : RSI;
    const unit = binary(Op.i32Or, I32, b.readRegister(RDX, 16), i32((bits / 8) << 16));
    const wanted = b.pin(repeated ? registerNode(RCX) : i64(1n));
    const done = b.helper(input ? 'portInString' : 'portOutString', I64, unit, registerNode(register), wanted);
    advance(b, register, binary(Op.i64Mul, I64, done, i64(BigInt(bits / 8))));
    if (repeated) b.writeRegister(RCX, 64, binary(Op.i64Sub, I64, wanted, done));
    const unfinished = binary(Op.i64Ne, I32, done, wanted);
    b.emit({ kind: 'stopIf', condition: unfinished, site: b.site('fault', input), address: registerNode(register), spill: 0 });
  };
}

export const strings: LifterTable = {
  Insb: portString(8, true),
  Insw: portString(16, true),
  Insd: portString(32, true),
  Outsb: portString(8, false),
  Outsw: portString(16, false),
  Outsd: portString(32, false),
  Movsb: movs(8),
  Movsw: movs(16),
  Movsd: movs(32),
  Movsq: movs(64),
  Stosb: stos(8),
  Stosw: stos(16),
  Stosd: stos(32),
  Stosq: stos(64),
  Lodsb: lods(8),
  Lodsw: lods(16),
  Lodsd: lods(32),
  Lodsq: lods(64),
  Scasb: compareString(8, true),
  Scasw: compareString(16, true),
  Scasd: compareString(32, true),
  Scasq: compareString(64, true),
  Cmpsb: compareString(8, false),
  Cmpsw: compareString(16, false),
  Cmpsd: compareString(32, false),
  Cmpsq: compareString(64, false),
};
