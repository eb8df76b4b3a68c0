// Device nodes and the kernel's own character devices. Source: drivers/char/mem.c, Documentation/admin-guide/devices.txt.
import { ENODEV, ENOSPC, ENXIO, majorOf, makeDevice, S_IFCHR } from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { kmsg } from '../printk/kmsg.ts';
import { FsNode, type OpenNode, Symlink, TreeDirectory } from './node.ts';
import type { Resolved } from './vfs.ts';

export { majorOf, makeDevice, minorOf } from '#abi';

const MEM_MAJOR = 1;
const MISC_MAJOR = 10;

export class DeviceNode extends FsNode {
  constructor(mode: number, dev: number) {
    super(mode);
    this.rdev = dev;
  }
}
/** A node in /dev; gives what removes it. */
export function devtmpfs(k: Kernel, name: string, dev: number, mode: number): () => void {
  const parts = name.replaceAll('!', '/').split('/');
  const directory = k.vfs.directory(['/dev', ...parts.slice(0, -1)].join('/'));
  const leaf = parts.at(-1) as string;
  directory.put(leaf, new DeviceNode(S_IFCHR | mode, dev));
  return () => {
    if (directory instanceof TreeDirectory) directory.entries.delete(leaf);
  };
}
/** A regular file that a module serves (procfs, debugfs). */
export class ModuleFile extends FsNode {
  readonly open: (node: FsNode, flags: number) => Sleeping<OpenNode | number>;
  constructor(mode: number, open: (node: FsNode, flags: number) => Sleeping<OpenNode | number>) {
    super(mode);
    this.open = open;
  }
  /** What stat() shows. */
  length = 0;
  override get size(): number {
    return this.length;
  }
}
/** Opens a device: gives what the open file does, or -errno. */
export type DeviceOpener = (node: DeviceNode, flags: number, place: Resolved) => Sleeping<OpenNode | number>;

/** Character devices by number: the kernel's own, and those of modules. */
export class Devices {
  readonly #k: Kernel;
  readonly #ranges: { readonly first: number; readonly count: number; readonly open: DeviceOpener }[] = [];

  constructor(k: Kernel) {
    this.#k = k;
    const names: readonly [string, number, (flags: number) => OpenNode | number][] = [
      ['null', 3, () => device({ read: () => new Uint8Array(0), write: (data) => data.length })],
      ['zero', 5, () => device({ read: (count) => new Uint8Array(count), write: (data) => data.length })],
      ['full', 7, () => device({ read: (count) => new Uint8Array(count), write: () => -ENOSPC })],
      ['random', 8, () => device({ read: (count) => this.#random(count), write: (data) => data.length })],
      ['urandom', 9, () => device({ read: (count) => this.#random(count), write: (data) => data.length })],
      ['kmsg', 11, (flags) => kmsg(k, flags)],
    ];
    const dev = k.vfs.directory('/dev');
    for (const [name, minor, open] of names) {
      const number = makeDevice(MEM_MAJOR, minor);
      this.register(number, 1, function* (_node, flags) {
        return open(flags);
      });
      dev.put(name, new DeviceNode(S_IFCHR | (name === 'kmsg' ? 0o644 : 0o666), number));
    }
    this.#terminals(dev);
  }
  /** Nodes without a device behind them (ENXIO) until a terminal is there; and the links of devtmpfs into /proc. */
  #terminals(dev: TreeDirectory): void {
    const nodes: readonly (readonly [string, number, number, number])[] = [
      ['tty', 5, 0, 0o666],
      ['console', 5, 1, 0o600],
      ['tty0', 4, 0, 0o620],
    ];
    for (const [name, major, minor, mode] of nodes) dev.put(name, new DeviceNode(S_IFCHR | mode, makeDevice(major, minor)));
    dev.put('fd', new Symlink('/proc/self/fd'));
    for (const [fd, name] of ['stdin', 'stdout', 'stderr'].entries()) dev.put(name, new Symlink(`/proc/self/fd/${fd}`));
  }
  register(first: number, count: number, open: DeviceOpener): () => void {
    const range = { first, count, open };
    this.#ranges.push(range);
    return () => {
      this.#ranges.splice(this.#ranges.indexOf(range), 1);
    };
  }
  *open(node: DeviceNode, flags: number, place: Resolved): Sleeping<OpenNode | number> {
    const range = this.#ranges.find(({ first, count }) => node.rdev >= first && node.rdev < first + count);
    // The misc driver has the whole major, and knows no device of that minor.
    if (range === undefined && node.type === S_IFCHR && majorOf(node.rdev) === MISC_MAJOR) return -ENODEV;
    if (range === undefined || node.type !== S_IFCHR) return -ENXIO;
    return yield* range.open(node, flags, place);
  }
  #random(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.#k.host.random(bytes);
    return bytes;
  }
}
/** A device that never sleeps. */
function device(does: { read(count: number): Uint8Array; write(data: Uint8Array): number }): OpenNode {
  return {
    position: 0,
    // biome-ignore lint/correctness/useYield: it never sleeps
    *read(count) {
      return does.read(count);
    },
    // biome-ignore lint/correctness/useYield: it never sleeps
    *write(data) {
      return does.write(data);
    },
  };
}
