// Runs one context (a task, or an interrupt on top of it): guest code by the CPU, and the generators of kernel functions
// that sleep or call back into a module.
//
// A call from TypeScript into the guest pushes GUEST_RETURN as its return address, so that the CPU leaves with that
// address when the function returns. A kernel function that cannot finish at once makes the CPU unwind (return 0): its
// generator becomes the context's top activation, and this loop serves its requests.
import { type BoundFunction, start } from '../api/bind.ts';
import type { Request } from '../api/kfunc.ts';
import type { Registers } from '../api/registers.ts';
import { ARGUMENT_REGISTERS } from '../api/valist.ts';
import { type Cpu, type CpuStop, RAX } from '../cpu.ts';
import { type Addr, GuestFault, kernelAddr } from '../memory.ts';
import type { Activation } from './task.ts';

/** A stack of activations that runs on the current guest stack. */
export interface Context {
  readonly activations: Activation[];
  /** Where guest code goes on (low 32 bits) when it was stopped between two calls. */
  resumeIp: number | undefined;
  /** What the task's function returned, or the code of its exit. */
  exitCode: number;
}

/** What runs on top of a context's generators: guest code, a kernel function that it called, or the top generator itself. */
export type Running = 'guest' | 'generator' | BoundFunction;

/** How `run` left a context. */
export type Outcome = 'switch' | 'finished' | 'killed';

/** Thrown by kernel functions that end the task (BUG, exit) after whatever had to be printed. */
export class TaskKilled extends Error {
  readonly signal: number;
  constructor(signal: number) {
    super(`task killed by signal ${signal}`);
    this.signal = signal;
  }
}
/** Thrown by a kernel function that ends its task in good order: do_exit() of a kernel thread. */
export class TaskExit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`task exits with ${code}`);
    this.code = code;
  }
}
/** What ended guest code: a stop of the CPU, or what a kernel function threw. */
export type GuestException = CpuStop | { readonly kind: 'thrown'; readonly error: GuestFault | TaskKilled };

/** What the execution asks of the kernel around it. */
export interface ExecutionHost {
  functionAt(index: number): BoundFunction;
  /** The dense index of the kernel function at `ip`, or -1. */
  indexOf(ip: number): number;
  /** Whether so many kernel functions were called that a tick is due. */
  overdue(): boolean;
  /** Time goes on: runs what interrupts would. Whether the task should give the CPU away now. */
  tick(ip: number): boolean;
  /**
   * Handles an exception. Gives the address where execution goes on (an __ex_table fix-up, the instruction behind a
   * WARN), or undefined, after the report, when the context dies.
   */
  exception(exception: GuestException): number | undefined;
}

/** The return address that leads from the guest to the calling generator: inside the kernel image, but no function. */
export const GUEST_RETURN = 0x80fffff0;
export const GUEST_RETURN_ADDR: Addr = kernelAddr(GUEST_RETURN);

export class Execution {
  readonly #cpu: Cpu;
  readonly #registers: Registers;
  readonly #host: ExecutionHost;
  #context: Context | undefined;
  #running: Running = 'generator';
  #interrupted: Execution['interrupted'];
  #stale = false;
  /** Where guest code goes on after such an unwind. */
  #resumeAt: number | undefined;
  #pending: { readonly activation: Activation; readonly request: Request } | undefined;

  constructor(cpu: Cpu, registers: Registers, host: ExecutionHost) {
    this.#cpu = cpu;
    this.#registers = registers;
    this.#host = host;
  }

  /** The generators of the context that runs, outermost first, and what runs on top of them. */
  get activations(): readonly Activation[] {
    return this.#context?.activations ?? [];
  }
  get running(): Running {
    return this.#running;
  }
  /** The same of what the running interrupt interrupted. */
  get interrupted(): { readonly activations: readonly Activation[]; readonly running: Running } | undefined {
    return this.#interrupted;
  }
  /** CpuEnvironment.kernelCall: a kernel function called by running guest code. */
  kernelCall(index: number): number {
    const fn = this.#host.functionAt(index);
    this.#running = fn;
    if (fn.kind === 'plain') fn.setResult(fn.call());
    else if (fn.kind === 'raw') fn.call();
    else {
      const generator = start(fn);
      const step = generator.next(0);
      if (step.done !== true) {
        this.#pending = { activation: { generator, calledByGuest: fn }, request: step.value };
        return 0;
      }
      fn.setResult(step.value);
    }
    this.#running = 'guest';
    const ip = this.#registers.popReturn();
    // 0 means 'stop' to the CPU: a return address of 0 (a broken stack) goes on through the driver too.
    if (!this.#stale && ip !== 0) return ip;
    this.#stale = false;
    this.#resumeAt = ip;
    return 0;
  }
  /**
   * Guest code that may be running was patched: after the kernel function that did it, the CPU unwinds and goes on in new
   * translations. (Running WebAssembly cannot be changed.)
   */
  codePatched(): void {
    this.#stale = true;
  }

  /** Runs `context` until it switches, finishes or is killed. */
  run(context: Context): Outcome {
    const [outer, running, interrupted] = [this.#context, this.#running, this.#interrupted];
    this.#interrupted = outer && { activations: outer.activations, running };
    this.#context = context;
    try {
      return this.#run(context);
    } finally {
      this.#context = outer;
      this.#running = running;
      this.#interrupted = interrupted;
    }
  }
  #run(context: Context): Outcome {
    let answer: Addr = 0;
    let ip = context.resumeIp;
    context.resumeIp = undefined;
    for (;;) {
      let request: Request | undefined;
      try {
        if (ip === undefined) {
          const top = context.activations.at(-1);
          if (top === undefined) return 'finished';
          this.#running = 'generator';
          const step = top.generator.next(answer);
          if (step.done === true) {
            context.activations.pop();
            if (top.calledByGuest === undefined) return 'finished';
            top.calledByGuest.setResult(step.value);
            ip = this.#registers.popReturn();
            continue;
          }
          request = step.value;
        } else {
          this.#running = 'guest';
          // A loop that sleeps or calls back enters the CPU anew each time, whose own count never runs out.
          const stop: CpuStop = this.#host.overdue() ? this.#outOfBudget(ip) : this.#cpu.run(ip);
          ip = undefined;
          if (stop.kind === 'left' && stop.ip === GUEST_RETURN) {
            this.#dropArguments(context.activations.at(-1));
            answer = this.#registers.addr(RAX);
            continue;
          }
          if (stop.kind === 'budget') {
            if (this.#host.tick(stop.ip)) {
              context.resumeIp = stop.ip;
              return 'switch';
            }
            ip = stop.ip;
            continue;
          }
          if (stop.kind !== 'kernel') {
            ip = this.#host.exception(stop);
            if (ip === undefined) return this.#kill(context);
            continue;
          }
          if (this.#resumeAt !== undefined) {
            ip = this.#resumeAt;
            this.#resumeAt = undefined;
            continue;
          }
          this.#stale = false;
          if (this.#pending === undefined) {
            // Nothing made it unwind: guest code went to address 0.
            this.#registers.rip = 0n;
            ip = this.#host.exception({ kind: 'left', ip: 0 });
            if (ip === undefined) return this.#kill(context);
            continue;
          }
          context.activations.push(this.#pending.activation);
          request = this.#pending.request;
          this.#pending = undefined;
        }
        if (request.kind === 'switch') return 'switch';
        const caller = context.activations.at(-1);
        if (caller !== undefined) caller.way = request.way;
        ip = this.#call(request.fn, request.args, context);
        if (ip === undefined) answer = this.#registers.addr(RAX);
      } catch (error) {
        if (error instanceof TaskExit) {
          context.activations.length = 0;
          context.exitCode = error.code;
          return 'finished';
        }
        if (!(error instanceof GuestFault || error instanceof TaskKilled)) throw error;
        ip = this.#host.exception({ kind: 'thrown', error });
        if (ip === undefined) return this.#kill(context);
      }
    }
  }

  #outOfBudget(ip: number): CpuStop {
    this.#registers.rip = BigInt.asUintN(64, BigInt(kernelAddr(ip)));
    return { kind: 'budget', ip };
  }
  #kill(context: Context): 'killed' {
    context.activations.length = 0;
    return 'killed';
  }

  /**
   * Starts a call of `fn` for the top generator. Gives the guest address to run; undefined when a kernel function has
   * already finished, or is the new top activation.
   */
  #call(fn: Addr, args: readonly (number | bigint)[], context: Context): number | undefined {
    const registers = this.#registers;
    const caller = context.activations.at(-1);
    if (caller !== undefined) caller.stackArguments = Math.max(0, args.length - ARGUMENT_REGISTERS.length);
    for (let n = args.length - 1; n >= ARGUMENT_REGISTERS.length; n--) registers.push(Number(args[n]));
    registers.push(GUEST_RETURN_ADDR);
    ARGUMENT_REGISTERS.forEach((register, n) => {
      const value = args[n];
      if (typeof value === 'bigint') registers.setU64(register, value);
      else if (value !== undefined) registers.setAddr(register, value);
    });
    const index = fn < 0 ? this.#host.indexOf(fn >>> 0) : -1;
    // A wild pointer: the CPU leaves at once, and the stop becomes an instruction fetch fault.
    if (index < 0) return fn >>> 0;
    const callee = this.#host.functionAt(index);
    if (callee.kind === 'blocking') {
      // When it has finished, GUEST_RETURN is popped, the CPU leaves with it, and the caller goes on.
      context.activations.push({ generator: start(callee), calledByGuest: callee });
      return undefined;
    }
    if (callee.kind === 'raw') callee.call();
    else callee.setResult(callee.call());
    registers.popReturn();
    this.#dropArguments(caller);
    return undefined;
  }
  /** The caller takes the arguments off the stack that did not fit into registers. */
  #dropArguments(caller: Activation | undefined): void {
    for (let left = caller?.stackArguments ?? 0; left > 0; left--) this.#registers.popReturn();
  }
}
