// Classes and their devices: nodes in /dev, directories in /sys. Source: drivers/base/{class,core,devtmpfs}.c.
import {
  blockingVariadic,
  cstring,
  dev_t,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  voidPtr,
} from '../../api/index.ts';
import { devtmpfs } from '../../fs/char_dev.ts';
import { majorOf, minorOf } from '../../fs/devices.ts';
import { plainText, Symlink, TextFile, TreeDirectory } from '../../fs/node.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const ClassStruct = kernelStruct('class', { name: voidPtr, owner: voidPtr, devnode: voidPtr });
const DeviceStruct = kernelStruct('device', { devt: dev_t, class: voidPtr, parent: voidPtr, driver_data: voidPtr });
const SYSFS_SIZE = 4096;
const DEFAULT_NODE_MODE = 0o600;

interface Device {
  readonly class: Addr;
  readonly devt: number;
  readonly remove: () => void;
}
class Classes {
  readonly #k: Kernel;
  readonly #devices = new Map<Addr, Device>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  create(owner: Addr, name: string): Addr {
    const k = this.#k;
    const address = k.slab.alloc(k.layouts.sizeOf('class'));
    if (address === undefined) return -12;
    k.memory.fill(address, 0, k.layouts.sizeOf('class'));
    const view = k.view(ClassStruct, address);
    view.owner = owner;
    view.name = k.cstringAlloc(name);
    k.vfs.directory('/sys/class').put(name, new TreeDirectory(0o755, false));
    return address;
  }
  destroy(cls: Addr): void {
    const k = this.#k;
    const { name } = k.view(ClassStruct, cls);
    k.vfs.directory('/sys/class').entries.delete(k.memory.cstring(name));
    k.slab.free(name);
    k.slab.free(cls);
  }
  createDevice(cls: Addr, devt: number, data: Addr, name: string, mode: number): Addr {
    const k = this.#k;
    const address = k.slab.alloc(k.layouts.sizeOf('device'));
    if (address === undefined) return -12;
    k.memory.fill(address, 0, k.layouts.sizeOf('device'));
    const view = k.view(DeviceStruct, address);
    view.devt = devt;
    view.class = cls;
    view.driver_data = data;
    const className = k.memory.cstring(k.view(ClassStruct, cls).name);
    const parent = k.vfs.directory(`/sys/devices/virtual/${className}`);
    const directory = new TreeDirectory(0o755, false);
    parent.put(name, directory);
    const links = k.vfs.directory(`/sys/class/${className}`);
    links.put(name, new Symlink(`../../devices/virtual/${className}/${name}`));
    directory.put(
      'uevent',
      new TextFile(
        0o644,
        plainText(() => `MAJOR=${majorOf(devt)}\nMINOR=${minorOf(devt)}\nDEVNAME=${name}\n`),
        SYSFS_SIZE,
      ),
    );
    directory.put('subsystem', new Symlink(`../../../../class/${className}`));
    let removeNode: (() => void) | undefined;
    if (devt !== 0) {
      directory.put(
        'dev',
        new TextFile(
          0o444,
          plainText(() => `${majorOf(devt)}:${minorOf(devt)}\n`),
          SYSFS_SIZE,
        ),
      );
      removeNode = devtmpfs(k, name, devt, mode);
    }
    this.#devices.set(address, {
      class: cls,
      devt,
      remove: () => {
        parent.entries.delete(name);
        links.entries.delete(name);
        removeNode?.();
        k.slab.free(address);
      },
    });
    return address;
  }
  destroyDevice(cls: Addr, devt: number): void {
    for (const [address, device] of this.#devices) {
      if (device.class !== cls || device.devt !== devt) continue;
      this.#devices.delete(address);
      device.remove();
      return;
    }
  }
}
const cls = pointer('struct class *');
const NOTE = 'no uevents, no attributes, no reference counts';

export const classApi: KernelApi = kernelApi('drivers/base/class.c', {
  __class_create: partial(
    NOTE,
    kfunc({ owner: pointer('struct module *'), name: cstring, key: voidPtr }, voidPtr, (k, { owner, name }) =>
      k.get(Classes).create(owner, name),
    ),
  ),
  class_destroy: partial(
    NOTE,
    kfunc({ cls }, nothing, (k, { cls: address }) => {
      if (address !== 0 && address < -4095) k.get(Classes).destroy(address);
    }),
  ),
});
export const deviceApi: KernelApi = kernelApi('drivers/base/core.c', {
  device_create: partial(
    NOTE,
    blockingVariadic(
      { class: cls, parent: voidPtr, devt: dev_t, drvdata: voidPtr, fmt: cstring },
      voidPtr,
      function* (k, { class: of, devt, drvdata, fmt, va }) {
        const name = k.formatter.format(fmt, va);
        let mode = DEFAULT_NODE_MODE;
        const device = k.get(Classes).createDevice(of, devt, drvdata, name, mode);
        const { devnode } = k.view(ClassStruct, of);
        if (devnode !== 0 && device < -4095) {
          const place = k.slab.alloc(8) ?? 0;
          k.memory.fill(place, 0, 8);
          yield* k.call(devnode, device, place);
          mode = k.memory.u16(place) || DEFAULT_NODE_MODE;
          k.slab.free(place);
          const node = k.vfs.resolve(`/dev/${name}`, '/');
          if (typeof node !== 'number' && node.node !== undefined) node.node.mode = node.node.type | (mode & 0o7777);
        }
        return device;
      },
    ),
  ),
  device_destroy: partial(
    NOTE,
    kfunc({ class: cls, devt: dev_t }, nothing, (k, { class: of, devt }) => k.get(Classes).destroyDevice(of, devt)),
  ),
});
