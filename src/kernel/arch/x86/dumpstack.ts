// The common pieces of reports. Source: arch/x86/kernel/dumpstack.c, process_64.c; texts: linux-modules.md 9.1.
import { RSP } from '../../cpu.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, hex64 } from '../../memory.ts';
import { flagsText } from '../../module/main.ts';
import { unwind } from './unwind_orc.ts';

const CODE_BEFORE = 42;
const CODE_AFTER = 21;
const HARDWARE = 'Hardware name: kobox';
/** Hardware numbers in the order of the dump, three a line. */
const ROWS = [
  [
    ['RAX', 0],
    ['RBX', 3],
    ['RCX', 1],
  ],
  [
    ['RDX', 2],
    ['RSI', 6],
    ['RDI', 7],
  ],
  [
    ['RBP', 5],
    ['R08', 8],
    ['R09', 9],
  ],
  [
    ['R10', 10],
    ['R11', 11],
    ['R12', 12],
  ],
  [
    ['R13', 13],
    ['R14', 14],
    ['R15', 15],
  ],
] as const;

const symbol = (k: Kernel, address: Addr): string => {
  const found = k.symbolize(address);
  if (found === undefined) return `0x${hex64(address)}`;
  return `${found.name}+0x${found.offset.toString(16)}/0x${found.size.toString(16)}${found.module === undefined ? '' : ` [${found.module}]`}`;
};
const print = (k: Kernel, text: string): void => k.log.print('warning', text);

/** 'Modules linked in:' newest first. */
export function printModules(k: Kernel): void {
  const modules = k.modules.all.map((module) => ` ${module.name}${flagsText(module)}`).join('');
  const last = k.modules.lastUnloaded === undefined ? '' : ` [last unloaded: ${k.modules.lastUnloaded}]`;
  print(k, `Modules linked in:${modules}${last}`);
}
export function printHeader(k: Kernel): void {
  const { current, scheduler, description, taint } = k;
  const build = / (#\d+) /.exec(description.version)?.[1] ?? '#1';
  const distribution = /Debian \S+/.exec(description.version.slice(description.version.indexOf(') #')))?.[0] ?? '';
  print(
    k,
    `CPU: 0 PID: ${current.pid} Comm: ${scheduler.comm(current)} ${taint.header()} ${description.release} ${build}  ${distribution}`.trimEnd(),
  );
  print(k, HARDWARE);
  if (current.work === undefined) return;
  const { name, module } = k.symbolize(current.work.fn) ?? { name: `0x${hex64(current.work.fn)}` };
  print(k, `Workqueue: ${current.work.queue} ${name}${module === undefined ? '' : ` [${module}]`}`);
}
/** Whether the bytes around `ip` are mapped: before a module's first page is a guard page. */
function codeIsReadable(k: Kernel, ip: Addr): boolean {
  if (!k.memory.valid(ip - CODE_BEFORE, CODE_BEFORE + CODE_AFTER + 1)) return false;
  const range = k.moduleSpace.find(ip);
  if (range === undefined) return k.symbolize(ip - CODE_BEFORE) !== undefined;
  return ip - CODE_BEFORE >= range.start && ip + CODE_AFTER < range.start + range.size;
}
/** The bytes around `ip`, that at `ip` in angle brackets. */
function codeLine(k: Kernel, ip: Addr): string {
  if (!codeIsReadable(k, ip)) return `Code: Unable to access opcode bytes at 0x${hex64(ip - CODE_BEFORE)}.`;
  const bytes = [...k.memory.read(ip - CODE_BEFORE, CODE_BEFORE + 1 + CODE_AFTER)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `Code: ${bytes.map((byte, n) => (n === CODE_BEFORE ? `<${byte}>` : byte)).join(' ')}`;
}
export function printRegisters(k: Kernel, ip: Addr, cr2: Addr = 0): void {
  const { registers } = k;
  const value = (n: number): string => registers.u64(n).toString(16).padStart(16, '0');
  print(k, `RIP: 0010:${symbol(k, ip)}`);
  print(k, codeLine(k, ip));
  print(k, `RSP: 0018:${value(RSP)} EFLAGS: ${(registers.rflags | 2n).toString(16).padStart(8, '0')}`);
  for (const row of ROWS) print(k, row.map(([name, n]) => `${name}: ${value(n)}`).join(' '));
  print(k, `FS:  0000000000000000(0000) GS:${hex64(k.percpu.base)}(0000) knlGS:0000000000000000`);
  print(k, 'CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033');
  // Looking at bytes that are not there was the last page fault.
  print(k, `CR2: ${hex64(codeIsReadable(k, ip) ? cr2 : ip - CODE_BEFORE)} CR3: 0000000000000000 CR4: 0000000000000000`);
}
/** System calls by the last part of a way's name: arch/x86/entry/syscalls/syscall_64.tbl. */
// biome-ignore format: one row of the table per line
const SYSTEM_CALLS: Readonly<Record<string, number>> = {
  read: 0, show: 0, single_show: 0, get: 0, write: 1, store: 1, set: 1, release: 3, poll: 7, llseek: 8, ioctl: 16, init_module: 175,
  exit: 176, open: 257, finit_module: 313,
};
const USER_RIP = 0x7ffff7d0a829;
const USER_RSP = 0x7fffffffe3a8;
const ENOSYS = -38;
/** pt_regs on the stack: those of user mode hold little that anybody could compare, nor is there a user program. */
function printSavedRegisters(k: Kernel, where: string, way: string): void {
  const user = where === 'RIP: 0033:';
  const values = ROWS.map((row) => row.map(([name]) => [name, 0] as [string, Addr]));
  if (user) {
    for (const pair of values.flat()) {
      if (pair[0] === 'RAX') pair[1] = ENOSYS;
      if (pair[0] === 'RCX') pair[1] = USER_RIP;
      if (pair[0] === 'R11') pair[1] = 0x246;
    }
  }
  print(k, user ? `${where}0x${USER_RIP.toString(16)}` : where);
  if (user) print(k, `Code: Unable to access opcode bytes at 0x${(USER_RIP - CODE_BEFORE).toString(16)}.`);
  const original = user ? (SYSTEM_CALLS[way.split('.').at(-1) ?? ''] ?? -1) : -1;
  print(k, `RSP: ${user ? '002b' : '0018'}:${hex64(user ? USER_RSP : 0)} EFLAGS: 00000246${user ? ` ORIG_RAX: ${hex64(original)}` : ''}`);
  for (const row of values) print(k, row.map(([name, value]) => `${name}: ${hex64(value)}`).join(' '));
}
const STACK_BOTTOM = /^(RIP: 0033:|ret_from_fork|secondary_startup)/;
/** `ip`: where guest code stopped; a call of NULL left its return address on the stack. `head`: frames of what prints. */
export function printTrace(k: Kernel, ip: Addr, head: readonly string[] = []): void {
  const lines = head.map((line) => ({ line, way: '' }));
  for (const frame of unwind(k, k.execution.running === 'guest' && ip !== 0 ? ip : undefined)) {
    if (typeof frame === 'number') lines.push({ line: symbol(k, frame), way: '' });
    else lines.push(...k.description.wayTo(frame.way).map((line) => ({ line, way: frame.way })));
    // A way that was recorded as a whole goes on to where the kernel was entered.
    if (STACK_BOTTOM.test(lines.at(-1)?.line ?? '')) break;
  }
  print(k, 'Call Trace:');
  print(k, lines.some(({ line }) => line === '</IRQ>') ? ' <IRQ>' : ' <TASK>');
  for (const { line, way } of lines) {
    // The ways of interrupts were recorded while nothing ran. What they interrupt here is not unwound.
    if (line.startsWith('RIP: 0010:') && k.current !== k.scheduler.idle) break;
    if (line.startsWith('RIP:')) printSavedRegisters(k, line, way);
    else print(k, ` ${line}`);
  }
  print(k, ' </TASK>');
}
