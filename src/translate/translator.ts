// The driver: finds or makes translations, runs them, tells why they stopped.
import { ByteWriter, ModuleBuilder, Op } from '#wasm';
import { buildCfg, type Cfg } from './cfg.ts';
import { Decoder } from './decode/decoder.ts';
import { type Callee, type EmitContext, emitUnit } from './emit.ts';
import { FlagHistory } from './flag_history.ts';
import type { FunctionRange, Stop, TranslatorHost, TranslatorOptions } from './host.ts';
import { FLAG_POSITIONS, PF, type Site, ZF } from './ir.ts';
import type { BuilderSettings } from './lift/builder.ts';
import { liftUnit } from './lift/lift.ts';
import { removeRedundantChecks } from './passes/checks.ts';
import { placeRegisters } from './passes/registers.ts';
import { CACHE_BYTES, createRuntime, declareImports, Import, type Runtime, Scratch } from './runtime.ts';

const TABLE_SIZE = 1 << 16;
const DEFAULT_FUEL = 1 << 16;
const TOP = 0xffffffff00000000n;
const ALL_ONES = 0xffffffff;
const LAST_PAGE = 4095;
/** What a kernel function most often leaves. */
const UNKNOWN_FLAGS = ZF | PF;

const RSP = 4;
/** Calls that drop their return addresses nest without end on the host's stack, though the guest's does not grow. */
const isStackOverflow = (error: unknown): boolean => error instanceof RangeError && error.message.includes('call stack');

/** Text whose bytes went into one WebAssembly module; a patch of any of them drops it whole. */
interface Batch {
  readonly ranges: { readonly start: number; readonly end: number }[];
  readonly slots: number[];
}

export interface TranslatorStatistics {
  modules: number;
  units: number;
  textBytes: number;
  wasmBytes: number;
}

export class Translator {
  readonly #host: TranslatorHost;
  readonly #options: Required<TranslatorOptions>;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #table: WebAssembly.Table;
  readonly #imports: { k: Record<string, unknown> };
  readonly #runtime: Runtime;
  #decoder: Decoder | undefined;
  /** Slot of each known instruction pointer, whether translated or not yet. */
  readonly #slotOf = new Map<number, number>();
  readonly #ipOf: number[] = [];
  /** Whether the slot holds translated code rather than a stub. */
  readonly #translated: boolean[] = [];
  readonly #sites: Site[] = [{ kind: 'left', ip: 0, displacement: 0, write: false, vector: 0 }];
  readonly #batches = new Set<Batch>();
  /** Full address of an indirect call that has no target. */
  #lost: { readonly ip: number; readonly high: number } | undefined;
  #lostSlot = -1;
  readonly statistics: TranslatorStatistics = { modules: 0, units: 0, textBytes: 0, wasmBytes: 0 };

  constructor(host: TranslatorHost, options: TranslatorOptions) {
    this.#host = host;
    this.#options = { checks: 'default', fuel: DEFAULT_FUEL, batchFunctions: 64, batchBytes: 16384, ...options };
    this.#view = new DataView(host.memory.buffer);
    this.#bytes = new Uint8Array(host.memory.buffer);
    this.#table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_SIZE });
    this.#runtime = createRuntime(host.memory, this.#table, this.#options.layout, host.io, this.#options.checks !== 'none');
    this.#imports = {
      k: {
        ...this.#runtime.helpers,
        memory: host.memory,
        callSlot: this.#runtime.enter,
        hostCall: (index: number) => host.hostCall(index),
        find: (low: number, high: number) => this.#find(low >>> 0, high >>> 0),
        resolve: (slot: number) => this.#resolve(slot),
      },
    };
    this.#clearCache();
  }

  // ---- Running

  run(start: number): Stop {
    const { scratch } = this.#options.layout;
    let ip = start >>> 0;
    // Code that goes from unit to unit by jumps counts nothing itself: the rounds of this loop are its loop iterations.
    for (let rounds = this.#options.fuel; ; rounds--) {
      if (rounds === 0) {
        this.#setRip(ip);
        return { kind: 'budget', ip };
      }
      this.#view.setUint32(scratch + Scratch.site, 0, true);
      this.#view.setInt32(scratch + Scratch.tailDepth, 0, true);
      this.#lost = undefined;
      let next: number;
      const known = this.#slotOf.get(ip);
      const translated = known !== undefined && this.#translated[known] === true;
      const hostFunction = translated ? -1 : this.#host.hostFunctionAt(ip);
      if (hostFunction >= 0) next = this.#host.hostCall(hostFunction);
      else {
        const slot = translated ? known : this.#slotFor(ip);
        if (slot < 0) {
          this.#setRip(ip);
          return { kind: 'left', ip };
        }
        try {
          next = this.#runtime.enter(slot);
        } catch (error) {
          if (!isStackOverflow(error)) throw error;
          const sp = this.#view.getUint32(this.#options.layout.registers + RSP * 8, true);
          const last = this.#view.getUint32(sp, true);
          this.#setRip(last);
          return { kind: 'stack', ip: last };
        }
      }
      if (next === 0) return this.#stop();
      ip = next >>> 0;
    }
  }

  #stop(): Stop {
    const { layout } = this.#options;
    const number = this.#view.getUint32(layout.scratch + Scratch.site, true);
    if (this.#lost !== undefined) {
      const { ip, high } = this.#lost;
      this.#setRip(ip, high);
      this.#recallFlags(ip, true);
      return { kind: 'left', ip };
    }
    const site = this.#sites[number];
    if (number === 0 || site === undefined) return { kind: 'kernel' };
    const { kind, ip } = site;
    this.#setRip(ip);
    if (kind === 'fault' || kind === 'trap') this.#recallFlags(ip);
    switch (kind) {
      case 'fault': {
        const address = BigInt.asUintN(64, this.#view.getBigUint64(layout.faultAddress, true) + BigInt(site.displacement));
        this.#view.setBigUint64(layout.faultAddress, address, true);
        return { kind, ip, address, write: site.write };
      }
      case 'trap':
        return { kind, ip, vector: site.vector };
      case 'unimplemented':
        return { kind, ip, text: this.#decode().text(ip) };
      default:
        return { kind, ip };
    }
  }
  #setRip(ip: number, high = ALL_ONES): void {
    this.#view.setBigUint64(this.#options.layout.rip, (BigInt(high) << 32n) | BigInt(ip), true);
  }

  /** Leaves in RFLAGS what the instructions before `ip` have left there. `called`: it was called, and there is nothing. */
  #recallFlags(ip: number, called = false): void {
    const { registers, rflags, gsBase, guestStart } = this.#options.layout;
    const view = this.#view;
    const history = new FlagHistory({
      functionAt: (address) => this.#host.functionAt(address),
      cfg: (range) => buildCfg(this.#decode(), range, range.start),
      register: (n) => view.getBigUint64(registers + 8 * n, true),
      load: (address, bits) => {
        const index = Number(BigInt.asUintN(64, address) - TOP);
        if (index < guestStart || index + bits / 8 > ALL_ONES - LAST_PAGE) return undefined;
        return BigInt.asUintN(bits, view.getBigUint64(index, true));
      },
      gsBase: view.getBigUint64(gsBase, true),
    });
    const { known, set } = called ? history.beforeCall(ip) : history.before(ip);
    const flags = (known === 0 ? UNKNOWN_FLAGS : 0) | set;
    let word = view.getBigUint64(rflags, true);
    for (const [n, position] of FLAG_POSITIONS.entries()) {
      const bit = 1n << BigInt(position);
      word = (flags & (1 << n)) === 0 ? word & ~bit : word | bit;
    }
    view.setBigUint64(rflags, word, true);
  }

  // ---- Slots

  /** The slot of `ip`, translated; -1 when there is no guest text. */
  #slotFor(ip: number): number {
    const slot = this.#slotOf.get(ip);
    if (slot !== undefined && this.#translated[slot]) return slot;
    const range = this.#host.functionAt(ip);
    if (range === undefined) return -1;
    this.#translate(ip, range);
    return this.#slotOf.get(ip) ?? -1;
  }
  #newSlot(ip: number): number {
    const slot = this.#ipOf.length;
    if (slot >= TABLE_SIZE) throw new Error('too many translated functions');
    this.#ipOf.push(ip);
    this.#translated.push(false);
    this.#slotOf.set(ip, slot);
    return slot;
  }

  /** Called by a stub: the target of a direct call is wanted now. */
  #resolve(slot: number): number {
    const ip = this.#ipOf[slot] ?? 0;
    const hostFunction = this.#host.hostFunctionAt(ip);
    if (hostFunction >= 0) return this.#host.hostCall(hostFunction);
    if (this.#slotFor(ip) < 0) {
      this.#lost = { ip, high: ALL_ONES };
      return 0;
    }
    return this.#runtime.enter(slot);
  }

  /** The slot of an indirect call's target. */
  #find(ip: number, high: number): number {
    const inside = high === ALL_ONES;
    let slot = inside ? (this.#slotOf.get(ip) ?? -1) : -1;
    if (inside && slot < 0) {
      const hostFunction = this.#host.hostFunctionAt(ip);
      slot = hostFunction >= 0 ? this.#hostStub(ip, hostFunction) : this.#slotFor(ip);
    }
    if (slot < 0) {
      this.#lost = { ip, high };
      return this.#lostStub();
    }
    const entry = this.#options.layout.scratch + Scratch.cache + (ip & Scratch.cacheMask);
    this.#view.setBigUint64(entry, TOP | BigInt(ip), true);
    this.#view.setUint32(entry + 8, slot, true);
    return slot;
  }
  #clearCache(): void {
    const start = this.#options.layout.scratch + Scratch.cache;
    this.#bytes.fill(0, start, start + CACHE_BYTES);
    // Address 0 belongs to the first entry, 16 does not: now no entry matches any address.
    this.#view.setUint32(start, 16, true);
  }

  // ---- Stubs

  /** A function that returns 0: the call has no target. */
  #lostStub(): number {
    if (this.#lostSlot < 0) {
      this.#lostSlot = this.#ipOf.push(0) - 1;
      this.#translated.push(true);
      this.#install(this.#lostSlot, Uint8Array.of(Op.i32Const, 0, Op.end));
    }
    return this.#lostSlot;
  }
  /** A slot that calls a host function, for indirect calls. */
  #hostStub(ip: number, index: number): number {
    const slot = this.#newSlot(ip);
    this.#install(slot, callCode(index, Import.hostCall));
    // Entered by run() as host function: the slot is for the table only.
    this.#slotOf.delete(ip);
    return slot;
  }
  #install(slot: number, code: Uint8Array): void {
    const module = new ModuleBuilder();
    const type = declareImports(module, this.#host.memory);
    module.exportFunction(`${slot}`, module.function({ type, locals: [], code }));
    this.#instantiate(module);
  }

  // ---- Translation

  #decode(): Decoder {
    this.#decoder ??= new Decoder(this.#bytes, (ip) => this.#host.thunkAt?.(ip) ?? -1);
    return this.#decoder;
  }

  /** Translates the unit at `ip` and, when it is a function's start, functions that it calls directly. */
  #translate(ip: number, range: FunctionRange): void {
    this.#instantiate(this.#build(this.#gather(ip, range)));
  }
  #build(units: readonly Cfg[]): ModuleBuilder {
    const batch: Batch = { ranges: [], slots: [] };
    const module = new ModuleBuilder();
    const type = declareImports(module, this.#host.memory);
    const first = module.functionCount;
    const indexOf = new Map(units.map((cfg, n) => [cfg.entry, first + n]));
    const stubs: number[] = [];
    const callee = (target: number): Callee => {
      const index = indexOf.get(target);
      if (index !== undefined) return { kind: 'function', index };
      const host = this.#host.hostFunctionAt(target);
      if (host >= 0) return { kind: 'host', index: host };
      let slot = this.#slotOf.get(target);
      if (slot === undefined) {
        slot = this.#newSlot(target);
        stubs.push(slot);
      }
      return { kind: 'slot', slot };
    };
    for (const cfg of units) {
      module.function(this.#compile(cfg, type, callee));
      batch.ranges.push(cfg.range);
      if (cfg.range.cold !== undefined) batch.ranges.push(cfg.range.cold);
    }
    for (const slot of stubs) module.exportFunction(`${slot}`, module.function({ type, locals: [], code: callCode(slot, Import.resolve) }));
    for (const [n, cfg] of units.entries()) {
      const slot = this.#slotOf.get(cfg.entry) ?? this.#newSlot(cfg.entry);
      this.#translated[slot] = true;
      batch.slots.push(slot);
      module.exportFunction(`${slot}`, first + n);
    }
    this.#batches.add(batch);
    return module;
  }

  /** The WebAssembly module of the one function at `ip`, not instantiated. */
  compileOne(ip: number): Uint8Array {
    const range = this.#host.functionAt(ip);
    if (range === undefined) throw new Error('no function');
    const bytes = this.#build([buildCfg(this.#decode(), range, ip)]).finish();
    this.statistics.wasmBytes += bytes.length;
    return bytes;
  }
  /** Texts of the instructions that no lifter takes, met so far. */
  unimplementedTexts(): string[] {
    return this.#sites.filter(({ kind }) => kind === 'unimplemented').map(({ ip }) => this.#decode().text(ip));
  }

  /** The control-flow graphs of a batch, breadth first along direct calls. */
  #gather(ip: number, range: FunctionRange): Cfg[] {
    const { batchFunctions, batchBytes } = this.#options;
    const decoder = this.#decode();
    const units = [buildCfg(decoder, range, ip)];
    const taken = new Set([ip]);
    let bytes = range.end - range.start;
    if (ip !== range.start) return units;
    for (const cfg of units) {
      for (const target of cfg.callees) {
        if (units.length >= batchFunctions || bytes >= batchBytes) return units;
        if (taken.has(target) || this.#host.hostFunctionAt(target) >= 0) continue;
        taken.add(target);
        const slot = this.#slotOf.get(target);
        if (slot !== undefined && this.#translated[slot]) continue;
        const callee = this.#host.functionAt(target);
        if (callee?.start !== target || bytes + callee.end - callee.start > batchBytes) continue;
        bytes += callee.end - callee.start;
        units.push(buildCfg(decoder, callee, target));
      }
    }
    return units;
  }

  #compile(cfg: Cfg, type: number, callee: (ip: number) => Callee): ReturnType<typeof emitUnit> {
    const { layout, checks, fuel } = this.#options;
    const settings: BuilderSettings = {
      checks: checks !== 'none',
      guestStart: layout.guestStart,
      gsBase: this.#view.getBigInt64(layout.gsBase, true),
      rflags: layout.rflags,
      results: layout.scratch + Scratch.results,
    };
    const addSite = (site: Site): number => this.#sites.push(site) - 1;
    const unit = liftUnit(cfg, settings, addSite);
    removeRedundantChecks(unit);
    const loads = placeRegisters(unit);
    const site = (kind: Site['kind']): number => addSite({ kind, ip: cfg.entry, displacement: 0, write: false, vector: 0 });
    // A function that calls nothing neither recurses nor needs much stack: its caller's checks hold for it.
    const calls = unit.blocks.some(
      (block) => block.terminator.kind === 'tail' || block.statements.some((statement) => statement.kind === 'call'),
    );
    const atStart = cfg.entry === cfg.range.start && calls;
    const context: EmitContext = {
      layout,
      checks: settings.checks,
      fuel,
      type,
      callee,
      entrySites: atStart ? { stack: site('stack'), budget: site('budget') } : undefined,
    };
    this.statistics.units++;
    this.statistics.textBytes += cfg.size;
    return emitUnit(unit, loads, context);
  }

  /** Exports are named by the table slot that they fill. */
  #instantiate(module: ModuleBuilder): void {
    const bytes = module.finish();
    this.statistics.modules++;
    this.statistics.wasmBytes += bytes.length;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#imports);
    for (const slot of Object.keys(exports)) this.#table.set(Number(slot), exports[slot]);
  }

  // ---- Forgetting

  /** Forgets translations of text in [start, end). */
  invalidate(start: number, end: number): void {
    const slots: number[] = [];
    for (const batch of this.#batches) {
      if (!batch.ranges.some((range) => range.start < end && range.end > start)) continue;
      this.#batches.delete(batch);
      slots.push(...batch.slots);
    }
    if (slots.length > 0) {
      const module = new ModuleBuilder();
      const type = declareImports(module, this.#host.memory);
      for (const slot of slots) {
        this.#translated[slot] = false;
        module.exportFunction(`${slot}`, module.function({ type, locals: [], code: callCode(slot, Import.resolve) }));
      }
      this.#instantiate(module);
    }
    this.#clearCache();
  }
}

/** `return import(argument)`. */
function callCode(argument: number, index: number): Uint8Array {
  const out = new ByteWriter(16);
  out.byte(Op.i32Const);
  out.s32(argument);
  out.byte(Op.call);
  out.u32(index);
  out.byte(Op.end);
  return out.view();
}
