// Symbol resolution: the kernel's exports, then the modules'. Source: kernel/module/main.c, find_symbol(), resolve_symbol().
import { EINVAL, ENOENT, ENOEXEC, ENOMEM } from '#abi';
import { type ElfSymbol, type Section, SHN_ABS, SHN_COMMON, SHN_LIVEPATCH, STB_WEAK, SYMBOL_SIZE } from '#elf';
import type { LevelName } from '../printk/log.ts';
import { TAINT } from '../taint.ts';
import type { ModuleExport } from './module.ts';
import { type LoadReason, reason } from './reasons.ts';
import { checkVersion, unknownSymbol } from './rules.ts';
import type { Versions } from './versions.ts';

const PROPRIETARY = 1 << TAINT.PROPRIETARY_MODULE;

/** Who exports: a module of the kernel, or of a tree of module files. */
export interface Exporter {
  readonly name: string;
  readonly taints: number;
}
/** An export and who has it: undefined is the kernel. */
export interface Found<O extends Exporter> extends ModuleExport {
  readonly owner: O | undefined;
}
/** Finds an export; GPL-only ones only when `gplAllowed`. */
export type FindSymbol<O extends Exporter> = (name: string, gplAllowed: boolean) => Found<O> | undefined;

/** The module whose symbols are resolved, and how it says and remembers things. */
export interface SymbolUser {
  readonly name: string;
  /** Its name in messages about versions. */
  readonly infoName: string;
  readonly versions: Versions | undefined;
  /** Namespaces that it imports. */
  readonly namespaces: ReadonlySet<string>;
  taints: number;
  usesGplOnly: boolean;
  print(level: LevelName, text: string): void;
  /** The module has no versions: taints for it. */
  forceLoad(why: string): void;
}

/** The export behind `name`, or why the module cannot have it. The reason's record does not include "Unknown symbol". */
export function resolveSymbol<O extends Exporter>(find: FindSymbol<O>, user: SymbolUser, name: string): Found<O> | LoadReason {
  const found = find(name, (user.taints & PROPRIETARY) === 0);
  if (found === undefined) return unknownSymbol(name, find(name, true) !== undefined);
  if (found.gpl) user.usesGplOnly = true;
  const { owner } = found;
  if (owner !== undefined && (owner.taints & PROPRIETARY) !== 0) {
    if (user.usesGplOnly) {
      const text = `${user.name}: module using GPL-only symbols uses symbols ${name} from proprietary module ${owner.name}.`;
      return reason('proprietary', ENOENT, text, { symbol: name, found: owner.name });
    }
    if ((user.taints & PROPRIETARY) === 0) {
      user.print('warning', `${user.name}: module uses symbols ${name} from proprietary module ${owner.name}, inheriting taint.`);
      user.taints |= PROPRIETARY;
    }
  }
  if (user.versions === undefined && found.crc) user.forceLoad(name);
  const [wrongVersion] = checkVersion(user.infoName, name, found.crc, user.versions ?? new Map([[name, found.crc ?? 0]]));
  if (wrongVersion !== undefined) return wrongVersion;
  if (found.namespace !== '' && !user.namespaces.has(found.namespace)) {
    const text = `${user.name}: module uses symbol (${name}) from namespace ${found.namespace}, but does not import it.`;
    return reason('namespace', EINVAL, text, { symbol: name, expected: `import_ns=${found.namespace}`, found: 'no such tag' });
  }
  return found;
}
/** A symbol that may stay unresolved: it was not found, or its owner's taint forbids it. Linux: resolve_symbol() gives NULL. */
const isUnresolved = ({ check }: LoadReason): boolean => check === 'unknown-symbol' || check === 'gpl-symbol' || check === 'proprietary';
/** Whether a symbol that was not resolved is 0 instead of a refusal. */
export const mayStayUnresolved = (why: LoadReason, name: string, binding: number): boolean =>
  isUnresolved(why) && (binding === STB_WEAK || name === '_GLOBAL_OFFSET_TABLE_');
/** The record that names a symbol, behind the one that says more. */
export const unknownRecord = (user: string, symbol: string, errno: number): NonNullable<LoadReason['record']> => ({
  level: 'warning',
  text: `${user}: Unknown symbol ${symbol} (err ${-errno})`,
});
/** Where the n-th symbol stands in the file. */
export const symbolPlace = ({ name, offset }: Section, n: number): { readonly section: string; readonly offset: number } => ({
  section: name,
  offset: offset + n * SYMBOL_SIZE,
});
/** Why a symbol was not resolved, with its place where the reason has none, and a record. */
export const unresolved = (user: string, symbol: string, why: LoadReason, place: ReturnType<typeof symbolPlace>): LoadReason => ({
  ...why,
  ...(why.section === undefined && place),
  record: why.record ?? unknownRecord(user, symbol, why.errno),
});
/** What is wrong with a symbol that the module defines. `count`: of its sections. */
export function checkSymbol(user: string, { name, section }: ElfSymbol, count: number): LoadReason | undefined {
  if (section === SHN_COMMON && !name.startsWith('__gnu_lto'))
    return reason('common-symbol', ENOEXEC, `${user}: please compile with -fno-common`, { level: 'warning', symbol: name });
  if (section < count || section === SHN_COMMON || section === SHN_ABS || section === SHN_LIVEPATCH) return undefined;
  const text = `${user}: Symbol ${name} has an invalid section index ${section} (max ${count - 1})`;
  return reason('section-index', ENOEXEC, text, { symbol: name, expected: `at most ${count - 1}`, found: `${section}` });
}
/** Built-in code has /sys/module/NAME. */
export const nameTaken = (user: string): LoadReason =>
  reason('sysfs', EINVAL, `${user}: module is already loaded`, { found: `/sys/module/${user}` });
export const duplicateExport = (user: string, symbol: string, owner: string): LoadReason =>
  reason('duplicate-export', ENOEXEC, `${user}: exports duplicate symbol ${symbol} (owned by ${owner})`, { symbol, found: owner });
/** There is no room for its per-CPU variables. */
export const noPercpu = (user: string, { name, size }: Section): LoadReason =>
  reason('percpu', ENOMEM, `${user}: Could not allocate ${size} bytes percpu data`, {
    level: 'warning',
    section: name,
    found: `${size} bytes`,
  });
