// The kernel command line, read as the kernel reads it. Source: kernel/params.c (parse_args), init/main.c.
import { nextArgument, skipSpaces } from './lib/cmdline.ts';
import { fromLatin1, latin1 } from './memory.ts';

const plain = (name: string): string => name.replaceAll('-', '_');

export class CommandLine {
  readonly #parameters: { readonly name: string; readonly value: string | undefined }[] = [];

  constructor(text: string) {
    const bytes = fromLatin1(`${text}\0`);
    const memory = { u8: (at: number) => bytes[at] ?? 0, setU8: (at: number, byte: number) => bytes.fill(byte, at, at + 1) };
    const textAt = (at: number): string => latin1(bytes.subarray(at, bytes.indexOf(0, at)));
    for (let left = skipSpaces(memory, 0); memory.u8(left) !== 0; ) {
      const { param, val, rest } = nextArgument(memory, left);
      left = rest;
      const name = textAt(param);
      // The value lies behind its name, never at 0.
      const value = val === 0 ? undefined : textAt(val);
      // What follows is for init.
      if (name === '--' && value === undefined) return;
      this.#parameters.push({ name: plain(name), value });
    }
  }
  /** Whether the parameter stands there, with or without a value. */
  has(name: string): boolean {
    return this.#parameters.some((parameter) => parameter.name === plain(name));
  }
  /** Its last value; '' when it stands there without one. */
  value(name: string): string | undefined {
    const found = this.#parameters.findLast((parameter) => parameter.name === plain(name));
    return found && (found.value ?? '');
  }
  /** All parameters in their order, '-' in names written as '_'. */
  get parameters(): readonly { readonly name: string; readonly value: string | undefined }[] {
    return this.#parameters;
  }
}
