// load_module()'s steps over a file, going on where the loader stops: every reason that is in the way. The rules are the loader's own
// (src/kernel/module); what they need of a running kernel comes from its description.
import { EINVAL, ENOMEM, EPERM } from '#abi';
import { type ElfSymbol, SHN_ABS, SHN_COMMON, SHN_UNDEF } from '#elf';
import {
  type Addr,
  checkBlacklist,
  checkElf,
  checkModuleFile,
  checkSectionFlags,
  checkSignature,
  checkSymbol,
  checkVermagic,
  checkVersion,
  duplicateExport,
  type Exporter,
  exportsUnversioned,
  type Found,
  type LoadableFile,
  type LoadReason,
  MODULES,
  mayStayUnresolved,
  modinfoRemarks,
  nameTaken,
  noPercpu,
  PROPRIETARY_KERNEL_ONLY,
  PROPRIETARY_NAMES,
  readVersions,
  reason,
  resolveSymbol,
  type SymbolUser,
  symbolPlace,
  TAINT,
  unresolved,
  unsignedRefusal,
  type Versions,
} from '#kernel';
import { exportsOf } from '../exports.ts';
import { inKobox } from '../imports.ts';
import { ModuleFile } from '../module_file.ts';
import { parameterReports } from '../parameters.ts';
import { checkParameters } from './parameters.ts';
import { checkRelocations } from './relocations.ts';
import type { TargetKernel } from './target.ts';

/** The kernel's reserve for static per-CPU variables of modules, in bytes: PERCPU_MODULE_RESERVE. */
const PERCPU_RESERVE = 8192;
/** Where the first module's per-CPU variables lie; only its size matters here. */
const PERCPU_FIRST = 0x35000;

/** A module of the tree that exports. */
export interface Owner extends Exporter {
  /** Symbols that it exports, and those of the modules that it needs itself. */
  readonly loadedExports: ReadonlyMap<string, string>;
}
export type FindOwner = (symbol: string) => { readonly found: Found<Owner>; readonly owner: Owner } | undefined;

interface Step {
  readonly name: string;
  run(module: CheckedModule): Iterable<LoadReason>;
}
export interface StepReason extends LoadReason {
  /** Linux's name of the step that finds it. */
  readonly step: string;
}

export class CheckedModule implements SymbolUser {
  readonly #target: TargetKernel;
  readonly #image: Uint8Array;
  readonly #arguments: string;
  readonly #findOwner: FindOwner;
  readonly #file: ModuleFile;
  #loadable: LoadableFile | undefined;
  #versions: Versions | undefined;
  #values = new Float64Array(0);
  taints = 0;
  /** Taints that are the kernel's alone. */
  kernelTaints = 0;
  usesGplOnly = false;
  readonly reasons: StepReason[] = [];
  readonly notes: string[] = [];
  /** Modules whose symbols it uses, in the order of first use. */
  readonly uses = new Set<Owner>();
  /** Symbols that the kernel exports and kobox lacks. */
  readonly missingInKobox: string[] = [];

  constructor(target: TargetKernel, image: Uint8Array, args: string, findOwner: FindOwner) {
    this.#target = target;
    this.#image = image;
    this.#arguments = args;
    this.#findOwner = findOwner;
    this.#file = new ModuleFile(image);
  }
  run(): this {
    for (const { name, run } of CheckedModule.steps) {
      for (const why of run(this)) this.reasons.push({ step: name, ...why });
      // What follows needs a readable module.
      if (name === 'elf_validity_check' && this.#loadable === undefined) break;
    }
    return this;
  }
  /** Names as in the loader's steps (src/kernel/module/load.ts). */
  static readonly steps: readonly Step[] = [
    { name: 'may_init_module', run: (module) => module.#permission() },
    { name: 'module_sig_check', run: (module) => module.#signature() },
    { name: 'elf_validity_check', run: (module) => module.#elf() },
    { name: 'blacklisted', run: (module) => checkBlacklist(module.loadable, module.#target.settings.blacklist) },
    { name: 'check_modstruct_version', run: (module) => module.#structVersion() },
    { name: 'check_modinfo', run: (module) => module.#modinfo() },
    { name: 'layout_and_allocate', run: (module) => module.#layout() },
    { name: 'percpu_modalloc', run: (module) => module.#percpu() },
    { name: 'simplify_symbols', run: (module) => module.#symbols() },
    { name: 'apply_relocations', run: (module) => module.#relocations() },
    { name: 'complete_formation', run: (module) => module.#exports() },
    { name: 'parse_args', run: (module) => module.#parameters() },
    { name: 'mod_sysfs_setup', run: (module) => module.#sysfs() },
  ];
  get loadable(): LoadableFile {
    if (this.#loadable === undefined) throw new Error('a step of the check ran before the one that it needs');
    return this.#loadable;
  }
  /** Undefined when the file does not say. */
  get knownName(): string | undefined {
    return this.#loadable?.name ?? this.#file.name;
  }
  get exports(): readonly string[] {
    return exportsOf(this.#file).map(({ name }) => name);
  }

  // What resolveSymbol() needs of the module.
  get name(): string {
    return this.loadable.name;
  }
  get infoName(): string {
    return this.loadable.infoName;
  }
  get versions(): Versions | undefined {
    return this.#versions;
  }
  get namespaces(): ReadonlySet<string> {
    return new Set(this.#file.tags('import_ns'));
  }
  print(_level: string, text: string): void {
    this.notes.push(text);
  }
  forceLoad(why: string): void {
    const text = `${this.name}: ${why}: kernel tainted.`;
    if ((this.taints & (1 << TAINT.FORCED_MODULE)) === 0) this.notes.push(text);
    this.taints |= 1 << TAINT.FORCED_MODULE;
  }

  *#permission(): Generator<LoadReason> {
    if (this.#image.length === 0) yield reason('file', EINVAL, undefined, { found: 'an empty file' });
    if (this.#target.settings.disabled) yield reason('permission', EPERM, undefined, { found: 'nomodule on the command line' });
  }
  *#signature(): Generator<LoadReason> {
    const { settings, description, lockedDown } = this.#target;
    if (!settings.signatures) return;
    const checked = checkSignature(
      this.#image,
      () => description.certificates,
      false,
      (record) => this.notes.push(record),
    );
    if ('check' in checked) {
      yield checked;
      return;
    }
    if (checked.outcome === 0) return;
    this.taints |= 1 << TAINT.UNSIGNED_MODULE;
    if (settings.sigEnforce) yield unsignedRefusal(checked.outcome, 'sig_enforce');
    if (lockedDown) yield unsignedRefusal(checked.outcome, 'lockdown');
  }
  *#elf(): Generator<LoadReason> {
    const { struct } = this.#target;
    const elf = yield* checkElf(this.#file.elf?.bytes ?? this.#image);
    if (elf === undefined) return;
    this.#loadable = yield* checkModuleFile(elf, struct.name, struct.size);
    this.#versions = readVersions(elf);
  }
  *#structVersion(): Generator<LoadReason> {
    const crc = this.#target.exports.get('module_layout')?.crc;
    if (this.#versions === undefined) this.forceLoad('module_layout');
    else yield* checkVersion(this.infoName, 'module_layout', crc, this.#versions);
  }
  *#modinfo(): Generator<LoadReason> {
    if (this.loadable.tag('vermagic') === undefined) this.forceLoad('bad vermagic');
    else yield* checkVermagic(this.loadable, this.#target.description, this.#versions !== undefined);
    for (const { bit, text } of modinfoRemarks(this.loadable, this.#target.settings.retpolines)) {
      if (bit === undefined) this.notes.push(text);
      else this.taints |= 1 << bit;
    }
    if (PROPRIETARY_NAMES.has(this.name)) this.taints |= 1 << TAINT.PROPRIETARY_MODULE;
    if (this.name === PROPRIETARY_KERNEL_ONLY) this.kernelTaints |= 1 << TAINT.PROPRIETARY_MODULE;
    if (exportsUnversioned(this.loadable.elf)) this.forceLoad('no versions for exported symbols');
  }
  *#layout(): Generator<LoadReason> {
    yield* checkSectionFlags(this.loadable);
    const { layout } = this.#file;
    const size = layout === undefined ? 0 : layout.core.size + layout.init.size;
    if (!(size < MODULES.end - MODULES.start)) yield reason('memory', ENOMEM, undefined, { found: `${size} bytes` });
  }
  *#percpu(): Generator<LoadReason> {
    const section = this.#file.layout?.percpu;
    if (section !== undefined && section.size > PERCPU_RESERVE) yield noPercpu(this.name, section);
  }
  /** The value of each symbol; NaN where it has none. */
  *#symbols(): Generator<LoadReason> {
    const { symbols, elf } = this.#file;
    this.#values = new Float64Array(symbols.length);
    for (const [n, symbol] of symbols.entries()) {
      if (n === 0) continue;
      const place = symbolPlace(this.loadable.symtab, n);
      const value = symbol.section === SHN_UNDEF ? this.#resolve(symbol, place) : this.#own(symbol, elf?.sections.length ?? 0);
      if (typeof value !== 'number') yield { ...value, ...(value.section === undefined && place) };
      this.#values[n] = typeof value === 'number' ? value : Number.NaN;
    }
  }
  #own(symbol: ElfSymbol, count: number): number | LoadReason {
    const wrong = checkSymbol(this.name, symbol, count);
    if (wrong !== undefined) return wrong;
    if (symbol.section === SHN_COMMON) return 0;
    const value = Number(BigInt.asIntN(64, symbol.value));
    if (symbol.section === SHN_ABS) return value;
    if (symbol.section === this.#file.layout?.percpu?.index) return PERCPU_FIRST + value;
    return (this.#file.addressOf(symbol.section) ?? 0) + value;
  }
  #resolve({ name, binding }: ElfSymbol, place: ReturnType<typeof symbolPlace>): Addr | LoadReason {
    const found = resolveSymbol<Owner>((symbol, gplAllowed) => this.#find(symbol, gplAllowed), this, name);
    if ('check' in found) {
      if (mayStayUnresolved(found, name, binding)) return 0;
      return unresolved(this.name, name, found, place);
    }
    if (found.owner !== undefined) this.uses.add(found.owner);
    else if (!inKobox(name)) this.missingInKobox.push(name);
    return found.address;
  }
  #find(symbol: string, gplAllowed: boolean): Found<Owner> | undefined {
    const own = this.#target.exports.get(symbol);
    if (own !== undefined) return gplAllowed || !own.gpl ? { ...own, owner: undefined } : undefined;
    const other = this.#findOwner(symbol);
    return other !== undefined && (gplAllowed || !other.found.gpl) ? other.found : undefined;
  }
  #relocations(): Iterable<LoadReason> {
    // What has no place is not relocated.
    return this.reasons.some(({ check }) => check === 'memory') ? [] : checkRelocations(this.#file, this.name, this.#values);
  }
  *#exports(): Generator<LoadReason> {
    for (const symbol of this.exports) {
      const owner = this.#target.exports.has(symbol)
        ? 'kernel'
        : [...this.uses].map((used) => used.loadedExports.get(symbol)).find((each) => each !== undefined);
      if (owner !== undefined) yield duplicateExport(this.name, symbol, owner);
    }
  }
  *#sysfs(): Generator<LoadReason> {
    if (this.#target.description.builtin.modules.has(this.name)) yield nameTaken(this.name);
  }
  *#parameters(): Generator<LoadReason> {
    if (this.#arguments === '') return;
    const { reasons, notes } = checkParameters(this.name, parameterReports(this.#file), this.#arguments, this.#target.lockedDown);
    this.notes.push(...notes);
    if (notes.some((note) => note.startsWith('Setting dangerous option '))) this.kernelTaints |= 1 << TAINT.USER;
    yield* reasons;
  }
}
/** What the system call fails with: that of the first step that refuses; where a step goes on after errors, its last one. */
export function errnoOf(reasons: readonly StepReason[]): number {
  const [first] = reasons;
  const last = reasons.findLast(({ step }) => step === first?.step);
  const goesOn = first?.step === 'simplify_symbols' || first?.step === 'parse_args';
  return (goesOn ? last : first)?.errno ?? 0;
}
