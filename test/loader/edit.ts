// Changes a module file in place: fields of headers, section headers, symbols, relocations, .modinfo, CRCs.
import { ElfFile, type ElfSymbol, RELA_SIZE, SECTION_HEADER_SIZE, type Section, SYMBOL_SIZE } from '#elf';

/** Offsets of fields (System V ABI). */
export const EHDR = { type: 16, machine: 18, shoff: 40, ehsize: 52, shentsize: 58, shnum: 60, shstrndx: 62 } as const;
export const SHDR = { name: 0, type: 4, flags: 8, addr: 16, offset: 24, size: 32, link: 40, info: 44, align: 48, entsize: 56 } as const;
const WIDE: ReadonlySet<number> = new Set([SHDR.flags, SHDR.addr, SHDR.offset, SHDR.size, SHDR.align, SHDR.entsize]);
const NAME_OF_MODULE = 24;
const MODVERSION = 64;
const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

export class Edit {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly elf: ElfFile;
  constructor(original: Uint8Array) {
    this.bytes = original.slice();
    this.view = new DataView(this.bytes.buffer);
    this.elf = new ElfFile(original.slice());
  }
  section(name: string): Section {
    const found = this.elf.section(name);
    if (found === undefined) throw new Error(`no section ${name}`);
    return found;
  }
  header(field: keyof typeof EHDR, value: number): this {
    if (field === 'shoff') this.view.setBigUint64(EHDR.shoff, BigInt(value), true);
    else this.view.setUint16(EHDR[field], value, true);
    return this;
  }
  sectionField(name: string | number, field: keyof typeof SHDR, value: number | bigint): this {
    const index = typeof name === 'number' ? name : this.section(name).index;
    const at = this.elf.header.sectionOffset + index * SECTION_HEADER_SIZE + SHDR[field];
    if (WIDE.has(SHDR[field])) this.view.setBigUint64(at, BigInt(value), true);
    else this.view.setUint32(at, Number(value), true);
    return this;
  }
  /** Replaces the first `from` in a section by `to`, which is not longer; the rest is filled with NULs. */
  text(section: string, from: string, to: string): this {
    const { offset, size } = this.section(section);
    const at = latin1(this.bytes.subarray(offset, offset + size)).indexOf(from);
    if (at < 0 || to.length > from.length) throw new Error(`cannot replace ${from} in ${section}`);
    for (let n = 0; n < from.length; n++) this.bytes[offset + at + n] = n < to.length ? to.charCodeAt(n) : 0;
    return this;
  }
  modinfo(from: string, to: string): this {
    return this.text('.modinfo', from, to);
  }
  /** struct module's name. */
  name(name: string): this {
    const { offset } = this.section('.gnu.linkonce.this_module');
    this.bytes.fill(0, offset + NAME_OF_MODULE, offset + NAME_OF_MODULE + 56);
    for (let n = 0; n < name.length; n++) this.bytes[offset + NAME_OF_MODULE + n] = name.charCodeAt(n);
    return this;
  }
  #symbol(name: string): { readonly at: number; readonly symbol: ElfSymbol } {
    const table = this.section('.symtab');
    const symbols = this.elf.symbols(table);
    const index = symbols.findIndex((symbol) => symbol.name === name);
    if (index < 0) throw new Error(`no symbol ${name}`);
    return { at: table.offset + index * SYMBOL_SIZE, symbol: symbols[index] as ElfSymbol };
  }
  symbolSection(name: string, index: number): this {
    this.view.setUint16(this.#symbol(name).at + 6, index, true);
    return this;
  }
  symbolBinding(name: string, binding: number): this {
    const { at, symbol } = this.#symbol(name);
    this.view.setUint8(at + 4, (binding << 4) | symbol.type);
    return this;
  }
  /** Gives the symbol another name of at most the same length. */
  symbolName(from: string, to: string): this {
    return this.text('.strtab', `\0${from}\0`, `\0${to}\0`);
  }
  symbolValue(name: string, value: bigint): this {
    this.view.setBigUint64(this.#symbol(name).at + 8, value, true);
    return this;
  }
  relocation(section: string, n: number, change: { type?: number; addend?: bigint; offset?: bigint }): this {
    const at = this.section(section).offset + n * RELA_SIZE;
    if (change.offset !== undefined) this.view.setBigUint64(at, change.offset, true);
    if (change.type !== undefined) this.view.setUint32(at + 8, change.type, true);
    if (change.addend !== undefined) this.view.setBigInt64(at + 16, change.addend, true);
    return this;
  }
  /** The index of the first relocation of `section` with this type. */
  firstRelocation(section: string, type: number): number {
    return this.elf.relocations(this.section(section)).findIndex((relocation) => relocation.type === type);
  }
  poke(section: string, offset: number, bytes: readonly number[]): this {
    this.bytes.set(bytes, this.section(section).offset + offset);
    return this;
  }
  #version(symbol: string): number {
    const { offset, size } = this.section('__versions');
    for (let at = offset; at < offset + size; at += MODVERSION)
      if (latin1(this.bytes.subarray(at + 8, at + MODVERSION)).startsWith(`${symbol}\0`)) return at;
    throw new Error(`no version of ${symbol}`);
  }
  crc(symbol: string, crc: number): this {
    this.view.setUint32(this.#version(symbol), crc, true);
    return this;
  }
  /** Takes the entry of a symbol away by giving it another name. */
  noCrc(symbol: string): this {
    this.bytes[this.#version(symbol) + 8] = 0x21;
    return this;
  }
  truncate(size: number): Uint8Array {
    return this.bytes.slice(0, size);
  }
  append(...bytes: readonly number[]): Uint8Array {
    return new Uint8Array([...this.bytes, ...bytes]);
  }
}
/** Bytes of `content` with a signature trailer: `message`, and the fields of struct module_signature. */
export function signed(
  content: Uint8Array,
  message: Uint8Array,
  fields: Partial<Record<number, number>> = {},
  size = message.length,
): Uint8Array {
  const trailer = new Uint8Array(12);
  trailer[2] = 2;
  new DataView(trailer.buffer).setUint32(8, size, false);
  for (const [at, value] of Object.entries(fields)) trailer[Number(at)] = value as number;
  const magic = new TextEncoder().encode('~Module signature appended~\n');
  return new Uint8Array([...content, ...message, ...trailer, ...magic]);
}
/** The parts of a signed file. */
export function unsigned(file: Uint8Array): { readonly content: Uint8Array; readonly message: Uint8Array } {
  const trailer = file.length - 28 - 12;
  const size = new DataView(file.buffer, file.byteOffset).getUint32(trailer + 8, false);
  return { content: file.slice(0, trailer - size), message: file.slice(trailer - size, trailer) };
}
