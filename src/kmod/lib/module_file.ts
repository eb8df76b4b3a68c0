// What the tools read in a module file.
import { ElfFile, modinfoEntries, SHN_UNDEF } from '#elf';

export interface ModuleFacts {
  /** .modinfo, in order. */
  readonly info: readonly { readonly tag: string; readonly value: string }[];
  /** Symbols that it exports. */
  readonly exports: readonly string[];
  /** Symbols that it wants, in the order of first mention. */
  readonly imports: readonly string[];
}
const CRC = '__crc_';
const VERSION_SIZE = 64;

/** @throws ElfError when it is not a module. */
export function readModule(bytes: Uint8Array): ModuleFacts {
  const elf = new ElfFile(bytes);
  const modinfo = elf.section('.modinfo');
  const table = elf.section('.symtab');
  const symbols = table === undefined ? [] : elf.symbols(table).slice(1);
  const crcs = symbols.filter(({ name }) => name.startsWith(CRC)).map(({ name }) => name.slice(CRC.length));
  const imports = new Set<string>();
  for (const { name, section } of symbols) if (section === SHN_UNDEF && name !== '') imports.add(name.replace(/^\./, ''));
  for (const name of versions(elf)) imports.add(name);
  return {
    info: modinfo === undefined ? [] : modinfoEntries(elf.contents(modinfo)),
    exports: crcs.length > 0 ? crcs : strings(elf, '__ksymtab_strings'),
    imports: [...imports],
  };
}
/** What .modinfo says of a parameter. */
export interface ParameterText {
  readonly name: string;
  text: string | undefined;
  type: string | undefined;
}
/** parm and parmtype joined by name, in reverse order of first mention. */
export function parameterTexts(info: ModuleFacts['info']): ParameterText[] {
  const byName = new Map<string, ParameterText>();
  for (const { tag, value } of info) {
    if (tag !== 'parm' && tag !== 'parmtype') continue;
    const [name = '', rest = ''] = value.split(/:(.*)/s);
    const known = byName.get(name) ?? { name, text: undefined, type: undefined };
    known[tag === 'parm' ? 'text' : 'type'] = rest;
    byName.set(name, known);
  }
  return [...byName.values()].reverse();
}
function strings(elf: ElfFile, name: string): string[] {
  const section = elf.section(name);
  return section === undefined
    ? []
    : latin1(elf.contents(section))
        .split('\0')
        .filter((text) => text !== '');
}
/** Names of __versions: 8 bytes of CRC, 56 of name. */
function versions(elf: ElfFile): string[] {
  const section = elf.section('__versions');
  if (section === undefined) return [];
  const bytes = elf.contents(section);
  const names: string[] = [];
  for (let at = 0; at + VERSION_SIZE <= bytes.length; at += VERSION_SIZE) {
    names.push(
      latin1(bytes.subarray(at + 8, at + VERSION_SIZE))
        .split('\0')[0]
        ?.replace(/^\./, '') ?? '',
    );
  }
  return names;
}
export const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};
