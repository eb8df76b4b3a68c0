// One WebAssembly function per translation unit. Type () -> i32: the low half of the next instruction pointer; 0 stops.
import { ByteWriter, type FunctionBody, I32, Op, type ValueType, VOID } from '#wasm';
import type { Layout } from './host.ts';
import { type Block, type CallTarget, Local, localType, type Node, type Statement, unary } from './ir.ts';
import { rflagsWith, type Unit } from './lift/lift.ts';
import { HELPER_INDEX, Import, Scratch } from './runtime.ts';
import { type Structure, structure } from './structure.ts';

/** How a direct call reaches its target. */
export type Callee =
  | { readonly kind: 'function'; readonly index: number }
  | { readonly kind: 'slot'; readonly slot: number }
  | { readonly kind: 'host'; readonly index: number };

export interface EmitContext {
  readonly layout: Layout;
  readonly checks: boolean;
  readonly fuel: number;
  /** Index of the type () -> i32. */
  readonly type: number;
  callee(ip: number): Callee;
  /** Sites of stops before the first instruction; undefined when the unit starts inside a function. */
  readonly entrySites: { readonly stack: number; readonly budget: number } | undefined;
}

/** Tail calls nest WebAssembly frames up to this depth; deeper ones unwind to the driver. */
const TAIL_DEPTH = 100;
const ERR_PTR_GAP = 4096n;
const PAGE_SHIFT = 12;
const TOP = -0x100000000n;

type Task =
  | { readonly kind: 'node'; readonly id: number }
  | { readonly kind: 'open'; readonly op: number; readonly label: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'else' }
  | { readonly kind: 'branch'; readonly from: number; readonly to: number };

export function emitUnit(unit: Unit, entryLoads: number, context: EmitContext): FunctionBody {
  return new FunctionEmitter(unit, context).emit(entryLoads);
}

class FunctionEmitter {
  readonly #out = new ByteWriter(1024);
  readonly #unit: Unit;
  readonly #context: EmitContext;
  readonly #structure: Structure;
  readonly #locals: ValueType[] = [];
  readonly #localOf: number[] = [];
  /** Spill masks of the stop handlers, by label from the innermost. */
  readonly #stopMasks: number[] = [];
  /** Position in the stack of open blocks of each block's label, of loops in the second list. */
  readonly #blockLabel: number[] = [];
  readonly #loopLabel: number[] = [];
  readonly #open: number[] = [];
  readonly #tasks: Task[] = [];

  constructor(unit: Unit, context: EmitContext) {
    this.#unit = unit;
    this.#context = context;
    this.#structure = structure(unit.blocks);
  }

  emit(entryLoads: number): FunctionBody {
    const out = this.#out;
    this.#collectStops();
    const labels = this.#stopMasks.length + 2;
    for (let n = 0; n < labels; n++) out.bytes([Op.block, VOID]);
    this.#entry(entryLoads);
    this.#tasks.push({ kind: 'node', id: 0 });
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) this.#run(task);
    out.byte(Op.unreachable);
    this.#stopHandlers();
    return { type: this.#context.type, locals: this.#locals, code: out.view() };
  }

  // ---- Frame

  #collectStops(): void {
    const masks = new Set<number>();
    if (this.#context.entrySites !== undefined) masks.add(0);
    for (const { statements, terminator } of this.#structure.order) {
      for (const statement of statements) {
        if (
          statement.kind === 'stopIf' ||
          statement.kind === 'fuel' ||
          statement.kind === 'divide' ||
          (statement.kind === 'check' && !statement.drop)
        )
          masks.add(statement.spill);
      }
      if (terminator.kind === 'stop') masks.add(terminator.spill);
    }
    this.#stopMasks.push(...masks);
  }
  #stopLabel(mask: number): number {
    return this.#open.length + this.#stopMasks.indexOf(mask);
  }
  #exitLabel(): number {
    return this.#open.length + this.#stopMasks.length + 1;
  }

  #entry(loads: number): void {
    const { layout, entrySites, fuel, checks } = this.#context;
    const out = this.#out;
    if (entrySites !== undefined) {
      if (checks) {
        // rsp >= limit, both in the top 4 GiB.
        this.#hostAddress();
        this.#memory(Op.i64Load, layout.registers + 8 * 4);
        this.#hostAddress();
        this.#memory(Op.i64Load32U, layout.stackLimit);
        this.#i64(TOP);
        out.bytes([Op.i64Or, Op.i64LtU]);
        this.#stopIfTop(entrySites.stack, 0);
      }
      this.#hostAddress();
      this.#memory(Op.i32Load, layout.budget);
      out.byte(Op.localTee);
      out.u32(this.#local(Local.next));
      out.byte(Op.i32Eqz);
      this.#stopIfTop(entrySites.budget, 0);
      this.#hostAddress();
      this.#get(Local.next);
      out.bytes([Op.i32Const, 1, Op.i32Sub]);
      this.#memory(Op.i32Store, layout.budget);
    }
    for (const block of this.#structure.order) {
      if (!block.statements.some(({ kind }) => kind === 'fuel')) continue;
      this.#i32(fuel);
      this.#set(Local.fuel);
      break;
    }
    this.#load(loads);
  }

  /** Stops at `site` when the i32 on the stack is not 0. */
  #stopIfTop(site: number, mask: number, address?: Node): void {
    const out = this.#out;
    out.bytes([Op.if, VOID]);
    this.#open.push(-1);
    this.#stop(site, mask, address);
    this.#open.pop();
    out.byte(Op.end);
  }
  #stop(site: number, mask: number, address?: Node): void {
    this.#i32(site);
    this.#set(Local.site);
    if (address !== undefined) {
      this.#node(address);
      this.#set(Local.faultAddress);
    }
    this.#out.byte(Op.br);
    this.#out.u32(this.#stopLabel(mask));
  }

  /** The ends of the frame's blocks: one handler per spill mask, then the common stop, then the return of Local.next. */
  #stopHandlers(): void {
    const out = this.#out;
    const count = this.#stopMasks.length;
    this.#stopMasks.forEach((mask, n) => {
      out.byte(Op.end);
      this.#spill(mask);
      out.byte(Op.br);
      out.u32(count - 1 - n);
    });
    out.byte(Op.end);
    if (count > 0) {
      this.#hostAddress();
      this.#get(Local.site);
      this.#memory(Op.i32Store, this.#context.layout.scratch + Scratch.site);
      this.#hostAddress();
      this.#get(Local.faultAddress);
      this.#memory(Op.i64Store, this.#context.layout.faultAddress);
      out.bytes([Op.i32Const, 0, Op.return]);
    } else out.byte(Op.unreachable);
    out.byte(Op.end);
    this.#get(Local.next);
    out.byte(Op.end);
  }

  // ---- Structure

  #run(task: Task): void {
    const out = this.#out;
    switch (task.kind) {
      case 'node':
        return this.#block(task.id);
      case 'open':
        out.bytes([task.op, VOID]);
        if (task.label >= 0) (task.op === Op.loop ? this.#loopLabel : this.#blockLabel)[task.label] = this.#open.length;
        this.#open.push(task.label);
        return;
      case 'close':
        out.byte(Op.end);
        this.#open.pop();
        return;
      case 'else':
        out.byte(Op.else);
        return;
      case 'branch':
        return this.#branch(task.from, task.to);
    }
  }

  /** A block, inside the labels of the merge blocks that it dominates, inside its loop. */
  #block(id: number): void {
    const { loopHeader, merges } = this.#structure;
    const tasks = this.#tasks;
    const block = this.#unit.blocks[id] as Block;
    const followers = merges[id] as number[];
    if (loopHeader[id]) {
      this.#run({ kind: 'open', op: Op.loop, label: id });
      tasks.push({ kind: 'close' });
    }
    // The first of the list ends last in reverse postorder: its label is the outermost.
    for (const follower of followers) {
      this.#run({ kind: 'open', op: Op.block, label: follower });
      tasks.push({ kind: 'node', id: follower }, { kind: 'close' });
    }
    for (const statement of block.statements) this.#statement(statement);
    this.#terminator(block);
  }

  #isLabel(from: number, to: number): boolean {
    const { number, isMerge } = this.#structure;
    return (number[to] ?? 0) <= (number[from] ?? 0) || isMerge[to] === true;
  }
  #labelDepth(from: number, to: number): number {
    const { number } = this.#structure;
    const position = (number[to] ?? 0) <= (number[from] ?? 0) ? this.#loopLabel[to] : this.#blockLabel[to];
    return this.#open.length - 1 - (position ?? 0);
  }
  #branch(from: number, to: number): void {
    if (!this.#isLabel(from, to)) {
      this.#tasks.push({ kind: 'node', id: to });
      return;
    }
    this.#out.byte(Op.br);
    this.#out.u32(this.#labelDepth(from, to));
  }

  #terminator({ id, terminator }: Block): void {
    const out = this.#out;
    switch (terminator.kind) {
      case 'jump':
        return this.#branch(id, terminator.to);
      case 'branch': {
        const { condition, then, otherwise } = terminator;
        if (this.#isLabel(id, then)) {
          this.#node(condition);
          out.byte(Op.brIf);
          out.u32(this.#labelDepth(id, then));
          return this.#branch(id, otherwise);
        }
        if (this.#isLabel(id, otherwise)) {
          this.#node(unary(Op.i32Eqz, I32, condition));
          out.byte(Op.brIf);
          out.u32(this.#labelDepth(id, otherwise));
          return this.#branch(id, then);
        }
        this.#node(condition);
        this.#run({ kind: 'open', op: Op.if, label: -1 });
        this.#tasks.push(
          { kind: 'close' },
          { kind: 'branch', from: id, to: otherwise },
          { kind: 'else' },
          { kind: 'branch', from: id, to: then },
        );
        return;
      }
      case 'return':
        this.#spill(terminator.spill);
        this.#node(terminator.to);
        out.byte(Op.return);
        return;
      case 'tail':
        this.#spill(terminator.spill);
        return this.#tailCall(terminator.target);
      case 'stop':
        return this.#stop(terminator.site, terminator.spill);
      case 'dispatch':
        this.#get(Local.label);
        out.byte(Op.brTable);
        out.u32(terminator.to.length - 1);
        for (const to of terminator.to) out.u32(this.#labelDepth(id, to));
        return;
    }
  }

  // ---- Statements

  #statement(statement: Statement): void {
    const out = this.#out;
    switch (statement.kind) {
      case 'register':
        this.#node(statement.value);
        return this.#set(statement.to);
      case 'local':
        if (statement.owner !== undefined && !statement.owner.used) return;
        this.#node(statement.value);
        return this.#set(statement.to);
      case 'store':
        this.#node(statement.index);
        this.#node(statement.value);
        // Narrow stores of 32-bit values, and i64 ones.
        return this.#memory(statement.op, statement.offset);
      case 'check':
        if (statement.drop) return;
        if (statement.write) return this.#checkWrite(statement);
        this.#outside(statement.address);
        return this.#stopIfTop(statement.site, statement.spill, statement.address);
      case 'stopIf':
        this.#node(statement.condition);
        return this.#stopIfTop(statement.site, statement.spill, statement.address);
      case 'fuel':
        return this.#fuel(statement);
      case 'divide':
        return this.#divide(statement);
      case 'call':
        this.#spill(statement.spill);
        this.#call(statement.target);
        out.byte(Op.localTee);
        out.u32(this.#local(Local.next));
        this.#i32(statement.returnTo);
        out.bytes([Op.i32Ne, Op.brIf]);
        out.u32(this.#exitLabel());
        return this.#load(statement.reload);
    }
  }

  /** 1 when the address is not guest memory. */
  #outside(address: Node): void {
    this.#node(address);
    this.#i64(ERR_PTR_GAP);
    this.#out.byte(Op.i64Add);
    this.#i64(TOP + BigInt(this.#context.layout.guestStart) + ERR_PTR_GAP);
    this.#out.byte(Op.i64LtU);
  }
  /** Below the modules every page is writable: one comparison. */
  #checkWrite({ address, site, spill }: Statement & { kind: 'check' }): void {
    const out = this.#out;
    const { guestStart, modulesStart, protectedPages } = this.#context.layout;
    this.#node(address);
    this.#i64(TOP + BigInt(guestStart));
    out.byte(Op.i64Sub);
    this.#i64(BigInt(modulesStart - guestStart));
    out.bytes([Op.i64GeU, Op.if, VOID]);
    this.#open.push(-1);
    this.#outside(address);
    // Any index gives a byte of memory; that of an address outside does not count.
    this.#node(unary(Op.i32WrapI64, I32, address));
    this.#i32(modulesStart | 0);
    out.byte(Op.i32Sub);
    this.#i32(PAGE_SHIFT);
    out.byte(Op.i32ShrU);
    this.#memory(Op.i32Load8U, protectedPages);
    out.byte(Op.i32Or);
    this.#stopIfTop(site, spill, address);
    this.#open.pop();
    out.byte(Op.end);
  }

  /** One WebAssembly division when the high half only extends the low one, else the helper. */
  #divide({ signed, divisor, quotient, remainder, site, spill }: Statement & { kind: 'divide' }): void {
    const out = this.#out;
    const [RAX, RDX] = [0, 2];
    const results = this.#context.layout.scratch + Scratch.results;
    this.#get(RDX);
    if (signed) {
      this.#get(RAX);
      this.#i64(63n);
      out.bytes([Op.i64ShrS, Op.i64Eq]);
      // Neither 0 nor -1.
      this.#node(divisor);
      this.#i64(1n);
      out.byte(Op.i64Add);
      this.#i64(1n);
      out.byte(Op.i64GtU);
    } else {
      out.byte(Op.i64Eqz);
      this.#node(divisor);
      this.#i64(0n);
      out.byte(Op.i64Ne);
    }
    out.bytes([Op.i32And, Op.if, VOID]);
    this.#get(RAX);
    this.#node(divisor);
    out.byte(signed ? Op.i64DivS : Op.i64DivU);
    this.#set(quotient);
    this.#get(RAX);
    this.#get(quotient);
    this.#node(divisor);
    out.bytes([Op.i64Mul, Op.i64Sub]);
    this.#set(remainder);
    out.byte(Op.else);
    this.#open.push(-1);
    this.#get(RAX);
    this.#get(RDX);
    this.#node(divisor);
    out.byte(Op.call);
    out.u32(HELPER_INDEX[signed ? 'divideS' : 'divideU']);
    out.byte(Op.i32Eqz);
    this.#stopIfTop(site, spill);
    for (const [n, local] of [quotient, remainder].entries()) {
      this.#hostAddress();
      this.#memory(Op.i64Load, results + 8 * n);
      this.#set(local);
    }
    this.#open.pop();
    out.byte(Op.end);
  }

  #fuel(statement: Statement & { kind: 'fuel' }): void {
    const out = this.#out;
    const { rflags } = this.#context.layout;
    this.#get(Local.fuel);
    out.bytes([Op.i32Const, 1, Op.i32Sub, Op.localTee]);
    out.u32(this.#local(Local.fuel));
    out.bytes([Op.i32Const, 0, Op.i32LtS, Op.if, VOID]);
    this.#open.push(-1);
    if (statement.flags !== undefined) {
      this.#hostAddress();
      this.#node(rflagsWith(statement.flags, rflags));
      this.#memory(Op.i64Store, rflags);
    }
    this.#stop(statement.site, statement.spill);
    this.#open.pop();
    out.byte(Op.end);
  }

  #call(target: CallTarget): void {
    const out = this.#out;
    if (target.kind === 'indirect') return this.#callIndirect(target.address);
    const callee = this.#context.callee(target.ip);
    if (callee.kind === 'function') {
      out.byte(Op.call);
      out.u32(callee.index);
    } else if (callee.kind === 'host') {
      this.#i32(callee.index);
      out.byte(Op.call);
      out.u32(Import.hostCall);
    } else {
      this.#i32(callee.slot);
      this.#callSlot();
    }
  }
  #callSlot(): void {
    this.#out.byte(Op.call);
    this.#out.u32(Import.callSlot);
  }

  /** By the cache of indirect targets: entries of 16 bytes, the address and its slot. */
  #callIndirect(address: Node): void {
    const out = this.#out;
    const cache = this.#context.layout.scratch + Scratch.cache;
    this.#node(unary(Op.i32WrapI64, I32, address));
    this.#i32(Scratch.cacheMask);
    out.bytes([Op.i32And, Op.localTee]);
    out.u32(this.#local(Local.next));
    this.#memory(Op.i64Load, cache);
    this.#node(address);
    out.bytes([Op.i64Eq, Op.if, I32]);
    this.#get(Local.next);
    this.#memory(Op.i32Load, cache + 8);
    out.byte(Op.else);
    this.#node(unary(Op.i32WrapI64, I32, address));
    this.#node(address);
    this.#i64(32n);
    out.bytes([Op.i64ShrU, Op.i32WrapI64, Op.call]);
    out.u32(Import.find);
    out.byte(Op.end);
    this.#callSlot();
  }

  /** A call whose result is ours, unless tail calls nest too deeply: then the driver continues at the target. */
  #tailCall(target: CallTarget): void {
    const out = this.#out;
    const depth = this.#context.layout.scratch + Scratch.tailDepth;
    const count = (change: number): void => {
      this.#hostAddress();
      this.#hostAddress();
      this.#memory(Op.i32Load, depth);
      this.#i32(change);
      out.byte(Op.i32Add);
      this.#memory(Op.i32Store, depth);
    };
    if (target.kind === 'direct' && this.#context.callee(target.ip).kind === 'host') {
      this.#call(target);
      out.byte(Op.return);
      return;
    }
    this.#hostAddress();
    this.#memory(Op.i32Load, depth);
    this.#i32(TAIL_DEPTH);
    out.bytes([Op.i32GeS, Op.if, VOID]);
    if (target.kind === 'direct') this.#i32(target.ip);
    else this.#node(unary(Op.i32WrapI64, I32, target.address));
    out.bytes([Op.return, Op.end]);
    count(1);
    this.#call(target);
    count(-1);
    out.byte(Op.return);
  }

  // ---- Registers and expressions

  #spill(mask: number): void {
    for (let r = 0; r < 16; r++) {
      if ((mask & (1 << r)) === 0) continue;
      this.#hostAddress();
      this.#get(r);
      this.#memory(Op.i64Store, this.#context.layout.registers + 8 * r);
    }
  }
  #load(mask: number): void {
    for (let r = 0; r < 16; r++) {
      if ((mask & (1 << r)) === 0) continue;
      this.#hostAddress();
      this.#memory(Op.i64Load, this.#context.layout.registers + 8 * r);
      this.#set(r);
    }
  }

  #node(node: Node): void {
    const out = this.#out;
    switch (node.kind) {
      case 'const':
        if (node.type === I32) this.#i32(node.n);
        else this.#i64(node.value);
        return;
      case 'register':
      case 'local':
        return this.#get(node.op);
      default:
        if (node.a !== undefined) this.#node(node.a);
        if (node.b !== undefined) this.#node(node.b);
        if (node.c !== undefined) this.#node(node.c);
        if (node.kind === 'load') this.#memory(node.op, node.n);
        else if (node.helper !== undefined) {
          out.byte(Op.call);
          out.u32(HELPER_INDEX[node.helper]);
        } else out.byte(node.op);
    }
  }

  #hostAddress(): void {
    this.#out.bytes([Op.i32Const, 0]);
  }
  #memory(op: number, offset: number): void {
    this.#out.bytes([op, 0]);
    this.#out.u32(offset);
  }
  #i32(value: number): void {
    this.#out.byte(Op.i32Const);
    this.#out.s32(value);
  }
  #i64(value: bigint): void {
    this.#out.byte(Op.i64Const);
    this.#out.s64(value);
  }
  #get(n: number): void {
    this.#out.byte(Op.localGet);
    this.#out.u32(this.#local(n));
  }
  #set(n: number): void {
    this.#out.byte(Op.localSet);
    this.#out.u32(this.#local(n));
  }
  /** The WebAssembly local that holds ours; declared when first used. */
  #local(n: number): number {
    let local = this.#localOf[n];
    if (local === undefined) {
      local = this.#locals.length;
      this.#locals.push(localType(n, this.#unit.temporaries));
      this.#localOf[n] = local;
    }
    return local;
  }
}
