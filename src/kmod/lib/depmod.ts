// What depmod computes from a tree of modules: dependencies and the index files. Source: kmod.md 3.
import { hashOrder } from './hash.ts';
import { IndexWriter } from './index_file.ts';
import { type ModuleFacts, readModule } from './module_file.ts';
import { moduleName, normalizeAlias } from './names.ts';

const MODULE_BUCKETS = 512;
const SYMBOL_BUCKETS = 2048;

export interface TreeModule {
  /** Relative to the module directory: 'extra/hello.ko'. */
  readonly path: string;
  readonly bytes: Uint8Array;
}
/** The files that a kernel package brings. */
export interface DepmodInput {
  readonly modules: Iterable<TreeModule>;
  /** modules.order: files in the order of their links. */
  readonly order?: string | undefined;
  /** modules.builtin: a path a line. */
  readonly builtin?: string | undefined;
  /** modules.builtin.modinfo: module.key=value, NUL-ended. */
  readonly builtinModinfo?: string | undefined;
}
export interface Depmod {
  /** File name to contents, in the order in which they are written. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  readonly warnings: readonly string[];
  /** 'a -> b -> a'. Nothing may be written when there is one. */
  readonly cycles: readonly string[];
  /** How many modules are in cycles. */
  readonly inCycles: number;
  /** `PATH needs "SYM": PATH`, for depmod -v. */
  readonly needs: readonly string[];
}

class DepModule {
  readonly name: string;
  readonly path: string;
  readonly facts: ModuleFacts;
  /** Position in depmod's order: the priority in the indexes. */
  index = 0;
  /** Direct dependencies, in the order of first need. */
  readonly needs: DepModule[] = [];
  /** Topological number: users before providers. */
  rank = -1;
  users = 0;
  constructor({ path, bytes }: TreeModule) {
    this.name = moduleName(path);
    this.path = path;
    this.facts = readModule(bytes);
  }
}

export function depmod(input: DepmodInput): Depmod {
  const modules = ordered(
    Array.from(input.modules, (module) => new DepModule(module)),
    input.order,
  );
  const owners = new Map<string, DepModule>();
  for (const module of modules) for (const symbol of module.facts.exports) owners.set(symbol, module);
  const needs: string[] = [];
  for (const module of modules) {
    for (const symbol of module.facts.imports) {
      const owner = owners.get(symbol);
      if (owner === undefined || module.needs.includes(owner)) continue;
      module.needs.push(owner);
      owner.users++;
      needs.push(`${module.path} needs "${symbol}": ${owner.path}`);
    }
  }
  const sorted = rank(modules);
  const left = modules.filter(({ rank }) => rank < 0);
  const warnings: string[] = [];
  const files = sorted === modules.length ? outputs(modules, owners, input, warnings) : new Map<string, string | Uint8Array>();
  return { files, warnings, cycles: cyclesOf(left), inCycles: left.length, needs };
}
/** Those of modules.order first, the others in the order of depmod's table of names. */
function ordered(modules: readonly DepModule[], order: string | undefined): DepModule[] {
  const hashed = hashOrder(modules, ({ name }) => name, MODULE_BUCKETS);
  const places = new Map<string, number>();
  // kmod 30: the last mention of a path counts.
  for (const [n, line] of (order ?? '').split('\n').entries()) if (line !== '') places.set(line, n);
  const place = (path: string): number => places.get(path.replace(/\.ko\..*$/, '.ko')) ?? Number.MAX_SAFE_INTEGER;
  hashed.sort((a, b) => place(a.path) - place(b.path));
  for (const [n, module] of hashed.entries()) module.index = n;
  return hashed;
}
/** Gives the topological numbers; how many modules got one. */
function rank(modules: readonly DepModule[]): number {
  const users = new Map(modules.map((module) => [module, module.users]));
  const stack = modules.filter((module) => module.users === 0);
  let next = 0;
  for (let module = stack.pop(); module !== undefined; module = stack.pop()) {
    module.rank = next++;
    for (const needed of module.needs) {
      const left = (users.get(needed) as number) - 1;
      users.set(needed, left);
      if (left === 0) stack.push(needed);
    }
  }
  return next;
}
function cyclesOf(modules: readonly DepModule[]): string[] {
  const cycles: string[] = [];
  const seen = new Set<DepModule>();
  const walk = (module: DepModule, path: readonly DepModule[]): void => {
    const at = path.indexOf(module);
    if (at >= 0) {
      cycles.push([...path.slice(at), module].map(({ name }) => name).join(' -> '));
      return;
    }
    if (seen.has(module)) return;
    seen.add(module);
    for (const needed of module.needs) if (modules.includes(needed)) walk(needed, [...path, module]);
  };
  for (const module of modules) walk(module, []);
  return cycles;
}
function allNeeds(module: DepModule): DepModule[] {
  const all = new Set<DepModule>();
  const add = (each: DepModule): void => {
    for (const needed of each.needs) {
      if (all.has(needed)) continue;
      all.add(needed);
      add(needed);
    }
  };
  add(module);
  return [...all].sort((a, b) => a.rank - b.rank);
}

function outputs(
  modules: readonly DepModule[],
  owners: ReadonlyMap<string, DepModule>,
  { builtin, builtinModinfo }: DepmodInput,
  warnings: string[],
): Map<string, string | Uint8Array> {
  const dep = modules.map((module) => ({
    module,
    line: `${module.path}:${allNeeds(module)
      .map(({ path }) => ` ${path}`)
      .join('')}`,
  }));
  const depIndex = new IndexWriter();
  for (const { module, line } of dep) depIndex.insert(module.name, line, module.index);
  const aliases = modules.flatMap((module) => tags(module, 'alias').map((alias) => ({ module, alias })));
  const aliasIndex = new IndexWriter();
  for (const { module, alias } of aliases) {
    const key = normalizeAlias(alias);
    if (key === undefined) warnings.push(`Unmatched bracket in ${alias}`);
    else aliasIndex.insert(key, module.name, module.index);
  }
  const softdeps = modules.flatMap((module) => tags(module, 'softdep').map((text) => `softdep ${module.name} ${text}\n`));
  const symbols = hashOrder(owners, ([symbol]) => symbol, SYMBOL_BUCKETS);
  const symbolIndex = new IndexWriter();
  for (const [symbol, owner] of symbols) symbolIndex.insert(`symbol:${symbol}`, owner.name, owner.index);
  return new Map<string, string | Uint8Array>([
    ['modules.dep', dep.map(({ line }) => `${line}\n`).join('')],
    ['modules.dep.bin', depIndex.bytes()],
    [
      'modules.alias',
      `# Aliases extracted from modules themselves.\n${aliases.map(({ module, alias }) => `alias ${alias} ${module.name}\n`).join('')}`,
    ],
    ['modules.alias.bin', aliasIndex.bytes()],
    ['modules.softdep', `# Soft dependencies extracted from modules themselves.\n${softdeps.join('')}`],
    [
      'modules.symbols',
      `# Aliases for symbols, used by symbol_request().\n${symbols.map(([symbol, { name }]) => `alias symbol:${symbol} ${name}\n`).join('')}`,
    ],
    ['modules.symbols.bin', symbolIndex.bytes()],
    ...(builtin === undefined ? [] : [['modules.builtin.bin', builtinIndex(builtin)] as const]),
    ...(builtinModinfo === undefined ? [] : [['modules.builtin.alias.bin', builtinAliases(builtinModinfo)] as const]),
    ['modules.devname', devnames(modules)],
  ]);
}
const tags = ({ facts }: DepModule, wanted: string): string[] => facts.info.filter(({ tag }) => tag === wanted).map(({ value }) => value);

function builtinIndex(builtin: string): Uint8Array {
  const index = new IndexWriter();
  for (const line of builtin.split('\n')) if (/^[A-Za-z]/.test(line)) index.insert(moduleName(line), '', 0);
  return index.bytes();
}
function builtinAliases(modinfo: string): Uint8Array {
  const index = new IndexWriter();
  for (const entry of modinfo.split('\0')) {
    const [, module, alias] = /^([^.]*)\.alias=(.*)$/s.exec(entry) ?? [];
    const key = alias === undefined ? undefined : normalizeAlias(alias);
    if (key !== undefined && module !== undefined) index.insert(key, module, 0);
  }
  return index.bytes();
}
/** Modules that bring a device node with a fixed number: what udev makes before they are loaded. */
function devnames(modules: readonly DepModule[]): string {
  const lines: string[] = [];
  for (const module of modules) {
    let node: string | undefined;
    let number: string | undefined;
    for (const alias of tags(module, 'alias')) {
      const [, kind, major, minor] = /^(char|block)-major-(\d+)-(\d+)$/.exec(alias) ?? [];
      if (alias.startsWith('devname:')) node = alias.slice('devname:'.length);
      else if (kind !== undefined) number = `${kind[0]}${major}:${minor}`;
      if (node !== undefined && number !== undefined) break;
    }
    if (node !== undefined && number !== undefined) lines.push(`${module.name} ${node} ${number}\n`);
  }
  return lines.length === 0 ? '' : `# Device nodes to trigger on-demand module loading.\n${lines.join('')}`;
}
