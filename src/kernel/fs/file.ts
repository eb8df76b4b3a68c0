// Open files of a process. Source: fs/file.c. A descriptor is shared by those that dup(2) or fork(2) made of it.
import { EBADF, EMFILE } from '#abi';
import type { FsNode, OpenNode } from './node.ts';

export interface Descriptor {
  readonly node: FsNode;
  readonly open: OpenNode | undefined;
  readonly flags: number;
  /** Absolute path at the time of open; 'pipe:[N]' and the like when it has none. */
  readonly path: string;
  references: number;
}
const MAX_DESCRIPTORS = 1024;
/** Descriptors 0 to 2 are the standard ones, even while they are not open: nothing lands there by accident. */
const FIRST = 3;

export class FileTable {
  readonly #files: Map<number, Descriptor>;
  constructor(files: Map<number, Descriptor> = new Map()) {
    this.#files = files;
  }
  get(fd: number): Descriptor | undefined {
    return this.#files.get(fd);
  }
  get numbers(): number[] {
    return [...this.#files.keys()].sort((a, b) => a - b);
  }
  /** Puts a new open file under the lowest free number. */
  install(file: Omit<Descriptor, 'references'>, from = FIRST): number {
    const fd = this.#free(from);
    if (fd >= 0) this.#files.set(fd, { ...file, references: 1 });
    return fd;
  }
  duplicate(fd: number, from: number): number {
    const file = this.#files.get(fd);
    if (file === undefined) return -EBADF;
    const copy = this.#free(from);
    if (copy >= 0) this.set(copy, file);
    return copy;
  }
  /** Precondition: `fd` is free. */
  set(fd: number, file: Descriptor): void {
    file.references++;
    this.#files.set(fd, file);
  }
  /** The open file when this was its last descriptor; -EBADF when there is none. */
  remove(fd: number): Descriptor | undefined | number {
    const file = this.#files.get(fd);
    if (file === undefined) return -EBADF;
    this.#files.delete(fd);
    return --file.references === 0 ? file : undefined;
  }
  copy(): FileTable {
    for (const file of this.#files.values()) file.references++;
    return new FileTable(new Map(this.#files));
  }
  #free(from: number): number {
    for (let fd = from; fd < MAX_DESCRIPTORS; fd++) if (!this.#files.has(fd)) return fd;
    return -EMFILE;
  }
}
