// Files without a name, and descriptors for them. Source: fs/anon_inodes.c, fs/file.c.
import { EMFILE, ENOENT } from '#abi';
import { blocking, cstring, int, type KernelApi, kernelApi, kfunc, nothing, pointer, type Sleeping, uint, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { FileOperations, functionsOf } from './char_dev.ts';
import type { FileTable } from './file.ts';
import { openModuleFile } from './module_file.ts';
import { FsNode, type OpenNode } from './node.ts';

const MODE = 0o600;
const isError = (address: Addr): boolean => address < 0 && address >= -4095;

/** The inode that all these files share. */
class AnonymousNode extends FsNode {
  constructor() {
    super(MODE);
  }
}
class AnonymousFiles {
  readonly node = new AnonymousNode();
  /** Names and open files, by struct file: until a descriptor has them. */
  readonly open = new Map<Addr, { readonly name: string; readonly open: OpenNode; readonly flags: number }>();
}
const tableOf = (k: Kernel): FileTable | undefined => k.processes.get(k.current.pid)?.files;

/** anon_inode_getfile(): a struct file with these operations, or an error pointer. */
function* newFile(k: Kernel, name: string, operations: Addr, data: Addr, flags: number): Sleeping<Addr> {
  const anonymous = k.get(AnonymousFiles);
  const owner = k.modules.at(k.view(FileOperations, operations).owner);
  if (owner !== undefined && !k.modules.tryGet(owner)) return -ENOENT;
  const open = yield* openModuleFile(k, anonymous.node, name, flags, {
    kind: 'chrdev',
    operations,
    functions: { ...functionsOf(k, operations), open: 0 },
    filePrivate: data,
    onRelease: () => {
      if (owner !== undefined) k.modules.put(owner);
    },
  });
  if (typeof open === 'number') return open;
  const file = open.file ?? 0;
  anonymous.open.set(file, { name, open, flags });
  return file;
}
/** A descriptor that no file has yet. */
function reserve(k: Kernel): number {
  const { node } = k.get(AnonymousFiles);
  return tableOf(k)?.install({ node, open: undefined, flags: 0, path: '' }) ?? -EMFILE;
}
function install(k: Kernel, fd: number, file: Addr): void {
  const { node, open } = k.get(AnonymousFiles);
  const known = open.get(file);
  const table = tableOf(k);
  table?.remove(fd);
  if (known === undefined) return;
  open.delete(file);
  table?.set(fd, { node, open: known.open, flags: known.flags, path: `anon_inode:${known.name}`, references: 0 });
}
const fops = pointer('const struct file_operations *');
const file = { name: cstring, fops, priv: voidPtr, flags: int } as const;

export const anonInodesApi: KernelApi = kernelApi('fs/{anon_inodes,file}.c', {
  anon_inode_getfile: blocking(file, pointer('struct file *'), (k, { name, fops: operations, priv, flags }) =>
    newFile(k, name, operations, priv, flags),
  ),
  anon_inode_getfd: blocking(file, int, function* (k, { name, fops: operations, priv, flags }) {
    const fd = reserve(k);
    if (fd < 0) return fd;
    const made = yield* newFile(k, name, operations, priv, flags);
    if (isError(made)) {
      tableOf(k)?.remove(fd);
      return made;
    }
    install(k, fd, made);
    return fd;
  }),
  get_unused_fd_flags: kfunc({ flags: uint }, int, (k) => reserve(k)),
  put_unused_fd: kfunc({ fd: uint }, nothing, (k, { fd }) => {
    tableOf(k)?.remove(fd);
  }),
  fd_install: kfunc({ fd: uint, file: pointer('struct file *') }, nothing, (k, { fd, file: opened }) => install(k, fd, opened)),
});
