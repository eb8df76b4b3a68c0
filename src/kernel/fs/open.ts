// Opening a path: for a process's open(2), and for the kernel itself (filp_open). Source: fs/open.c, fs/namei.c, fs/read_write.c.
import {
  EBADF,
  EEXIST,
  EINVAL,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENXIO,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from '#abi';
import {
  blocking,
  cstring,
  embedded,
  fmode_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  loff_t,
  pointer,
  type Sleeping,
  size_t,
  ssize_t,
  u32,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, latin1 } from '../memory.ts';
import { DeviceNode, ModuleFile } from './devices.ts';
import { OpenFiles } from './file_table.ts';
import { Directory, type FsNode, type OpenNode, RegularFile, TextFile } from './node.ts';
import { Pipe } from './pipe.ts';
import { StreamFile } from './stream.ts';
import type { Resolved } from './vfs.ts';

export interface OpenedPath {
  readonly node: FsNode;
  /** undefined: a directory. */
  readonly open: OpenNode | undefined;
  readonly path: string;
  /** The file was made by this open. */
  readonly created: boolean;
}
/** Opens what `place` names, creating it when O_CREAT says so. Gives -errno when that fails. */
export function* openPlace(k: Kernel, found: Resolved, flags: number, mode: number): Sleeping<OpenedPath | number> {
  let place = found;
  const created = place.node === undefined;
  if (created) {
    if ((flags & O_CREAT) === 0) return -ENOENT;
    const error = place.directory.createFile(place.name, mode & 0o777);
    if (error < 0) return error;
    place = k.vfs.resolve(place.path, '/') as Resolved;
  } else if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) return -EEXIST;
  const node = place.node as FsNode;
  const writes = (flags & O_ACCMODE) !== O_RDONLY;
  if (node instanceof Directory) {
    if (writes || (flags & O_CREAT) !== 0) return -EISDIR;
  } else if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
  if ((flags & O_TRUNC) !== 0 && node instanceof RegularFile && writes) {
    const error = node.truncate(0);
    if (error < 0) return error;
  }
  const open = yield* openNode(k, node, flags, place);
  return typeof open === 'number' ? open : { node, open, path: place.path, created };
}
function* openNode(k: Kernel, node: FsNode, flags: number, place: Resolved): Sleeping<OpenNode | undefined | number> {
  if (node instanceof RegularFile || node instanceof Pipe) return node.open(flags);
  if (node instanceof StreamFile) return node.open();
  if (node instanceof TextFile) return node.mayOpen(flags) || node.open(latin1, flags);
  if (node instanceof ModuleFile) return yield* node.open(node, flags);
  if (node instanceof DeviceNode) return yield* k.devices.open(node, flags, place);
  return node instanceof Directory ? undefined : -ENXIO;
}

const FileStruct = kernelStruct('file', {
  f_flags: u32,
  f_mode: fmode_t,
  f_pos: loff_t,
  f_inode: voidPtr,
  'f_path.dentry': voidPtr,
});
const InodeStruct = kernelStruct('inode', { i_mode: umode_t, i_rdev: u32, i_size: loff_t });
const DentryStruct = kernelStruct('dentry', { d_inode: voidPtr, d_parent: voidPtr, 'd_name.name': voidPtr, d_iname: embedded });
// include/linux/fs.h.
const FMODE_READ = 1;
const FMODE_WRITE = 2;
const LONGEST_INLINE_NAME = 31;
const NULL = 0;

/** Files that the kernel itself has open, by their struct file. */
export class KernelFiles {
  readonly #k: Kernel;
  readonly #files = new Map<Addr, OpenedPath>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  at(file: Addr): OpenedPath | undefined {
    return this.#files.get(file);
  }
  /** filp_open(): a struct file, or -errno. */
  *open(path: string, flags: number, mode: number): Sleeping<Addr> {
    const k = this.#k;
    const place = k.vfs.resolve(path, '/');
    if (typeof place === 'number') return place;
    const opened = yield* openPlace(k, place, flags, mode);
    if (typeof opened === 'number') return opened;
    const file = opened.open?.file ?? this.#makeFile(opened, flags);
    this.#files.set(file, opened);
    return file;
  }
  /** The structs of a file that is not a module's. */
  #makeFile(opened: OpenedPath, flags: number): Addr {
    const k = this.#k;
    const zeroed = (struct: string): Addr => {
      const size = k.layouts.sizeOf(struct);
      const address = k.slab.alloc(size);
      if (address === undefined) throw new Error(`out of guest memory for a struct ${struct}`);
      k.memory.fill(address, 0, size);
      return address;
    };
    const [inode, dentry, file] = [zeroed('inode'), zeroed('dentry'), zeroed('file')];
    const inodeView = k.view(InodeStruct, inode);
    inodeView.i_mode = opened.node.mode;
    inodeView.i_rdev = opened.node.rdev;
    inodeView.i_size = opened.node.size;
    const dentryView = k.view(DentryStruct, dentry);
    dentryView.d_inode = inode;
    dentryView['d_name.name'] = dentryView.d_iname;
    k.memory.setCstring(dentryView.d_iname, opened.path.slice(opened.path.lastIndexOf('/') + 1).slice(0, LONGEST_INLINE_NAME));
    const view = k.view(FileStruct, file);
    const access = flags & O_ACCMODE;
    view.f_flags = flags;
    view.f_mode = (access === O_WRONLY ? 0 : FMODE_READ) | (access === O_RDONLY ? 0 : FMODE_WRITE);
    view.f_inode = inode;
    view['f_path.dentry'] = dentry;
    k.get(OpenFiles).add(file, function* () {
      yield* opened.open?.release?.() ?? [];
      for (const address of [inode, dentry, file]) k.slab.free(address);
    });
    return file;
  }
  *close(file: Addr): Sleeping<void> {
    this.#files.delete(file);
    yield* this.#k.get(OpenFiles).put(file);
  }
  /** kernel_read(), kernel_write(): at *pos, which moves on. */
  *transfer(file: Addr, pos: Addr, needs: number, move: (open: OpenNode) => Sleeping<number>): Sleeping<number> {
    const k = this.#k;
    const opened = this.#files.get(file);
    const view = k.view(FileStruct, file);
    if (opened === undefined || (view.f_mode & needs) === 0) return -EBADF;
    const { open, node } = opened;
    if (open === undefined) return -EISDIR;
    open.position = pos === NULL ? view.f_pos : k.memory.ptr(pos);
    const result = yield* move(open);
    if (result < 0) return result;
    if (pos === NULL) view.f_pos = open.position;
    else k.memory.setPtr(pos, open.position);
    k.view(InodeStruct, view.f_inode).i_size = node.size;
    return result;
  }
}
const files = (k: Kernel): KernelFiles => k.get(KernelFiles);
const file = pointer('struct file *');
const pos = pointer('loff_t *');

export const openApi: KernelApi = kernelApi('fs/open.c', {
  filp_open: blocking({ filename: cstring, flags: int, mode: umode_t }, file, (k, { filename, flags, mode }) =>
    files(k).open(filename, flags, mode),
  ),
  filp_close: blocking({ filp: file, id: voidPtr }, int, function* (k, { filp }) {
    yield* files(k).close(filp);
    return 0;
  }),
  kernel_read: blocking({ file, buf: voidPtr, count: size_t, pos }, ssize_t, (k, { file: opened, buf, count, pos: position }) =>
    files(k).transfer(opened, position, FMODE_READ, function* (open) {
      const bytes = yield* open.read(count);
      if (typeof bytes === 'number') return bytes;
      k.memory.write(buf, bytes);
      return bytes.length;
    }),
  ),
  kernel_write: blocking({ file, buf: voidPtr, count: size_t, pos }, ssize_t, (k, { file: opened, buf, count, pos: position }) =>
    files(k).transfer(opened, position, FMODE_WRITE, (open) => open.write(k.memory.read(buf, count))),
  ),
  vfs_llseek: blocking({ file, offset: loff_t, whence: int }, loff_t, function* (k, { file: address, offset, whence }) {
    const opened = files(k).at(address);
    if (opened?.open === undefined) return -EBADF;
    const view = k.view(FileStruct, address);
    if (opened.open.seek !== undefined) return yield* opened.open.seek(offset, whence);
    const base = whence === 0 ? 0 : whence === 1 ? view.f_pos : whence === 2 ? opened.node.size : Number.NaN;
    if (!(base + offset >= 0)) return -EINVAL;
    view.f_pos = base + offset;
    return view.f_pos;
  }),
  /** The path at the end of `buf`. */
  file_path: kfunc({ filp: file, buf: voidPtr, buflen: int }, voidPtr, (k, { filp, buf, buflen }) => {
    const path = files(k).at(filp)?.path ?? '';
    if (path.length + 1 > buflen) return -ENAMETOOLONG;
    const at = buf + buflen - path.length - 1;
    k.memory.setCstring(at, path);
    return at;
  }),
});
