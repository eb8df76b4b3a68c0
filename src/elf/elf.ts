// Reader of 64-bit little-endian ELF relocatable files. Source: System V ABI, "Object Files"; AMD64 psABI 4.
// It reads what is there: the loader's own checks decide what is acceptable.

/** The bytes are not a readable ELF file. `offset` is in bytes from its start. */
export class ElfError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`ELF: ${message} at byte ${offset}`);
    this.offset = offset;
  }
}

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_LIVEPATCH = 0xff20;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const ELF_HEADER_SIZE = 64;
export const SECTION_HEADER_SIZE = 64;
export const SYMBOL_SIZE = 24;
export const RELA_SIZE = 24;

export interface Section {
  readonly index: number;
  /** Offset of the name in the section name table. */
  readonly nameOffset: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}
export interface ElfSymbol {
  readonly name: string;
  readonly nameOffset: number;
  readonly type: number;
  readonly binding: number;
  readonly section: number;
  readonly value: bigint;
  readonly size: number;
}
export interface Relocation {
  /** Byte offset in the section that it changes. */
  readonly offset: number;
  readonly symbol: number;
  readonly type: number;
  readonly addend: bigint;
}
export interface Header {
  readonly type: number;
  readonly machine: number;
  readonly sectionOffset: number;
  readonly sectionEntrySize: number;
  readonly sectionCount: number;
  readonly nameSection: number;
}

export class ElfFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly header: Header;
  readonly sections: readonly Section[];

  /**
   * @param partial takes a table that reaches past the end, as far as it is there.
   * @throws ElfError when the header or the section table cannot be read.
   */
  constructor(bytes: Uint8Array, { partial = false }: { readonly partial?: boolean } = {}) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < ELF_HEADER_SIZE || this.view.getUint32(0, false) !== 0x7f454c46) throw new ElfError('not an ELF file', 0);
    const { view } = this;
    this.header = {
      type: view.getUint16(16, true),
      machine: view.getUint16(18, true),
      sectionOffset: Number(view.getBigUint64(40, true)),
      sectionEntrySize: view.getUint16(58, true),
      sectionCount: view.getUint16(60, true),
      nameSection: view.getUint16(62, true),
    };
    const { sectionOffset, sectionCount, nameSection } = this.header;
    const there = Math.max(0, Math.min(sectionCount, Math.floor((bytes.length - sectionOffset) / SECTION_HEADER_SIZE)));
    if (there < sectionCount && !partial) throw new ElfError('section table past the end', 40);
    const raw = Array.from({ length: there }, (_, index) => this.#section(index));
    const names = raw[nameSection];
    this.sections = raw.map((section) => ({
      ...section,
      name: names === undefined ? '' : this.stringIn(names, section.nameOffset),
    }));
  }
  #section(index: number): Section {
    const at = this.header.sectionOffset + index * SECTION_HEADER_SIZE;
    const long = (offset: number): number => Number(this.view.getBigUint64(at + offset, true));
    return {
      index,
      name: '',
      nameOffset: this.view.getUint32(at, true),
      type: this.view.getUint32(at + 4, true),
      flags: long(8),
      address: long(16),
      offset: long(24),
      size: long(32),
      link: this.view.getUint32(at + 40, true),
      info: this.view.getUint32(at + 44, true),
      align: long(48),
      entrySize: long(56),
    };
  }
  /** Contents of a section; empty for SHT_NOBITS and for what lies outside the file. */
  contents(section: Section): Uint8Array {
    if (section.type === SHT_NOBITS || section.offset + section.size > this.bytes.length) return new Uint8Array(0);
    return this.bytes.subarray(section.offset, section.offset + section.size);
  }
  /** The NUL-terminated Latin-1 string at `offset` of a string table; '' outside it. */
  stringIn(table: Section, offset: number): string {
    const bytes = this.contents(table);
    let text = '';
    if (offset < 0) return text;
    for (let at = offset; at < bytes.length && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
    return text;
  }
  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }
  /** The symbols of a SHT_SYMTAB section. */
  symbols(table: Section): ElfSymbol[] {
    const count = Math.floor(this.contents(table).length / SYMBOL_SIZE);
    return Array.from({ length: count }, (_, n) => this.#symbol(table, n));
  }
  /** One of them. */
  symbol(table: Section, n: number): ElfSymbol | undefined {
    return n < Math.floor(this.contents(table).length / SYMBOL_SIZE) ? this.#symbol(table, n) : undefined;
  }
  #symbol(table: Section, n: number): ElfSymbol {
    const { view } = this;
    const strings = this.sections[table.link];
    const at = table.offset + n * SYMBOL_SIZE;
    const nameOffset = view.getUint32(at, true);
    const info = view.getUint8(at + 4);
    return {
      nameOffset,
      name: strings === undefined ? '' : this.stringIn(strings, nameOffset),
      type: info & 15,
      binding: info >> 4,
      section: view.getUint16(at + 6, true),
      value: view.getBigUint64(at + 8, true),
      size: Number(view.getBigUint64(at + 16, true)),
    };
  }
  relocations(section: Section): Relocation[] {
    const bytes = this.contents(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: Math.floor(bytes.length / RELA_SIZE) }, (_, n) => {
      const at = n * RELA_SIZE;
      return {
        offset: Number(view.getBigUint64(at, true)),
        type: view.getUint32(at + 8, true),
        symbol: view.getUint32(at + 12, true),
        addend: view.getBigInt64(at + 16, true),
      };
    });
  }
}

/** The tag=value strings of .modinfo, in order. */
export function modinfoEntries(bytes: Uint8Array): { readonly tag: string; readonly value: string }[] {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [tag = '', value = ''] = entry.split(/=(.*)/s);
      return { tag, value };
    });
}
