// Structured control flow from a graph: N. Ramsey, "Beyond Relooper" (ICFP 2022), sections 2-4. Loops with several
// entries get a dispatcher as their only header first.
import { type Block, i32, Local, type Terminator } from './ir.ts';

export interface Structure {
  /** Reverse postorder number of each reachable block; -1 otherwise. */
  readonly number: Int32Array;
  /** Reachable blocks in reverse postorder. */
  readonly order: readonly Block[];
  /** Merge nodes that each block dominates immediately, by descending reverse postorder number. */
  readonly merges: readonly number[][];
  readonly loopHeader: readonly boolean[];
  readonly isMerge: readonly boolean[];
}

function postorder(blocks: readonly Block[]): Block[] {
  const result: Block[] = [];
  const seen = new Uint8Array(blocks.length);
  const stack: { block: Block; next: number }[] = [{ block: blocks[0] as Block, next: 0 }];
  seen[0] = 1;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = top.block.successors[top.block.successors.length - 1 - top.next++];
    if (to === undefined) {
      result.push(top.block);
      stack.pop();
    } else if (seen[to] === 0) {
      seen[to] = 1;
      stack.push({ block: blocks[to] as Block, next: 0 });
    }
  }
  return result;
}

/** Immediate dominators by reverse postorder number. Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm". */
function dominators(order: readonly Block[], number: Int32Array): Int32Array {
  const idom = new Int32Array(order.length).fill(-1);
  idom[0] = 0;
  const intersect = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x > y) x = idom[x] ?? 0;
      while (y > x) y = idom[y] ?? 0;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let n = 1; n < order.length; n++) {
      let dominator = -1;
      for (const from of (order[n] as Block).predecessors) {
        const p = number[from] ?? -1;
        if (p < 0 || (idom[p] ?? -1) < 0) continue;
        dominator = dominator < 0 ? p : intersect(p, dominator);
      }
      if (dominator !== idom[n]) {
        idom[n] = dominator;
        changed = true;
      }
    }
  }
  return idom;
}

function dominates(idom: Int32Array, a: number, b: number): boolean {
  let x = b;
  while (x > a) x = idom[x] ?? 0;
  return x === a;
}

interface Analysis {
  readonly order: Block[];
  readonly number: Int32Array;
  readonly idom: Int32Array;
  readonly reducible: boolean;
}

function analyse(blocks: readonly Block[]): Analysis {
  const order = postorder(blocks).reverse();
  const number = new Int32Array(blocks.length).fill(-1);
  order.forEach((block, n) => {
    number[block.id] = n;
  });
  const idom = dominators(order, number);
  let reducible = true;
  for (const block of order) {
    const from = number[block.id] ?? 0;
    for (const to of block.successors) {
      const target = number[to] ?? 0;
      if (target <= from && !dominates(idom, target, from)) reducible = false;
    }
  }
  return { order, number, idom, reducible };
}

/** May append dispatcher blocks to `blocks`. */
export function structure(blocks: Block[]): Structure {
  let analysis = analyse(blocks);
  if (!analysis.reducible) {
    makeReducible(blocks, new Set(analysis.order.map((block) => block.id)));
    analysis = analyse(blocks);
    if (!analysis.reducible) throw new Error('irreducible control flow is left');
  }
  const { order, number, idom } = analysis;
  const loopHeader = new Array<boolean>(blocks.length).fill(false);
  const isMerge = new Array<boolean>(blocks.length).fill(false);
  const merges: number[][] = blocks.map(() => []);
  for (let n = order.length - 1; n >= 0; n--) {
    const block = order[n] as Block;
    let forward = 0;
    for (const from of block.predecessors) {
      const p = number[from] ?? -1;
      if (p < 0) continue;
      if (p < n) forward++;
      else loopHeader[block.id] = true;
    }
    // A dispatcher's targets are reached by br_table, which needs labels.
    const dispatched = block.predecessors.some((from) => (blocks[from] as Block).terminator.kind === 'dispatch');
    if (forward > 1 || dispatched) {
      isMerge[block.id] = true;
      (merges[(order[idom[n] ?? 0] as Block).id] as number[]).push(block.id);
    }
  }
  return { number, order, merges, loopHeader, isMerge };
}

// ---- Irreducible loops

/** Strongly connected components of the graph restricted to `within` (Tarjan, iterative). */
function components(blocks: readonly Block[], within: ReadonlySet<number>): number[][] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const path: number[] = [];
  const result: number[][] = [];
  for (const root of within) {
    if (index.has(root)) continue;
    const work: { id: number; next: number }[] = [];
    const enter = (id: number): void => {
      index.set(id, index.size);
      low.set(id, index.get(id) ?? 0);
      path.push(id);
      onStack.add(id);
      work.push({ id, next: 0 });
    };
    enter(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const to = (blocks[top.id] as Block).successors[top.next++];
      if (to !== undefined) {
        if (!within.has(to)) continue;
        if (!index.has(to)) enter(to);
        else if (onStack.has(to)) low.set(top.id, Math.min(low.get(top.id) ?? 0, index.get(to) ?? 0));
        continue;
      }
      work.pop();
      const mine = low.get(top.id) ?? 0;
      const parent = work.at(-1);
      if (parent !== undefined) low.set(parent.id, Math.min(low.get(parent.id) ?? 0, mine));
      if (mine !== index.get(top.id)) continue;
      const component: number[] = [];
      for (let id = path.pop(); id !== undefined; id = path.pop()) {
        onStack.delete(id);
        component.push(id);
        if (id === top.id) break;
      }
      result.push(component);
    }
  }
  return result;
}

function makeReducible(blocks: Block[], within: ReadonlySet<number>): void {
  for (const component of components(blocks, within)) {
    if (component.length < 2) continue;
    const members = new Set(component);
    const entries = component.filter((id) => (blocks[id] as Block).predecessors.some((from) => !members.has(from)));
    let header = entries[0] ?? component[0] ?? 0;
    if (entries.length > 1) {
      header = blocks.length;
      addDispatcher(blocks, entries, members);
    }
    members.delete(header);
    makeReducible(blocks, members);
  }
}

/** Sends all edges to `entries` through one new block. The new blocks inside the loop join `members`. */
function addDispatcher(blocks: Block[], entries: readonly number[], members: Set<number>): void {
  const empty = (ip: number): Block => ({
    id: blocks.length,
    ip,
    instructions: [],
    statements: [],
    terminator: { kind: 'jump', to: 0 },
    successors: [],
    predecessors: [],
  });
  const stubs: number[] = [];
  const dispatcher = empty(0);
  blocks.push(dispatcher);
  dispatcher.terminator = { kind: 'dispatch', to: entries };
  dispatcher.successors = [...entries];
  entries.forEach((id, label) => {
    const entry = blocks[id] as Block;
    const before = entry.predecessors;
    entry.predecessors = [dispatcher.id];
    // One stub for the edges into the loop, one for those inside: a shared one would be a second entry of the loop.
    for (const inside of [false, true]) {
      const from = before.filter((p) => members.has(p) === inside);
      if (from.length === 0) continue;
      const stub = empty(entry.ip);
      blocks.push(stub);
      if (inside) stubs.push(stub.id);
      stub.statements.push({ kind: 'local', to: Local.label, value: i32(label) });
      stub.terminator = { kind: 'jump', to: dispatcher.id };
      stub.successors = [dispatcher.id];
      stub.predecessors = from;
      for (const p of from) redirect(blocks[p] as Block, id, stub.id);
      dispatcher.predecessors.push(stub.id);
    }
  });
  for (const stub of stubs) members.add(stub);
}

function redirect(block: Block, from: number, to: number): void {
  const moved = (id: number): number => (id === from ? to : id);
  block.successors = block.successors.map(moved);
  const { terminator } = block;
  let fresh: Terminator = terminator;
  if (terminator.kind === 'jump') fresh = { kind: 'jump', to: moved(terminator.to) };
  else if (terminator.kind === 'branch') fresh = { ...terminator, then: moved(terminator.then), otherwise: moved(terminator.otherwise) };
  else if (terminator.kind === 'dispatch') fresh = { kind: 'dispatch', to: terminator.to.map(moved) };
  block.terminator = fresh;
}
