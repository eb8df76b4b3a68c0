// kmod 30 tools/modprobe.c and libkmod's probing. Left out: -s (syslog), --show-modversions, --show-exports.
import { EEXIST, ENOENT, strerror } from '#abi';
import { getopt, type OptionRow } from '../getopt.ts';
import { help } from '../help.ts';
import { Database, type KnownModule } from '../lib/database.ts';
import { type Tool, type ToolEnvironment, VERSION_LINES } from '../tool.ts';

const O_NONBLOCK = 0o4000;
const O_TRUNC = 0o1000;
const rows: Readonly<Record<string, OptionRow>> = {
  all: { short: 'a', long: 'all' },
  remove: { short: 'r', long: 'remove' },
  removeDependencies: { long: 'remove-dependencies' },
  removeHolders: { long: 'remove-holders' },
  wait: { short: 'w', long: 'wait', argument: 'required' },
  resolve: { short: 'R', long: 'resolve-alias' },
  firstTime: { long: 'first-time' },
  ignoreInstall: { short: 'i', long: 'ignore-install' },
  ignoreRemove: { long: 'ignore-remove' },
  useBlacklist: { short: 'b', long: 'use-blacklist' },
  force: { short: 'f', long: 'force' },
  forceModversion: { long: 'force-modversion' },
  forceVermagic: { long: 'force-vermagic' },
  showDepends: { short: 'D', long: 'show-depends' },
  showConfig: { short: 'c', long: 'showconfig' },
  showConfig2: { long: 'show-config' },
  dryRun: { short: 'n', long: 'show' },
  dryRun2: { long: 'dry-run' },
  config: { short: 'C', long: 'config', argument: 'required' },
  dirname: { short: 'd', long: 'dirname', argument: 'required' },
  setVersion: { short: 'S', long: 'set-version', argument: 'required' },
  syslog: { short: 's', long: 'syslog' },
  quiet: { short: 'q', long: 'quiet' },
  verbose: { short: 'v', long: 'verbose' },
  version: { short: 'V', long: 'version' },
  help: { short: 'h', long: 'help' },
};
const LEVELS = { FATAL: 2, ERROR: 3, WARNING: 4 } as const;
const DEFAULT_LEVEL = 4;

/** What a failed insertion is called. */
function insertError(errno: number): string {
  if (errno === EEXIST) return 'Module already in kernel';
  return errno === ENOENT ? 'Unknown symbol in module, or unknown parameter (see dmesg)' : strerror(errno);
}

class Modprobe {
  readonly #database: Database;
  readonly #environment: ToolEnvironment;
  readonly #flags: ReadonlySet<string>;
  readonly #level: number;
  readonly #commandOptions: string;
  constructor(database: Database, environment: ToolEnvironment, options: readonly (readonly [string, string])[]) {
    this.#database = database;
    this.#environment = environment;
    this.#flags = new Set(options.map(([key]) => key));
    const verbosity = options.filter(([key]) => key === 'verbose').length;
    this.#level = this.#flags.has('quiet') ? 0 : DEFAULT_LEVEL + verbosity;
    // -C, -q, -s and -v reach the commands of install and remove lines.
    this.#commandOptions = options
      .flatMap(([key, value]) => (key === 'config' ? ['-C', value] : key === 'quiet' ? ['-q'] : key === 'verbose' ? ['-v'] : []))
      .join(' ');
  }
  log(level: keyof typeof LEVELS, message: string): void {
    if (LEVELS[level] <= this.#level) this.#environment.error(`modprobe: ${level}: ${message}`);
  }
  get #shows(): boolean {
    return this.#flags.has('showDepends') || this.#level > DEFAULT_LEVEL;
  }
  get #dry(): boolean {
    return this.#flags.has('showDepends') || this.#flags.has('dryRun') || this.#flags.has('dryRun2');
  }
  async #run(module: KnownModule, command: string, parameters: string): Promise<number> {
    const line = command.replaceAll('$CMDLINE_OPTS', parameters);
    const variables = new Map([['MODPROBE_MODULE', module.name]]);
    const inherited = [this.#environment.kernel.variable('MODPROBE_OPTIONS') ?? '', this.#commandOptions]
      .filter((each) => each !== '')
      .join(' ');
    if (inherited !== '') variables.set('MODPROBE_OPTIONS', inherited);
    const status = await this.#environment.kernel.system(line, variables);
    if (status === 0) return 0;
    this.log(
      'ERROR',
      `Error running ${this.#flags.has('remove') ? 'remove' : 'install'} command '${line}' for module ${module.name}: retcode ${status}`,
    );
    return -22;
  }

  /** Inserts what `asked` means; the status. */
  async insert(asked: string, parameters: string, all: boolean): Promise<number> {
    const database = this.#database;
    const modules = await database.lookup(asked);
    if (modules.length === 0) {
      this.log(all ? 'WARNING' : 'FATAL', `Module ${asked} not found in directory ${database.directory}`);
      return 1;
    }
    let status = 0;
    for (const module of modules) {
      if (this.#flags.has('resolve')) {
        this.#environment.out(module.name);
        continue;
      }
      const error = await this.#probe(module, parameters);
      if (error === 0) continue;
      this.log('ERROR', `could not insert '${module.name}': ${insertError(-error)}`);
      status = 1;
    }
    return status;
  }
  async #probe(module: KnownModule, parameters: string): Promise<number> {
    const database = this.#database;
    const ignoreLoaded = this.#flags.has('showDepends');
    if (!ignoreLoaded && (await database.isInKernel(module.name))) return this.#flags.has('firstTime') ? -EEXIST : 0;
    if ((module.alias !== undefined || this.#flags.has('useBlacklist')) && database.isBlacklisted(module)) return 0;
    const plan = await this.#plan(module);
    for (const step of plan) {
      const { module: one, ignoresCommand, required } = step;
      if (this.#flags.has('useBlacklist') && database.isBlacklisted(one)) continue;
      if (!ignoreLoaded && (await database.isInKernel(one.name))) {
        if (one.name === module.name && this.#flags.has('firstTime')) return -EEXIST;
        continue;
      }
      const configured = database.options(one);
      const given = one.name === module.name ? parameters : '';
      const options = configured === undefined ? given : `${configured} ${given}`;
      const command = ignoresCommand ? undefined : database.command('install', one);
      let error = 0;
      if (command !== undefined) {
        if (this.#shows) this.#environment.out(`install ${command} ${options}`);
        if (!this.#dry) error = await this.#run(one, command, options);
      } else {
        const path = await database.path(one.name);
        if (this.#shows) this.#environment.out(path === undefined ? `builtin ${one.name}` : `insmod ${path} ${options}`);
        if (!this.#dry) error = await this.#load(path, options);
      }
      if (error === -EEXIST && one.name === module.name && this.#flags.has('firstTime')) return error;
      // That it is there already is good, and what only a softdep wants may be missing.
      if (error < 0 && error !== -EEXIST && required) return error;
    }
    return 0;
  }
  async #load(path: string | undefined, options: string): Promise<number> {
    if (path === undefined) return -ENOENT;
    const image = await this.#environment.kernel.readFile(path);
    return typeof image === 'number' ? image : this.#environment.kernel.insert(image, options);
  }
  /** Dependencies, soft ones and the module itself, in the order of loading. */
  async #plan(module: KnownModule): Promise<{ module: KnownModule; ignoresCommand: boolean; required: boolean }[]> {
    const plan: { module: KnownModule; ignoresCommand: boolean; required: boolean }[] = [];
    const visited = new Set<string>();
    const required = new Set([module.name, ...(await this.#database.dependencies(module.name)).map(({ name }) => name)]);
    const soft = async (names: readonly string[]): Promise<void> => {
      for (const name of names) for (const each of await this.#database.lookup(name)) await add(each, false);
    };
    const withSoftdeps = async (one: KnownModule): Promise<void> => {
      const { pre, post } = this.#database.softdep(one);
      await soft(pre);
      plan.push({ module: one, ignoresCommand: pre.length > 0 || post.length > 0, required: required.has(one.name) });
      await soft(post);
    };
    const add = async (one: KnownModule, ignoreCommand: boolean): Promise<void> => {
      if (visited.has(one.name)) return;
      visited.add(one.name);
      for (const needed of await this.#database.dependencies(one.name)) await withSoftdeps(needed);
      if (ignoreCommand) plan.push({ module: one, ignoresCommand: true, required: true });
      else await withSoftdeps(one);
    };
    await add(module, this.#flags.has('ignoreInstall'));
    return plan;
  }

  /** Removes what `asked` means; the status. */
  async remove(asked: string): Promise<number> {
    const modules = await this.#database.lookup(asked);
    if (modules.length === 0) {
      this.log('FATAL', `Module ${asked} not found.`);
      return 1;
    }
    let status = 0;
    for (const module of modules) if ((await this.#removeOne(module, true)) !== 0) status = 1;
    return status;
  }
  async #removeOne(module: KnownModule, isAsked: boolean): Promise<number> {
    const database = this.#database;
    const { kernel } = this.#environment;
    const { pre, post } = this.#flags.has('ignoreInstall') ? { pre: [], post: [] } : database.softdep(module);
    if (isAsked) {
      if (await database.isBuiltin(module.name)) {
        this.log('FATAL', `Module ${module.name} is builtin.`);
        return 1;
      }
      if (!this.#flags.has('showDepends') && !(await database.isInKernel(module.name))) {
        if (!this.#flags.has('firstTime')) return 0;
        this.log('FATAL', `Module ${module.name} is not in kernel.`);
        return 1;
      }
    }
    const soft = async (names: readonly string[]): Promise<void> => {
      for (const name of [...names].reverse()) {
        for (const each of await database.lookup(name)) if (await database.isInKernel(each.name)) await this.#removeOne(each, false);
      }
    };
    await soft(post);
    const state = async (name: string) => (await kernel.loaded()).find((each) => each.name === name);
    if (this.#flags.has('removeHolders')) {
      for (const holder of (await state(module.name))?.holders ?? []) await this.#removeOne({ name: holder, alias: undefined }, false);
    }
    const command = this.#flags.has('ignoreInstall') || this.#flags.has('ignoreRemove') ? undefined : database.command('remove', module);
    if (command === undefined && !this.#flags.has('showDepends') && !this.#flags.has('wait')) {
      const usage = (await state(module.name))?.refcount ?? 0;
      if (usage > 0) {
        this.log('FATAL', `Module ${module.name} is in use.`);
        return 1;
      }
    }
    const dependencies = await database.dependencies(module.name);
    const error = await this.#unload(module, command);
    if (error < 0) {
      this.log('ERROR', `could not remove '${module.name}': ${strerror(-error)}`);
      return 1;
    }
    for (const needed of [...dependencies].reverse()) {
      const loaded = await state(needed.name);
      if (loaded !== undefined && loaded.refcount === 0) await this.#removeOne(needed, false);
    }
    await soft(pre);
    return 0;
  }
  async #unload(module: KnownModule, command: string | undefined): Promise<number> {
    if (this.#shows) this.#environment.out(command === undefined ? `rmmod ${module.name}` : `remove ${command}`);
    if (this.#dry) return 0;
    if (command !== undefined) return this.#run(module, command, '');
    return this.#environment.kernel.remove(module.name, O_NONBLOCK | (this.#flags.has('force') ? O_TRUNC : 0));
  }
}
/** modprobe -c: the configuration as one file, then the indexes. */
async function showConfig(database: Database, { out }: ToolEnvironment): Promise<number> {
  const { blacklist, install, remove, aliases, options, softdeps } = database.config;
  for (const name of blacklist) out(`blacklist ${name}`);
  for (const [name, command] of install) out(`install ${name} ${command}`);
  for (const [name, command] of remove) out(`remove ${name} ${command}`);
  for (const [name, module] of aliases) out(`alias ${name} ${module}`);
  for (const [name, value] of options) out(`options ${name} ${value}`);
  for (const [name, { pre, post }] of softdeps) {
    // kmod 30 puts no blank between the two lists.
    const lists = [pre.length > 0 ? `pre: ${pre.join(' ')}` : '', post.length > 0 ? `post: ${post.join(' ')}` : ''];
    out(`softdep ${name} ${lists.join('')}`);
  }
  out('');
  out('# End of configuration files. Dumping indexes now:');
  out('');
  for (const name of ['alias', 'symbols'])
    for (const [key, value] of (await database.index(name))?.entries() ?? []) out(`alias ${key} ${value}`);
  return 0;
}
/** Words with blanks in their values are quoted for the kernel. */
function parameter(word: string): string {
  const [, name, value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
  return value !== undefined && /[ \t]/.test(value) && !value.startsWith('"') ? `${name}="${value}"` : word;
}
export const modprobe: Tool = {
  name: 'modprobe',
  summary: 'add and remove modules from the kernel, with their dependencies',
  async run(args, environment) {
    const { kernel, out, error } = environment;
    const inherited = (kernel.variable('MODPROBE_OPTIONS') ?? '').split(' ').filter((word) => word !== '');
    const { options, operands, error: wrong } = getopt([...inherited, ...args], rows);
    if (wrong !== undefined) {
      error(`modprobe: ${wrong}`);
      return 1;
    }
    const given = new Map(options);
    if (given.has('help')) {
      out(help['modprobe'] ?? '');
      return 0;
    }
    if (given.has('version')) {
      for (const line of VERSION_LINES) out(line);
      return 0;
    }
    const root = given.get('dirname');
    const directory = `${root === undefined ? '' : kernel.absolute(root).replace(/\/+$/, '')}/lib/modules/${given.get('setVersion') ?? kernel.release}`;
    const configs = options.filter(([key]) => key === 'config').map(([, value]) => value);
    const database = await Database.open(kernel, directory, { configs, warn: error });
    if (given.has('showConfig') || given.has('showConfig2')) return showConfig(database, environment);
    const tool = new Modprobe(database, environment, options);
    const [first, ...rest] = operands;
    if (first === undefined) {
      tool.log('ERROR', 'missing parameters. See -h.');
      return 1;
    }
    let status = 0;
    if (given.has('remove') || given.has('removeDependencies')) {
      for (const name of operands) if ((await tool.remove(name)) !== 0) status = 1;
      return status;
    }
    if (!given.has('all')) return tool.insert(first, rest.map(parameter).join(' '), false);
    for (const name of operands) if ((await tool.insert(name, '', true)) !== 0) status = 1;
    return status;
  },
};
