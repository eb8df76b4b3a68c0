// /proc/sys: tables of kernel variables. Source: fs/proc/proc_sysctl.c, kernel/sysctl.c.
import { EINVAL } from '#abi';
import {
  cstring,
  imageData,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, fromLatin1, latin1 } from '../memory.ts';
import { TextFile, TreeDirectory } from './node.ts';

const CtlTable = kernelStruct('ctl_table', {
  procname: voidPtr,
  data: voidPtr,
  maxlen: int,
  mode: umode_t,
  child: voidPtr,
  proc_handler: voidPtr,
  extra1: voidPtr,
  extra2: voidPtr,
});
const NULL = 0;
const PAGE_SIZE = 4096;
const HZ = 250n;
const USER_HZ = 100n;
/** Decimal, octal or hexadecimal, as the kernel's strtoul reads. */
const NUMBER = /^(-?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/;

/** What each registered header put where. */
class Sysctls {
  readonly #k: Kernel;
  readonly #headers = new Map<Addr, (() => void)[]>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  register(path: string, table: Addr): Addr {
    const header = this.#k.slab.alloc(this.#k.layouts.sizeOf('ctl_table_header')) ?? NULL;
    const undo: (() => void)[] = [];
    this.#put(this.#k.vfs.directory(`/proc/sys/${path}`), table, undo);
    this.#headers.set(header, undo);
    return header;
  }
  #put(directory: TreeDirectory, table: Addr, undo: (() => void)[]): void {
    const k = this.#k;
    const size = k.layouts.sizeOf('ctl_table');
    for (let at = table; k.view(CtlTable, at).procname !== NULL; at += size) {
      const entry = k.view(CtlTable, at);
      const name = k.memory.cstring(entry.procname);
      if (entry.child !== NULL) {
        const child = directory.child(name, 0o555);
        this.#put(child, entry.child, undo);
        undo.push(() => {
          if (child.entries.size === 0) directory.entries.delete(name);
        });
        continue;
      }
      directory.put(name, this.#file(at));
      undo.push(() => directory.entries.delete(name));
    }
  }
  #file(table: Addr): TextFile {
    const k = this.#k;
    const { mode, proc_handler: handler } = k.view(CtlTable, table);
    const call = function* (write: boolean, text: string): Sleeping<string | number> {
      const buffer = k.pages.alloc(0) ?? NULL;
      const state = k.slab.alloc(16) ?? NULL;
      k.memory.setCstring(buffer, text);
      k.memory.setPtr(state, write ? text.length : PAGE_SIZE - 1);
      k.memory.setPtr(state + 8, 0);
      const error = yield* k.callInt(handler, table, write ? 1 : 0, buffer, state, state + 8);
      const length = k.memory.ptr(state);
      const result = error !== 0 ? error : write ? length : latin1(k.memory.read(buffer, length));
      k.pages.free(buffer);
      k.slab.free(state);
      return result;
    };
    return new TextFile(mode & 0o777, {
      ...((mode & 0o444) !== 0 && { read: () => call(false, '') }),
      ...((mode & 0o222) !== 0 && {
        *write(text: string) {
          return Number(yield* call(true, text));
        },
      }),
    });
  }
  unregister(header: Addr): void {
    for (const undo of this.#headers.get(header) ?? []) undo();
    this.#headers.delete(header);
    this.#k.slab.free(header);
  }
}
const table = pointer('struct ctl_table *');
const handler = { table, write: int, buffer: voidPtr, lenp: voidPtr, ppos: voidPtr } as const;

/** What an entry of a table says of its variable; bounds are NULL where there are none. */
export interface SysctlVariable {
  readonly data: Addr;
  /** In bytes. */
  readonly maxlen: number;
  readonly extra1: Addr;
  readonly extra2: Addr;
}
export interface NumberType {
  readonly bytes: 4 | 8;
  readonly signed: boolean;
  /** Whether extra1 and extra2 point at bounds. */
  readonly bounded: boolean;
  /** One number, whatever the length: what follows it is not looked at. */
  readonly single?: boolean;
  /** What a user's 1 is in memory, as a fraction: jiffies and seconds or milliseconds. */
  readonly scale?: readonly [multiply: bigint, divide: bigint];
}
export const sysctlTypes = {
  int: { bytes: 4, signed: true, bounded: false },
  intMinmax: { bytes: 4, signed: true, bounded: true },
  uint: { bytes: 4, signed: false, bounded: false, single: true },
  uintMinmax: { bytes: 4, signed: false, bounded: true, single: true },
  ulongMinmax: { bytes: 8, signed: false, bounded: true },
  jiffies: { bytes: 4, signed: true, bounded: false, scale: [HZ, 1n] },
} as const satisfies Record<string, NumberType>;

const loader =
  (k: Kernel, { bytes, signed }: NumberType) =>
  (at: Addr): bigint => {
    const raw = bytes === 4 ? BigInt(k.memory.u32(at)) : k.memory.u64(at);
    return signed ? BigInt.asIntN(bytes * 8, raw) : raw;
  };
/** A vector of numbers as text, tab separated. */
export function numbersText(k: Kernel, { data, maxlen }: SysctlVariable, type: NumberType): string {
  const [multiply, divide] = type.scale ?? [1n, 1n];
  const load = loader(k, type);
  const count = Math.floor(maxlen / type.bytes);
  return `${Array.from({ length: count }, (_, n) => (load(data + n * type.bytes) * divide) / multiply).join('\t')}\n`;
}
const SPACE = ' \t\n';
const LONGEST_NUMBER = 20;
/** Stores numbers until one is bad: those before it stay. Gives the bytes that were understood, or -EINVAL. */
export function storeNumbers(k: Kernel, { data, maxlen, extra1, extra2 }: SysctlVariable, type: NumberType, text: string): number {
  const { bytes, signed, bounded, single = false } = type;
  const [multiply, divide] = type.scale ?? [1n, 1n];
  const load = loader(k, type);
  const count = Math.floor(maxlen / bytes);
  let left = text.slice(0, PAGE_SIZE - 1);
  let stored = 0;
  for (; stored < count; stored++) {
    left = left.replace(/^\s+/, '');
    if (left === '') break;
    const [word = '', sign = '', digits = ''] = NUMBER.exec(left) ?? [];
    const next = left[word.length];
    if (word === '' || word.length > LONGEST_NUMBER || (next !== undefined && !SPACE.includes(next))) return -EINVAL;
    if (sign !== '' && !signed) return -EINVAL;
    const given = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
    const value = ((sign === '' ? given : -given) * multiply) / divide;
    const fits = (signed ? BigInt.asIntN(bytes * 8, value) : BigInt.asUintN(bytes * 8, value)) === value;
    const low = bounded && extra1 !== NULL && value < load(extra1);
    const high = bounded && extra2 !== NULL && value > load(extra2);
    if (!fits || low || high) return -EINVAL;
    k.memory.write(data + stored * bytes, new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer, 0, bytes));
    left = left.slice(word.length);
  }
  if (stored === 0) return -EINVAL;
  return single ? text.length : text.length - left.replace(/^\s+/, '').length;
}
/** The text of a string variable, with its newline. */
export function stringText(k: Kernel, { data, maxlen }: SysctlVariable): string {
  return `${k.memory.cstring(data, maxlen)}\n`;
}
/** Stores up to the first newline or NUL, from `position` on: what lies before it stays. A gap is left as it is. */
export function storeString(k: Kernel, { data, maxlen }: SysctlVariable, text: string, position: number): void {
  const old = k.memory.cstring(data, maxlen).slice(0, maxlen - 1);
  if (position > old.length) return;
  k.memory.setCstring(data, (old.slice(0, position) + text.replace(/[\0\n].*$/s, '')).slice(0, maxlen - 1));
}
/** A handler of numbers for tables of modules. */
const vector = (type: NumberType): KernelSymbol =>
  kfunc(handler, int, (k, { table: entry, write, buffer, lenp, ppos }) => {
    const position = k.memory.ptr(ppos);
    const variable = k.view(CtlTable, entry);
    const given = k.memory.ptr(lenp);
    // A number cannot be written in pieces: what comes later is taken and ignored.
    if (write !== 0 && position !== 0) return 0;
    if (variable.data === NULL || variable.maxlen === 0 || given === 0 || position !== 0) {
      k.memory.setPtr(lenp, 0);
      return 0;
    }
    if (write !== 0) {
      const taken = storeNumbers(k, variable, type, latin1(k.memory.read(buffer, given)));
      if (taken < 0) return taken;
      k.memory.setPtr(lenp, taken);
      return 0;
    }
    const text = numbersText(k, variable, type).slice(0, given);
    k.memory.write(buffer, fromLatin1(text));
    k.memory.setPtr(lenp, text.length);
    k.memory.setPtr(ppos, text.length);
    return 0;
  });

export const sysctlApi: KernelApi = kernelApi('kernel/sysctl.c', {
  sysctl_vals: imageData,
  register_sysctl: kfunc({ path: cstring, table }, voidPtr, (k, { path, table: entries }) => k.get(Sysctls).register(path, entries)),
  register_sysctl_table: kfunc({ table }, voidPtr, (k, { table: entries }) => k.get(Sysctls).register('', entries)),
  unregister_sysctl_table: kfunc({ header: voidPtr }, nothing, (k, { header }) => {
    if (header !== NULL) k.get(Sysctls).unregister(header);
  }),
  proc_dointvec: vector(sysctlTypes.int),
  proc_douintvec: vector(sysctlTypes.uint),
  proc_dointvec_minmax: vector(sysctlTypes.intMinmax),
  proc_douintvec_minmax: vector(sysctlTypes.uintMinmax),
  proc_doulongvec_minmax: vector(sysctlTypes.ulongMinmax),
  /** The user sees milliseconds (seconds, hundredths), the kernel jiffies. */
  proc_doulongvec_ms_jiffies_minmax: vector({ bytes: 8, signed: false, bounded: true, scale: [HZ, 1000n] }),
  proc_dointvec_ms_jiffies: vector({ bytes: 4, signed: true, bounded: false, scale: [HZ, 1000n] }),
  proc_dointvec_jiffies: vector(sysctlTypes.jiffies),
  proc_dointvec_userhz_jiffies: vector({ bytes: 4, signed: true, bounded: false, scale: [HZ, USER_HZ] }),
  proc_dostring: kfunc(handler, int, (k, { table: entry, write, buffer, lenp, ppos }) => {
    const { data, maxlen } = k.view(CtlTable, entry);
    const position = k.memory.ptr(ppos);
    if (data === NULL || maxlen === 0 || k.memory.ptr(lenp) === 0) {
      k.memory.setPtr(lenp, 0);
      return 0;
    }
    const variable = k.view(CtlTable, entry);
    if (write !== 0) {
      storeString(k, variable, latin1(k.memory.read(buffer, k.memory.ptr(lenp))), position);
      return 0;
    }
    const text = stringText(k, variable).slice(position, position + k.memory.ptr(lenp));
    k.memory.write(buffer, fromLatin1(text));
    k.memory.setPtr(lenp, text.length);
    k.memory.setPtr(ppos, position + text.length);
    return 0;
  }),
});
