// Sections: what readelf -S says of them, and where the loader puts them.
import type { Section } from '#elf';
import { type SectionClass, sectionClass } from '#kernel';
import type { ModuleFile } from './module_file.ts';

/** Type names of the System V ABI (and GNU's), as readelf prints them. */
const TYPES: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'PROGBITS',
  2: 'SYMTAB',
  3: 'STRTAB',
  4: 'RELA',
  5: 'HASH',
  6: 'DYNAMIC',
  7: 'NOTE',
  8: 'NOBITS',
  9: 'REL',
  10: 'SHLIB',
  11: 'DYNSYM',
  14: 'INIT_ARRAY',
  15: 'FINI_ARRAY',
  16: 'PREINIT_ARRAY',
  17: 'GROUP',
  18: 'SYMTAB_SHNDX',
};
/** Letters of sh_flags, by bit. */
const FLAGS: readonly (readonly [bit: number, letter: string])[] = [
  [0x1, 'W'],
  [0x2, 'A'],
  [0x4, 'X'],
  [0x10, 'M'],
  [0x20, 'S'],
  [0x40, 'I'],
  [0x80, 'L'],
  [0x100, 'O'],
  [0x200, 'G'],
  [0x400, 'T'],
  [0x800, 'C'],
];
/** After init has returned. STRICT_MODULE_RWX; ro_after_init can be written until then. */
const PROTECTION: Readonly<Record<SectionClass, string>> = { text: 'r-x', rodata: 'r--', ro_after_init: 'r--', data: 'rw-' };

export interface SectionPlace {
  /** The area that stays, or the one that goes when init has returned; per-CPU sections go to each CPU's area. */
  readonly area: 'core' | 'init' | 'percpu';
  readonly class: SectionClass;
  /** As soon as init has returned: 'r-x', 'r--', 'rw-'. */
  readonly protection: string;
  /** Byte offset in the area; undefined for per-CPU sections, which the kernel's allocator places. */
  readonly offset: number | undefined;
  /** Hexadecimal, as ffffffffc0201000. */
  readonly address: string | undefined;
}
export interface SectionReport {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly flags: string;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly size: number;
  readonly align: number;
  readonly entrySize: number;
  readonly link: number;
  readonly info: number;
  /** Undefined when the section is not loaded. */
  readonly memory: SectionPlace | undefined;
}

/** 16 hexadecimal digits. */
export const hexAddress = (address: number | bigint): string => BigInt.asUintN(64, BigInt(address)).toString(16).padStart(16, '0');
export const typeName = (type: number): string => TYPES[type] ?? `${type.toString(16).padStart(8, '0')}`;
export const flagLetters = (flags: number): string => FLAGS.map(([bit, letter]) => ((flags & bit) === 0 ? '' : letter)).join('');

function placeOf(file: ModuleFile, section: Section): SectionPlace | undefined {
  if (section.index !== 0 && section === file.layout?.percpu)
    return { area: 'percpu', class: 'data', protection: 'rw-', offset: undefined, address: undefined };
  const placed = file.layout?.placed.get(section.index);
  const address = file.addressOf(section.index);
  if (placed === undefined || address === undefined) return undefined;
  // The symbol table and its names have no class of their own: they lie behind everything.
  const kind = sectionClass(section) ?? 'data';
  return { area: placed.area, class: kind, protection: PROTECTION[kind], offset: placed.offset, address: hexAddress(address) };
}
export function sectionReports(file: ModuleFile): SectionReport[] {
  return (file.elf?.sections ?? []).map((section) => ({
    index: section.index,
    name: section.name,
    type: typeName(section.type),
    flags: flagLetters(section.flags),
    offset: section.offset,
    size: section.size,
    align: section.align,
    entrySize: section.entrySize,
    link: section.link,
    info: section.info,
    memory: placeOf(file, section),
  }));
}

export interface AreaReport {
  readonly base: string;
  /** Bytes; the others are where text, read-only data and what is read-only after init end. */
  readonly size: number;
  readonly text_size: number;
  readonly ro_size: number;
  readonly ro_after_init_size: number;
}
/** The two areas that the loader allocates; undefined when nothing can be laid out. */
export function areaReports(file: ModuleFile): { readonly core: AreaReport; readonly init: AreaReport } | undefined {
  const { layout, bases } = file;
  if (layout === undefined) return undefined;
  const area = (name: 'core' | 'init'): AreaReport => {
    const { size, textSize, roSize, roAfterInitSize } = layout[name];
    return { base: hexAddress(bases[name]), size, text_size: textSize, ro_size: roSize, ro_after_init_size: roAfterInitSize };
  };
  return { core: area('core'), init: area('init') };
}
