// Files that modules put into /proc. Source: fs/proc/generic.c, fs/proc/inode.c; and helpers of fs/libfs.c.
import { EFAULT, EINVAL } from '#abi';
import {
  cstring,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  loff_t,
  nothing,
  pointer,
  ptr,
  size_t,
  ssize_t,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { ModuleFile } from './devices.ts';
import { FileStruct, openModuleFile } from './module_file.ts';
import { type FsNode, TreeDirectory } from './node.ts';

const ProcOps = kernelStruct('proc_ops', {
  proc_open: voidPtr,
  proc_read: voidPtr,
  proc_write: voidPtr,
  proc_lseek: voidPtr,
  proc_release: voidPtr,
  proc_poll: voidPtr,
  proc_ioctl: voidPtr,
});
const NULL = 0;

interface Entry {
  readonly directory: TreeDirectory;
  readonly name: string;
  readonly node: FsNode;
}
/** Entries by the handle that modules hold. */
class ProcEntries {
  readonly #k: Kernel;
  readonly #entries = new Map<Addr, Entry>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  directory(parent: Addr): TreeDirectory {
    const node = this.#entries.get(parent)?.node;
    return node instanceof TreeDirectory ? node : this.#k.vfs.directory('/proc');
  }
  /** Adds a node; gives its handle, NULL when the name is taken. */
  add(name: string, parent: Addr, node: FsNode): Addr {
    const directory = this.directory(parent);
    if (directory.entries.has(name)) return NULL;
    const handle = this.#k.slab.alloc(this.#k.layouts.sizeOf('proc_dir_entry'));
    if (handle === undefined) return NULL;
    directory.put(name, node);
    this.#entries.set(handle, { directory, name, node });
    return handle;
  }
  remove(handle: Addr): void {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    entry.directory.entries.delete(entry.name);
    this.#entries.delete(handle);
    this.#k.slab.free(handle);
  }
  find(name: string, parent: Addr): Addr | undefined {
    const directory = this.directory(parent);
    return [...this.#entries].find(([, entry]) => entry.directory === directory && entry.name === name)?.[0];
  }
}
const parent = pointer('struct proc_dir_entry *');
const DEFAULT_FILE_MODE = 0o444;
const S_IFREG = 0o100000;

function create(k: Kernel, name: string, mode: number, within: Addr, operations: Addr, data: Addr): Addr {
  const node = new ModuleFile(S_IFREG | (mode & 0o7777 || DEFAULT_FILE_MODE), (self, flags) => {
    const ops = k.view(ProcOps, operations);
    const functions = {
      open: ops.proc_open,
      release: ops.proc_release,
      read: ops.proc_read,
      write: ops.proc_write,
      llseek: ops.proc_lseek,
      ioctl: ops.proc_ioctl,
      poll: ops.proc_poll,
    };
    return openModuleFile(k, self, name, flags, { operations, functions, inodePrivate: data });
  });
  return k.get(ProcEntries).add(name, within, node);
}
export const procGenericApi: KernelApi = kernelApi('fs/proc/generic.c', {
  proc_create: kfunc({ name: cstring, mode: umode_t, parent, proc_ops: voidPtr }, voidPtr, (k, { name, mode, parent: within, proc_ops }) =>
    create(k, name, mode, within, proc_ops, NULL),
  ),
  proc_create_data: kfunc(
    { name: cstring, mode: umode_t, parent, proc_ops: voidPtr, data: voidPtr },
    voidPtr,
    (k, { name, mode, parent: within, proc_ops, data }) => create(k, name, mode, within, proc_ops, data),
  ),
  proc_mkdir: kfunc({ name: cstring, parent }, voidPtr, (k, { name, parent: within }) =>
    k.get(ProcEntries).add(name, within, new TreeDirectory(0o555, false)),
  ),
  proc_remove: kfunc({ de: parent }, nothing, (k, { de }) => k.get(ProcEntries).remove(de)),
  remove_proc_entry: kfunc({ name: cstring, parent }, nothing, (k, { name, parent: within }) => {
    const handle = k.get(ProcEntries).find(name, within);
    if (handle !== undefined) k.get(ProcEntries).remove(handle);
  }),
});

const file = ptr(FileStruct);
export const libfsApi: KernelApi = kernelApi('fs/libfs.c', {
  simple_read_from_buffer: kfunc(
    { to: voidPtr, count: size_t, ppos: voidPtr, from: voidPtr, available: size_t },
    ssize_t,
    (k, { to, count, ppos, from, available }) => {
      const position = k.memory.ptr(ppos);
      if (position < 0) return -EINVAL;
      if (position >= available || count === 0) return 0;
      const bytes = k.memory.read(from + position, Math.min(count, available - position));
      const target = k.user.slice(to, bytes.length);
      if (target.length === 0) return -EFAULT;
      target.set(bytes.subarray(0, target.length));
      k.memory.setPtr(ppos, position + target.length);
      return target.length;
    },
  ),
  simple_write_to_buffer: kfunc(
    { to: voidPtr, available: size_t, ppos: voidPtr, from: voidPtr, count: size_t },
    ssize_t,
    (k, { to, available, ppos, from, count }) => {
      const position = k.memory.ptr(ppos);
      if (position < 0) return -EINVAL;
      if (position >= available || count === 0) return 0;
      const bytes = k.user.slice(from, Math.min(count, available - position));
      if (bytes.length === 0) return -EFAULT;
      k.memory.write(to + position, bytes);
      k.memory.setPtr(ppos, position + bytes.length);
      return bytes.length;
    },
  ),
});
export const readWriteApi: KernelApi = kernelApi('fs/read_write.c', {
  noop_llseek: kfunc({ file, offset: loff_t, whence: int }, loff_t, (_, { file: opened }) => opened.f_pos),
});
