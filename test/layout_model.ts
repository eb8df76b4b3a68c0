// A second reading of where the loader puts sections, written from the rules in linux-modules.md 2.2 alone and not from kobox's code.
import { type ElfFile, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_SYMTAB } from '#elf';

const up = (value: number, to: number): number => Math.ceil(value / Math.max(to, 1)) * Math.max(to, 1);

export interface ModelPlaces {
  readonly core: number;
  readonly init: number;
  /** Section index to [area, offset]. */
  readonly places: ReadonlyMap<number, readonly ['core' | 'init', number]>;
}
export function placeByTheRules(elf: ElfFile): ModelPlaces {
  const notLoaded = new Set(['__versions', '.modinfo', '.data..percpu']);
  const afterInit = new Set(['.data..ro_after_init', '__jump_table']);
  const classOf = elf.sections.map(({ flags, name }) => {
    if ((flags & SHF_ALLOC) === 0 || notLoaded.has(name)) return 0;
    if ((flags & SHF_EXECINSTR) !== 0) return 1;
    if ((flags & SHF_WRITE) === 0) return 2;
    return afterInit.has(name) ? 3 : 4;
  });
  const places = new Map<number, readonly ['core' | 'init', number]>();
  const size = { core: 0, init: 0 };
  for (const area of ['core', 'init'] as const) {
    for (const kind of [1, 2, 3, 4]) {
      elf.sections.forEach(({ name, align, size: bytes, index }) => {
        if (classOf[index] !== kind || name.startsWith('.init') !== (area === 'init')) return;
        const at = up(size[area], align);
        places.set(index, [area, at]);
        size[area] = at + bytes;
      });
      if (kind !== 3 || area === 'core') size[area] = up(size[area], 4096);
    }
  }
  const symtab = elf.sections.find(({ type }) => type === SHT_SYMTAB);
  if (symtab === undefined) throw new Error('no symbol table');
  const symbols = elf.symbols(symtab);
  const strtab = elf.sections[symtab.link];
  const percpu = elf.sections.find(({ name }) => name === '.data..percpu');
  size.init = up(size.init, 8);
  places.set(symtab.index, ['init', size.init]);
  size.init += symtab.size;
  const kept = symbols.filter(
    (symbol, n) =>
      n === 0 ||
      (symbol.nameOffset !== 0 && symbol.section !== 0 && (symbol.section === percpu?.index || places.get(symbol.section)?.[0] === 'core')),
  );
  const names = kept.reduce((sum, { name }) => sum + name.length + 1, 0);
  size.core = up(up(size.core, 8) + kept.length * 24 + names + kept.length, 4096);
  places.set(symtab.link, ['init', size.init]);
  size.init = up(up(size.init + (strtab?.size ?? 0), 8) + 32 + symbols.length, 4096);
  return { core: size.core, init: size.init, places };
}
