// Files that modules put into /proc. Source: fs/proc/generic.c, fs/proc/inode.c; and helpers of fs/libfs.c.
import { EINVAL, EIO, ENOENT, ENOMEM, ENXIO } from '#abi';
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
  uint,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { ModuleFile } from './devices.ts';
import { FileStruct, InodeStruct, openModuleFile } from './module_file.ts';
import { type FsNode, Symlink, TreeDirectory } from './node.ts';
import { openPrivate, openSingle, seqOpen } from './seq_file.ts';

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
  node(handle: Addr): FsNode | undefined {
    return this.#entries.get(handle)?.node;
  }
  /** With everything below it. */
  remove(handle: Addr): void {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    for (const [child, { directory: within }] of [...this.#entries]) if (within === entry.node) this.remove(child);
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
    return openModuleFile(k, self, name, flags, { kind: 'proc', operations, functions, inodePrivate: data, missing: EIO });
  });
  return k.get(ProcEntries).add(name, within, node);
}
/** A file whose reads go through seq_file, opened by `open`. */
function createSeq(k: Kernel, name: string, mode: number, within: Addr, data: Addr, open: (file: Addr) => number, release: string): Addr {
  const node = new ModuleFile(S_IFREG | (mode & 0o7777 || DEFAULT_FILE_MODE), (self, flags) =>
    openModuleFile(k, self, name, flags, {
      kind: 'proc',
      operations: NULL,
      inodePrivate: data,
      missing: EIO,
      functions: {
        open,
        release: k.symbols.require(release),
        read: k.symbols.require('seq_read'),
        llseek: k.symbols.require('seq_lseek'),
        write: NULL,
        ioctl: NULL,
        poll: NULL,
      },
    }),
  );
  return k.get(ProcEntries).add(name, within, node);
}
const directory = (k: Kernel, name: string, mode: number, within: Addr): Addr =>
  k.get(ProcEntries).add(name, within, new TreeDirectory(mode === 0 ? 0o555 : mode, false));
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
  proc_mkdir_mode: kfunc({ name: cstring, mode: umode_t, parent }, voidPtr, (k, { name, mode, parent: within }) =>
    directory(k, name, mode, within),
  ),
  proc_mkdir_data: kfunc({ name: cstring, mode: umode_t, parent, data: voidPtr }, voidPtr, (k, { name, mode, parent: within }) =>
    directory(k, name, mode, within),
  ),
  proc_symlink: kfunc({ name: cstring, parent, dest: cstring }, voidPtr, (k, { name, parent: within, dest }) =>
    k.get(ProcEntries).add(name, within, new Symlink(dest)),
  ),
  proc_create_seq_private: kfunc(
    { name: cstring, mode: umode_t, parent, ops: voidPtr, state_size: uint, data: voidPtr },
    voidPtr,
    (k, { name, mode, parent: within, ops, state_size, data }) => {
      const open = (opened: Addr): number =>
        state_size === 0 ? seqOpen(k, opened, ops) : openPrivate(k, opened, ops, state_size) === NULL ? -ENOMEM : 0;
      return createSeq(k, name, mode, within, data, open, state_size === 0 ? 'seq_release' : 'seq_release_private');
    },
  ),
  proc_create_single_data: kfunc(
    { name: cstring, mode: umode_t, parent, show: voidPtr, data: voidPtr },
    voidPtr,
    (k, { name, mode, parent: within, show, data }) =>
      createSeq(k, name, mode, within, data, (opened) => openSingle(k, opened, show, data), 'single_release'),
  ),
  proc_set_size: kfunc({ de: parent, size: loff_t }, nothing, (k, { de, size }) => {
    const node = k.get(ProcEntries).node(de);
    if (node instanceof ModuleFile) node.length = size;
  }),
  proc_set_user: kfunc({ de: parent, uid: uint, gid: uint }, nothing, (k, { de, uid, gid }) => {
    const node = k.get(ProcEntries).node(de);
    if (node !== undefined) Object.assign(node, { uid, gid });
  }),
  remove_proc_subtree: kfunc({ name: cstring, parent }, int, (k, { name, parent: within }) => {
    const handle = k.get(ProcEntries).find(name, within);
    if (handle === undefined) return -ENOENT;
    k.get(ProcEntries).remove(handle);
    return 0;
  }),
  proc_remove: kfunc({ de: parent }, nothing, (k, { de }) => k.get(ProcEntries).remove(de)),
  remove_proc_entry: kfunc({ name: cstring, parent }, nothing, (k, { name, parent: within }) => {
    const handle = k.get(ProcEntries).find(name, within);
    if (handle !== undefined) k.get(ProcEntries).remove(handle);
  }),
});

const file = ptr(FileStruct);
export const readWriteApi: KernelApi = kernelApi('fs/read_write.c', {
  /** From the start or the position on: there is no end. */
  no_seek_end_llseek: kfunc({ file, offset: loff_t, whence: int }, loff_t, (_, { file: opened, offset, whence }) => {
    const SEEK_CUR = 1;
    return whence > SEEK_CUR ? -EINVAL : seekTo(opened, offset, whence, 0);
  }),
  noop_llseek: kfunc({ file, offset: loff_t, whence: int }, loff_t, (_, { file: opened }) => opened.f_pos),
  default_llseek: kfunc({ file, offset: loff_t, whence: int }, loff_t, (k, { file: opened, offset, whence }) =>
    seekTo(opened, offset, whence, k.view(InodeStruct, opened.f_inode).i_size),
  ),
  generic_file_llseek: kfunc({ file, offset: loff_t, whence: int }, loff_t, (k, { file: opened, offset, whence }) =>
    seekTo(opened, offset, whence, k.view(InodeStruct, opened.f_inode).i_size),
  ),
  fixed_size_llseek: kfunc({ file, offset: loff_t, whence: int, size: loff_t }, loff_t, (_, { file: opened, offset, whence, size }) => {
    const at = seekTo({ f_pos: opened.f_pos, f_mode: 0 }, offset, whence, size);
    if (at > size) return -EINVAL;
    if (at >= 0) opened.f_pos = at;
    return at;
  }),
  nonseekable_open: kfunc({ inode: voidPtr, filp: file }, int, (_, { filp }) => {
    filp.f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
    return 0;
  }),
  stream_open: kfunc({ inode: voidPtr, filp: file }, int, (_, { filp }) => {
    filp.f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
    return 0;
  }),
});
const FMODE_LSEEK = 4;
const FMODE_PREAD = 8;
const FMODE_PWRITE = 0x10;
const SEEK_CUR = 1;
const SEEK_END = 2;
/** SEEK_SET, SEEK_CUR and SEEK_END; SEEK_DATA and SEEK_HOLE treat the file as data up to its end. */
function seekTo(file: { f_pos: number; f_mode: number }, offset: number, whence: number, size: number): number {
  if (whence > 4) return -EINVAL;
  if (whence > SEEK_END) {
    if (offset < 0 || offset >= size) return -ENXIO;
    file.f_pos = whence === 3 ? offset : size;
    return file.f_pos;
  }
  const at = offset + (whence === SEEK_CUR ? file.f_pos : whence === SEEK_END ? size : 0);
  if (at < 0) return -EINVAL;
  file.f_pos = at;
  return at;
}
