// What a module wants of others, and who has it.
import { SHN_UNDEF, STB_WEAK } from '#elf';
import { type KernelDescription, kernelTables } from '#kernel';
import type { ModuleFile } from './module_file.ts';
import type { ModuleTree } from './tree.ts';

export interface Provider {
  readonly kind: 'kernel' | 'module';
  /** The module's name; 'kernel'. */
  readonly name: string;
  readonly gpl: boolean;
  readonly namespace: string;
  readonly crc: number | undefined;
}
export interface ImportReport {
  readonly name: string;
  /** A weak symbol may stay without a provider. */
  readonly weak: boolean;
  /** Undefined: nobody has it. */
  readonly provider: Provider | undefined;
  /** What the module was built against; undefined when its __versions has no entry. */
  readonly wanted: number | undefined;
  /** Whether kobox has it: asked of the kernel's symbols only. */
  readonly inKobox: boolean | undefined;
}

let names: ReadonlySet<string> | undefined;
/** Whether kobox has a kernel symbol in its tables. */
export function inKobox(name: string): boolean {
  names ??= new Set(kernelTables.flatMap(({ symbols }) => Object.keys(symbols)));
  return names.has(name);
}
/** Names that the loader leaves alone. */
const IGNORED: ReadonlySet<string> = new Set(['', '_GLOBAL_OFFSET_TABLE_']);

/** Who exports `name`: the kernel, else a module of the tree. */
export function providerOf(name: string, kernel: KernelDescription, tree: ModuleTree | undefined): Provider | undefined {
  const own = kernel.exports.get(name);
  if (own !== undefined) return { kind: 'kernel', name: 'kernel', gpl: own.gpl, namespace: own.namespace, crc: own.crc };
  const other = tree?.exporter(name);
  return other && { kind: 'module', name: other.module.name, gpl: other.gpl, namespace: other.namespace, crc: other.crc };
}
export function importReports(file: ModuleFile, kernel: KernelDescription, tree: ModuleTree | undefined): ImportReport[] {
  const wanted = file.symbols.slice(1).filter(({ name, section }) => section === SHN_UNDEF && !IGNORED.has(name));
  return wanted.map(({ name, binding }) => {
    const provider = providerOf(name, kernel, tree);
    return {
      name,
      weak: binding === STB_WEAK,
      provider,
      wanted: file.versions?.get(name),
      inKobox: provider?.kind === 'kernel' ? inKobox(name) : undefined,
    };
  });
}
