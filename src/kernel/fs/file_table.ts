// Files by descriptor, and how long they live. Source: fs/file.c, fs/file_table.c, fs/ioctl.c.
import { ENOIOCTLCMD } from '#abi';
import {
  blocking,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const FileCount = kernelStruct('file', { 'f_count.counter': voidPtr, f_op: voidPtr });
const FileOperations = kernelStruct('file_operations', { unlocked_ioctl: voidPtr });
const NULL = 0;
const ONLY_MODULES = "only files that a module's functions serve have a struct file: others are bad descriptors";

/** Files that have a struct file: how each is closed when nobody holds it any more, and who has which descriptor. */
export class OpenFiles {
  readonly #k: Kernel;
  readonly #closers = new Map<Addr, () => Sleeping<void>>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** A new file with one reference. */
  add(file: Addr, close: () => Sleeping<void>): void {
    this.#k.view(FileCount, file)['f_count.counter'] = 1;
    this.#closers.set(file, close);
  }
  /** A file whose open failed. */
  forget(file: Addr): void {
    this.#closers.delete(file);
  }
  /** fput(). */
  *put(file: Addr): Sleeping<void> {
    const view = this.#k.view(FileCount, file);
    view['f_count.counter'] -= 1;
    const close = this.#closers.get(file);
    if (view['f_count.counter'] > 0 || close === undefined) return;
    this.#closers.delete(file);
    yield* close();
  }
  get(file: Addr): Addr {
    if (file !== NULL) this.#k.view(FileCount, file)['f_count.counter'] += 1;
    return file;
  }
  byDescriptor(fd: number): Addr {
    return this.#k.processes.get(this.#k.current.pid)?.files.get(fd)?.open?.file ?? NULL;
  }
}
const files = (k: Kernel): OpenFiles => k.get(OpenFiles);

export const fileTableApi: KernelApi = kernelApi('fs/{file,file_table,ioctl}.c', {
  /** The file of a descriptor without a reference of its own: a process's table is not shared. */
  __fdget: partial(
    ONLY_MODULES,
    kfunc({ fd: uint }, ulongAddr, (k, { fd }) => files(k).byDescriptor(fd)),
  ),
  fget: partial(
    ONLY_MODULES,
    kfunc({ fd: uint }, pointer('struct file *'), (k, { fd }) => files(k).get(files(k).byDescriptor(fd))),
  ),
  fput: blocking({ file: pointer('struct file *') }, nothing, (k, { file }) => files(k).put(file)),
  /** An ioctl of a 32-bit program whose argument is a pointer. */
  compat_ptr_ioctl: blocking({ file: pointer('struct file *'), cmd: uint, arg: ulongAddr }, ulongAddr, function* (k, { file, cmd, arg }) {
    const { unlocked_ioctl: ioctl } = k.view(FileOperations, k.view(FileCount, file).f_op);
    return ioctl === NULL ? -ENOIOCTLCMD : yield* k.call(ioctl, file, cmd, arg % 2 ** 32);
  }),
});
