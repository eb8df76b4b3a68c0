// What load_module() refuses before it allocates anything. Order and texts: kernel/module/main.c, elf_validity_check().
import { EBADMSG, ENOEXEC } from '#abi';
import { ELF_HEADER_SIZE, ElfFile, SECTION_HEADER_SIZE, type Section, SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_SYMTAB } from '#elf';

/** A refusal: the errno, and the record that Linux prints (level 3) when it prints one. */
export class Refusal {
  readonly errno: number;
  readonly message: string | undefined;
  readonly level: number;
  constructor(errno: number, message?: string, level = 3) {
    this.errno = errno;
    this.message = message;
    this.level = level;
  }
}

const SIGNATURE_MAGIC = '~Module signature appended~\n';
const SIGNATURE_TRAILER = 12;
const PKEY_ID_PKCS7 = 2;
const EM_X86_64 = 62;
const ET_REL = 1;

export type Signature = 'none' | 'pkcs7' | 'unknown-type';

/** Splits an appended signature from the ELF file. */
export function splitSignature(image: Uint8Array): { elf: Uint8Array; signature: Signature } | Refusal {
  const end = image.length - SIGNATURE_MAGIC.length;
  const marked = end > 0 && [...SIGNATURE_MAGIC].every((letter, n) => image[end + n] === letter.charCodeAt(0));
  if (!marked) return { elf: image, signature: 'none' };
  const trailer = end - SIGNATURE_TRAILER;
  if (trailer < 0) return new Refusal(EBADMSG);
  const view = new DataView(image.buffer, image.byteOffset + trailer, SIGNATURE_TRAILER);
  const size = view.getUint32(8, false);
  if (size >= trailer) return new Refusal(EBADMSG);
  const elf = image.subarray(0, trailer - size);
  if (view.getUint8(2) !== PKEY_ID_PKCS7) return { elf, signature: 'unknown-type' };
  const reserved = [0, 1, 3, 4, 5, 6, 7].some((offset) => view.getUint8(offset) !== 0);
  if (reserved) return new Refusal(EBADMSG, 'module: PKCS#7 signature info has unexpected non-zero params');
  return { elf, signature: 'pkcs7' };
}

/** Checks the ELF structure as elf_validity_check() does. */
export function checkElf(image: Uint8Array): ElfFile | Refusal {
  const refuse = (message: string): Refusal => new Refusal(ENOEXEC, message);
  const size = image.length;
  if (size < ELF_HEADER_SIZE) return refuse(`Invalid ELF header len ${size}`);
  const view = new DataView(image.buffer, image.byteOffset, size);
  if (view.getUint32(0, false) !== 0x7f454c46) return refuse('Invalid ELF header magic: != \x7fELF');
  const type = view.getUint16(16, true);
  if (type !== ET_REL) return refuse(`Invalid ELF header type: ${type} != ${ET_REL}`);
  const machine = view.getUint16(18, true);
  if (machine !== EM_X86_64) return refuse(`Invalid architecture in ELF header: ${machine}`);
  if (view.getUint16(58, true) !== SECTION_HEADER_SIZE) return refuse('Invalid ELF section header size');
  const offset = view.getBigUint64(40, true);
  const count = view.getUint16(60, true);
  if (offset >= BigInt(size) || BigInt(count * SECTION_HEADER_SIZE) > BigInt(size) - offset) {
    return refuse('Invalid ELF section header overflow');
  }
  const names = view.getUint16(62, true);
  if (names === 0 || names >= count) {
    return refuse(`Invalid ELF section name index: ${names} || e_shstrndx (${names}) >= e_shnum (${count})`);
  }
  const elf = new ElfFile(image);
  return checkSections(elf, elf.sections[names] as Section) ?? elf;
}

/** Sizes are u64 in the file: read as numbers they stay large, so that a sum that would wrap is out of range too. */
const inFile = (elf: ElfFile, section: Section): boolean => section.offset + section.size <= elf.bytes.length;

function checkSections(elf: ElfFile, names: Section): Refusal | undefined {
  const refuse = (message: string): Refusal => new Refusal(ENOEXEC, message);
  const count = elf.header.sectionCount;
  if (!inFile(elf, names)) return refuse(`Invalid ELF section hdr(type ${names.type})`);
  if (names.size === 0) return refuse('empty section name table');
  if (elf.bytes[names.offset + names.size - 1] !== 0) return refuse("ELF Spec violation: section name table isn't null terminated");
  const first = elf.sections[0] as Section;
  if (first.type !== SHT_NULL || first.size !== 0 || first.address !== 0) {
    return refuse(`ELF Spec violation: section 0 type(${first.type})!=SH_NULL or non-zero len or addr`);
  }
  for (const section of elf.sections.slice(1)) {
    if (section.type === SHT_NULL || section.type === SHT_NOBITS) continue;
    if (section.type === SHT_SYMTAB && (section.link === 0 || section.link >= count)) {
      return refuse(`Invalid ELF sh_link!=SHN_UNDEF(${section.link}) or (sh_link(${section.link}) >= hdr->e_shnum(${count})`);
    }
    if (!inFile(elf, section)) return refuse(`Invalid ELF section in module (section ${section.index} type ${section.type})`);
    if ((section.flags & SHF_ALLOC) !== 0 && section.nameOffset >= names.size) {
      return refuse(`Invalid ELF section name in module (section ${section.index} type ${section.type})`);
    }
  }
  return undefined;
}
