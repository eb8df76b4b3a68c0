// A folder of this computer as the kernel mounts it. Every call is the host's own, so that both sides see changes at once.

import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EIO } from '#abi';
import type { HostFolder } from '#kernel';

/** The result of a call of the host, or its -errno. */
function attempt<T>(call: () => T): T | number {
  try {
    return call();
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno === undefined) throw error;
    // Node's numbers are the host's; the guest is Linux. Where the host is not, a name would say more than a number.
    return errno < 0 ? errno : -EIO;
  }
}
const done = (call: () => unknown): number => {
  const result = attempt(() => {
    call();
    return 0;
  });
  return result;
};
function withFile<T>(path: string, flags: string, use: (fd: number) => T): T {
  const fd = openSync(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

export function nodeFolder(root: string, readOnly: boolean): HostFolder {
  const at = (path: string): string => join(root, path);
  return {
    readOnly,
    stat: (path) =>
      attempt(() => {
        const { mode, ino, nlink, size, mtimeMs } = lstatSync(at(path));
        return { mode, ino, nlink, size, mtime: mtimeMs / 1000 };
      }),
    list: (path) => attempt(() => readdirSync(at(path))),
    read: (path, offset, count) =>
      attempt(() =>
        withFile(at(path), 'r', (fd) => {
          const bytes = new Uint8Array(Math.max(0, Math.min(count, fstatSync(fd).size - offset)));
          return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset));
        }),
      ),
    write: (path, offset, data) => attempt(() => withFile(at(path), 'r+', (fd) => writeSync(fd, data, 0, data.length, offset))),
    truncate: (path, length) => done(() => truncateSync(at(path), length)),
    create: (path, mode) => done(() => closeSync(openSync(at(path), 'wx', mode))),
    mkdir: (path, mode) => done(() => mkdirSync(at(path), mode)),
    symlink: (path, target) => done(() => symlinkSync(target, at(path))),
    readlink: (path) => attempt(() => readlinkSync(at(path))),
    remove: (path) => done(() => (lstatSync(at(path)).isDirectory() ? rmdirSync(at(path)) : unlinkSync(at(path)))),
    rename: (from, to) => done(() => renameSync(at(from), at(to))),
    chmod: (path, mode) => done(() => chmodSync(at(path), mode)),
    utimes: (path, mtime) => done(() => utimesSync(at(path), mtime, mtime)),
  };
}
