// Binds an entry of a table to a kernel: from registers and stack to the body's values, and from its result to rax.
import { RAX, REGISTER_FILE, RSP } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import type { KernelFunction, Sleeping, Support } from './kfunc.ts';
import { argumentSlot, callArguments } from './valist.ts';

/** A kernel function as the guest can call it. */
export interface BoundFunction {
  readonly name: string;
  readonly address: Addr;
  readonly kind: KernelFunction['kind'];
  readonly support: Support;
  /** Calls the body with the arguments of the call in progress. A blocking one gives its generator. */
  call(): unknown;
  /** Stores the result where the caller expects it. */
  setResult(value: unknown): void;
}

const RESULT_SLOT = REGISTER_FILE + RAX * 8;

export function bindFunction(k: Kernel, name: string, address: Addr, fn: KernelFunction): BoundFunction {
  const { view } = k.memory;
  const names = Object.keys(fn.params);
  const types = Object.values(fn.params);
  const body = fn.body as (k: Kernel, values: Record<string, unknown>) => unknown;
  const readArguments = (): Record<string, unknown> => {
    const rsp = k.registers.addr(RSP);
    const values: Record<string, unknown> = {};
    for (let n = 0; n < names.length; n++) {
      // biome-ignore lint/style/noNonNullAssertion: names and types have one length
      values[names[n]!] = types[n]!.fromSlot(view, argumentSlot(n, rsp), k);
    }
    if (fn.variadic) values['va'] = callArguments(k.memory, rsp, names.length);
    return values;
  };
  return {
    name,
    address,
    kind: fn.kind,
    support: fn.support,
    call:
      fn.kind === 'raw'
        ? () => (fn.body as unknown as (k: Kernel, r: Kernel['registers']) => void)(k, k.registers)
        : () => body(k, readArguments()),
    setResult: (value) => fn.returns.toSlot(view, RESULT_SLOT, value),
  };
}

/** The generator of a blocking function. */
export function start(fn: BoundFunction): Sleeping<unknown> {
  return fn.call() as Sleeping<unknown>;
}
