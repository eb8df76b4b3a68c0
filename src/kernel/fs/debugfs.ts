// debugfs, at /sys/kernel/debug. Source: fs/debugfs/{inode,file}.c.
import { EEXIST, EINVAL, ESPIPE, S_IFREG } from '#abi';
import {
  bool,
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  loff_t,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  type Sleeping,
  size_t,
  u32,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { kstrto, parseBool, storeInteger } from '../lib/kstrtox.ts';
import { type Addr, latin1 } from '../memory.ts';
import { FileOperations, functionsOf } from './char_dev.ts';
import { ModuleFile } from './devices.ts';
import { attrRead, attrWrite } from './libfs.ts';
import { openModuleFile } from './module_file.ts';
import { type FsNode, type OpenNode, Symlink, TextFile, type TextSource, TreeDirectory } from './node.ts';
import { openSingle } from './seq_file.ts';

const Dentry = kernelStruct('dentry', { d_parent: voidPtr, 'd_name.name': voidPtr });
const BlobWrapper = kernelStruct('debugfs_blob_wrapper', { data: voidPtr, size: size_t });
const U32Array = kernelStruct('debugfs_u32_array', { array: voidPtr, n_elements: u32 });
const NULL = 0;
const ROOT = '/sys/kernel/debug';
const isError = (address: Addr): boolean => address < 0 && address >= -4095;

/** Entries by the dentry that modules hold. */
class DebugFs {
  readonly #k: Kernel;
  readonly #entries = new Map<Addr, { readonly within: TreeDirectory; readonly name: string; readonly node: FsNode }>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  #directory(parent: Addr): TreeDirectory | undefined {
    if (parent === NULL) return this.#k.vfs.directory(ROOT);
    const node = this.#entries.get(parent)?.node;
    return node instanceof TreeDirectory ? node : undefined;
  }
  /** Gives the dentry, or -errno as an error pointer. */
  add(name: string, parent: Addr, node: FsNode): Addr {
    const k = this.#k;
    if (isError(parent)) return parent;
    const within = this.#directory(parent);
    if (within === undefined) return -EINVAL;
    if (within.entries.has(name)) {
      const kind = node instanceof TreeDirectory ? 'Directory' : 'File';
      const where = parent === NULL ? '/' : (this.#entries.get(parent)?.name ?? '/');
      k.log.print('err', `debugfs: ${kind} '${name}' in directory '${where}' already present!`);
      return -EEXIST;
    }
    const size = k.layouts.sizeOf('dentry');
    const dentry = k.slab.alloc(size) ?? NULL;
    k.memory.fill(dentry, 0, size);
    k.view(Dentry, dentry).d_parent = parent;
    k.view(Dentry, dentry)['d_name.name'] = k.cstringAlloc(name);
    within.put(name, node);
    this.#entries.set(dentry, { within, name, node });
    return dentry;
  }
  /** With everything below it. */
  remove(dentry: Addr): void {
    const entry = this.#entries.get(dentry);
    if (entry === undefined) return;
    for (const [child, { within }] of [...this.#entries]) if (within === entry.node) this.remove(child);
    entry.within.entries.delete(entry.name);
    this.#entries.delete(dentry);
    this.#k.slab.free(this.#k.view(Dentry, dentry)['d_name.name']);
    this.#k.slab.free(dentry);
  }
  lookup(name: string, parent: Addr): Addr {
    const directory = this.#directory(parent);
    return [...this.#entries].find(([, entry]) => entry.within === directory && entry.name === name)?.[0] ?? NULL;
  }
}
const fs = (k: Kernel): DebugFs => k.get(DebugFs);

function createFile(k: Kernel, name: string, mode: number, parent: Addr, data: Addr, operations: Addr): Addr {
  const node = new ModuleFile(S_IFREG | (mode & 0o7777), (self, flags) =>
    openModuleFile(k, self, name, flags, {
      kind: 'debugfs',
      operations,
      functions: functionsOf(k, operations),
      inodePrivate: data,
      onRelease: k.modules.hold(k.view(FileOperations, operations).owner),
    }),
  );
  return fs(k).add(name, parent, node);
}
const source = (read: () => string, write?: (text: string) => number): TextSource => ({
  // biome-ignore lint/correctness/useYield: the value is there
  *read() {
    return read();
  },
  ...(write !== undefined && {
    // biome-ignore lint/correctness/useYield: the value is there
    *write(text: string) {
      return write(text);
    },
  }),
});
/** DEFINE_DEBUGFS_ATTRIBUTE's files cannot be sought. */
class NumberFile extends TextFile {
  override open(decode: (data: Uint8Array) => string): OpenNode {
    // biome-ignore lint/correctness/useYield: it never sleeps
    return Object.assign(super.open(decode), {
      *seek(): Sleeping<number> {
        return -ESPIPE;
      },
    });
  }
}
const parent = pointer('struct dentry *');
const create = { name: cstring, mode: umode_t, parent } as const;
const value = voidPtr;
/** A number in memory, decimal or hexadecimal with all its digits. */
const numberFile = (bytes: number, show: (value: bigint) => string, signed = false): KernelSymbol =>
  kfunc({ ...create, value }, nothing, (k, { name, mode, parent: within, value: at }) => {
    const bits = bytes * 8;
    const read = (): bigint => {
      const raw = k.memory.read(at, bytes).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      return signed ? BigInt.asIntN(bits, raw) : raw;
    };
    const write = (text: string): number => {
      const parsed = kstrto(text.slice(0, 23), 64, signed);
      if (typeof parsed === 'number') return parsed;
      storeInteger(k, at, parsed, bytes);
      return text.length;
    };
    fs(k).add(
      name,
      within,
      new NumberFile(
        mode & 0o777,
        source(() => `${show(read())}\n`, write),
      ),
    );
  });
const decimal = (bytes: number): KernelSymbol => numberFile(bytes, (number) => `${number}`);
const hexadecimal = (bytes: number): KernelSymbol => numberFile(bytes, (number) => `0x${number.toString(16).padStart(bytes * 2, '0')}`);

export const debugfsApi: KernelApi = kernelApi('fs/debugfs', {
  debugfs_initialized: kfunc({}, bool, () => true),
  debugfs_create_dir: kfunc({ name: cstring, parent }, parent, (k, { name, parent: within }) =>
    fs(k).add(name, within, new TreeDirectory(0o755, false)),
  ),
  debugfs_create_file: kfunc({ ...create, data: voidPtr, fops: voidPtr }, parent, (k, { name, mode, parent: within, data, fops }) =>
    createFile(k, name, mode, within, data, fops),
  ),
  debugfs_create_file_unsafe: kfunc({ ...create, data: voidPtr, fops: voidPtr }, parent, (k, { name, mode, parent: within, data, fops }) =>
    createFile(k, name, mode, within, data, fops),
  ),
  debugfs_create_file_size: kfunc(
    { ...create, data: voidPtr, fops: voidPtr, file_size: loff_t },
    nothing,
    (k, { name, mode, parent: within, data, fops }) => {
      createFile(k, name, mode, within, data, fops);
    },
  ),
  /** A file with one record, which read_fn(seq_file, data) shows; its data is the device. It goes with its directory. */
  debugfs_create_devm_seqfile: kfunc(
    { dev: voidPtr, name: cstring, parent, read_fn: voidPtr },
    nothing,
    (k, { dev, name, parent: within, read_fn }) => {
      const node = new ModuleFile(S_IFREG | 0o444, (self, flags) =>
        openModuleFile(k, self, name, flags, {
          kind: 'debugfs',
          operations: NULL,
          inodePrivate: dev,
          functions: {
            open: (file) => openSingle(k, file, read_fn, dev),
            release: k.symbols.require('single_release'),
            read: k.symbols.require('seq_read'),
            llseek: k.symbols.require('seq_lseek'),
            write: NULL,
            ioctl: NULL,
            poll: NULL,
          },
        }),
      );
      fs(k).add(name, within, node);
    },
  ),
  debugfs_create_symlink: kfunc({ name: cstring, parent, target: cstring }, parent, (k, { name, parent: within, target }) =>
    fs(k).add(name, within, new Symlink(target)),
  ),
  debugfs_remove: kfunc({ dentry: parent }, nothing, (k, { dentry }) => fs(k).remove(dentry)),
  debugfs_lookup: kfunc({ name: optionalCstring, parent }, parent, (k, { name, parent: within }) =>
    name === undefined || isError(within) ? NULL : fs(k).lookup(name, within),
  ),
  debugfs_lookup_and_remove: kfunc({ name: cstring, parent }, nothing, (k, { name, parent: within }) =>
    fs(k).remove(fs(k).lookup(name, within)),
  ),
  debugfs_create_u8: decimal(1),
  debugfs_create_u16: decimal(2),
  debugfs_create_u32: decimal(4),
  debugfs_create_u64: decimal(8),
  debugfs_create_ulong: decimal(8),
  debugfs_create_size_t: decimal(8),
  debugfs_create_x8: hexadecimal(1),
  debugfs_create_x16: hexadecimal(2),
  debugfs_create_x32: hexadecimal(4),
  debugfs_create_x64: hexadecimal(8),
  debugfs_create_atomic_t: numberFile(4, (number) => `${number}`, true),
  debugfs_create_bool: kfunc({ ...create, value }, nothing, (k, { name, mode, parent: within, value: at }) => {
    const write = (text: string): number => {
      const parsed = parseBool(text);
      if (parsed !== undefined) k.memory.setU8(at, parsed ? 1 : 0);
      return text.length;
    };
    fs(k).add(
      name,
      within,
      new TextFile(
        mode & 0o777,
        source(() => (k.memory.u8(at) !== 0 ? 'Y\n' : 'N\n'), write),
      ),
    );
  }),
  debugfs_create_str: kfunc({ ...create, value }, nothing, (k, { name, mode, parent: within, value: at }) => {
    fs(k).add(
      name,
      within,
      new TextFile(
        mode & 0o777,
        source(() => `${k.memory.cstring(k.memory.ptr(at))}\n`),
      ),
    );
  }),
  debugfs_create_blob: kfunc({ ...create, blob: ptr(BlobWrapper) }, parent, (k, { name, mode, parent: within, blob }) =>
    fs(k).add(
      name,
      within,
      new TextFile(
        mode & 0o444,
        source(() => latin1(k.memory.read(blob.data, blob.size))),
      ),
    ),
  ),
  debugfs_create_u32_array: kfunc({ ...create, array: ptr(U32Array) }, nothing, (k, { name, mode, parent: within, array }) => {
    const read = (): string => Array.from({ length: array.n_elements }, (_, n) => k.memory.u32(array.array + n * 4)).join(' ');
    fs(k).add(
      name,
      within,
      new TextFile(
        mode & 0o777,
        source(() => `${read()}\n`),
      ),
    );
  }),
  debugfs_file_get: kfunc({ dentry: parent }, int, () => 0),
  debugfs_file_put: kfunc({ dentry: parent }, nothing, () => {}),
  debugfs_attr_read: attrRead(),
  debugfs_attr_write: attrWrite(false),
  debugfs_attr_write_signed: attrWrite(true),
});
