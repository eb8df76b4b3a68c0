// What a command sees of the world: the system calls of its process, and its three streams.
import { EINTR, S_IFCHR, S_IFMT, signalText, strerror } from '#abi';
import { concatenate, type Process, READ_SIZE, readFile, readToEnd } from '#kernel';

/** stdio's buffer for anything but a terminal. */
const STDIO_BUFFER = 4096;

/** Thrown in a command when a signal has ended its process. */
export class Ended extends Error {
  readonly signal: number;
  constructor(signal: number) {
    super(signalText(signal));
    this.signal = signal;
  }
}
/** Thrown when the standard output could not be written. */
export class WriteFailed extends Error {
  readonly errno: number;
  constructor(errno: number) {
    super(strerror(errno));
    this.errno = errno;
  }
}

const NEWLINE = 0x0a;
function lines(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

export class Io {
  readonly process: Process;
  readonly #encoder = new TextEncoder();
  #buffered: Uint8Array[] = [];
  #size = 0;
  readonly #terminal: boolean;
  constructor(process: Process) {
    this.process = process;
    this.#terminal = process.isatty(1);
  }
  /** A system call's result, unless the process has died in it. */
  async call<T>(result: Promise<T>): Promise<T> {
    const value = await result;
    if (this.process.killedBy !== undefined) throw new Ended(this.process.killedBy);
    return value;
  }
  open(path: string, flags: number, mode = 0o666 & ~0o022): Promise<number> {
    return this.call(this.process.open(path, flags, mode));
  }
  read(fd: number, count = READ_SIZE): Promise<Uint8Array | number> {
    return this.call(this.process.read(fd, count));
  }
  close(fd: number): Promise<number> {
    return this.call(this.process.close(fd));
  }
  /** Writes all of `bytes`; 0 or -errno. */
  async write(fd: number, bytes: Uint8Array): Promise<number> {
    for (let at = 0; at < bytes.length; ) {
      const written = await this.call(this.process.write(fd, bytes.subarray(at)));
      if (written < 0) return written;
      at += written;
    }
    return 0;
  }
  /** Reads an open file to its end. */
  drain(fd: number): Promise<Uint8Array | number> {
    return readToEnd((count) => this.read(fd, count));
  }
  /** The whole of a file, or -errno. */
  readFile(path: string): Promise<Uint8Array | number> {
    return this.call(readFile(this.process, path));
  }
  async readText(path: string): Promise<string | undefined> {
    const bytes = await this.readFile(path);
    return typeof bytes === 'number' ? undefined : new TextDecoder().decode(bytes);
  }
  /** Puts text on the standard output, as stdio does: at once on a terminal, else when the buffer is full or at the end. */
  async out(text: string): Promise<void> {
    await this.outBytes(this.#encoder.encode(text));
  }
  async outBytes(bytes: Uint8Array): Promise<void> {
    this.#buffered.push(bytes);
    this.#size += bytes.length;
    if (this.#terminal || this.#size >= STDIO_BUFFER) await this.flush();
  }
  async flush(): Promise<void> {
    await this.#flush((bytes) => [bytes]);
  }
  /** Each line with a write of its own, as bash's builtins do. */
  async flushLines(): Promise<void> {
    await this.#flush(lines);
  }
  async #flush(parts: (bytes: Uint8Array) => readonly Uint8Array[]): Promise<void> {
    if (this.#size === 0) return;
    const bytes = concatenate(this.#buffered);
    this.#buffered = [];
    this.#size = 0;
    for (const part of parts(bytes)) {
      const error = await this.write(1, part);
      if (error < 0 && error !== -EINTR) throw new WriteFailed(-error);
    }
  }
  async err(text: string): Promise<void> {
    await this.write(2, this.#encoder.encode(text));
  }
  /** Whether `path` is a character device. */
  async isDevice(path: string): Promise<boolean> {
    const stat = await this.process.stat(path);
    return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFCHR;
  }
}
