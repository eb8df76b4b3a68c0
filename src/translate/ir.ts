// The translator's intermediate form: per basic block a list of statements over expression trees. Statements run in order;
// expressions are pure but for loads, which see the stores of earlier statements.
import { I32, I64, Op, type ValueType } from '#wasm';
import type { Instruction } from './instruction.ts';

/** Numbers of a function's locals. 0..15 are the guest registers. */
export const Local = {
  // Operands and result of the last flag-setting instruction, 64 and 32 bits wide.
  left64: 16,
  right64: 17,
  result64: 18,
  left32: 19,
  right32: 20,
  result32: 21,
  // Flags as 0 or 1, in the order of FLAGS.
  flags: 22,
  /** What a call returned. */
  next: 28,
  faultAddress: 29,
  site: 30,
  fuel: 31,
  label: 32,
  temporaries: 33,
} as const;
const FIXED_TYPES: readonly ValueType[] = Array.from({ length: Local.temporaries }, (_, n) =>
  n < 19 || n === Local.faultAddress ? I64 : I32,
);

/** Bits of a set of arithmetic flags. */
export const CF = 1;
export const PF = 2;
export const AF = 4;
export const ZF = 8;
export const SF = 16;
export const OF = 32;
export const ALL_FLAGS = 63;
/** Position in RFLAGS of each flag, in bit order of the sets above. */
export const FLAG_POSITIONS = [0, 2, 4, 6, 7, 11] as const;

export type NodeKind = 'const' | 'register' | 'local' | 'unary' | 'binary' | 'select' | 'load' | 'helper';

/** Functions that modules import when they need them; see runtime.ts. */
export type Helper =
  | 'mulhU'
  | 'mulhS'
  | 'divideU'
  | 'divideS'
  | 'move1'
  | 'move2'
  | 'move4'
  | 'move8'
  | 'store1'
  | 'store2'
  | 'store4'
  | 'store8'
  | 'portIn'
  | 'portOut'
  | 'portInString'
  | 'portOutString'
  | 'readMsr'
  | 'writeMsr'
  | 'cpuid'
  | 'rdtsc';

export class Node {
  readonly kind: NodeKind;
  readonly type: ValueType;
  /** Opcode; of a register or local its number; of a load its opcode. */
  readonly op: number;
  readonly a: Node | undefined;
  readonly b: Node | undefined;
  readonly c: Node | undefined;
  /** Value of an i32 constant; offset of a load. */
  readonly n: number;
  /** Value of an i64 constant, signed. */
  readonly value: bigint;
  readonly helper: Helper | undefined;
  constructor(kind: NodeKind, type: ValueType, op: number, a?: Node, b?: Node, c?: Node, n = 0, value = 0n, helper?: Helper) {
    this.kind = kind;
    this.type = type;
    this.op = op;
    this.a = a;
    this.b = b;
    this.c = c;
    this.n = n;
    this.value = value;
    this.helper = helper;
  }
}

/** Why execution stops at a place; the number of a site is what compiled code stores. */
export interface Site {
  readonly kind: 'fault' | 'trap' | 'stack' | 'budget' | 'unimplemented' | 'left';
  readonly ip: number;
  /** Added to the recorded address of a fault. */
  readonly displacement: number;
  readonly write: boolean;
  readonly vector: number;
}

export type CallTarget = { readonly kind: 'direct'; readonly ip: number } | { readonly kind: 'indirect'; readonly address: Node };

export type Statement =
  | { readonly kind: 'register'; readonly to: number; readonly value: Node }
  | { readonly kind: 'local'; readonly to: number; readonly value: Node; readonly owner?: FlagSource }
  | { readonly kind: 'store'; readonly op: number; readonly index: Node; readonly value: Node; readonly offset: number }
  /** Stops unless `address` is in guest memory. Equal keys mean equal addresses while the registers of `uses` last. */
  | {
      readonly kind: 'check';
      readonly address: Node;
      readonly site: number;
      readonly key: string;
      readonly uses: number;
      /** Whether it has to be writable. */
      readonly write: boolean;
      spill: number;
      drop: boolean;
    }
  | { readonly kind: 'stopIf'; readonly condition: Node; readonly site: number; readonly address?: Node; spill: number }
  /** rdx:rax by `divisor`, 64 bits wide; stops at `site` for #DE. */
  | {
      readonly kind: 'divide';
      readonly signed: boolean;
      readonly divisor: Node;
      readonly quotient: number;
      readonly remainder: number;
      readonly site: number;
      spill: number;
    }
  | { readonly kind: 'fuel'; readonly site: number; readonly flags: Node | undefined; spill: number }
  | { readonly kind: 'call'; readonly target: CallTarget; readonly returnTo: number; spill: number; reload: number };

export type Terminator =
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'branch'; readonly condition: Node; readonly then: number; readonly otherwise: number }
  | { readonly kind: 'return'; readonly to: Node; spill: number }
  | { readonly kind: 'tail'; readonly target: CallTarget; spill: number }
  | { readonly kind: 'stop'; readonly site: number; spill: number }
  /** Dispatcher of an irreducible loop, by Local.label. */
  | { readonly kind: 'dispatch'; readonly to: readonly number[] };

/** Where a flag's value comes from, if not from its local. */
export interface FlagSource {
  readonly kind: 'add' | 'sub' | 'logic' | 'adc' | 'sbb' | 'inc' | 'dec';
  readonly bits: number;
  /** Operands and result as locals or constants. */
  readonly left: Node;
  readonly right: Node;
  readonly result: Node;
  /** The same as first computed, usable by the next instruction only. */
  readonly fresh: { readonly left: Node; readonly right: Node; readonly result: Node; readonly epoch: number; readonly step: number };
  /** Whether the locals are read. */
  used: boolean;
}

export interface Block {
  readonly id: number;
  readonly ip: number;
  readonly instructions: Instruction[];
  readonly statements: Statement[];
  terminator: Terminator;
  successors: number[];
  predecessors: number[];
}

export function localType(n: number, temporaries: readonly ValueType[]): ValueType {
  return FIXED_TYPES[n] ?? temporaries[n - Local.temporaries] ?? I32;
}

// Constructors, with the folding that lifters would otherwise repeat.

export function i32(value: number): Node {
  return new Node('const', I32, 0, undefined, undefined, undefined, value | 0);
}
export function i64(value: bigint): Node {
  return new Node('const', I64, 0, undefined, undefined, undefined, 0, BigInt.asIntN(64, value));
}
export function registerNode(n: number): Node {
  return new Node('register', I64, n);
}
export function localNode(n: number, type: ValueType): Node {
  return new Node('local', type, n);
}
export function unary(op: number, type: ValueType, a: Node): Node {
  if (a.kind === 'const') {
    if (op === Op.i32WrapI64) return i32(Number(BigInt.asIntN(32, a.value)));
    if (op === Op.i64ExtendI32U) return i64(BigInt(a.n >>> 0));
    if (op === Op.i64ExtendI32S) return i64(BigInt(a.n));
  }
  // wrap(extend(x)) is x.
  if (op === Op.i32WrapI64 && a.kind === 'unary' && (a.op === Op.i64ExtendI32U || a.op === Op.i64ExtendI32S) && a.a !== undefined)
    return a.a;
  return new Node('unary', type, op, a);
}
export function binary(op: number, type: ValueType, a: Node, b: Node): Node {
  if (b.kind === 'const') {
    const zero = b.type === I32 ? b.n === 0 : b.value === 0n;
    if (zero && isNeutralZero(op)) return a;
    if (a.kind === 'const') {
      const folded = fold(op, a, b);
      if (folded !== undefined) return folded;
    }
    if (op === Op.i32And && b.n === -1) return a;
    // and(and(x, m), n): masks of partial registers.
    if (op === Op.i32And && a.kind === 'binary' && a.op === Op.i32And && a.a !== undefined && a.b?.kind === 'const') {
      return binary(op, type, a.a, i32(a.b.n & b.n));
    }
  }
  return new Node('binary', type, op, a, b);
}
export function select(condition: Node, a: Node, b: Node): Node {
  return new Node('select', a.type, Op.select, a, b, condition);
}
export function load(op: number, type: ValueType, index: Node, offset: number): Node {
  return new Node('load', type, op, index, undefined, undefined, offset);
}
export function helperCall(helper: Helper, type: ValueType, a: Node, b?: Node, c?: Node): Node {
  return new Node('helper', type, 0, a, b, c, 0, 0n, helper);
}

const NEUTRAL_ZERO = new Set<number>([
  Op.i32Add,
  Op.i32Sub,
  Op.i32Or,
  Op.i32Xor,
  Op.i32Shl,
  Op.i32ShrS,
  Op.i32ShrU,
  Op.i64Add,
  Op.i64Sub,
  Op.i64Or,
  Op.i64Xor,
  Op.i64Shl,
  Op.i64ShrS,
  Op.i64ShrU,
]);
function isNeutralZero(op: number): boolean {
  return NEUTRAL_ZERO.has(op);
}

function fold(op: number, a: Node, b: Node): Node | undefined {
  switch (op) {
    case Op.i32Add:
      return i32(a.n + b.n);
    case Op.i32Sub:
      return i32(a.n - b.n);
    case Op.i32And:
      return i32(a.n & b.n);
    case Op.i32Or:
      return i32(a.n | b.n);
    case Op.i32Xor:
      return i32(a.n ^ b.n);
    case Op.i32Shl:
      return i32(a.n << b.n);
    case Op.i32ShrU:
      return i32(a.n >>> b.n);
    case Op.i64Add:
      return i64(a.value + b.value);
    case Op.i64Sub:
      return i64(a.value - b.value);
    case Op.i64And:
      return i64(a.value & b.value);
    case Op.i64Or:
      return i64(a.value | b.value);
    case Op.i64Xor:
      return i64(a.value ^ b.value);
    default:
      return undefined;
  }
}
