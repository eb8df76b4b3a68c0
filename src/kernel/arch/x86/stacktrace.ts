// "Call Trace:" of a report. Guest frames are unwound; how the kernel came to the module is told by the kernel description.
// Source: arch/x86/kernel/dumpstack.c, show_trace_log_lvl().
import type { Kernel } from '../../kernel.ts';
import { type Addr, hex64 } from '../../memory.ts';
import { THREAD_SIZE } from '../../sched/task.ts';
import { returnText, symbolText } from '../../symbolize.ts';
import { CODE_BEFORE, codeLine, print, printHeader, REGISTER_ROWS, registerRows } from './dumpstack.ts';
import { type Place, unwind } from './unwind_orc.ts';

/** System calls by the last part of a way's name: arch/x86/entry/syscalls/syscall_64.tbl. */
// biome-ignore format: one row of the table per line
const SYSTEM_CALLS: Readonly<Record<string, number>> = {
  read: 0, show: 0, get: 0, seq_start: 0, seq_show: 0, seq_next: 0, seq_stop: 0, write: 1, store: 1, set: 1, release: 3, poll: 7,
  llseek: 8, ioctl: 16, init_module: 175, exit: 176, open: 257, finit_module: 313,
};
const USER_RIP = 0x7ffff7d0a829;
const USER_RSP = 0x7fffffffe3a8;
const ENOSYS = -38;
const EFLAGS = 0x246;
const STACK_BOTTOM = /^ (ret_from_fork|secondary_startup)/;

function registerLines(first: readonly string[], values: (name: string, number: number) => Addr): string[] {
  return [...first, ...REGISTER_ROWS.map((row) => row.map(([name, n]) => `${name}: ${hex64(values(name, n))}`).join(' '))];
}
/** pt_regs of user mode: there is no user program, but registers that a system call leaves alike. */
function userRegisters(k: Kernel, way: string): string[] {
  const part = way.split('.').findLast((name) => SYSTEM_CALLS[name] !== undefined) ?? '';
  const original = SYSTEM_CALLS[part] ?? -1;
  const known: Readonly<Record<string, number>> = { RAX: ENOSYS, RCX: USER_RIP, R11: EFLAGS, ...k.current.userRegisters };
  const first = [
    `RIP: 0033:0x${USER_RIP.toString(16)}`,
    `Code: Unable to access opcode bytes at 0x${(USER_RIP - CODE_BEFORE).toString(16)}.`,
    `RSP: 002b:${hex64(USER_RSP)} EFLAGS: ${EFLAGS.toString(16).padStart(8, '0')} ORIG_RAX: ${hex64(original)}`,
  ];
  return registerLines(first, (name) => known[name] ?? 0);
}
/** pt_regs of the idle loop, which no interrupt changes. `place`: RIP, and its code where that is known. */
function idleRegisters({ scheduler: { idle } }: Kernel, place: readonly string[]): string[] {
  return registerLines([...place, `RSP: 0018:${hex64(idle.stack + THREAD_SIZE)} EFLAGS: 00000246`], () => 0);
}

/** The lines of what runs. `head`: the frames of what prints. */
function* traceLines(k: Kernel, ip: Addr, state: Place = k.execution): Generator<string> {
  if (state.running === 'guest' && ip !== 0 && k.symbolize(ip) === undefined) {
    // From an address that is nowhere no frame can be trusted, though all are found.
    for (const line of traceLines(k, 0, state)) if (line.startsWith(' ')) yield ` ?${line}`;
    return;
  }
  // A call of NULL left its return address on the stack.
  for (const frame of unwind(k, state.running === 'guest' && ip !== 0 ? ip : undefined, state)) {
    if (typeof frame === 'number') {
      yield ` ${returnText(k, frame)}`;
      continue;
    }
    if (yield* wayLines(k, frame.way)) return;
  }
}
/** The lines of a recorded way (KernelDescription.wayTo). Whether the trace ends with it. */
function* wayLines(k: Kernel, name: string): Generator<string, boolean> {
  const way = k.description.wayTo(name);
  for (const [n, line] of way.entries()) {
    if (line.startsWith('Code:')) continue;
    if (line === 'RIP: 0033:') {
      yield* userRegisters(k, name);
      return true;
    }
    if (line.startsWith('RIP:')) {
      // The ways of interrupts were recorded while nothing ran.
      if (k.current !== k.scheduler.idle) {
        yield* interruptedLines(k);
        return true;
      }
      const place = way.slice(n, n + 2).filter((part) => part.includes(': '));
      yield* idleRegisters(k, place);
    } else yield ` ${line}`;
    // A way that was recorded as a whole goes on to where the kernel was entered.
    if (STACK_BOTTOM.test(` ${line}`)) return true;
  }
  return false;
}
/** What the interrupt in progress interrupted: its registers, then its frames. */
function* interruptedLines(k: Kernel): Generator<string> {
  const { interrupted } = k.scheduler;
  const state = k.execution.interrupted;
  if (interrupted === undefined || state === undefined) return;
  const now = k.registers.save();
  k.registers.restore(interrupted);
  const ip = k.exceptions.ipOf(state);
  const lines = [`RIP: 0010:${symbolText(k, ip)}`, codeLine(k, ip), ...registerRows(k), ...traceLines(k, ip, state)];
  k.registers.restore(now);
  yield* lines;
}
/** `way`: the frames of a kernel function that no module's function called (a key of KernelDescription.wayTo). */
export function printTrace(k: Kernel, ip: Addr, way?: string): void {
  printLines(k, way === undefined ? [...traceLines(k, ip)] : [...dumpLines(k, way, undefined, '')]);
}
function printLines(k: Kernel, lines: readonly string[]): void {
  print(k, 'Call Trace:');
  print(k, lines.includes(' </IRQ>') ? ' <IRQ>' : ' <TASK>');
  for (const line of lines) print(k, line);
  print(k, ' </TASK>');
}
/**
 * dump_stack(). `way`: the frames of what asks for it (a key of KernelDescription.wayTo); `trap`: it asks in the handler of an
 * exception at this address, whose registers stand between the handler's frames and the rest. `below`: one more way, behind the first.
 */
export function printDump(k: Kernel, way: string, trap?: Addr, below = ''): void {
  printHeader(k);
  printLines(k, [...dumpLines(k, way, trap, below)]);
}
function* dumpLines(k: Kernel, way: string, trap: Addr | undefined, below: string): Generator<string> {
  for (const part of [way, below]) if (yield* wayLines(k, part)) return;
  if (trap !== undefined) yield* [`RIP: 0010:${symbolText(k, trap)}`, codeLine(k, trap), ...registerRows(k)];
  yield* traceLines(k, trap ?? 0);
}
