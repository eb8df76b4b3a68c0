// Damage by chance: one to three fields of headers, sections, symbols, relocations and .modinfo get odd values. What the loader does
// not look at may crash the real kernel later, so the values that are only used by running code stay.
import type { Built, Case, Session } from './cases.ts';
import { Edit, type EHDR } from './edit.ts';

const SESSIONS = 8;
const CASES = 40;
const MODULES = ['plain', 'provider', 'percpu', 'watch', 'returns', 'gpluser', 'crc7'];

/** Numbers from 0 to `below` - 1 (xorshift32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
function damage(edit: Edit, pick: (below: number) => number): string {
  const any = <T>(values: readonly T[]): T => values[pick(values.length)] as T;
  const { sections, header } = edit.elf;
  const count = header.sectionCount;
  const section = any(sections);
  const named = (section.name === '' ? `section ${section.index}` : section.name).replaceAll(/[^\w.-]/g, '_');
  switch (pick(9)) {
    case 0: {
      const field = any(['type', 'machine', 'ehsize', 'shentsize', 'shnum', 'shstrndx'] as const satisfies (keyof typeof EHDR)[]);
      const value = any([0, 1, 2, 3, 62, 63, 64, 65, count - 1, count, count + 1, 0xff00, 0xffff]);
      edit.header(field, value);
      return `e_${field} ${value}`;
    }
    case 1: {
      const value = any([0, 1, 3, 4, 8, 9, 11, 0x7000_0000]);
      // Contents that would be missing are only noticed by running code.
      if (!['.comment', '.note.GNU-stack', '.symtab', '.modinfo', '__versions', '.note.Linux'].includes(section.name))
        return damage(edit, pick);
      edit.sectionField(section.index, 'type', value);
      return `${named} type ${value}`;
    }
    case 2: {
      const value = any([0x1_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_fff0n, edit.bytes.length, edit.bytes.length - 1]);
      const field = any(['offset', 'size'] as const);
      if (section.type === 8 || section.size === 0) return damage(edit, pick);
      edit.sectionField(section.index, field, value);
      return `${named} ${field} ${value === edit.bytes.length ? 'the file' : value === edit.bytes.length - 1 ? 'the file but one' : value}`;
    }
    case 3: {
      const value = any([0, 1, 2, 3, 4, 8, 12, 16, 64, 256, 4096, 4097, 8192]);
      if (/percpu|this_module/.test(section.name)) return damage(edit, pick);
      edit.sectionField(section.index, 'align', value);
      return `${named} align ${value}`;
    }
    case 4: {
      const value = any([0, 1, count - 1, count, 500, 0xffff_ffff]);
      if (section.name !== '.symtab' && section.type !== 0) return damage(edit, pick);
      edit.sectionField(section.index, 'link', value);
      return `${named} link ${value}`;
    }
    case 5: {
      const symbols = edit.elf.symbols(edit.section('.symtab'));
      const symbol = any(
        symbols.filter(
          ({ name, section: at }) => name !== '' && at !== 0 && !/init_module|cleanup_module|__this_module|_init$|_exit$/.test(name),
        ),
      );
      const value = any([0, count, count + 1, 0xff00, 0xff10, 0xff20, 0xfff1, 0xfff2, 0xffff]);
      // A symbol that code uses must stay where it is, unless the loader refuses it.
      if ([0xff20, 0xfff1].includes(value)) return damage(edit, pick);
      edit.symbolSection(symbol.name, value);
      return `symbol ${symbol.name} section ${value}`;
    }
    case 6: {
      const relas = sections.filter(({ type, size, name }) => type === 4 && size > 0 && name !== '.rela.orc_unwind_ip');
      const rela = any(relas);
      const n = pick(rela.size / 24);
      const type = any([3, 5, 6, 7, 8, 9, 12, 13, 14, 15, 25, 26, 42, 250, 0xffff_ffff]);
      edit.relocation(rela.name, n, { type });
      return `${rela.name} ${n} type ${type}`;
    }
    case 7: {
      const tags = ['license=', 'name=', 'vermagic=', 'retpoline=', 'depends=', 'intree=', 'import_ns='];
      const tag = any(tags);
      const { offset, size } = edit.section('.modinfo');
      const text = Array.from(edit.bytes.subarray(offset, offset + size), (byte) => String.fromCharCode(byte)).join('');
      const at = text.search(new RegExp(`(?:^|\\0)${tag}`));
      if (at < 0) return damage(edit, pick);
      const place = offset + at + (at === 0 ? 0 : 1) + pick(tag.length + 3);
      const value = any([0x20, 0x41, 0x3d, 0x7e]);
      edit.bytes[place] = value;
      return `modinfo ${tag} byte ${String.fromCharCode(value) === ' ' ? 'blank' : String.fromCharCode(value)}`;
    }
    default: {
      const versions = edit.section('__versions');
      const entry = pick(versions.size / 64);
      const at = any([0, 1, 3, 8, 9]);
      edit.bytes[versions.offset + entry * 64 + at] = pick(256);
      return `version ${entry} byte ${at}`;
    }
  }
}
export function randomSessions(built: Built): Session[] {
  return Array.from({ length: SESSIONS }, (_, session) => {
    const pick = random(0x2545_f491 + session * 7919);
    const cases = Array.from({ length: CASES }, (__, n): Case => {
      const module = MODULES[pick(MODULES.length)] as string;
      const edit = new Edit(built(`${module}.ko`));
      const changes = Array.from({ length: 1 + Math.floor(pick(4) / 2) }, () => damage(edit, pick));
      return {
        name: `${n} ${module}: ${changes.join(', ')}`,
        files: { 'case.ko': edit.bytes },
        script: `sys 'init case.ko'\nlook\nsys 'delete 0 ${module}' > /dev/null`,
      };
    });
    return { name: `random-${session}`, cases };
  });
}
