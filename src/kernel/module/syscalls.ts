// init_module(2) and finit_module(2): what they check before there is an image. Source: kernel/module/main.c (may_init_module,
// copy_module_from_user), fs/kernel_read_file.c; linux-modules.md 1.1 and 1.2.
import { EBADF, EINVAL, ENOEXEC, EOPNOTSUPP, EPERM, ETXTBSY, O_ACCMODE, O_RDONLY, O_WRONLY } from '#abi';
import { ELF_HEADER_SIZE } from '#elf';
import type { Sleeping } from '../api/index.ts';
import type { FileTable } from '../fs/file.ts';
import { type FsNode, RegularFile } from '../fs/node.ts';
import type { Kernel } from '../kernel.ts';
import type { InitWay } from '../syscalls.ts';
import { decompress } from './decompress.ts';
import { type LoadCheck, type LoadReport, reason } from './reasons.ts';
import { ModuleSettings } from './settings.ts';

const IGNORE_FLAGS = 3;
const MODULE_INIT_COMPRESSED_FILE = 4;
const KNOWN_FLAGS = IGNORE_FLAGS | MODULE_INIT_COMPRESSED_FILE;

/** Gives its caller what was found out, and the system call its result. */
type Report = (report: LoadReport) => void;
function refuse(report: Report, check: LoadCheck, errno: number, found: string): number {
  report({ module: undefined, errno, step: undefined, reasons: [reason(check, errno, undefined, { found })] });
  return -errno;
}
function forbidden(k: Kernel, report: Report): number {
  return refuse(report, 'permission', EPERM, k.get(ModuleSettings).disabled ? 'kernel.modules_disabled is 1' : 'no CAP_SYS_MODULE');
}

/** `args`: undefined when their address is bad. `way`: the system call that call traces show. */
export function* initModule(k: Kernel, image: Uint8Array, args: string | undefined, way: InitWay, report: Report): Sleeping<number> {
  if (!k.get(ModuleSettings).permitted) return forbidden(k, report);
  if (image.length < ELF_HEADER_SIZE) return refuse(report, 'elf-header', ENOEXEC, `${image.length} bytes`);
  return yield* k.modules.initModule({ image, args, flags: 0, way }, report);
}

export function* finitModule(
  k: Kernel,
  files: FileTable,
  fd: number,
  args: string | undefined,
  flags: number,
  report: Report,
): Sleeping<number> {
  if (!k.get(ModuleSettings).permitted) return forbidden(k, report);
  if ((flags & ~KNOWN_FLAGS) !== 0) return refuse(report, 'file', EINVAL, `flags 0x${flags.toString(16)}`);
  const file = files.get(fd);
  if (file === undefined || (file.flags & O_ACCMODE) === O_WRONLY)
    return refuse(report, 'file', EBADF, file === undefined ? `no file behind descriptor ${fd}` : 'a file that is open only for writing');
  const { node } = file;
  if (!(node instanceof RegularFile)) return refuse(report, 'file', EINVAL, 'no regular file');
  if (isOpenForWriting(k, node)) return refuse(report, 'file', ETXTBSY, 'a file that is open for writing');
  if (node.size === 0) return refuse(report, 'file', EINVAL, 'an empty file');
  const contents = node.contents();
  if (typeof contents === 'number') return refuse(report, 'file', -contents, 'a file that cannot be read');
  const compressed = (flags & MODULE_INIT_COMPRESSED_FILE) !== 0;
  if (compressed && !k.get(ModuleSettings).decompresses)
    return refuse(report, 'file', EOPNOTSUPP, 'MODULE_INIT_COMPRESSED_FILE, on a kernel without CONFIG_MODULE_DECOMPRESS');
  const image = compressed ? yield* decompress(k, contents) : contents;
  if (typeof image === 'number') return refuse(report, 'file', -image, 'a file that cannot be decompressed');
  return yield* k.modules.initModule({ image, args, flags, way: 'finit_module' }, report);
}
/** Whether any process has the file open for writing. Linux: deny_write_access(). */
function isOpenForWriting(k: Kernel, node: FsNode): boolean {
  for (const { files } of k.processes.values()) {
    for (const fd of files.numbers) {
      const file = files.get(fd);
      if (file?.node === node && (file.flags & O_ACCMODE) !== O_RDONLY) return true;
    }
  }
  return false;
}
