// System calls of a process. Each runs as the process's task, so that drivers may sleep and `current` is right.
import {
  EBADF,
  EBUSY,
  EEXIST,
  EFAULT,
  EINTR,
  EINVAL,
  EISDIR,
  EMFILE,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENOTTY,
  ENXIO,
  EPERM,
  ETXTBSY,
  EXDEV,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { latin1 } from '../memory.ts';
import { TASK_INTERRUPTIBLE, type Task } from '../sched/task.ts';
import type { DirectoryEntry, OrErrno, Process, Stat } from '../syscalls.ts';
import { DeviceNode, ModuleFile } from './devices.ts';
import { Directory, FsNode, type OpenNode, RamFile, Symlink, TextFile, TreeDirectory } from './node.ts';
import { pollFiles } from './select.ts';
import type { Resolved } from './vfs.ts';

interface Descriptor {
  readonly node: FsNode;
  readonly open: OpenNode | undefined;
  readonly flags: number;
  references: number;
}
const MAX_DESCRIPTORS = 1024;
/** ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h). */
const RESTARTS: ReadonlySet<number> = new Set([512, 513, 514, 516]);
const SEEK_CUR = 1;
const SEEK_END = 2;
const NS_PER_S = 1e9;
const entryTypes: Readonly<Record<number, DirectoryEntry['type']>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'character',
  [S_IFBLK]: 'block',
};

export class KernelProcess implements Process {
  readonly #k: Kernel;
  readonly pid: number;
  comm: string;
  cwd: string;
  killedBy: number | undefined;
  readonly #descriptors: Map<number, Descriptor>;

  constructor(k: Kernel, pid: number, comm: string, cwd: string, descriptors: Map<number, Descriptor> = new Map()) {
    this.#k = k;
    this.pid = pid;
    this.comm = comm;
    this.cwd = cwd;
    this.#descriptors = descriptors;
  }
  /** Runs a system call as a task; a killed one gives -EFAULT, as nobody is left to see its result. */
  async #call<T>(body: () => Sleeping<T>): Promise<T | number> {
    let own: Task | undefined;
    const result = await this.#k.runTask(
      this.comm,
      (task) => {
        own = task;
        return body();
      },
      this.pid,
    );
    if (result === undefined) this.killedBy = own?.exitSignal;
    // A signal came: its handler has run, and nobody asked for the call to be started again.
    if (typeof result === 'number' && RESTARTS.has(-result)) return -EINTR;
    return result ?? -EFAULT;
  }
  #descriptor(fd: number): Descriptor | undefined {
    return this.#descriptors.get(fd);
  }

  async open(path: string, flags: number, mode = 0o644): Promise<number> {
    return this.#call(() => this.#open(path, flags, mode));
  }
  *#open(path: string, flags: number, mode: number): Sleeping<number> {
    const { vfs } = this.#k;
    let place = vfs.resolve(path, this.cwd);
    if (typeof place === 'number') return place;
    if (place.node === undefined) {
      if ((flags & O_CREAT) === 0) return -ENOENT;
      const error = vfs.create(place.path, '/', new RamFile(mode & 0o777));
      if (error < 0) return error;
      place = vfs.resolve(place.path, '/') as Resolved;
    } else if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) return -EEXIST;
    const node = place.node as FsNode;
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    if (node instanceof Directory) {
      if (writes || (flags & O_CREAT) !== 0) return -EISDIR;
    } else if ((flags & O_DIRECTORY) !== 0) return -ENOTDIR;
    if ((flags & O_TRUNC) !== 0 && node instanceof RamFile && writes) node.data = new Uint8Array(0);
    const open = yield* this.#openNode(node, flags, place);
    if (typeof open === 'number') return open;
    for (let fd = 3; fd < MAX_DESCRIPTORS; fd++) {
      if (this.#descriptors.has(fd)) continue;
      this.#descriptors.set(fd, { node, open, flags, references: 1 });
      return fd;
    }
    return -EMFILE;
  }
  *#openNode(node: FsNode, flags: number, place: Resolved): Sleeping<OpenNode | undefined | number> {
    if (node instanceof RamFile) return node.open((flags & O_APPEND) !== 0);
    if (node instanceof TextFile) return node.mayOpen(flags) || node.open(latin1);
    if (node instanceof ModuleFile) return yield* node.open(node, flags);
    if (node instanceof DeviceNode) return yield* this.#k.devices.open(node, flags, place);
    return node instanceof Directory ? undefined : -ENXIO;
  }
  async close(fd: number): Promise<number> {
    const descriptor = this.#descriptor(fd);
    if (descriptor === undefined) return -EBADF;
    this.#descriptors.delete(fd);
    if (--descriptor.references > 0 || descriptor.open?.release === undefined) return 0;
    const { open } = descriptor;
    return this.#call(function* () {
      yield* open.release?.() ?? [];
      return 0;
    });
  }
  async read(fd: number, count: number): Promise<OrErrno<Uint8Array>> {
    const descriptor = this.#descriptor(fd);
    if (descriptor === undefined || (descriptor.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const { open } = descriptor;
    if (open === undefined) return -EISDIR;
    return this.#call(() => open.read(count));
  }
  async write(fd: number, data: Uint8Array): Promise<number> {
    const descriptor = this.#descriptor(fd);
    if (descriptor?.open === undefined || (descriptor.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    const { open } = descriptor;
    return this.#call(() => open.write(data));
  }
  async #at<T>(fd: number, offset: number, operation: () => Promise<T>): Promise<T | number> {
    const open = this.#descriptor(fd)?.open;
    if (open === undefined) return -EBADF;
    const before = open.position;
    open.position = offset;
    try {
      return await operation();
    } finally {
      open.position = before;
    }
  }
  pread(fd: number, count: number, offset: number): Promise<OrErrno<Uint8Array>> {
    return this.#at(fd, offset, () => this.read(fd, count));
  }
  pwrite(fd: number, data: Uint8Array, offset: number): Promise<number> {
    return this.#at(fd, offset, () => this.write(fd, data));
  }
  async lseek(fd: number, offset: number, whence: number): Promise<number> {
    const descriptor = this.#descriptor(fd);
    const open = descriptor?.open;
    if (descriptor === undefined || open === undefined) return -EBADF;
    if (open.seek !== undefined) return this.#call(() => (open.seek as NonNullable<OpenNode['seek']>)(offset, whence));
    const base = whence === SEEK_CUR ? open.position : whence === SEEK_END ? descriptor.node.size : 0;
    if (base + offset < 0 || whence > SEEK_END) return -EINVAL;
    open.position = base + offset;
    return open.position;
  }
  async ioctl(fd: number, command: number, argument: number | Uint8Array): Promise<number> {
    const open = this.#descriptor(fd)?.open;
    if (open === undefined) return -EBADF;
    if (open.ioctl === undefined) return -ENOTTY;
    const { user } = this.#k;
    return this.#call(() => {
      const address = typeof argument === 'number' ? argument : user.map(argument);
      return (open.ioctl as NonNullable<OpenNode['ioctl']>)(command, address);
    });
  }
  async poll(fds: readonly { fd: number; events: number }[], timeout: number): Promise<OrErrno<number[]>> {
    const POLLNVAL = 0x20;
    const files = fds.flatMap(({ fd, events }) => {
      const open = this.#descriptor(fd)?.open;
      return open === undefined ? [] : [{ fd, open, events }];
    });
    const ready = files.length === fds.length ? await this.#call(() => pollFiles(this.#k, files, timeout)) : [];
    if (typeof ready === 'number') return ready;
    return fds.map(({ fd }) =>
      this.#descriptor(fd)?.open === undefined ? POLLNVAL : (ready[files.findIndex((file) => file.fd === fd)] ?? 0),
    );
  }
  async ftruncate(fd: number, length: number): Promise<number> {
    const descriptor = this.#descriptor(fd);
    if (descriptor === undefined) return -EBADF;
    if (!(descriptor.node instanceof RamFile)) return -EINVAL;
    const data = new Uint8Array(length);
    data.set(descriptor.node.data.subarray(0, length));
    descriptor.node.data = data;
    return 0;
  }

  #stat(path: string, follow: boolean): OrErrno<Stat> {
    const place = this.#k.vfs.resolve(path, this.cwd, follow);
    if (typeof place === 'number') return place;
    return place.node === undefined ? -ENOENT : statOf(place.node);
  }
  async stat(path: string): Promise<OrErrno<Stat>> {
    return this.#stat(path, true);
  }
  async lstat(path: string): Promise<OrErrno<Stat>> {
    return this.#stat(path, false);
  }
  async fstat(fd: number): Promise<OrErrno<Stat>> {
    const descriptor = this.#descriptor(fd);
    return descriptor === undefined ? -EBADF : statOf(descriptor.node);
  }
  async readdir(path: string): Promise<OrErrno<DirectoryEntry[]>> {
    const place = this.#k.vfs.resolve(path, this.cwd);
    if (typeof place === 'number') return place;
    const { node } = place;
    if (node === undefined) return -ENOENT;
    if (!(node instanceof Directory)) return -ENOTDIR;
    return [...node.names()].map((name) => ({ name, type: entryTypes[node.lookup(name)?.type ?? S_IFREG] ?? 'file' }));
  }
  async readlink(path: string): Promise<OrErrno<string>> {
    const place = this.#k.vfs.resolve(path, this.cwd, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    return place.node instanceof Symlink ? place.node.target : -EINVAL;
  }
  async realpath(path: string): Promise<OrErrno<string>> {
    const place = this.#k.vfs.resolve(path, this.cwd);
    return typeof place === 'number' ? place : place.node === undefined ? -ENOENT : place.path;
  }
  async mkdir(path: string, mode: number): Promise<number> {
    return this.#k.vfs.create(path, this.cwd, new TreeDirectory(mode & 0o7777));
  }
  async rmdir(path: string): Promise<number> {
    const place = this.#k.vfs.resolve(path, this.cwd, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    if (!(place.node instanceof Directory)) return -ENOTDIR;
    if (place.path === '/') return -EBUSY;
    if ([...place.node.names()].length > 0) return -ENOTEMPTY;
    return place.directory.remove(place.name) ? 0 : -EPERM;
  }
  async unlink(path: string): Promise<number> {
    const place = this.#k.vfs.resolve(path, this.cwd, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    if (place.node instanceof Directory) return -EISDIR;
    return place.directory.remove(place.name) ? 0 : -EPERM;
  }
  async rename(from: string, to: string): Promise<number> {
    const source = this.#k.vfs.resolve(from, this.cwd, false);
    const target = this.#k.vfs.resolve(to, this.cwd, false);
    if (typeof source === 'number') return source;
    if (typeof target === 'number') return target;
    if (source.node === undefined) return -ENOENT;
    if (!target.directory.add(target.name, source.node)) return -EXDEV;
    return source.directory.remove(source.name) ? 0 : -EPERM;
  }
  async link(target: string, path: string): Promise<number> {
    const source = this.#k.vfs.resolve(target, this.cwd, false);
    if (typeof source === 'number') return source;
    if (source.node === undefined) return -ENOENT;
    if (source.node instanceof Directory) return -EPERM;
    const error = this.#k.vfs.create(path, this.cwd, source.node);
    if (error === 0) source.node.nlink++;
    return error;
  }
  async symlink(target: string, path: string): Promise<number> {
    return this.#k.vfs.create(path, this.cwd, new Symlink(target));
  }
  async mknod(path: string, mode: number, dev: number): Promise<number> {
    const type = mode & S_IFMT;
    if (type === S_IFCHR || type === S_IFBLK) return this.#k.vfs.create(path, this.cwd, new DeviceNode(mode, dev));
    return this.#k.vfs.create(path, this.cwd, new RamFile(mode & 0o7777));
  }
  async #change(path: string, change: (node: FsNode) => void): Promise<number> {
    const place = this.#k.vfs.resolve(path, this.cwd);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    change(place.node);
    return 0;
  }
  chmod(path: string, mode: number): Promise<number> {
    return this.#change(path, (node) => {
      node.mode = node.type | (mode & 0o7777);
    });
  }
  chown(path: string, uid: number, gid: number): Promise<number> {
    return this.#change(path, (node) => {
      node.uid = uid;
      node.gid = gid;
    });
  }
  utimes(path: string, mtime: number): Promise<number> {
    return this.#change(path, (node) => {
      node.mtime = mtime;
    });
  }

  async init_module(image: Uint8Array, args: string): Promise<number> {
    // A file without room for an ELF header is refused before load_module, silently.
    if (image.length < 64) return -8;
    return this.#call(() => this.#k.modules.initModule(image, args));
  }
  async finit_module(fd: number, args: string, flags: number): Promise<number> {
    const KNOWN_FLAGS = 7;
    const COMPRESSED_FILE = 4;
    if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
    const descriptor = this.#descriptor(fd);
    if (descriptor === undefined || (descriptor.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const { node } = descriptor;
    if (!(node instanceof RamFile) || node.size === 0) return -EINVAL;
    if ((descriptor.flags & O_ACCMODE) !== O_RDONLY) return -ETXTBSY;
    if ((flags & COMPRESSED_FILE) !== 0) return -95;
    return this.#call(() => this.#k.modules.initModule(node.data, args, flags));
  }
  async delete_module(name: string, flags: number): Promise<number> {
    return this.#call(() => this.#k.modules.deleteModule(name, flags));
  }
  async nanosleep(seconds: number): Promise<number> {
    const k = this.#k;
    return this.#call(function* () {
      yield* k.scheduler.sleepFor(seconds * NS_PER_S, TASK_INTERRUPTIBLE);
      return 0;
    });
  }
  async kill(pid: number, signal: number): Promise<number> {
    const task = this.#k.scheduler.task(pid);
    if (task === undefined) return -3;
    if (signal !== 0) this.#k.scheduler.signal(task, signal);
    return 0;
  }
  uname(): ReturnType<Process['uname']> {
    const { release, version } = this.#k.description;
    const build = version.slice(version.indexOf(') #') + 2);
    return { sysname: 'Linux', nodename: 'kobox', release, version: build, machine: 'x86_64' };
  }
  fork(comm: string): Process {
    for (const descriptor of this.#descriptors.values()) descriptor.references++;
    return new KernelProcess(this.#k, this.#k.scheduler.newPid(), comm, this.cwd, new Map(this.#descriptors));
  }
  async exit(): Promise<void> {
    for (const fd of [...this.#descriptors.keys()]) await this.close(fd);
  }
}

function statOf(node: FsNode): Stat {
  const { mode, ino, nlink, uid, gid, size, rdev, mtime } = node;
  return { mode, ino, nlink, uid, gid, size, rdev, mtime };
}
