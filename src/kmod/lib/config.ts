// modprobe.d: modprobe.d(5); kmod.md 2.
import { type ToolKernel, text } from '../tool.ts';
import { normalizeAlias } from './names.ts';

export interface Config {
  /** Patterns (normalised) to module names, in order. */
  readonly aliases: readonly (readonly [pattern: string, module: string])[];
  readonly options: readonly (readonly [name: string, text: string])[];
  readonly install: readonly (readonly [pattern: string, command: string])[];
  readonly remove: readonly (readonly [pattern: string, command: string])[];
  readonly blacklist: readonly string[];
  readonly softdeps: readonly (readonly [pattern: string, softdep: Softdep])[];
}
export interface Softdep {
  readonly pre: readonly string[];
  readonly post: readonly string[];
}
const FOLDERS = ['/etc/modprobe.d', '/run/modprobe.d', '/usr/local/lib/modprobe.d', '/lib/modprobe.d'];
const underscores = (name: string): string => name.replaceAll('-', '_');

/** Reads the configuration: of the usual folders, or of `paths` (-C) alone. `warn`: takes libkmod's complaints. */
export async function readConfig(
  kernel: ToolKernel,
  directory: string,
  paths: readonly string[],
  warn: (line: string) => void,
): Promise<Config> {
  const config = { aliases: [], options: [], install: [], remove: [], blacklist: [], softdeps: [] } as {
    -readonly [K in keyof Config]: Config[K][number][];
  };
  // By file name: the first folder that has it wins; all together in the order of the names.
  const files = new Map<string, string>();
  for (const path of paths.length > 0 ? paths : FOLDERS) {
    const entries = await kernel.list(path);
    if (typeof entries === 'number') {
      if (await kernel.isFile(path)) files.set(path.split('/').at(-1) as string, path);
      continue;
    }
    for (const { name } of entries) if (/^[^.].*\.(?:conf|alias)$/.test(name) && !files.has(name)) files.set(name, `${path}/${name}`);
  }
  files.set('modules.softdep', `${directory}/modules.softdep`);
  for (const name of [...files.keys()].sort()) {
    const content = await kernel.readFile(files.get(name) as string);
    if (typeof content !== 'number') parse(text(content), files.get(name) as string, config, warn);
  }
  const cmdline = await kernel.readFile('/proc/cmdline');
  if (typeof cmdline !== 'number') parseCommandLine(text(cmdline), config);
  return config;
}
type Growing = { -readonly [K in keyof Config]: Config[K][number][] };

function parse(content: string, file: string, config: Growing, warn: (line: string) => void): void {
  // A backslash joins lines, and takes the meaning from other characters.
  const joined = content.replace(/\\\n/g, '');
  for (const [n, raw] of joined.split('\n').entries()) {
    const line = raw.replace(/\\(.)/g, '$1');
    if (line === '' || line.startsWith('#')) continue;
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    const [command = '', name, value] = words;
    const rest =
      name === undefined ? '' : line.slice(line.indexOf(name, line.indexOf(command) + command.length) + name.length).replace(/^[ \t]+/, '');
    const key = name === undefined ? undefined : normalizeAlias(name);
    const bad = (): void => warn(`libkmod: ERROR: ${file} line ${n + 1}: ignoring bad line starting with '${command}'`);
    if (command === 'include' || command === 'config') {
      warn(`libkmod: ERROR: ${file}: command ${command} is deprecated and not parsed anymore`);
      continue;
    }
    if (key === undefined || name === undefined) {
      if (command !== '') bad();
      continue;
    }
    if (command === 'blacklist') config.blacklist.push(underscores(name));
    else if (command === 'alias' && value !== undefined) config.aliases.push([key, underscores(value)]);
    else if (command === 'options' && value !== undefined) config.options.push([key, rest.replaceAll('\t', ' ')]);
    else if (command === 'install' && value !== undefined) config.install.push([key, rest]);
    else if (command === 'remove' && value !== undefined) config.remove.push([key, rest]);
    else if (command === 'softdep' && value !== undefined) config.softdeps.push([key, parseSoftdep(rest)]);
    else if (command !== 'weakdep') bad();
  }
}
function parseSoftdep(line: string): Softdep {
  const lists = { pre: [] as string[], post: [] as string[] };
  let mode: 'pre' | 'post' | undefined;
  for (const word of line.split(/[ \t]+/)) {
    if (word === 'pre:' || word === 'post:') mode = word.slice(0, -1) as 'pre' | 'post';
    else if (mode !== undefined && word !== '') lists[mode].push(word);
  }
  return lists;
}
/** module.parameter=value and modprobe.blacklist=a,b. */
function parseCommandLine(line: string, config: Growing): void {
  for (const word of line.trim().match(/(?:"[^"]*"|[^\s"])+/g) ?? []) {
    const [, module, parameter, value] = /^"?([^.=\s]+)\.([^.=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (module === undefined || parameter === undefined) continue;
    if (module === 'modprobe' && parameter === 'blacklist') config.blacklist.push(...(value ?? '').split(','));
    else config.options.push([underscores(module), value === undefined ? parameter : `${parameter}=${value}`]);
  }
}
