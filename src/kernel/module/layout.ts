// Where each section goes: core or init, text before read-only before writable data. Source: kernel/module/main.c,
// layout_sections(); kernel/module/kallsyms.c, layout_symtab().
import { type ElfFile, type ElfSymbol, type Section, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHN_UNDEF, SYMBOL_SIZE } from '#elf';

const PAGE = 4096;
const SHF_RO_AFTER_INIT = 0x00200000;
const KALLSYMS_STRUCT = 32;
/** As Linux's ALIGN() does it, by a mask: alignments that are no power of two give what they give. */
function align(value: number, to: number): number {
  if (to <= 1) return value;
  const mask = BigInt(to) - 1n;
  return Number((BigInt(value) + mask) & ~mask);
}

export interface AreaLayout {
  size: number;
  textSize: number;
  roSize: number;
  roAfterInitSize: number;
}
export interface PlacedSection {
  readonly section: Section;
  readonly area: 'core' | 'init';
  /** Byte offset in its area. */
  readonly offset: number;
}
export interface Layout {
  readonly core: AreaLayout;
  readonly init: AreaLayout;
  /** By section index. */
  readonly placed: ReadonlyMap<number, PlacedSection>;
  readonly symtab: Section;
  readonly symbols: readonly ElfSymbol[];
  /** Indices of the symbols that stay after init, the null symbol first. */
  readonly coreSymbols: readonly number[];
  /** Offsets in core of the symbols that stay: table, names, type letters. */
  readonly coreKallsyms: { readonly symtab: number; readonly strtab: number; readonly typetab: number };
  /** Offsets in init of the string table, the mod_kallsyms and the type letters of all symbols. */
  readonly initKallsyms: { readonly strtab: number; readonly kallsyms: number; readonly typetab: number };
  readonly percpu: Section | undefined;
}

/** sh_flags as the loader changes them before it lays out. */
function effectiveFlags(section: Section): number {
  switch (section.name) {
    case '.modinfo':
    case '__versions':
    case '.data..percpu':
      return section.flags & ~SHF_ALLOC;
    case '.data..ro_after_init':
    case '__jump_table':
      return section.flags | SHF_RO_AFTER_INIT;
    default:
      return section.flags;
  }
}

// Flags that a class must have, and those that it must not have. Linux: masks[][] of layout_sections().
const ARCH_SHF_SMALL = 0;
const classes = [
  { must: SHF_EXECINSTR | SHF_ALLOC, not: ARCH_SHF_SMALL, end: 'textSize' },
  { must: SHF_ALLOC, not: SHF_WRITE | ARCH_SHF_SMALL, end: 'roSize' },
  { must: SHF_RO_AFTER_INIT | SHF_ALLOC, not: ARCH_SHF_SMALL, end: 'roAfterInitSize' },
  { must: SHF_WRITE | SHF_ALLOC, not: ARCH_SHF_SMALL, end: undefined },
  { must: ARCH_SHF_SMALL | SHF_ALLOC, not: 0, end: 'size' },
] as const;

export type SectionClass = 'text' | 'rodata' | 'ro_after_init' | 'data';
/** What a section's memory is: undefined when the section is not loaded. */
export function sectionClass(section: Section): SectionClass | undefined {
  const flags = effectiveFlags(section);
  const n = classes.findIndex(({ must, not }) => (flags & must) === must && (flags & not) === 0);
  return (['text', 'rodata', 'ro_after_init', 'data', 'data'] as const)[n];
}

export function layOut(elf: ElfFile, symtab: Section, symbols: readonly ElfSymbol[]): Layout {
  const placed = new Map<number, PlacedSection>();
  const core: AreaLayout = { size: 0, textSize: 0, roSize: 0, roAfterInitSize: 0 };
  const init: AreaLayout = { size: 0, textSize: 0, roSize: 0, roAfterInitSize: 0 };
  const place = (area: 'core' | 'init', layout: AreaLayout, section: Section): void => {
    const offset = align(layout.size, section.align);
    placed.set(section.index, { section, area, offset });
    layout.size = offset + section.size;
  };
  for (const [area, layout] of [
    ['core', core],
    ['init', init],
  ] as const) {
    for (const { must, not, end } of classes) {
      for (const section of elf.sections) {
        const flags = effectiveFlags(section);
        if ((flags & must) !== must || (flags & not) !== 0 || placed.has(section.index)) continue;
        if (section.name.startsWith('.init') !== (area === 'init')) continue;
        place(area, layout, section);
      }
      if (end === undefined) continue;
      // The init area has no ro_after_init class of its own.
      if (area === 'core' || end !== 'roAfterInitSize') layout.size = align(layout.size, PAGE);
      layout[end] = area === 'init' && end === 'roAfterInitSize' ? layout.roSize : layout.size;
    }
  }
  // From here no section moves; the symbol tables come behind them.
  const percpu = elf.sections.find((section) => section.name === '.data..percpu' && (section.flags & SHF_ALLOC) !== 0);
  init.size = align(init.size, 8);
  placed.set(symtab.index, { section: symtab, area: 'init', offset: init.size });
  init.size += symtab.size;
  const stays = (symbol: ElfSymbol): boolean =>
    symbol.nameOffset !== 0 &&
    symbol.section !== SHN_UNDEF &&
    symbol.section < elf.sections.length &&
    (symbol.section === percpu?.index || (placed.get(symbol.section)?.area === 'core' && symbol.section !== symtab.index));
  const coreSymbols = symbols.flatMap((symbol, n) => (n === 0 || stays(symbol) ? [n] : []));
  const coreTable = align(core.size, 8);
  const coreStrings = coreTable + coreSymbols.length * SYMBOL_SIZE;
  const coreTypes = coreStrings + coreSymbols.reduce((size, n) => size + (symbols[n] as ElfSymbol).name.length + 1, 0);
  core.size = align(coreTypes + coreSymbols.length, PAGE);
  const strtab = elf.sections[symtab.link] as Section;
  const strings = align(init.size, strtab.align);
  placed.set(strtab.index, { section: strtab, area: 'init', offset: strings });
  const kallsyms = align(strings + strtab.size, 8);
  const types = kallsyms + KALLSYMS_STRUCT;
  init.size = align(types + symbols.length, PAGE);
  return {
    core,
    init,
    placed,
    symtab,
    symbols,
    coreSymbols,
    percpu,
    coreKallsyms: { symtab: coreTable, strtab: coreStrings, typetab: coreTypes },
    initKallsyms: { strtab: strings, kallsyms, typetab: types },
  };
}
