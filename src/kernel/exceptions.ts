// What happens when guest code stops with a fault or trap: fix-ups, WARN, oops. Source: arch/x86/kernel/traps.c, mm/fault.c,
// lib/bug.c, kernel/watchdog.c; texts: linux-modules.md 9.
import type { SavedRegisters } from './api/registers.ts';
import { printHeader, printModules, printRegisters } from './arch/x86/dumpstack.ts';
import { printTrace } from './arch/x86/stacktrace.ts';
import type { Place } from './arch/x86/unwind_orc.ts';
import type { BugEntry } from './bug_table.ts';
import { RSP } from './cpu.ts';
import type { Kernel } from './kernel.ts';
import { type Addr, type GuestFault, hex64, kernelAddr } from './memory.ts';
import { TAINT } from './panic.ts';
import type { LevelName } from './printk/log.ts';
import { type GuestException, TaskKilled } from './sched/execution.ts';
import { THREAD_SIZE } from './sched/task.ts';
import type { Nanoseconds } from './time/clock.ts';

const SIGKILL = 9;
const SIGSEGV = 11;
const PAGE_SIZE = 4096;
const EX_ENTRY = 12;
const BUG_ENTRY = 12;
// struct bug_entry.flags (include/asm-generic/bug.h).
const BUGFLAG_WARNING = 1;
const BUGFLAG_ONCE = 2;
const BUGFLAG_DONE = 4;
const BUGFLAG_NO_CUT_HERE = 8;
/** As a little-endian word. */
const UD2 = 0x0b0f;
const UD2_LENGTH = 2;
const VECTOR_DIVIDE = 0;
const VECTOR_INVALID_OPCODE = 6;
const CUT_HERE = '------------[ cut here ]------------';
const END_TRACE = '---[ end trace 0000000000000000 ]---';
/** The soft lockup detector looks five times in twice the threshold, and speaks when it last saw a switch longer ago than that. */
const SOFT_LOCKUP_FACTOR = 2.2;

export class ExceptionHandler {
  readonly #k: Kernel;
  /** kernel.watchdog_thresh, in seconds. */
  watchdogThreshold = 10;
  readonly #warned = new Set<string>();
  #oopses = 0;
  #first: { readonly registers: SavedRegisters; readonly ip: Addr; readonly cr2: Addr | undefined } | undefined;
  #busyTask: number | undefined;
  #busy: Nanoseconds = 0;

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** Gives the address (low half) where execution goes on, or undefined after the report when the context dies. */
  handle(exception: GuestException): number | undefined {
    switch (exception.kind) {
      case 'thrown':
        if (exception.error instanceof TaskKilled) this.#k.current.exitSignal = exception.error.signal;
        else this.#kernelFault(exception.error);
        return undefined;
      case 'fault': {
        const ip = kernelAddr(exception.ip);
        const fixup = this.#fixup(ip);
        if (fixup !== undefined) return fixup;
        const { address, write } = exception;
        if (isCanonical(address)) this.#pageFault(ip, Number(BigInt.asIntN(64, address)), write ? 2 : 0);
        else this.#die(`general protection fault, probably for non-canonical address 0x${address.toString(16)}: 0000`, ip);
        return undefined;
      }
      case 'trap':
        return this.#trap(exception.vector, kernelAddr(exception.ip));
      case 'left': {
        const ip = Number(BigInt.asIntN(64, this.#k.registers.rip));
        this.#pageFault(ip, ip, 0x10);
        return undefined;
      }
      case 'stack':
        this.#stackOverflow();
        this.#die('stack guard page: 0000', kernelAddr(exception.ip));
        return undefined;
      case 'unimplemented': {
        const ip = kernelAddr(exception.ip);
        this.#k.log.print('crit', `kobox: instruction not implemented: ${exception.text}`);
        this.#die('kobox: unimplemented instruction: 0000', ip);
        return undefined;
      }
      default:
        throw new Error(`a stop of kind ${exception.kind} is no exception`);
    }
  }

  /** Linux panics after it; here only the task dies. Source: arch/x86/kernel/traps.c, handle_stack_overflow(). */
  #stackOverflow(): void {
    const k = this.#k;
    const { stack } = k.current;
    const [hit, start, end] = [k.registers.addr(RSP), stack, stack + THREAD_SIZE - 1].map((address) => k.hashPointer(address));
    k.log.print('emerg', `BUG: TASK stack guard page was hit at ${hit} (stack is ${start}..${end})`);
  }
  #trap(vector: number, ip: Addr): number | undefined {
    if (vector === VECTOR_DIVIDE) this.#die('divide error: 0000', ip);
    else if (vector === VECTOR_INVALID_OPCODE) return this.#invalidOpcode(ip);
    else this.#die(`int3: 0000`, ip);
    return undefined;
  }
  #invalidOpcode(ip: Addr): number | undefined {
    const k = this.#k;
    const bug = this.#findBug(ip);
    if (bug === undefined) {
      this.#die('invalid opcode: 0000', ip);
      return undefined;
    }
    const flags = k.memory.u16(bug + 10);
    const file = k.memory.cstring(bug + 4 + k.memory.s32(bug + 4));
    const line = k.memory.u16(bug + 8);
    if ((flags & BUGFLAG_WARNING) === 0) {
      k.log.print('warning', CUT_HERE);
      k.log.print('crit', `kernel BUG at ${file}:${line}!`);
      this.#die('invalid opcode: 0000', ip);
      return undefined;
    }
    const goOn = (ip + UD2_LENGTH) >>> 0;
    if ((flags & BUGFLAG_ONCE) !== 0) {
      if ((flags & BUGFLAG_DONE) !== 0) return goOn;
      k.memory.setU16(bug + 10, flags | BUGFLAG_DONE);
    }
    if ((flags & BUGFLAG_NO_CUT_HERE) === 0) k.log.print('warning', CUT_HERE);
    this.#reportWarning(file, line, ip);
    k.taint.add(flags >> 8 || TAINT.WARN);
    return goOn;
  }
  /** The bug_entry whose address is `ip`. */
  #findBug(ip: Addr): Addr | undefined {
    return this.#search('__bug_table', BUG_ENTRY, ip);
  }
  /** The fix-up of a faulting instruction: types that only jump (DEFAULT, UACCESS) are all that modules' plain code has. */
  #fixup(ip: Addr): number | undefined {
    const entry = this.#search('__ex_table', EX_ENTRY, ip);
    if (entry === undefined) return undefined;
    return (entry + 4 + this.#k.memory.s32(entry + 4)) >>> 0;
  }
  /** The entry of a module's table whose first field, self-relative, gives `ip`. */
  #search(section: string, size: number, ip: Addr): Addr | undefined {
    for (const module of this.#k.modules.all) {
      const place = module.sectionAddress(section);
      if (place === undefined) continue;
      for (let entry = place.address; entry + size <= place.address + place.size; entry += size) {
        if (entry + this.#k.memory.s32(entry) === ip) return entry;
      }
    }
    return undefined;
  }

  /** A kernel function touched a bad address for its caller. */
  #kernelFault(fault: GuestFault): void {
    this.#pageFault(this.#ip(), fault.address, fault.write ? 2 : 0);
  }
  #pageFault(ip: Addr, address: Addr, code: number): void {
    const k = this.#k;
    const nullPage = address >= 0 && address < PAGE_SIZE;
    k.log.print(
      'alert',
      nullPage
        ? `BUG: kernel NULL pointer dereference, address: ${hex64(address)}`
        : `BUG: unable to handle page fault for address: ${hex64(address)}`,
    );
    const access = code === 0x10 ? 'instruction fetch' : code === 2 ? 'write access' : 'read access';
    k.log.print('alert', `#PF: supervisor ${access} in kernel mode`);
    k.log.print('alert', `#PF: error_code(0x${code.toString(16).padStart(4, '0')}) - not-present page`);
    k.log.print('info', 'PGD 0 P4D 0 ');
    this.#die(`Oops: ${code.toString(16).padStart(4, '0')}`, ip, address);
  }
  /** The oops itself: the task is gone after it, the module stays. */
  #die(title: string, ip: Addr, cr2?: Addr): void {
    const k = this.#k;
    this.#oopses++;
    // A page fault is answered with SIGKILL, all else with SIGSEGV.
    k.current.exitSignal = cr2 === undefined ? SIGSEGV : SIGKILL;
    k.log.print('warning', `${title} [#${this.#oopses}] PREEMPT SMP NOPTI`);
    printHeader(k);
    printRegisters(k, ip, cr2);
    printTrace(k, ip);
    printModules(k);
    if (cr2 !== undefined) k.log.print('warning', `CR2: ${hex64(cr2)}`);
    k.taint.add(TAINT.DIE, true);
    k.log.print('warning', END_TRACE);
    // The registers of the first oops, which may have scrolled away.
    this.#first ??= { registers: k.registers.save(), ip, cr2 };
    const now = k.registers.save();
    k.registers.restore(this.#first.registers);
    printRegisters(k, this.#first.ip, this.#first.cr2);
    k.registers.restore(now);
    if (cr2 !== undefined) k.log.print('info', `note: ${k.scheduler.comm(k.current)}[${k.current.pid}] exited with irqs disabled`);
  }

  /** Where the context runs: in guest code, or in the kernel function (of which only the start is known) that it called. */
  #ip(): Addr {
    return this.ipOf(this.#k.execution);
  }
  ipOf({ running, activations }: Place): Addr {
    if (running === 'guest') return Number(BigInt.asIntN(64, this.#k.registers.rip));
    return (running === 'generator' ? activations.at(-1)?.calledByGuest : running)?.address ?? 0;
  }
  /** dump_stack(). `way`: how the kernel comes to the call, where no module's function called it. */
  dumpStack(way?: string): void {
    const { description } = this.#k;
    printHeader(this.#k);
    printTrace(this.#k, 0, [...description.wayTo('dump_stack'), ...(way === undefined ? [] : description.wayTo(way))]);
  }
  /** WARN() in the kernel function `name`, with a text; WARN_ON() without. */
  warn(file: string, line: number, name: string, text?: string, level: LevelName = 'warning'): void {
    const k = this.#k;
    const site = this.#kernelBug(file, line, name);
    k.log.print('warning', CUT_HERE);
    if (text !== undefined) k.log.print(level, text);
    this.#reportWarning(file, site?.line ?? line, site?.address ?? k.description.kallsyms.byName(name) ?? 0);
    k.taint.add(TAINT.WARN);
  }
  /** WARN_ONCE(): the first time in this kernel. */
  warnOnce(file: string, line: number, name: string, text?: string): void {
    const place = `${file}:${line}`;
    if (this.#warned.has(place)) return;
    this.#warned.add(place);
    this.warn(file, line, name, text);
  }
  #kernelBug(file: string, line: number, name?: string): BugEntry | undefined {
    const site = this.#k.description.bugs.find(file, line, name);
    // The kernel's text is not in memory; this instruction of it is known, and the line "Code:" shows it.
    if (site !== undefined) this.#k.memory.setU16(site.address, UD2);
    return site;
  }
  #reportWarning(file: string, line: number, ip: Addr): void {
    const k = this.#k;
    const where = k.symbolize(ip);
    const name =
      where === undefined
        ? hex64(ip)
        : `${where.name}+0x${where.offset.toString(16)}/0x${where.size.toString(16)}${where.module === undefined ? '' : ` [${where.module}]`}`;
    k.log.print('warning', `WARNING: CPU: 0 PID: ${k.current.pid} at ${file}:${line} ${name}`);
    printModules(k);
    printHeader(k);
    printRegisters(k, ip);
    printTrace(k, ip);
    k.log.print('warning', END_TRACE);
  }
  /** BUG() in a kernel function. */
  bug(file: string, line: number): never {
    const k = this.#k;
    k.log.print('warning', CUT_HERE);
    const site = this.#kernelBug(file, line);
    k.log.print('crit', `kernel BUG at ${file}:${line}!`);
    this.#die('invalid opcode: 0000', site?.address ?? this.#ip());
    throw new TaskKilled(SIGSEGV);
  }
  panic(text: string): never {
    const k = this.#k;
    k.log.print('emerg', `Kernel panic - not syncing: ${text}`);
    printHeader(k);
    k.log.print('emerg', `---[ end Kernel panic - not syncing: ${text} ]---`);
    throw new TaskKilled(SIGKILL);
  }
  /** A lock that can never be had: what Linux's watchdog says of it, at once. */
  lockup(): never {
    this.#reportLockup();
    throw new TaskKilled(SIGKILL);
  }
  #reportLockup(): void {
    const k = this.#k;
    const { current, scheduler } = k;
    k.log.print(
      'emerg',
      `watchdog: BUG: soft lockup - CPU#0 stuck for ${Math.floor(SOFT_LOCKUP_FACTOR * this.watchdogThreshold)}s! [${scheduler.comm(current)}:${current.pid}]`,
    );
    printModules(k);
    printHeader(k);
    printRegisters(k, this.#ip());
    printTrace(k, this.#ip());
    k.taint.add(TAINT.SOFTLOCKUP, true);
  }
  /** Guest code ran for `duration` more without giving the CPU away. Whether the task has to die for it. */
  watchdog(duration: Nanoseconds): boolean {
    const { pid } = this.#k.current;
    if (this.#busyTask !== pid) {
      this.#busyTask = pid;
      this.#busy = 0;
    }
    this.#busy += duration;
    if (this.#busy < SOFT_LOCKUP_FACTOR * this.watchdogThreshold * 1e9) return false;
    this.#busy = 0;
    this.#reportLockup();
    return true;
  }
  /** The task gave the CPU away. */
  switched(): void {
    this.#busyTask = undefined;
  }
  schedulingWhileAtomic(): void {
    const k = this.#k;
    k.log.print(
      'err',
      `BUG: scheduling while atomic: ${k.scheduler.comm(k.current)}/${k.current.pid}/0x${k.percpu.preemptCount.toString(16).padStart(8, '0')}`,
    );
    printModules(k);
    k.taint.add(TAINT.WARN);
  }
}

/** x86-64 addresses of 48 bits, sign-extended. */
function isCanonical(address: bigint): boolean {
  return BigInt.asIntN(64, address) === BigInt.asIntN(48, address);
}
