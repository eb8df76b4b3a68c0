// The line "Code:" of a report, out of the image: what stands there once the kernel has patched its text at boot.
// Source: arch/x86/kernel/dumpstack.c (how much is shown), alternative.c (returns, locks), ftrace.c (entries of functions).
import type { Vmlinux } from './vmlinux.ts';

const BEFORE = 42;
const SIZE = 64;
const CALL = 0xe8;
const JUMP = 0xe9;
/** It means nothing before the instructions that had a lock prefix. */
const DS_PREFIX = 0x3e;
const RETURN = [0xc3, 0xcc, 0xcc, 0xcc, 0xcc];
const NOP5 = [0x0f, 0x1f, 0x44, 0x00, 0x00];
const BYTES = 5;

/** `addressOf`: low halves of the addresses of __fentry__ and __x86_return_thunk. Undefined where the image has no bytes. */
export function codeAround(vmlinux: Vmlinux, address: number, addressOf: (symbol: string) => number | undefined): Uint8Array | undefined {
  const start = address - BEFORE;
  // Instructions may begin before what is shown, and end behind it.
  const margin = BYTES - 1;
  const bytes = vmlinux.at(start - margin, SIZE + 2 * margin);
  if (bytes === undefined) return undefined;
  const wide = new Uint8Array(bytes);
  const view = new DataView(wide.buffer);
  const [fentry, thunk] = [addressOf('__fentry__'), addressOf('__x86_return_thunk')];
  for (let at = 0; at + BYTES <= wide.length; at++) {
    const target = (start - margin + at + BYTES + view.getInt32(at + 1, true)) >>> 0;
    if (wide[at] === CALL && target === fentry) wide.set(NOP5, at);
    else if (wide[at] === JUMP && target === thunk) wide.set(RETURN, at);
  }
  // With one processor nothing needs a lock.
  for (const lock of vmlinux.locks(start, SIZE)) wide[lock - start + margin] = DS_PREFIX;
  return wide.subarray(margin, margin + SIZE);
}
/** "Code: 0f ... <0b> ...". */
export function codeText(code: Uint8Array): string {
  const bytes = [...code].map((byte, n) => {
    const text = byte.toString(16).padStart(2, '0');
    return n === BEFORE ? `<${text}>` : text;
  });
  return `Code: ${bytes.join(' ')}`;
}
