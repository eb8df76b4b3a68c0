// Files, directories and links of the kernel's file systems, as TypeScript objects.
import { EACCES, EIO, EPERM, O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '#abi';
import type { Sleeping } from '../api/index.ts';
import { fromLatin1 } from '../memory.ts';

let lastInode = 1;

/** What all nodes have. Subclasses say what can be done with them. */
export abstract class FsNode {
  readonly ino = lastInode++;
  mode: number;
  uid = 0;
  gid = 0;
  mtime = 0;
  rdev = 0;
  nlink = 1;
  constructor(mode: number) {
    this.mode = mode;
  }
  get size(): number {
    return 0;
  }
  get type(): number {
    return this.mode & S_IFMT;
  }
  /** chmod(2): 0 or -errno. `permissions`: the lower 12 bits. */
  setMode(permissions: number): number {
    this.mode = this.type | permissions;
    return 0;
  }
  setOwner(uid: number, gid: number): number {
    this.uid = uid;
    this.gid = gid;
    return 0;
  }
  /** `mtime`: seconds since the epoch. */
  setTime(mtime: number): number {
    this.mtime = mtime;
    return 0;
  }
}

/** An open file. Offsets are kept by it, as in `struct file`. */
export interface OpenNode {
  position: number;
  /** The struct file in guest memory, when a module serves it. */
  readonly file?: number;
  /** Up to `count` bytes from the position on; empty at the end; or -errno. */
  read(count: number): Sleeping<Uint8Array | number>;
  write(data: Uint8Array): Sleeping<number>;
  ioctl?(command: number, argument: number): Sleeping<number>;
  /** The events that are there now. `table` (a guest poll_table) takes the wait queues; 0 when they are known already. */
  poll?(table: number): Sleeping<number>;
  seek?(offset: number, whence: number): Sleeping<number>;
  release?(): Sleeping<void>;
}

/** A directory. What programs may change in it, the subclasses say; each change gives 0 or -errno. */
export abstract class Directory extends FsNode {
  constructor(mode = 0o755) {
    super(S_IFDIR | mode);
  }
  abstract lookup(name: string): FsNode | undefined;
  abstract names(): Iterable<string>;
  /** An existing node under a (further) name: link and rename. */
  add(_name: string, _node: FsNode): number {
    return -EPERM;
  }
  remove(_name: string): number {
    return -EPERM;
  }
  createFile(name: string, mode: number): number {
    return this.add(name, new RamFile(mode));
  }
  createDirectory(name: string, mode: number): number {
    return this.add(name, new TreeDirectory(mode));
  }
  createSymlink(name: string, target: string): number {
    return this.add(name, new Symlink(target));
  }
}

/** A directory that holds its entries. */
export class TreeDirectory extends Directory {
  readonly entries = new Map<string, FsNode>();
  /** Whether programs may create entries (ramfs) or only the kernel (procfs, sysfs). */
  readonly #open: boolean;
  constructor(mode = 0o755, open = true) {
    super(mode);
    this.#open = open;
  }
  override lookup(name: string): FsNode | undefined {
    return this.entries.get(name);
  }
  override names(): Iterable<string> {
    return this.entries.keys();
  }
  override add(name: string, node: FsNode): number {
    if (!this.#open) return -EPERM;
    this.entries.set(name, node);
    return 0;
  }
  override createFile(name: string, mode: number): number {
    return this.#open ? super.createFile(name, mode) : -EACCES;
  }
  override remove(name: string): number {
    return this.#open && this.entries.delete(name) ? 0 : -EPERM;
  }
  /** A child directory, made when it is missing. */
  child(name: string, mode = 0o755): TreeDirectory {
    const existing = this.entries.get(name);
    if (existing instanceof TreeDirectory) return existing;
    const made = new TreeDirectory(mode, this.#open);
    this.entries.set(name, made);
    return made;
  }
  /** The kernel's own entries: also where programs may not create any. */
  put(name: string, node: FsNode): void {
    this.entries.set(name, node);
  }
}

/** A directory that is filled when somebody looks into it for the first time. */
export class LazyDirectory extends TreeDirectory {
  #fill: ((self: TreeDirectory) => void) | undefined;
  constructor(fill: (self: TreeDirectory) => void, mode = 0o755, open = true) {
    super(mode, open);
    this.#fill = fill;
  }
  #look(): void {
    const fill = this.#fill;
    this.#fill = undefined;
    fill?.(this);
  }
  override lookup(name: string): FsNode | undefined {
    this.#look();
    return super.lookup(name);
  }
  override names(): Iterable<string> {
    this.#look();
    return super.names();
  }
  override add(name: string, node: FsNode): number {
    this.#look();
    return super.add(name, node);
  }
  override child(name: string, mode?: number): TreeDirectory {
    this.#look();
    return super.child(name, mode);
  }
  override put(name: string, node: FsNode): void {
    this.#look();
    super.put(name, node);
  }
}

/** A directory whose entries are computed at each look. */
export class ComputedDirectory extends Directory {
  readonly #names: () => Iterable<string>;
  readonly #lookup: (name: string) => FsNode | undefined;
  constructor(names: () => Iterable<string>, lookup: (name: string) => FsNode | undefined, mode = 0o755) {
    super(mode);
    this.#names = names;
    this.#lookup = lookup;
  }
  override lookup(name: string): FsNode | undefined {
    return this.#lookup(name);
  }
  override names(): Iterable<string> {
    return this.#names();
  }
}

export class Symlink extends FsNode {
  readonly #target: string;
  constructor(target: string) {
    super(S_IFLNK | 0o777);
    this.#target = target;
  }
  get target(): string {
    return this.#target;
  }
  override get size(): number {
    return this.target.length;
  }
}

/** A link whose target is a node, whatever path it has: /proc/PID/fd/N. */
export class MagicLink extends Symlink {
  readonly node: FsNode;
  constructor(target: string, node: FsNode) {
    super(target);
    this.node = node;
  }
}

/** A file with bytes at offsets. */
export abstract class RegularFile extends FsNode {
  /** All of it, or -errno. */
  abstract contents(): Uint8Array | number;
  /** 0 or -errno. */
  abstract truncate(length: number): number;
  abstract open(flags: number): OpenNode | number;
}

/** A file of ramfs. */
export class RamFile extends RegularFile {
  data: Uint8Array;
  constructor(mode: number, data: Uint8Array = new Uint8Array(0)) {
    super(S_IFREG | mode);
    this.data = data;
  }
  override get size(): number {
    return this.data.length;
  }
  override contents(): Uint8Array {
    return this.data;
  }
  override truncate(length: number): number {
    const data = new Uint8Array(length);
    data.set(this.data.subarray(0, length));
    this.data = data;
    return 0;
  }
  override open(flags: number): OpenNode {
    const file = this;
    const append = (flags & O_APPEND) !== 0;
    return {
      position: 0,
      // biome-ignore lint/correctness/useYield: a file in memory never sleeps
      *read(count) {
        const bytes = file.data.slice(this.position, this.position + count);
        this.position += bytes.length;
        return bytes;
      },
      // biome-ignore lint/correctness/useYield: a file in memory never sleeps
      *write(data) {
        if (append) this.position = file.data.length;
        const end = this.position + data.length;
        if (end > file.data.length) file.truncate(end);
        file.data.set(data, this.position);
        this.position = end;
        return data.length;
      },
    };
  }
}

export interface TextSource {
  /** The whole contents when the file is opened, Latin-1; or -errno. */
  readonly read?: () => Sleeping<string | number>;
  /** A whole write at a position; gives the bytes taken, or -errno. */
  readonly write?: (text: string, position: number) => Sleeping<number>;
}
/** A file of procfs or sysfs: its text is made at the first read. */
export class TextFile extends FsNode {
  readonly source: TextSource;
  readonly #size: number;
  constructor(mode: number, source: TextSource, size = 0) {
    super(S_IFREG | mode);
    this.source = source;
    this.#size = size;
  }
  override get size(): number {
    return this.#size;
  }
  /** 0, or the -errno with which opening it is refused beyond its permissions. */
  mayOpen(_flags: number): number {
    return 0;
  }
  open(decode: (data: Uint8Array) => string, _flags = 0): OpenNode {
    const { source } = this;
    let contents: Uint8Array | undefined;
    return {
      position: 0,
      *read(count) {
        if (source.read === undefined) return -EACCES;
        if (contents === undefined || this.position === 0) {
          const text = yield* source.read();
          if (typeof text === 'number') return text;
          contents = fromLatin1(text);
        }
        const bytes = contents.slice(this.position, this.position + count);
        this.position += bytes.length;
        return bytes;
      },
      *write(data) {
        // What procfs says of a file that takes nothing.
        if (source.write === undefined) return -EIO;
        return yield* source.write(decode(data), this.position);
      },
    };
  }
}
/** A file of sysfs or /proc/sys: it opens for what it can do, root or not, and what is written moves its position. */
export class AttributeFile extends TextFile {
  override open(decode: (data: Uint8Array) => string): OpenNode {
    const open = super.open(decode);
    const { write } = open;
    open.write = function* (data) {
      const taken = yield* write.call(this, data);
      this.position += Math.max(0, taken);
      return taken;
    };
    return open;
  }
  override mayOpen(flags: number): number {
    const access = flags & O_ACCMODE;
    if (access !== O_RDONLY && (this.source.write === undefined || (this.mode & 0o222) === 0)) return -EACCES;
    return access !== O_WRONLY && (this.source.read === undefined || (this.mode & 0o444) === 0) ? -EACCES : 0;
  }
}
/** A file whose contents depend on who opens it, and when. */
export class OpenedFile extends TextFile {
  readonly #prepare: () => TextSource;
  constructor(mode: number, prepare: () => TextSource) {
    super(mode, {});
    this.#prepare = prepare;
  }
  override open(decode: (data: Uint8Array) => string): OpenNode {
    return new TextFile(this.mode, this.#prepare()).open(decode);
  }
}
/** A text that needs no sleeping to make. */
export function plainText(make: () => string): TextSource {
  return {
    // biome-ignore lint/correctness/useYield: the text is there
    *read() {
      return make();
    },
  };
}
