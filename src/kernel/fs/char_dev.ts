// Character devices of modules. Source: fs/char_dev.c, drivers/char/misc.c.
import { EBUSY, EINVAL, ENXIO, S_IFCHR } from '#abi';
import {
  cstring,
  dev_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  ptr,
  u32,
  uint,
  umode_t,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { DeviceNode, majorOf, makeDevice, minorOf } from './devices.ts';
import { type FileFunctions, openModuleFile } from './module_file.ts';
import { plainText, TextFile, TreeDirectory } from './node.ts';

export const FileOperations = kernelStruct('file_operations', {
  owner: voidPtr,
  open: voidPtr,
  release: voidPtr,
  read: voidPtr,
  write: voidPtr,
  llseek: voidPtr,
  unlocked_ioctl: voidPtr,
  poll: voidPtr,
});
const Cdev = kernelStruct('cdev', { owner: voidPtr, ops: voidPtr, dev: u32, count: uint });
const MiscDevice = kernelStruct('miscdevice', { minor: int, name: voidPtr, fops: voidPtr, mode: umode_t });
const CHRDEV_MAJOR_MAX = 512;
/** Majors that are given out on demand: from the top of this range down (CHRDEV_MAJOR_DYN_END .. ), then the extension. */
const DYNAMIC = { from: 254, to: 234 } as const;
const DYNAMIC_EXTENDED = { from: 511, to: 384 } as const;
const MISC_MAJOR = 10;
const MISC_DYNAMIC_MINOR = 255;
const MINOR_MASK = 2 ** 20 - 1;
/** Majors that Debian's kernel itself takes at boot, as /proc/devices shows them. */
const BUILT_IN: readonly (readonly [number, string])[] = [
  [1, 'mem'],
  [4, '/dev/vc/0'],
  [4, 'tty'],
  [4, 'ttyS'],
  [5, '/dev/tty'],
  [5, '/dev/console'],
  [5, '/dev/ptmx'],
  [7, 'vcs'],
  [10, 'misc'],
  [13, 'input'],
];

interface Region {
  readonly major: number;
  readonly first: number;
  readonly count: number;
  readonly name: string;
}

export class CharDevices {
  readonly #k: Kernel;
  readonly #regions: Region[] = BUILT_IN.map(([major, name]) => ({ major, name, first: 0, count: 256 }));
  readonly #cdevs = new Map<Addr, () => void>();
  readonly #misc = new Map<Addr, { readonly minor: number; readonly name: string; readonly remove: () => void }>();

  constructor(k: Kernel) {
    this.#k = k;
    const proc = k.vfs.directory('/proc');
    proc.put(
      'devices',
      new TextFile(
        0o444,
        plainText(() => this.#devicesText()),
      ),
    );
    proc.put(
      'misc',
      new TextFile(
        0o444,
        plainText(() =>
          [...this.#misc.values()]
            .reverse()
            .map(({ minor, name }) => `${String(minor).padStart(3)} ${name}\n`)
            .join(''),
        ),
      ),
    );
  }
  #devicesText(): string {
    const lines = [...this.#regions].sort((a, b) => a.major - b.major).map(({ major, name }) => `${String(major).padStart(3)} ${name}\n`);
    return `Character devices:\n${lines.join('')}\nBlock devices:\n`;
  }
  /** Claims minors; with major 0 a free one. Gives the major, or -errno. */
  claim(major: number, first: number, count: number, name: string): number {
    if (major >= CHRDEV_MAJOR_MAX) {
      this.#k.log.print('err', `CHRDEV "${name}" major requested (${major}) is greater than the maximum (${CHRDEV_MAJOR_MAX - 1})`);
      return -EINVAL;
    }
    const chosen = major === 0 ? this.#freeMajor() : major;
    if (chosen === undefined) return -EBUSY;
    const overlaps = this.#regions.some((r) => r.major === chosen && first < r.first + r.count && r.first < first + count);
    if (overlaps) return -EBUSY;
    this.#regions.push({ major: chosen, first, count, name: name.slice(0, 63) });
    return chosen;
  }
  #freeMajor(): number | undefined {
    for (const { from, to } of [DYNAMIC, DYNAMIC_EXTENDED]) {
      for (let major = from; major >= to; major--) if (!this.#regions.some((r) => r.major === major)) return major;
    }
    return undefined;
  }
  release(major: number, first: number, count: number): void {
    const at = this.#regions.findIndex((r) => r.major === major && r.first === first && r.count === count);
    if (at >= 0) this.#regions.splice(at, 1);
  }
  /** Makes the devices [dev, dev + count) open through `operations`. */
  add(key: Addr, dev: number, count: number, operations: Addr, options: { cdev?: Addr; filePrivate?: Addr } = {}): void {
    const k = this.#k;
    const remove = k.devices.register(dev, count, function* (node, flags, place) {
      const ops = k.view(FileOperations, operations);
      const owner = ops.owner === 0 ? undefined : k.modules.at(ops.owner);
      if (owner !== undefined && !k.modules.tryGet(owner)) return -ENXIO;
      const onRelease = (): void => {
        if (owner !== undefined) k.modules.put(owner);
      };
      return yield* openModuleFile(k, node, place.name, flags, {
        ...options,
        operations,
        functions: functionsOf(k, operations),
        onRelease,
      });
    });
    this.#cdevs.set(key, remove);
  }
  remove(key: Addr): void {
    this.#cdevs.get(key)?.();
    this.#cdevs.delete(key);
  }
  registerMisc(misc: Addr): number {
    const k = this.#k;
    const view = k.view(MiscDevice, misc);
    const name = k.memory.cstring(view.name);
    let { minor } = view;
    const taken = new Set([...this.#misc.values()].map((other) => other.minor));
    if (minor === MISC_DYNAMIC_MINOR) {
      const DYNAMIC_MINORS = 128;
      minor = Array.from({ length: DYNAMIC_MINORS }, (_, n) => DYNAMIC_MINORS - 1 - n).find((candidate) => !taken.has(candidate)) ?? -1;
      if (minor < 0) return -EBUSY;
      view.minor = minor;
    } else if (taken.has(minor)) return -EBUSY;
    const dev = makeDevice(MISC_MAJOR, minor);
    this.add(misc, dev, 1, view.fops, { filePrivate: misc });
    const node = devtmpfs(k, name, dev, view.mode === 0 ? 0o600 : view.mode);
    this.#misc.set(misc, { minor, name, remove: node });
    return 0;
  }
  unregisterMisc(misc: Addr): void {
    this.remove(misc);
    this.#misc.get(misc)?.remove();
    this.#misc.delete(misc);
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
function functionsOf(k: Kernel, operations: Addr): FileFunctions {
  const { open, release, read, write, llseek, unlocked_ioctl: ioctl, poll } = k.view(FileOperations, operations);
  return { open, release, read, write, llseek, ioctl, poll };
}
const devices = (k: Kernel): CharDevices => k.get(CharDevices);
const p = ptr(Cdev);

export const charDevApi: KernelApi = kernelApi('fs/char_dev.c', {
  __register_chrdev: kfunc(
    { major: uint, baseminor: uint, count: uint, name: cstring, fops: voidPtr },
    int,
    (k, { major, baseminor, count, name, fops }) => {
      const got = devices(k).claim(major, baseminor, count, name);
      if (got < 0) return got;
      devices(k).add(makeDevice(got, baseminor), makeDevice(got, baseminor), count, fops);
      return major === 0 ? got : 0;
    },
  ),
  __unregister_chrdev: kfunc({ major: uint, baseminor: uint, count: uint, name: cstring }, nothing, (k, { major, baseminor, count }) => {
    devices(k).remove(makeDevice(major, baseminor));
    devices(k).release(major, baseminor, count);
  }),
  alloc_chrdev_region: kfunc({ dev: voidPtr, baseminor: uint, count: uint, name: cstring }, int, (k, { dev, baseminor, count, name }) => {
    const major = devices(k).claim(0, baseminor, count, name);
    if (major < 0) return major;
    k.memory.setU32(dev, makeDevice(major, baseminor));
    return 0;
  }),
  register_chrdev_region: kfunc({ from: dev_t, count: uint, name: cstring }, int, (k, { from, count, name }) => {
    const got = devices(k).claim(majorOf(from), minorOf(from), count, name);
    return got < 0 ? got : 0;
  }),
  unregister_chrdev_region: kfunc({ from: dev_t, count: uint }, nothing, (k, { from, count }) =>
    devices(k).release(majorOf(from), from & MINOR_MASK, count),
  ),
  cdev_init: kfunc({ cdev: ptr(Cdev), fops: voidPtr }, nothing, (k, { cdev, fops }) => {
    k.memory.fill(cdev.addr, 0, k.layouts.sizeOf('cdev'));
    cdev.ops = fops;
  }),
  cdev_add: kfunc({ p, dev: dev_t, count: uint }, int, (k, { p: cdev, dev, count }) => {
    cdev.dev = dev;
    cdev.count = count;
    devices(k).add(cdev.addr, dev, count, cdev.ops, { cdev: cdev.addr });
    return 0;
  }),
  cdev_del: kfunc({ p }, nothing, (k, { p: cdev }) => devices(k).remove(cdev.addr)),
});
export const miscApi: KernelApi = kernelApi('drivers/char/misc.c', {
  misc_register: kfunc({ misc: voidPtr }, int, (k, { misc }) => devices(k).registerMisc(misc)),
  misc_deregister: kfunc({ misc: voidPtr }, nothing, (k, { misc }) => devices(k).unregisterMisc(misc)),
});
