// How tables of kernel functions are written: one entry per function, with C parameter names, types, body and completeness.
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import type { Registers } from './registers.ts';
import { kernelSymbol } from './struct.ts';
import type { CType } from './types.ts';
import type { VaList } from './valist.ts';

/** What a running generator may ask of the driver. */
export type Request =
  /**
   * Call the function at `fn` (guest or kernel) with `args`; the answer is rax as a signed number. `way`: how Linux comes
   * there, for call traces (KernelDescription.wayTo).
   */
  | { readonly kind: 'call'; readonly fn: Addr; readonly args: readonly (number | bigint)[]; readonly way?: string }
  /** Give the CPU away: the task goes on when the scheduler picks it again. */
  | { readonly kind: 'switch' };

/** The body of something that can sleep or call back into a module. */
// biome-ignore format: one line
export type Sleeping<T> = Generator<Request, T, Addr>;

// biome-ignore lint/suspicious/noExplicitAny: a parameter list holds types of any value
type Params = Readonly<Record<string, CType<any>>>;
type Values<P extends Params> = { readonly [K in keyof P]: P[K] extends CType<infer V> ? V : never };
export type Support = { readonly level: 'full' } | { readonly level: 'partial' | 'noop'; readonly note: string };

/** One kernel function. `params` in C's order; a variadic one has `va` in its values. */
export interface KernelFunction {
  readonly kind: 'plain' | 'blocking' | 'raw';
  readonly params: Params;
  readonly returns: CType<unknown>;
  readonly variadic: boolean;
  readonly body: (k: Kernel, values: never) => unknown;
  readonly support: Support;
}
/** An exported object. `init` gives the object its first contents; without it the bytes come from the kernel's image. */
export interface KernelData {
  readonly kind: 'data';
  readonly init: ((k: Kernel, address: Addr) => void) | 'image';
  readonly support: Support;
}
export type KernelSymbol = KernelFunction | KernelData;

/** The symbols of one Linux source file. */
export interface KernelApi {
  readonly file: string;
  readonly symbols: Readonly<Record<string, KernelSymbol>>;
}

const full: Support = { level: 'full' };

/** A function that neither sleeps nor calls back. */
export function kfunc<const P extends Params, R>(
  params: P,
  returns: CType<R>,
  body: (k: Kernel, values: Values<P>) => NoInfer<R>,
): KernelFunction {
  return { kind: 'plain', params, returns, variadic: false, body, support: full } as KernelFunction;
}
/** A function with `...`: its values have `va`, which reads the variable arguments in order. */
export function variadic<const P extends Params, R>(
  params: P,
  returns: CType<R>,
  body: (k: Kernel, values: Values<P> & { readonly va: VaList }) => NoInfer<R>,
): KernelFunction {
  return { kind: 'plain', params, returns, variadic: true, body, support: full } as KernelFunction;
}
/** A function that may sleep or call a function of a module. */
export function blocking<const P extends Params, R>(
  params: P,
  returns: CType<R>,
  body: (k: Kernel, values: Values<P>) => Sleeping<NoInfer<R>>,
): KernelFunction {
  return { kind: 'blocking', params, returns, variadic: false, body, support: full } as KernelFunction;
}
/** A blocking function with `...`. */
export function blockingVariadic<const P extends Params, R>(
  params: P,
  returns: CType<R>,
  body: (k: Kernel, values: Values<P> & { readonly va: VaList }) => Sleeping<NoInfer<R>>,
): KernelFunction {
  return { kind: 'blocking', params, returns, variadic: true, body, support: full } as KernelFunction;
}
const voidType = { name: 'void', bytes: 0, fromSlot() {}, toSlot() {}, load() {}, store() {} } as CType<void>;
/** A function with a calling convention of its own: it reads and writes registers. rax is not touched after it. */
export function raw(body: (k: Kernel, registers: Registers) => void): KernelFunction {
  return { kind: 'raw', params: {}, returns: voidType, variadic: false, body, support: full } as KernelFunction;
}
/** An exported object whose first contents `init` writes (the memory is zero before). */
export function kdata(init: (k: Kernel, address: Addr) => void): KernelData {
  return { kind: 'data', init, support: full };
}
/** An exported object whose bytes are taken from the kernel's image. */
export const imageData: KernelData = { kind: 'data', init: 'image', support: full };

/** Marks what is missing. The note says what differs from Linux. */
export function partial<T extends KernelSymbol>(note: string, symbol: T): T {
  return { ...symbol, support: { level: 'partial', note } };
}
/** What may truly do nothing here; the note says why. */
export function noop<T extends KernelSymbol>(note: string, symbol: T): T {
  return { ...symbol, support: { level: 'noop', note } };
}

export function kernelApi(file: string, symbols: Readonly<Record<string, KernelSymbol>>): KernelApi {
  for (const name of Object.keys(symbols)) kernelSymbol(name);
  return { file, symbols };
}
