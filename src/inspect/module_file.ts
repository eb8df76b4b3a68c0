// A module file as the loader will see it: its ELF file, where each section goes, and what is broken.
import {
  ElfError,
  ElfFile,
  type ElfSymbol,
  modinfoEntries,
  type Relocation,
  type Section,
  SHN_ABS,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_RELA,
  SHT_SYMTAB,
} from '#elf';
import { type Addr, kernelAddr, type Layout, layOut, MODULES, readVersions } from '#kernel';
import { signatureTrailer } from '#kmod';

const PAGE = 4096;
export const THIS_MODULE = '.gnu.linkonce.this_module';

const PKEY_ID_PKCS7 = 2;

/** Where a module's two areas begin. */
export interface Bases {
  readonly core: Addr;
  readonly init: Addr;
}
/** A place in the file that a relocation fills: the symbol that it names, and what is added. */
export interface Target {
  readonly symbol: ElfSymbol;
  readonly addend: number;
}

export class ModuleFile {
  readonly bytes: Uint8Array;
  /** Undefined when there is no ELF header. */
  readonly elf: ElfFile | undefined;
  readonly symtab: Section | undefined;
  readonly modinfo: readonly { readonly tag: string; readonly value: string }[];
  /** CRC by symbol; undefined without a section __versions. */
  readonly versions: ReadonlyMap<string, number> | undefined;
  readonly #at: Bases | undefined;
  #symbols: readonly ElfSymbol[] | undefined;
  #laidOut: { readonly layout: Layout | undefined } | undefined;
  /** What is broken, in words. */
  readonly problems: string[] = [];
  readonly #relocations = new Map<Section, readonly Relocation[]>();

  /** @param at where the module would be loaded: as the first one after a start with `nokaslr`, unless told. */
  constructor(bytes: Uint8Array, at?: Bases) {
    this.bytes = bytes;
    this.elf = this.#open();
    this.symtab = this.elf?.sections.find(({ type }) => type === SHT_SYMTAB);
    if (this.elf !== undefined && this.symtab === undefined) this.problems.push('there is no symbol table: it was stripped, or lost');
    const info = this.elf?.section('.modinfo');
    if (this.elf !== undefined && info === undefined) this.problems.push('there is no section .modinfo');
    this.modinfo = this.elf !== undefined && info !== undefined ? modinfoEntries(this.elf.contents(info)) : [];
    if (this.elf !== undefined && this.elf.section(THIS_MODULE) === undefined) this.problems.push(`there is no section ${THIS_MODULE}`);
    this.versions = this.elf && readVersions(this.elf);
    this.#at = at;
    if (this.elf !== undefined && this.symtab !== undefined && this.elf.sections[this.symtab.link] === undefined)
      this.problems.push(`the symbol table's names (section ${this.symtab.link}) are not there`);
  }
  /** All symbols: read when they are first asked for, as is the layout. */
  get symbols(): readonly ElfSymbol[] {
    this.#symbols ??= this.elf !== undefined && this.symtab !== undefined ? this.elf.symbols(this.symtab) : [];
    return this.#symbols;
  }
  symbol(n: number): ElfSymbol | undefined {
    if (this.#symbols !== undefined) return this.#symbols[n];
    return this.symtab && this.elf?.symbol(this.symtab, n);
  }
  get layout(): Layout | undefined {
    this.#laidOut ??= { layout: this.#layOut() };
    return this.#laidOut.layout;
  }
  get bases(): Bases {
    const core = kernelAddr(MODULES.start);
    return this.#at ?? { core, init: core + (this.layout?.core.size ?? 0) + PAGE };
  }
  /** The ELF file: what stands before an appended signature. */
  #open(): ElfFile | undefined {
    const trailer = signatureTrailer(this.bytes);
    // Of another kind of signature the kernel does not know how long it is: what follows the sections does not matter.
    const split = trailer?.id_type === PKEY_ID_PKCS7;
    const size = split ? trailer.offset - trailer.sig_len : this.bytes.length;
    if (size < 0) this.problems.push(`the signature's length (${trailer?.sig_len}) is more than the file has`);
    try {
      const elf = new ElfFile(this.bytes.subarray(0, size < 0 ? trailer?.offset : size), { partial: true });
      this.#checkSections(elf);
      return elf;
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
      this.problems.push(this.bytes.length === 0 ? 'the file is empty' : error.message);
      return undefined;
    }
  }
  #checkSections(elf: ElfFile): void {
    const { sectionCount, sectionOffset, nameSection } = elf.header;
    if (elf.sections.length < sectionCount) {
      this.problems.push(
        `the section table (${sectionCount} entries at byte ${sectionOffset}) reaches past the end of the ELF file (${elf.bytes.length} bytes): ${elf.sections.length} entries are there`,
      );
    }
    if (elf.sections[nameSection] === undefined && elf.sections.length > 0)
      this.problems.push(`the table of section names (section ${nameSection}) is not there`);
    for (const { index, name, type, offset, size } of elf.sections) {
      if (type !== SHT_NOBITS && offset + size > elf.bytes.length)
        this.problems.push(
          `section ${index} (${name || 'without a name'}) lies outside the file: ${size} bytes at ${offset} of ${elf.bytes.length}`,
        );
    }
  }
  #layOut(): Layout | undefined {
    const { elf, symtab } = this;
    if (elf === undefined || symtab === undefined) return undefined;
    if (elf.sections[symtab.link] === undefined) return undefined;
    return layOut(elf, symtab, this.symbols);
  }
  tag(name: string): string | undefined {
    return this.modinfo.find(({ tag }) => tag === name)?.value;
  }
  tags(name: string): string[] {
    return this.modinfo.filter(({ tag }) => tag === name).map(({ value }) => value);
  }
  get name(): string | undefined {
    return this.tag('name');
  }
  section(name: string): Section | undefined {
    return this.elf?.section(name);
  }
  contents(section: Section): Uint8Array {
    return this.elf?.contents(section) ?? new Uint8Array(0);
  }
  /** Where a section will lie; undefined when it is not loaded. */
  addressOf(section: number): Addr | undefined {
    const placed = this.layout?.placed.get(section);
    return placed && (placed.area === 'core' ? this.bases.core : this.bases.init) + placed.offset;
  }
  /** st_value as the loader leaves it; undefined for symbols of other modules, and of what is not loaded. */
  symbolAddress(symbol: ElfSymbol): Addr | undefined {
    if (symbol.section === SHN_UNDEF) return undefined;
    if (symbol.section === SHN_ABS) return Number(symbol.value);
    const base = this.addressOf(symbol.section);
    return base === undefined ? undefined : base + Number(symbol.value);
  }
  relocations(section: Section): readonly Relocation[] {
    let known = this.#relocations.get(section);
    if (known === undefined) {
      known = this.elf?.relocations(section) ?? [];
      this.#relocations.set(section, known);
    }
    return known;
  }
  /** The relocation sections that change a section. */
  relocationsOf(section: Section): Section[] {
    return (this.elf?.sections ?? []).filter(({ type, info }) => type === SHT_RELA && info === section.index);
  }
  /** What the relocations of a section put in: by byte offset in it. */
  targets(section: Section): ReadonlyMap<number, Target> {
    const found = new Map<number, Target>();
    for (const table of this.relocationsOf(section)) {
      for (const { offset, symbol, addend } of this.relocations(table)) {
        const target = this.symbol(symbol);
        if (target !== undefined) found.set(offset, { symbol: target, addend: Number(addend) });
      }
    }
    return found;
  }
  /** The address that a target means; undefined for symbols that others have. */
  targetAddress(target: Target | undefined): Addr | undefined {
    const address = target && this.symbolAddress(target.symbol);
    return address === undefined ? undefined : address + (target?.addend ?? 0);
  }
  /** The string that a target points to; undefined when it points out of the file's sections. */
  stringAt(target: Target | undefined): string | undefined {
    const section = target && this.elf?.sections[target.symbol.section];
    if (target === undefined || section === undefined || section.type === SHT_NOBITS) return undefined;
    return this.elf?.stringIn(section, Number(target.symbol.value) + target.addend);
  }
}
