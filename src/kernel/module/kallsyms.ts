// A module's symbols: for /proc/kallsyms, reports and translation. Source: kernel/module/kallsyms.c.
import { type ElfSymbol, SHF_EXECINSTR, SHF_WRITE, SHN_ABS, SHN_UNDEF, SHT_NOBITS, STB_WEAK, STT_FUNC, SYMBOL_SIZE } from '#elf';
import type { TextRange } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import { fromLatin1 } from '../memory.ts';
import type { Module } from './module.ts';

/** The symbols that stay, for /proc/kallsyms and reports. */
export function findSymbols(k: Kernel, module: Module, values: readonly bigint[]): void {
  const { layout } = module;
  const plain = new Set(module.exports.filter(({ gpl }) => !gpl).map(({ name }) => name));
  const describe = (n: number): Module['symbols'][number] => {
    const symbol = layout.symbols[n] as ElfSymbol;
    const letter = symbolLetter(module, symbol);
    return {
      name: symbol.name,
      size: symbol.size,
      address: Number(BigInt.asIntN(64, values[n] as bigint)),
      letter: plain.has(symbol.name) ? letter.toUpperCase() : letter,
    };
  };
  // While init runs all symbols count, those too that come from elsewhere; afterwards those of the core.
  module.symbols = layout.symbols.flatMap(({ nameOffset }, n) => (nameOffset === 0 ? [] : [describe(n)]));
  module.coreSymbols = layout.coreSymbols.slice(1).map(describe);
  // The guest sees the same table: mod->core_kallsyms.
  const { memory } = k;
  const at = layout.coreKallsyms;
  let name = 0;
  layout.coreSymbols.forEach((n, position) => {
    const symbol = layout.symbols[n] as ElfSymbol;
    const entry = module.core + at.symtab + position * SYMBOL_SIZE;
    memory.setU32(entry, name);
    memory.setU64(entry + 8, values[n] as bigint);
    memory.setU64(entry + 16, BigInt(symbol.size));
    memory.write(module.core + at.strtab + name, fromLatin1(symbol.name));
    name += symbol.name.length + 1;
  });
}

/** The letter of a symbol that the module imports: it lies elsewhere. */
export const IMPORTED = 'u';
/** nm's letter. Source: kernel/module/kallsyms.c, elf_type(). */
function symbolLetter(module: Module, symbol: ElfSymbol): string {
  const section = module.elf.sections[symbol.section];
  if (symbol.binding === STB_WEAK) return symbol.type === 1 ? 'v' : 'w';
  if (symbol.section === SHN_UNDEF) return IMPORTED;
  if (symbol.section === SHN_ABS || section?.name === '.data..percpu') return 'a';
  if (section === undefined) return '?';
  if ((section.flags & SHF_EXECINSTR) !== 0) return 't';
  // .modinfo and __versions are read from the file, and not loaded.
  if (module.layout.placed.has(symbol.section) && section.type !== SHT_NOBITS) return (section.flags & SHF_WRITE) === 0 ? 'r' : 'd';
  if (section.type === SHT_NOBITS) return 'b';
  return section.name.startsWith('.debug') ? 'n' : '?';
}
/** Where the module's functions lie, their cold parts with them. */
export function textRanges(module: Module, values: readonly bigint[]): TextRange[] {
  const functions = module.layout.symbols.flatMap((symbol, n) => {
    const placed = module.layout.placed.get(symbol.section);
    if (symbol.type !== STT_FUNC || placed === undefined) return [];
    const start = Number(BigInt.asUintN(32, values[n] as bigint));
    const base = ((placed.area === 'core' ? module.core : module.init) + placed.offset) >>> 0;
    return [{ name: symbol.name, start, end: start + symbol.size, sectionEnd: base + placed.section.size }];
  });
  functions.sort((a, b) => a.start - b.start);
  const cold = new Map(functions.filter(({ name }) => name.endsWith('.cold')).map((range) => [range.name, range]));
  const ranges: TextRange[] = [];
  functions.forEach((range, n) => {
    // Aliases share a start; a symbol without a size reaches to the next.
    if (functions[n - 1]?.start === range.start) return;
    const next = functions.slice(n + 1).find(({ start }) => start > range.start)?.start ?? range.sectionEnd;
    const end = range.end > range.start ? Math.min(range.end, next) : Math.min(next, range.sectionEnd);
    const part = cold.get(`${range.name}.cold`);
    ranges.push({ name: range.name, start: range.start, end, ...(part && { cold: { start: part.start, end: part.end } }) });
  });
  module.textRanges = ranges;
  return ranges;
}
