// Classes of devices. Source: drivers/base/class.c.
import { EEXIST, EINVAL, ENODEV } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  umode_t,
  voidPtr,
} from '../../api/index.ts';
import { TreeDirectory } from '../../fs/node.ts';
import { Sysfs, SysfsFile } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { KernelKobjects } from '../../lib/kobject.ts';
import { Uevents } from '../../lib/kobject_uevent.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { find, forEach } from './bus.ts';

export const ClassStruct = kernelStruct('class', {
  name: voidPtr,
  owner: voidPtr,
  class_groups: voidPtr,
  dev_groups: voidPtr,
  dev_uevent: voidPtr,
  devnode: voidPtr,
  class_release: voidPtr,
  dev_release: voidPtr,
  p: voidPtr,
});
const ClassInterface = kernelStruct('class_interface', { class: voidPtr, add_dev: voidPtr, remove_dev: voidPtr });
const ClassAttribute = kernelStruct('class_attribute', { show: voidPtr, store: voidPtr });
const ClassAttributeString = kernelStruct('class_attribute_string', { str: voidPtr });
const ClassDevIter = kernelStruct('class_dev_iter', { 'ki.i_klist': voidPtr, 'ki.i_cur': voidPtr, type: voidPtr });
const Attribute = kernelStruct('attribute', { name: voidPtr, mode: umode_t });
const DeviceTypeOf = kernelStruct('device', { type: voidPtr });
const NULL = 0;

export class Classes {
  readonly #k: Kernel;
  readonly #devices = new Map<Addr, Addr[]>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  nameOf(cls: Addr): string {
    return this.#k.memory.cstring(this.#k.view(ClassStruct, cls).name);
  }
  /** Those who want to hear of the devices of a class. */
  readonly interfaces = new Map<Addr, Addr[]>();
  /** Tells the interfaces of a class that a device has come (or goes). */
  *tell(cls: Addr, device: Addr, which: 'add_dev' | 'remove_dev'): Sleeping<void> {
    for (const each of [...(this.interfaces.get(cls) ?? [])]) {
      const fn = this.#k.view(ClassInterface, each)[which];
      if (fn !== NULL) yield* this.#k.call(fn, device, each);
    }
  }
  /** Devices of a class in the order of their addition. */
  devicesOf(cls: Addr): Addr[] {
    let devices = this.#devices.get(cls);
    if (devices === undefined) {
      devices = [];
      this.#devices.set(cls, devices);
    }
    return devices;
  }
  /** `builtIn`: a class of the kernel's own, whose directory is there from the start. */
  *register(cls: Addr, builtIn = false): Sleeping<number> {
    const k = this.#k;
    const name = this.nameOf(cls);
    const parent = k.vfs.directory('/sys/class');
    if (parent.entries.has(name) && !builtIn) {
      k.log.print('warning', `sysfs: cannot create duplicate filename '/class/${name}'`);
      k.exceptions.dumpStack();
      k.log.print(
        'err',
        `kobject_add_internal failed for ${name} with -EEXIST, don't try to register things with the same name in the same directory.`,
      );
      return -EEXIST;
    }
    if (!builtIn) parent.put(name, new TreeDirectory(0o755, false));
    k.view(ClassStruct, cls).p = cls;
    const kobj = k.get(KernelKobjects).at(`class/${name}`);
    k.get(Sysfs).makers.set(kobj, (attribute) => this.attributeFile(cls, attribute));
    if (!builtIn) k.get(Uevents).send('add', { path: `/class/${name}`, subsystem: 'class' });
    const groups = k.view(ClassStruct, cls).class_groups;
    return groups === NULL ? 0 : yield* k.get(Sysfs).createGroups(kobj, groups);
  }
  *unregister(cls: Addr): Sleeping<void> {
    const k = this.#k;
    const name = this.nameOf(cls);
    k.get(Uevents).send('remove', { path: `/class/${name}`, subsystem: 'class' });
    k.vfs.directory('/sys/class').entries.delete(name);
    k.get(KernelKobjects).forget(`class/${name}`);
    this.#devices.delete(cls);
    const { class_release: release } = k.view(ClassStruct, cls);
    if (release !== NULL) yield* k.call(release, cls);
  }
  /** show(class, attr, buf), store(class, attr, buf, count). */
  attributeFile(cls: Addr, attribute: Addr): SysfsFile {
    const k = this.#k;
    const { show, store } = k.view(ClassAttribute, attribute);
    return new SysfsFile(k.view(Attribute, attribute).mode & 0o777, {
      ...(show !== NULL && {
        *read() {
          const page = k.pages.alloc(0) ?? NULL;
          k.memory.fill(page, 0, 4096);
          const count = Number(yield* k.call(show, cls, attribute, page));
          const text = count < 0 ? count : k.memory.cstring(page, count);
          k.pages.free(page);
          return text;
        },
      }),
      ...(store !== NULL && {
        *write(text: string) {
          const page = k.cstringAlloc(text.slice(0, 4096));
          const result = Number(yield* k.call(store, cls, attribute, page, Math.min(text.length, 4096)));
          k.slab.free(page);
          return result;
        },
      }),
    });
  }
}
const classes = (k: Kernel): Classes => k.get(Classes);

/** Classes of the kernel's own subsystems: each made when the first device needs it. */
export class KernelClasses {
  readonly #k: Kernel;
  readonly #byName = new Map<string, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** The class `name`; `release`: the kernel function that frees its devices. */
  *at(name: string, release: string): Sleeping<Addr> {
    const k = this.#k;
    const existing = this.#byName.get(name);
    if (existing !== undefined) return existing;
    const address = kzalloc(k, k.layouts.sizeOf('class'));
    this.#byName.set(name, address);
    k.view(ClassStruct, address).name = k.cstringAlloc(name);
    k.view(ClassStruct, address).dev_release = k.symbols.require(release);
    yield* classes(k).register(address, true);
    return address;
  }
}
const cls = pointer('struct class *');
const dev = pointer('struct device *');
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

export const classApi: KernelApi = kernelApi('drivers/base/class.c', {
  __class_register: blocking({ cls, key: voidPtr }, int, (k, { cls: address }) => classes(k).register(address)),
  class_unregister: blocking({ cls }, nothing, (k, { cls: address }) => classes(k).unregister(address)),
  __class_create: blocking({ owner: pointer('struct module *'), name: voidPtr, key: voidPtr }, cls, function* (k, { owner, name }) {
    const size = k.layouts.sizeOf('class');
    const address = k.slab.alloc(size) ?? NULL;
    k.memory.fill(address, 0, size);
    const view = k.view(ClassStruct, address);
    view.owner = owner;
    view.name = name;
    view.class_release = k.symbols.require('class_create_release');
    const error = yield* classes(k).register(address);
    if (error === 0) return address;
    k.slab.free(address);
    return error;
  }),
  /** An interface hears of the devices that are there, and of those that come and go. */
  class_interface_register: blocking({ class_intf: voidPtr }, int, function* (k, { class_intf }) {
    const { class: of, add_dev } = k.view(ClassInterface, class_intf);
    if (of === NULL) return -ENODEV;
    const { interfaces } = classes(k);
    interfaces.set(of, [...(interfaces.get(of) ?? []), class_intf]);
    if (add_dev !== NULL) for (const device of [...classes(k).devicesOf(of)]) yield* k.call(add_dev, device, class_intf);
    return 0;
  }),
  class_interface_unregister: blocking({ class_intf: voidPtr }, nothing, function* (k, { class_intf }) {
    const { class: of, remove_dev } = k.view(ClassInterface, class_intf);
    const { interfaces } = classes(k);
    interfaces.set(
      of,
      (interfaces.get(of) ?? []).filter((other) => other !== class_intf),
    );
    if (remove_dev !== NULL) for (const device of [...classes(k).devicesOf(of)]) yield* k.call(remove_dev, device, class_intf);
  }),
  class_destroy: blocking({ cls }, nothing, function* (k, { cls: address }) {
    if (!isError(address)) yield* classes(k).unregister(address);
  }),
  class_create_release: kfunc({ cls }, nothing, (k, { cls: address }) => {
    k.slab.free(address);
  }),
  class_create_file_ns: kfunc({ cls, attr: voidPtr, ns: voidPtr }, int, (k, { cls: address, attr }) => {
    if (address === NULL) return -EINVAL;
    k.vfs
      .directory(`/sys/class/${classes(k).nameOf(address)}`)
      .put(k.memory.cstring(k.view(Attribute, attr).name), classes(k).attributeFile(address, attr));
    return 0;
  }),
  class_remove_file_ns: kfunc({ cls, attr: voidPtr, ns: voidPtr }, nothing, (k, { cls: address, attr }) => {
    if (address !== NULL)
      k.vfs.directory(`/sys/class/${classes(k).nameOf(address)}`).entries.delete(k.memory.cstring(k.view(Attribute, attr).name));
  }),
  show_class_attr_string: kfunc({ class: cls, attr: voidPtr, buf: voidPtr }, voidPtr, (k, { attr, buf }) => {
    const text = `${k.memory.cstring(k.view(ClassAttributeString, attr).str)}\n`;
    k.memory.setCstring(buf, text);
    return text.length;
  }),
  class_for_each_device: blocking({ class: cls, start: dev, data: voidPtr, fn: voidPtr }, int, (k, { class: of, start, data, fn }) =>
    forEach(k, classes(k).devicesOf(of), start, fn, data),
  ),
  class_find_device: blocking({ class: cls, start: dev, data: voidPtr, match: voidPtr }, dev, (k, { class: of, start, data, match }) =>
    find(k, classes(k).devicesOf(of), start, data, match),
  ),
  /** The iterator's klist pointer holds the class, its cursor the last device. */
  class_dev_iter_init: kfunc({ iter: voidPtr, class: cls, start: dev, type: voidPtr }, nothing, (k, { iter, class: of, start, type }) => {
    const view = k.view(ClassDevIter, iter);
    view['ki.i_klist'] = of;
    view['ki.i_cur'] = start;
    view.type = type;
  }),
  class_dev_iter_next: kfunc({ iter: voidPtr }, dev, (k, { iter }) => {
    const view = k.view(ClassDevIter, iter);
    const devices = classes(k).devicesOf(view['ki.i_klist']);
    const from = view['ki.i_cur'] === NULL ? 0 : devices.indexOf(view['ki.i_cur']) + 1;
    const next = devices.slice(from).find((device) => view.type === NULL || k.view(DeviceTypeOf, device).type === view.type) ?? NULL;
    if (next !== NULL) view['ki.i_cur'] = next;
    return next;
  }),
  class_dev_iter_exit: kfunc({ iter: voidPtr }, nothing, () => {}),
});
