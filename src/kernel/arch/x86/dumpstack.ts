// The common pieces of reports. Source: arch/x86/kernel/dumpstack.c, process_64.c; texts: linux-modules.md 9.1.
import { RSP } from '../../cpu.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, hex64 } from '../../memory.ts';
import { flagsText, MODULE_STATE_UNFORMED } from '../../module/module.ts';
import { symbolText } from '../../symbolize.ts';
import { isMapped, LastFault } from './mm/fault.ts';

export const CODE_BEFORE = 42;
const CODE_AFTER = 21;
const HARDWARE = 'Hardware name: kobox';
// The processor is the recorded machine's (q35.generated.ts), QEMU's "max": five levels of tables, protection keys, SMEP and SMAP.
const CR4 = '0000000000751ef0';
const PKRU = '55555554';
/** There are no page tables. */
const PAGE_TABLES = '0000000000000000';

/** Addresses of 57 bits (five levels of page tables), sign-extended. */
export function isCanonical(address: bigint): boolean {
  return BigInt.asIntN(64, address) === BigInt.asIntN(57, address);
}
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

export const print = (k: Kernel, text: string): void => k.log.print('warning', text);

/** 'Modules linked in:' newest first. */
export function printModules(k: Kernel): void {
  const modules = k.modules.listed
    .filter(({ state }) => state !== MODULE_STATE_UNFORMED)
    .map((module) => ` ${module.name}${flagsText(module)}`)
    .join('');
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
/** Whether the bytes around `ip` are mapped: before a module's first page is a guard page. A hole in the image is not. */
const codeIsReadable = (k: Kernel, ip: Addr): boolean => isMapped(k, ip - CODE_BEFORE) && isMapped(k, ip + CODE_AFTER);
/** Where the context runs: a number is not exact where no kernel address can be. */
const exact = (k: Kernel, ip: Addr): bigint => BigInt.asUintN(64, Number.isSafeInteger(ip) ? BigInt(ip) : k.registers.rip);
/** The bytes around `ip`, that at `ip` in angle brackets. */
export function codeLine(k: Kernel, ip: Addr): string {
  if (!codeIsReadable(k, ip)) {
    const start = exact(k, ip) - BigInt(CODE_BEFORE);
    // Trying faults too; user addresses are not even tried.
    if (ip - CODE_BEFORE < 0 && isCanonical(start)) k.get(LastFault).address = ip - CODE_BEFORE;
    return `Code: Unable to access opcode bytes at 0x${BigInt.asUintN(64, start).toString(16)}.`;
  }
  const bytes = [...k.memory.read(ip - CODE_BEFORE, CODE_BEFORE + 1 + CODE_AFTER)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `Code: ${bytes.map((byte, n) => (n === CODE_BEFORE ? `<${byte}>` : byte)).join(' ')}`;
}
/** From the stack pointer on: what is shown of every exception. */
export function registerRows({ registers }: Kernel): string[] {
  const value = (n: number): string => registers.u64(n).toString(16).padStart(16, '0');
  const flags = (registers.rflags | 2n).toString(16).padStart(8, '0');
  return [
    `RSP: 0018:${value(RSP)} EFLAGS: ${flags}`,
    ...REGISTER_ROWS.map((row) => row.map(([name, n]) => `${name}: ${value(n)}`).join(' ')),
  ];
}
export function printRegisters(k: Kernel, ip: Addr): void {
  print(k, `RIP: 0010:${Number.isSafeInteger(ip) ? symbolText(k, ip) : `0x${exact(k, ip).toString(16)}`}`);
  print(k, codeLine(k, ip));
  for (const row of registerRows(k)) print(k, row);
  print(k, `FS:  0000000000000000(0000) GS:${hex64(k.percpu.base)}(0000) knlGS:0000000000000000`);
  print(k, 'CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033');
  print(k, `CR2: ${hex64(k.get(LastFault).address)} CR3: ${PAGE_TABLES} CR4: ${CR4}`);
  print(k, `PKRU: ${PKRU}`);
}
