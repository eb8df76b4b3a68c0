// load_module(), init and delete_module. Order of the checks, errnos and texts: kernel/module/main.c; linux-modules.md 1.
import { EAGAIN, EBUSY, EEXIST, ENOENT, ENOEXEC, ENOMEM } from '#abi';
import {
  modinfoEntries,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHN_ABS,
  SHN_COMMON,
  SHN_LIVEPATCH,
  SHN_UNDEF,
  SHT_NOBITS,
  STB_WEAK,
} from '#elf';
import type { Sleeping } from '../api/index.ts';
import { asyncSynchronizeFull } from '../async.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr } from '../memory.ts';
import { notifierError, notifyModule } from '../notifier.ts';
import { moduleTaintLetters, TAINT } from '../panic.ts';
import type { InitWay } from '../syscalls.ts';
import { checkElf, Refusal, splitSignature } from './checks.ts';
import { findSymbols, textRanges } from './kallsyms.ts';
import { findSymtab, layOut } from './layout.ts';
import { fillStruct, findExports, findParameters, relocate } from './link.ts';
import {
  MODULE_NAME_LEN,
  MODULE_STATE_COMING,
  MODULE_STATE_GOING,
  MODULE_STATE_LIVE,
  MODULE_STATE_UNFORMED,
  Module,
  ModuleStruct,
} from './module.ts';
import { parseArguments } from './parameters.ts';
import { Patcher } from './patch.ts';
import { checkVersion, Resolver } from './resolve.ts';
import { readVersions, sameMagic } from './versions.ts';

/** license_is_gpl_compatible(). */
export const GPL_LICENSES: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);
const O_TRUNC = 0o1000;
export const MODULE_INIT_IGNORE_MODVERSIONS = 1;
export const MODULE_INIT_IGNORE_VERMAGIC = 2;

/** What the last load found out, beyond what Linux says. */
export interface LoadReport {
  readonly errno: number;
  /** Symbols that this kernel exports but kobox does not have yet. */
  readonly missingInKobox: readonly string[];
}

export class Modules {
  readonly #k: Kernel;
  /** Newest first. */
  readonly #list: Module[] = [];
  readonly #resolver: Resolver;
  lastReport: LoadReport = { errno: 0, missingInKobox: [] };

  constructor(k: Kernel) {
    this.#k = k;
    this.#resolver = new Resolver(k, () => this.#list);
  }
  /** All modules, newest first, UNFORMED ones too. */
  get all(): readonly Module[] {
    return this.#list;
  }
  find(name: string): Module | undefined {
    return this.#list.find((module) => module.name === name && module.state !== MODULE_STATE_UNFORMED);
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
  put(module: Module): void {
    this.#k.view(ModuleStruct, module.addr).refcnt -= 1;
  }

  /** The loaded module that exports `name`; undefined when it is the kernel's own, or nobody's. */
  exporter(name: string): Module | undefined {
    return this.#resolver.find(name)?.owner;
  }
  /** __symbol_get(): the address, with a reference to its owner; 0 when there is none or it is not GPL-only. */
  symbolGet(name: string): Addr {
    const found = this.#resolver.find(name);
    if (found === undefined) return 0;
    if (!found.gpl) {
      this.#k.log.print('warning', `failing symbol_get of non-GPLONLY symbol ${name}.`);
      return 0;
    }
    if (found.owner === undefined) return this.#k.symbols.addressOf(name) ?? 0;
    return found.owner.state === MODULE_STATE_LIVE && this.tryGet(found.owner) ? found.address : 0;
  }

  /** Holds the module whose struct is at `owner` while something of it is open; what gives it back. */
  hold(owner: Addr): () => void {
    const module = owner === 0 ? undefined : this.at(owner);
    if (module === undefined || !this.tryGet(module)) return () => {};
    return () => this.put(module);
  }

  /** init_module(2) after its permission checks. Gives 0, -errno, or whatever negative value the module's init gave. */
  *initModule(image: Uint8Array, args: string, flags = 0, way: InitWay = 'init_module'): Sleeping<number> {
    const loaded = this.#load(image, flags);
    if (loaded instanceof Refusal) {
      if (loaded.message !== undefined) this.#k.log.print(loaded.level, loaded.message);
      this.lastReport = { ...this.lastReport, errno: loaded.errno };
      return -loaded.errno;
    }
    const { name, parameters, addr } = loaded;
    const notified = notifierError(yield* notifyModule(this.#k, MODULE_STATE_COMING, addr));
    const failed = notified < 0 ? notified : Math.min(0, yield* parseArguments(this.#k, name, parameters, args, way));
    if (failed === 0) return yield* this.#doInit(loaded, way);
    this.#setState(loaded, MODULE_STATE_GOING);
    yield* notifyModule(this.#k, MODULE_STATE_GOING, addr);
    this.#free(loaded);
    return failed;
  }

  #load(image: Uint8Array, flags: number): Module | Refusal {
    const k = this.#k;
    this.lastReport = { errno: 0, missingInKobox: [] };
    const split = splitSignature(image);
    if (split instanceof Refusal) return split;
    const forced = (flags & (MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC)) !== 0;
    const signed = split.signature === 'pkcs7' && !forced;
    if (split.signature === 'unknown-type') k.log.print('err', 'module: not signed with expected PKCS#7 message');
    const elf = checkElf(split.elf);
    if (elf instanceof Refusal) return elf;

    const infoSection = elf.section('.modinfo');
    const modinfo = infoSection === undefined ? [] : modinfoEntries(elf.contents(infoSection));
    const tag = (name: string): string | undefined => modinfo.find((entry) => entry.tag === name)?.value;
    const infoName = tag('name') ?? '(missing .modinfo section or name field)';
    const symtab = findSymtab(elf);
    if (symtab === undefined) return new Refusal(ENOEXEC, `${infoName}: module has no symbols (stripped?)`, 4);
    const thisModule = elf.section('.gnu.linkonce.this_module');
    const structSize = k.layouts.sizeOf('module');
    if (thisModule === undefined || (thisModule.flags & SHF_ALLOC) === 0)
      return new Refusal(ENOEXEC, `${infoName}: No module found in object`, 4);
    // Linux 6.1 does not look at its size; a shorter one cannot be used, so we refuse where Linux would read on.
    if (elf.contents(thisModule).length < structSize) return new Refusal(ENOEXEC, `${infoName}: No module found in object`, 4);
    const blacklist = /(?:^| )module_blacklist=(\S*)/.exec(k.cmdline)?.[1]?.split(',') ?? [];
    if (blacklist.includes(infoName)) return new Refusal(1, `Module ${infoName} is blacklisted`);

    const versions = (flags & MODULE_INIT_IGNORE_MODVERSIONS) !== 0 ? undefined : readVersions(elf.section('__versions'), elf);
    const layoutCrc = k.description.exports.get('module_layout')?.crc ?? 0;
    if (!checkVersion(k, infoName, 'module_layout', layoutCrc, versions)) return new Refusal(ENOEXEC);
    const vermagic = tag('vermagic');
    if (vermagic === undefined || (flags & MODULE_INIT_IGNORE_VERMAGIC) !== 0) {
      if (!k.taint.has(TAINT.FORCED_MODULE)) k.log.print('warning', `${infoName}: bad vermagic: kernel tainted.`);
      k.taint.add(TAINT.FORCED_MODULE);
    } else if (!sameMagic(vermagic, k.description.vermagic, versions !== undefined)) {
      return new Refusal(ENOEXEC, `${infoName}: version magic '${vermagic}' should be '${k.description.vermagic}'`);
    }
    const name = structName(elf.contents(thisModule), k.layouts.offsetOf('module', 'name'));
    const taints = this.#taintsOf(tag, name);
    for (const section of elf.sections) {
      const both = SHF_WRITE | SHF_EXECINSTR;
      if ((section.flags & both) === both) {
        return new Refusal(ENOEXEC, `${name}: section ${section.name} (index ${section.index}) has invalid WRITE|EXEC flags`);
      }
    }

    const symbols = elf.symbols(symtab);
    const layout = layOut(elf, symtab, symbols);
    const core = k.moduleSpace.alloc(layout.core.size);
    const init = k.moduleSpace.alloc(layout.init.size);
    if (core === undefined || init === undefined) {
      if (core !== undefined) k.moduleSpace.free(core);
      return new Refusal(ENOMEM);
    }
    for (const { section, area, offset } of layout.placed.values()) {
      if (section.type !== SHT_NOBITS) k.memory.write((area === 'core' ? core : init) + offset, elf.contents(section));
    }
    const place = layout.placed.get(thisModule.index);
    const addr = (place?.area === 'init' ? init : core) + (place?.offset ?? 0);
    const module = new Module({ name, addr, elf, layout, core, init, modinfo });
    module.taints = taints;
    const present = this.#list.find((other) => other.name === name);
    if (present !== undefined) {
      this.#release(module);
      return new Refusal(present.state === MODULE_STATE_LIVE ? EEXIST : EBUSY);
    }
    const perCpu = layout.percpu;
    if (perCpu !== undefined && perCpu.size > 0) {
      module.percpu = k.percpu.allocReserved(perCpu.size, perCpu.align);
      if (module.percpu === undefined) {
        this.#release(module);
        return new Refusal(ENOMEM, `${name}: Could not allocate ${perCpu.size} bytes percpu data`, 4);
      }
      if (perCpu.type !== SHT_NOBITS) k.memory.write(k.percpu.base + module.percpu, elf.contents(perCpu));
    }
    // From here the module is in the list: what fails must take it out again.
    this.#list.unshift(module);
    if (!signed) {
      if (!k.taint.has(TAINT.UNSIGNED_MODULE)) {
        k.log.print('notice', `${name}: module verification failed: signature and/or required key missing - tainting kernel`);
      }
      module.taints |= 1 << TAINT.UNSIGNED_MODULE;
      k.taint.add(TAINT.UNSIGNED_MODULE, true);
    }
    const refusal = this.#link(module, versions);
    if (refusal !== undefined) {
      this.#free(module);
      return refusal;
    }
    return module;
  }

  /** The module's own taints from .modinfo, with their messages. */
  #taintsOf(tag: (name: string) => string | undefined, name: string): number {
    const k = this.#k;
    let taints = 0;
    const add = (bit: number, level: number, message: string | undefined, always = false): void => {
      if (message !== undefined && (always || !k.taint.has(bit))) k.log.print(level, `${name}: ${message}`);
      k.taint.add(bit);
      taints |= 1 << bit;
    };
    if (tag('intree') === undefined) add(TAINT.OOT_MODULE, 4, 'loading out-of-tree module taints kernel.');
    if (tag('staging') !== undefined)
      add(TAINT.CRAP, 4, 'module is from the staging directory, the quality is unknown, you have been warned.', true);
    if (tag('livepatch') !== undefined) add(TAINT.LIVEPATCH, 5, 'tainting kernel with TAINT_LIVEPATCH');
    const license = tag('license') ?? 'unspecified';
    if (!GPL_LICENSES.has(license)) add(TAINT.PROPRIETARY_MODULE, 4, `module license '${license}' taints kernel.`);
    if (tag('test') !== undefined) add(TAINT.TEST, 4, 'loading test module taints kernel.');
    return taints;
  }

  /** Symbols, relocations, patches: everything up to the state COMING. */
  #link(module: Module, versions: ReadonlyMap<string, number> | undefined): Refusal | undefined {
    const k = this.#k;
    const values = this.#simplify(module, versions);
    if (values instanceof Refusal) return values;
    const failed = relocate(this.#k, module, values);
    if (failed !== undefined) return failed;
    findExports(this.#k, module);
    for (const { name } of module.exports) {
      const owner = this.#resolver.ownerOf(name);
      const other = this.#list.some((m) => m !== module && m.exports.some((e) => e.name === name)) || k.description.exports.has(name);
      if (owner !== undefined && other)
        return new Refusal(
          ENOEXEC,
          `${module.name}: exports duplicate symbol ${name} (owned by ${owner === module.name ? 'kernel' : owner})`,
        );
    }
    findParameters(this.#k, module);
    fillStruct(this.#k, module);
    new Patcher(k, module).run();
    findSymbols(this.#k, module, values);
    k.text.add(module, textRanges(module, values));
    this.#setState(module, MODULE_STATE_COMING);
    return undefined;
  }

  /** The value of each symbol. Source: simplify_symbols(). */
  #simplify(module: Module, versions: ReadonlyMap<string, number> | undefined): bigint[] | Refusal {
    const k = this.#k;
    const missing: string[] = [];
    let errno = 0;
    const count = module.elf.sections.length;
    const values = module.layout.symbols.map((symbol, n): bigint => {
      const { section, name } = symbol;
      if (n === 0 || section === SHN_ABS || section === SHN_LIVEPATCH) return symbol.value;
      if (section === SHN_COMMON) {
        if (name.startsWith('__gnu_lto')) return 0n;
        k.log.print('warning', `${module.name}: please compile with -fno-common`);
        errno = ENOEXEC;
        return 0n;
      }
      if (section === SHN_UNDEF) {
        if (name === '' || name === '_GLOBAL_OFFSET_TABLE_') return 0n;
        if (symbol.binding === STB_WEAK && this.#resolver.ownerOf(name) === undefined) return 0n;
        const resolved = this.#resolver.resolve(module, name, versions);
        if ('errno' in resolved) {
          errno = resolved.errno;
          if (resolved.missingInKobox) missing.push(name);
          return 0n;
        }
        if (resolved.owner !== undefined) this.#use(module, resolved.owner);
        return BigInt(resolved.address);
      }
      if (section >= count) {
        k.log.print('err', `${module.name}: Symbol ${name} has an invalid section index ${section} (max ${count - 1})`);
        errno = ENOEXEC;
        return 0n;
      }
      if (section === module.layout.percpu?.index) return symbol.value + BigInt(module.percpu ?? 0);
      const placed = module.layout.placed.get(section);
      if (placed === undefined) return symbol.value;
      return symbol.value + BigInt((placed.area === 'core' ? module.core : module.init) + placed.offset);
    });
    this.lastReport = { errno, missingInKobox: missing };
    return errno === 0 ? values : new Refusal(errno);
  }
  #use(module: Module, owner: Module): void {
    if (module.uses.has(owner)) return;
    module.uses.add(owner);
    owner.users.unshift(module);
    this.#k.view(ModuleStruct, owner.addr).refcnt += 1;
  }

  #setState(module: Module, state: number): void {
    module.state = state;
    this.#k.view(ModuleStruct, module.addr).state = state;
  }

  /** Runs init. Source: do_init_module(). */
  *#doInit(module: Module, way: InitWay): Sleeping<number> {
    const k = this.#k;
    const struct = k.view(ModuleStruct, module.addr);
    const result = struct.init === 0 ? 0 : (yield* k.callBy(way, struct.init)) | 0;
    if (result < 0) {
      this.#setState(module, MODULE_STATE_GOING);
      yield* notifyModule(k, MODULE_STATE_GOING, module.addr);
      this.#free(module);
      return result;
    }
    if (result > 0) {
      k.log.print(
        'warning',
        `do_init_module: '${module.name}'->init suspiciously returned ${result}, it should follow 0/-E convention\ndo_init_module: loading module anyway...`,
      );
    }
    this.#setState(module, MODULE_STATE_LIVE);
    yield* notifyModule(k, MODULE_STATE_LIVE, module.addr);
    yield* asyncSynchronizeFull(k);
    struct.refcnt -= 1;
    module.symbols = module.coreSymbols;
    k.text.remove(module);
    k.cpu.invalidate(module.init >>> 0, (module.init + module.initSize) >>> 0);
    k.moduleSpace.free(module.init);
    module.initSize = 0;
    for (const field of ['init_layout.base', 'init_layout.size', 'init_layout.text_size', 'init_layout.ro_size'] as const)
      struct[field] = 0;
    k.text.add(
      module,
      module.textRanges.filter(({ start }) => k.moduleSpace.find(start - 2 ** 32)?.start === module.core),
    );
    return 0;
  }

  /** delete_module(2) after its permission checks. */
  *deleteModule(name: string, flags: number): Sleeping<number> {
    const k = this.#k;
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
    this.#setState(module, MODULE_STATE_GOING);
    if (struct.exit !== 0) yield* k.callBy('exit', struct.exit);
    yield* notifyModule(k, MODULE_STATE_GOING, module.addr);
    this.lastUnloaded = `${module.name}${flagsText(module)}`;
    this.#free(module);
    return 0;
  }
  /** '[last unloaded: ...]' of reports. */
  lastUnloaded: string | undefined;

  #free(module: Module): void {
    const position = this.#list.indexOf(module);
    if (position >= 0) this.#list.splice(position, 1);
    for (const owner of module.uses) {
      owner.users.splice(owner.users.indexOf(module), 1);
      this.put(owner);
    }
    this.#k.text.remove(module);
    this.#release(module);
  }
  #release(module: Module): void {
    const k = this.#k;
    if (module.percpu !== undefined) k.percpu.free(module.percpu);
    for (const [start, size] of [
      [module.core, module.coreSize],
      [module.init, module.initSize],
    ] as const) {
      if (size === 0) continue;
      k.cpu.invalidate(start >>> 0, (start + size) >>> 0);
      k.moduleSpace.free(start);
    }
  }
}

/** ' (OE)' parts of reports: taint letters in parentheses, '+' while coming, '-' while going. */
export function flagsText(module: Module): string {
  const mark = module.state === MODULE_STATE_COMING ? '+' : module.state === MODULE_STATE_GOING ? '-' : '';
  const letters = moduleTaintLetters(module.taints);
  return letters + mark === '' ? '' : `(${letters}${mark})`;
}

function structName(bytes: Uint8Array, offset: number): string {
  const field = bytes.subarray(offset, offset + MODULE_NAME_LEN);
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? MODULE_NAME_LEN - 1 : end));
}
