// Which call a return address lies behind: "the second of three indirect calls in vfs_read()". So a frame of a call trace that was
// recorded on one kernel can be found in the image of another, whose code lies elsewhere.
import { codeAround, codeText } from './code.ts';
import type { Symbol } from './kallsyms.ts';
import type { Vmlinux } from './vmlinux.ts';

const CALL = 0xe8;
const CALL_BYTES = 5;
const IMAGE = 0x8000_0000;
const FRAME = /^((?:RIP: 0010:)?)([^\s+]+)\+0x([0-9a-f]+)\/0x([0-9a-f]+)(?: = (\S+)(?: (\d+)\/(\d+))?)?$/;

interface Call {
  /** Of the return address in the function. */
  readonly offset: number;
  /** The function called; 'indirect' through a retpoline. */
  readonly target: string;
}
interface Code {
  readonly size: number;
  readonly calls: readonly Call[];
}

export class CallSites {
  readonly #vmlinux: Vmlinux;
  readonly #byName = new Map<string, number[]>();
  readonly #nameAt = new Map<number, string>();
  readonly #addresses: readonly number[];

  constructor(vmlinux: Vmlinux, symbols: readonly Symbol[]) {
    this.#vmlinux = vmlinux;
    const image = symbols.filter(({ address }) => address >= IMAGE);
    for (const { name, address } of image) {
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), address]);
      if (!this.#nameAt.has(address)) this.#nameAt.set(address, name);
    }
    this.#addresses = [...this.#nameAt.keys()].sort((a, b) => a - b);
  }

  /**
   * "NAME+0xOFFSET/0xSIZE" with what is called there: " = TARGET N/COUNT", or " = same" when it is no call. "RIP: ..." gets a line "Code:".
   */
  describe(frame: string): string {
    return this.#withCode(frame, this.#describe(frame));
  }
  #withCode(frame: string, line: string): string {
    const [, prefix = '', name = '', offset = '', size = ''] = FRAME.exec(frame) ?? [];
    const start = this.#byName.get(name)?.find((address) => this.#codeOf(address)?.size === Number.parseInt(size, 16));
    if (prefix === '' || start === undefined) return line;
    const code = codeAround(this.#vmlinux, start + Number.parseInt(offset, 16), (symbol) => this.#byName.get(symbol)?.[0]);
    return code === undefined ? line : `${line}\n${codeText(code)}`;
  }
  #describe(frame: string): string {
    const [, , name = '', offset = '', size = ''] = FRAME.exec(frame) ?? [];
    const code = this.#codes(name).find((candidate) => candidate.size === Number.parseInt(size, 16));
    if (code === undefined) return frame;
    const call = code.calls.find((candidate) => candidate.offset === Number.parseInt(offset, 16));
    if (call === undefined) return `${frame} = same`;
    const alike = code.calls.filter(({ target }) => target === call.target);
    return `${frame} = ${call.target} ${alike.indexOf(call) + 1}/${alike.length}`;
  }
  /** The frame in this image that `described` was in another; undefined when this image's function is built differently. */
  locate(described: string): string | undefined {
    const match = FRAME.exec(described);
    // Marks of stacks (</IRQ>) are the same everywhere.
    if (match === null) return described;
    const found = this.#locate(match);
    return found && this.#withCode(found, found);
  }
  #locate(match: RegExpExecArray): string | undefined {
    const [, prefix = '', name = '', offset = '', size = '', wanted, number, count] = match;
    for (const code of this.#codes(name)) {
      const alike = code.calls.filter(({ target }) => target === wanted);
      const found =
        wanted === 'same' ? code.size === Number.parseInt(size, 16) && offset : alike.length === Number(count) && alike[Number(number) - 1];
      if (found === false || found === undefined) continue;
      return `${prefix}${name}+0x${typeof found === 'string' ? found : found.offset.toString(16)}/0x${code.size.toString(16)}`;
    }
    return undefined;
  }

  /** Of each function of this name. */
  #codes(name: string): Code[] {
    return (this.#byName.get(name) ?? []).flatMap((address) => this.#codeOf(address) ?? []);
  }
  #codeOf(address: number): Code | undefined {
    const next = this.#addresses[this.#addresses.indexOf(address) + 1];
    const bytes = next === undefined ? undefined : this.#vmlinux.at(address, next - address);
    return bytes && { size: bytes.length, calls: this.#calls(address, bytes) };
  }
  #calls(address: number, bytes: Uint8Array): Call[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const calls: Call[] = [];
    for (let at = bytes.indexOf(CALL); at >= 0 && at + CALL_BYTES <= bytes.length; at = bytes.indexOf(CALL, at + 1)) {
      // A byte that only looks like a call leads to no function's start.
      const target = this.#nameAt.get((address + at + CALL_BYTES + view.getInt32(at + 1, true)) >>> 0);
      if (target === undefined) continue;
      calls.push({ offset: at + CALL_BYTES, target: target.startsWith('__x86_indirect_thunk') ? 'indirect' : target });
    }
    return calls;
  }
}
