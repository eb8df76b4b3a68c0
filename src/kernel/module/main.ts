// The modules of a kernel: their list, their references, init and delete_module. load.ts has the steps of loading one.
// Source: kernel/module/main.c; linux-modules.md 1.3, 1.5 and 4.
import { EAGAIN, EBUSY, ENOENT, EPERM } from '#abi';
import { kernelSymbol, type Sleeping } from '../api/index.ts';
import { asyncSynchronizeFull } from '../async.ts';
import type { Kernel } from '../kernel.ts';
import { listAdd, listDeleteInit, listInit } from '../lib/list.ts';
import { type Addr, GuestFault } from '../memory.ts';
import { notifyModule } from '../notifier.ts';
import { Waiters } from '../sched/waiters.ts';
import { symbolText } from '../symbolize.ts';
import type { InitWay } from '../syscalls.ts';
import { TAINT } from '../taint.ts';
import { Load, type LoadRequest } from './load.ts';
import {
  flagsText,
  MODULE_NAME_LEN,
  MODULE_STATE_COMING,
  MODULE_STATE_GOING,
  MODULE_STATE_LIVE,
  MODULE_STATE_UNFORMED,
  type Module,
  ModuleStruct,
} from './module.ts';
import { destroyParameters } from './parameters.ts';
import type { LoadReport } from './reasons.ts';
import type { Found } from './resolve.ts';
import { ModuleSettings } from './settings.ts';
import { protect, unprotect } from './strict_rwx.ts';
import { moduleUevent } from './sysfs.ts';

const MODULES = kernelSymbol('modules');
const BUG_LIST = kernelSymbol('module_bug_list');
const O_TRUNC = 0o1000;
const EFLAGS_IF = 0x200n;

export class Modules {
  readonly #k: Kernel;
  /** Newest first. */
  readonly #list: Module[] = [];
  readonly #said = new Set<string>();
  /** How often the reserve for static per-CPU variables was used up. */
  percpuFailures = 0;
  /** Whoever waits for a module to finish its load or to go waits here. Linux: module_wq. */
  readonly changes = {};
  /** '[last unloaded: ...]' of reports. */
  lastUnloaded: string | undefined;

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** All modules, newest first, UNFORMED ones too. */
  get all(): readonly Module[] {
    return this.#list;
  }
  /**
   * Those in the guest's list `modules`, newest first: what lsmod, rmmod and the resolution of symbols see. A module that takes itself
   * out of the list hides, as on Linux. A list that does not lead from module to module and back is damaged, and no list any more:
   * Linux would crash at it, in its report too.
   */
  get listed(): readonly Module[] {
    const { memory, layouts } = this.#k;
    const offset = layouts.offsetOf('module', 'list');
    const head = this.#head(MODULES);
    const found: Module[] = [];
    for (let entry = memory.ptr(head); entry !== head; entry = memory.ptr(entry)) {
      const module = this.at(entry - offset);
      if (module === undefined || found.includes(module)) return this.#list;
      found.push(module);
    }
    return found;
  }
  /** A list's head in the image. */
  #head(symbol: string): Addr {
    const head = this.#k.description.addressOf(symbol);
    if (head === undefined) throw new Error(`this kernel has no ${symbol}`);
    if (this.#k.memory.ptr(head) === 0) listInit(this.#k, head);
    return head;
  }
  find(name: string): Module | undefined {
    return this.listed.find((module) => module.name === name && module.state !== MODULE_STATE_UNFORMED);
  }
  /** In whatever state. */
  named(name: string): Module | undefined {
    return this.listed.find((module) => module.name === name);
  }
  /** Whether no module of this name is on its way in. Linux: finished_loading(). */
  settled(name: string): boolean {
    const state = this.named(name)?.state;
    return state !== MODULE_STATE_UNFORMED && state !== MODULE_STATE_COMING;
  }
  at(structAddress: Addr): Module | undefined {
    return this.#list.find((module) => module.addr === structAddress);
  }
  /** module_refcount(): what /proc/modules shows. */
  refcount(module: Module): number {
    return this.#k.view(ModuleStruct, module.addr).refcnt - 1;
  }
  /** Whether a reference could be taken. */
  tryGet(module: Module): boolean {
    const struct = this.#k.view(ModuleStruct, module.addr);
    if (module.state === MODULE_STATE_GOING || struct.refcnt === 0) return false;
    struct.refcnt += 1;
    return true;
  }
  /** A reference more, whatever the module's state. Linux: __module_get(). */
  get(module: Module): void {
    this.#k.view(ModuleStruct, module.addr).refcnt += 1;
  }
  put(module: Module): void {
    const struct = this.#k.view(ModuleStruct, module.addr);
    if (struct.refcnt > 0) struct.refcnt -= 1;
    else this.#k.exceptions.warn('kernel/module/main.c', 857, 'module_put');
  }
  /** Holds the module whose struct is at `owner` while something of it is open; what gives it back. */
  hold(owner: Addr): () => void {
    const module = owner === 0 ? undefined : this.at(owner);
    if (module === undefined || !this.tryGet(module)) return () => {};
    return () => this.put(module);
  }
  /** `user` uses symbols of `owner`: one reference for all of them. Whether it could be taken. Linux: ref_module(). */
  use(user: Module, owner: Module): boolean {
    if (user.uses.has(owner)) return true;
    if (!this.tryGet(owner)) return false;
    user.uses.add(owner);
    owner.users.unshift(user);
    return true;
  }

  /** An export: the kernel's own first, then those of the modules, newest first. Linux: find_symbol(). */
  findSymbol(name: string, gplAllowed: boolean): Found<Module> | undefined {
    const own = this.#k.description.exports.get(name);
    if (own !== undefined && (gplAllowed || !own.gpl)) return { ...own, owner: undefined };
    for (const owner of this.listed) {
      if (owner.state === MODULE_STATE_UNFORMED) continue;
      const found = owner.exports.find((symbol) => symbol.name === name && (gplAllowed || !symbol.gpl));
      if (found !== undefined) return { ...found, owner };
    }
    return undefined;
  }
  /** The loaded module that exports `name`; undefined when it is the kernel's own, or nobody's. */
  exporter(name: string): Module | undefined {
    return this.findSymbol(name, true)?.owner;
  }
  /** __symbol_get(): the address, with a reference to its owner; 0 when there is none or it is not GPL-only. */
  symbolGet(name: string): Addr {
    const found = this.findSymbol(name, true);
    if (found === undefined) return 0;
    if (!found.gpl) {
      this.#k.log.print('warning', `failing symbol_get of non-GPLONLY symbol ${name}.`);
      return 0;
    }
    if (found.owner === undefined) return this.#k.symbols.addressOf(name) ?? 0;
    return found.owner.state !== MODULE_STATE_COMING && this.tryGet(found.owner) ? found.address : 0;
  }

  /** Makes /sys/module/NAME, unless built-in code, or a module that hides, has it. */
  makeFolder(module: Module): boolean {
    const { name } = module;
    if (this.#k.description.builtin.modules.has(name) || this.#list.some((other) => other.inSysfs && other.name === name)) return false;
    module.inSysfs = true;
    return true;
  }
  /** Whether this was asked before with the same text, since boot. */
  saidBefore(text: string): boolean {
    const before = this.#said.has(text);
    this.#said.add(text);
    return before;
  }

  /** init_module(2) and finit_module(2) once they have the file. Gives 0, -errno, or whatever negative value the module's init gave. */
  *initModule(request: LoadRequest, report: (report: LoadReport) => void): Sleeping<number> {
    const load = new Load(this.#k, this, request);
    const result = yield* load.run();
    report(load.report);
    return result;
  }
  add(module: Module): void {
    this.#list.unshift(module);
    listAdd(this.#k, this.#k.view(ModuleStruct, module.addr).list, this.#head(MODULES));
  }
  /** Its BUG() and WARN() can be found. Linux: module_bug_finalize(). */
  addBugs(module: Module): void {
    listAdd(this.#k, this.#k.view(ModuleStruct, module.addr).bug_list, this.#head(BUG_LIST));
  }
  /** Linux: list_del(). An entry that is in no list, or whose neighbours are damaged, is left alone. */
  #unlink(entry: Addr): void {
    const { memory } = this.#k;
    const [next, previous] = [memory.ptr(entry), memory.ptr(entry + 8)];
    if (next !== 0 && previous !== 0 && this.#isLinked(entry, next, previous)) listDeleteInit(this.#k, entry);
  }
  #isLinked(entry: Addr, next: Addr, previous: Addr): boolean {
    // A module may have put anything there: LIST_POISON1 and its like cannot be read.
    try {
      return this.#k.memory.ptr(next + 8) === entry && this.#k.memory.ptr(previous) === entry;
    } catch (error) {
      if (error instanceof GuestFault) return false;
      throw error;
    }
  }
  setState(module: Module, state: number): void {
    module.state = state;
    this.#k.view(ModuleStruct, module.addr).state = state;
    if (state === MODULE_STATE_COMING || state === MODULE_STATE_LIVE) protect(this.#k, module);
  }
  #changed(): void {
    this.#k.get(Waiters).wake(this.changes, Number.POSITIVE_INFINITY);
  }
  /** Runs init. Gives what it returned when that is an error: then the module has gone. Linux: do_init_module(). */
  *start(module: Module, way: InitWay): Sleeping<number> {
    const k = this.#k;
    const struct = k.view(ModuleStruct, module.addr);
    const result = struct.init === 0 ? 0 : yield* this.#doOneInitcall(struct.init, way);
    if (result < 0) {
      this.setState(module, MODULE_STATE_GOING);
      this.put(module);
      yield* notifyModule(k, MODULE_STATE_GOING, module.addr);
      yield* this.#free(module);
      return result;
    }
    if (result > 0) {
      k.log.print(
        'warning',
        `do_init_module: '${module.name}'->init suspiciously returned ${result}, it should follow 0/-E convention\ndo_init_module: loading module anyway...`,
      );
      k.exceptions.dumpStack(`${way}.positive`);
    }
    this.setState(module, MODULE_STATE_LIVE);
    yield* notifyModule(k, MODULE_STATE_LIVE, module.addr);
    moduleUevent(k, module.name, 'add');
    if (struct.async_probe_requested === 0) yield* asyncSynchronizeFull(k);
    this.put(module);
    this.#freeInit(module);
    this.#changed();
    return 0;
  }
  /** Linux: do_one_initcall(). */
  *#doOneInitcall(init: Addr, way: InitWay): Sleeping<number> {
    const k = this.#k;
    const { initcallDebug: debug } = k.get(ModuleSettings);
    const name = symbolText(k, init);
    const { preemptCount } = k.percpu;
    const start = k.clock.now;
    if (debug) k.log.print('debug', `calling  ${name} @ ${k.current.pid}`);
    const result = (yield* k.callBy(way, init)) | 0;
    if (debug) k.log.print('debug', `initcall ${name} returned ${result} after ${Math.floor((k.clock.now - start) / 1000)} usecs`);
    const wrong = k.percpu.preemptCount === preemptCount ? '' : 'preemption imbalance ';
    k.percpu.preemptCount = preemptCount;
    const irqs = (k.registers.rflags & EFLAGS_IF) === 0n ? 'disabled interrupts ' : '';
    k.registers.rflags |= EFLAGS_IF;
    if (wrong + irqs !== '')
      k.exceptions.warn(
        'init/main.c',
        1284,
        'do_one_initcall',
        `initcall ${name} returned with ${wrong}${irqs}`,
        'warning',
        `${way}.unbalanced`,
      );
    return result;
  }
  #freeInit(module: Module): void {
    const k = this.#k;
    const struct = k.view(ModuleStruct, module.addr);
    module.symbols = module.coreSymbols;
    k.text.remove(module);
    k.cpu.invalidate(module.init >>> 0, (module.init + module.initSize) >>> 0);
    unprotect(k, module.init, module.initSize);
    k.moduleSpace.free(module.init);
    module.initSize = 0;
    const gone = ['base', 'size', 'text_size', 'ro_size', 'ro_after_init_size'] as const;
    for (const field of gone) struct[`init_layout.${field}`] = 0;
    struct.kallsyms = struct.core_kallsyms;
    k.text.add(
      module,
      module.textRanges.filter(({ start }) => k.moduleSpace.find(start - 2 ** 32)?.start === module.core),
    );
  }

  /** delete_module(2). */
  *deleteModule(name: string, flags: number): Sleeping<number> {
    const k = this.#k;
    if (!k.get(ModuleSettings).permitted) return -EPERM;
    if (name.length === 0 || name.length >= MODULE_NAME_LEN) return -ENOENT;
    const module = this.find(name);
    if (module === undefined) return -ENOENT;
    if (module.users.length > 0) return -EAGAIN;
    if (module.state !== MODULE_STATE_LIVE) return -EBUSY;
    const force = (flags & O_TRUNC) !== 0;
    const struct = k.view(ModuleStruct, module.addr);
    if (struct.init !== 0 && struct.exit === 0) {
      if (!force) return -EBUSY;
      k.taint.add(TAINT.FORCED_RMMOD);
    }
    if (this.refcount(module) !== 0) {
      if (!force) return -EAGAIN;
      k.taint.add(TAINT.FORCED_RMMOD);
    } else struct.refcnt = 0;
    this.setState(module, MODULE_STATE_GOING);
    if (struct.exit !== 0) yield* k.callBy('exit', struct.exit);
    yield* notifyModule(k, MODULE_STATE_GOING, module.addr);
    yield* asyncSynchronizeFull(k);
    this.lastUnloaded = `${module.name}${flagsText(module, false)}`;
    moduleUevent(k, module.name, 'remove');
    yield* this.#free(module);
    return 0;
  }
  *#free(module: Module): Sleeping<void> {
    module.inSysfs = false;
    this.setState(module, MODULE_STATE_UNFORMED);
    yield* destroyParameters(this.#k, module);
    this.remove(module);
    this.release(module);
  }
  /** Takes the module out of the list; what it used is free of it. */
  remove(module: Module): void {
    this.#list.splice(this.#list.indexOf(module), 1);
    const struct = this.#k.view(ModuleStruct, module.addr);
    this.#unlink(struct.list);
    this.#unlink(struct.bug_list);
    for (const owner of module.uses) {
      owner.users.splice(owner.users.indexOf(module), 1);
      this.put(owner);
    }
    this.#k.text.remove(module);
    this.#changed();
  }
  /** Frees its memory. */
  release(module: Module): void {
    const k = this.#k;
    if (module.percpu !== undefined) k.percpu.free(module.percpu);
    for (const [start, size] of [
      [module.core, module.coreSize],
      [module.init, module.initSize],
    ] as const) {
      if (size === 0) continue;
      k.cpu.invalidate(start >>> 0, (start + size) >>> 0);
      unprotect(k, start, size);
      k.moduleSpace.free(start);
    }
  }
}
