// kmod 30 tools/depmod.c. Left out: -E, -F, -e (unknown symbols), -w and packed modules.
import { strerror } from '#abi';
import { getopt, type OptionRow } from '../getopt.ts';
import { help } from '../help.ts';
import { depmod as compute, type TreeModule } from '../lib/depmod.ts';
import { moduleName } from '../lib/names.ts';
import { bytes, type Tool, type ToolEnvironment, type ToolKernel, text, VERSION_LINES } from '../tool.ts';

const rows: Readonly<Record<string, OptionRow>> = {
  all: { short: 'a', long: 'all' },
  quick: { short: 'A', long: 'quick' },
  basedir: { short: 'b', long: 'basedir', argument: 'required' },
  config: { short: 'C', long: 'config', argument: 'required' },
  dryRun: { short: 'n', long: 'show' },
  dryRun2: { long: 'dry-run' },
  verbose: { short: 'v', long: 'verbose' },
  warn: { short: 'w', long: 'warn' },
  help: { short: 'h', long: 'help' },
  version: { short: 'V', long: 'version' },
};
/** Folders that are never searched, wherever they are. */
const EXCLUDED: ReadonlySet<string> = new Set(['build', 'source']);
const FOLDERS = ['/etc/depmod.d', '/run/depmod.d', '/usr/local/lib/depmod.d', '/lib/depmod.d'];

interface Settings {
  /** Folders by priority, the first one highest; 'built-in' is everything that no other entry names. */
  readonly search: readonly string[];
  readonly overrides: readonly { readonly module: string; readonly version: string; readonly folder: string }[];
  readonly excluded: ReadonlySet<string>;
}
async function settings(kernel: ToolKernel, paths: readonly string[]): Promise<Settings> {
  const search: string[] = [];
  const overrides: Settings['overrides'][number][] = [];
  const excluded = new Set(EXCLUDED);
  const files = new Map<string, string>();
  for (const path of paths.length > 0 ? paths : FOLDERS) {
    const entries = await kernel.list(path);
    if (typeof entries === 'number') {
      if (await kernel.isFile(path)) files.set(path.split('/').at(-1) as string, path);
    } else for (const { name } of entries) if (/^[^.].*\.conf$/.test(name) && !files.has(name)) files.set(name, `${path}/${name}`);
  }
  for (const name of [...files.keys()].sort()) {
    const content = await kernel.readFile(files.get(name) as string);
    for (const line of typeof content === 'number' ? [] : text(content).split('\n')) {
      const [command, ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
      if (command === 'search') for (const word of words) if (!search.includes(word)) search.push(word);
      if (command === 'exclude') for (const word of words) excluded.add(word);
      const [module, version, folder] = words;
      if (command === 'override' && module !== undefined && version !== undefined && folder !== undefined)
        overrides.push({ module: moduleName(module), version, folder });
    }
  }
  return { search: search.length > 0 ? search : ['updates', 'built-in'], overrides, excluded };
}
/** Every .ko below the module directory; of two with one name the one of higher priority. */
async function collect(
  kernel: ToolKernel,
  directory: string,
  { search, overrides, excluded }: Settings,
  version: string,
): Promise<TreeModule[] | number> {
  const found = new Map<string, { path: string; priority: number }>();
  const priority = (path: string): number => {
    const override = overrides.some(
      (entry) => path === `${entry.folder}/${moduleName(path)}.ko` && (entry.version === '*' || new RegExp(entry.version).test(version)),
    );
    if (override) return -1;
    const at = search.findIndex((folder) => folder !== 'built-in' && folder !== 'external' && path.startsWith(`${folder}/`));
    const builtin = search.indexOf('built-in');
    return at >= 0 ? at : builtin >= 0 ? builtin : search.length;
  };
  const walk = async (folder: string): Promise<number> => {
    const entries = await kernel.list(`${directory}/${folder}`);
    if (typeof entries === 'number') return entries;
    for (const { name, directory: isFolder } of entries) {
      const path = `${folder}${name}`;
      if (isFolder) {
        if (!excluded.has(name)) await walk(`${path}/`);
        continue;
      }
      if (!name.endsWith('.ko')) continue;
      const known = found.get(moduleName(name));
      if (known === undefined || priority(path) < known.priority) found.set(moduleName(name), { path, priority: priority(path) });
    }
    return 0;
  };
  const error = await walk('');
  if (error < 0) return error;
  const modules: TreeModule[] = [];
  for (const { path } of found.values()) {
    const content = await kernel.readFile(`${directory}/${path}`);
    if (typeof content !== 'number') modules.push({ path, bytes: content });
  }
  return modules;
}
export const depmod: Tool = {
  name: 'depmod',
  summary: 'generate the files of dependencies and aliases',
  async run(args, environment) {
    const { kernel, out, error } = environment;
    const parsed = getopt(args, rows);
    const given = new Map(parsed.options);
    if (parsed.error !== undefined) {
      error(`depmod: ${parsed.error}`);
      return 1;
    }
    if (given.has('help')) {
      out(help['depmod'] ?? '');
      return 0;
    }
    if (given.has('version')) {
      for (const line of VERSION_LINES) out(line);
      return 0;
    }
    const [first] = parsed.operands;
    const isVersion = first !== undefined && /^\d+\.\d+/.test(first);
    if (first !== undefined && !isVersion && !first.startsWith('/')) {
      error(`depmod: ERROR: Bad version passed ${first}`);
      return 1;
    }
    const version = isVersion ? first : kernel.release;
    const base = given.get('basedir');
    const directory = `${base === undefined ? '' : kernel.absolute(base).replace(/\/+$/, '')}/lib/modules/${version}`;
    const configs = parsed.options.filter(([key]) => key === 'config').map(([, value]) => value);
    const listed = await kernel.list(directory);
    if (typeof listed === 'number') {
      error(`depmod: ERROR: could not open directory ${directory}: ${strerror(-listed)}`);
      error(`depmod: FATAL: could not search modules: ${strerror(-listed)}`);
      return 1;
    }
    const modules = await collect(kernel, directory, await settings(kernel, configs), version);
    if (typeof modules === 'number') return 1;
    return write(environment, directory, modules, {
      verbose: given.has('verbose'),
      dryRun: given.has('dryRun') || given.has('dryRun2'),
    });
  },
};
async function write(
  { kernel, out, error }: ToolEnvironment,
  directory: string,
  modules: readonly TreeModule[],
  { verbose, dryRun }: { verbose: boolean; dryRun: boolean },
): Promise<number> {
  const input = async (name: string): Promise<string | undefined> => {
    const content = await kernel.readFile(`${directory}/${name}`);
    if (typeof content !== 'number') return text(content);
    error(`depmod: WARNING: could not open ${name} at ${directory}: ${strerror(-content)}`);
    return undefined;
  };
  const result = compute({
    modules,
    order: await input('modules.order'),
    builtin: await input('modules.builtin'),
    builtinModinfo: await input('modules.builtin.modinfo'),
  });
  if (result.inCycles > 0) {
    for (const cycle of result.cycles) error(`depmod: ERROR: Cycle detected: ${cycle}`);
    error(`depmod: ERROR: Found ${result.inCycles} modules in dependency cycles!`);
    return 1;
  }
  for (const warning of result.warnings) error(`depmod: WARNING: ${warning}`);
  if (verbose)
    for (const line of result.needs)
      out(
        line.replace(
          /^(\S+)( needs .*: )(\S+)$/,
          (_, from: string, middle: string, to: string) => `${directory}/${from}${middle}${directory}/${to}`,
        ),
      );
  for (const [name, content] of result.files) {
    if (dryRun) {
      if (typeof content === 'string' && content !== '') for (const line of content.replace(/\n$/, '').split('\n')) out(line);
      continue;
    }
    // Written beside and renamed, so that nobody reads half a file.
    const temporary = `${directory}/${name}.tmp`;
    const failed = (await kernel.writeFile(temporary, bytes(content))) || (await kernel.rename(temporary, `${directory}/${name}`));
    if (failed < 0) {
      error(`depmod: ERROR: openat(${directory}, ${name}, 1101, 644): ${strerror(-failed)}`);
      return 1;
    }
  }
  return 0;
}
