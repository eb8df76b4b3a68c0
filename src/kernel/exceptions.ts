// What happens when guest code stops with a fault or trap: fix-ups, WARN, oops. Source: arch/x86/kernel/traps.c, mm/fault.c,
// lib/bug.c; texts: linux-modules.md 9.
import type { SavedRegisters } from './api/registers.ts';
import { CODE_BEFORE, isCanonical, printHeader, printModules, printRegisters } from './arch/x86/dumpstack.ts';
import { isMapped, LastFault, PF_INSTR, PF_PROT, PF_WRITE, printPageFault } from './arch/x86/mm/fault.ts';
import { printDump, printTrace } from './arch/x86/stacktrace.ts';
import type { Place } from './arch/x86/unwind_orc.ts';
import type { BugEntry } from './bug_table.ts';
import { RSP } from './cpu.ts';
import type { Kernel } from './kernel.ts';
import { type Addr, type GuestFault, hex64, kernelAddr } from './memory.ts';
import { PanicSettings, panic } from './panic.ts';
import type { LevelName } from './printk/log.ts';
import { type GuestException, TaskKilled } from './sched/execution.ts';
import { THREAD_SIZE } from './sched/task.ts';
import { symbolText } from './symbolize.ts';
import { TAINT } from './taint.ts';

const SIGKILL = 9;
const SIGSEGV = 11;
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
/** in_interrupt(): what preempt_count() counts of soft, hard and non-maskable interrupts. */
const IN_INTERRUPT = 0xffff00;
const EFLAGS_IF = 0x200n;

/** An oops that begins. */
interface Oops {
  /** The first line, up to the number of the oops. */
  readonly title: string;
  readonly ip: Addr;
  /** Of a page fault: the address, which SIGKILL answers instead of SIGSEGV, with interrupts disabled. */
  readonly cr2?: Addr;
  /** The exception came as one that nothing masks: nothing can be saved. */
  readonly nmi?: boolean;
}

export class ExceptionHandler {
  readonly #k: Kernel;
  readonly #warned = new Set<string>();
  #oopses = 0;
  #first: { readonly registers: SavedRegisters; readonly ip: Addr } | undefined;

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
        this.#badAccess(ip, address, write ? PF_WRITE : 0);
        return undefined;
      }
      case 'trap':
        return this.#trap(exception.vector, kernelAddr(exception.ip));
      case 'left': {
        const { rip } = this.#k.registers;
        if (isCanonical(rip)) this.#badAccess(Number(BigInt.asIntN(64, rip)), rip, PF_INSTR);
        else this.#die({ title: 'general protection fault: 0000', ip: Number(BigInt.asIntN(64, rip)) });
        return undefined;
      }
      case 'stack':
        this.#stackOverflow();
        this.#die({ title: 'stack guard page: 0000', ip: kernelAddr(exception.ip), nmi: true });
        return undefined;
      case 'unimplemented': {
        const ip = kernelAddr(exception.ip);
        this.#k.log.print('crit', `kobox: instruction not implemented: ${exception.text}`);
        this.#die({ title: 'kobox: unimplemented instruction: 0000', ip });
        return undefined;
      }
      default:
        throw new Error(`a stop of kind ${exception.kind} is no exception`);
    }
  }

  /** Source: arch/x86/kernel/traps.c, handle_stack_overflow(). */
  #stackOverflow(): void {
    const k = this.#k;
    const { stack } = k.current;
    k.get(LastFault).address = k.registers.addr(RSP);
    const [hit, start, end] = [k.registers.addr(RSP), stack, stack + THREAD_SIZE - 1].map((address) => k.hashPointer(address));
    k.log.print('emerg', `BUG: TASK stack guard page was hit at ${hit} (stack is ${start}..${end})`);
  }
  #trap(vector: number, ip: Addr): number | undefined {
    if (vector === VECTOR_INVALID_OPCODE) return this.#invalidOpcode(ip);
    if (vector === VECTOR_DIVIDE) this.#die({ title: 'divide error: 0000', ip });
    // The instruction pointer is behind the breakpoint.
    else this.#die({ title: 'int3: 0000', ip: ip + 1, nmi: true });
    return undefined;
  }
  #invalidOpcode(ip: Addr): number | undefined {
    const k = this.#k;
    const bug = this.#findBug(ip);
    if (bug === undefined) {
      this.#die({ title: 'invalid opcode: 0000', ip });
      return undefined;
    }
    const flags = k.memory.u16(bug + 10);
    const file = k.memory.cstring(bug + 4 + k.memory.s32(bug + 4));
    const line = k.memory.u16(bug + 8);
    if ((flags & BUGFLAG_WARNING) === 0) {
      k.log.print('warning', CUT_HERE);
      k.log.print('crit', `kernel BUG at ${file}:${line}!`);
      this.#die({ title: 'invalid opcode: 0000', ip });
      return undefined;
    }
    const goOn = (ip + UD2_LENGTH) >>> 0;
    if ((flags & BUGFLAG_ONCE) !== 0) {
      if ((flags & BUGFLAG_DONE) !== 0) return goOn;
      k.memory.setU16(bug + 10, flags | BUGFLAG_DONE);
    }
    if ((flags & BUGFLAG_NO_CUT_HERE) === 0) k.log.print('warning', CUT_HERE);
    this.#reportWarning(file, line, ip);
    k.taint.add(flags >> 8 || TAINT.WARN, true, ip);
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
    this.#badAccess(this.ipOf(this.#k.execution), BigInt(fault.address), fault.write ? PF_WRITE : 0);
  }
  /** `access`: the bits of the error code that say what was tried. */
  #badAccess(ip: Addr, address: bigint, access: number): void {
    if (!isCanonical(address)) {
      const place = BigInt.asUintN(64, address).toString(16);
      this.#die({ title: `general protection fault, probably for non-canonical address 0x${place}: 0000`, ip });
      return;
    }
    const cr2 = Number(BigInt.asIntN(64, address));
    const code = access | (isMapped(this.#k, cr2) ? PF_PROT : 0);
    printPageFault(this.#k, cr2, code);
    this.#die({ title: `Oops: ${code.toString(16).padStart(4, '0')}`, ip, cr2 });
  }
  /** The oops itself: the task is gone after it, the module stays. */
  #die(oops: Oops): void {
    const k = this.#k;
    const { title, ip, cr2 } = oops;
    this.#oopses++;
    k.current.exitSignal = cr2 === undefined ? SIGSEGV : SIGKILL;
    k.log.print('warning', `${title} [#${this.#oopses}] PREEMPT SMP NOPTI`);
    printHeader(k);
    printRegisters(k, ip);
    printTrace(k, ip);
    printModules(k);
    if (cr2 !== undefined) k.log.print('warning', `CR2: ${hex64(cr2)}`);
    k.taint.add(TAINT.DIE, true);
    k.log.print('warning', END_TRACE);
    // The registers of the first oops, which may have scrolled away.
    this.#first ??= { registers: k.registers.save(), ip };
    const now = k.registers.save();
    k.registers.restore(this.#first.registers);
    printRegisters(k, this.#first.ip);
    k.registers.restore(now);
    this.#makeDead(oops);
  }
  /** Source: oops_end(), make_task_dead(). */
  #makeDead({ cr2, nmi = false }: Oops): void {
    const k = this.#k;
    const { current, percpu, registers } = k;
    if (nmi || (percpu.preemptCount & IN_INTERRUPT) !== 0) panic(k, 'Fatal exception in interrupt');
    const settings = k.get(PanicSettings);
    if (settings.onOops) panic(k, 'Fatal exception');
    if (current === k.scheduler.idle) panic(k, 'Attempted to kill the idle task!');
    const note = (state: string): void => k.log.print('info', `note: ${k.scheduler.comm(current)}[${current.pid}] exited with ${state}`);
    if (cr2 !== undefined || (registers.rflags & EFLAGS_IF) === 0n) note('irqs disabled');
    registers.rflags |= EFLAGS_IF;
    if (percpu.preemptCount !== 0) note(`preempt_count ${percpu.preemptCount}`);
    percpu.preemptCount = 0;
    if (++settings.oopses < settings.oopsLimit || settings.oopsLimit === 0) return;
    panic(k, `Oopsed too often (kernel.oops_limit is ${settings.oopsLimit})`);
  }

  /** Where a context runs: in guest code, or in the kernel function (of which only the start is known) that it called. */
  ipOf({ running, activations }: Place): Addr {
    if (running === 'guest') return Number(BigInt.asIntN(64, this.#k.registers.rip));
    return (running === 'generator' ? activations.at(-1)?.calledByGuest : running)?.address ?? 0;
  }
  /** dump_stack(). `way`: how the kernel comes to the call, where no module's function called it. */
  dumpStack(way?: string): void {
    printDump(this.#k, 'dump_stack', undefined, way);
  }
  /**
   * WARN() in the kernel function `name`, with a text; WARN_ON() without. `way`: how the kernel comes there, where no module's function
   * called it.
   */
  warn(file: string, line: number, name: string, text?: string, level: LevelName = 'warning', way?: string): void {
    const k = this.#k;
    const site = this.#kernelBug(file, line, name);
    k.log.print('warning', CUT_HERE);
    if (text !== undefined) k.log.print(level, text);
    this.#reportWarning(file, site?.line ?? line, site?.address ?? k.description.kallsyms.byName(name) ?? 0, way);
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
    // The kernel's text is not in memory; this much of it is known, and the line "Code:" shows it.
    if (site?.code !== undefined) this.#k.memory.write(site.address - CODE_BEFORE, site.code);
    else if (site !== undefined) this.#k.memory.setU16(site.address, UD2);
    return site;
  }
  #reportWarning(file: string, line: number, ip: Addr, way?: string): void {
    const k = this.#k;
    const name = symbolText(k, ip);
    k.log.print('warning', `WARNING: CPU: 0 PID: ${k.current.pid} at ${file}:${line} ${name}`);
    printModules(k);
    printHeader(k);
    printRegisters(k, ip);
    printTrace(k, ip, way);
    this.#checkPanic('kernel', 'check_panic_on_warn', ip);
    k.log.print('warning', END_TRACE);
  }
  /** check_panic_on_warn(). `way`: how the kernel came there from `ip`, if from an exception. */
  #checkPanic(origin: string, way: string, ip?: Addr): void {
    const settings = this.#k.get(PanicSettings);
    if (settings.onWarn) panic(this.#k, `${origin}: panic_on_warn set ...`, way, ip);
    if (++settings.warnings < settings.warnLimit || settings.warnLimit === 0) return;
    panic(this.#k, `${origin}: system warned too often (kernel.warn_limit is ${settings.warnLimit})`, 'warn_limit', ip);
  }
  /** BUG() in a kernel function. */
  bug(file: string, line: number): never {
    const k = this.#k;
    k.log.print('warning', CUT_HERE);
    const site = this.#kernelBug(file, line);
    k.log.print('crit', `kernel BUG at ${file}:${line}!`);
    this.#die({ title: 'invalid opcode: 0000', ip: site?.address ?? this.ipOf(k.execution) });
    throw new TaskKilled(SIGSEGV);
  }
  /** The name of the kernel function that guest code waits in: a way, where one was recorded. */
  #sleeper(): string {
    const { activations, running } = this.#k.execution;
    const waits = typeof running === 'object' ? running : activations.at(-1)?.calledByGuest;
    return (waits && this.#k.symbolize(waits.address)?.name) ?? '';
  }
  /** Somebody wants to sleep who must not. Source: kernel/sched/core.c, __schedule_bug(). */
  schedulingWhileAtomic(): void {
    const k = this.#k;
    const count = k.percpu.preemptCount.toString(16).padStart(8, '0');
    k.log.print('err', `BUG: scheduling while atomic: ${k.scheduler.comm(k.current)}/${k.current.pid}/0x${count}`);
    printModules(k);
    this.#checkPanic('scheduling while atomic', 'check_panic_on_warn');
    printDump(k, 'schedule_bug', undefined, this.#sleeper());
    k.taint.add(TAINT.WARN);
  }
}
