// Files whose owner wants a signal when there is something to read. Source: fs/fcntl.c.
import { ENOMEM } from '#abi';
import { int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, partial, pointer, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const Fasync = kernelStruct('fasync_struct', { magic: int, fa_fd: int, fa_next: voidPtr, fa_file: voidPtr });
const FileFlags = kernelStruct('file', { f_flags: int });
const FASYNC_MAGIC = 0x4601;
const FASYNC = 0o20000;
const NULL = 0;
const NEXT = 'fa_next';

/** Where the entry of `file` is linked from: the list's head or the entry before; undefined when it has none. */
function linkOf(k: Kernel, head: Addr, file: Addr): Addr | undefined {
  for (let link = head; k.memory.ptr(link) !== NULL; link = k.memory.ptr(link) + k.layouts.offsetOf('fasync_struct', NEXT))
    if (k.view(Fasync, k.memory.ptr(link)).fa_file === file) return link;
  return undefined;
}
export const fcntlApi: KernelApi = kernelApi('fs/fcntl.c', {
  /** Adds a file to a list or takes it out. Return: whether that changed the list. */
  fasync_helper: kfunc({ fd: int, filp: pointer('struct file *'), on: int, fapp: voidPtr }, int, (k, { fd, filp, on, fapp }) => {
    const flags = k.view(FileFlags, filp);
    const link = linkOf(k, fapp, filp);
    if (on === 0) {
      if (link === undefined) return 0;
      const entry = k.memory.ptr(link);
      k.memory.setPtr(link, k.view(Fasync, entry).fa_next);
      flags.f_flags &= ~FASYNC;
      k.slab.free(entry);
      return 1;
    }
    if (link !== undefined) {
      k.view(Fasync, k.memory.ptr(link)).fa_fd = fd;
      return 0;
    }
    const entry = k.slab.alloc(k.layouts.sizeOf('fasync_struct'));
    if (entry === undefined) return -ENOMEM;
    const view = k.view(Fasync, entry);
    view.magic = FASYNC_MAGIC;
    view.fa_fd = fd;
    view.fa_file = filp;
    view.fa_next = k.memory.ptr(fapp);
    k.memory.setPtr(fapp, entry);
    flags.f_flags |= FASYNC;
    return 1;
  }),
  kill_fasync: partial(
    'no signal is sent: files have no owner, as there is no fcntl()',
    kfunc({ fp: voidPtr, sig: int, band: int }, nothing, () => {}),
  ),
});
