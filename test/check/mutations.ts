// Modules damaged or altered on purpose: each is refused by one check, or by several at once; a few are still loaded.
import { ElfFile, RELA_SIZE, SECTION_HEADER_SIZE, type Section, SHT_NOBITS, SYMBOL_SIZE } from '#elf';

const HEADER = { magic: 0, type: 16, machine: 18, sections: 40, entrySize: 58, names: 62 } as const;
const SECTION = { type: 4, flags: 8, offset: 24, size: 32, link: 40 } as const;
const SYMBOL = { section: 6 } as const;
const RELOCATION = { type: 8, addend: 16 } as const;
const SHF_WRITE_EXEC = 5;

/** A copy of a module whose fields can be set. */
export class Altered {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly elf: ElfFile;
  constructor(original: Uint8Array) {
    this.bytes = Uint8Array.from(original);
    this.view = new DataView(this.bytes.buffer);
    this.elf = new ElfFile(this.bytes);
  }
  section(name: string): Section {
    const found = this.elf.section(name);
    if (found === undefined) throw new Error(`no section ${name}`);
    return found;
  }
  /** Where a field of a section's header lies. */
  header(name: string, field: number): number {
    return this.elf.header.sectionOffset + this.section(name).index * SECTION_HEADER_SIZE + field;
  }
  /** Where the entry of a symbol lies. */
  symbol(name: string): number {
    const table = this.section('.symtab');
    const n = this.elf.symbols(table).findIndex((symbol) => symbol.name === name);
    if (n < 0) throw new Error(`no symbol ${name}`);
    return table.offset + n * SYMBOL_SIZE;
  }
  /** Where the first relocation of a type lies in a section of them. */
  relocation(table: string, type: number): { readonly at: number; readonly offset: number } {
    const section = this.section(table);
    const all = this.elf.relocations(section);
    const n = all.findIndex((each) => each.type === type);
    if (n < 0) throw new Error(`no relocation of type ${type} in ${table}`);
    return { at: section.offset + n * RELA_SIZE, offset: all[n]?.offset ?? 0 };
  }
  /** Writes `to` over `from`, which must be as long, everywhere in a section. */
  replace(section: string, from: string, to: string): void {
    const { offset, size } = this.section(section);
    const text = Buffer.from(this.bytes.buffer, offset, size);
    let at = text.indexOf(from, 0, 'latin1');
    if (at < 0 || from.length !== to.length) throw new Error(`cannot replace ${from} by ${to} in ${section}`);
    for (; at >= 0; at = text.indexOf(from, at + 1, 'latin1')) text.write(to, at, 'latin1');
  }
  /** Where the CRC of a symbol lies in __versions. */
  version(symbol: string): number {
    const { offset, size } = this.section('__versions');
    for (let at = offset; at < offset + size; at += 64) {
      if (
        Buffer.from(this.bytes.buffer, at + 8, 56)
          .toString('latin1')
          .replace(/\0.*/s, '') === symbol
      )
        return at;
    }
    throw new Error(`no version of ${symbol}`);
  }
}

export interface Mutation {
  readonly name: string;
  /** A sample of ours ('hello'), a module of Debian's ('crc7.ko'), or test/inspect/slow.ko ('slow'). */
  readonly base: string;
  /** Alters it; what it returns is taken instead. */
  readonly alter: (module: Altered) => Uint8Array | void;
}
const u16 = (at: number, value: number) => (module: Altered) => module.view.setUint16(at, value, true);
const wrongCrc = (symbol: string) => (module: Altered) => module.view.setUint32(module.version(symbol), 0x12345678, true);
const noVersion = (symbol: string) => (module: Altered) => {
  module.bytes[module.version(symbol) + 8] = 0x21;
};
const text = (section: string, from: string, to: string) => (module: Altered) => module.replace(section, from, to);
const vermagic = text('.modinfo', 'SMP preempt mod_unload', 'SMP preemqt mod_unload');
const commonSymbol = (module: Altered): void => module.view.setUint16(module.symbol('__this_module') + SYMBOL.section, 0xfff2, true);
const unknownType = (module: Altered): void =>
  module.view.setUint32(module.relocation('.rela.init.text', 4).at + RELOCATION.type, 42, true);
const unknownSymbol = text('.strtab', '_printk', '_prinqk');

/** Bytes behind the ELF file of a module that Debian signed. */
export const SIGNATURE = 681 + 12 + 28;
/** Of a signed module: the trailer's field, from its start. */
const trailer = (field: number, value: number) => (module: Altered) => {
  module.bytes[module.bytes.length - 40 + field] = value;
};
// biome-ignore format: one mutation a row, where it fits
export const mutations: readonly Mutation[] = [
  { name: 'short',             base: 'hello', alter: (module) => module.bytes.subarray(0, 40) },
  { name: 'magic',             base: 'hello', alter: (module) => module.view.setUint8(HEADER.magic, 0x7e) },
  { name: 'executable',        base: 'hello', alter: u16(HEADER.type, 3) },
  { name: 'machine',           base: 'hello', alter: u16(HEADER.machine, 183) },
  { name: 'entry-size',        base: 'hello', alter: u16(HEADER.entrySize, 60) },
  { name: 'cut',               base: 'hello', alter: (module) => module.bytes.subarray(0, 3000) },
  { name: 'no-names',          base: 'hello', alter: u16(HEADER.names, 0) },
  { name: 'names-beyond',      base: 'hello', alter: u16(HEADER.names, 500) },
  { name: 'type-and-machine',  base: 'hello', alter: (module) => { u16(HEADER.type, 2)(module); u16(HEADER.machine, 3)(module); } },
  { name: 'section-beyond',    base: 'hello', alter: (module) => module.view.setUint32(module.header('.text', SECTION.offset), 0x7fffffff, true) },
  { name: 'two-beyond',        base: 'hello', alter: (module) => { for (const name of ['.comment', '.modinfo']) module.view.setUint32(module.header(name, SECTION.size), 0x7fffffff, true); } },
  { name: 'symtab-link',       base: 'hello', alter: (module) => module.view.setUint32(module.header('.symtab', SECTION.link), 0, true) },
  { name: 'stripped',          base: 'hello', alter: (module) => module.view.setUint32(module.header('.symtab', SECTION.type), 1, true) },
  { name: 'no-this-module',    base: 'hello', alter: text('.shstrtab', '.gnu.linkonce.this_module', '.gnu.linkonce.that_module') },
  { name: 'write-exec',        base: 'hello', alter: (module) => { const at = module.header('.data', SECTION.flags); module.view.setUint32(at, module.view.getUint32(at, true) | SHF_WRITE_EXEC, true); } },
  { name: 'other-release',     base: 'hello', alter: text('.modinfo', 'vermagic=6.1.0-56', 'vermagic=6.1.0-99') },
  { name: 'vermagic',          base: 'hello', alter: vermagic },
  { name: 'no-vermagic',       base: 'hello', alter: text('.modinfo', 'vermagic=', 'vermagik=') },
  { name: 'struct-version',    base: 'hello', alter: wrongCrc('module_layout') },
  { name: 'no-struct-version', base: 'hello', alter: noVersion('module_layout') },
  { name: 'symbol-version',    base: 'hello', alter: wrongCrc('_printk') },
  { name: 'no-symbol-version', base: 'hello', alter: noVersion('_printk') },
  { name: 'two-versions',      base: 'hello', alter: (module) => { wrongCrc('_printk')(module); noVersion('__fentry__')(module); } },
  { name: 'no-versions',       base: 'hello', alter: text('.shstrtab', '__versions', '__verzions') },
  { name: 'unknown-symbol',    base: 'hello', alter: unknownSymbol },
  { name: 'gpl-symbol',        base: 'debugfile', alter: text('.modinfo', 'license=GPL', 'license=BSD') },
  { name: 'proprietary',       base: 'hello', alter: text('.modinfo', 'license=GPL', 'license=BSD') },
  { name: 'common',            base: 'hello', alter: commonSymbol },
  { name: 'reserved-index',    base: 'hello', alter: (module) => module.view.setUint16(module.symbol('__this_module') + SYMBOL.section, 0xff10, true) },
  { name: 'relocation-type',   base: 'hello', alter: unknownType },
  { name: 'relocation-field',  base: 'hello', alter: (module) => { const { offset } = module.relocation('.rela.init.text', 4); module.bytes[module.section('.init.text').offset + offset] = 1; } },
  { name: 'relocation-large',  base: 'hello', alter: (module) => module.view.setBigInt64(module.relocation('.rela.init.text', 11).at + RELOCATION.addend, 0x7fffffffffn, true) },
  { name: 'everything',        base: 'hello', alter: (module) => { for (const alter of [wrongCrc('module_layout'), vermagic, wrongCrc('__fentry__'), unknownSymbol, commonSymbol, unknownType]) alter(module); } },
  { name: 'duplicate',         base: 'slow',  alter: (module) => { for (const section of ['__ksymtab_strings', '.strtab']) module.replace(section, 'slow_plain', '__f_setown'); } },
  { name: 'percpu',            base: 'slow',  alter: (module) => { module.view.setUint32(module.header('.data..percpu', SECTION.type), SHT_NOBITS, true); module.view.setUint32(module.header('.data..percpu', SECTION.size), 16384, true); } },
  { name: 'namespace',         base: 'keywrap.ko', alter: (module) => { module.replace('.modinfo', 'import_ns=', 'import_nz='); return module.bytes.subarray(0, -SIGNATURE); } },
  { name: 'changed',           base: 'crc7.ko', alter: text('.modinfo', 'description=CRC7', 'description=CRC8') },
  { name: 'signature-length',  base: 'crc7.ko', alter: trailer(8, 0x7f) },
  { name: 'signature-kind',    base: 'crc7.ko', alter: trailer(2, 1) },
  { name: 'signature-params',  base: 'crc7.ko', alter: trailer(0, 1) },
  { name: 'signature-garbage', base: 'crc7.ko', alter: (module) => { module.bytes.fill(0xaa, module.bytes.length - SIGNATURE, module.bytes.length - 40); } },
];
