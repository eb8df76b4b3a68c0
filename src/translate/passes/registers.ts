// Which registers must be stored before a point where others can see them, and which loaded after it.
// A register is dirty when its local may be newer than the register file. A store of a dirty register is a use: on the
// paths where it is not dirty its local must still equal memory, hence it is reloaded after calls.
import type { Block, Node, Statement, Terminator } from '../ir.ts';
import type { Unit } from '../lift/lift.ts';

const RAX_AND_RDX = 5;

/** The set of guest registers that an expression reads. */
export function registersOf(node: Node | undefined): number {
  if (node === undefined) return 0;
  if (node.kind === 'register') return 1 << node.op;
  return registersOf(node.a) | registersOf(node.b) | registersOf(node.c);
}

function dirtyAfter(statement: Statement, dirty: number): number {
  if (statement.kind === 'register') return dirty | (1 << statement.to);
  return statement.kind === 'call' ? 0 : dirty;
}

function forward(blocks: readonly Block[]): void {
  const dirtyIn = new Array<number>(blocks.length).fill(0);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      let dirty = dirtyIn[block.id] ?? 0;
      for (const statement of block.statements) dirty = dirtyAfter(statement, dirty);
      for (const to of block.successors) {
        const merged = (dirtyIn[to] ?? 0) | dirty;
        if (merged !== dirtyIn[to]) {
          dirtyIn[to] = merged;
          changed = true;
        }
      }
    }
  }
  for (const block of blocks) {
    let dirty = dirtyIn[block.id] ?? 0;
    for (const statement of block.statements) {
      if ('spill' in statement) statement.spill = dirty;
      dirty = dirtyAfter(statement, dirty);
    }
    if ('spill' in block.terminator) block.terminator.spill = dirty;
  }
}

function terminatorUses(terminator: Terminator): number {
  switch (terminator.kind) {
    case 'branch':
      return registersOf(terminator.condition);
    case 'return':
      return registersOf(terminator.to) | terminator.spill;
    case 'tail':
      return terminator.spill | (terminator.target.kind === 'indirect' ? registersOf(terminator.target.address) : 0);
    case 'stop':
      return terminator.spill;
    default:
      return 0;
  }
}

function liveBefore(statement: Statement, live: number): number {
  switch (statement.kind) {
    case 'register':
      return (live & ~(1 << statement.to)) | registersOf(statement.value);
    case 'local':
      return live | registersOf(statement.value);
    case 'store':
      return live | registersOf(statement.index) | registersOf(statement.value);
    case 'check':
      return statement.drop ? live : live | statement.spill | registersOf(statement.address);
    case 'stopIf':
      return live | statement.spill | registersOf(statement.condition) | registersOf(statement.address);
    case 'divide':
      return live | statement.spill | RAX_AND_RDX | registersOf(statement.divisor);
    case 'fuel':
      return live | statement.spill;
    case 'call':
      return statement.spill | (statement.target.kind === 'indirect' ? registersOf(statement.target.address) : 0);
  }
}

/** Fills in `spill` and `reload`. @returns the registers to load at the unit's entry. */
export function placeRegisters({ blocks }: Unit): number {
  forward(blocks);
  const liveIn = new Array<number>(blocks.length).fill(0);
  const walk = (block: Block, record: boolean): number => {
    let live = terminatorUses(block.terminator);
    for (const to of block.successors) live |= liveIn[to] ?? 0;
    for (let n = block.statements.length - 1; n >= 0; n--) {
      const statement = block.statements[n] as Statement;
      if (record && statement.kind === 'call') statement.reload = live;
      live = liveBefore(statement, live);
    }
    return live;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let id = blocks.length - 1; id >= 0; id--) {
      const live = walk(blocks[id] as Block, false);
      if (live !== liveIn[id]) {
        liveIn[id] = live;
        changed = true;
      }
    }
  }
  for (const block of blocks) walk(block, true);
  return liveIn[0] ?? 0;
}
