// The kernel's files as just-bash wants them. Each call is a system call of the shell's process.
import type { BufferEncoding, FileContent, FsStat, IFileSystem } from 'just-bash';
import {
  EEXIST,
  EIO,
  ENOENT,
  errnoName,
  O_APPEND,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  strerror,
} from '#abi';
import { type Process, readFile, type Stat } from '#kernel';

/** What just-bash expects of a failing file system: Node's form. */
class FileError extends Error {
  readonly code: string;
  constructor(errno: number, call: string, path: string) {
    super(`${errnoName(errno)}: ${strerror(errno).toLowerCase()}, ${call} '${path}'`);
    this.code = errnoName(errno);
  }
}
function checked<T>(result: T | number, call: string, path: string): T {
  if (typeof result === 'number' && result < 0) throw new FileError(-result, call, path);
  return result as T;
}
const toStat = (stat: Stat): FsStat => ({
  isFile: (stat.mode & S_IFMT) === S_IFREG,
  isDirectory: (stat.mode & S_IFMT) === S_IFDIR,
  isSymbolicLink: (stat.mode & S_IFMT) === S_IFLNK,
  mode: stat.mode & 0o7777,
  size: stat.size,
  mtime: new Date(stat.mtime * 1000),
  ino: stat.ino,
});
const encode = (content: FileContent): Uint8Array => (typeof content === 'string' ? new TextEncoder().encode(content) : content);

export class KernelFileSystem implements IFileSystem {
  readonly #process: Process;
  constructor(process: Process) {
    this.#process = process;
  }
  async readFileBuffer(path: string): Promise<Uint8Array> {
    return checked(await readFile(this.#process, path), 'open', path);
  }
  async readFile(path: string, options?: { encoding?: BufferEncoding | null } | BufferEncoding): Promise<string> {
    const bytes = await this.readFileBuffer(path);
    const encoding = typeof options === 'string' ? options : options?.encoding;
    if (encoding === 'binary' || encoding === 'latin1') return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return new TextDecoder().decode(bytes);
  }
  async writeFile(path: string, content: FileContent): Promise<void> {
    await this.#write(path, content, O_TRUNC);
  }
  async appendFile(path: string, content: FileContent): Promise<void> {
    await this.#write(path, content, O_APPEND);
  }
  async #write(path: string, content: FileContent, flag: number): Promise<void> {
    const process = this.#process;
    const bytes = encode(content);
    // just-bash truncates the target of a redirection before it writes: a device would see an open too many.
    if (bytes.length === 0 && (await this.#isDevice(path))) return;
    const fd = checked(await process.open(path, O_WRONLY | O_CREAT | flag, 0o644), 'open', path);
    try {
      let rest = bytes;
      while (rest.length > 0) {
        const written = checked(await process.write(fd, rest), 'write', path);
        if (written === 0) throw new FileError(EIO, 'write', path);
        rest = rest.subarray(written);
      }
    } finally {
      await process.close(fd);
    }
  }
  async #isDevice(path: string): Promise<boolean> {
    const stat = await this.#process.stat(path);
    return typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFCHR;
  }
  async exists(path: string): Promise<boolean> {
    return typeof (await this.#process.stat(path)) !== 'number';
  }
  async stat(path: string): Promise<FsStat> {
    return toStat(checked(await this.#process.stat(path), 'stat', path));
  }
  async lstat(path: string): Promise<FsStat> {
    return toStat(checked(await this.#process.lstat(path), 'lstat', path));
  }
  async mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    if (options?.recursive !== true) {
      checked(await this.#process.mkdir(path, 0o755), 'mkdir', path);
      return;
    }
    const parts = path.split('/').filter((part) => part !== '');
    for (let n = 1; n <= parts.length; n++) {
      const result = await this.#process.mkdir(`/${parts.slice(0, n).join('/')}`, 0o755);
      if (result < 0 && result !== -EEXIST) checked(result, 'mkdir', path);
    }
  }
  async readdir(path: string): Promise<string[]> {
    return checked(await this.#process.readdir(path), 'scandir', path)
      .map(({ name }) => name)
      .sort();
  }
  async rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    const stat = await this.#process.lstat(path);
    if (typeof stat === 'number') {
      if (stat === -ENOENT && options?.force === true) return;
      throw new FileError(-stat, 'rm', path);
    }
    if ((stat.mode & S_IFMT) !== S_IFDIR) {
      checked(await this.#process.unlink(path), 'unlink', path);
      return;
    }
    if (options?.recursive === true) for (const name of await this.readdir(path)) await this.rm(`${path}/${name}`, options);
    checked(await this.#process.rmdir(path), 'rmdir', path);
  }
  async cp(source: string, target: string, options?: { recursive?: boolean }): Promise<void> {
    if ((await this.stat(source)).isDirectory) {
      if (options?.recursive !== true) throw new FileError(21, 'cp', source);
      await this.mkdir(target, { recursive: true });
      for (const name of await this.readdir(source)) await this.cp(`${source}/${name}`, `${target}/${name}`, options);
    } else await this.writeFile(target, await this.readFileBuffer(source));
  }
  async mv(source: string, target: string): Promise<void> {
    checked(await this.#process.rename(source, target), 'rename', source);
  }
  resolvePath(base: string, path: string): string {
    const parts: string[] = [];
    for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  }
  getAllPaths(): string[] {
    return [];
  }
  async chmod(path: string, mode: number): Promise<void> {
    checked(await this.#process.chmod(path, mode), 'chmod', path);
  }
  async symlink(target: string, path: string): Promise<void> {
    checked(await this.#process.symlink(target, path), 'symlink', path);
  }
  async link(target: string, path: string): Promise<void> {
    checked(await this.#process.link(target, path), 'link', path);
  }
  async readlink(path: string): Promise<string> {
    return checked(await this.#process.readlink(path), 'readlink', path);
  }
  async realpath(path: string): Promise<string> {
    return checked(await this.#process.realpath(path), 'realpath', path);
  }
  async utimes(path: string, _atime: Date, mtime: Date): Promise<void> {
    checked(await this.#process.utimes(path, mtime.getTime() / 1000), 'utimes', path);
  }
}
