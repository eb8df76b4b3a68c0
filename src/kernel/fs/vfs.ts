// Path walking. Source: fs/namei.c, path_resolution(7).
import { EEXIST, ELOOP, ENOENT, ENOTDIR } from '#abi';
import { Directory, FsNode, MagicLink, Symlink, TreeDirectory } from './node.ts';

const MAX_LINKS = 40;

export interface Resolved {
  readonly directory: Directory;
  readonly name: string;
  /** undefined when the last part does not exist. */
  readonly node: FsNode | undefined;
  /** Absolute, without links. */
  readonly path: string;
}

/** A line of /proc/mounts. `target` '' is the root. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
}

export class Vfs {
  readonly mounts: Mount[] = [{ source: 'rootfs', target: '', type: 'rootfs', options: 'rw' }];
  readonly root = new TreeDirectory();
  /** The process whose path is walked: /proc/self. */
  caller = 1;

  /** Walks `path` from `cwd`. With `follow`, a symlink at the end is followed too. */
  resolve(path: string, cwd: string, follow = true): Resolved | number {
    let parts = split(path.startsWith('/') ? path : `${cwd}/${path}`);
    let links = 0;
    let stack: { name: string; node: Directory }[] = [];
    if (path === '') return -ENOENT;
    for (let n = 0; n < parts.length; n++) {
      const name = parts[n] as string;
      const directory = stack.at(-1)?.node ?? this.root;
      if (name === '..') {
        stack.pop();
        continue;
      }
      let node = directory.lookup(name);
      const last = n === parts.length - 1;
      if (node instanceof MagicLink && (!last || follow)) node = node.node;
      else if (node instanceof Symlink && (!last || follow)) {
        if (++links > MAX_LINKS) return -ELOOP;
        parts = [...split(node.target), ...parts.slice(n + 1)];
        if (node.target.startsWith('/')) stack = [];
        n = -1;
        continue;
      }
      if (last && !(node instanceof Directory)) {
        return { directory, name, node, path: `/${[...stack.map((part) => part.name), name].join('/')}` };
      }
      if (node === undefined) return -ENOENT;
      if (!(node instanceof Directory)) return -ENOTDIR;
      stack.push({ name, node });
    }
    const top = stack.at(-1);
    return {
      directory: stack.at(-2)?.node ?? this.root,
      name: top?.name ?? '/',
      node: top?.node ?? this.root,
      path: `/${stack.map((part) => part.name).join('/')}`,
    };
  }
  /** Makes a new entry where `path` says. */
  create(path: string, cwd: string, make: (directory: Directory, name: string) => number): number {
    const place = this.resolve(path, cwd, false);
    if (typeof place === 'number') return place;
    return place.node === undefined ? make(place.directory, place.name) : -EEXIST;
  }
  /** Puts the top of a file system at `target`, whose parents are made. */
  mount(mount: Mount, top: Directory): void {
    this.put(mount.target, top);
    this.mounts.push(mount);
  }
  /** Puts a node of the kernel's own at `path`, whose parents are made. */
  put(path: string, node: FsNode): void {
    const parts = split(path);
    const name = parts.pop();
    if (name === undefined) throw new Error('nothing replaces the root');
    this.directory(parts.join('/')).put(name, node);
  }
  /** A directory of the kernel's own; missing parts are made. */
  directory(path: string): TreeDirectory {
    return split(path).reduce((directory, name) => directory.child(name), this.root);
  }
}
const split = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
