// The kernel command line, read as the kernel reads it. Source: kernel/params.c (parse_args), init/main.c.
import { nextArgument } from './module/parameters.ts';

const plain = (name: string): string => name.replaceAll('-', '_');

export class CommandLine {
  readonly #parameters: { readonly name: string; readonly value: string | undefined }[] = [];

  constructor(text: string) {
    for (let left = text.trimStart(); left !== ''; ) {
      const { name, value, rest } = nextArgument(left);
      left = rest;
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
