// Resolution: versions, GPL-only symbols, namespaces, weak ones, proprietary modules, duplicates, per-CPU variables.
import { type Built, type Case, load, type Session } from './cases.ts';
import { Edit } from './edit.ts';

const remove = (...names: string[]): string => names.map((name) => `sys 'delete 0 ${name}' > /dev/null`).join('\n');

export function symbolSessions(built: Built): Session[] {
  const user = built('user.ko');
  const gpluser = built('gpluser.ko');
  /** With provider loaded. */
  const with_ = (name: string, file: Uint8Array, module: string, first = 'provider.ko'): Case => ({
    name,
    files: { 'case.ko': file },
    script: `sys 'init ${first}' 'init case.ko'\nlook\n${remove(module, first.replace('.ko', ''))}`,
  });
  return [
    {
      name: 'symbols',
      cases: [
        load('nobody exports it', user, '', 'user'),
        load('nobody exports five of them', gpluser, '', 'gpluser'),
        with_('all are there', user, 'user'),
        with_('all kinds are there', gpluser, 'gpluser'),
        with_('another CRC', new Edit(user).crc('provider_plain', 7).bytes, 'user'),
        with_('no CRC', new Edit(user).noCrc('provider_plain').bytes, 'user'),
        with_('two with other CRCs', new Edit(gpluser).crc('provider_plain', 7).crc('provider_gpl', 8).bytes, 'gpluser'),
        with_('another namespace', new Edit(gpluser).modinfo('import_ns=LOADER_SPACE', 'import_ns=LOADER_PLACE').bytes, 'gpluser'),
        with_('no namespace', new Edit(gpluser).modinfo('import_ns=LOADER_SPACE', 'xmport_ns=LOADER_SPACE').bytes, 'gpluser'),
        with_(
          'no namespace and another CRC',
          new Edit(gpluser).modinfo('import_ns=LOADER_SPACE', '').crc('provider_space', 1).bytes,
          'gpluser',
        ),
        with_('an exporter without CRCs', user, 'user', 'empty.ko'),
        load('weak, and nobody has it', built('weak.ko'), '', 'weak'),
        with_('weak, and somebody has it', built('weak.ko'), 'weak'),
        with_('weak, and another CRC', new Edit(built('weak.ko')).crc('provider_plain', 7).bytes, 'weak'),
        load('weakened _printk with another CRC', new Edit(built('plain.ko')).symbolBinding('_printk', 2).crc('_printk', 1).bytes),
        load(
          '_GLOBAL_OFFSET_TABLE_',
          new Edit(gpluser).symbolName('provider_gpl_space', '_GLOBAL_OFFSET_TABLE_'.slice(0, 18)).bytes,
          '',
          'gpluser',
        ),
        with_('the same export', built('again.ko'), 'again'),
        with_(
          'the same plain export',
          new Edit(built('again.ko')).text('__ksymtab_strings', 'again_first', 'printk').text('__ksymtab_strings', 'again_secon', 'kfree')
            .bytes,
          'again',
        ),
        with_('an export of the kernel', new Edit(built('again.ko')).text('__ksymtab_strings', 'again_first', 'kfree').bytes, 'again'),
        with_(
          'an export of provider',
          new Edit(built('again.ko')).text('__ksymtab_strings', 'again_second', 'provider_gpl').bytes,
          'again',
        ),
        {
          name: 'users keep their provider',
          script: `sys 'init provider.ko' 'init user.ko' 'init gpluser.ko'\nlook\nsys 'delete 0 provider' 'delete 512 provider' 'delete 0 user' 'delete 0 provider' 'delete 0 gpluser' 'delete 0 provider'`,
        },
        {
          name: 'a user that was refused lets go',
          script: `sys 'init provider.ko'\nfor n in 1 2; do sys 'init case.ko'; done\nlook\nsys 'delete 0 provider'`,
          files: { 'case.ko': new Edit(gpluser).crc('_printk', 7).bytes },
        },
      ],
    },
    {
      name: 'proprietary',
      cases: [
        with_('an heir', built('heir.ko'), 'heir', 'proprietary.ko'),
        with_('one that uses GPL-only symbols', built('mixed.ko'), 'mixed', 'proprietary.ko'),
        { name: 'heirs of heirs', script: `sys 'init proprietary.ko' 'init heir.ko'\nlook\n${remove('heir', 'proprietary')}` },
        {
          name: 'a proprietary user of GPL-only symbols',
          files: { 'case.ko': new Edit(gpluser).modinfo('license=GPL and additional rights', 'license=No').bytes },
          script: `sys 'init provider.ko' 'init case.ko'\nlook\n${remove('provider')}`,
        },
        {
          name: 'a proprietary user of plain symbols',
          files: { 'case.ko': new Edit(user).modinfo('license=GPL', 'license=No').bytes },
          script: `sys 'init provider.ko' 'init case.ko'\nlook\n${remove('user', 'provider')}`,
        },
      ],
    },
    {
      name: 'percpu',
      cases: [
        ...[
          [9000, 32],
          [32768, 32],
          [32772, 32],
          [40000, 32],
          [16, 3],
          [16, 48],
        ].map(([size, align]) =>
          load(
            `percpu of ${size} bytes aligned to ${align}`,
            new Edit(built('percpu.ko'))
              .sectionField('.data..percpu', 'type', 8)
              .sectionField('.data..percpu', 'size', size as number)
              .sectionField('.data..percpu', 'align', align as number).bytes,
            '',
            'percpu',
          ),
        ),
        load('percpu variables', built('percpu.ko'), '', 'percpu'),
        load('aligned to 8192', new Edit(built('percpu.ko')).sectionField('.data..percpu', 'align', 8192).bytes, '', 'percpu'),
        ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => ({
          name: `percpu ${n}`,
          files: { 'case.ko': new Edit(built('percpu.ko')).name(`percpu${n}`).bytes },
          script: "sys 'init case.ko'",
        })),
        { name: 'room again', script: `sys 'delete 0 percpu3' 'delete 0 percpu5'\n` },
        {
          name: 'percpu once more',
          files: { 'case.ko': new Edit(built('percpu.ko')).name('percpu_more').bytes },
          script: "sys 'init case.ko'\ngrep -w percpu_number /proc/kallsyms | cut -d' ' -f2-",
        },
      ],
    },
  ];
}
