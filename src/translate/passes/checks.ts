// Removes address checks that an equal check on all paths before makes redundant: available expressions, forward.
import type { Block, Statement } from '../ir.ts';
import type { Unit } from '../lift/lift.ts';

interface Keys {
  readonly index: Map<string, number>;
  /** Registers that each key depends on. */
  readonly uses: number[];
  /** Keys that a write of each register kills. */
  readonly killedBy: bigint[];
}

const REGISTERS = 16;

type Check = Statement & { kind: 'check' };
const writeKey = (key: string): string => `w${key}`;
/** What is known after the check: what may be written may be read. */
const provided = ({ key, write }: Check): string[] => (write ? [key, writeKey(key)] : [key]);

function collect(blocks: readonly Block[]): Keys {
  const keys: Keys = { index: new Map(), uses: [], killedBy: new Array<bigint>(REGISTERS).fill(0n) };
  for (const { statements } of blocks) {
    for (const statement of statements) {
      if (statement.kind !== 'check' || statement.key === '' || statement.key === 'rsp') continue;
      for (const key of provided(statement)) {
        if (keys.index.has(key)) continue;
        const n = keys.index.size;
        keys.index.set(key, n);
        keys.uses.push(statement.uses);
        for (let r = 0; r < REGISTERS; r++) {
          if (statement.uses & (1 << r)) keys.killedBy[r] = (keys.killedBy[r] ?? 0n) | (1n << BigInt(n));
        }
      }
    }
  }
  return keys;
}

function transfer(statement: Statement, available: bigint, keys: Keys): bigint {
  switch (statement.kind) {
    case 'call':
      return 0n;
    case 'check': {
      let known = available;
      for (const key of provided(statement)) {
        const n = keys.index.get(key);
        if (n !== undefined) known |= 1n << BigInt(n);
      }
      return known;
    }
    case 'register': {
      const left = available & ~(keys.killedBy[statement.to] ?? 0n);
      if (statement.value.kind !== 'register') return left;
      // A copy of a checked register is checked.
      const from = keys.index.get(`${statement.value.op},-1,0,`);
      const to = keys.index.get(`${statement.to},-1,0,`);
      return from !== undefined && to !== undefined && available & (1n << BigInt(from)) ? left | (1n << BigInt(to)) : left;
    }
    default:
      return available;
  }
}

export function removeRedundantChecks({ blocks }: Unit): void {
  const keys = collect(blocks);
  if (keys.index.size === 0) return;
  const all = (1n << BigInt(keys.index.size)) - 1n;
  const availableIn = blocks.map((block) => (block.id === 0 ? 0n : all));
  const availableOut = blocks.map(() => all);
  const through = (block: Block): bigint => {
    let available = availableIn[block.id] ?? 0n;
    for (const statement of block.statements) available = transfer(statement, available, keys);
    return available;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      let available = block.predecessors.length === 0 ? 0n : all;
      for (const from of block.predecessors) available &= availableOut[from] ?? 0n;
      availableIn[block.id] = available;
      const out = through(block);
      if (out !== availableOut[block.id]) {
        availableOut[block.id] = out;
        changed = true;
      }
    }
  }
  for (const block of blocks) {
    let available = availableIn[block.id] ?? 0n;
    for (const statement of block.statements) {
      if (statement.kind === 'check') {
        const n = keys.index.get(statement.write ? writeKey(statement.key) : statement.key);
        if (n !== undefined && available & (1n << BigInt(n))) statement.drop = true;
      }
      available = transfer(statement, available, keys);
    }
  }
}
