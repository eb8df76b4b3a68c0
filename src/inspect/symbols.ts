// Symbols, as readelf -s lists them, with the value that the loader gives them.
import { type ElfSymbol, SHN_ABS, SHN_COMMON, SHN_LIVEPATCH, SHN_UNDEF } from '#elf';
import type { ModuleFile } from './module_file.ts';
import { hexAddress } from './sections.ts';

const TYPES: Readonly<Record<number, string>> = {
  0: 'NOTYPE',
  1: 'OBJECT',
  2: 'FUNC',
  3: 'SECTION',
  4: 'FILE',
  5: 'COMMON',
  6: 'TLS',
  10: 'IFUNC',
};
const BINDINGS: Readonly<Record<number, string>> = { 0: 'LOCAL', 1: 'GLOBAL', 2: 'WEAK', 10: 'UNIQUE' };
const SPECIAL: Readonly<Record<number, string>> = {
  [SHN_UNDEF]: 'UND',
  [SHN_ABS]: 'ABS',
  [SHN_COMMON]: 'COM',
  [SHN_LIVEPATCH]: 'LIVEPATCH',
};

export interface SymbolReport {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly binding: string;
  /** Section number, or 'UND', 'ABS', 'COM'. */
  readonly section: number | string;
  /** st_value, hexadecimal. */
  readonly value: string;
  readonly size: number;
  /** Where it will be, hexadecimal; undefined for what others have and for what is not loaded. */
  readonly address: string | undefined;
  /** Whether /proc/kallsyms has it when init has returned. */
  readonly stays: boolean;
}

/** Section symbols have no name of their own. */
export function symbolName(file: ModuleFile, symbol: ElfSymbol): string {
  return symbol.name === '' && symbol.type === 3 ? (file.elf?.sections[symbol.section]?.name ?? '') : symbol.name;
}
export function symbolReports(file: ModuleFile): SymbolReport[] {
  const staying = new Set(file.layout?.coreSymbols);
  return file.symbols.map((symbol, index) => {
    const address = file.symbolAddress(symbol);
    return {
      index,
      name: symbolName(file, symbol),
      type: TYPES[symbol.type] ?? `${symbol.type}`,
      binding: BINDINGS[symbol.binding] ?? `${symbol.binding}`,
      section: SPECIAL[symbol.section] ?? symbol.section,
      value: hexAddress(symbol.value),
      size: symbol.size,
      address: address === undefined ? undefined : hexAddress(address),
      stays: index !== 0 && staying.has(index),
    };
  });
}
