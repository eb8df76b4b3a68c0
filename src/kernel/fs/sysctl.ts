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
/** strictly decimal, octal or hexadecimal, as the kernel's strtoul reads */
const NUMBER = /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/;

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

interface NumberType {
  readonly bytes: 4 | 8;
  readonly signed: boolean;
  /** Whether extra1 and extra2 point at bounds. */
  readonly bounded: boolean;
  /** What a user's 1 is in memory, as a fraction: jiffies and seconds or milliseconds. */
  readonly scale?: readonly [multiply: bigint, divide: bigint];
}
/** A vector of numbers, tab separated. */
const vector = ({ bytes, signed, bounded, scale: [multiply, divide] = [1n, 1n] }: NumberType): KernelSymbol =>
  kfunc(handler, int, (k, { table: entry, write, buffer, lenp, ppos }) => {
    const { data, maxlen, extra1, extra2 } = k.view(CtlTable, entry);
    const count = Math.floor(maxlen / bytes);
    const load = (at: Addr): bigint => {
      const raw = bytes === 4 ? BigInt(k.memory.u32(at)) : k.memory.u64(at);
      return signed ? BigInt.asIntN(bytes * 8, raw) : raw;
    };
    if (write === 0) {
      if (k.memory.ptr(ppos) !== 0) {
        k.memory.setPtr(lenp, 0);
        return 0;
      }
      const text = `${Array.from({ length: count }, (_, n) => (load(data + n * bytes) * divide) / multiply).join('\t')}\n`.slice(
        0,
        k.memory.ptr(lenp),
      );
      k.memory.write(buffer, fromLatin1(text));
      k.memory.setPtr(lenp, text.length);
      k.memory.setPtr(ppos, text.length);
      return 0;
    }
    const words = latin1(k.memory.read(buffer, k.memory.ptr(lenp)))
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    for (const [n, word] of words.slice(0, count).entries()) {
      if (!NUMBER.test(word) || (!signed && word.startsWith('-'))) return -EINVAL;
      const given = word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word);
      const value = (given * multiply) / divide;
      const fits = (signed ? BigInt.asIntN(bytes * 8, value) : BigInt.asUintN(bytes * 8, value)) === value;
      const low = bounded && extra1 !== NULL && value < load(extra1);
      const high = bounded && extra2 !== NULL && value > load(extra2);
      if (!fits || low || high) return -EINVAL;
      k.memory.write(data + n * bytes, new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer, 0, bytes));
    }
    return words.length === 0 ? -EINVAL : 0;
  });

export const sysctlApi: KernelApi = kernelApi('kernel/sysctl.c', {
  sysctl_vals: imageData,
  register_sysctl: kfunc({ path: cstring, table }, voidPtr, (k, { path, table: entries }) => k.get(Sysctls).register(path, entries)),
  register_sysctl_table: kfunc({ table }, voidPtr, (k, { table: entries }) => k.get(Sysctls).register('', entries)),
  unregister_sysctl_table: kfunc({ header: voidPtr }, nothing, (k, { header }) => {
    if (header !== NULL) k.get(Sysctls).unregister(header);
  }),
  proc_dointvec: vector({ bytes: 4, signed: true, bounded: false }),
  proc_douintvec: vector({ bytes: 4, signed: false, bounded: false }),
  proc_dointvec_minmax: vector({ bytes: 4, signed: true, bounded: true }),
  proc_douintvec_minmax: vector({ bytes: 4, signed: false, bounded: true }),
  proc_doulongvec_minmax: vector({ bytes: 8, signed: false, bounded: true }),
  /** The user sees milliseconds (seconds, hundredths), the kernel jiffies. */
  proc_doulongvec_ms_jiffies_minmax: vector({ bytes: 8, signed: false, bounded: true, scale: [HZ, 1000n] }),
  proc_dointvec_ms_jiffies: vector({ bytes: 4, signed: true, bounded: false, scale: [HZ, 1000n] }),
  proc_dointvec_jiffies: vector({ bytes: 4, signed: true, bounded: false, scale: [HZ, 1n] }),
  proc_dointvec_userhz_jiffies: vector({ bytes: 4, signed: true, bounded: false, scale: [HZ, USER_HZ] }),
  proc_dostring: kfunc(handler, int, (k, { table: entry, write, buffer, lenp, ppos }) => {
    const { data, maxlen } = k.view(CtlTable, entry);
    const position = k.memory.ptr(ppos);
    if (data === NULL || maxlen === 0 || k.memory.ptr(lenp) === 0 || (position !== 0 && write === 0)) {
      k.memory.setPtr(lenp, 0);
      return 0;
    }
    if (write !== 0) {
      const text = latin1(k.memory.read(buffer, k.memory.ptr(lenp))).replace(/[\0\n].*$/s, '');
      k.memory.setCstring(data, text.slice(0, maxlen - 1));
      return 0;
    }
    const text = `${k.memory.cstring(data, maxlen)}\n`.slice(0, k.memory.ptr(lenp));
    k.memory.write(buffer, fromLatin1(text));
    k.memory.setPtr(lenp, text.length);
    k.memory.setPtr(ppos, position + text.length);
    return 0;
  }),
});
