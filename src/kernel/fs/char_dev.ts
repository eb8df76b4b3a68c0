// Character devices of modules. Source: fs/char_dev.c.
import { EBUSY, EINVAL, ENXIO } from '#abi';
import {
  blocking,
  cstring,
  dev_t,
  embedded,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  ptr,
  u32,
  uint,
  voidPtr,
} from '../api/index.ts';
import { Device, deviceAdd, deviceDel } from '../drivers/base/core.ts';
import type { Kernel } from '../kernel.ts';
import { Kobject, kobjectInit, kobjectPut } from '../lib/kobject.ts';
import type { Addr } from '../memory.ts';
import { blockDevices, characterDevices } from '../q35.generated.ts';
import { majorOf, makeDevice, minorOf } from './devices.ts';
import { type FileFunctions, openModuleFile } from './module_file.ts';

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
const KobjType = kernelStruct('kobj_type', { release: voidPtr });
const Cdev = kernelStruct('cdev', { kobj: embedded, owner: voidPtr, ops: voidPtr, dev: u32, count: uint });
const CHRDEV_MAJOR_MAX = 512;
/** Majors that are given out on demand: from the top of this range down (CHRDEV_MAJOR_DYN_END .. ), then the extension. */
const DYNAMIC = { from: 254, to: 234 } as const;
const DYNAMIC_EXTENDED = { from: 511, to: 384 } as const;
const MINOR_MASK = 2 ** 20 - 1;
interface Region {
  readonly major: number;
  readonly first: number;
  readonly count: number;
  readonly name: string;
}

export class CharDevices {
  readonly #k: Kernel;
  readonly #regions: Region[] = characterDevices.map((line) => {
    const [major = '', ...name] = line.split(' ');
    return { major: Number(major), name: name.join(' '), first: 0, count: 256 };
  });
  readonly #cdevs = new Map<Addr, () => void>();

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** /proc/devices. */
  procText(): string {
    const lines = [...this.#regions].sort((a, b) => a.major - b.major).map(({ major, name }) => `${String(major).padStart(3)} ${name}\n`);
    return `Character devices:\n${lines.join('')}\nBlock devices:\n${blockDevices.map((line) => `${line}\n`).join('')}`;
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
  add(key: Addr, dev: number, count: number, operations: Addr, options: { cdev?: Addr; owner?: Addr; filePrivate?: Addr } = {}): void {
    const k = this.#k;
    const remove = k.devices.register(dev, count, function* (node, flags, place) {
      const ops = k.view(FileOperations, operations);
      // An open file holds its cdev's module and its operations' module: often one module twice.
      const cdevOwner = options.cdev === undefined ? (options.owner ?? 0) : k.view(Cdev, options.cdev).owner;
      const owners = [cdevOwner, ops.owner].flatMap((address) => k.modules.at(address) ?? []);
      const held = owners.filter((owner) => k.modules.tryGet(owner));
      const onRelease = (): void => {
        for (const owner of held) k.modules.put(owner);
      };
      if (held.length < owners.length) {
        onRelease();
        return -ENXIO;
      }
      return yield* openModuleFile(k, node, place.name, flags, {
        ...options,
        kind: options.filePrivate === undefined ? 'chrdev' : 'misc',
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
}
export function functionsOf(k: Kernel, operations: Addr): FileFunctions {
  const { open, release, read, write, llseek, unlocked_ioctl: ioctl, poll } = k.view(FileOperations, operations);
  return { open, release, read, write, llseek, ioctl, poll };
}
/** The kobj_types of cdevs: each has only a release. */
class CdevTypes {
  readonly #k: Kernel;
  readonly #types = new Map<string, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  withRelease(release: string): Addr {
    const k = this.#k;
    let ktype = this.#types.get(release);
    if (ktype === undefined) {
      const size = k.layouts.sizeOf('kobj_type');
      ktype = k.slab.alloc(size) ?? 0;
      k.memory.fill(ktype, 0, size);
      k.view(KobjType, ktype).release = k.symbols.require(release);
      this.#types.set(release, ktype);
    }
    return ktype;
  }
}
function initKobject(k: Kernel, cdev: Addr, release: string): void {
  kobjectInit(k, k.view(Cdev, cdev).kobj, k.get(CdevTypes).withRelease(release));
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
      const { owner } = k.view(FileOperations, fops);
      devices(k).add(makeDevice(got, baseminor), makeDevice(got, baseminor), count, fops, { owner });
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
    initKobject(k, cdev.addr, 'cdev_default_release');
    cdev.ops = fops;
  }),
  cdev_add: kfunc({ p, dev: dev_t, count: uint }, int, (k, { p: cdev, dev, count }) => {
    cdev.dev = dev;
    cdev.count = count;
    devices(k).add(cdev.addr, dev, count, cdev.ops, { cdev: cdev.addr });
    return 0;
  }),
  cdev_del: blocking({ p }, nothing, function* (k, { p: cdev }) {
    devices(k).remove(cdev.addr);
    yield* kobjectPut(k, cdev.kobj);
  }),
  cdev_alloc: kfunc({}, voidPtr, (k) => {
    const size = k.layouts.sizeOf('cdev');
    const cdev = k.slab.alloc(size) ?? 0;
    if (cdev === 0) return 0;
    k.memory.fill(cdev, 0, size);
    initKobject(k, cdev, 'cdev_dynamic_release');
    return cdev;
  }),
  cdev_set_parent: kfunc({ p, kobj: voidPtr }, nothing, (k, { p: cdev, kobj }) => {
    k.view(Kobject, cdev.kobj).parent = kobj;
  }),
  /** The cdev and its device, which holds the memory of both. */
  cdev_device_add: blocking({ cdev: ptr(Cdev), dev: voidPtr }, int, function* (k, { cdev, dev }) {
    const { devt } = k.view(Device, dev);
    if (devt !== 0) {
      cdev.dev = devt;
      cdev.count = 1;
      devices(k).add(cdev.addr, devt, 1, cdev.ops, { cdev: cdev.addr });
    }
    const error = yield* deviceAdd(k, dev);
    if (error !== 0) devices(k).remove(cdev.addr);
    return error;
  }),
  cdev_device_del: blocking({ cdev: ptr(Cdev), dev: voidPtr }, nothing, function* (k, { cdev, dev }) {
    yield* deviceDel(k, dev);
    devices(k).remove(cdev.addr);
  }),
  /** The kobject of cdev_init() lies in the module's memory: nothing to free. */
  cdev_default_release: kfunc({ kobj: voidPtr }, nothing, () => {}),
  cdev_dynamic_release: kfunc({ kobj: voidPtr }, nothing, (k, { kobj }) => {
    k.slab.free(kobj);
  }),
});
