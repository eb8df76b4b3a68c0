// Builds C with gcc as kernel code is built, loads it at a module address and runs it on the translator alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckMode, type FunctionRange, type Layout, type Stop, Translator, type TranslatorHost } from '#translate';

export const layout: Layout = {
  registers: 0x1000,
  rip: 0x1080,
  rflags: 0x1088,
  gsBase: 0x1090,
  stackLimit: 0x1098,
  budget: 0x109c,
  faultAddress: 0x10a0,
  scratch: 0x10000,
  guestStart: 0x100000,
  modulesStart: 0xc0000000,
  protectedPages: 0x40000,
};
export const TEXT = 0xc0000000;
const STACK = 0x90000000;
const STACK_BYTES = 16384;
/** Returning here ends a call. */
export const RETURN = 0x8fff0000;

export const KERNEL_FLAGS = [
  '-O2',
  '-mcmodel=kernel',
  '-mno-red-zone',
  '-mno-sse',
  '-mno-mmx',
  '-fno-pic',
  '-fno-pie',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-jump-tables',
  '-fcf-protection=none',
  '-mpreferred-stack-boundary=3',
  '-fno-strict-aliasing',
];

export interface Image {
  readonly bytes: Uint8Array;
  readonly symbols: ReadonlyMap<string, number>;
  readonly functions: readonly FunctionRange[];
}

/** Compiles and links at TEXT. */
export function build(source: string, flags: readonly string[] = KERNEL_FLAGS, language = 'c'): Image {
  const folder = mkdtempSync(join(tmpdir(), 'kobox-guest-'));
  try {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path(`x.${language}`), source);
    execFileSync('gcc', [...flags, '-c', path(`x.${language}`), '-o', path('x.o')], { stdio: ['ignore', 'inherit', 'inherit'] });
    const address = `0xffffffff${TEXT.toString(16)}`;
    writeFileSync(
      path('x.lds'),
      `SECTIONS { . = ${address}; .all : { *(.text*) *(.rodata*) *(.data*) *(.bss*) *(COMMON) } /DISCARD/ : { *(*) } }`,
    );
    execFileSync('ld', ['-T', path('x.lds'), '-e', '0', path('x.o'), '-o', path('x.elf')], { stdio: ['ignore', 'inherit', 'ignore'] });
    execFileSync('objcopy', ['-O', 'binary', '--set-section-flags', '.all=alloc,load,contents', path('x.elf'), path('x.bin')]);
    const symbols = new Map<string, number>();
    const functions: FunctionRange[] = [];
    for (const line of execFileSync('nm', ['-S', path('x.elf')], { encoding: 'utf8' }).split('\n')) {
      const [value, size, type, name] = line.split(' ');
      if (name === undefined || value === undefined || size === undefined) continue;
      const start = Number.parseInt(value.slice(8), 16);
      symbols.set(name, start);
      if (type === 't' || type === 'T') functions.push({ start, end: start + Number.parseInt(size, 16), name });
    }
    return { bytes: new Uint8Array(readFileSync(path('x.bin'))), symbols, functions: functions.sort((a, b) => a.start - b.start) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface GuestOptions {
  readonly checks?: CheckMode;
  readonly fuel?: number;
  readonly entries?: number;
  readonly host?: Partial<TranslatorHost>;
}

let sharedMemory: WebAssembly.Memory | undefined;

export class Guest {
  readonly image: Image;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly translator: Translator;
  readonly #entries: number;
  stops = 0;

  constructor(image: Image, options: GuestOptions = {}) {
    this.image = image;
    sharedMemory ??= new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });
    this.memory = sharedMemory;
    this.view = new DataView(this.memory.buffer);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.bytes.set(image.bytes, TEXT);
    this.#entries = options.entries ?? 1 << 30;
    const { checks = 'default', fuel = 1 << 16 } = options;
    this.translator = new Translator(
      {
        memory: this.memory,
        hostFunctionAt: () => -1,
        hostCall: () => 0,
        functionAt: (ip) => image.functions.find(({ start, end }) => ip >= start && ip < end),
        io: {
          portIn: () => 0,
          portOut: () => {},
          readMsr: () => undefined,
          writeMsr: () => false,
          cpuid: () => [0, 0, 0, 0],
          rdtsc: () => 0n,
        },
        ...options.host,
      },
      { layout, checks, fuel },
    );
    this.view.setUint32(layout.stackLimit, STACK, true);
    this.view.setUint32(layout.budget, this.#entries, true);
  }

  setRegister(n: number, value: bigint): void {
    this.view.setBigUint64(layout.registers + 8 * n, BigInt.asUintN(64, value), true);
  }
  register(n: number): bigint {
    return this.view.getBigUint64(layout.registers + 8 * n, true);
  }
  symbol(name: string): number {
    const value = this.image.symbols.get(name);
    if (value === undefined) throw new Error(`no symbol ${name}`);
    return value;
  }

  /** Runs until something other than the budget stops it. */
  start(name: string, values: readonly bigint[]): Stop {
    [7, 6, 2, 1, 8, 9].forEach((register, n) => this.setRegister(register, values[n] ?? 0n));
    const rsp = STACK + STACK_BYTES - 8;
    this.setRegister(4, 0xffffffff00000000n | BigInt(rsp));
    this.view.setBigUint64(rsp, 0xffffffff00000000n | BigInt(RETURN), true);
    let stop = this.translator.run(this.symbol(name));
    while (stop.kind === 'budget') {
      this.stops++;
      this.view.setUint32(layout.budget, this.#entries, true);
      stop = this.translator.run(stop.ip);
    }
    return stop;
  }
  /** Calls a function as C does; the result is rax. */
  call(name: string, ...values: bigint[]): bigint {
    const stop = this.start(name, values);
    if (stop.kind !== 'left' || stop.ip !== RETURN)
      throw new Error(`${name} stopped: ${JSON.stringify(stop, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))}`);
    return this.register(0);
  }
}
