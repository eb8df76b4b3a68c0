// What a vmlinux (the ELF file inside a kernel image) tells: symbols, versions, BTF, data. It has sections, but no symtab:
// names come from kallsyms.
import { ImportError } from './errors.ts';
import { decodeKallsyms, type Symbol } from './kallsyms.ts';

interface Section {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}
/** A BUG() or WARN() of the kernel's own. */
export interface Bug {
  /** Of the ud2 instruction: the low half. */
  readonly address: number;
  readonly file: string;
  readonly line: number;
}
/** A pr_debug() of the kernel's own. */
export interface DebugSite {
  readonly module: string;
  readonly function: string;
  readonly file: string;
  readonly format: string;
  readonly line: number;
  readonly classId: number;
  readonly flags: number;
}
export interface Export {
  readonly name: string;
  readonly address: number;
  readonly crc: number;
  readonly gpl: boolean;
  readonly namespace: string;
}

const TWO32 = 2 ** 32;
const KSYMTAB_ENTRY = 12;
const BUG_ENTRY = 12;
const DDEBUG_ENTRY = 56;
const SHF_ALLOC = 2;
const SHT_NOBITS = 8;

export class Vmlinux {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #sections = new Map<string, Section>();
  readonly #loaded: Section[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 64 || this.#view.getUint32(0, false) !== 0x7f454c46) throw new ImportError('not an ELF file', 0);
    try {
      this.#readSections();
    } catch (error) {
      if (error instanceof RangeError) throw new ImportError('truncated ELF file');
      throw error;
    }
  }
  #readSections(): void {
    const view = this.#view;
    const table = Number(view.getBigUint64(40, true));
    const count = view.getUint16(60, true);
    const names = Number(view.getBigUint64(table + view.getUint16(62, true) * 64 + 24, true));
    for (let n = 1; n < count; n++) {
      const at = table + n * 64;
      const section: Section = {
        name: this.#stringAt(names + view.getUint32(at, true)),
        address: view.getUint32(at + 16, true),
        offset: Number(view.getBigUint64(at + 24, true)),
        size: Number(view.getBigUint64(at + 32, true)),
      };
      this.#sections.set(section.name, section);
      const inFile = view.getUint32(at + 4, true) !== SHT_NOBITS;
      if ((view.getUint32(at + 8, true) & SHF_ALLOC) !== 0 && inFile && section.address !== 0) this.#loaded.push(section);
    }
  }
  #stringAt(offset: number): string {
    const end = this.#bytes.indexOf(0, offset);
    if (end < 0 || offset > this.#bytes.length) throw new ImportError('string past the end', offset);
    return new TextDecoder().decode(this.#bytes.subarray(offset, end));
  }
  /** Bytes of a section, or undefined. */
  section(name: string): Uint8Array | undefined {
    const section = this.#sections.get(name);
    return section && this.#bytes.subarray(section.offset, section.offset + section.size);
  }
  /** `size` bytes at the virtual address with this low half, when the file holds them. */
  at(low: number, size: number): Uint8Array | undefined {
    const section = this.#loaded.find((s) => low >= s.address && low + size <= s.address + s.size);
    return section && this.#bytes.subarray(section.offset + low - section.address, section.offset + low - section.address + size);
  }
  /** File offset of the loaded byte at a virtual address's low half. */
  #offsetOf(low: number): number {
    const section = this.#loaded.find((s) => low >= s.address && low < s.address + s.size);
    if (section === undefined) throw new ImportError(`address ${low.toString(16)} is in no section`);
    return section.offset + low - section.address;
  }
  exports(): Export[] {
    return [...this.#exportsOf('__ksymtab', '__kcrctab', false), ...this.#exportsOf('__ksymtab_gpl', '__kcrctab_gpl', true)];
  }
  #exportsOf(table: string, crcs: string, gpl: boolean): Export[] {
    const symbols = this.#sections.get(table);
    const versions = this.#sections.get(crcs);
    if (symbols === undefined) throw new ImportError(`no section ${table}`);
    const view = this.#view;
    return Array.from({ length: symbols.size / KSYMTAB_ENTRY }, (_, n) => {
      const file = symbols.offset + n * KSYMTAB_ENTRY;
      const address = symbols.address + n * KSYMTAB_ENTRY;
      const target = (field: number): number => (address + field + view.getInt32(file + field, true)) >>> 0;
      const space = view.getInt32(file + 8, true);
      return {
        name: this.#stringAt(this.#offsetOf(target(4))),
        address: target(0),
        gpl,
        namespace: space === 0 ? '' : this.#stringAt(this.#offsetOf(target(8))),
        crc: versions === undefined ? 0 : view.getUint32(versions.offset + n * 4, true),
      };
    });
  }
  /** In the order of the table. Source: struct bug_entry with relative pointers and verbose lines. */
  bugs(): Bug[] {
    const table = this.#sections.get('__bug_table');
    if (table === undefined) throw new ImportError('no section __bug_table');
    const view = this.#view;
    return Array.from({ length: Math.floor(table.size / BUG_ENTRY) }, (_, n) => {
      const file = table.offset + n * BUG_ENTRY;
      const target = (field: number): number => (table.address + n * BUG_ENTRY + field + view.getInt32(file + field, true)) >>> 0;
      return { address: target(0), file: this.#stringAt(this.#offsetOf(target(4))), line: view.getUint16(file + 8, true) };
    });
  }
  /** Call sites of dynamic debug, in the order of the table. Source: struct _ddebug. */
  debugSites(symbols: readonly Symbol[]): DebugSite[] {
    const bound = (name: string): number => {
      const symbol = symbols.find((each) => each.name === name);
      if (symbol === undefined) throw new ImportError(`no symbol ${name}`);
      return symbol.address;
    };
    const [start, end] = [bound('__start___dyndbg'), bound('__stop___dyndbg')];
    const view = this.#view;
    return Array.from({ length: Math.floor((end - start) / DDEBUG_ENTRY) }, (_, n) => {
      const file = this.#offsetOf(start + n * DDEBUG_ENTRY);
      const text = (field: number): string => this.#stringAt(this.#offsetOf(view.getUint32(file + field, true)));
      const bits = view.getUint32(file + 32, true);
      return {
        module: text(0),
        function: text(8),
        file: text(16),
        format: text(24),
        line: bits & 0x3ffff,
        classId: (bits >>> 18) & 0x3f,
        flags: bits >>> 24,
      };
    });
  }
  /** File offsets in .rodata where `text` stands. */
  #findTexts(text: string): number[] {
    const found: number[] = [];
    const rodata = this.#sections.get('.rodata');
    if (rodata === undefined) throw new ImportError('no section .rodata');
    const needle = new TextEncoder().encode(text);
    for (let at = rodata.offset; at < rodata.offset + rodata.size; at++) {
      at = this.#bytes.indexOf(needle[0] as number, at);
      if (at < 0) break;
      if (needle.every((byte, n) => this.#bytes[at + n] === byte)) found.push(at);
    }
    if (found.length === 0) throw new ImportError(`the image does not hold '${text}'`);
    return found;
  }
  /** linux_banner, without its newline. */
  banner(): string {
    const texts = this.#findTexts('Linux version ').map((at) => this.#stringAt(at).trimEnd());
    // A copy without the build number is left over from the first pass of the link.
    return texts.find((text) => /\) #\d/.test(text)) ?? (texts[0] as string);
  }
  vermagic(release: string): string {
    return this.#stringAt(this.#findTexts(`${release} SMP `)[0] as number);
  }
  kallsyms(): Symbol[] {
    const rodata = this.section('.rodata');
    if (rodata === undefined) throw new ImportError('no section .rodata');
    return decodeKallsyms(rodata);
  }
  btf(): Uint8Array {
    const section = this.section('.BTF');
    if (section === undefined) throw new ImportError('the kernel was built without BTF (CONFIG_DEBUG_INFO_BTF)');
    return section;
  }
}
export const signExtend = (low: number): number => (low < 0x8000_0000 ? low : low - TWO32);
