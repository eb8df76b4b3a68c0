// Names that the compiler calls, and that the loader patches out of the text. Source: arch/x86/lib/retpoline.S, ftrace_64.S.
import { type KernelApi, kernelApi, noop, raw } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';

/** By hardware number; there is none for rsp. */
const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', '', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const thunkOf = (register: string): string => `__x86_indirect_thunk_${register}`;

/** Retpoline thunks: calls to them stay in the text, as they do on Linux, and the CPU goes through their register. */
export class Retpolines {
  readonly #byIp = new Map<number, number>();
  constructor(k: Kernel) {
    REGISTERS.forEach((name, n) => {
      const address = name === '' ? undefined : k.description.exports.get(thunkOf(name))?.address;
      if (address !== undefined) this.#byIp.set(address >>> 0, n);
    });
  }
  /** The hardware number of the register, or -1. */
  at(ip: number): number {
    return this.#byIp.get(ip) ?? -1;
  }
}
const patched = noop(
  'every call of it is patched when a module is loaded, or goes through its register',
  raw(() => {}),
);

export const entryApi: KernelApi = kernelApi('arch/x86/lib/retpoline.S', {
  __fentry__: patched,
  __x86_return_thunk: patched,
  ...Object.fromEntries(REGISTERS.flatMap((name) => (name === '' ? [] : [[thunkOf(name), patched]]))),
});
