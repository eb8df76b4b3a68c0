// A tree of modules (/lib/modules/RELEASE): who exports what. Files are opened when somebody asks for one of them.
import { exportsOf, type ModuleExportEntry } from './exports.ts';
import { ModuleFile } from './module_file.ts';

/** A file of the host's folder of modules. */
export interface TreeFile {
  /** Path below the tree. */
  readonly path: string;
  readonly read: () => Uint8Array;
}
export interface TreeModule {
  /** As the kernel will know it: '-' of the file name become '_'. */
  readonly name: string;
  readonly path: string;
  readonly exports: readonly ModuleExportEntry[];
  readonly read: () => Uint8Array;
}
export interface TreeExport extends ModuleExportEntry {
  readonly module: TreeModule;
}

export class ModuleTree {
  readonly #exports = new Map<string, TreeExport>();
  readonly modules = new Map<string, TreeModule>();

  constructor(files: Iterable<TreeFile>) {
    for (const { path, read } of files) {
      const name = (path.split('/').at(-1) as string).replace(/\.ko$/, '').replaceAll('-', '_');
      const module = { name, path, read, exports: exportsOf(new ModuleFile(read())) };
      this.modules.set(name, module);
      for (const entry of module.exports) {
        // The first in the order of the tree counts: a second module with it could not be loaded beside it.
        if (!this.#exports.has(entry.name)) this.#exports.set(entry.name, { ...entry, module });
      }
    }
  }
  exporter(symbol: string): TreeExport | undefined {
    return this.#exports.get(symbol);
  }
}
