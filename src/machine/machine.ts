// The library's face: modules, files and logs of one running kernel.
import { errnoName, O_RDONLY, O_RDWR, strerror } from '#abi';
import type { Kernel, LogRecord, Process } from '#kernel';

/** A system call failed; `errno` is positive. */
export class SystemCallError extends Error {
  readonly errno: number;
  /** 'EBUSY'. */
  readonly code: string;
  readonly syscall: string;
  constructor(syscall: string, subject: string, errno: number) {
    super(`${syscall} ${subject}: ${strerror(errno)} (${errnoName(errno)})`);
    this.errno = errno;
    this.code = errnoName(errno);
    this.syscall = syscall;
  }
}

const READ_CHUNK = 65536;
const utf8 = { encode: (text: string) => new TextEncoder().encode(text), decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes) };

/** An open file of the machine. */
export class OpenFile {
  readonly #process: Process;
  readonly fd: number;
  readonly path: string;
  constructor(process: Process, fd: number, path: string) {
    this.#process = process;
    this.fd = fd;
    this.path = path;
  }
  /** One read(2) of at most `count` bytes. Empty at the end of the file. */
  async read(count = READ_CHUNK): Promise<Uint8Array> {
    return orThrow('read', this.path, await this.#process.read(this.fd, count));
  }
  /** One write(2). Gives the bytes that were taken. */
  async write(data: Uint8Array | string): Promise<number> {
    const bytes = typeof data === 'string' ? utf8.encode(data) : data;
    return orThrow('write', this.path, await this.#process.write(this.fd, bytes));
  }
  async lseek(offset: number, whence = 0): Promise<number> {
    return orThrow('lseek', this.path, await this.#process.lseek(this.fd, offset, whence));
  }
  /** `argument`: a number, or bytes whose address is passed and that come back changed. */
  async ioctl(command: number, argument: number | Uint8Array = 0): Promise<number> {
    return orThrow('ioctl', this.path, await this.#process.ioctl(this.fd, command, argument));
  }
  async close(): Promise<void> {
    orThrow('close', this.path, await this.#process.close(this.fd));
  }
}

export class Machine {
  readonly kernel: Kernel;
  /** The first process: pid 1, root, everything allowed. */
  readonly process: Process;

  constructor(kernel: Kernel, process: Process) {
    this.kernel = kernel;
    this.process = process;
  }
  /** Loads a module from its bytes, or from a path of the machine. Throws SystemCallError as init_module fails. */
  async insmod(module: Uint8Array | string, parameters = ''): Promise<void> {
    const image = typeof module === 'string' ? await this.readFile(module) : module;
    const subject = typeof module === 'string' ? module : 'module';
    orThrow('init_module', subject, await this.process.init_module(image, parameters));
  }
  async rmmod(name: string, flags = 0x800): Promise<void> {
    orThrow('delete_module', name, await this.process.delete_module(name, flags));
  }
  async open(path: string, flags: number = O_RDWR, mode = 0o644): Promise<OpenFile> {
    const fd = orThrow('open', path, await this.process.open(path, flags, mode));
    return new OpenFile(this.process, fd, path);
  }
  /** All bytes of a file; of /proc, /sys and devices too. */
  async readFile(path: string): Promise<Uint8Array> {
    const file = await this.open(path, O_RDONLY);
    try {
      const chunks: Uint8Array[] = [];
      for (;;) {
        const chunk = await file.read();
        if (chunk.length === 0) break;
        chunks.push(chunk);
      }
      return concatenate(chunks);
    } finally {
      await file.close();
    }
  }
  async readText(path: string): Promise<string> {
    return utf8.decode(await this.readFile(path));
  }
  /** The log so far, oldest first. */
  dmesg(): readonly LogRecord[] {
    return this.kernel.log.records();
  }
}

function orThrow<T>(syscall: string, subject: string, result: T | number): T {
  if (typeof result === 'number' && result < 0) throw new SystemCallError(syscall, subject, -result);
  return result as T;
}
function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
