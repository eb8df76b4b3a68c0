// The arithmetic flags at a stop, found out afterwards: translated code keeps only the flags that something reads, but a report shows
// all. Goes back over the instructions before the stop, into callers too, to the one that set them, and computes them from what is
// left of its operands. Intel SDM Vol. 2, "Flags Affected".
import { type Cfg, flowOf, type RawBlock } from './cfg.ts';
import { flagEffects } from './flags.ts';
import type { FunctionRange } from './host.ts';
import type { Instruction, Operand } from './instruction.ts';
import { AF, ALL_FLAGS, CF, OF, PF, SF, ZF } from './ir.ts';
import { successorsOf } from './lift/lift.ts';

const RSP = 4;
const MAX_FRAMES = 8;
const LOW = 0xffffffffn;
const MAX_INSTRUCTIONS = 1000;
const ALL_REGISTERS = 0xffff;

/** What is left of the stopped code. */
export interface Stopped {
  functionAt(ip: number): FunctionRange | undefined;
  cfg(range: FunctionRange): Cfg;
  register(n: number): bigint;
  /** Unsigned, of guest memory; undefined outside. */
  load(address: bigint, bits: number): bigint | undefined;
  readonly gsBase: bigint;
}
/** `set` of the flags in `known`. Bits as in ir.ts. */
export interface KnownFlags {
  readonly known: number;
  readonly set: number;
}
const NOTHING: KnownFlags = { known: 0, set: 0 };

/** Registers that an instruction writes besides its first operand; all, where nothing better is known. */
// biome-ignore format: one row of the table per line
const IMPLICIT: Readonly<Record<string, number>> = {
  Mul: 0b101, Div: 0b101, Idiv: 0b101, Cdq: 0b100, Cqo: 0b100, Cdqe: 1, Cwde: 1, Cbw: 1, Cwd: 0b100, Rdtsc: 0b101, Rdtscp: 0b111,
  Cpuid: 0b1111, Cmpxchg: 1, Xchg: ALL_REGISTERS, Xadd: ALL_REGISTERS, Leave: ALL_REGISTERS,
};
const READ_ONLY = new Set(['Cmp', 'Test', 'Push', 'Bt', 'Nop', 'Prefetchw', 'Prefetchnta', 'Prefetcht0']);

export class FlagHistory {
  readonly #stopped: Stopped;
  /** Registers that were written between the instruction looked at and the stop. */
  #dirty = 0;
  /** rsp before the instruction looked at; undefined: nobody knows. */
  #sp: bigint | undefined;
  #left = MAX_INSTRUCTIONS;
  #known = 0;
  #set = 0;

  constructor(stopped: Stopped) {
    this.#stopped = stopped;
    this.#sp = stopped.register(RSP);
  }
  /** The flags before the instruction at `ip`. */
  before(ip: number): KnownFlags {
    let at: number | undefined = ip;
    for (let frame = 0; frame < MAX_FRAMES && at !== undefined; frame++) at = this.#function(at);
    return { known: this.#known, set: this.#set };
  }
  /** The flags when the code left to where nothing is: the call has pushed its return address already. */
  beforeCall(target: number): KnownFlags {
    const ip = this.#call(target);
    return ip === undefined ? NOTHING : this.before(ip);
  }
  /** Goes back to the start of the function; gives the call that led to it, when flags are still wanted. */
  #function(ip: number): number | undefined {
    const range = this.#stopped.functionAt(ip);
    if (range === undefined) return undefined;
    const { blocks, entry } = this.#stopped.cfg(range);
    const cfg = { blocks, entry, range };
    let block = [...blocks.values()].find((candidate) => candidate.instructions.some((instruction) => instruction.ip === ip));
    let last = block?.instructions.findIndex((instruction) => instruction.ip === ip) ?? 0;
    const seen = new Set<RawBlock>();
    while (block !== undefined && !seen.has(block)) {
      seen.add(block);
      for (let n = last - 1; n >= 0; n--) if (!this.#back(block.instructions[n] as Instruction)) return undefined;
      const start: number = block.ip;
      const before = [...blocks.values()].filter((candidate) => successorsOf(candidate, cfg).includes(start));
      if (start === entry) return before.length === 0 ? this.#call(entry) : undefined;
      if (before.length !== 1) return undefined;
      block = before[0];
      last = block?.instructions.length ?? 0;
    }
    return undefined;
  }
  /** The instruction that led to the function at `entry`: a call, or the jump of a function that was called. */
  #call(entry: number): number | undefined {
    const address = this.#sp;
    const back = address === undefined ? undefined : this.#stopped.load(address, 64);
    const range = back === undefined ? undefined : this.#stopped.functionAt(Number(back & LOW) - 1);
    if (address === undefined || back === undefined || range === undefined) return undefined;
    const next = Number(back & LOW);
    const call = this.#find(range, (instruction) => instruction.next === next && flowOf(instruction) === 'call');
    if (call === undefined) return undefined;
    const callee = this.#target(call);
    if (callee === entry) {
      this.#sp = address + 8n;
      return call.ip;
    }
    const between = callee === undefined ? undefined : this.#stopped.functionAt(callee);
    return between && this.#find(between, ({ mnemonic, target }) => target === entry && mnemonic !== 'Call')?.ip;
  }
  #find(range: FunctionRange, matches: (instruction: Instruction) => boolean): Instruction | undefined {
    for (const { instructions } of this.#stopped.cfg(range).blocks.values()) {
      const found = instructions.find(matches);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** Where the call went. */
  #target({ target, operands }: Instruction): number | undefined {
    if (target >= 0) return target;
    const [callee] = operands;
    const value = callee === undefined ? undefined : this.#value(callee, 64);
    return value === undefined ? undefined : Number(value & LOW);
  }

  /** Whether it is worth going further back than `instruction`. */
  #back(instruction: Instruction): boolean {
    if (this.#left-- === 0) return false;
    const { mnemonic, operands } = instruction;
    if (flowOf(instruction) === 'call') return false;
    const { kills } = flagEffects(instruction);
    const wanted = ALL_FLAGS & ~this.#known;
    if ((kills & wanted) !== 0) {
      const found = this.#evaluate(instruction);
      this.#known |= found.known & wanted;
      this.#set |= found.set & found.known & wanted;
      // A flag that was set here and cannot be told is lost.
      if ((kills & wanted & ~found.known) !== 0 || this.#known === ALL_FLAGS) return false;
    } else if (kills === 0 && /^(?:Sh|Sa|Ro|Rc)/.test(mnemonic)) return false;
    this.#move(instruction);
    const [first] = operands;
    if (first?.kind === 'register' && !READ_ONLY.has(mnemonic)) this.#dirty |= 1 << first.register;
    this.#dirty |= instruction.repeat !== '' || /^(?:Movs|Stos|Lods|Scas|Cmps)/.test(mnemonic) ? 0b11000011 : (IMPLICIT[mnemonic] ?? 0);
    return true;
  }
  /** Undoes what the instruction did to rsp. */
  #move({ mnemonic, operands }: Instruction): void {
    if (this.#sp === undefined) return;
    const [first, second] = operands;
    if (mnemonic === 'Push') this.#sp += 8n;
    else if (mnemonic === 'Pop') this.#sp -= 8n;
    else if (first?.kind === 'register' && first.register === RSP && !READ_ONLY.has(mnemonic)) {
      const amount = second?.kind === 'immediate' ? second.value : undefined;
      if (amount !== undefined && mnemonic === 'Sub') this.#sp += amount;
      else if (amount !== undefined && mnemonic === 'Add') this.#sp -= amount;
      else this.#sp = undefined;
    }
  }

  /** What the instruction set, as far as its operands are still there: `first` after it, when it writes it. */
  #evaluate({ mnemonic, operands }: Instruction): KnownFlags {
    const [first, second] = operands;
    if (first === undefined) return NOTHING;
    const { bits } = first;
    const same = second?.kind === 'register' && first.kind === 'register' && second.register === first.register;
    if (same && (mnemonic === 'Xor' || mnemonic === 'Sub')) return arithmetic(bits, 0n, 0n, 0n);
    const a = this.#value(first, bits);
    const b = second === undefined || (same && mnemonic !== 'Test') ? undefined : this.#value(second, bits);
    const cut = (value: bigint): bigint => BigInt.asUintN(bits, value);
    switch (mnemonic) {
      case 'Cmp':
        return a === undefined || b === undefined ? NOTHING : arithmetic(bits, a, b, cut(a - b));
      case 'Test':
        return a === undefined || b === undefined ? NOTHING : logic(bits, a & b);
      case 'And':
      case 'Or':
      case 'Xor':
        return a === undefined ? NOTHING : logic(bits, a);
      case 'Sub':
        return a === undefined || b === undefined ? NOTHING : arithmetic(bits, cut(a + b), b, a);
      case 'Add':
        // The carry of a sum is the borrow of taking it apart again.
        return a === undefined || b === undefined ? NOTHING : sum(bits, cut(a - b), b, a);
      case 'Neg':
        return a === undefined ? NOTHING : arithmetic(bits, 0n, cut(-a), a);
      case 'Inc':
        return a === undefined ? NOTHING : withoutCarry(sum(bits, cut(a - 1n), 1n, a));
      case 'Dec':
        return a === undefined ? NOTHING : withoutCarry(arithmetic(bits, cut(a + 1n), 1n, a));
      default:
        return NOTHING;
    }
  }
  #value(operand: Operand, bits: number): bigint | undefined {
    if (operand.kind === 'immediate') return BigInt.asUintN(bits, operand.value);
    if (operand.kind === 'register') {
      const whole = this.#register(operand.register);
      return whole === undefined ? undefined : BigInt.asUintN(bits, operand.high ? whole >> 8n : whole);
    }
    const base = operand.base < 0 ? 0n : operand.base === RSP ? this.#sp : this.#register(operand.base);
    const index = operand.index < 0 ? 0n : this.#register(operand.index);
    if (base === undefined || index === undefined || operand.segment === 'fs') return undefined;
    const segment = operand.segment === 'gs' ? this.#stopped.gsBase : 0n;
    const address = base + (index << BigInt(operand.shift)) + operand.displacement;
    return this.#stopped.load((operand.address32 ? BigInt.asUintN(32, address) : address) + segment, bits);
  }
  #register(n: number): bigint | undefined {
    return (this.#dirty & (1 << n)) === 0 ? this.#stopped.register(n) : undefined;
  }
}

function common(bits: number, result: bigint): number {
  let ones = 0;
  for (let n = 0n; n < 8n; n++) if ((result >> n) & 1n) ones++;
  const negative = (result >> BigInt(bits - 1)) & 1n;
  return (result === 0n ? ZF : 0) | (negative === 1n ? SF : 0) | (ones % 2 === 0 ? PF : 0);
}
/** AF is undefined; the recorded machine clears it. */
const logic = (bits: number, result: bigint): KnownFlags => ({ known: ALL_FLAGS, set: common(bits, result) });
/** left - right. */
function arithmetic(bits: number, left: bigint, right: bigint, result: bigint): KnownFlags {
  const top = BigInt(bits - 1);
  const overflow = (((left ^ right) & (left ^ result)) >> top) & 1n;
  return flags(bits, left, right, result, left < right, overflow === 1n);
}
/** left + right. */
function sum(bits: number, left: bigint, right: bigint, result: bigint): KnownFlags {
  const top = BigInt(bits - 1);
  const overflow = (((left ^ result) & (right ^ result)) >> top) & 1n;
  return flags(bits, left, right, result, result < left, overflow === 1n);
}
function flags(bits: number, left: bigint, right: bigint, result: bigint, carry: boolean, overflow: boolean): KnownFlags {
  const half = ((left ^ right ^ result) >> 4n) & 1n;
  const set = common(bits, result) | (carry ? CF : 0) | (overflow ? OF : 0) | (half === 1n ? AF : 0);
  return { known: ALL_FLAGS, set };
}
const withoutCarry = ({ known, set }: KnownFlags): KnownFlags => ({ known: known & ~CF, set: set & ~CF });
