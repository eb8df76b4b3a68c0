// Dynamic debug: the call sites of pr_debug() and dev_dbg(), and which of them print. Source: lib/dynamic_debug.c.
import { E2BIG, EINVAL, EPERM } from '#abi';
import {
  cstring,
  embedded,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  nothing,
  pointer,
  ptr,
  type StructView,
  u8,
  u32,
  variadic,
  voidPtr,
} from '../api/index.ts';
import { devPrintk } from '../drivers/base/dev_printk.ts';
import { TextFile } from '../fs/node.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { MODULE_STATE_UNFORMED, type Module } from '../module/module.ts';
import { Patcher } from '../module/patch.ts';
import { LOGLEVEL } from '../printk/log.ts';
import { IN_INTERRUPT } from '../sched/softirqs.ts';
import { LOCKDOWN, Lockdown } from '../security/lockdown.ts';
import { DPRINTK, flagLetters, matchWildcard, parseQuery, type Query, QueryError } from './dynamic_debug_query.ts';

const Ddebug = kernelStruct('_ddebug', {
  modname: voidPtr,
  function: voidPtr,
  filename: voidPtr,
  format: voidPtr,
  lineno: u32,
  flags: u8,
  key: embedded,
});
export const ClassMapStruct = kernelStruct('ddebug_class_map', {
  mod_name: voidPtr,
  class_names: voidPtr,
  length: int,
  base: int,
  map_type: u32,
});

const descriptor = ptr(Ddebug);
const dev = pointer('const struct device *');
const NULL = 0;
const CLASS_DFLT = 63;
/** include/linux/dynamic_debug.h: PREFIX_SIZE, with its NUL. */
const PREFIX_SIZE = 128;
const CONTROL_MAX = 4095;

/** A call site. */
interface Site {
  readonly filename: string;
  readonly line: number;
  readonly function: string;
  readonly format: string;
  readonly classId: number;
  flags: number;
  /** The static key that its code tests; NULL when the code is not here. */
  readonly key: Addr;
}
interface ClassMap {
  readonly names: readonly string[];
  /** The class id of the first name. */
  readonly base: number;
}
/** The sites of a module. */
interface Table {
  readonly module: string;
  readonly sites: readonly Site[];
  readonly classes: readonly ClassMap[];
  /** Makes the code follow keys that were switched. */
  readonly updateKeys: (keys: ReadonlySet<Addr>) => void;
}
export const classNames = (k: Kernel, { class_names, length }: { readonly class_names: Addr; readonly length: number }): string[] =>
  Array.from({ length }, (_, n) => k.memory.cstring(k.memory.ptr(class_names + n * 8)));

/** A site in a module: its flags stand in guest memory. */
class ModuleSite implements Site {
  readonly #k: Kernel;
  readonly #view: StructView<typeof Ddebug.fields>;
  readonly filename: string;
  readonly line: number;
  readonly function: string;
  readonly format: string;
  readonly classId: number;
  constructor(k: Kernel, address: Addr) {
    this.#k = k;
    this.#view = k.view(Ddebug, address);
    const text = (at: Addr): string => k.memory.cstring(at);
    this.filename = text(this.#view.filename);
    this.function = text(this.#view.function);
    this.format = text(this.#view.format);
    [this.line, this.classId] = lineAndClass(this.#view.lineno);
  }
  get flags(): number {
    return this.#view.flags;
  }
  set flags(flags: number) {
    this.#view.flags = flags;
    this.#k.memory.setU32(this.key, flags & DPRINTK.PRINT);
  }
  get key(): Addr {
    return this.#view.key;
  }
}
/** The bit fields lineno:18 and class_id:6. */
const lineAndClass = (bits: number): [line: number, classId: number] => [bits & 0x3ffff, (bits >>> 18) & 0x3f];

export class Dyndbg {
  readonly #k: Kernel;
  readonly #builtin: readonly Table[];
  /** Of modules: as their sections say. */
  readonly #tables = new WeakMap<Module, Table>();
  constructor(k: Kernel) {
    this.#k = k;
    this.#builtin = builtinTables(k);
  }
  /** The kernel's own first, then those of modules, the newest last. */
  #all(): Table[] {
    const loaded = this.#k.modules.all.filter(({ state }) => state !== MODULE_STATE_UNFORMED).reverse();
    return [...this.#builtin, ...loaded.map((module) => this.#tableOf(module)).filter(({ sites }) => sites.length > 0)];
  }
  #tableOf(module: Module): Table {
    let table = this.#tables.get(module);
    if (table === undefined) {
      table = this.#read(module);
      this.#tables.set(module, table);
    }
    return table;
  }
  #read(module: Module): Table {
    const k = this.#k;
    const entries = (section: string, size: number): Addr[] => {
      const place = module.sectionAddress(section);
      return Array.from({ length: Math.floor((place?.size ?? 0) / size) }, (_, n) => (place?.address ?? NULL) + n * size);
    };
    return {
      module: module.name,
      sites: entries('__dyndbg', k.layouts.sizeOf('_ddebug')).map((address) => new ModuleSite(k, address)),
      classes: entries('__dyndbg_classes', k.layouts.sizeOf('ddebug_class_map'))
        .map((address) => k.view(ClassMapStruct, address))
        .filter((map) => k.memory.cstring(map.mod_name) === module.name)
        .map((map) => ({ names: classNames(k, map), base: map.base })),
      updateKeys: (keys) => new Patcher(k, module).updateKeys(keys),
    };
  }

  /** [MODULE.]dyndbg[="QUERIES"] of the kernel's command line, at boot: for its own sites. */
  bootParameters(): void {
    for (const { name, value } of this.#k.commandLine.parameters) {
      const [module, rest] = name.split(/\.(.*)/s);
      if ((rest ?? module) === 'dyndbg') this.execute(value ?? '+p', rest === undefined ? undefined : module);
    }
  }
  /** Several queries, with ; or newlines between them. Return: how many sites matched, or -EINVAL. */
  execute(queries: string, module?: string): number {
    let failed = false;
    let found = 0;
    for (const text of queries.split(/[;\n]/)) {
      if (/^\s*(#|$)/.test(text)) continue;
      try {
        const { query, change } = parseQuery(text);
        if (module !== undefined) query.module ??= module;
        found += this.#change(query, change);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        for (const line of error.lines) this.#k.log.print('err', `dyndbg: ${line}`);
        failed = true;
      }
    }
    return failed ? -EINVAL : found;
  }
  #change(query: Query, { mask, flags }: { readonly mask: number; readonly flags: number }): number {
    let found = 0;
    for (const table of this.#all()) {
      if (query.module !== undefined && !matchWildcard(query.module, table.module)) continue;
      const classId = query.class === undefined ? CLASS_DFLT : classIdOf(table, query.class);
      const matching = table.sites.filter((site) => site.classId === classId && matches(site, query));
      found += matching.length;
      const switched = new Set<Addr>();
      for (const site of matching) {
        const before = site.flags;
        site.flags = (before & mask) | flags;
        if (((before ^ site.flags) & DPRINTK.PRINT) !== 0) switched.add(site.key);
      }
      if (switched.size > 0) table.updateKeys(switched);
    }
    return found;
  }

  /** What dynamic_debug/control shows. */
  text(): string {
    // Linux walks each table from its end.
    const lines = this.#all().flatMap((table) => table.sites.map((site) => siteLine(table, site)).reverse());
    return ['# filename:lineno [module]function flags format\n', ...lines].join('');
  }
  write(text: string): number {
    if (text.length > CONTROL_MAX) {
      this.#k.log.print('warning', `dyndbg: expected <${CONTROL_MAX + 1} bytes into control`);
      return -E2BIG;
    }
    return Math.min(0, this.execute(text.replace(/\0.*$/s, ''))) || text.length;
  }
}
/** dynamic_debug/control: in procfs, or in debugfs, which a kernel that is locked down keeps closed. */
export class ControlFile extends TextFile {
  readonly #k: Kernel;
  readonly #isDebugfs: boolean;
  constructor(k: Kernel, isDebugfs: boolean) {
    super(0o644, {
      *read() {
        return k.get(Dyndbg).text();
      },
      *write(text) {
        return k.get(Dyndbg).write(text);
      },
    });
    this.#k = k;
    this.#isDebugfs = isDebugfs;
  }
  override mayOpen(): number {
    return this.#isDebugfs && this.#k.get(Lockdown).locked(LOCKDOWN.integrity, 'debugfs access') ? -EPERM : 0;
  }
}
function builtinTables(k: Kernel): Table[] {
  const tables: { module: string; sites: Site[]; classes: ClassMap[]; updateKeys: () => void }[] = [];
  for (const { module, ...site } of k.description.debugSites) {
    if (tables.at(-1)?.module !== module) tables.push({ module, sites: [], classes: [], updateKeys: () => {} });
    tables.at(-1)?.sites.push({ ...site, key: NULL });
  }
  return tables;
}
/** The id of the class of this name in the first map that has it; undefined is no site's. */
function classIdOf({ classes }: Table, name: string): number | undefined {
  const map = classes.find(({ names }) => names.includes(name));
  return map === undefined ? undefined : map.base + map.names.indexOf(name);
}
function matches(site: Site, query: Query): boolean {
  const { filename, function: name, format } = query;
  const file = site.filename.slice(site.filename.lastIndexOf('/') + 1);
  return (
    (filename === undefined || matchWildcard(filename, site.filename) || matchWildcard(filename, file)) &&
    (name === undefined || matchWildcard(name, site.function)) &&
    (format === undefined || (format.startsWith('^') ? site.format.startsWith(format.slice(1)) : site.format.includes(format))) &&
    (query.firstLine === 0 || site.line >= query.firstLine) &&
    (query.lastLine === 0 || site.line <= query.lastLine)
  );
}
function siteLine({ module, classes }: Table, site: Site): string {
  const format = site.format.replace(/[\t\r\n]/g, (blank) => ({ '\t': '\\t', '\r': '\\r' })[blank] ?? '\\n');
  const map = classes.find(({ base, names }) => site.classId >= base && site.classId < base + names.length);
  const name = map?.names[site.classId - map.base];
  const ofClass = site.classId === CLASS_DFLT ? '' : name === undefined ? ` class unknown, _id:${site.classId}` : ` class:${name}`;
  return `${site.filename}:${site.line} [${module}]${site.function} =${flagLetters(site.flags)} "${format}"${ofClass}\n`;
}

/** What a site's flags put in front of its text. */
function prefix(k: Kernel, site: StructView<typeof Ddebug.fields>): string {
  const { flags } = site;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const interrupted = (k.percpu.preemptCount & IN_INTERRUPT) !== 0;
  const thread = has(DPRINTK.TID) ? (interrupted ? '<intr> ' : `[${k.current.pid}] `) : '';
  const place =
    (has(DPRINTK.MODNAME) ? `${k.memory.cstring(site.modname)}:` : '') +
    (has(DPRINTK.FUNCNAME) ? `${k.memory.cstring(site.function)}:` : '') +
    (has(DPRINTK.LINENO) ? `${lineAndClass(site.lineno)[0]}:` : '');
  return `${thread}${place}${place === '' ? '' : ' '}`.slice(0, PREFIX_SIZE - 1);
}

export const dynamicDebugApi: KernelApi = kernelApi('lib/dynamic_debug.c', {
  __dynamic_pr_debug: variadic({ descriptor, fmt: cstring }, nothing, (k, { descriptor: site, fmt, va }) => {
    k.log.vprintk(`\x017${prefix(k, site)}${k.formatter.format(fmt, va)}`);
  }),
  __dynamic_dev_dbg: variadic({ descriptor, dev, fmt: cstring }, nothing, (k, { descriptor: site, dev: device, fmt, va }) => {
    devPrintk(k, LOGLEVEL.debug, device, k.formatter.format(fmt, va), device === NULL ? '' : prefix(k, site));
  }),
});
