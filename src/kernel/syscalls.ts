// The system calls of the TypeScript kernel, as the shell, the tools, the test kit and the page see them.
// Every call runs as a task of the kernel and resolves when that task has finished. A failing call resolves to -errno
// (as the real system call does); it rejects only when kobox itself is broken.
import type { StreamFile } from './fs/stream.ts';
import type { LoadReport } from './module/reasons.ts';

export interface Stat {
  readonly mode: number; // S_IFMT bits and permissions
  readonly ino: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly rdev: number; // major << 20 | minor, for devices
  readonly mtime: number; // seconds since the epoch
}

export interface DirectoryEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
}

/** Result of a call that gives data: the errno as a negative number, or the data. */
export type OrErrno<T> = T | number;

/** The system call that loads a module. */
export type InitWay = 'init_module' | 'finit_module';

/** System calls of one process: it has a pid, a comm, a working directory, descriptors and credentials. */
export interface Process {
  readonly pid: number;
  comm: string;
  cwd: string;
  /** Process group: what kill(-group) reaches. */
  readonly group: number;
  /** What /proc/PID/cmdline shows. */
  argv: readonly string[];
  /** The signal that has ended the process, if any: an oops in a system call does, and kill(). Its calls give -EINTR from then on. */
  readonly killedBy: number | undefined;

  open(path: string, flags: number, mode?: number): Promise<number>;
  close(fd: number): Promise<number>;
  /** The lowest free descriptor from `from` on. */
  dup(fd: number, from?: number): Promise<number>;
  dup2(from: number, to: number): Promise<number>;
  pipe(): Promise<OrErrno<readonly [read: number, write: number]>>;
  isatty(fd: number): boolean;
  chdir(path: string): Promise<number>;
  read(fd: number, count: number): Promise<OrErrno<Uint8Array>>;
  write(fd: number, data: Uint8Array): Promise<number>;
  pread(fd: number, count: number, offset: number): Promise<OrErrno<Uint8Array>>;
  pwrite(fd: number, data: Uint8Array, offset: number): Promise<number>;
  lseek(fd: number, offset: number, whence: number): Promise<number>;
  /** `argument` is a number, or bytes that are put into user memory (their address is passed) and may come back changed. */
  ioctl(fd: number, command: number, argument: number | Uint8Array): Promise<number>;
  /** Returns the ready events of each descriptor; timeout in ms, -1 waits for ever. */
  poll(fds: readonly { fd: number; events: number }[], timeout: number): Promise<OrErrno<number[]>>;
  ftruncate(fd: number, length: number): Promise<number>;

  stat(path: string): Promise<OrErrno<Stat>>;
  lstat(path: string): Promise<OrErrno<Stat>>;
  fstat(fd: number): Promise<OrErrno<Stat>>;
  readdir(path: string): Promise<OrErrno<DirectoryEntry[]>>;
  readlink(path: string): Promise<OrErrno<string>>;
  realpath(path: string): Promise<OrErrno<string>>;
  mkdir(path: string, mode: number): Promise<number>;
  rmdir(path: string): Promise<number>;
  unlink(path: string): Promise<number>;
  rename(from: string, to: string): Promise<number>;
  link(target: string, path: string): Promise<number>;
  symlink(target: string, path: string): Promise<number>;
  mknod(path: string, mode: number, dev: number): Promise<number>;
  chmod(path: string, mode: number): Promise<number>;
  chown(path: string, uid: number, gid: number): Promise<number>;
  utimes(path: string, mtime: number): Promise<number>;

  /** `args`: Latin-1, a character a byte; null is an address that cannot be read. `by`: the system call that a call trace shows. */
  init_module(image: Uint8Array, args: string | null, by?: InitWay): Promise<number>;
  finit_module(fd: number, args: string | null, flags: number): Promise<number>;
  /** What the last init_module or finit_module of this process found out. */
  readonly loadReport: LoadReport | undefined;
  delete_module(name: string, flags: number): Promise<number>;

  /** Sets the effective capabilities: bit n is capability n. Root has them all, and can take them back. */
  capset(effective: bigint): Promise<number>;
  /** syslog(2), glibc's klogctl(): bytes for the types that read (2 to 4), else a number. */
  syslog(type: number, length?: number): Promise<OrErrno<Uint8Array>>;
  /** A socket of NETLINK_KOBJECT_UEVENT, bound to the kernel's group: each read is one uevent. `flags`: O_NONBLOCK. */
  socketUevent(flags?: number): Promise<number>;

  nanosleep(seconds: number): Promise<number>;
  /** Sends a signal to a process or kernel thread; to a process group when `pid` is negative, to the own one when it is 0. */
  kill(pid: number, signal: number): Promise<number>;
  /** Signals that do not reach the process. Children inherit this. */
  ignore(signals: Iterable<number>): void;
  /** A handler: the signal then interrupts a sleep (-EINTR), but does not end the process. Children do not inherit it. */
  handle(signal: number, handler: (() => void) | undefined): void;
  /** Whether virtual time stands still while the process is in no system call. */
  holdTime(hold: boolean): void;
  uname(): { sysname: string; nodename: string; release: string; version: string; machine: string };

  /**
   * A child with a copy of the descriptors and the working directory. Virtual time stands still until it is in a system
   * call or has called exit(). `group`: 0 for a process group of its own.
   */
  fork(comm: string, group?: number): Process;
  /** Closes what is open; the process is gone. */
  exit(status?: number): Promise<void>;
  /** Waits for a child that will call exit(): its status; -EINTR when a signal has ended the waiting process. */
  wait(child: Process): Promise<number>;
  /** Calls `listener` with the status when the process exits. */
  onExit(listener: (status: number) => void): void;
  /** Puts a stream of the host under a descriptor. */
  attach(fd: number, node: StreamFile, flags: number): void;
}
