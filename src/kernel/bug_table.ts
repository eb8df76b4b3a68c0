// Where the kernel's own BUG() and WARN() stand in its image: what reports of kernel functions name. Source: lib/bug.c.
import type { Kallsyms } from './description.ts';
import type { Addr } from './memory.ts';

export interface BugEntry {
  readonly address: Addr;
  readonly file: string;
  readonly line: number;
  /** The code around it as reports show it, where the kernel's tables have the file. */
  readonly code: Uint8Array | undefined;
}

export class BugTable {
  readonly #entries: readonly BugEntry[];
  readonly #kallsyms: Kallsyms;
  /** `text`: one line an entry, "ADDRESS LINE[ FILE][ =CODE]" as the import writes it. */
  constructor(text: string, kallsyms: Kallsyms) {
    let file = '';
    this.#entries = text.split('\n').flatMap((entry) => {
      const [address = '', line = '', ...rest] = entry.split(' ');
      file = rest.find((part) => !part.startsWith('=')) ?? file;
      const code = rest.find((part) => part.startsWith('='))?.match(/[0-9a-f]{2}/g);
      const bytes = code ? Uint8Array.from(code, (byte) => Number.parseInt(byte, 16)) : undefined;
      return entry === '' ? [] : [{ address: Number.parseInt(address, 36) - 2 ** 32, file, line: Number(line), code: bytes }];
    });
    this.#kallsyms = kallsyms;
  }
  /**
   * The entry of `file` at `line` in the function `name` (in any, when it is not given). On a kernel whose lines are others: the only one of
   * `file` in that function.
   */
  find(file: string, line: number, name?: string): BugEntry | undefined {
    const inFile = this.#entries.filter((entry) => entry.file === file);
    const here = name === undefined ? inFile : inFile.filter(({ address }) => this.#partOf(address, name));
    return here.find((entry) => entry.line === line) ?? (here.length === 1 ? here[0] : undefined);
  }
  /** The compiler moves unlikely code into parts of other names: NAME.cold, NAME.part.0. */
  #partOf(address: Addr, name: string): boolean {
    const symbol = this.#kallsyms.at(address)?.name;
    return symbol === name || symbol?.startsWith(`${name}.`) === true;
  }
}
