// kobox inspect FILE.ko: what a module file holds, and what the loader will make of it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { loadKernel } from '#host-node';
import { inspect, inspectText, ModuleTree, NoFunction, PARTS, type Part, SUMMARY, type TreeFile } from '#inspect';
import { UsageError } from './usage.ts';

/** A file that cannot be read is the user's mistake: message, status 1. */
export class FileError extends Error {
  readonly code = 'KOBOX_FILE';
}
/** @throws FileError */
export function readModuleFile(path: string): Uint8Array {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) throw new FileError(`${path}: ${stat === undefined ? 'no such file' : 'not a file'}`);
  return readFileSync(path);
}
/** All modules below a folder, in the order of their paths. */
export function treeFiles(folder: string): TreeFile[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new FileError(`--modules: '${folder}' is no folder`);
  const walk = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) =>
        entry.isDirectory() ? walk(join(path, entry.name)) : entry.name.endsWith('.ko') ? [join(path, entry.name)] : [],
      );
  return walk(folder).map((path) => ({ path: relative(folder, path), read: () => readFileSync(path) }));
}

/** Gives the exit status: 0, or 1 when something in the file is broken. */
export function inspectCommand(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...Object.fromEntries(PARTS.map((part) => [part, { type: 'boolean' }] as const)),
      all: { type: 'boolean' },
      'all-relocations': { type: 'boolean' },
      disassemble: { type: 'string' },
      modules: { type: 'string' },
      kernel: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const [path, extra] = positionals;
  if (path === undefined) throw new UsageError('inspect needs a module file');
  if (extra !== undefined) throw new UsageError(`inspect: one argument too many: '${extra}'`);
  const { disassemble, modules, kernel } = values;
  const bytes = readModuleFile(path);
  const description = loadKernel(kernel);
  const tree = modules === undefined ? undefined : new ModuleTree(treeFiles(modules));
  const parts = chosenParts(values, disassemble !== undefined);
  try {
    const options = { kernel: description, parts, tree, disassemble, allRelocations: values['all-relocations'] === true };
    const report = inspect(bytes, options);
    process.stdout.write(values['json'] === true ? `${JSON.stringify(report, null, 2)}\n` : inspectText(report));
    return report.problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof NoFunction) throw new FileError(`${path}: ${error.message}`);
    throw error;
  }
}
function chosenParts(values: Readonly<Record<string, unknown>>, disassembles: boolean): readonly Part[] {
  if (values['all'] === true) return PARTS;
  const asked = PARTS.filter((part) => values[part] === true || (part === 'relocations' && values['all-relocations'] === true));
  return asked.length > 0 || disassembles ? asked : SUMMARY;
}
