// Modules by name: indexes, configuration, what is loaded. The lookups of libkmod. Source: kmod.md 4.
import { type ToolKernel, text } from '../tool.ts';
import { type Config, readConfig, type Softdep } from './config.ts';
import { Index } from './index_file.ts';
import { matches, moduleName, normalizeAlias } from './names.ts';

/** A module as modprobe handles it: known by its name and, when it was found by one, the alias. */
export interface KnownModule {
  readonly name: string;
  readonly alias: string | undefined;
}

export class Database {
  readonly kernel: ToolKernel;
  readonly directory: string;
  readonly config: Config;
  readonly #indexes = new Map<string, Index | undefined>();
  private constructor(kernel: ToolKernel, directory: string, config: Config) {
    this.kernel = kernel;
    this.directory = directory;
    this.config = config;
  }
  static async open(
    kernel: ToolKernel,
    directory: string,
    { configs, warn }: { configs: readonly string[]; warn: (line: string) => void },
  ): Promise<Database> {
    return new Database(kernel, directory, await readConfig(kernel, directory, configs, warn));
  }
  /** Without configuration: modinfo reads none. */
  static plain(kernel: ToolKernel, directory: string): Database {
    return new Database(kernel, directory, { aliases: [], options: [], install: [], remove: [], blacklist: [], softdeps: [] });
  }
  async index(name: string): Promise<Index | undefined> {
    if (!this.#indexes.has(name)) {
      const content = await this.kernel.readFile(`${this.directory}/modules.${name}.bin`);
      this.#indexes.set(name, typeof content === 'number' ? undefined : Index.open(content));
    }
    return this.#indexes.get(name);
  }
  /** All modules that an asked name means; none when nothing is known of it. */
  async lookup(asked: string): Promise<KnownModule[]> {
    const name = normalizeAlias(asked);
    if (name === undefined) return [];
    const found = (modules: readonly string[]): KnownModule[] => modules.map((module) => ({ name: module, alias: name }));
    const aliases = this.config.aliases.filter(([pattern]) => matches(pattern, name)).map(([, module]) => module);
    if (aliases.length > 0) return found(aliases);
    if ((await this.line(name)) !== undefined) return [{ name, alias: undefined }];
    const symbol = asked.startsWith('symbol:') ? (await this.index('symbols'))?.search(asked) : undefined;
    if (symbol !== undefined) return found([symbol]);
    if (this.config.install.some(([key]) => key === name) || this.config.remove.some(([key]) => key === name))
      return [{ name, alias: undefined }];
    const byAlias = (await this.index('alias'))?.searchPatterns(name) ?? [];
    if (byAlias.length > 0) return found(byAlias);
    if (await this.isBuiltin(name)) return [{ name, alias: undefined }];
    return found((await this.index('builtin.alias'))?.searchPatterns(name) ?? []);
  }
  /** modules.dep's line of a module. */
  async line(name: string): Promise<string | undefined> {
    return (await this.index('dep'))?.search(name);
  }
  #absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.directory}/${path}`;
  }
  async path(name: string): Promise<string | undefined> {
    const path = (await this.line(name))?.split(':')[0];
    return path === undefined ? undefined : this.#absolute(path);
  }
  /** In the order in which they are loaded. */
  async dependencies(name: string): Promise<KnownModule[]> {
    const rest = (await this.line(name))?.split(':')[1] ?? '';
    return rest
      .split(' ')
      .filter((path) => path !== '')
      .map((path) => ({ name: moduleName(path), alias: undefined }))
      .reverse();
  }
  async isBuiltin(name: string): Promise<boolean> {
    return (await this.index('builtin'))?.search(name) !== undefined;
  }
  /** Live, or built in. */
  async isInKernel(name: string): Promise<boolean> {
    if (await this.isBuiltin(name)) return true;
    const state = await this.kernel.readFile(`/sys/module/${name}/initstate`);
    return typeof state !== 'number' && text(state).startsWith('live');
  }
  options({ name, alias }: KnownModule): string | undefined {
    const texts = this.config.options
      .filter(([key]) => key === name || (alias !== undefined && matches(key, alias)))
      .map(([, value]) => value);
    return texts.length === 0 ? undefined : texts.join(' ');
  }
  command(kind: 'install' | 'remove', { name }: KnownModule): string | undefined {
    return this.config[kind].find(([pattern]) => matches(pattern, name))?.[1];
  }
  softdep({ name }: KnownModule): Softdep {
    return this.config.softdeps.find(([pattern]) => matches(pattern, name))?.[1] ?? { pre: [], post: [] };
  }
  isBlacklisted({ name }: KnownModule): boolean {
    return this.config.blacklist.includes(name);
  }
}
