// Control-flow graph of a translation unit: what is reachable from an entry inside one function's range.
import type { Decoder } from './decode/decoder.ts';
import type { FunctionRange } from './host.ts';
import type { Instruction } from './instruction.ts';

/** How an instruction ends its basic block. */
export type Flow = 'next' | 'jump' | 'branch' | 'call' | 'return' | 'indirectJump' | 'stop';

const JUMPS: Readonly<Record<string, Flow>> = {
  Jmp: 'jump',
  Ret: 'return',
  Call: 'call',
  Ud2: 'stop',
  Int3: 'stop',
  Ud1: 'stop',
  Ud0: 'stop',
  Int: 'stop',
  Hlt: 'stop',
  Loop: 'branch',
  Loope: 'branch',
  Loopne: 'branch',
  Jrcxz: 'branch',
  Jecxz: 'branch',
  Iretq: 'stop',
  Syscall: 'stop',
  Sysret: 'stop',
  Retf: 'stop',
};

export function flowOf(instruction: Instruction): Flow {
  const { mnemonic } = instruction;
  const flow = JUMPS[mnemonic];
  if (flow === undefined) return mnemonic.startsWith('J') ? 'branch' : 'next';
  return flow === 'jump' && instruction.target < 0 ? 'indirectJump' : flow;
}

export interface RawBlock {
  readonly ip: number;
  readonly instructions: Instruction[];
  /** Address behind the last instruction. */
  end: number;
  /** Why the block ends without a branch of its own: it runs into another block, out of the text, or into bad bytes. */
  tail: 'branch' | 'fallthrough' | 'outside' | 'undecodable';
}

export interface Cfg {
  readonly entry: number;
  readonly range: FunctionRange;
  /** By address; the entry is first. */
  readonly blocks: Map<number, RawBlock>;
  /** Direct call and tail-call targets. */
  readonly callees: ReadonlySet<number>;
  /** All instruction bytes lie in these [start, end) ranges. */
  readonly size: number;
}

export function inRange(range: FunctionRange, ip: number): boolean {
  return (ip >= range.start && ip < range.end) || (range.cold !== undefined && ip >= range.cold.start && ip < range.cold.end);
}

/** Decodes from `entry` on. Precondition: the decoder is not open elsewhere at the same time. */
export function buildCfg(decoder: Decoder, range: FunctionRange, entry: number): Cfg {
  const decoded = new Map<number, Instruction | undefined>();
  const leaders = new Set<number>([entry]);
  const callees = new Set<number>();
  const work = { hot: [] as number[], cold: [] as number[] };
  const push = (ip: number): void => {
    if (ip >= range.start && ip < range.end) work.hot.push(ip);
    else if (inRange(range, ip)) work.cold.push(ip);
  };
  push(entry);
  while (work.hot.length + work.cold.length > 0) {
    const hot = work.hot.length > 0;
    const { start, end } = hot ? range : (range.cold ?? range);
    decoder.open(start, end);
    const list = hot ? work.hot : work.cold;
    for (let ip = list.pop(); ip !== undefined; ip = list.pop()) decodeRun(ip, start, end);
  }
  return { entry, range, blocks: formBlocks(decoded, leaders, range, entry), callees, size: range.end - range.start };

  /** Decodes straight on inside [start, end), which the decoder is open for. */
  function decodeRun(from: number, start: number, end: number): void {
    let ip = from;
    while (ip >= start && ip < end && !decoded.has(ip)) {
      const instruction = decoder.decode(ip);
      decoded.set(ip, instruction);
      if (instruction === undefined) return;
      const flow = flowOf(instruction);
      const { target, next } = instruction;
      if (flow === 'call' && target >= 0) callees.add(target);
      if (flow === 'jump' || flow === 'branch') {
        if (inRange(range, target)) {
          leaders.add(target);
          if (!decoded.has(target)) push(target);
        } else callees.add(target);
        if (flow === 'branch') leaders.add(next);
      }
      if (flow !== 'next' && flow !== 'call' && flow !== 'branch') return;
      ip = next;
    }
    // The other part may follow directly, behind a call that does not return.
    if ((ip < start || ip >= end) && !decoded.has(ip)) push(ip);
  }
}

function formBlocks(
  decoded: Map<number, Instruction | undefined>,
  leaders: Set<number>,
  range: FunctionRange,
  entry: number,
): Map<number, RawBlock> {
  const blocks = new Map<number, RawBlock>();
  const pending = [entry];
  for (let start = pending.pop(); start !== undefined; start = pending.pop()) {
    if (blocks.has(start)) continue;
    const block: RawBlock = { ip: start, instructions: [], end: start, tail: 'branch' };
    blocks.set(start, block);
    for (let ip = start; ; ) {
      const instruction = decoded.get(ip);
      if (instruction === undefined) {
        block.tail = inRange(range, ip) ? 'undecodable' : 'outside';
        block.end = ip;
        break;
      }
      block.instructions.push(instruction);
      ip = instruction.next;
      block.end = ip;
      const flow = flowOf(instruction);
      if (flow === 'jump' || flow === 'branch') {
        if (flow === 'branch') pending.push(ip);
        if (inRange(range, instruction.target)) pending.push(instruction.target);
        break;
      }
      if (flow !== 'next' && flow !== 'call') break;
      if (leaders.has(ip)) {
        block.tail = 'fallthrough';
        pending.push(ip);
        break;
      }
    }
  }
  return blocks;
}
