// An open file that a module's file_operations or proc_ops serve: real `struct file` and `struct inode` in guest memory.
// Source: fs/open.c (do_dentry_open), fs/read_write.c.
import { EINVAL, ENOTTY, ESPIPE, O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY } from '#abi';
import { embedded, fmode_t, kernelStruct, loff_t, type Sleeping, u32, umode_t, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { OpenFiles } from './file_table.ts';
import type { FsNode, OpenNode } from './node.ts';

export const FileStruct = kernelStruct('file', {
  f_op: voidPtr,
  f_flags: u32,
  f_mode: fmode_t,
  f_pos: loff_t,
  f_inode: voidPtr,
  private_data: voidPtr,
  'f_path.dentry': voidPtr,
});
export const InodeStruct = kernelStruct('inode', { i_mode: umode_t, i_rdev: u32, i_cdev: voidPtr, i_private: voidPtr, i_size: loff_t });
const DentryStruct = kernelStruct('dentry', { d_inode: voidPtr, 'd_name.name': voidPtr, d_iname: embedded });
const FMODE_READ = 1;
const FMODE_WRITE = 2;
const FMODE_LSEEK = 4;
const FMODE_PREAD = 8;
const FMODE_PWRITE = 0x10;
const FMODE_CAN_READ = 0x20000;
const FMODE_CAN_WRITE = 0x40000;
const FMODE_OPENED = 0x80000;

/** The functions that serve a file; 0 where there is none. All have file_operations' signatures. */
export interface FileFunctions {
  /** A function of the guest, or ours for files that the kernel opens itself. */
  readonly open: Addr | ((file: Addr) => number);
  readonly release: Addr;
  readonly read: Addr;
  readonly write: Addr;
  readonly llseek: Addr;
  readonly ioctl: Addr;
  readonly poll: Addr;
}
export interface FileOptions {
  /** What the ways into its functions are called (KernelDescription.wayTo). */
  readonly kind: 'chrdev' | 'misc' | 'proc' | 'debugfs';
  /** What file->f_op points at. */
  readonly operations: Addr;
  readonly functions: FileFunctions;
  readonly cdev?: Addr;
  readonly inodePrivate?: Addr;
  /** What reading or writing gives without a function for it. Default: EINVAL. */
  readonly missing?: number;
  /** Before open: what file->private_data holds already (misc devices: the miscdevice). */
  readonly filePrivate?: Addr;
  /** Undone when the file is closed or open fails. */
  readonly onRelease?: () => void;
}

function zeroed(k: Kernel, struct: string): Addr {
  const size = k.layouts.sizeOf(struct);
  const address = k.slab.alloc(size);
  if (address === undefined) throw new Error(`out of guest memory for a struct ${struct}`);
  k.memory.fill(address, 0, size);
  return address;
}

/** Opens: gives the open file, or the -errno of the module's open. */
export function* openModuleFile(k: Kernel, node: FsNode, name: string, flags: number, options: FileOptions): Sleeping<OpenNode | number> {
  const inode = zeroed(k, 'inode');
  const dentry = zeroed(k, 'dentry');
  const file = zeroed(k, 'file');
  const position = zeroed(k, 'list_head');
  const inodeView = k.view(InodeStruct, inode);
  inodeView.i_mode = node.mode;
  inodeView.i_rdev = node.rdev;
  inodeView.i_cdev = options.cdev ?? 0;
  inodeView.i_private = options.inodePrivate ?? 0;
  const dentryView = k.view(DentryStruct, dentry);
  dentryView.d_inode = inode;
  dentryView['d_name.name'] = dentryView.d_iname;
  k.memory.setCstring(dentryView.d_iname, name.slice(0, 31));
  const view = k.view(FileStruct, file);
  view.f_op = options.operations;
  view.f_flags = flags;
  const access = flags & O_ACCMODE;
  const { functions } = options;
  view.f_mode =
    (access === O_RDONLY || access === O_RDWR ? FMODE_READ | FMODE_CAN_READ : 0) |
    (access === O_WRONLY || access === O_RDWR ? FMODE_WRITE | FMODE_CAN_WRITE : 0) |
    (functions.llseek === 0 ? 0 : FMODE_LSEEK) |
    (FMODE_PREAD | FMODE_PWRITE | FMODE_OPENED);
  view.f_inode = inode;
  view['f_path.dentry'] = dentry;
  view.private_data = options.filePrivate ?? 0;
  const free = (): void => {
    for (const address of [inode, dentry, file, position]) k.slab.free(address);
    options.onRelease?.();
  };
  k.get(OpenFiles).add(file, function* () {
    if (functions.release !== 0) yield* k.callBy(`${options.kind}.release`, functions.release, inode, file);
    free();
  });
  const { open } = functions;
  const error = typeof open === 'function' ? open(file) : open === 0 ? 0 : (yield* k.callBy(`${options.kind}.open`, open, inode, file)) | 0;
  if (error !== 0) {
    k.get(OpenFiles).forget(file);
    free();
    return error;
  }
  /** read and write get the address of a copy of the position, which goes back when they gave no error. */
  const transfer = function* (way: 'read' | 'write', fn: Addr, buffer: Uint8Array): Sleeping<number> {
    const user = k.user.map(buffer);
    k.memory.setPtr(position, view.f_pos);
    const result = yield* k.callBy(`${options.kind}.${way}`, fn, file, user, buffer.length, position);
    k.user.unmap(user);
    if (result >= 0) view.f_pos = k.memory.ptr(position);
    return result;
  };
  return {
    file,
    get position() {
      return view.f_pos;
    },
    set position(value) {
      view.f_pos = value;
    },
    *read(count) {
      if (functions.read === 0) return -(options.missing ?? EINVAL);
      const buffer = new Uint8Array(count);
      const result = yield* transfer('read', functions.read, buffer);
      return result < 0 ? result : buffer.subarray(0, result);
    },
    *write(data) {
      return functions.write === 0 ? -(options.missing ?? EINVAL) : yield* transfer('write', functions.write, Uint8Array.from(data));
    },
    *ioctl(command, argument) {
      if (functions.ioctl === 0) return -ENOTTY;
      const ENOIOCTLCMD = -515;
      const result = (yield* k.callBy(`${options.kind}.ioctl`, functions.ioctl, file, command, argument)) | 0;
      return result === ENOIOCTLCMD ? -ENOTTY : result;
    },
    *poll(table) {
      const DEFAULT_POLLMASK = 0x145;
      return functions.poll === 0 ? DEFAULT_POLLMASK : (yield* k.callBy(`${options.kind}.poll`, functions.poll, file, table)) | 0;
    },
    *seek(offset, whence) {
      return (view.f_mode & FMODE_LSEEK) === 0
        ? -ESPIPE
        : yield* k.callBy(`${options.kind}.llseek`, functions.llseek, file, offset, whence);
    },
    release: () => k.get(OpenFiles).put(file),
  };
}
