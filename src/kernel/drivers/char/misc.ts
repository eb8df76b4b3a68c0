// Misc devices: minors of major 10, each with a node of its name. Source: drivers/char/misc.c.
import { EBUSY } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  ptr,
  type Sleeping,
  umode_t,
  voidPtr,
} from '../../api/index.ts';
import { CharDevices } from '../../fs/char_dev.ts';
import { makeDevice } from '../../fs/devices.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { miscDevices } from '../../q35.generated.ts';
import { Classes, ClassStruct } from '../base/class.ts';
import { Device, deviceCreate, deviceUnregister } from '../base/core.ts';

const MiscDevice = kernelStruct('miscdevice', {
  minor: int,
  name: voidPtr,
  fops: voidPtr,
  parent: voidPtr,
  this_device: voidPtr,
  groups: voidPtr,
  nodename: voidPtr,
  mode: umode_t,
});
const MISC_MAJOR = 10;
const MISC_DYNAMIC_MINOR = 255;
const DYNAMIC_MINORS = 128;
const NULL = 0;

export class MiscDevices {
  readonly #k: Kernel;
  /** Newest first, as /proc/misc lists them. */
  readonly #devices: { readonly misc: Addr; readonly minor: number }[] = [];
  #class: Addr | undefined;
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** /proc/misc. */
  procText(): string {
    const { memory } = this.#k;
    const own = this.#devices.map(({ misc, minor }) => `${minor} ${memory.cstring(this.#k.view(MiscDevice, misc).name)}`);
    return [...own, ...miscDevices].map((line) => `${line.padStart(line.length + 3 - line.indexOf(' '))}\n`).join('');
  }
  /** The class `misc`, made with the first device. */
  *#misc(): Sleeping<Addr> {
    if (this.#class !== undefined) return this.#class;
    const k = this.#k;
    const size = k.layouts.sizeOf('class');
    const cls = k.slab.alloc(size) ?? NULL;
    this.#class = cls;
    k.memory.fill(cls, 0, size);
    k.view(ClassStruct, cls).name = k.cstringAlloc('misc');
    k.view(ClassStruct, cls).devnode = k.symbols.require('misc_devnode');
    yield* k.get(Classes).register(cls, true);
    return cls;
  }
  *register(misc: Addr): Sleeping<number> {
    const k = this.#k;
    const view = k.view(MiscDevice, misc);
    const dynamic = view.minor === MISC_DYNAMIC_MINOR;
    const taken = new Set([...this.#devices.map(({ minor }) => minor), ...miscDevices.map((line) => Number.parseInt(line, 10))]);
    const minor = dynamic ? freeMinor(taken) : view.minor;
    if (minor === undefined || taken.has(minor)) return -EBUSY;
    view.minor = minor;
    const devt = makeDevice(MISC_MAJOR, minor);
    const cls = yield* this.#misc();
    const device = yield* deviceCreate(k, {
      cls,
      parent: view.parent,
      devt,
      data: misc,
      groups: view.groups,
      name: k.memory.cstring(view.name),
    });
    if (device < 0 && device >= -4095) {
      if (dynamic) view.minor = MISC_DYNAMIC_MINOR;
      return device;
    }
    view.this_device = device;
    k.get(CharDevices).add(misc, devt, 1, view.fops, { filePrivate: misc });
    this.#devices.unshift({ misc, minor });
    return 0;
  }
  *unregister(misc: Addr): Sleeping<void> {
    const at = this.#devices.findIndex((device) => device.misc === misc);
    if (at < 0) return;
    this.#devices.splice(at, 1);
    this.#k.get(CharDevices).remove(misc);
    yield* deviceUnregister(this.#k, this.#k.view(MiscDevice, misc).this_device);
  }
}
/** From the top down. */
function freeMinor(taken: ReadonlySet<number>): number | undefined {
  for (let minor = DYNAMIC_MINORS - 1; minor >= 0; minor--) if (!taken.has(minor)) return minor;
  return undefined;
}
const misc = voidPtr;
export const miscApi: KernelApi = kernelApi('drivers/char/misc.c', {
  misc_register: blocking({ misc }, int, (k, { misc: device }) => k.get(MiscDevices).register(device)),
  misc_deregister: blocking({ misc }, nothing, (k, { misc: device }) => k.get(MiscDevices).unregister(device)),
  /** The class's say on a node: mode and, when there is one, another name. */
  misc_devnode: kfunc({ dev: ptr(Device), mode: voidPtr }, voidPtr, (k, { dev, mode }) => {
    const view = k.view(MiscDevice, dev.driver_data);
    if (mode !== NULL && view.mode !== 0) k.memory.setU16(mode, view.mode);
    return view.nodename === NULL ? NULL : k.cstringAlloc(k.memory.cstring(view.nodename));
  }),
});
