// load_module(): its steps in Linux's order. A step that refuses adds its reason; what the steps before it did is undone in
// reverse. Source: kernel/module/main.c; order, errnos and texts in linux-modules.md 1.4.
import { EBUSY, EEXIST, EFAULT, EINTR, ENOENT, ENOMEM } from '#abi';
import { type ElfSymbol, SHN_ABS, SHN_COMMON, SHN_LIVEPATCH, SHN_UNDEF, SHT_NOBITS } from '#elf';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { notifierError, notifyModule } from '../notifier.ts';
import type { LevelName } from '../printk/log.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { LOCKDOWN, Lockdown } from '../security/lockdown.ts';
import type { InitWay } from '../syscalls.ts';
import { TAINT } from '../taint.ts';
import { type Checked, checkElf, checkModuleFile, checkSectionFlags, findSection, type ModuleFile } from './checks.ts';
import { findSymbols, textRanges } from './kallsyms.ts';
import { layOut } from './layout.ts';
import { fillStruct, findExports, findParameters, relocate } from './link.ts';
import type { Modules } from './main.ts';
import { MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_LIVE, Module } from './module.ts';
import { destroyParameters, parseArguments } from './parameters.ts';
import { Patcher } from './patch.ts';
import { type LoadReason, type LoadReport, reason } from './reasons.ts';
import {
  checkSymbol,
  duplicateExport,
  mayStayUnresolved,
  nameTaken,
  noPercpu,
  resolveSymbol,
  type SymbolUser,
  symbolPlace,
  unknownRecord,
  unresolved,
} from './resolve.ts';
import {
  checkBlacklist,
  checkVermagic,
  checkVersion,
  exportsUnversioned,
  modinfoRemarks,
  PROPRIETARY_KERNEL_ONLY,
  PROPRIETARY_NAMES,
} from './rules.ts';
import { ModuleSettings } from './settings.ts';
import { checkSignature, unsignedRefusal } from './signature.ts';
import { readVersions, type Versions } from './versions.ts';

export const MODULE_INIT_IGNORE_MODVERSIONS = 1;
export const MODULE_INIT_IGNORE_VERMAGIC = 2;
const PAGE_SIZE = 4096;
const PERCPU_REPORTS = 10;
/** PCPU_MIN_ALLOC_SIZE and PCPU_MIN_UNIT_SIZE. */
const PERCPU_UNIT = 4;
const MOST_PERCPU = 32768;
/** How long a load waits for the init of a module whose symbols it uses. */
const INIT_WAIT = 30e9;

export interface LoadRequest {
  readonly image: Uint8Array;
  /** The parameter string; undefined: its address cannot be read. */
  readonly args: string | undefined;
  readonly flags: number;
  readonly way: InitWay;
}

interface Step {
  readonly name: string;
  run(load: Load): Sleeping<void> | void;
}

export class Load implements SymbolUser {
  readonly #k: Kernel;
  readonly #modules: Modules;
  readonly request: LoadRequest;
  readonly #reasons: LoadReason[] = [];
  readonly #undo: (() => Sleeping<unknown> | void)[] = [];
  /** What the steps so far have made; each is set by the step that its comment names. */
  #image: Uint8Array;
  #signed = false;
  /** elf_validity_check. */
  #file: ModuleFile | undefined;
  #versions: Versions | undefined;
  /** layout_and_allocate. */
  #module: Module | undefined;
  #taints = 0;
  #args = '';
  /** simplify_symbols. */
  #values: readonly bigint[] = [];
  usesGplOnly = false;
  #result = 0;
  #step: string | undefined;

  constructor(k: Kernel, modules: Modules, request: LoadRequest) {
    this.#k = k;
    this.#modules = modules;
    this.request = request;
    this.#image = request.image;
  }
  get report(): LoadReport {
    return { module: this.#file?.name, errno: Math.max(0, -this.#result), step: this.#step, reasons: this.#reasons };
  }

  /** Runs the steps. Gives 0, -errno, or whatever negative value the module's init gave. */
  *run(): Sleeping<number> {
    for (const { name, run } of Load.steps) {
      const sleeping = run(this);
      if (sleeping !== undefined) yield* sleeping;
      const refusal = this.#reasons.at(-1);
      if (refusal === undefined) continue;
      this.#step = name;
      this.#result = -refusal.errno;
      for (const undo of this.#undo.reverse()) {
        const undoing = undo();
        if (undoing !== undefined) yield* undoing;
      }
      return this.#result;
    }
    return 0;
  }
  /** By the names of Linux's functions. */
  static readonly steps: readonly Step[] = [
    { name: 'module_sig_check', run: (load) => load.#moduleSigCheck() },
    { name: 'elf_validity_check', run: (load) => load.#elfValidityCheck() },
    { name: 'blacklisted', run: (load) => load.#blacklisted() },
    { name: 'check_modstruct_version', run: (load) => load.#checkModstructVersion() },
    { name: 'check_modinfo', run: (load) => load.#checkModinfo() },
    { name: 'layout_and_allocate', run: (load) => load.#layoutAndAllocate() },
    { name: 'add_unformed_module', run: (load) => load.#addUnformedModule() },
    { name: 'mod->sig_ok', run: (load) => load.#taintUnsigned() },
    { name: 'percpu_modalloc', run: (load) => load.#percpuModalloc() },
    { name: 'find_module_sections', run: (load) => load.#findModuleSections() },
    { name: 'check_module_license_and_versions', run: (load) => load.#checkLicenseAndVersions() },
    { name: 'simplify_symbols', run: (load) => load.#simplifySymbols() },
    { name: 'apply_relocations', run: (load) => load.#applyRelocations() },
    { name: 'post_relocation', run: (load) => load.#postRelocation() },
    { name: 'strndup_user', run: (load) => load.#readArguments() },
    { name: 'complete_formation', run: (load) => load.#completeFormation() },
    { name: 'prepare_coming_module', run: (load) => load.#prepareComingModule() },
    { name: 'parse_args', run: (load) => load.#parseArgs() },
    { name: 'mod_sysfs_setup', run: (load) => load.#modSysfsSetup() },
    { name: 'do_init_module', run: (load) => load.#doInitModule() },
  ];

  /** Refuses: says what Linux says and remembers why. */
  #refuse(why: LoadReason): void {
    if (why.record !== undefined) this.print(why.record.level, why.record.text);
    this.#reasons.push(why);
  }
  /** Refuses for the first thing that a check finds. Gives what the check made, undefined after a refusal. */
  #first<T>(checked: Generator<LoadReason, T>): T | undefined {
    const { done, value } = checked.next();
    if (done === true) return value;
    this.#refuse(value);
    return undefined;
  }
  #known<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('a step of load_module() ran before the one that it needs');
    return value;
  }
  get file(): ModuleFile {
    return this.#known(this.#file);
  }
  get module(): Module {
    return this.#known(this.#module);
  }

  // What resolveSymbol() needs of the module.
  get name(): string {
    return this.file.name;
  }
  get infoName(): string {
    return this.file.infoName;
  }
  get versions(): Versions | undefined {
    return this.#versions;
  }
  get namespaces(): ReadonlySet<string> {
    return new Set(this.file.modinfo.flatMap(({ tag, value }) => (tag === 'import_ns' ? [value] : [])));
  }
  get taints(): number {
    return this.#module?.taints ?? this.#taints;
  }
  set taints(mask: number) {
    if (this.#module === undefined) this.#taints = mask;
    else this.#module.taints = mask;
  }
  print(level: LevelName, text: string): void {
    this.#k.log.print(level, text);
  }
  /** Taints the module and the kernel. Linux: add_taint_module(). */
  #taint(bit: number): void {
    this.#k.taint.add(bit);
    this.taints |= 1 << bit;
  }
  /** Linux: try_to_force_load(). */
  forceLoad(why: string): void {
    if (!this.#k.taint.has(TAINT.FORCED_MODULE)) this.print('warning', `${this.name}: ${why}: kernel tainted.`);
    this.#taint(TAINT.FORCED_MODULE);
  }

  #moduleSigCheck(): void {
    const k = this.#k;
    const forced = (this.request.flags & (MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC)) !== 0;
    if (!k.get(ModuleSettings).signatures) return;
    const checked = checkSignature(
      this.request.image,
      () => k.description.certificates,
      forced,
      (level, text) => this.print(level, text),
    );
    if ('check' in checked) return this.#refuse(checked);
    const { elf, outcome } = checked;
    this.#image = elf;
    this.#signed = outcome === 0;
    if (this.#signed) return;
    if (k.get(ModuleSettings).sigEnforce) return this.#refuse(unsignedRefusal(outcome, 'sig_enforce'));
    if (k.get(Lockdown).locked(LOCKDOWN.integrity, 'unsigned module loading')) this.#refuse(unsignedRefusal(outcome, 'lockdown'));
  }
  #elfValidityCheck(): void {
    const { layouts } = this.#k;
    const elf = this.#first(checkElf(this.#image));
    if (elf === undefined) return;
    this.#file = this.#first(checkModuleFile(elf, layouts.offsetOf('module', 'name'), layouts.sizeOf('module')) as Checked<ModuleFile>);
    const ignored = (this.request.flags & MODULE_INIT_IGNORE_MODVERSIONS) !== 0;
    this.#versions = ignored ? undefined : readVersions(elf);
  }
  #blacklisted(): void {
    this.#first(checkBlacklist(this.file, this.#k.get(ModuleSettings).blacklist));
  }
  #checkModstructVersion(): void {
    const crc = this.#k.description.exports.get('module_layout')?.crc;
    if (this.#versions === undefined) this.forceLoad('module_layout');
    else this.#first(checkVersion(this.infoName, 'module_layout', crc, this.#versions));
  }
  #checkModinfo(): void {
    const k = this.#k;
    const ignored = (this.request.flags & MODULE_INIT_IGNORE_VERMAGIC) !== 0;
    if (ignored || this.file.tag('vermagic') === undefined) this.forceLoad('bad vermagic');
    else this.#first(checkVermagic(this.file, k.description, this.#versions !== undefined));
    if (this.#reasons.length > 0) return;
    for (const { bit, level, text, said } of modinfoRemarks(this.file, k.get(ModuleSettings).retpolines)) {
      const silent =
        said === 'first' ? bit !== undefined && k.taint.has(bit) : said === 'once' && this.#modules.saidBefore(text.replace(this.name, ''));
      if (!silent) this.print(level, text);
      if (bit !== undefined) this.#taint(bit);
    }
  }
  #layoutAndAllocate(): void {
    const { memory, moduleSpace } = this.#k;
    const { elf, symtab, thisModule, name, modinfo } = this.file;
    this.#first(checkSectionFlags(this.file));
    if (this.#reasons.length > 0) return;
    const layout = layOut(elf, symtab, elf.symbols(symtab));
    const core = moduleSpace.alloc(layout.core.size);
    const init = core === undefined ? undefined : moduleSpace.alloc(layout.init.size);
    if (core === undefined || init === undefined) {
      if (core !== undefined) moduleSpace.free(core);
      return this.#refuse(reason('memory', ENOMEM, undefined, { found: `${layout.core.size} and ${layout.init.size} bytes` }));
    }
    for (const { section, area, offset } of layout.placed.values())
      if (section.type !== SHT_NOBITS) memory.write((area === 'core' ? core : init) + offset, elf.contents(section));
    const place = this.#known(layout.placed.get(thisModule.index));
    const addr = (place.area === 'init' ? init : core) + place.offset;
    const taints = this.#taints;
    this.#module = new Module({ name, addr, elf, layout, core, init, modinfo });
    this.#module.taints = taints;
    this.#undo.push(() => this.#modules.release(this.module));
  }
  *#addUnformedModule(): Sleeping<void> {
    const modules = this.#modules;
    const { name } = this.module;
    const busy = modules.named(name);
    if (busy !== undefined && !modules.settled(name)) {
      const outcome = yield* this.#k.get(Waiters).until(modules.changes, TASK_INTERRUPTIBLE, () => modules.settled(name));
      if (outcome === 'signal') return this.#refuse(reason('name', EINTR, undefined, { found: 'a signal' }));
    }
    if (busy === undefined) {
      modules.add(this.module);
      this.#undo.push(() => modules.remove(this.module));
      return;
    }
    const live = modules.named(name)?.state === MODULE_STATE_LIVE;
    this.#refuse(reason('name', live ? EEXIST : EBUSY, undefined, { found: live ? `${name} is loaded` : `${name} is loading or going` }));
  }
  #taintUnsigned(): void {
    if (this.#signed || !this.#k.get(ModuleSettings).signatures) return;
    const text = 'module verification failed: signature and/or required key missing - tainting kernel';
    if (!this.#modules.saidBefore(text)) this.print('notice', `${this.name}: ${text}`);
    this.#taint(TAINT.UNSIGNED_MODULE);
  }
  #percpuModalloc(): void {
    const { memory, percpu } = this.#k;
    const module = this.module;
    const section = module.layout.percpu;
    if (section === undefined || section.size === 0) return;
    if (section.align > PAGE_SIZE) this.print('warning', `${module.name}: per-cpu alignment ${section.align} > ${PAGE_SIZE}`);
    // Linux: pcpu_alloc().
    const align = Math.max(PERCPU_UNIT, Math.min(section.align, PAGE_SIZE));
    const size = Math.ceil(section.size / PERCPU_UNIT) * PERCPU_UNIT;
    if (size > MOST_PERCPU || (align & (align - 1)) !== 0) {
      const text = `illegal size (${size}) or align (${align}) for percpu allocation`;
      this.#k.exceptions.warn('mm/percpu.c', 1758, 'pcpu_alloc', text, 'warning', `${this.request.way}.percpu_warning`);
      return this.#refuse(noPercpu(module.name, section));
    }
    module.percpu = percpu.allocReserved(size, align);
    if (module.percpu === undefined) {
      this.#reportPercpu(size, align);
      return this.#refuse(noPercpu(module.name, section));
    }
    if (section.type !== SHT_NOBITS) memory.write(percpu.base + module.percpu, module.elf.contents(section));
  }
  /** What the allocator itself says, ten times since boot. Source: mm/percpu.c, pcpu_alloc(). */
  #reportPercpu(size: number, align: number): void {
    const times = this.#modules.percpuFailures++;
    if (times >= PERCPU_REPORTS) return;
    this.print('warning', `percpu: allocation failed, size=${size} align=${align} atomic=0, alloc from reserved chunk failed`);
    this.#k.exceptions.dumpStack(`${this.request.way}.percpu`);
    if (times === PERCPU_REPORTS - 1) this.print('info', 'percpu: limit reached, disable warning');
  }
  #findModuleSections(): void {
    if (findSection(this.module.elf, '__obsparm') !== undefined) this.print('warning', `${this.name}: Ignoring obsolete parameters`);
  }
  #checkLicenseAndVersions(): void {
    const { taint } = this.#k;
    const { elf, name } = this.module;
    const before = taint.has(TAINT.PROPRIETARY_MODULE);
    if (name === PROPRIETARY_KERNEL_ONLY) taint.add(TAINT.PROPRIETARY_MODULE);
    if (PROPRIETARY_NAMES.has(name)) this.#taint(TAINT.PROPRIETARY_MODULE);
    if (!before && taint.has(TAINT.PROPRIETARY_MODULE)) this.print('warning', `${name}: module license taints kernel.`);
    if (exportsUnversioned(elf)) this.forceLoad('no versions for exported symbols');
  }
  /** The value of each symbol. All that cannot be resolved are reported; the last gives the errno. */
  *#simplifySymbols(): Sleeping<void> {
    const values: bigint[] = [];
    for (const [n, symbol] of this.module.layout.symbols.entries()) values.push(n === 0 ? 0n : yield* this.#valueOf(symbol, n));
    this.#values = values;
  }
  *#valueOf(symbol: ElfSymbol, n: number): Sleeping<bigint> {
    const { elf, layout, name: user } = this.module;
    const { section, value } = symbol;
    if (section === SHN_UNDEF) return yield* this.#resolve(symbol, n);
    const wrong = checkSymbol(user, symbol, elf.sections.length);
    if (wrong !== undefined) {
      this.#refuse({ ...wrong, ...symbolPlace(this.file.symtab, n) });
      return 0n;
    }
    if (section === SHN_COMMON) return 0n;
    if (section === SHN_ABS || section === SHN_LIVEPATCH) return value;
    if (section === layout.percpu?.index) return value + BigInt(this.module.percpu ?? 0);
    const placed = layout.placed.get(section);
    if (placed === undefined) return value;
    return value + BigInt((placed.area === 'core' ? this.module.core : this.module.init) + placed.offset);
  }
  /** The address of an undefined symbol; 0 with a refusal, or for a weak one that nobody has. */
  *#resolve({ name, binding }: ElfSymbol, n: number): Sleeping<bigint> {
    const resolved = yield* this.#resolveWaiting(name);
    if (typeof resolved === 'bigint') return resolved;
    if (mayStayUnresolved(resolved, name, binding)) return 0n;
    if (resolved.record !== undefined) this.print(resolved.record.level, resolved.record.text);
    const why = unresolved(this.name, name, resolved, symbolPlace(this.file.symtab, n));
    const unknown = unknownRecord(this.name, name, resolved.errno);
    this.print(unknown.level, unknown.text);
    this.#reasons.push(why);
    return 0n;
  }
  /** An exporter that is still in its init is waited for. Linux: resolve_symbol_wait(). */
  *#resolveWaiting(name: string): Sleeping<bigint | LoadReason> {
    let result = this.#resolveNow(name);
    if (typeof result === 'bigint' || result.errno !== EBUSY) return result;
    const owner = result.found ?? '';
    yield* this.#k.get(Waiters).until(
      this.#modules.changes,
      TASK_INTERRUPTIBLE,
      () => {
        result = this.#resolveNow(name);
        return typeof result === 'bigint' || result.errno !== EBUSY;
      },
      INIT_WAIT,
    );
    if (typeof result !== 'bigint' && result.errno === EBUSY)
      this.print('warning', `${this.name}: gave up waiting for init of module ${owner}.`);
    return result;
  }
  #resolveNow(name: string): bigint | LoadReason {
    const found = resolveSymbol((symbol, gplAllowed) => this.#modules.findSymbol(symbol, gplAllowed), this, name);
    if ('check' in found) return found;
    this.module.usesGplOnly = this.usesGplOnly;
    const { owner } = found;
    if (owner === undefined) {
      const address = this.#k.symbols.addressOf(name);
      return address === undefined
        ? reason('kobox', ENOENT, undefined, { symbol: name, found: 'an export of the kernel' })
        : BigInt(address);
    }
    if (owner.state === MODULE_STATE_COMING) return reason('owner', EBUSY, undefined, { symbol: name, found: owner.name });
    if (!this.#modules.use(this.module, owner)) return reason('owner', ENOENT, undefined, { symbol: name, found: owner.name });
    return BigInt(found.address);
  }
  #applyRelocations(): void {
    const refusal = relocate(this.#k, this.module, this.#values);
    if (refusal !== undefined) this.#refuse(refusal);
  }
  #postRelocation(): void {
    const module = this.module;
    findExports(this.#k, module);
    findParameters(this.#k, module);
    fillStruct(this.#k, module, this.#signed);
    new Patcher(this.#k, module).run();
  }
  #readArguments(): void {
    const { args } = this.request;
    if (args === undefined) this.#refuse(reason('arguments', EFAULT, undefined, { found: 'a bad address' }));
    else this.#args = args;
  }
  #completeFormation(): void {
    const module = this.module;
    for (const { name } of module.exports) {
      const other = this.#modules.findSymbol(name, true);
      if (other === undefined) continue;
      const owner = other.owner?.name ?? 'kernel';
      return this.#refuse(duplicateExport(module.name, name, owner));
    }
    findSymbols(this.#k, module, this.#values);
    this.#k.text.add(module, textRanges(module, this.#values));
    this.#modules.addBugs(module);
    this.#modules.setState(module, MODULE_STATE_COMING);
  }
  *#prepareComingModule(): Sleeping<void> {
    const k = this.#k;
    const module = this.module;
    const notified = notifierError(yield* notifyModule(k, MODULE_STATE_COMING, module.addr, MODULE_STATE_GOING));
    if (notified < 0) {
      this.#modules.setState(module, MODULE_STATE_GOING);
      return this.#refuse(reason('notifier', -notified, undefined, { found: `${notified}` }));
    }
    this.#undo.push(() => notifyModule(k, MODULE_STATE_GOING, module.addr));
    this.#undo.push(() => {
      this.#modules.setState(module, MODULE_STATE_GOING);
      return destroyParameters(k, module);
    });
  }
  *#parseArgs(): Sleeping<void> {
    this.#reasons.push(...(yield* parseArguments(this.#k, this.module, this.#args, this.request.way)));
  }
  #modSysfsSetup(): void {
    if (!this.#modules.makeFolder(this.module)) this.#refuse(nameTaken(this.name));
  }
  *#doInitModule(): Sleeping<void> {
    const result = yield* this.#modules.start(this.module, this.request.way);
    if (result >= 0) return;
    // It has gone already.
    this.#undo.length = 0;
    this.#refuse(reason('init', -result, undefined, { found: `${result}` }));
  }
}
