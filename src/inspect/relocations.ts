// Relocations, by section and type. Names: AMD64 psABI, table "Relocation Types".
import { type Section, SHT_RELA } from '#elf';
import { relocationRules } from '#kernel';
import type { ModuleFile } from './module_file.ts';
import { symbolName } from './symbols.ts';

// biome-ignore format: as in the psABI
const NAMES: readonly (string | undefined)[] = [
  'NONE', '64', 'PC32', 'GOT32', 'PLT32', 'COPY', 'GLOB_DAT', 'JUMP_SLOT', 'RELATIVE', 'GOTPCREL', '32', '32S', '16', 'PC16', '8', 'PC8',
  'DTPMOD64', 'DTPOFF64', 'TPOFF64', 'TLSGD', 'TLSLD', 'DTPOFF32', 'GOTTPOFF', 'TPOFF32', 'PC64', 'GOTOFF64', 'GOTPC32', 'GOT64',
  'GOTPCREL64', 'GOTPC64', 'GOTPLT64', 'PLTOFF64', 'SIZE32', 'SIZE64', 'GOTPC32_TLSDESC', 'TLSDESC_CALL', 'TLSDESC', 'IRELATIVE',
  'RELATIVE64', undefined, undefined, 'GOTPCRELX', 'REX_GOTPCRELX',
];
export const relocationName = (type: number): string => (NAMES[type] === undefined ? `unknown type ${type}` : `R_X86_64_${NAMES[type]}`);

export interface RelocationEntry {
  /** Byte offset in the section that it changes. */
  readonly offset: number;
  readonly type: string;
  readonly symbol: string;
  readonly addend: number;
}
export interface RelocationReport {
  /** The section that holds them: '.rela.text'. */
  readonly section: string;
  /** The section that they change. */
  readonly target: string;
  /** Whether the loader applies them: it does so only to sections that it loads. */
  readonly applied: boolean;
  readonly count: number;
  readonly types: Readonly<Record<string, number>>;
  /** Types that the loader refuses. */
  readonly refused: readonly string[];
  /** All of them, when asked for. */
  readonly entries: readonly RelocationEntry[] | undefined;
}
export function relocationReports(file: ModuleFile, whole: boolean): RelocationReport[] {
  return (file.elf?.sections ?? []).filter(({ type }) => type === SHT_RELA).map((section) => report(file, section, whole));
}
function report(file: ModuleFile, section: Section, whole: boolean): RelocationReport {
  const relocations = file.relocations(section);
  const types: Record<string, number> = {};
  for (const { type } of relocations) types[relocationName(type)] = (types[relocationName(type)] ?? 0) + 1;
  const refused = new Set(relocations.filter(({ type }) => !relocationRules.has(type)).map(({ type }) => relocationName(type)));
  return {
    section: section.name,
    target: file.elf?.sections[section.info]?.name ?? `section ${section.info}`,
    applied: file.layout?.placed.has(section.info) === true,
    count: relocations.length,
    types,
    refused: [...refused],
    entries: whole
      ? relocations.map(({ offset, type, symbol, addend }) => ({
          offset,
          type: relocationName(type),
          symbol: relocationSymbol(file, symbol),
          addend: Number(addend),
        }))
      : undefined,
  };
}
function relocationSymbol(file: ModuleFile, number: number): string {
  const symbol = file.symbols[number];
  if (symbol === undefined) return `no symbol ${number}`;
  // Symbol 0 is no symbol: the value is the addend alone.
  return number === 0 ? '' : symbolName(file, symbol);
}
/** 'SYMBOL+0x10' as objdump has it. */
export function symbolPlus(symbol: string, addend: number): string {
  if (symbol === '') return `*ABS*${addend === 0 ? '' : `+0x${addend.toString(16)}`}`;
  if (addend === 0) return symbol;
  return `${symbol}${addend < 0 ? '-' : '+'}0x${Math.abs(addend).toString(16)}`;
}
