// System calls of a process. Each runs as the process's task, so that drivers may sleep and `current` is right.
import {
  EBADF,
  EBUSY,
  EINTR,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENOTTY,
  EPERM,
  ESRCH,
  EXDEV,
  endsProcess,
  O_ACCMODE,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  SEEK_CUR,
  SEEK_END,
  SIGKILL,
} from '#abi';
import type { Sleeping } from '../api/index.ts';
import { LastFault } from '../arch/x86/mm/fault.ts';
import { ALL_CAPABILITIES, limitCapabilities } from '../cred.ts';
import type { Kernel } from '../kernel.ts';
import { UeventSocket } from '../lib/kobject_uevent.ts';
import type { LoadReport } from '../module/reasons.ts';
import { finitModule, initModule } from '../module/syscalls.ts';
import { doSyslog } from '../printk/syslog.ts';
import { NODENAME } from '../sched/init_task.ts';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, type Task } from '../sched/task.ts';
import type { DirectoryEntry, InitWay, OrErrno, Process, Stat } from '../syscalls.ts';
import { DeviceNode } from './devices.ts';
import { FileTable } from './file.ts';
import { Directory, type FsNode, type OpenNode, RamFile, RegularFile, Symlink, TreeDirectory } from './node.ts';
import { openPlace } from './open.ts';
import { Pipe } from './pipe.ts';
import { pollFiles } from './select.ts';
import { StreamFile } from './stream.ts';
import type { Resolved } from './vfs.ts';

const NS_PER_S = 1e9;
const entryTypes: Readonly<Record<number, DirectoryEntry['type']>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'character',
  [S_IFBLK]: 'block',
  [S_IFIFO]: 'fifo',
};
/** What a driver returns for "interrupted", of which programs see EINTR when a signal is there: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK. */
const RESTART: ReadonlySet<number> = new Set([-512, -513, -514, -516]);

export interface ProcessOptions {
  readonly pid: number;
  readonly parent: number;
  /** Process group; default: the process's own. */
  readonly group?: number;
  readonly comm: string;
  readonly cwd: string;
  readonly files?: FileTable;
  readonly ignored?: ReadonlySet<number>;
  /** Virtual time stands still while the process is in none of its system calls. */
  readonly holdsTime?: boolean;
  /** Effective capabilities; default: all. */
  readonly capabilities?: bigint;
}

export class KernelProcess implements Process {
  readonly #k: Kernel;
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** ns since boot. */
  readonly startTime: number;
  comm: string;
  argv: readonly string[] = [];
  cwd: string;
  killedBy: number | undefined;
  readonly files: FileTable;
  loadReport: LoadReport | undefined;
  readonly #reportLoad = (report: LoadReport): void => {
    this.loadReport = report;
  };
  readonly #pending = new Set<number>();
  #ignored: ReadonlySet<number>;
  readonly #handlers = new Map<number, () => void>();
  #holdsTime: boolean;
  #capabilities: bigint;
  /** The task of the system call that runs. */
  #task: Task | undefined;
  #exiting = false;
  #status: number | undefined;
  /** Called once: when the process has ended, or (by those that wait in it) a signal comes. */
  readonly #ended: (() => void)[] = [];
  #interrupt: (() => void) | undefined;

  constructor(k: Kernel, options: ProcessOptions) {
    this.#k = k;
    this.pid = options.pid;
    this.parent = options.parent;
    this.group = options.group ?? options.pid;
    this.startTime = k.clock.now;
    this.comm = options.comm;
    this.cwd = options.cwd;
    this.files = options.files ?? new FileTable();
    this.#ignored = options.ignored ?? new Set();
    this.#holdsTime = options.holdsTime ?? false;
    this.#capabilities = options.capabilities ?? ALL_CAPABILITIES;
    if (this.#holdsTime) k.hold();
    k.processes.set(this.pid, this);
  }
  /** What /proc and ps call the state. */
  get state(): 'R' | 'S' | 'D' | 'Z' {
    if (this.#status !== undefined) return 'Z';
    if (this.#task === undefined) return this.#interrupt === undefined && this.#holdsTime ? 'R' : 'S';
    const state = this.#k.scheduler.structOf(this.#task).__state;
    return (state & TASK_INTERRUPTIBLE) !== 0 ? 'S' : (state & TASK_UNINTERRUPTIBLE) !== 0 ? 'D' : 'R';
  }
  get pending(): ReadonlySet<number> {
    return this.#pending;
  }
  get ignored(): ReadonlySet<number> {
    return this.#ignored;
  }
  /** Runs a system call as a task. A killed process gets -EINTR: nobody is left to see the result. */
  async #call<T>(body: () => Sleeping<T>, always = false, userRegisters: Task['userRegisters'] = {}): Promise<T | number> {
    if (!always && this.#dying()) return -EINTR;
    const k = this.#k;
    k.get(LastFault).address = 0;
    const holds = this.#holdsTime;
    if (holds) k.letGo();
    let own: Task | undefined;
    const result = await k.runTask(
      this.comm,
      (task) => {
        this.#task = own = task;
        task.userRegisters = userRegisters;
        if (!this.#exiting && !always) for (const signal of this.#pending) task.signals.add(signal);
        if (this.#capabilities !== ALL_CAPABILITIES) limitCapabilities(k, this.#capabilities);
        return body();
      },
      this.pid,
      () => {
        this.#task = undefined;
        if (holds) k.hold();
      },
    );
    if (result === undefined) this.killedBy = own?.exitSignal ?? SIGKILL;
    const interrupted = RESTART.has(result as number) && (own?.signals.size ?? 0) > 0;
    return result === undefined || interrupted ? -EINTR : result;
  }
  /** Whether a signal has ended the process: what is left to it is exit(). */
  #dying(): boolean {
    return !this.#exiting && this.killedBy !== undefined;
  }
  /** A signal comes in. */
  deliver(signal: number): void {
    const INIT = 1;
    if (this.pid === INIT) return;
    const handler = this.#handlers.get(signal);
    if (handler !== undefined) handler();
    else if (signal !== SIGKILL && (this.#ignored.has(signal) || !endsProcess(signal))) return;
    else {
      this.#pending.add(signal);
      this.killedBy ??= signal;
    }
    if (this.#task !== undefined) this.#k.scheduler.signal(this.#task, signal);
    this.#interrupt?.();
  }
  ignore(signals: Iterable<number>): void {
    this.#ignored = new Set(signals);
  }
  handle(signal: number, handler: (() => void) | undefined): void {
    if (handler === undefined) this.#handlers.delete(signal);
    else this.#handlers.set(signal, handler);
  }
  holdTime(hold: boolean): void {
    if (hold === this.#holdsTime) return;
    this.#holdsTime = hold;
    if (hold) this.#k.hold();
    else this.#k.letGo();
  }

  async open(path: string, flags: number, mode = 0o644): Promise<number> {
    return this.#call(() => this.#open(path, flags, mode));
  }
  *#open(path: string, flags: number, mode: number): Sleeping<number> {
    const place = this.#resolve(path);
    if (typeof place === 'number') return place;
    const opened = yield* openPlace(this.#k, place, flags, mode);
    if (typeof opened === 'number') return opened;
    if (opened.created) this.#touch(opened.node);
    const { node, open } = opened;
    return this.files.install({ node, open, flags, path: opened.path });
  }
  async close(fd: number): Promise<number> {
    const file = this.files.remove(fd);
    if (typeof file === 'number') return file;
    if (file?.open?.release === undefined) return 0;
    const { open } = file;
    // The descriptor is gone: the file must be released, whatever has become of the process.
    return this.#call(function* () {
      yield* open.release?.() ?? [];
      return 0;
    }, true);
  }
  async dup(fd: number, from = 0): Promise<number> {
    return this.files.duplicate(fd, from);
  }
  async dup2(from: number, to: number): Promise<number> {
    const file = this.files.get(from);
    if (file === undefined) return -EBADF;
    if (from === to) return to;
    if (this.files.get(to) !== undefined) await this.close(to);
    this.files.set(to, file);
    return to;
  }
  async pipe(): Promise<OrErrno<readonly [read: number, write: number]>> {
    const node = new Pipe(this.#k);
    const path = `pipe:[${node.ino}]`;
    const read = this.files.install({ node, open: node.open(O_RDONLY), flags: O_RDONLY, path });
    const write = this.files.install({ node, open: node.open(O_WRONLY), flags: O_WRONLY, path });
    return read < 0 ? read : write < 0 ? write : [read, write];
  }
  isatty(fd: number): boolean {
    return this.files.get(fd)?.node.type === S_IFCHR && this.files.get(fd)?.node instanceof StreamFile;
  }
  async read(fd: number, count: number): Promise<OrErrno<Uint8Array>> {
    const descriptor = this.files.get(fd);
    if (descriptor === undefined || (descriptor.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const { open } = descriptor;
    if (open === undefined) return -EISDIR;
    return this.#call(() => open.read(count), false, { RDI: fd, RDX: count });
  }
  async write(fd: number, data: Uint8Array): Promise<number> {
    const descriptor = this.files.get(fd);
    if (descriptor?.open === undefined || (descriptor.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    const { open, node } = descriptor;
    if (node instanceof RamFile) this.#touch(node);
    return this.#call(() => open.write(data), false, { RDI: fd, RDX: data.length });
  }
  async #at<T>(fd: number, offset: number, operation: () => Promise<T>): Promise<T | number> {
    const open = this.files.get(fd)?.open;
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
    const descriptor = this.files.get(fd);
    const open = descriptor?.open;
    if (descriptor === undefined || open === undefined) return -EBADF;
    if (open.seek !== undefined) return this.#call(() => (open.seek as NonNullable<OpenNode['seek']>)(offset, whence));
    const base = whence === SEEK_CUR ? open.position : whence === SEEK_END ? descriptor.node.size : 0;
    if (base + offset < 0 || whence > SEEK_END) return -EINVAL;
    open.position = base + offset;
    return open.position;
  }
  async ioctl(fd: number, command: number, argument: number | Uint8Array): Promise<number> {
    const open = this.files.get(fd)?.open;
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
      const open = this.files.get(fd)?.open;
      return open === undefined ? [] : [{ fd, open, events }];
    });
    const ready = files.length === fds.length ? await this.#call(() => pollFiles(this.#k, files, timeout)) : [];
    if (typeof ready === 'number') return ready;
    return fds.map(({ fd }) =>
      this.files.get(fd)?.open === undefined ? POLLNVAL : (ready[files.findIndex((file) => file.fd === fd)] ?? 0),
    );
  }
  async ftruncate(fd: number, length: number): Promise<number> {
    const descriptor = this.files.get(fd);
    if (descriptor === undefined) return -EBADF;
    return descriptor.node instanceof RegularFile ? descriptor.node.truncate(length) : -EINVAL;
  }
  /** Now is when it was changed. */
  #touch(node: FsNode): void {
    if (node instanceof RamFile) node.mtime = this.#now();
  }
  #now(): number {
    return Number(this.#k.clock.bootRealtime) / NS_PER_S + this.#k.clock.now / NS_PER_S;
  }
  #resolve(path: string, follow = true): Resolved | number {
    const { vfs } = this.#k;
    vfs.caller = this.pid;
    const place = vfs.resolve(path, this.cwd, follow);
    if (typeof place === 'number' || place.node instanceof Directory || !path.endsWith('/')) return place;
    return place.node === undefined ? -ENOENT : -ENOTDIR;
  }
  async chdir(path: string): Promise<number> {
    const place = this.#resolve(path);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    if (!(place.node instanceof Directory)) return -ENOTDIR;
    this.cwd = place.path;
    return 0;
  }

  #stat(path: string, follow: boolean): OrErrno<Stat> {
    const place = this.#resolve(path, follow);
    if (typeof place === 'number') return place;
    return place.node === undefined ? -ENOENT : this.#statOf(place.node);
  }
  async stat(path: string): Promise<OrErrno<Stat>> {
    return this.#stat(path, true);
  }
  async lstat(path: string): Promise<OrErrno<Stat>> {
    return this.#stat(path, false);
  }
  async fstat(fd: number): Promise<OrErrno<Stat>> {
    const descriptor = this.files.get(fd);
    return descriptor === undefined ? -EBADF : this.#statOf(descriptor.node);
  }
  async readdir(path: string): Promise<OrErrno<DirectoryEntry[]>> {
    const place = this.#resolve(path);
    if (typeof place === 'number') return place;
    const { node } = place;
    if (node === undefined) return -ENOENT;
    if (!(node instanceof Directory)) return -ENOTDIR;
    return [...node.names()].map((name) => ({ name, type: entryTypes[node.lookup(name)?.type ?? S_IFREG] ?? 'file' }));
  }
  async readlink(path: string): Promise<OrErrno<string>> {
    const place = this.#resolve(path, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    return place.node instanceof Symlink ? place.node.target : -EINVAL;
  }
  async realpath(path: string): Promise<OrErrno<string>> {
    const place = this.#resolve(path);
    return typeof place === 'number' ? place : place.node === undefined ? -ENOENT : place.path;
  }
  /** A new entry, changed last now. */
  #create(path: string, make: (directory: Directory, name: string) => number): number {
    // mkdir(2) takes a name with a slash behind it.
    const plain = path.length > 1 ? path.replace(/\/+$/, '') : path;
    this.#k.vfs.caller = this.pid;
    const error = this.#k.vfs.create(plain, this.cwd, make);
    const place = error === 0 ? this.#resolve(plain, false) : error;
    if (typeof place !== 'number' && place.node !== undefined && place.node.mtime === 0) place.node.mtime = this.#now();
    return error;
  }
  async mkdir(path: string, mode: number): Promise<number> {
    return this.#create(path, (directory, name) => directory.createDirectory(name, mode & 0o7777));
  }
  async rmdir(path: string): Promise<number> {
    const place = this.#resolve(path, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    if (!(place.node instanceof Directory)) return -ENOTDIR;
    if (place.path === '/') return -EBUSY;
    if ([...place.node.names()].length > 0) return -ENOTEMPTY;
    return place.directory.remove(place.name);
  }
  async unlink(path: string): Promise<number> {
    const place = this.#resolve(path, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -ENOENT;
    if (place.node instanceof Directory) return -EISDIR;
    return place.directory.remove(place.name);
  }
  async rename(from: string, to: string): Promise<number> {
    const source = this.#resolve(from, false);
    const target = this.#resolve(to, false);
    if (typeof source === 'number') return source;
    if (typeof target === 'number') return target;
    if (source.node === undefined) return -ENOENT;
    if (target.node === source.node) return 0;
    if (target.node instanceof Directory !== source.node instanceof Directory && target.node !== undefined)
      return target.node instanceof Directory ? -EISDIR : -ENOTDIR;
    if (target.node instanceof Directory && [...target.node.names()].length > 0) return -ENOTEMPTY;
    if (`${target.path}/`.startsWith(`${source.path}/`)) return -EINVAL;
    const sameKind = target.directory.constructor === source.directory.constructor;
    if (!sameKind) return -EXDEV;
    return target.directory.add(target.name, source.node) || source.directory.remove(source.name);
  }
  async link(target: string, path: string): Promise<number> {
    const source = this.#resolve(target, false);
    if (typeof source === 'number') return source;
    const { node } = source;
    if (node === undefined) return -ENOENT;
    if (node instanceof Directory) return -EPERM;
    const error = this.#create(path, (directory, name) => directory.add(name, node));
    if (error === 0) node.nlink++;
    return error;
  }
  async symlink(target: string, path: string): Promise<number> {
    return this.#create(path, (directory, name) => directory.createSymlink(name, target));
  }
  async mknod(path: string, mode: number, dev: number): Promise<number> {
    const type = mode & S_IFMT;
    if (type === S_IFCHR || type === S_IFBLK)
      return this.#create(path, (directory, name) => directory.add(name, new DeviceNode(mode, dev)));
    if (type === S_IFIFO) return this.#create(path, (directory, name) => directory.add(name, new Pipe(this.#k)));
    return this.#create(path, (directory, name) => directory.createFile(name, mode & 0o7777));
  }
  async #change(path: string, change: (node: FsNode) => number): Promise<number> {
    const place = this.#resolve(path);
    if (typeof place === 'number') return place;
    return place.node === undefined ? -ENOENT : change(place.node);
  }
  chmod(path: string, mode: number): Promise<number> {
    return this.#change(path, (node) => node.setMode(mode & 0o7777));
  }
  chown(path: string, uid: number, gid: number): Promise<number> {
    return this.#change(path, (node) => node.setOwner(uid, gid));
  }
  utimes(path: string, mtime: number): Promise<number> {
    return this.#change(path, (node) => node.setTime(mtime));
  }

  init_module(image: Uint8Array, args: string | null, by: InitWay = 'init_module'): Promise<number> {
    return this.#call(() => initModule(this.#k, image, args ?? undefined, by, this.#reportLoad));
  }
  finit_module(fd: number, args: string | null, flags: number): Promise<number> {
    return this.#call(() => finitModule(this.#k, this.files, fd, args ?? undefined, flags, this.#reportLoad));
  }
  async delete_module(name: string, flags: number): Promise<number> {
    return this.#call(() => this.#k.modules.deleteModule(name, flags), false, { RSI: flags });
  }
  async capset(effective: bigint): Promise<number> {
    // What was given away does not come back while the permitted set, which is all here, keeps it: capset() may take it again.
    this.#capabilities = effective & ALL_CAPABILITIES;
    return 0;
  }
  async syslog(type: number, length = 0): Promise<OrErrno<Uint8Array>> {
    return this.#call(() => doSyslog(this.#k, type, length));
  }
  async socketUevent(flags = 0): Promise<number> {
    const node = new UeventSocket(this.#k);
    return this.files.install({ node, open: node.open(flags), flags: flags | O_RDWR, path: `socket:[${node.ino}]` });
  }
  async nanosleep(seconds: number): Promise<number> {
    const k = this.#k;
    return this.#call(function* () {
      yield* k.scheduler.sleepFor(seconds * NS_PER_S, TASK_INTERRUPTIBLE);
      return 0;
    });
  }
  async kill(pid: number, signal: number): Promise<number> {
    const { processes, scheduler } = this.#k;
    const targets = pid > 0 ? [processes.get(pid)].filter((process) => process !== undefined) : [];
    if (pid < 0) targets.push(...[...processes.values()].filter(({ group }) => group === -pid));
    if (pid === 0) targets.push(...[...processes.values()].filter(({ group }) => group === this.group));
    if (targets.length === 0) {
      const thread = pid > 0 ? scheduler.task(pid) : undefined;
      if (thread === undefined) return -ESRCH;
      if (signal !== 0) scheduler.signal(thread, signal);
    }
    if (signal !== 0) for (const target of targets) target.deliver(signal);
    return 0;
  }
  uname(): ReturnType<Process['uname']> {
    const { release, version } = this.#k.description;
    const build = version.slice(version.indexOf(') #') + 2);
    return { sysname: 'Linux', nodename: NODENAME, release, version: build, machine: 'x86_64' };
  }
  fork(comm: string, group?: number): KernelProcess {
    const pid = this.#k.scheduler.newPid();
    return new KernelProcess(this.#k, {
      pid,
      parent: this.pid,
      group: group === 0 ? pid : (group ?? this.group),
      comm,
      cwd: this.cwd,
      files: this.files.copy(),
      ignored: this.#ignored,
      holdsTime: true,
      capabilities: this.#capabilities,
    });
  }
  async exit(status = 0): Promise<void> {
    if (this.#exiting) return;
    this.#exiting = true;
    for (const fd of this.files.numbers) await this.close(fd);
    this.#status = status;
    this.#k.processes.delete(this.pid);
    for (const notify of this.#ended) notify();
    if (this.#holdsTime) this.#k.letGo();
    this.#holdsTime = false;
  }
  async wait(child: Process): Promise<number> {
    const other = child as KernelProcess;
    if (other.#status === undefined) {
      if (this.#dying()) return -EINTR;
      const holds = this.#holdsTime;
      await new Promise<void>((resolve) => {
        let over = false;
        const end = (): void => {
          if (over) return;
          over = true;
          this.#interrupt = undefined;
          if (holds) this.#k.hold();
          resolve();
        };
        other.#ended.push(end);
        this.#interrupt = end;
        if (holds) this.#k.letGo();
      });
    }
    return other.#status ?? -EINTR;
  }
  onExit(listener: (status: number) => void): void {
    this.#ended.push(() => listener(this.#status ?? 0));
  }
  /** Puts a stream of the host under a descriptor. */
  attach(fd: number, node: StreamFile, flags: number): void {
    this.files.remove(fd);
    this.files.set(fd, { node, open: node.open(), flags, path: node.rdev === 0 ? `pipe:[${node.ino}]` : '/dev/tty', references: 0 });
  }
  #statOf(node: FsNode): Stat {
    const { mode, ino, nlink, uid, gid, size, rdev, mtime } = node;
    const booted = Number(this.#k.clock.bootRealtime / 1_000_000_000n);
    // '.', the parent's entry, and '..' of each folder in it.
    const links =
      node instanceof TreeDirectory ? 2 + [...node.entries.values()].filter((child) => child instanceof Directory).length : nlink;
    return { mode, ino, nlink: links, uid, gid, size, rdev, mtime: mtime || booted };
  }
}
