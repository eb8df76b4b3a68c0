// What load_module() refuses of a file as such. Order and texts: kernel/module/main.c, elf_validity_check(), setup_load_info().
// Each check yields its reasons: the loader stops at the first, `check` goes on where there is sense in it.
import { ENOEXEC } from '#abi';
import {
  ELF_HEADER_SIZE,
  ElfFile,
  modinfoEntries,
  SECTION_HEADER_SIZE,
  type Section,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
  SHT_NULL,
  SHT_SYMTAB,
} from '#elf';
import { type LoadReason, reason } from './reasons.ts';

const EM_X86_64 = 62;
const ET_REL = 1;
const E_TYPE = 16;
const E_MACHINE = 18;
const E_SHOFF = 40;
const E_SHENTSIZE = 58;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;
const SECTION_FLAGS = 8;
const SECTION_OFFSET = 24;
const SECTION_LINK = 40;
const MODULE_NAME_LEN = 56;

/** Checks of a file yield reasons and return what they made of it: undefined when it is useless. */
export type Checked<T> = Generator<LoadReason, T | undefined>;

/** The ELF structure, as elf_validity_check() demands it. */
export function* checkElf(image: Uint8Array): Checked<ElfFile> {
  const size = image.length;
  const header = (text: string, offset: number, expected: string, found: string): LoadReason =>
    reason('elf-header', ENOEXEC, text, { offset, expected, found });
  if (size < ELF_HEADER_SIZE) {
    yield header(`Invalid ELF header len ${size}`, 0, `at least ${ELF_HEADER_SIZE} bytes`, `${size}`);
    return undefined;
  }
  const view = new DataView(image.buffer, image.byteOffset, size);
  if (view.getUint32(0, false) !== 0x7f454c46) {
    yield header('Invalid ELF header magic: != \x7fELF', 0, '\\x7fELF', `0x${view.getUint32(0, false).toString(16)}`);
    return undefined;
  }
  const type = view.getUint16(E_TYPE, true);
  if (type !== ET_REL) yield header(`Invalid ELF header type: ${type} != ${ET_REL}`, E_TYPE, `${ET_REL}`, `${type}`);
  const machine = view.getUint16(E_MACHINE, true);
  if (machine !== EM_X86_64) yield header(`Invalid architecture in ELF header: ${machine}`, E_MACHINE, `${EM_X86_64}`, `${machine}`);
  const entry = view.getUint16(E_SHENTSIZE, true);
  if (entry !== SECTION_HEADER_SIZE) {
    yield header('Invalid ELF section header size', E_SHENTSIZE, `${SECTION_HEADER_SIZE}`, `${entry}`);
    return undefined;
  }
  const offset = view.getBigUint64(E_SHOFF, true);
  const count = view.getUint16(E_SHNUM, true);
  if (offset >= BigInt(size) || BigInt(count * SECTION_HEADER_SIZE) > BigInt(size) - offset) {
    const found = `${count} sections from byte ${offset} on`;
    yield header('Invalid ELF section header overflow', E_SHOFF, `a section table in the file's ${size} bytes`, found);
    return undefined;
  }
  const names = view.getUint16(E_SHSTRNDX, true);
  if (names === 0 || names >= count) {
    const text = `Invalid ELF section name index: ${names} || e_shstrndx (${names}) >= e_shnum (${count})`;
    yield header(text, E_SHSTRNDX, `1 to ${count - 1}`, `${names}`);
    return undefined;
  }
  const elf = new ElfFile(image);
  const usable = yield* checkSections(elf, elf.sections[names] as Section);
  return usable === true ? elf : undefined;
}

/** Sizes are u64 in the file: read as numbers they stay large, so that a sum that would wrap is out of range too. */
const inFile = (elf: ElfFile, section: Section): boolean => section.offset + section.size <= elf.bytes.length;

function* checkSections(elf: ElfFile, names: Section): Checked<true> {
  const count = elf.header.sectionCount;
  const at = (section: Section, field = 0): number => elf.header.sectionOffset + section.index * SECTION_HEADER_SIZE + field;
  const wrong = (text: string, section: Section, field: number, expected: string, found: string): LoadReason =>
    reason('elf-sections', ENOEXEC, text, { section: section.name, offset: at(section, field), expected, found });
  const place = (section: Section): string => `${section.size} bytes from ${section.offset} on`;
  const within = `within the file's ${elf.bytes.length} bytes`;
  if (!inFile(elf, names)) {
    yield wrong(`Invalid ELF section hdr(type ${names.type})`, names, SECTION_OFFSET, within, place(names));
    return undefined;
  }
  if (names.size === 0) {
    yield wrong('empty section name table', names, SECTION_OFFSET, 'names', 'nothing');
    return undefined;
  }
  const last = elf.bytes[names.offset + names.size - 1];
  if (last !== 0) {
    yield wrong("ELF Spec violation: section name table isn't null terminated", names, SECTION_OFFSET, '0 at its end', `${last}`);
    return undefined;
  }
  const first = elf.sections[0] as Section;
  if (first.type !== SHT_NULL || first.size !== 0 || first.address !== 0) {
    const text = `ELF Spec violation: section 0 type(${first.type})!=SH_NULL or non-zero len or addr`;
    yield wrong(text, first, 0, 'zeros', `type ${first.type}, size ${first.size}, address ${first.address}`);
  }
  let usable = true;
  for (const section of elf.sections.slice(1)) {
    const { index, type, link } = section;
    if (type === SHT_NULL || type === SHT_NOBITS) continue;
    if (type === SHT_SYMTAB && (link === 0 || link >= count)) {
      const text = `Invalid ELF sh_link!=SHN_UNDEF(${link}) or (sh_link(${link}) >= hdr->e_shnum(${count})`;
      yield wrong(text, section, SECTION_LINK, `1 to ${count - 1}`, `${link}`);
      usable = false;
    }
    if (!inFile(elf, section)) {
      yield wrong(`Invalid ELF section in module (section ${index} type ${type})`, section, SECTION_OFFSET, within, place(section));
      usable = false;
    } else if ((section.flags & SHF_ALLOC) !== 0 && section.nameOffset >= names.size) {
      const text = `Invalid ELF section name in module (section ${index} type ${type})`;
      yield wrong(text, section, 0, `less than ${names.size}`, `${section.nameOffset}`);
      usable = false;
    }
  }
  return usable ? true : undefined;
}

/** A file that is a module: what the loader looks up in it before it allocates anything. */
export interface ModuleFile {
  readonly elf: ElfFile;
  readonly symtab: Section;
  readonly thisModule: Section;
  readonly modinfo: readonly { readonly tag: string; readonly value: string }[];
  /** .modinfo's name=, which early messages and the blacklist use; struct module's where there is none. */
  readonly infoName: string;
  /** struct module's, which counts. */
  readonly name: string;
  /** The first value of a tag of .modinfo. */
  tag(name: string): string | undefined;
}
/** The first section of this name that is to be loaded. Linux: find_sec(). */
export function findSection(elf: ElfFile, name: string): Section | undefined {
  return elf.sections.find((section) => (section.flags & SHF_ALLOC) !== 0 && section.name === name);
}
/** `nameOffset`: of `struct module`'s name; `structSize`: of the struct. */
export function* checkModuleFile(elf: ElfFile, nameOffset: number, structSize: number): Checked<ModuleFile> {
  const info = findSection(elf, '.modinfo');
  const modinfo = info === undefined ? [] : modinfoEntries(elf.contents(info));
  const tag = (name: string): string | undefined => modinfo.find((entry) => entry.tag === name)?.value;
  const known = tag('name') ?? '(missing .modinfo section or name field)';
  const symtab = elf.sections.find(({ type }) => type === SHT_SYMTAB);
  if (symtab === undefined) yield reason('symbol-table', ENOEXEC, `${known}: module has no symbols (stripped?)`, { level: 'warning' });
  const thisModule = findSection(elf, '.gnu.linkonce.this_module');
  // Linux 6.1 does not look at its size; a shorter one cannot be used, so we refuse where Linux would read on.
  if (thisModule === undefined || elf.contents(thisModule).length < structSize) {
    const found = thisModule === undefined ? 'no such section' : `${elf.contents(thisModule).length} bytes`;
    const details = { section: '.gnu.linkonce.this_module', expected: `struct module, ${structSize} bytes`, found };
    yield reason('this-module', ENOEXEC, `${known}: No module found in object`, { level: 'warning', ...details });
    return undefined;
  }
  const name = cString(elf.contents(thisModule).subarray(nameOffset, nameOffset + MODULE_NAME_LEN));
  return symtab && { elf, symtab, thisModule, modinfo, tag, name, infoName: tag('name') ?? name };
}
function cString(field: Uint8Array): string {
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? field.length - 1 : end));
}

/** module_enforce_rwx_sections(). */
export function* checkSectionFlags({ elf, name }: ModuleFile): Generator<LoadReason> {
  const both = SHF_WRITE | SHF_EXECINSTR;
  for (const section of elf.sections) {
    if ((section.flags & both) !== both) continue;
    yield reason('section-flags', ENOEXEC, `${name}: section ${section.name} (index ${section.index}) has invalid WRITE|EXEC flags`, {
      section: section.name,
      offset: elf.header.sectionOffset + section.index * SECTION_HEADER_SIZE + SECTION_FLAGS,
      expected: 'WRITE or EXECINSTR',
      found: 'both',
    });
  }
}
