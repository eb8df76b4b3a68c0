// Would a module be loaded by this kernel, and would it run in kobox? With a tree of modules: after the modules that it needs.
import { type KernelDescription, moduleTaintLetters } from '#kernel';
import type { ModuleTree, TreeModule } from '../tree.ts';
import { CheckedModule, errnoOf, type FindOwner, type Owner, type StepReason } from './steps.ts';
import { TargetKernel } from './target.ts';

export interface DependencyReport {
  readonly name: string;
  /** Path below the tree. */
  readonly path: string;
  readonly loads: boolean;
  readonly reasons: readonly StepReason[];
}
/** The shape of one element of `kobox check --json`. */
export interface CheckReport {
  /** Release of the kernel. */
  readonly kernel: string;
  /** As far as the file says it. */
  readonly module: string | undefined;
  /** The module, and all that it needs. */
  readonly loads: boolean;
  /** What the system call would fail with once the modules that it needs are loaded (positive); 0: with nothing. */
  readonly errno: number;
  /** All that is in the way, in the order of the loader's steps. Linux says only what the first of these steps finds. */
  readonly reasons: readonly StepReason[];
  /** Modules of the tree that it needs, in the order in which they are loaded. */
  readonly dependencies: readonly DependencyReport[];
  /** Of the module, and of the kernel once it and what it needs are loaded; as masks of taint flags, and as letters. */
  readonly taints: { readonly module: number; readonly kernel: number; readonly letters: string };
  /** What the kernel would also say, and what cannot be checked. */
  readonly notes: readonly string[];
  readonly kobox: {
    /** It loads, and kobox has all symbols that it and what it needs want of the kernel. */
    readonly runs: boolean;
    readonly missing: readonly string[];
  };
}
export interface CheckOptions {
  readonly kernel: KernelDescription;
  readonly tree?: ModuleTree | undefined;
  readonly commandLine?: string | undefined;
  /** Of the module that is asked about. */
  readonly parameters?: string | undefined;
}
/** A module of the tree that was checked. */
interface Known extends Owner {
  readonly module: TreeModule;
  readonly report: CheckReport;
}

export class Checker {
  readonly #target: TargetKernel;
  readonly #tree: ModuleTree | undefined;
  readonly #parameters: string;
  readonly #known = new Map<string, Known>();
  /** Modules that are being checked: they cannot need themselves. */
  readonly #open = new Set<string>();

  constructor({ kernel, tree, commandLine, parameters }: CheckOptions) {
    this.#target = new TargetKernel(kernel, commandLine);
    this.#tree = tree;
    this.#parameters = parameters ?? '';
  }
  check(image: Uint8Array): CheckReport {
    const module = new CheckedModule(this.#target, image, this.#parameters, this.#findOwner);
    return this.#report(module.run());
  }
  /** A module of the tree: what others need of it is found out once. */
  checkTree(module: TreeModule): CheckReport {
    return this.#parameters === '' ? this.#checked(module).report : this.check(module.read());
  }
  readonly #findOwner: FindOwner = (symbol) => {
    const entry = this.#tree?.exporter(symbol);
    if (entry === undefined || this.#open.has(entry.module.name)) return undefined;
    const owner = this.#checked(entry.module);
    // Where exactly it will lie does not matter, as all modules lie in the same two GiB.
    return { found: { ...entry, address: MODULE_ADDRESS, owner }, owner };
  };
  #checked(module: TreeModule): Known {
    const known = this.#known.get(module.name);
    if (known !== undefined) return known;
    this.#open.add(module.name);
    const checked = new CheckedModule(this.#target, module.read(), '', this.#findOwner).run();
    this.#open.delete(module.name);
    const loadedExports = new Map([...checked.uses].flatMap((used) => [...used.loadedExports]));
    for (const { name } of module.exports) loadedExports.set(name, module.name);
    const made = { name: module.name, taints: checked.taints, loadedExports, module, report: this.#report(checked) };
    this.#known.set(module.name, made);
    return made;
  }
  #report(module: CheckedModule): CheckReport {
    const needed = this.#needed(module);
    const { reasons, taints, missingInKobox } = module;
    const loads = reasons.length === 0 && needed.every(({ report }) => report.reasons.length === 0);
    const kernel = needed.reduce((mask, { taints: theirs }) => mask | theirs, taints | module.kernelTaints);
    const missing = [...new Set([...missingInKobox, ...needed.flatMap(({ report }) => report.kobox.missing)])];
    return {
      kernel: this.#target.description.release,
      module: module.knownName,
      loads,
      errno: errnoOf(reasons),
      reasons,
      dependencies: needed.map(({ name, module: { path }, report }) => ({ name, path, loads: report.loads, reasons: report.reasons })),
      taints: { module: taints, kernel, letters: moduleTaintLetters(kernel) },
      notes: module.notes,
      kobox: { runs: loads && missing.length === 0, missing },
    };
  }
  /** All that it needs, what these need before them. */
  #needed(module: CheckedModule): Known[] {
    const found = new Map<string, Known>();
    for (const { name } of module.uses) {
      const known = this.#known.get(name);
      if (known === undefined) continue;
      for (const { name: deeper } of known.report.dependencies) found.set(deeper, this.#known.get(deeper) as Known);
      found.set(name, known);
    }
    return [...found.values()];
  }
}
/** Somewhere in the area of the modules. */
const MODULE_ADDRESS = -0x3f000000;
