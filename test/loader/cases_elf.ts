// Damage to the ELF structure: header, sections, symbols, relocations.
import { RELA_SIZE, SHT_NOBITS } from '#elf';
import { type Built, type Case, load } from './cases.ts';
import { Edit } from './edit.ts';

export function elfCases(built: Built): Case[] {
  const plain = built('plain.ko');
  const edit = (): Edit => new Edit(plain);
  const count = edit().elf.header.sectionCount;
  const table = edit().elf.header.sectionOffset;
  const size = plain.length;
  const bad = (name: string, change: (edit: Edit) => Edit | Uint8Array): Case => {
    const changed = change(edit());
    return load(name, changed instanceof Edit ? changed.bytes : changed);
  };
  const length = (n: number): Case[] => [
    { name: `init_module of ${n} bytes`, script: `sys 'initlen ${n} plain.ko'` },
    { name: `finit_module of ${n} bytes`, files: { 'case.ko': plain.slice(0, n) }, script: `sys 'finit 0 r case.ko'` },
  ];
  const relaText = '.rela.text';
  const relaInit = edit().elf.section('.rela.init.text') === undefined ? relaText : '.rela.init.text';
  return [
    load('as it was built', plain),
    load('with a parameter', plain, 'number=5'),
    ...[0, 1, 10, 40, 63, 64, 65, 1000].flatMap(length),
    bad('magic', (e) => e.poke('.shstrtab', 0, []).append().fill(0x7e, 0, 1)),
    ...[0, 2, 3, 4].map((type) => bad(`e_type ${type}`, (e) => e.header('type', type))),
    ...[0, 3, 40, 183, 243].map((machine) => bad(`e_machine ${machine}`, (e) => e.header('machine', machine))),
    bad('EI_CLASS 1', (e) => (e.bytes.set([1], 4), e)),
    bad('EI_DATA 2', (e) => (e.bytes.set([2], 5), e)),
    bad('EI_VERSION 9', (e) => (e.bytes.set([9], 6), e)),
    bad('e_ehsize 0', (e) => e.header('ehsize', 0)),
    ...[0, 63, 128].map((entry) => bad(`e_shentsize ${entry}`, (e) => e.header('shentsize', entry))),
    ...[0, size - 1, size, size + 1].map((offset) =>
      bad(`e_shoff ${offset === 0 ? 0 : `size${offset - size}`}`, (e) => e.header('shoff', offset)),
    ),
    ...[0, 1, count - 1, count + 1, 65535].map((shnum) => bad(`e_shnum ${shnum}`, (e) => e.header('shnum', shnum))),
    ...[0, count, 500, 0xffff].map((index) => bad(`e_shstrndx ${index}`, (e) => e.header('shstrndx', index))),
    bad('e_shstrndx of another section', (e) => e.header('shstrndx', 1)),
    ...[100, table, table + 64, size - 1].map((n) => bad(`truncated at ${n === table ? 'the section table' : n}`, (e) => e.truncate(n))),
    bad('bytes behind the file', (e) => e.append(1, 2, 3, 4)),
    bad('section names past the end', (e) => e.sectionField('.shstrtab', 'offset', size)),
    bad('section names of size 0', (e) => e.sectionField('.shstrtab', 'size', 0)),
    bad('section names without NUL', (e) => e.poke('.shstrtab', e.section('.shstrtab').size - 1, [0x41])),
    bad('section 0 of type 1', (e) => e.sectionField(0, 'type', 1)),
    bad('section 0 with a size', (e) => e.sectionField(0, 'size', 1)),
    bad('section 0 with an address', (e) => e.sectionField(0, 'addr', 0x1000)),
    bad('section 0 with flags', (e) => e.sectionField(0, 'flags', 2)),
    bad('symtab without strings', (e) => e.sectionField('.symtab', 'link', 0)),
    bad('symtab with strings of no section', (e) => e.sectionField('.symtab', 'link', count)),
    ...['.modinfo', '.text', '.symtab', '.comment', relaInit].flatMap((name) => [
      bad(`${name} past the end`, (e) => e.sectionField(name, 'offset', size)),
      bad(`${name} larger than the file`, (e) => e.sectionField(name, 'size', size + 1)),
      bad(`${name} with a size that wraps`, (e) => e.sectionField(name, 'size', 0xffff_ffff_ffff_ff00n)),
    ]),
    bad('.text of type NOBITS past the end', (e) => e.sectionField('.bss', 'type', SHT_NOBITS).sectionField('.bss', 'offset', size * 2)),
    bad('name of an ALLOC section past the names', (e) => e.sectionField('.rodata.str1.8', 'name', 100_000)),
    bad('no symbol table', (e) => e.sectionField('.symtab', 'type', 1)),
    bad('no symbol table and no .modinfo', (e) => e.sectionField('.symtab', 'type', 1).sectionField('.modinfo', 'flags', 0)),
    bad('no struct module', (e) => e.text('.shstrtab', '.gnu.linkonce.this_module', '.gnu.linkonce.that_module')),
    bad('struct module that is not loaded', (e) => e.sectionField('.gnu.linkonce.this_module', 'flags', 1)),
    bad('no struct module and no .modinfo', (e) =>
      e.sectionField('.gnu.linkonce.this_module', 'flags', 1).sectionField('.modinfo', 'flags', 0),
    ),
    bad('.text writable', (e) => e.sectionField('.text', 'flags', 7)),
    bad('.data executable', (e) => e.sectionField('.data', 'flags', 7)),
    bad('.comment writable and executable', (e) => e.sectionField('.comment', 'flags', 5)),
    load('another name in struct module', edit().name('other-name').bytes, '', 'other-name'),
    bad('a common symbol', (e) => e.symbolSection('number', 0xfff2)),
    bad('a common symbol of LTO', (e) => e.symbolName('__UNIQUE_ID_license197', '__gnu_lto_x').symbolSection('number', 0xfff2)),
    bad('an absolute symbol', (e) => e.symbolSection('plain_exit', 0xfff1)),
    bad('a livepatch symbol', (e) => e.symbolSection('plain_exit', 0xff20)),
    bad('a symbol of section 0xff10', (e) => e.symbolSection('plain_exit', 0xff10)),
    bad('a symbol of a section past the last', (e) => e.symbolSection('plain_exit', count)),
    bad('two bad symbols', (e) => e.symbolSection('plain_exit', count).symbolSection('number', count + 1)),
    bad('a symbol of its own made undefined', (e) => e.symbolSection('__UNIQUE_ID___addressable_cleanup_module196', 0)),
    ...[42, 3, 5, 37, 255].map((type) => bad(`relocation type ${type}`, (e) => e.relocation(relaInit, 1, { type }))),
    bad('relocation type 0', (e) => e.relocation('.rela.orc_unwind_ip', 0, { type: 0 })),
    bad('32S that overflows', (e) => e.relocation(relaInit, e.firstRelocation(relaInit, 11), { addend: 0x1_0000_0000n })),
    bad('32 that overflows', (e) => e.relocation(relaInit, e.firstRelocation(relaInit, 11), { type: 10 })),
    bad('relocation of bytes that are not zero', (e) =>
      e.poke(relaInit.replace('.rela', ''), Number(e.elf.relocations(e.section(relaInit))[e.firstRelocation(relaInit, 11)]?.offset), [1]),
    ),
    bad('REL instead of RELA', (e) => e.sectionField(relaInit, 'type', 9)),
    bad('relocations for no section', (e) => e.sectionField('.rela.orc_unwind_ip', 'info', 500)),
    bad('relocations cut short', (e) =>
      e.sectionField('.rela.orc_unwind_ip', 'size', e.section('.rela.orc_unwind_ip').size - RELA_SIZE - 1),
    ),
    bad('__obsparm', (e) => e.text('.shstrtab', '.note.Linux', '__obsparm')),
  ];
}
