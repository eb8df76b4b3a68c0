// States: what may be done with a module at which time, by one task and by several; files and descriptors; notifiers.
import type { Built, Session } from './cases.ts';
import { Edit } from './edit.ts';

const NONBLOCK = 0x800;
const TRUNC = 0x200;

export function stateSessions(built: Built): Session[] {
  const values = [1, 2, 255, -1, -5, -16, -517, -4095, -4096, -5000, 2147483647, -2147483648];
  return [
    {
      name: 'results',
      cases: values.map((value) => ({
        name: `init returns ${value}`,
        script: `sys 'init returns.ko value=${value}'\nlook\nsys 'delete 0 returns' > /dev/null`,
      })),
    },
    {
      name: 'unload',
      cases: [
        {
          name: 'not loaded',
          script: `sys 'delete 0 plain' 'delete 512 plain' 'delete 0 ' 'delete 0 ${'x'.repeat(55)}' 'delete 0 ${'x'.repeat(56)}' 'delete 0 ${'x'.repeat(200)}'`,
        },
        {
          name: 'the other dash',
          files: { 'case.ko': new Edit(built('plain.ko')).name('pl-ain').bytes },
          script: "sys 'init case.ko' 'delete 0 pl_ain' 'delete 0 plain' 'delete 0 pl-ain'",
        },
        {
          name: 'flags',
          script: [0, NONBLOCK, TRUNC, NONBLOCK | TRUNC, 0xffffffff]
            .map((flags) => `sys 'init plain.ko' 'delete ${flags} plain'`)
            .join('\n'),
        },
        { name: 'twice', script: "sys 'init plain.ko' 'init plain.ko' 'finit 0 r plain.ko' 'delete 0 plain' 'delete 0 plain'" },
        { name: 'no init and no exit', script: "sys 'init empty.ko'\nlook\nsys 'delete 0 empty'\nlook" },
        { name: 'only an exit', script: "sys 'init exitonly.ko'\nlook\nsys 'delete 0 exitonly'\nlook" },
        {
          name: 'held by itself',
          script:
            "sys 'init holder.ko'\necho 2 > /sys/module/holder/parameters/self\nlook\nsys 'delete 0 holder' 'delete 2048 holder'\necho -2 > /sys/module/holder/parameters/self\nsys 'delete 0 holder'",
        },
        {
          name: 'permanent',
          script: "sys 'init permanent.ko'\nlook\nsys 'delete 0 permanent' 'delete 2048 permanent'\nlook\nsys 'delete 512 permanent'\nlook",
        },
        { name: 'permanent again', script: "sys 'init permanent.ko' 'delete 512 permanent'" },
        {
          name: 'held, by force',
          script: "sys 'init holder.ko'\necho 2 > /sys/module/holder/parameters/self\nsys 'delete 512 holder'\nlook",
        },
        {
          name: 'put too often',
          script: "sys 'init holder.ko'\necho -1 > /sys/module/holder/parameters/self\nlook\ncat /sys/module/holder/parameters/self",
        },
      ],
    },
    {
      name: 'unload-force',
      cases: [
        {
          name: 'held, by force, first',
          script: "sys 'init holder.ko'\necho 1 > /sys/module/holder/parameters/self\nsys 'delete 2560 holder'\nlook",
        },
      ],
    },
    {
      name: 'symbol-get',
      cases: [
        {
          name: 'GPL-only of the kernel',
          script: "sys 'init holder.ko'\necho kernel_kobj 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused",
        },
        { name: 'plain of the kernel', script: 'echo kfree 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused' },
        { name: 'nobody has it', script: 'echo no_such_symbol 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused' },
        {
          name: 'GPL-only of a module',
          script:
            "sys 'init provider.ko'\necho provider_gpl 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused\nlook\nsys 'delete 0 provider'",
        },
        {
          name: 'again, and put once',
          script:
            "echo provider_gpl 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused\necho provider_gpl > /sys/module/holder/parameters/put\nlook\nsys 'delete 0 provider'",
        },
        { name: 'put the other', script: "echo provider_refs > /sys/module/holder/parameters/put\nlook\nsys 'delete 0 provider'" },
        {
          name: 'plain of a module',
          script:
            "sys 'init provider.ko'\necho provider_plain 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused\nlook\nsys 'delete 0 provider'",
        },
        {
          name: 'of a module that is loading',
          script:
            "sys '& init slow.ko enter=1000' 'sleep 0.5'\necho slow_export 2> /dev/null > /sys/module/holder/parameters/symbol || echo refused\nlook\nsleep 1\nsys 'delete 0 slow'",
        },
      ],
    },
    {
      name: 'unbalanced',
      cases: [
        { name: 'preemption off', script: "sys 'init unbalanced.ko preempt=1'\nlook\nsys 'delete 0 unbalanced'" },
        { name: 'interrupts off', script: "sys 'init unbalanced.ko irqs=1'\nlook\nsys 'delete 0 unbalanced'" },
        { name: 'both, and twice', script: "sys 'finit 0 r unbalanced.ko preempt=2 irqs=1'\nlook\nsys 'delete 0 unbalanced'" },
      ],
    },
    {
      name: 'hidden',
      cases: [
        { name: 'it looks at the list', script: "sys 'init plain.ko' 'init provider.ko' 'init hide.ko'" },
        { name: 'it hides', script: 'echo 1 > /sys/module/hide/parameters/hidden' },
        {
          name: 'what can be done with it',
          script: "sys 'init hide.ko' 'delete 0 hide' 'delete 0 plain'\ngrep -c hide_export /proc/kallsyms",
        },
        { name: 'it comes back', script: 'echo 0 > /sys/module/hide/parameters/hidden' },
        { name: 'and leaves', script: "sys 'delete 0 hide'" },
      ],
    },
    {
      name: 'files',
      cases: [
        {
          name: 'flags',
          script: ['1', '2', '3', '8', '16', '2147483648', '4294967295', '4', '5', '7']
            .map((flags) => `sys 'finit ${flags} r plain.ko' 'delete 0 plain'`)
            .join('\n'),
        },
        {
          name: 'descriptors',
          script:
            "sys 'finitfd -1 0' 'finitfd 99 0' 'finitfd 99 8' 'finit 0 r /dev/null' 'finit 0 r /dev/zero' 'finit 0 r /root' 'finit 0 r /proc' 'finit 0 w plain.ko' 'finit 0 rw plain.ko' 'finit 4 rw plain.ko'",
        },
        {
          name: 'an empty file',
          files: { 'case.ko': new Uint8Array(0) },
          script: "sys 'finit 0 r case.ko' 'finit 4 r case.ko' 'init case.ko'",
        },
        {
          name: 'text',
          files: { 'case.ko': new TextEncoder().encode('#!/bin/sh\necho this is no module, and it is longer than an ELF header is\n') },
          script: "sys 'finit 0 r case.ko' 'finit 4 r case.ko' 'init case.ko'",
        },
        {
          name: 'open for writing elsewhere',
          script: "sys 'open a plain.ko rw' 'finit 0 r plain.ko' 'close a' 'finit 0 r plain.ko' 'delete 0 plain'",
        },
        {
          name: 'bad address of the arguments',
          script: "sys 'initnull plain.ko'\nlook\nsys 'init plain.ko' 'initnull plain.ko' 'delete 0 plain'",
        },
        { name: 'bad address and a bad symbol', script: "sys 'initnull user.ko'" },
        {
          name: 'without capabilities',
          script: "sys 'capset 0' 'init plain.ko' 'finit 0 r plain.ko' 'finit 99 r plain.ko' 'delete 0 plain' 'initlen 3 plain.ko'",
        },
        {
          name: 'disabled',
          script:
            "cat /proc/sys/kernel/modules_disabled\nsys 'init plain.ko'\necho 1 > /proc/sys/kernel/modules_disabled\ncat /proc/sys/kernel/modules_disabled\nsys 'init user.ko' 'delete 0 plain' 'finit 8 r plain.ko'\nsys 'open a /proc/sys/kernel/modules_disabled w' 'write a 0\\n' 'write a 1\\n' 'write a 2\\n'\ncat /proc/sys/kernel/modules_disabled\nlook",
        },
      ],
    },
    {
      name: 'tasks',
      cases: [
        {
          name: 'while it is in init',
          script: "sys '& init slow.ko enter=1000' 'sleep 0.5' 'delete 0 slow' 'delete 512 slow'\nlook\nsleep 1\nlook\nsys 'delete 0 slow'",
        },
        {
          name: 'the same name, and it succeeds',
          script: "sys '& init slow.ko enter=1000' 'sleep 0.5' '& init slow.ko' wait wait\nlook\nsys 'delete 0 slow'",
        },
        {
          name: 'the same name, and it fails',
          script: "sys '& init slow.ko enter=1000 result=-5' 'sleep 0.5' '& init slow.ko' wait wait\nlook",
        },
        {
          name: 'the same name three times',
          script:
            "sys '& init slow.ko enter=1000' 'sleep 0.3' '& init slow.ko' '& finit 0 r slow.ko' wait wait wait\nlook\nsys 'delete 0 slow'",
        },
        {
          name: 'a dependency in init that succeeds',
          script:
            "sys '& init slow.ko enter=1000' 'sleep 0.5' '& init slowuser.ko' wait wait\nlook\nsys 'delete 0 slowuser' 'delete 0 slow'",
        },
        {
          name: 'a dependency in init that fails',
          script: "sys '& init slow.ko enter=1000 result=-5' 'sleep 0.5' '& init slowuser.ko' wait wait\nlook",
        },
        {
          name: 'while it is in exit',
          script:
            "sys 'init slow.ko leave=1000' '& delete 0 slow' 'sleep 0.5' 'delete 0 slow' 'delete 512 slow' 'init slow.ko' 'init slowuser.ko'\nlook\nsleep 1\nlook",
        },
        {
          name: 'a signal while it waits for the same name',
          script:
            "sys '& init slow.ko enter=1500' 'sleep 0.3' '& init slow.ko' 'sleep 0.3' signal 'sleep 0.1'\nlook\nsleep 2\nlook\nsys 'delete 0 slow'",
        },
        {
          name: 'a dependency that takes too long',
          script: "sys '& init slow.ko enter=33000' 'sleep 0.5' 'init slowuser.ko'\nlook\nsleep 5\nlook\nsys 'delete 0 slow'",
        },
      ],
    },
    {
      name: 'notifiers',
      cases: [
        { name: 'a module comes and goes', script: "sys 'init watch.ko' 'init plain.ko' 'delete 0 plain'" },
        { name: 'one that is refused before it comes', script: "sys 'init user.ko'" },
        { name: 'one whose init fails', script: "sys 'init returns.ko value=-5'" },
        { name: 'one whose parameters are wrong', script: "sys 'init plain.ko number=x'" },
        {
          name: 'one that is vetoed',
          script: "echo -n plain > /sys/module/watch/parameters/veto\nsys 'init plain.ko'\nlook\nsys 'init returns.ko' 'delete 0 returns'",
        },
        { name: 'and with another error', script: "echo 5 > /sys/module/watch/parameters/error\nsys 'init plain.ko'" },
        {
          name: 'signed, GPL-only, per-CPU',
          script:
            "echo -n nobody > /sys/module/watch/parameters/veto\nsys 'init crc7.ko' 'init provider.ko' 'init gpluser.ko' 'init percpu.ko'\nlook\nsys 'delete 0 gpluser' 'delete 0 provider' 'delete 0 crc7' 'delete 0 percpu'",
        },
        { name: 'the watcher leaves', script: "sys 'delete 0 watch'" },
      ],
    },
  ];
}
