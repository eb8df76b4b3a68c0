// A folder of the host, mounted: everything is asked of the host at each use, so that changes are seen at once.
import { EROFS, EXDEV, O_APPEND, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '#abi';
import { Directory, FsNode, type OpenNode, RegularFile, Symlink } from './node.ts';

export interface HostStat {
  readonly mode: number;
  readonly ino: number;
  readonly nlink: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
}
/** A tree of files of the host. `path` is relative to it, '' is its top. Results below 0 are -errno. */
export interface HostFolder {
  readonly readOnly: boolean;
  stat(path: string): HostStat | number;
  list(path: string): string[] | number;
  read(path: string, offset: number, count: number): Uint8Array | number;
  write(path: string, offset: number, data: Uint8Array): number;
  truncate(path: string, length: number): number;
  create(path: string, mode: number): number;
  mkdir(path: string, mode: number): number;
  symlink(path: string, target: string): number;
  readlink(path: string): string | number;
  remove(path: string): number;
  rename(from: string, to: string): number;
  chmod(path: string, mode: number): number;
  utimes(path: string, mtime: number): number;
}
const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/** The node of what `path` is now; undefined when there is nothing. */
export function hostNode(folder: HostFolder, path: string): FsNode | undefined {
  const stat = folder.stat(path);
  if (typeof stat === 'number') return undefined;
  switch (stat.mode & S_IFMT) {
    case S_IFDIR:
      return new HostDirectory(folder, path, stat);
    case S_IFREG:
      return new HostFile(folder, path, stat);
    case S_IFLNK: {
      const target = folder.readlink(path);
      return typeof target === 'number' ? undefined : new Symlink(target);
    }
    default:
      return undefined;
  }
}
function adopt(node: FsNode, { mode, ino, nlink, mtime }: HostStat): void {
  Object.assign(node, { mode, ino, nlink, mtime });
}

export class HostDirectory extends Directory {
  readonly #folder: HostFolder;
  readonly #path: string;
  constructor(folder: HostFolder, path: string, stat: HostStat) {
    super();
    this.#folder = folder;
    this.#path = path;
    adopt(this, stat);
  }
  override lookup(name: string): FsNode | undefined {
    return hostNode(this.#folder, join(this.#path, name));
  }
  override names(): Iterable<string> {
    const names = this.#folder.list(this.#path);
    return typeof names === 'number' ? [] : names;
  }
  #change(name: string, change: (path: string) => number): number {
    return this.#folder.readOnly ? -EROFS : change(join(this.#path, name));
  }
  /** rename(2) within the folder. */
  override add(name: string, node: FsNode): number {
    const from = node instanceof HostFile && node.folder === this.#folder ? node.path : undefined;
    return this.#change(name, (path) => (from === undefined ? -EXDEV : this.#folder.rename(from, path)));
  }
  override remove(name: string): number {
    // A rename has taken it away already.
    return this.#change(name, (path) => (typeof this.#folder.stat(path) === 'number' ? 0 : this.#folder.remove(path)));
  }
  override createFile(name: string, mode: number): number {
    return this.#change(name, (path) => this.#folder.create(path, mode));
  }
  override createDirectory(name: string, mode: number): number {
    return this.#change(name, (path) => this.#folder.mkdir(path, mode));
  }
  override createSymlink(name: string, target: string): number {
    return this.#change(name, (path) => this.#folder.symlink(path, target));
  }
}

export class HostFile extends RegularFile {
  readonly folder: HostFolder;
  readonly path: string;
  constructor(folder: HostFolder, path: string, stat: HostStat) {
    super(stat.mode);
    this.folder = folder;
    this.path = path;
    adopt(this, stat);
  }
  override get size(): number {
    const stat = this.folder.stat(this.path);
    return typeof stat === 'number' ? 0 : stat.size;
  }
  override contents(): Uint8Array | number {
    return this.folder.read(this.path, 0, this.size);
  }
  #change(change: () => number): number {
    return this.folder.readOnly ? -EROFS : change();
  }
  override truncate(length: number): number {
    return this.#change(() => this.folder.truncate(this.path, length));
  }
  override setMode(permissions: number): number {
    return this.#change(() => this.folder.chmod(this.path, permissions));
  }
  override setTime(mtime: number): number {
    return this.#change(() => this.folder.utimes(this.path, mtime));
  }
  override open(flags: number): OpenNode | number {
    const file = this;
    const O_ACCMODE = 3;
    if (this.folder.readOnly && (flags & O_ACCMODE) !== 0) return -EROFS;
    const opened: OpenNode = {
      position: 0,
      *read(count) {
        const bytes = file.folder.read(file.path, this.position, count);
        if (typeof bytes !== 'number') this.position += bytes.length;
        return bytes;
      },
      *write(data) {
        if ((flags & O_APPEND) !== 0) this.position = file.size;
        const written = file.folder.write(file.path, this.position, data);
        if (written > 0) this.position += written;
        return written;
      },
    };
    return opened;
  }
}
