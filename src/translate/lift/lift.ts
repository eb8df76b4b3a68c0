// From the instructions of a control-flow graph to blocks of statements.

import type { ValueType } from '#wasm';
import { I32, I64, Op } from '#wasm';
import { type Cfg, flowOf, inRange, type RawBlock } from '../cfg.ts';
import { flagEffects } from '../flags.ts';
import type { Instruction } from '../instruction.ts';
import {
  type Block,
  binary,
  type CallTarget,
  FLAG_POSITIONS,
  i32,
  i64,
  Local,
  load,
  localNode,
  type Node,
  registerNode,
  type Site,
  type Terminator,
  unary,
} from '../ir.ts';
import { Builder, type BuilderSettings, type FlagState, RCX, RSP, UnsupportedForm } from './builder.ts';
import { lifters } from './table.ts';

const TOP = -0x100000000n;
const INVALID_OPCODE = 6;
const BREAKPOINT = 3;
const SYSTEM_FLAGS = 0x240600n;

/** A translation unit in intermediate form: `blocks[0]` is an empty entry block. */
export interface Unit {
  readonly cfg: Cfg;
  readonly blocks: Block[];
  readonly temporaries: readonly ValueType[];
}

interface Layout {
  /** Raw blocks in reverse postorder; their ids are 1 more than the index. */
  readonly order: readonly RawBlock[];
  readonly idOf: ReadonlyMap<number, number>;
}

/** Addresses of the blocks that follow, in range; a branch out of range is a tail call. */
export function successorsOf(block: RawBlock, cfg: Pick<Cfg, 'range'>): number[] {
  if (block.tail === 'fallthrough') return [block.end];
  const last = block.instructions.at(-1);
  if (last === undefined || block.tail !== 'branch') return [];
  const flow = flowOf(last);
  const result: number[] = [];
  if ((flow === 'jump' || flow === 'branch') && inRange(cfg.range, last.target)) result.push(last.target);
  if (flow === 'branch') result.push(last.next);
  return result;
}

function reversePostorder(cfg: Cfg): Layout {
  const postorder: RawBlock[] = [];
  const seen = new Set<number>([cfg.entry]);
  const stack: { block: RawBlock; successors: number[] }[] = [];
  const visit = (ip: number): void => {
    const block = cfg.blocks.get(ip);
    if (block === undefined) throw new Error(`no block at ${ip.toString(16)}`);
    stack.push({ block, successors: successorsOf(block, cfg) });
  };
  visit(cfg.entry);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.successors.pop();
    if (next === undefined) {
      postorder.push(top.block);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      visit(next);
    }
  }
  const order = postorder.reverse();
  return { order, idOf: new Map(order.map((block, n) => [block.ip, n + 1])) };
}

/** Flags that are read at or after the start of each block, by id. */
function flagLiveness(cfg: Cfg, { order, idOf }: Layout): number[] {
  const liveIn = new Array<number>(order.length + 1).fill(0);
  const transfer = order.map((block) => {
    let reads = 0;
    let kills = 0;
    for (let n = block.instructions.length - 1; n >= 0; n--) {
      const effect = flagEffects(block.instructions[n] as Instruction);
      reads = (reads & ~effect.kills) | effect.reads;
      kills |= effect.kills;
    }
    return { reads, kills, successors: successorsOf(block, cfg) };
  });
  for (let changed = true; changed; ) {
    changed = false;
    for (let n = order.length - 1; n >= 0; n--) {
      const { reads, kills, successors } = transfer[n] ?? { reads: 0, kills: 0, successors: [] };
      let live = 0;
      for (const ip of successors) live |= liveIn[idOf.get(ip) ?? 0] ?? 0;
      const before = reads | (live & ~kills);
      if (before !== liveIn[n + 1]) {
        liveIn[n + 1] = before;
        changed = true;
      }
    }
  }
  return liveIn;
}

export function liftUnit(cfg: Cfg, settings: BuilderSettings, addSite: (site: Site) => number): Unit {
  const layout = reversePostorder(cfg);
  const { order, idOf } = layout;
  const liveIn = flagLiveness(cfg, layout);
  const builder = new Builder(settings, addSite);
  const newBlock = (ip: number, raw?: RawBlock): Block => ({
    id: blocks.length,
    ip,
    instructions: raw?.instructions ?? [],
    statements: [],
    terminator: { kind: 'jump', to: 0 },
    successors: [],
    predecessors: [],
  });
  const blocks: Block[] = [];
  blocks.push(newBlock(cfg.entry));
  for (const raw of order) blocks.push(newBlock(raw.ip, raw));
  const entry = blocks[0] as Block;
  entry.successors = [1];
  entry.terminator = { kind: 'jump', to: 1 };
  for (const raw of order) (blocks[idOf.get(raw.ip) ?? 0] as Block).successors = successorsOf(raw, cfg).map((ip) => idOf.get(ip) ?? 0);
  for (const block of blocks) for (const to of block.successors) (blocks[to] as Block).predecessors.push(block.id);
  restoreFlags(entry, liveIn[1] ?? 0, settings);

  const flagsAtEnd: FlagState[] = [];
  const count = blocks.length;
  for (let id = 1; id < count; id++) {
    const block = blocks[id] as Block;
    const raw = order[id - 1] as RawBlock;
    const only = block.predecessors.length === 1 ? block.predecessors[0] : undefined;
    const live = liveIn[id] ?? 0;
    builder.openBlock(block, only === undefined ? undefined : flagsAtEnd[only]);
    if (block.predecessors.some((from) => from >= id)) {
      const flags = live === 0 ? undefined : Builder.flagsWord(live, (n) => localNode(Local.flags + n, I32));
      block.statements.push({
        kind: 'fuel',
        site: addSite({ kind: 'budget', ip: block.ip, displacement: 0, write: false, vector: 0 }),
        flags,
        spill: 0,
      });
    }
    liftBlock(block, raw);
    flagsAtEnd[id] = builder.flagState();
  }
  return { cfg, blocks, temporaries: builder.temporaries };

  function liftBlock(block: Block, raw: RawBlock): void {
    const { instructions } = raw;
    let live = 0;
    let shared = 0;
    for (const to of block.successors) {
      const flags = liveIn[to] ?? 0;
      live |= flags;
      if ((blocks[to] as Block).predecessors.length > 1) shared |= flags;
    }
    const liveAfter = new Array<number>(instructions.length);
    for (let n = instructions.length - 1; n >= 0; n--) {
      liveAfter[n] = live;
      const effect = flagEffects(instructions[n] as Instruction);
      live = (live & ~effect.kills) | effect.reads;
    }
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n] as Instruction;
      builder.openInstruction(instruction, liveAfter[n] ?? 0);
      const terminator = liftInstruction(block, instruction);
      if (terminator !== undefined) {
        builder.materialise(shared);
        block.terminator = terminator;
        // An instruction that stops ends the block early.
        if (terminator.kind === 'stop' && block.successors.length > 0) cut(block);
        return;
      }
    }
    builder.materialise(shared);
    if (raw.tail === 'fallthrough') block.terminator = { kind: 'jump', to: block.successors[0] ?? 0 };
    else block.terminator = stopAt(raw.end, raw.tail === 'undecodable' ? 'unimplemented' : 'left');
  }

  function cut(block: Block): void {
    for (const to of block.successors) {
      const { predecessors } = blocks[to] as Block;
      predecessors.splice(predecessors.indexOf(block.id), 1);
    }
    block.successors = [];
  }
  function stopAt(ip: number, kind: Site['kind'], vector = 0): Terminator {
    return { kind: 'stop', site: addSite({ kind, ip, displacement: 0, write: false, vector }), spill: 0 };
  }

  /** @returns the terminator when the block ends here. */
  function liftInstruction(block: Block, instruction: Instruction): Terminator | undefined {
    const { mnemonic, ip, next } = instruction;
    switch (flowOf(instruction)) {
      case 'next': {
        const lifter = lifters.get(mnemonic);
        if (lifter === undefined) return stopAt(ip, 'unimplemented');
        const before = block.statements.length;
        try {
          lifter(builder, instruction);
        } catch (error) {
          if (!(error instanceof UnsupportedForm)) throw error;
          // A form that its lifter does not know.
          block.statements.length = before;
          return stopAt(ip, 'unimplemented');
        }
        return undefined;
      }
      case 'call': {
        const target = callTarget(instruction);
        const top = binary(Op.i64Sub, I64, registerNode(RSP), i64(8n));
        builder.storePlace(builder.trusted(top), 64, i64(TOP + BigInt(next)));
        builder.moveStackPointer(top);
        builder.emit({ kind: 'call', target, returnTo: next, spill: 0, reload: 0 });
        return undefined;
      }
      case 'jump':
        if (inRange(cfg.range, instruction.target)) return { kind: 'jump', to: idOf.get(instruction.target) ?? 0 };
        return { kind: 'tail', target: { kind: 'direct', ip: instruction.target }, spill: 0 };
      case 'indirectJump':
        return { kind: 'tail', target: callTarget(instruction), spill: 0 };
      case 'branch':
        return branch(block, instruction);
      case 'return': {
        const to = builder.pin(load(Op.i32Load, I32, unary(Op.i32WrapI64, I32, registerNode(RSP)), 0));
        const extra = instruction.operands[0]?.kind === 'immediate' ? instruction.operands[0].value : 0n;
        builder.moveStackPointer(binary(Op.i64Add, I64, registerNode(RSP), i64(8n + extra)));
        return { kind: 'return', to, spill: 0 };
      }
      default:
        if (mnemonic === 'Int3') return stopAt(ip, 'trap', BREAKPOINT);
        if (mnemonic.startsWith('Ud')) return stopAt(ip, 'trap', INVALID_OPCODE);
        return stopAt(ip, 'unimplemented');
    }
  }

  function callTarget(instruction: Instruction): CallTarget {
    if (instruction.target >= 0) return { kind: 'direct', ip: instruction.target };
    return { kind: 'indirect', address: builder.pin(builder.read(builder.operand(0))) };
  }

  function branch(block: Block, instruction: Instruction): Terminator {
    const condition = branchCondition(instruction);
    const otherwise = idOf.get(instruction.next) ?? 0;
    let then = idOf.get(instruction.target);
    if (then === undefined || !inRange(cfg.range, instruction.target)) {
      const outside = newBlock(instruction.target);
      outside.predecessors.push(block.id);
      outside.terminator = { kind: 'tail', target: { kind: 'direct', ip: instruction.target }, spill: 0 };
      blocks.push(outside);
      block.successors.push(outside.id);
      then = outside.id;
    }
    return then === otherwise ? { kind: 'jump', to: then } : { kind: 'branch', condition, then, otherwise };
  }

  function branchCondition({ mnemonic }: Instruction): Node {
    if (mnemonic.startsWith('Loop')) {
      const rest = builder.pin(binary(Op.i64Sub, I64, registerNode(RCX), i64(1n)));
      const zero = mnemonic === 'Loop' ? undefined : builder.pin(builder.condition(mnemonic === 'Loope' ? 'e' : 'ne'));
      builder.writeRegister(RCX, 64, rest);
      const more = binary(Op.i64Ne, I32, rest, i64(0n));
      return zero === undefined ? more : binary(Op.i32And, I32, more, binary(Op.i32Ne, I32, zero, i32(0)));
    }
    if (mnemonic === 'Jrcxz') return unary(Op.i64Eqz, I32, registerNode(RCX));
    if (mnemonic === 'Jecxz') return unary(Op.i32Eqz, I32, builder.readRegister(RCX, 32));
    return builder.condition(mnemonic.slice(1).toLowerCase());
  }
}

/** Continuations may start with live flags, which a budget stop left in memory. */
function restoreFlags(entry: Block, live: number, settings: BuilderSettings): void {
  for (let n = 0; n < FLAG_POSITIONS.length; n++) {
    if ((live & (1 << n)) === 0) continue;
    const word = load(Op.i32Load, I32, i32(0), settings.rflags);
    const value = binary(Op.i32And, I32, binary(Op.i32ShrU, I32, word, i32(FLAG_POSITIONS[n] ?? 0)), i32(1));
    entry.statements.push({ kind: 'local', to: Local.flags + n, value });
  }
}

/** The RFLAGS word to store when a stop keeps `flags`. */
export function rflagsWith(flags: Node, rflags: number): Node {
  const kept = binary(Op.i64And, I64, load(Op.i64Load, I64, i32(0), rflags), i64(SYSTEM_FLAGS));
  return binary(Op.i64Or, I64, kept, flags);
}
