// kobox check FILE.ko...: would these modules be loaded by these kernels, and if not, why.
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { listKernels, loadKernel } from '#host-node';
import { Checker, type CheckReport, checkText, ModuleTree, type TreeModule } from '#inspect';
import { readModuleFile, treeFiles } from './inspect.ts';
import { UsageError } from './usage.ts';

/** Gives the exit status: 0 when every module loads on every kernel, else 1. */
export function checkCommand(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kernel: { type: 'string', multiple: true },
      modules: { type: 'string' },
      cmdline: { type: 'string' },
      parameters: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  // `--kernel A B C` names three: what is no file but a kernel is one.
  const isKernel = (name: string): boolean => !existsSync(name) && listKernels().some(({ release }) => release === name);
  const more = values.kernel === undefined ? [] : positionals.filter(isKernel);
  const paths = positionals.filter((name) => !more.includes(name));
  if (paths.length === 0) throw new UsageError('check needs module files');
  const files = paths.map((path) => ({ path, bytes: readModuleFile(path) }));
  const descriptions = [...(values.kernel ?? [undefined]), ...more].map((name) => loadKernel(name));
  const tree = values.modules === undefined ? undefined : new ModuleTree(treeFiles(values.modules));
  const own = values.modules === undefined ? new Map<string, TreeModule>() : treePaths(values.modules, tree);
  const results: ({ readonly file: string } & CheckReport)[] = [];
  for (const kernel of descriptions) {
    const checker = new Checker({ kernel, tree, commandLine: values.cmdline, parameters: values.parameters });
    for (const { path, bytes } of files) {
      const inTree = own.get(realpathSync(path));
      results.push({ file: path, ...(inTree === undefined ? checker.check(bytes) : checker.checkTree(inTree)) });
    }
  }
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ version: 1, results }, null, 2)}\n`
      : results.map((each) => checkText(each.file, each)).join(''),
  );
  return results.every(({ loads }) => loads) ? 0 : 1;
}
function treePaths(folder: string, tree: ModuleTree | undefined): Map<string, TreeModule> {
  const root = realpathSync(resolve(folder));
  return new Map([...(tree?.modules.values() ?? [])].map((module) => [realpathSync(join(root, module.path)), module]));
}
