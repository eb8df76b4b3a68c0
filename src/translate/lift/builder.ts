// What lifters see: operands, arithmetic on nodes, lazy flags, statements of the block under construction.
import { I32, I64, Op, type ValueType } from '#wasm';
import { CONDITION_FLAGS } from '../flags.ts';
import type { Bits, Instruction, MemoryOperand, Operand } from '../instruction.ts';
import {
  ALL_FLAGS,
  type Block,
  binary,
  CF,
  FLAG_POSITIONS,
  type FlagSource,
  type Helper,
  helperCall,
  i32,
  i64,
  Local,
  load,
  localNode,
  localType,
  type Node,
  OF,
  PF,
  registerNode,
  SF,
  type Site,
  type Statement,
  select,
  unary,
  ZF,
} from '../ir.ts';
import { clean, type FlagOperands, flagValue, fusedCondition } from './conditions.ts';

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

/** An instruction in a form that its lifter does not know: it stops as unimplemented when it is reached. */
export class UnsupportedForm extends Error {}

/** Where a memory operand lies: its i32 index plus a constant offset. */
export interface Place {
  readonly index: Node;
  readonly offset: number;
  /** The 64-bit address. */
  readonly address: Node;
}

export interface BuilderSettings {
  readonly checks: boolean;
  readonly guestStart: number;
  readonly gsBase: bigint;
  readonly rflags: number;
  /** Where helpers leave what does not fit their result. */
  readonly results: number;
}

const LOADS: Readonly<Record<number, number>> = { 8: Op.i32Load8U, 16: Op.i32Load16U, 32: Op.i32Load, 64: Op.i64Load };
const STORES: Readonly<Record<number, number>> = { 8: Op.i32Store8, 16: Op.i32Store16, 32: Op.i32Store, 64: Op.i64Store };
/** Displacements below this are covered by the check of their base. */
const FOLDED = 4096n;
const TOP = -0x100000000n;

/** State of the flags: by flag, the source that it can be computed from; undefined is its own local. */
export type FlagState = (FlagSource | undefined)[];

export class Builder {
  readonly settings: BuilderSettings;
  readonly temporaries: ValueType[] = [];
  readonly #addSite: (site: Site) => number;
  /** Temporaries of even and odd instructions, so that one may use what the one before computed. */
  readonly #pools: number[][] = [[], []];
  #poolUse = 0;
  #statements: Statement[] = [];
  #flags: FlagState = [];
  #live = 0;
  #step = 0;
  #epoch = 0;
  #instruction: Instruction | undefined;
  #places = new Map<MemoryOperand, Place>();

  constructor(settings: BuilderSettings, addSite: (site: Site) => number) {
    this.settings = settings;
    this.#addSite = addSite;
  }

  // ---- Position

  openBlock(block: Block, flags: FlagState | undefined): void {
    this.#statements = block.statements;
    this.#flags = flags === undefined ? new Array<undefined>(FLAG_POSITIONS.length).fill(undefined) : [...flags];
    this.#step += 2;
  }
  /** Precondition for all lifters: `liveFlags` are the flags that are read after the instruction. */
  openInstruction(instruction: Instruction, liveFlags: number): void {
    this.#instruction = instruction;
    this.#live = liveFlags;
    this.#step++;
    this.#poolUse = 0;
    this.#places.clear();
  }
  flagState(): FlagState {
    return [...this.#flags];
  }
  get instruction(): Instruction {
    if (this.#instruction === undefined) throw new UnsupportedForm('no instruction');
    return this.#instruction;
  }

  // ---- Statements

  emit(statement: Statement): void {
    this.#statements.push(statement);
  }
  /** The value in a local of its own, so that it may be used several times and after register writes. */
  pin(value: Node): Node {
    if (value.kind === 'const' || (value.kind === 'local' && value.op >= Local.temporaries)) return value;
    const to = this.#temporary(value.type);
    this.emit({ kind: 'local', to, value });
    return localNode(to, value.type);
  }
  /** A local that a statement will set. */
  newLocal(type: ValueType): Node {
    return localNode(this.#temporary(type), type);
  }
  setLocal(to: number, value: Node): void {
    this.emit({ kind: 'local', to, value });
  }
  site(kind: Site['kind'], write = false, displacement = 0, vector = 0): number {
    return this.#addSite({ kind, ip: this.instruction.ip, displacement, write, vector });
  }
  /** Raises an exception when the condition holds. */
  trapIf(condition: Node, vector: number): void {
    this.emit({ kind: 'stopIf', condition, site: this.site('trap', false, 0, vector), spill: 0 });
  }
  helper(name: Helper, type: ValueType, a: Node, b?: Node, c?: Node): Node {
    return this.pin(helperCall(name, type, a, b, c));
  }

  // ---- Operands

  bits(operand: Operand): Bits {
    return operand.bits;
  }
  operand(n: number): Operand {
    const operand = this.instruction.operands[n];
    if (operand === undefined) throw new UnsupportedForm(`${this.instruction.mnemonic} lacks operand ${n}`);
    return operand;
  }
  /** i64 for 64 bits, otherwise i32 with zero upper bits. */
  read(operand: Operand, write = false): Node {
    if (operand.kind === 'register') return this.readRegister(operand.register, operand.bits, operand.high);
    if (operand.kind === 'immediate') return this.constant(operand.bits, operand.value);
    const place = this.place(operand, write);
    return this.loadPlace(place, operand.bits);
  }
  /** Reads an operand that the instruction also writes. */
  modify(operand: Operand): Node {
    return this.read(operand, true);
  }
  /** Reads the second operand, an immediate being extended to `bits`. */
  readAs(bits: Bits, operand: Operand): Node {
    return operand.kind === 'immediate' ? this.constant(bits, operand.value) : this.read(operand);
  }
  constant(bits: Bits, value: bigint): Node {
    return bits === 64 ? i64(value) : i32(Number(BigInt.asUintN(bits, value)));
  }
  readRegister(register: number, bits: Bits, high = false): Node {
    const whole = registerNode(register);
    if (bits === 64) return whole;
    const low = unary(Op.i32WrapI64, I32, whole);
    if (high) return binary(Op.i32And, I32, binary(Op.i32ShrU, I32, low, i32(8)), i32(0xff));
    return clean(bits, low);
  }
  /** Upper bits of narrow values are ignored. */
  write(operand: Operand, value: Node): void {
    if (operand.kind === 'register') this.writeRegister(operand.register, operand.bits, value, operand.high);
    else if (operand.kind === 'memory') this.storePlace(this.place(operand, true), operand.bits, value);
    else throw new UnsupportedForm('write to an immediate');
  }
  writeRegister(register: number, bits: Bits, value: Node, high = false): void {
    let whole = value;
    if (bits === 32) whole = unary(Op.i64ExtendI32U, I64, value);
    else if (bits < 32) {
      const shift = high ? 8n : 0n;
      const mask = (bits === 8 ? 0xffn : 0xffffn) << shift;
      const part = unary(Op.i64ExtendI32U, I64, clean(bits, value));
      const kept = binary(Op.i64And, I64, registerNode(register), i64(~mask));
      whole = binary(Op.i64Or, I64, kept, binary(Op.i64Shl, I64, part, i64(shift)));
    }
    this.#epoch++;
    if (register === RSP && this.settings.checks) {
      // Accesses through rsp are not checked, so its value is.
      whole = this.pin(whole);
      this.check(whole, 'rsp', 0, this.site('fault'));
    }
    this.emit({ kind: 'register', to: register, value: whole });
  }
  /** Sets rsp to a small constant distance from where it was: no check. */
  moveStackPointer(value: Node): void {
    this.#epoch++;
    this.emit({ kind: 'register', to: RSP, value });
  }

  // ---- Memory

  /** The checked place of a memory operand. The same operand of one instruction is computed once. */
  place(operand: MemoryOperand, write: boolean): Place {
    const known = this.#places.get(operand);
    if (known !== undefined) return known;
    const place = this.#place(operand, write);
    this.#places.set(operand, place);
    return place;
  }
  loadPlace(place: Place, bits: Bits): Node {
    return this.pin(load(LOADS[bits] ?? Op.i64Load, bits === 64 ? I64 : I32, place.index, place.offset));
  }
  storePlace(place: Place, bits: Bits, value: Node): void {
    this.emit({ kind: 'store', op: STORES[bits] ?? Op.i64Store, index: place.index, value, offset: place.offset });
  }
  /** A place at an address that is known to be stack memory, or in the host area. */
  trusted(address: Node, offset = 0): Place {
    return { index: unary(Op.i32WrapI64, I32, address), offset, address };
  }
  hostPlace(index: number): Place {
    return { index: i32(0), offset: index, address: i64(BigInt(index)) };
  }
  check(address: Node, key: string, uses: number, site: number, write = false): void {
    this.emit({ kind: 'check', address, site, key, uses, write, spill: 0, drop: false });
  }
  /** base + (index << shift) + displacement, before the segment. */
  effectiveAddress(operand: MemoryOperand, displacement: bigint = operand.displacement): Node {
    let address = operand.base >= 0 ? registerNode(operand.base) : undefined;
    if (operand.index >= 0) {
      const scaled = binary(Op.i64Shl, I64, registerNode(operand.index), i64(BigInt(operand.shift)));
      address = address === undefined ? scaled : binary(Op.i64Add, I64, address, scaled);
    }
    address = address === undefined ? i64(displacement) : binary(Op.i64Add, I64, address, i64(displacement));
    return operand.address32 ? binary(Op.i64And, I64, address, i64(0xffffffffn)) : address;
  }
  #place(operand: MemoryOperand, write: boolean): Place {
    const { base, index, shift, segment, address32 } = operand;
    const { checks, guestStart, gsBase } = this.settings;
    const displacement = operand.displacement;
    if (base === RSP && index < 0 && segment === '' && !address32) {
      if (displacement >= 0n) return this.trusted(registerNode(RSP), Number(displacement));
      return this.trusted(binary(Op.i64Add, I64, registerNode(RSP), i64(displacement)));
    }
    const segmentBase = segment === 'gs' ? gsBase : 0n;
    if (base < 0 && index < 0) {
      const address = BigInt.asIntN(64, (address32 ? BigInt.asUintN(32, displacement) : displacement) + segmentBase);
      const low = Number(BigInt.asUintN(32, address));
      const inside = address < -FOLDED && address >= TOP + BigInt(guestStart);
      if (inside || !checks) return { index: i32(0), offset: low, address: i64(address) };
      this.check(i64(address), `${address}`, 0, this.site('fault', write));
      return this.trusted(i64(address));
    }
    const fold = segment === '' && !address32 && displacement >= 0n && displacement < FOLDED;
    let address = this.effectiveAddress(operand, fold ? 0n : displacement);
    if (segment !== '') address = binary(Op.i64Add, I64, address, i64(segmentBase));
    const offset = fold ? Number(displacement) : 0;
    if (!checks) return { index: unary(Op.i32WrapI64, I32, address), offset, address };
    const simple = address.kind === 'register';
    if (!simple) address = this.pin(address);
    const uses = (base >= 0 ? 1 << base : 0) | (index >= 0 ? 1 << index : 0);
    const key = `${base},${index},${shift},${fold ? '' : displacement}${segment}${address32 ? 'a' : ''}`;
    this.check(address, key, uses, this.site('fault', write, offset), write);
    return { index: unary(Op.i32WrapI64, I32, address), offset, address };
  }

  // ---- Arithmetic by width

  op(bits: Bits, op32: number, op64: number, a: Node, b: Node): Node {
    return bits === 64 ? binary(op64, I64, a, b) : binary(op32, I32, a, b);
  }
  add(bits: Bits, a: Node, b: Node): Node {
    return this.op(bits, Op.i32Add, Op.i64Add, a, b);
  }
  sub(bits: Bits, a: Node, b: Node): Node {
    return this.op(bits, Op.i32Sub, Op.i64Sub, a, b);
  }
  and(bits: Bits, a: Node, b: Node): Node {
    return this.op(bits, Op.i32And, Op.i64And, a, b);
  }
  or(bits: Bits, a: Node, b: Node): Node {
    return this.op(bits, Op.i32Or, Op.i64Or, a, b);
  }
  xor(bits: Bits, a: Node, b: Node): Node {
    return this.op(bits, Op.i32Xor, Op.i64Xor, a, b);
  }
  /** A comparison; the result is i32. */
  compare(bits: Bits, op32: number, op64: number, a: Node, b: Node): Node {
    return binary(bits === 64 ? op64 : op32, I32, a, b);
  }
  clean(bits: Bits, value: Node): Node {
    return clean(bits, value);
  }
  /** Sign-extends a value of `bits` to i64 or i32. */
  signExtend(bits: Bits, to: Bits, value: Node): Node {
    if (bits === 64) return value;
    const narrow = bits === 8 ? unary(Op.i32Extend8S, I32, value) : bits === 16 ? unary(Op.i32Extend16S, I32, value) : value;
    return to === 64 ? unary(Op.i64ExtendI32S, I64, narrow) : narrow;
  }
  /** Zero-extends a clean value of `bits` to i64 or i32. */
  zeroExtend(bits: Bits, to: Bits, value: Node): Node {
    return bits === 64 || to !== 64 ? value : unary(Op.i64ExtendI32U, I64, value);
  }
  /** The low `bits` of a value of any type. */
  low(value: Node): Node {
    return value.type === I64 ? unary(Op.i32WrapI64, I32, value) : value;
  }

  // ---- Flags

  get liveFlags(): number {
    return this.#live;
  }
  /** Sets all of `mask` from operands and result. Narrow operands must be clean. */
  setFlags(kind: FlagSource['kind'], bits: Bits, left: Node, right: Node, result: Node, mask = ALL_FLAGS): void {
    const wanted = this.#live & mask;
    this.#keep(this.#live & ~mask);
    if (wanted === 0) return this.#forget(mask);
    const wide = bits === 64;
    const type = wide ? I64 : I32;
    const usesOperands = kind === 'add' || kind === 'sub' || kind === 'adc' || kind === 'sbb';
    const usesResult = kind !== 'add' && kind !== 'sub';
    const saved = (value: Node, to: number): Node => (value.kind === 'const' ? value : localNode(to, type));
    const cleanResult = usesResult ? clean(bits, result) : result;
    const source: FlagSource = {
      kind,
      bits,
      left: usesOperands ? saved(left, wide ? Local.left64 : Local.left32) : left,
      right: usesOperands ? saved(right, wide ? Local.right64 : Local.right32) : right,
      result: usesResult ? saved(cleanResult, wide ? Local.result64 : Local.result32) : result,
      fresh: { left, right, result: cleanResult, epoch: this.#epoch, step: this.#step },
      used: false,
    };
    const save = (value: Node, home: Node): void => {
      if (home.kind === 'local' && value.kind !== 'const') this.emit({ kind: 'local', to: home.op, value, owner: source });
    };
    if (usesOperands) {
      save(left, source.left);
      save(right, source.right);
    }
    if (usesResult) save(cleanResult, source.result);
    for (let n = 0; n < FLAG_POSITIONS.length; n++) if (mask & (1 << n)) this.#flags[n] = source;
  }
  /** Sets one flag to an i32 that is 0 or 1. */
  setFlag(flag: number, value: Node): void {
    if ((this.#live & flag) === 0) return;
    const n = 31 - Math.clz32(flag);
    this.#flags[n] = undefined;
    this.setLocal(Local.flags + n, value);
  }
  /** Sets one flag to `value` when the condition holds; otherwise it stays. */
  setFlagIf(condition: Node, flag: number, value: Node): void {
    if ((this.#live & flag) === 0) return;
    this.setFlag(flag, select(condition, value, this.flag(flag)));
  }
  /** The flag as 0 or 1. */
  flag(flag: number): Node {
    const n = 31 - Math.clz32(flag);
    const source = this.#flags[n];
    if (source === undefined) return localNode(Local.flags + n, I32);
    return flagValue(flag, source, this.#operands(source));
  }
  /** A condition by its suffix ('e', 'le') as i32, not 0 when it holds. */
  condition(suffix: string): Node {
    const mask = CONDITION_FLAGS[suffix];
    if (mask === undefined) throw new UnsupportedForm(`no condition ${suffix}`);
    const source = this.#commonSource(mask);
    if (source !== undefined) {
      const fused = fusedCondition(suffix, source, this.#operands(source));
      if (fused !== undefined) return fused;
    }
    const or = (a: Node, b: Node): Node => binary(Op.i32Or, I32, a, b);
    const less = (): Node => binary(Op.i32Xor, I32, this.flag(SF), this.flag(OF));
    const not = (a: Node): Node => unary(Op.i32Eqz, I32, a);
    switch (suffix) {
      case 'o':
        return this.flag(OF);
      case 'no':
        return not(this.flag(OF));
      case 'b':
        return this.flag(CF);
      case 'ae':
        return not(this.flag(CF));
      case 'e':
        return this.flag(ZF);
      case 'ne':
        return not(this.flag(ZF));
      case 'be':
        return or(this.flag(CF), this.flag(ZF));
      case 'a':
        return not(or(this.flag(CF), this.flag(ZF)));
      case 's':
        return this.flag(SF);
      case 'ns':
        return not(this.flag(SF));
      case 'p':
        return this.flag(PF);
      case 'np':
        return not(this.flag(PF));
      case 'l':
        return less();
      case 'ge':
        return not(less());
      case 'le':
        return or(this.flag(ZF), less());
      default:
        return not(or(this.flag(ZF), less()));
    }
  }
  /** Gives each flag of `mask` its own local: before blocks that several others enter. */
  materialise(mask: number): void {
    this.#keep(mask);
  }
  /** The arithmetic flags in RFLAGS layout, of locals only, as i64. */
  static flagsWord(mask: number, flag: (n: number) => Node): Node {
    let word: Node = i32(2);
    for (let n = 0; n < FLAG_POSITIONS.length; n++) {
      if ((mask & (1 << n)) === 0) continue;
      word = binary(Op.i32Or, I32, word, binary(Op.i32Shl, I32, flag(n), i32(FLAG_POSITIONS[n] ?? 0)));
    }
    return unary(Op.i64ExtendI32U, I64, word);
  }

  #operands(source: FlagSource): FlagOperands {
    const { fresh } = source;
    if (fresh.epoch === this.#epoch && this.#step - fresh.step <= 1) return fresh;
    source.used = true;
    return source;
  }
  #commonSource(mask: number): FlagSource | undefined {
    let common: FlagSource | undefined;
    for (let n = 0; n < FLAG_POSITIONS.length; n++) {
      if ((mask & (1 << n)) === 0) continue;
      const source = this.#flags[n];
      if (source === undefined || (common !== undefined && common !== source)) return undefined;
      common = source;
    }
    return common;
  }
  #keep(mask: number): void {
    const kept: [number, Node][] = [];
    for (let n = 0; n < FLAG_POSITIONS.length; n++) {
      if ((mask & (1 << n)) === 0 || this.#flags[n] === undefined) continue;
      kept.push([n, this.flag(1 << n)]);
    }
    for (const [n, value] of kept) {
      this.setLocal(Local.flags + n, value);
      this.#flags[n] = undefined;
    }
  }
  #forget(mask: number): void {
    for (let n = 0; n < FLAG_POSITIONS.length; n++) if (mask & (1 << n)) this.#flags[n] = undefined;
  }
  #temporary(type: ValueType): number {
    const pool = this.#pools[this.#step & 1] ?? [];
    for (; this.#poolUse < pool.length; this.#poolUse++) {
      const n = pool[this.#poolUse] ?? 0;
      if (localType(n, this.temporaries) === type) {
        this.#poolUse++;
        return n;
      }
    }
    // Types are not interleaved well in a pool that is shared; a new local then.
    const n = Local.temporaries + this.temporaries.length;
    this.temporaries.push(type);
    pool.push(n);
    this.#poolUse = pool.length;
    return n;
  }
}
