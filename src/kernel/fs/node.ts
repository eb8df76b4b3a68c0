// Files, directories and links of the kernel's file systems, as TypeScript objects.
import { EACCES, EINVAL, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '#abi';
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
}

/** An open file. Offsets are kept by it, as in `struct file`. */
export interface OpenNode {
  position: number;
  /** Up to `count` bytes from the position on; empty at the end; or -errno. */
  read(count: number): Sleeping<Uint8Array | number>;
  write(data: Uint8Array): Sleeping<number>;
  ioctl?(command: number, argument: number): Sleeping<number>;
  /** The events that are there now. `table` (a guest poll_table) takes the wait queues; 0 when they are known already. */
  poll?(table: number): Sleeping<number>;
  seek?(offset: number, whence: number): Sleeping<number>;
  release?(): Sleeping<void>;
}

export abstract class Directory extends FsNode {
  constructor(mode = 0o755) {
    super(S_IFDIR | mode);
  }
  abstract lookup(name: string): FsNode | undefined;
  abstract names(): Iterable<string>;
  /** Adds an entry; undefined when this directory takes none from outside. */
  add(_name: string, _node: FsNode): boolean {
    return false;
  }
  remove(_name: string): boolean {
    return false;
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
  override add(name: string, node: FsNode): boolean {
    if (this.#open) this.entries.set(name, node);
    return this.#open;
  }
  override remove(name: string): boolean {
    return this.#open && this.entries.delete(name);
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
  readonly target: string;
  constructor(target: string) {
    super(S_IFLNK | 0o777);
    this.target = target;
  }
  override get size(): number {
    return this.target.length;
  }
}

/** A file of ramfs. */
export class RamFile extends FsNode {
  data: Uint8Array;
  constructor(mode: number, data: Uint8Array = new Uint8Array(0)) {
    super(S_IFREG | mode);
    this.data = data;
  }
  override get size(): number {
    return this.data.length;
  }
  open(append: boolean): OpenNode {
    const file = this;
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
        if (end > file.data.length) {
          const grown = new Uint8Array(end);
          grown.set(file.data);
          file.data = grown;
        }
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
  /** A whole write; gives the bytes taken, or -errno. */
  readonly write?: (text: string) => Sleeping<number>;
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
  open(decode: (data: Uint8Array) => string): OpenNode {
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
        if (source.write === undefined) return -EINVAL;
        return yield* source.write(decode(data));
      },
    };
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
