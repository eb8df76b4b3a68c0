// Names that the compiler calls, and that the loader patches out of the text. Source: arch/x86/lib/retpoline.S, ftrace_64.S.
import { type KernelApi, kernelApi, noop, raw } from '../../api/index.ts';

const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const patched = noop(
  'every call of it is patched when a module is loaded',
  raw(() => {}),
);

export const entryApi: KernelApi = kernelApi('arch/x86/lib/retpoline.S', {
  __fentry__: patched,
  __x86_return_thunk: patched,
  ...Object.fromEntries(REGISTERS.map((name) => [`__x86_indirect_thunk_${name}`, patched])),
});
