// Symbol resolution: the kernel's exports, then the modules'. Source: kernel/module/main.c, resolve_symbol(); version.c.
import { EINVAL, ENOENT } from '#abi';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { TAINT } from '../panic.ts';
import { MODULE_STATE_LIVE, MODULE_STATE_UNFORMED, type Module, type ModuleExport } from './module.ts';

export interface Resolved {
  readonly address: Addr;
  readonly owner: Module | undefined;
}
/** Why a symbol has no address. */
export interface Unresolved {
  readonly errno: number;
  /** The kernel exports it, but no table of kobox has it. */
  readonly missingInKobox: boolean;
}

/** An export and who has it: undefined is the kernel. */
export interface Found extends ModuleExport {
  readonly owner: Module | undefined;
}

export class Resolver {
  readonly #k: Kernel;
  readonly #modules: () => readonly Module[];
  constructor(k: Kernel, modules: () => readonly Module[]) {
    this.#k = k;
    this.#modules = modules;
  }
  find(name: string, gplAllowed = true): Found | undefined {
    const own = this.#k.description.exports.get(name);
    if (own !== undefined && (gplAllowed || !own.gpl)) return { ...own, owner: undefined };
    for (const owner of this.#modules()) {
      if (owner.state === MODULE_STATE_UNFORMED) continue;
      const found = owner.exports.find((symbol) => symbol.name === name && (gplAllowed || !symbol.gpl));
      if (found !== undefined) return { ...found, owner };
    }
    return undefined;
  }
  /** Who exports `name`: 'kernel' or a module's name. */
  ownerOf(name: string): string | undefined {
    const found = this.find(name);
    return found && (found.owner?.name ?? 'kernel');
  }
  resolve(module: Module, name: string, versions: ReadonlyMap<string, number> | undefined): Resolved | Unresolved {
    const proprietary = (module.taints & (1 << TAINT.PROPRIETARY_MODULE)) !== 0;
    const refuse = (errno: number, missingInKobox = false): Unresolved => {
      this.#k.log.print('warning', `${module.name}: Unknown symbol ${name} (err ${-errno})`);
      return { errno, missingInKobox };
    };
    const found = this.find(name, !proprietary);
    if (found === undefined) return refuse(ENOENT);
    if (found.gpl) module.usesGplOnly = true;
    if (!this.#inherits(module, name, found.owner)) return refuse(ENOENT);
    if (!this.#versionMatches(module, name, found, versions)) return refuse(EINVAL);
    if (!this.#namespaceImported(module, name, found.namespace)) return refuse(EINVAL);
    if (found.owner === undefined) {
      const address = this.#k.symbols.addressOf(name);
      return address === undefined ? refuse(ENOENT, true) : { address, owner: undefined };
    }
    return found.owner.state === MODULE_STATE_LIVE ? { address: found.address, owner: found.owner } : refuse(ENOENT);
  }
  /** Using a proprietary module's symbol makes one proprietary. */
  #inherits(module: Module, name: string, owner: Module | undefined): boolean {
    const bit = 1 << TAINT.PROPRIETARY_MODULE;
    if (owner === undefined || (owner.taints & bit) === 0) return true;
    if (module.usesGplOnly) {
      this.#k.log.print('err', `${module.name}: module using GPL-only symbols uses symbols ${name} from proprietary module ${owner.name}.`);
      return false;
    }
    if ((module.taints & bit) === 0) {
      this.#k.log.print('warning', `${module.name}: module uses symbols ${name} from proprietary module ${owner.name}, inheriting taint.`);
      module.taints |= bit;
    }
    return true;
  }
  #versionMatches(module: Module, name: string, found: Found, versions: ReadonlyMap<string, number> | undefined): boolean {
    if (found.crc === undefined) return true;
    return checkVersion(this.#k, module.tag('name') ?? module.name, name, found.crc, versions);
  }
  #namespaceImported(module: Module, name: string, namespace: string): boolean {
    if (namespace === '' || module.modinfo.some(({ tag, value }) => tag === 'import_ns' && value === namespace)) return true;
    this.#k.log.print('err', `${module.name}: module uses symbol (${name}) from namespace ${namespace}, but does not import it.`);
    return false;
  }
}

/** Compares a symbol's CRC with what the module was built against. Without __versions the kernel is tainted instead. */
export function checkVersion(
  k: Kernel,
  module: string,
  name: string,
  crc: number,
  versions: ReadonlyMap<string, number> | undefined,
): boolean {
  if (versions === undefined) {
    if (!k.taint.has(TAINT.FORCED_MODULE)) k.log.print('warning', `${module}: ${name}: kernel tainted.`);
    k.taint.add(TAINT.FORCED_MODULE);
    return true;
  }
  const wanted = versions.get(name);
  if (wanted === crc) return true;
  k.log.print(
    'warning',
    wanted === undefined ? `${module}: no symbol version for ${name}` : `${module}: disagrees about version of symbol ${name}`,
  );
  return false;
}
