// A module's symbols: for /proc/kallsyms, reports and translation. Source: kernel/module/kallsyms.c.
import { type ElfSymbol, SHF_EXECINSTR, SHF_WRITE, SHN_ABS, SHN_UNDEF, SHT_NOBITS, STB_WEAK, STT_FUNC, SYMBOL_SIZE } from '#elf';
import { kernelStruct, u32, voidPtr } from '../api/index.ts';
import type { TextRange } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, fromLatin1 } from '../memory.ts';
import { type Module, ModuleStruct } from './module.ts';

const ModKallsyms = kernelStruct('mod_kallsyms', { symtab: voidPtr, num_symtab: u32, strtab: voidPtr, typetab: voidPtr });

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
  fillTables(k, module, values);
}

/** The tables that the guest sees: mod->kallsyms, of all symbols while init runs, and mod->core_kallsyms, of those that stay. */
function fillTables(k: Kernel, module: Module, values: readonly bigint[]): void {
  const { memory } = k;
  const { layout, core, init, elf } = module;
  const struct = k.view(ModuleStruct, module.addr);
  const types = layout.symbols.map((symbol) => {
    const letter = symbolLetter(module, symbol);
    return (letter === IMPORTED ? 'U' : letter).charCodeAt(0);
  });
  const all = layout.placed.get(layout.symtab.index)?.offset ?? 0;
  values.forEach((value, n) => memory.setU64(init + all + n * SYMBOL_SIZE + 8, value));
  memory.write(init + layout.initKallsyms.typetab, Uint8Array.from(types));
  struct.kallsyms = init + layout.initKallsyms.kallsyms;
  const fill = (at: Addr, symtab: Addr, num_symtab: number, strtab: Addr, typetab: Addr): void => {
    Object.assign(k.view(ModKallsyms, at), { symtab, num_symtab, strtab, typetab });
  };
  fill(struct.kallsyms, init + all, values.length, init + layout.initKallsyms.strtab, init + layout.initKallsyms.typetab);
  const at = layout.coreKallsyms;
  fill(struct.core_kallsyms, core + at.symtab, layout.coreSymbols.length, core + at.strtab, core + at.typetab);
  const original = elf.contents(layout.symtab);
  let name = 0;
  layout.coreSymbols.forEach((n, position) => {
    const symbol = layout.symbols[n] as ElfSymbol;
    const entry = core + at.symtab + position * SYMBOL_SIZE;
    memory.write(entry, original.subarray(n * SYMBOL_SIZE, (n + 1) * SYMBOL_SIZE));
    memory.setU32(entry, name);
    memory.setU64(entry + 8, values[n] as bigint);
    memory.write(core + at.strtab + name, fromLatin1(symbol.name));
    name += symbol.name.length + 1;
  });
  memory.write(
    core + at.typetab,
    Uint8Array.from(layout.coreSymbols, (n) => types[n] as number),
  );
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
