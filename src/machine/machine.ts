// The library's face: modules, files and logs of one running kernel.
import { errnoName, O_RDWR, strerror } from '#abi';
import {
  explain,
  HostDirectory,
  type HostFolder,
  type Kernel,
  type LoadReport,
  type LogRecord,
  type Process,
  READ_SIZE,
  readFile,
  registerConsole,
  type Uevent,
  Uevents,
} from '#kernel';

/** A system call failed. */
export class SystemCallError extends Error {
  /** Positive: 16 for EBUSY. */
  readonly errno: number;
  /** 'EBUSY'. */
  readonly code: string;
  /** 'init_module', 'open', ... */
  readonly syscall: string;
  constructor(syscall: string, subject: string, errno: number) {
    super(`${syscall} ${subject}: ${strerror(errno)} (${errnoName(errno)})`);
    this.errno = errno;
    this.code = errnoName(errno);
    this.syscall = syscall;
  }
}
/** A module was not loaded. `report` says why: every reason that the loader found, and what to do. */
export class LoadError extends SystemCallError {
  readonly report: LoadReport;
  constructor(syscall: string, subject: string, errno: number, report: LoadReport) {
    super(syscall, subject, errno);
    this.message = [this.message, ...explain(report)].join('\n');
    this.report = report;
  }
}
const encode = (data: Uint8Array | string): Uint8Array => (typeof data === 'string' ? new TextEncoder().encode(data) : data);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What poll(2) waits for and answers (include/uapi/asm-generic/poll.h). */
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

/** An open file of the machine. Every call is a system call: a module's own function answers it where the file is a module's. */
export class OpenFile {
  readonly #process: Process;
  /** The descriptor, for calls of `machine.process`. */
  readonly fd: number;
  readonly path: string;
  constructor(process: Process, fd: number, path: string) {
    this.#process = process;
    this.fd = fd;
    this.path = path;
  }
  /** One read(2) of at most `count` bytes. Empty at the end of the file. Waits as long as the driver does. */
  async read(count = READ_SIZE): Promise<Uint8Array> {
    return orThrow('read', this.path, await this.#process.read(this.fd, count));
  }
  /** One read(2), as text. */
  async readText(count = READ_SIZE): Promise<string> {
    return decode(await this.read(count));
  }
  /** One write(2). Gives the number of bytes that were taken. */
  async write(data: Uint8Array | string): Promise<number> {
    return orThrow('write', this.path, await this.#process.write(this.fd, encode(data)));
  }
  /** Moves the position; `whence`: 0 from the start, 1 from here, 2 from the end. Gives the new position. */
  async lseek(offset: number, whence = 0): Promise<number> {
    return orThrow('lseek', this.path, await this.#process.lseek(this.fd, offset, whence));
  }
  /** `argument`: a number, or bytes whose address is passed and that come back changed. Gives what the driver returns. */
  async ioctl(command: number, argument: number | Uint8Array = 0): Promise<number> {
    return orThrow('ioctl', this.path, await this.#process.ioctl(this.fd, command, argument));
  }
  /**
   * Waits until the file has one of `events` (POLLIN, POLLOUT, ...), for at most `timeout` milliseconds of the kernel's time
   * (-1: for ever). Gives the events that are there; 0 when the time was up.
   */
  async poll(events: number, timeout = -1): Promise<number> {
    const ready = orThrow('poll', this.path, await this.#process.poll([{ fd: this.fd, events }], timeout));
    return ready[0] ?? 0;
  }
  async close(): Promise<void> {
    orThrow('close', this.path, await this.#process.close(this.fd));
  }
}

/** One running kernel. Failing calls throw SystemCallError. */
export class Machine {
  readonly kernel: Kernel;
  /** The first process (pid 1, root, everything allowed): system calls that give -errno instead of throwing. */
  readonly process: Process;

  constructor(kernel: Kernel, process: Process) {
    this.kernel = kernel;
    this.process = process;
  }
  /**
   * Loads a module: its bytes, or a path of the machine. `parameters` as on insmod's command line. Resolves when the
   * module's init has returned 0.
   *
   * @throws LoadError with the reasons.
   *
   * @example await machine.insmod(readFileSync('params.ko'), 'number=5 list=7,8');
   */
  async insmod(module: Uint8Array | string, parameters = ''): Promise<void> {
    const image = typeof module === 'string' ? await this.readFile(module) : module;
    const subject = typeof module === 'string' ? module : 'module';
    const result = await this.process.init_module(image, parameters);
    const report = this.process.loadReport;
    if (result < 0 && report !== undefined) throw new LoadError('init_module', subject, -result, report);
    orThrow('init_module', subject, result);
  }
  /** Unloads a module by its name. `flags` of delete_module(2); default O_NONBLOCK, as rmmod. */
  async rmmod(name: string, flags = 0x800): Promise<void> {
    orThrow('delete_module', name, await this.process.delete_module(name, flags));
  }
  /** open(2). `flags`: 0 to read, 1 to write, 2 (default) for both, with O_CREAT and the like. */
  async open(path: string, flags: number = O_RDWR, mode = 0o644): Promise<OpenFile> {
    const fd = orThrow('open', path, await this.process.open(path, flags, mode));
    return new OpenFile(this.process, fd, path);
  }
  /** All bytes of a file; of /proc, /sys and devices too. */
  async readFile(path: string): Promise<Uint8Array> {
    return orThrow('read', path, await readFile(this.process, path));
  }
  async readText(path: string): Promise<string> {
    return decode(await this.readFile(path));
  }
  /** Writes a file whole: opens it (makes it where it is missing), one write(2), closes. */
  async writeFile(path: string, data: Uint8Array | string): Promise<void> {
    const O_WRONLY_CREAT_TRUNC = 0o1101;
    const file = await this.open(path, O_WRONLY_CREAT_TRUNC);
    try {
      await file.write(data);
    } finally {
      await file.close();
    }
  }
  /** The text of a file below /proc: `procfs('modules')`. */
  procfs(name: string): Promise<string> {
    return this.readText(`/proc/${name}`);
  }
  /** The text of a file below /sys: `sysfs('module/hello/refcnt')`. */
  sysfs(name: string): Promise<string> {
    return this.readText(`/sys/${name}`);
  }
  /** The log so far, oldest first. */
  dmesg(): readonly LogRecord[] {
    return this.kernel.log.records();
  }
  /**
   * Calls `print` with what a console would show from now on: records more urgent than the console's level (7 at first),
   * with their times and newlines. Gives what ends that.
   */
  onConsole(print: (text: string) => void): () => void {
    return registerConsole(this.kernel, print);
  }
  /** Calls `listener` with each uevent from now on. Gives what ends that. */
  onUevent(listener: (event: Uevent) => void): () => void {
    return this.kernel.get(Uevents).listen(listener);
  }
  /** Mounts a folder of the host at `target`: both sides see each other's changes at once. */
  mount(folder: HostFolder, target: string, source = 'host'): void {
    const top = folder.stat('');
    if (typeof top === 'number') throw new SystemCallError('mount', target, -top);
    const options = folder.readOnly ? 'ro' : 'rw';
    this.kernel.vfs.mount({ source, target: target.replace(/\/+$/, ''), type: '9p', options }, new HostDirectory(folder, '', top));
  }
}

function orThrow<T>(syscall: string, subject: string, result: T | number): T {
  if (typeof result === 'number' && result < 0) throw new SystemCallError(syscall, subject, -result);
  return result as T;
}
