// .modinfo: license, vermagic, tags; and the command line's word on names. What is said once per boot needs boots of its own.
import { type Built, type Case, load, type Session } from './cases.ts';
import { Edit } from './edit.ts';

const VERMAGIC = 'vermagic=6.1.0-56-amd64 SMP preempt mod_unload modversions ';

export function infoSessions(built: Built): Session[] {
  const plain = built('plain.ko');
  const edit = (): Edit => new Edit(plain);
  const bad = (name: string, change: (edit: Edit) => Edit): Case => load(name, change(edit()).bytes);
  const licenses = ['GPL', 'GPL v2', 'Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL', 'GPL and additional rights'];
  // Dual MPL/GPL's module has the longest license but one, so that others fit into it.
  const again = built('again.ko');
  const license = (text: string): Case =>
    load(`license ${text}`, new Edit(again).modinfo('license=Dual MPL/GPL', `license=${text}`).bytes, '', 'again');
  return [
    {
      name: 'licenses',
      cases: [
        ...licenses.filter((text) => text.length <= 12).map(license),
        ...['', 'gpl', 'GPL ', 'GPLv2', 'BSD', 'MIT', 'Proprietary', 'GPL v3'].map(license),
        load('no license', new Edit(again).modinfo('license=Dual MPL/GPL', 'xicense=Dual MPL/GPL').bytes, '', 'again'),
        load('proprietary', built('proprietary.ko'), '', 'proprietary'),
      ],
    },
    {
      name: 'tags',
      cases: [
        load('nothing special', built('returns.ko'), '', 'returns'),
        bad('no retpoline tag', (e) => e.modinfo('retpoline=Y', 'xetpoline=Y')),
        bad('no retpoline tag again', (e) => e.modinfo('retpoline=Y', 'xetpoline=Y')),
        bad('in tree', (e) => e.modinfo('retpoline=Y', 'intree=Y')),
        bad('staging', (e) => e.modinfo('retpoline=Y', 'staging=Y')),
        bad('staging again', (e) => e.modinfo('retpoline=Y', 'staging=Y')),
        bad('test', (e) => e.modinfo('retpoline=Y', 'test=Y')),
        bad('test again', (e) => e.modinfo('retpoline=Y', 'test=Y')),
        bad('livepatch', (e) => e.modinfo('parmtype=number:int', 'livepatch=Y')),
        bad('livepatch again', (e) => e.modinfo('parmtype=number:int', 'livepatch=Y')),
        bad('name= in .modinfo only', (e) => e.modinfo('name=plain', 'name=plane')),
        bad('no name= in .modinfo', (e) => e.modinfo('name=plain', 'xame=plain')),
        bad('named ndiswrapper', (e) => e.name('ndiswrapper')),
        bad('the name of built-in code', (e) => e.name('printk')),
        bad('the name of built-in code in use', (e) => e.name('workqueue')),
        bad('named driverloader', (e) => e.name('driverloader')),
        bad('named lve', (e) => e.name('lve')),
        { name: 'the leftovers', script: `for module in ndiswrapper driverloader lve; do sys "delete 0 $module"; done` },
      ],
    },
    {
      name: 'vermagic',
      cases: [
        bad('another release', (e) => e.modinfo(VERMAGIC, 'vermagic=6.1.0-55-amd64 SMP preempt mod_unload modversions ')),
        bad('without SMP', (e) => e.modinfo(VERMAGIC, 'vermagic=6.1.0-56-amd64 preempt mod_unload modversions ')),
        bad('another kind of preemption', (e) => e.modinfo(VERMAGIC, 'vermagic=6.1.0-56-amd64 SMP PREEMPT mod_unload modversions ')),
        bad('without the blank at the end', (e) => e.modinfo(VERMAGIC, VERMAGIC.trimEnd())),
        bad('one word', (e) => e.modinfo(VERMAGIC, 'vermagic=6.1.0-56-amd64')),
        bad('empty', (e) => e.modinfo(VERMAGIC, 'vermagic=')),
        bad('module_layout with another CRC', (e) => e.crc('module_layout', 0x1234_5678)),
        bad('module_layout without an entry', (e) => e.noCrc('module_layout')),
        bad('module_layout with CRC 0', (e) => e.crc('module_layout', 0)),
        bad('_printk with another CRC', (e) => e.crc('_printk', 1)),
        bad('_printk without an entry', (e) => e.noCrc('_printk')),
        { name: 'finit_module ignoring nothing', files: { 'case.ko': edit().crc('_printk', 1).bytes }, script: "sys 'finit 0 r case.ko'" },
        bad('no vermagic', (e) => e.modinfo('vermagic=', 'xermagic=')),
        bad('no vermagic again', (e) => e.modinfo('vermagic=', 'xermagic=')),
      ],
    },
    {
      name: 'force-versions',
      cases: [
        {
          name: 'ignoring versions',
          files: { 'case.ko': edit().crc('_printk', 1).bytes },
          script: "sys 'finit 1 r case.ko'\nlook\nsys 'delete 0 plain'",
        },
        {
          name: 'ignoring vermagic as well',
          files: { 'case.ko': edit().crc('_printk', 1).bytes },
          script: "sys 'finit 3 r case.ko'\nlook\nsys 'delete 0 plain'",
        },
        bad('no __versions', (e) => e.text('.shstrtab', '__versions', '__xersions')),
        bad('no __versions, another release', (e) =>
          e.text('.shstrtab', '__versions', '__xersions').modinfo(VERMAGIC, 'vermagic=6.1.0-55-amd64 SMP preempt mod_unload modversions '),
        ),
      ],
    },
    {
      name: 'force-vermagic',
      cases: [
        {
          name: 'ignoring vermagic',
          files: { 'case.ko': edit().modinfo(VERMAGIC, 'vermagic=1.2.3').bytes },
          script: "sys 'finit 2 r case.ko'\nlook\nsys 'delete 0 plain'",
        },
        { name: 'and again', script: "sys 'finit 2 r plain.ko'\nlook\nsys 'delete 0 plain'" },
      ],
    },
    {
      name: 'force-exports',
      cases: [
        load('exports without CRCs', new Edit(built('provider.ko')).text('.shstrtab', '__kcrctab\0', '__xcrctab\0').bytes, '', 'provider'),
        load(
          'GPL exports without CRCs',
          new Edit(built('provider.ko')).text('.shstrtab', '__kcrctab_gpl', '__xcrctab_gpl').bytes,
          '',
          'provider',
        ),
      ],
    },
    {
      name: 'blacklist',
      cmdline: 'module_blacklist=user,plain,perm-anent',
      cases: [
        load('plain', plain),
        load('user', built('user.ko'), '', 'user'),
        load('permanent, whose name is written otherwise', built('permanent.ko'), '', 'permanent'),
        bad('the name in .modinfo counts', (e) => e.modinfo('name=plain', 'name=plane')),
        load('and not that in struct module', new Edit(built('returns.ko')).name('plain').bytes),
      ],
    },
    {
      name: 'nomodule',
      cmdline: 'nomodule',
      cases: [
        load('plain', plain),
        { name: 'finit_module', script: "sys 'finit 0 r plain.ko' 'finit 99 r plain.ko' 'finitfd 77 0'" },
        { name: 'delete_module', script: "sys 'delete 0 plain' 'delete 0 nobody'" },
        { name: 'modules_disabled', script: 'cat /proc/sys/kernel/modules_disabled' },
      ],
    },
    {
      name: 'retpoline',
      cmdline: 'mitigations=off',
      cases: [bad('no retpoline tag', (e) => e.modinfo('retpoline=Y', 'xetpoline=Y'))],
    },
    {
      name: 'panic-on-taint',
      cmdline: 'panic_on_taint=0x200',
      cases: [load('taints O and E only', plain)],
    },
    {
      name: 'initcall-debug',
      cmdline: 'initcall_debug',
      cases: [
        {
          name: 'init and its result',
          script: `sys 'init returns.ko value=-5' 'init returns.ko value=0'
dmesg -r | sed -E 's/^(<[0-9]+>)\\[[^]]*\\] /\\1/; s/@ [0-9]+/@ PID/; s/after [0-9]+ usecs/after TIME usecs/'
dmesg -C`,
        },
      ],
    },
  ];
}
