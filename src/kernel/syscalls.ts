// The system calls of the TypeScript kernel, as the shell, the tools, the test kit and the page see them.
// Every call runs as a task of the kernel and resolves when that task has finished. A failing call resolves to -errno
// (as the real system call does); it rejects only when kobox itself is broken.

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

/** System calls of one process: it has a pid, a comm, a working directory, descriptors and credentials. */
export interface Process {
  readonly pid: number;
  comm: string;
  cwd: string;
  /** The signal that killed the process inside a system call (an oops does), if any. */
  readonly killedBy: number | undefined;

  open(path: string, flags: number, mode?: number): Promise<number>;
  close(fd: number): Promise<number>;
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

  init_module(image: Uint8Array, args: string): Promise<number>;
  finit_module(fd: number, args: string, flags: number): Promise<number>;
  delete_module(name: string, flags: number): Promise<number>;

  nanosleep(seconds: number): Promise<number>;
  /** Sends a signal to a process or task. */
  kill(pid: number, signal: number): Promise<number>;
  uname(): { sysname: string; nodename: string; release: string; version: string; machine: string };

  /** A child with a copy of the descriptors and the working directory. */
  fork(comm: string): Process;
  /** Closes what is open; the process is gone. */
  exit(): Promise<void>;
}
