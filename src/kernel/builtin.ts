// What the image says of built-in modules and of the variables of /proc/sys: as src/kimport/builtin.ts has written it down.
import type { Kernel } from './kernel.ts';
import { kstrto, parseBool } from './lib/kstrtox.ts';
import type { Addr } from './memory.ts';

/** A module_param() of the image whose file can be seen. */
export interface BuiltinParameter {
  /** '' for what has no prefix: such parameters show under "kernel". */
  readonly module: string;
  readonly name: string;
  readonly mode: number;
  readonly flags: number;
  /** The symbol of its struct kernel_param_ops. */
  readonly ops: string;
  /** kernel_param.arg. */
  readonly arg: Addr;
}
/** An entry of a table of sysctls in the image. Pointers are NULL where the entry has none. */
export interface SysctlEntry {
  /** Below /proc/sys: "kernel/printk". */
  readonly path: string;
  readonly mode: number;
  readonly handler: string;
  readonly data: Addr;
  readonly maxlen: number;
  readonly extra1: Addr;
  readonly extra2: Addr;
}
interface InitialData {
  readonly address: Addr;
  readonly bytes: Uint8Array;
  /** The exported symbol that it belongs to; '' when it belongs to none. */
  readonly owner: string;
}
const addr = (hex: string): Addr => {
  const low = Number.parseInt(hex, 16);
  return low < 0x8000_0000 ? low : low - 2 ** 32;
};

export class BuiltinTable {
  readonly parameters: readonly BuiltinParameter[];
  readonly versions: ReadonlyMap<string, string>;
  readonly sysctls: ReadonlyMap<string, SysctlEntry>;
  readonly data: readonly InitialData[];
  /** What has a directory in /sys/module: parameters that can be seen, or a version. No other module may have such a name. */
  readonly modules: ReadonlySet<string>;

  constructor(text: string) {
    const lines = text.split('\n').map((line) => line.split(' '));
    const of = (kind: string): string[][] => lines.filter(([first]) => first === kind).map(([, ...fields]) => fields);
    this.parameters = of('P').map(([full = '', mode = '', flags = '', ops = '', arg = '']) => {
      const dot = full.indexOf('.');
      const [module, name] = [full.slice(0, Math.max(0, dot)), full.slice(dot + 1)];
      return { module, name, mode: Number.parseInt(mode, 8), flags: Number(flags), ops, arg: addr(arg) };
    });
    this.versions = new Map(of('V').map(([module = '', version = '']) => [module, version]));
    this.sysctls = new Map(
      of('S').map(([path = '', mode = '', handler = '', data = '', maxlen = '', extra1 = '', extra2 = '']) => [
        path,
        {
          path,
          mode: Number.parseInt(mode, 8),
          handler,
          data: addr(data),
          maxlen: addr(maxlen),
          extra1: addr(extra1),
          extra2: addr(extra2),
        },
      ]),
    );
    this.modules = new Set([...this.parameters.map(({ module }) => module || 'kernel'), ...this.versions.keys()]);
    this.data = of('D').map(([address = '', bytes = '', owner = '']) => ({
      address: addr(address),
      bytes: Uint8Array.from(bytes.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
      owner,
    }));
  }
}

/** Variables of the image that are no exports of our tables: in guest memory at their addresses, with their first contents. */
export class KernelVariables {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    this.#k = k;
    for (const { address, bytes, owner } of k.description.builtin.data) {
      // What a table has, it fills itself.
      if (owner === '' || k.symbols.addressOf(owner) === undefined) k.memory.write(address, bytes);
    }
    for (const { name: named, value = '1' } of k.commandLine.parameters) {
      const found = k.description.builtin.parameters.find(({ module, name }) => (module === '' ? name : `${module}.${name}`) === named);
      if (found !== undefined) this.store(found, value);
      // Options that cannot be seen, of variables that can.
      if (named === 'nomodule') this.setInt('kernel/modules_disabled', 1);
      if (named === 'oops' && value === 'panic') this.setInt('kernel/panic_on_oops', 1);
    }
  }
  /** What the boot has put into a parameter: an option of the command line, or a value that the machine has. */
  store({ ops, arg }: BuiltinParameter, text: string): void {
    const { memory } = this.#k;
    if (/_bool(?:_enable_only)?$/.test(ops)) {
      const value = parseBool(text);
      if (value !== undefined) memory.setU8(arg, value ? 1 : 0);
    } else if (ops === 'param_ops_string') memory.setCstring(memory.ptr(arg + 8), text);
    else {
      const value = kstrto(text, 64, true);
      if (typeof value === 'number') return;
      const wide = /u?long$|_fqs_jiffies_ops$/.test(ops);
      if (wide) memory.setU64(arg, BigInt.asUintN(64, value));
      else if (/u?int$/.test(ops)) memory.setU32(arg, Number(BigInt.asUintN(32, value)));
    }
  }
  /** The int behind a sysctl, by its path below /proc/sys; 0 in a kernel that has no such sysctl. `n`: which of a vector. */
  int(path: string, n = 0): number {
    const entry = this.#k.description.builtin.sysctls.get(path);
    return entry === undefined ? 0 : this.#k.memory.s32(entry.data + n * 4);
  }
  setInt(path: string, value: number): void {
    const entry = this.#k.description.builtin.sysctls.get(path);
    if (entry !== undefined) this.#k.memory.setU32(entry.data, value >>> 0);
  }
  /** The string behind a sysctl. */
  text(path: string): string {
    const entry = this.#k.description.builtin.sysctls.get(path);
    return entry === undefined ? '' : this.#k.memory.cstring(entry.data, entry.maxlen);
  }
  /** A parameter of type bool; `otherwise` in a kernel that has no such parameter. */
  flag(module: string, name: string, otherwise: boolean): boolean {
    const found = this.#k.description.builtin.parameters.find((parameter) => parameter.module === module && parameter.name === name);
    return found === undefined ? otherwise : this.#k.memory.u8(found.arg) !== 0;
  }
}
