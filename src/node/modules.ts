// /lib/modules/RELEASE: the samples under extra/, and the indexes that depmod makes of them. Nothing is read before
// somebody looks.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BUILTIN_FILES, descriptionFile, nodeFolder, SHIPPED_KERNEL, samplesFolder } from '#host-node';
import { hostNode, LazyDirectory, RamFile, type TreeDirectory } from '#kernel';
import { bytes, computeDepmod, text } from '#kmod';
import type { Machine } from '#machine';

const MODE = 0o644;

export function provideModules(machine: Machine): void {
  const { vfs, description } = machine.kernel;
  const folder = `/lib/modules/${description.release}`;
  vfs.put(folder, new LazyDirectory((directory) => fill(directory, description.release)));
}
function fill(directory: TreeDirectory, release: string): void {
  const put = (name: string, content: Uint8Array): void => directory.put(name, new RamFile(MODE, content));
  const [builtin, modinfo] = BUILTIN_FILES.map((name) => descriptionFile(release, name));
  put('modules.order', new Uint8Array(0));
  if (builtin !== undefined) put('modules.builtin', builtin);
  if (modinfo !== undefined) put('modules.builtin.modinfo', modinfo);
  // The samples are built for the kernel that ships.
  const root = release === SHIPPED_KERNEL ? samplesFolder() : undefined;
  const modules = root === undefined ? [] : sampleModules(root);
  const extra = directory.child('extra');
  for (const { folder, name } of modules) {
    const node = hostNode(nodeFolder(folder, true), name);
    if (node !== undefined) extra.put(name, node);
  }
  const { files } = computeDepmod({
    modules: modules.map(({ folder, name }) => ({ path: `extra/${name}`, bytes: readFileSync(join(folder, name)) })),
    order: '',
    builtin: builtin === undefined ? undefined : text(builtin),
    builtinModinfo: modinfo === undefined ? undefined : text(modinfo),
  });
  for (const [name, content] of files) put(name, bytes(content));
}
function sampleModules(root: string): { folder: string; name: string }[] {
  return readdirSync(root)
    .map((name) => ({ folder: join(root, name), name: `${name}.ko` }))
    .filter(({ folder, name }) => statSync(folder).isDirectory() && existsSync(join(folder, name)));
}
