// The kernel's own symbols: what its description exports and our tables have. A symbol in no table does not exist.
import { type BoundFunction, bindFunction } from './api/bind.ts';
import type { KernelApi, KernelFunction, KernelSymbol } from './api/kfunc.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';

/** The symbols of all tables by name, joined once for all kernels of the process that have these tables. */
const joinedTables = new WeakMap<readonly KernelApi[], ReadonlyMap<string, KernelSymbol>>();
function joined(tables: readonly KernelApi[]): ReadonlyMap<string, KernelSymbol> {
  const known = joinedTables.get(tables);
  if (known !== undefined) return known;
  const all = new Map<string, KernelSymbol>();
  for (const { file, symbols } of tables) {
    for (const [name, symbol] of Object.entries(symbols)) {
      if (all.has(name)) throw new Error(`two tables have ${name}; the second is ${file}`);
      all.set(name, symbol);
    }
  }
  joinedTables.set(tables, all);
  return all;
}

export class KernelSymbols {
  readonly #k: Kernel;
  readonly #table: ReadonlyMap<string, KernelSymbol>;
  readonly #indexByIp = new Map<number, number>();
  readonly #names: string[] = [];
  readonly #bound: BoundFunction[] = [];
  readonly #initialised = new Set<string>();

  constructor(k: Kernel, tables: readonly KernelApi[]) {
    this.#k = k;
    this.#table = joined(tables);
  }
  /** The table entry of a name, whether this kernel exports it or not. */
  entry(name: string): KernelSymbol | undefined {
    return this.#table.get(name);
  }
  /**
   * Makes `name` usable by the guest and gives its address: undefined when no table has it or this kernel lacks it.
   * Data gets its first contents here, once.
   */
  addressOf(name: string): Addr | undefined {
    const symbol = this.#table.get(name);
    if (symbol === undefined) return undefined;
    const { description } = this.#k;
    const address = description.addressOf(name);
    if (address === undefined || this.#initialised.has(name)) return address;
    this.#initialised.add(name);
    if (symbol.kind === 'data') this.#initialise(name, address, symbol.init);
    else {
      this.#indexByIp.set(address >>> 0, this.#names.length);
      this.#names.push(name);
    }
    return address;
  }
  /** addressOf for what the kernel itself needs. */
  require(name: string): Addr {
    const address = this.addressOf(name);
    if (address === undefined) throw new Error(`the kernel itself needs ${name}, which no table has or this kernel lacks`);
    return address;
  }
  #initialise(name: string, address: Addr, init: ((k: Kernel, address: Addr) => void) | 'image'): void {
    if (init !== 'image') {
      init(this.#k, address);
      return;
    }
    const bytes = this.#k.description.dataOf(name);
    if (bytes === undefined) throw new Error(`the description has no contents of ${name}`);
    this.#k.memory.write(address, bytes);
  }
  /** Dense index of the kernel function at `ip` (low 32 bits), or -1. */
  indexOf(ip: number): number {
    return this.#indexByIp.get(ip) ?? this.#discover(ip);
  }
  /** A function pointer may come from the image's own data (an ops table): then nobody has asked for its name yet. */
  #discover(ip: number): number {
    if (ip >>> 0 < 0x81000000 || ip >>> 0 >= 0xc0000000) return -1;
    const symbol = this.#k.description.kallsyms.at((ip >>> 0) - 2 ** 32);
    if (symbol === undefined || symbol.offset !== 0 || this.addressOf(symbol.name) === undefined) return -1;
    return this.#indexByIp.get(ip) ?? -1;
  }
  functionAt(index: number): BoundFunction {
    let bound = this.#bound[index];
    if (bound === undefined) {
      const name = this.#names[index] as string;
      bound = bindFunction(this.#k, name, this.addressOf(name) as Addr, this.#table.get(name) as KernelFunction);
      this.#bound[index] = bound;
    }
    return bound;
  }
}
