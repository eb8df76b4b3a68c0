// The common pieces of reports. Source: arch/x86/kernel/dumpstack.c, process_64.c; texts: linux-modules.md 9.1.
import { RSP } from '../../cpu.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, hex64 } from '../../memory.ts';
import { flagsText } from '../../module/main.ts';

export const CODE_BEFORE = 42;
const CODE_AFTER = 21;
const HARDWARE = 'Hardware name: kobox';
/** Hardware numbers in the order of the dump, three a line. */
export const REGISTER_ROWS = [
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

/** %#lx. */
const bareHex = (address: Addr): string => `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
export const symbol = (k: Kernel, address: Addr): string => {
  const found = k.symbolize(address);
  if (found === undefined) return bareHex(address);
  return `${found.name}+0x${found.offset.toString(16)}/0x${found.size.toString(16)}${found.module === undefined ? '' : ` [${found.module}]`}`;
};
export const print = (k: Kernel, text: string): void => k.log.print('warning', text);

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
  if (!codeIsReadable(k, ip)) return `Code: Unable to access opcode bytes at ${bareHex(ip - CODE_BEFORE)}.`;
  const bytes = [...k.memory.read(ip - CODE_BEFORE, CODE_BEFORE + 1 + CODE_AFTER)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `Code: ${bytes.map((byte, n) => (n === CODE_BEFORE ? `<${byte}>` : byte)).join(' ')}`;
}
export function printRegisters(k: Kernel, ip: Addr, cr2: Addr = 0): void {
  const { registers } = k;
  const value = (n: number): string => registers.u64(n).toString(16).padStart(16, '0');
  print(k, `RIP: 0010:${symbol(k, ip)}`);
  print(k, codeLine(k, ip));
  print(k, `RSP: 0018:${value(RSP)} EFLAGS: ${(registers.rflags | 2n).toString(16).padStart(8, '0')}`);
  for (const row of REGISTER_ROWS) print(k, row.map(([name, n]) => `${name}: ${value(n)}`).join(' '));
  print(k, `FS:  0000000000000000(0000) GS:${hex64(k.percpu.base)}(0000) knlGS:0000000000000000`);
  print(k, 'CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033');
  // Looking at kernel text that is not there faults too; user addresses are not even tried.
  const faulted = !codeIsReadable(k, ip) && ip - CODE_BEFORE < 0;
  print(k, `CR2: ${hex64(faulted ? ip - CODE_BEFORE : cr2)} CR3: 0000000000000000 CR4: 0000000000000000`);
}
