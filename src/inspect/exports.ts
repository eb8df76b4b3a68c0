// What a module exports: struct kernel_symbol, whose three fields relocations fill. Source: include/linux/export-internal.h.
import type { Section } from '#elf';
import type { ModuleFile } from './module_file.ts';

/** Bytes of struct kernel_symbol: value, name, namespace, each relative to its own place. */
const ENTRY = 12;

export interface ModuleExportEntry {
  readonly name: string;
  readonly gpl: boolean;
  /** '' for none. */
  readonly namespace: string;
  /** Undefined when the module was built without versions. */
  readonly crc: number | undefined;
  /** The section that it lies in, and the offset there; undefined when it has no relocation. */
  readonly section: number | undefined;
  readonly value: number;
}
const TABLES = [
  { symbols: '__ksymtab', crcs: '__kcrctab', gpl: false },
  { symbols: '__ksymtab_gpl', crcs: '__kcrctab_gpl', gpl: true },
] as const;

export function exportsOf(file: ModuleFile): ModuleExportEntry[] {
  return TABLES.flatMap(({ symbols, crcs, gpl }) => {
    const table = file.section(symbols);
    return table === undefined ? [] : entries(file, table, file.section(crcs), gpl);
  });
}
function entries(file: ModuleFile, table: Section, versions: Section | undefined, gpl: boolean): ModuleExportEntry[] {
  const targets = file.targets(table);
  const bytes = versions === undefined ? new Uint8Array(0) : file.contents(versions);
  const crcs = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(file.contents(table).length / ENTRY) }, (_, n) => {
    const value = targets.get(n * ENTRY);
    const name = file.stringAt(targets.get(n * ENTRY + 4));
    if (name === undefined) file.problems.push(`entry ${n} of ${table.name} has no name`);
    return {
      name: name ?? '',
      gpl,
      namespace: file.stringAt(targets.get(n * ENTRY + 8)) ?? '',
      crc: n * 4 + 4 <= bytes.length ? crcs.getUint32(n * 4, true) : undefined,
      section: value?.symbol.section,
      value: value === undefined ? 0 : Number(value.symbol.value) + value.addend,
    };
  });
}
