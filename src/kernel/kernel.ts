// One kernel: its memory, symbols, tasks, time and subsystems. `machine` makes it and plugs the CPU in.
import { makeDevice } from '#abi';
import {
  type CType,
  type FieldTypes,
  type KernelApi,
  type KernelStruct,
  Layouts,
  Registers,
  type Sleeping,
  type StructView,
} from './api/index.ts';
import { Retpolines } from './arch/x86/entry.ts';
import { CommandLine } from './cmdline.ts';
import { type Cpu, type CpuEnvironment, type CpuFactory, type CpuIo, REG_BUDGET, REGISTER_FILE } from './cpu.ts';
import type { KernelDescription } from './description.ts';
import { miceNode } from './drivers/input/mousedev.ts';
import { ExceptionHandler } from './exceptions.ts';
import { Devices } from './fs/devices.ts';
import { mountAll } from './fs/proc.ts';
import { KernelProcess } from './fs/process.ts';
import { type HostStream, StreamFile } from './fs/stream.ts';
import { Vfs } from './fs/vfs.ts';
import type { KernelHost, TimeMode } from './host.ts';
import { plainIo } from './io.ts';
import { siphash32 } from './lib/siphash.ts';
import { Formatter } from './lib/vsprintf.ts';
import { type Addr, Memory } from './memory.ts';
import { MODULES, VMALLOC } from './mm/layout.ts';
import { PageAllocator } from './mm/pages.ts';
import { Percpu } from './mm/percpu.ts';
import { RegionAllocator } from './mm/regions.ts';
import { Slab } from './mm/slab.ts';
import { UserMemory } from './mm/user.ts';
import { Modules } from './module/main.ts';
import { GuestText } from './module/text.ts';
import { Taint } from './panic.ts';
import { PrintkLog } from './printk/log.ts';
import { Execution, TaskKilled } from './sched/execution.ts';
import { Scheduler } from './sched/scheduler.ts';
import type { Task } from './sched/task.ts';
import { type SymbolizedAddress, symbolize } from './symbolize.ts';
import { KernelSymbols } from './symbols.ts';
import type { Process } from './syscalls.ts';
import { Clock, type Nanoseconds } from './time/clock.ts';
import type { UserMode } from './umh.ts';

export interface KernelOptions {
  readonly description: KernelDescription;
  readonly host: KernelHost;
  readonly cpu: CpuFactory;
  readonly tables: readonly KernelApi[];
  readonly time?: TimeMode;
  /** Kernel command line (/proc/cmdline). */
  readonly cmdline?: string;
}

const MEMORY_PAGES = 65536;
/**
 * Shared, though only one thread uses it: V8 counts the 4 GiB of a plain memory as used and collects all garbage for each
 * kernel that boots, which costs ten times the boot itself. Of a shared one it counts nothing, so that dead kernels would
 * pile up: each kernel holds a buffer that it never touches, of about the size of what a kernel does touch.
 */
const MEMORY = { initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: typeof SharedArrayBuffer !== 'undefined' };
const BALLAST = 64;
/** What one exhausted loop budget of the CPU is worth: a tick of 250 Hz. */
const TICK: Nanoseconds = 4_000_000;
/** And what each kernel function that it called meanwhile is worth. */
const KERNEL_CALL: Nanoseconds = 1000;
const MOST_KERNEL_CALLS = 65536;
const EFLAGS_IF = 0x200n;
/** Function entries before the CPU gives the kernel a chance to run timers. */
const ENTRY_BUDGET = 1_000_000;
/** How long the pump runs before the host's event loop gets its turn. */
const PUMP_SLICE_MS = 50;
/** The same in virtual time: turns of tasks. */
const SLICE_WORK = 256;
const TICK_WORK = 32;
/** So many system calls without any waiting take so long: slow enough that a test ends, rare enough that nothing else sees it. */
const BUSY_CALLS = 1000;
const BUSY_TIME: Nanoseconds = 100_000_000;

export class Kernel {
  readonly description: KernelDescription;
  readonly host: KernelHost;
  readonly cmdline: string;
  readonly commandLine: CommandLine;
  readonly memory: Memory;
  readonly registers: Registers;
  readonly layouts: Layouts;
  readonly clock: Clock;
  readonly io: CpuIo;
  /** Runs the programs that the kernel itself starts; undefined: there are none. */
  userMode: UserMode | undefined;
  readonly pages: PageAllocator;
  readonly slab: Slab;
  readonly vmalloc: RegionAllocator;
  readonly moduleSpace: RegionAllocator;
  readonly percpu: Percpu;
  readonly symbols: KernelSymbols;
  readonly cpu: Cpu;
  readonly execution: Execution;
  readonly scheduler: Scheduler;
  readonly exceptions: ExceptionHandler;
  readonly text = new GuestText();
  readonly vfs = new Vfs();
  readonly devices: Devices;
  readonly user = new UserMemory();
  readonly log: PrintkLog;
  readonly taint: Taint;
  readonly modules: Modules;
  readonly formatter = new Formatter(this);
  #pointerKey: Uint8Array | undefined;
  readonly #time: TimeMode;
  readonly #wallStart: number;
  #pumping: Promise<void> | undefined;
  /** What makes those outside fail who wait for a task. Time passes only while there are any. */
  readonly #waiting = new Set<(error: unknown) => void>();
  #halted = false;
  /** When the host's event loop gets its next turn: many short system calls must not starve it. */
  #sliceEnd = 0;
  /** Turns of tasks since then; an exhausted budget of the CPU counts as several. */
  #sliceWork = 0;
  /** System calls since virtual time passed last. */
  #calls = 0;
  #callsAt: Nanoseconds = 0;
  /** Kernel functions that guest code called since the last tick. */
  #kernelCalls = 0;
  /** Processes that compute outside, between two system calls: virtual time stands still meanwhile. */
  #busy = 0;
  /** Processes by pid. */
  readonly processes = new Map<number, KernelProcess>();
  #wake: (() => void) | undefined;
  readonly ballast = new WebAssembly.Memory({ initial: BALLAST, maximum: BALLAST });
  readonly #services = new Map<new (k: Kernel) => unknown, unknown>();

  constructor(options: KernelOptions) {
    const { description } = options;
    this.description = description;
    this.host = options.host;
    this.cmdline = options.cmdline ?? '';
    this.commandLine = new CommandLine(this.cmdline);
    this.#time = options.time ?? 'virtual';
    this.#wallStart = this.#time === 'wall' ? options.host.monotonicMs() : 0;
    this.memory = new Memory(new WebAssembly.Memory(MEMORY));
    this.registers = new Registers(this.memory);
    this.registers.rflags = EFLAGS_IF;
    this.layouts = new Layouts(description.layouts, () => description.btf, this);
    this.clock = new Clock(0, options.host.bootRealtime);
    this.io = plainIo(this.clock);
    this.pages = new PageAllocator();
    this.slab = new Slab(this.pages);
    this.vmalloc = new RegionAllocator(this.memory, VMALLOC);
    this.moduleSpace = new RegionAllocator(this.memory, MODULES);
    this.percpu = new Percpu(this.memory, {
      of: (symbol) => {
        const offset = description.addressOf(symbol);
        if (offset === undefined) throw new Error(`this kernel has no per-CPU variable ${symbol}`);
        return offset;
      },
    });
    this.symbols = new KernelSymbols(this, options.tables);
    this.log = new PrintkLog(this);
    this.taint = new Taint(this);
    this.modules = new Modules(this);
    this.exceptions = new ExceptionHandler(this);
    this.cpu = options.cpu(this.#environment());
    this.execution = new Execution(this.cpu, this.registers, {
      functionAt: (index) => this.symbols.functionAt(index),
      indexOf: (ip) => this.symbols.indexOf(ip),
      overdue: () => this.#kernelCalls >= MOST_KERNEL_CALLS,
      tick: () => this.#tick(),
      exception: (exception) => this.exceptions.handle(exception),
    });
    this.scheduler = new Scheduler(this, this.symbols.require('init_task'));
    this.#refillBudget();
    this.devices = new Devices(this);
    mountAll(this);
    miceNode(this);
  }

  /** One instance per kernel of a subsystem's class: made at its first use. */
  get<T>(service: new (k: Kernel) => T): T {
    let instance = this.#services.get(service);
    if (instance === undefined) {
      instance = new service(this);
      this.#services.set(service, instance);
    }
    return instance as T;
  }

  /** A view of a guest struct. Fields are read and written at each use. */
  view<F extends FieldTypes>(struct: KernelStruct<F>, address: Addr): StructView<F> {
    return this.layouts.view(struct, address);
  }
  /** Reads a C scalar at `address`. */
  load<T>(type: CType<T>, address: Addr): T {
    return type.load(this.memory, address, this);
  }
  get current(): Task {
    return this.scheduler.current;
  }

  /** %p: 16 digits, the low 8 of them a hash of the address under a key of this boot. */
  hashPointer(address: Addr): string {
    if (this.#pointerKey === undefined) {
      this.#pointerKey = new Uint8Array(16);
      this.host.random(this.#pointerKey);
    }
    return siphash32(this.#pointerKey, BigInt.asUintN(64, BigInt(address)))
      .toString(16)
      .padStart(16, '0');
  }
  /** The symbol that holds `address`, or undefined. */
  symbolize(address: Addr): SymbolizedAddress | undefined {
    return symbolize(this, address);
  }
  /** A NUL-terminated copy of `text` in kmalloc memory. */
  cstringAlloc(text: string): Addr {
    const address = this.slab.alloc(text.length + 1);
    if (address === undefined) throw new Error('out of guest memory');
    this.memory.setCstring(address, text);
    return address;
  }
  /** Calls a function of a module (or of the kernel) by address. Gives rax as a signed 64-bit number. */
  *call(fn: Addr, ...args: readonly (number | bigint)[]): Sleeping<Addr> {
    return yield { kind: 'call', fn, args };
  }
  /** `call` where call traces show how Linux comes to `fn`: `way` is a key of KernelDescription.wayTo. */
  *callBy(way: string, fn: Addr, ...args: readonly (number | bigint)[]): Sleeping<Addr> {
    return yield { kind: 'call', fn, args, way };
  }
  /** Calls a function that returns an int. */
  *callInt(fn: Addr, ...args: readonly (number | bigint)[]): Sleeping<number> {
    return (yield { kind: 'call', fn, args }) | 0;
  }

  /** The first process, with pid 1. */
  start(): Process {
    return new KernelProcess(this, { pid: this.scheduler.newPid(), parent: 0, comm: 'kobox', cwd: '/root' });
  }
  /** The terminal: /dev/console, /dev/tty and /dev/tty0 open it from now on. */
  terminal(host: HostStream): StreamFile {
    const TTY_MAJOR = 4;
    const TTYAUX_MAJOR = 5;
    const [tty, console] = [makeDevice(TTYAUX_MAJOR, 0), makeDevice(TTYAUX_MAJOR, 1)];
    const terminal = new StreamFile(this, host, { terminal: true, rdev: tty });
    for (const device of [tty, console, makeDevice(TTY_MAJOR, 0)]) {
      this.devices.register(device, 1, function* () {
        return terminal.open();
      });
    }
    return terminal;
  }
  /** Runs `body` as a new task and resolves with its result when it has ended; undefined when it was killed. */
  async runTask<T>(comm: string, body: (task: Task) => Sleeping<T>, pid?: number, onEnd?: () => void): Promise<T | undefined> {
    let result: T | undefined;
    const task = this.scheduler.spawn(
      comm,
      function* (self) {
        result = yield* body(self);
        return 0;
      },
      { pid, kept: true },
    );
    if (onEnd !== undefined) task.onExit.push(onEnd);
    this.#passForCalls();
    await this.waitFor(task);
    this.scheduler.reap(task);
    return result;
  }
  /** Virtual time does not stand still for ever: whoever calls and calls without ever waiting uses it up. */
  #passForCalls(): void {
    if (this.#callsAt !== this.clock.now) {
      this.#callsAt = this.clock.now;
      this.#calls = 0;
    }
    if (this.#time === 'virtual' && ++this.#calls > BUSY_CALLS) this.clock.pass(BUSY_TIME);
  }
  /** Resolves when `task` has ended. Meanwhile time passes. */
  async waitFor(task: Task): Promise<void> {
    if (task.dead) return;
    const ended = new Promise<void>((resolve, reject) => {
      this.#waiting.add(reject);
      task.onExit.push(() => {
        // At once, not when the promise is noticed: else time would run on meanwhile.
        this.#waiting.delete(reject);
        resolve();
      });
    });
    this.wakePump();
    await ended;
  }
  /** A process computes outside the kernel. Precondition of `letGo`. */
  hold(): void {
    this.#busy++;
  }
  letGo(): void {
    this.#busy--;
    if (this.#busy === 0 && this.#waiting.size > 0) this.wakePump();
  }
  /** Somebody waits for a task that sleeps, and nothing that is known will wake it. */
  get stuck(): boolean {
    return this.#pumping === undefined && this.#waiting.size > 0;
  }
  /** Turns the machine off: nothing runs any more, and who waits for it waits for ever. */
  halt(): void {
    this.#halted = true;
  }
  /** Makes sure that runnable tasks get to run. */
  wakePump(): void {
    this.#wake?.();
    this.#pumping ??= this.#pump();
  }
  async #pump(): Promise<void> {
    await undefined;
    try {
      while (!this.#halted) {
        this.#followWall();
        this.clock.runDue();
        if (!this.scheduler.runNext()) {
          // Nothing can run. Time passes only while somebody outside waits for a result (or by itself, on the wall).
          const { next } = this.clock;
          if (this.#time === 'virtual') {
            if (this.#waiting.size === 0 || this.#busy > 0 || next === undefined) return;
            this.clock.advanceTo(next);
          } else {
            if (next === undefined) return;
            await this.#idleUntil(next);
          }
        }
        if (this.#sliceOver()) await this.host.sleep(0);
      }
    } catch (error) {
      // A bug of ours: whoever waits hears of it.
      if (this.#waiting.size === 0) throw error;
      for (const fail of this.#waiting) fail(error);
      this.#waiting.clear();
    } finally {
      // At once: what becomes runnable from here on starts a new pump.
      this.#pumping = undefined;
    }
  }
  /** Whether the host's event loop gets its turn. In virtual time that must not depend on how fast this computer is. */
  #sliceOver(): boolean {
    if (this.#time === 'virtual') {
      if (++this.#sliceWork < SLICE_WORK) return false;
      this.#sliceWork = 0;
      return true;
    }
    const now = this.host.monotonicMs();
    if (now <= this.#sliceEnd) return false;
    this.#sliceEnd = now + PUMP_SLICE_MS;
    return true;
  }
  #followWall(): void {
    if (this.#time === 'wall') this.clock.advanceTo((this.host.monotonicMs() - this.#wallStart) * 1e6);
  }
  async #idleUntil(time: Nanoseconds): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, this.host.sleep(Math.max(0, (time - this.clock.now) / 1e6))]);
    this.#wake = undefined;
  }

  /** The CPU's budget ran out: time has passed. Interrupts come now, when they are enabled. */
  #tick(): boolean {
    this.#refillBudget();
    this.#sliceWork += TICK_WORK;
    const passed = TICK + this.#kernelCalls * KERNEL_CALL;
    this.#kernelCalls = 0;
    this.clock.pass(passed);
    if (this.exceptions.watchdog(passed)) throw new TaskKilled(9);
    if ((this.registers.rflags & EFLAGS_IF) !== 0n) this.clock.runDue();
    return false;
  }
  #refillBudget(): void {
    this.memory.view.setUint32(REGISTER_FILE + REG_BUDGET, ENTRY_BUDGET, true);
  }

  #environment(): CpuEnvironment {
    const k = this;
    return {
      memory: this.memory.wasm,
      kernelFunctionAt: (ip) => k.symbols.indexOf(ip),
      kernelCall: (index) => {
        k.#kernelCalls++;
        return k.execution.kernelCall(index);
      },
      functionAt: (ip) => k.text.functionAt(ip),
      functionsNear: (ip) => k.text.functionsNear(ip),
      thunkAt: (ip) => k.get(Retpolines).at(ip),
      io: k.io,
    };
  }
}
