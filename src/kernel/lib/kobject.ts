// Reference-counted objects with a directory in /sys. Source: lib/kobject.c, lib/kobject_uevent.c, include/linux/kobject.h.
import { EINVAL, ENOMEM } from '#abi';
import {
  blocking,
  blockingVariadic,
  cstring,
  embedded,
  gfp_t,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  size_t,
  u8,
  u32,
  uint,
  variadic,
  voidPtr,
} from '../api/index.ts';
import { newEnvironment, variablesOf } from '../drivers/base/uevent.ts';
import { Sysfs } from '../fs/sysfs/sysfs.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, latin1 } from '../memory.ts';
import { synthUevent, UEVENT_ACTIONS, Uevents } from './kobject_uevent.ts';
import { listAddTail, listDeleteInit, listEntries, listInit } from './list.ts';

export const Kobject = kernelStruct('kobject', {
  name: voidPtr,
  entry: embedded,
  parent: voidPtr,
  kset: voidPtr,
  ktype: voidPtr,
  sd: voidPtr,
  'kref.refcount.refs.counter': u32,
  state_initialized: u8,
});
const KobjType = kernelStruct('kobj_type', { release: voidPtr, default_groups: voidPtr, sysfs_ops: voidPtr });
const Kset = kernelStruct('kset', { list: embedded, kobj: embedded, uevent_ops: voidPtr });
const KobjAttribute = kernelStruct('kobj_attribute', { show: voidPtr, store: voidPtr });
const SysfsOps = kernelStruct('sysfs_ops', { show: voidPtr, store: voidPtr });
const NULL = 0;
// Bits of the flags that begin at state_initialized.
const INITIALIZED = 1;
const IN_SYSFS = 2;

const view = (k: Kernel, address: Addr) => k.view(Kobject, address);
export const kobjectName = (k: Kernel, kobj: Addr): string => {
  const { name } = view(k, kobj);
  return name === NULL ? '(null)' : k.memory.cstring(name);
};

export function kobjectInit(k: Kernel, kobj: Addr, ktype: Addr): void {
  const object = view(k, kobj);
  object['kref.refcount.refs.counter'] = 1;
  listInit(k, object.entry);
  object.state_initialized = INITIALIZED;
  object.ktype = ktype;
}
export function kobjectSetName(k: Kernel, kobj: Addr, name: string): void {
  const object = view(k, kobj);
  const old = object.name;
  // '/' cannot stand in a name: '!' does.
  object.name = k.cstringAlloc(name.replaceAll('/', '!'));
  if (old !== NULL) k.slab.free(old);
}
/** Puts the object into /sys below `parent` (or its kset). */
export function* kobjectAdd(k: Kernel, kobj: Addr, parent: Addr): Sleeping<number> {
  const object = view(k, kobj);
  const name = object.name === NULL ? '' : k.memory.cstring(object.name);
  if (name === '') {
    k.exceptions.warn(
      'lib/kobject.c',
      210,
      'kobject_add_internal',
      `kobject: (${k.hashPointer(kobj)}): attempted to be registered with empty name!`,
    );
    return -EINVAL;
  }
  object.parent = parent;
  if (object.kset !== NULL) {
    const kset = k.view(Kset, object.kset);
    if (parent === NULL) object.parent = kset.kobj;
    listAddTail(k, object.entry, kset.list);
  }
  if (object.parent !== NULL) kobjectGet(k, object.parent);
  const error = k.get(Sysfs).createDirectory(kobj, name, object.parent);
  if (error !== 0) {
    if (object.kset !== NULL) listDeleteInit(k, object.entry);
    const above = object.parent;
    object.parent = NULL;
    if (above !== NULL) yield* kobjectPut(k, above);
    const what =
      error === -17
        ? "with -EEXIST, don't try to register things with the same name in the same directory."
        : `(error: ${error} parent: ${above === NULL ? "'none'" : kobjectName(k, above)})`;
    k.log.print('err', `kobject_add_internal failed for ${name} ${what}`);
    return error;
  }
  object.state_initialized |= IN_SYSFS;
  const { default_groups: groups } = k.view(KobjType, object.ktype);
  return groups === NULL ? 0 : yield* k.get(Sysfs).createGroups(kobj, groups);
}
export function kobjectGet(k: Kernel, kobj: Addr): Addr {
  if (kobj !== NULL) view(k, kobj)['kref.refcount.refs.counter'] += 1;
  return kobj;
}
/** Takes the object out of /sys. */
export function* kobjectDel(k: Kernel, kobj: Addr): Sleeping<void> {
  if (kobj === NULL) return;
  const object = view(k, kobj);
  if ((object.state_initialized & IN_SYSFS) === 0) return;
  // Whoever has told of the object's coming need not tell of its going.
  if (k.get(Uevents).added.has(kobj)) yield* kobjectUevent(k, kobj, UEVENT_ACTIONS.indexOf('remove'));
  k.get(Sysfs).removeDirectory(kobj);
  object.state_initialized &= ~IN_SYSFS;
  if (object.kset !== NULL) listDeleteInit(k, object.entry);
  const { parent } = object;
  object.parent = NULL;
  if (parent !== NULL) yield* kobjectPut(k, parent);
}
export function* kobjectPut(k: Kernel, kobj: Addr): Sleeping<void> {
  if (kobj === NULL) return;
  const object = view(k, kobj);
  if ((object.state_initialized & INITIALIZED) === 0) {
    k.exceptions.warn(
      'lib/kobject.c',
      726,
      'kobject_put',
      `kobject: '${kobjectName(k, kobj)}' (${k.hashPointer(kobj)}): is not initialized, yet kobject_put() is being called.`,
    );
  }
  const count = object['kref.refcount.refs.counter'] - 1;
  object['kref.refcount.refs.counter'] = count;
  if (count !== 0) return;
  yield* kobjectDel(k, kobj);
  const { name } = object;
  const release = object.ktype === NULL ? NULL : k.view(KobjType, object.ktype).release;
  // The object may be gone after release(): its name is ours.
  if (release !== NULL) yield* k.call(release, kobj);
  if (name !== NULL) k.slab.free(name);
}
/** A kobject of the kernel's own whose directory exists. */
function adopt(k: Kernel, path: string, parent: Addr): Addr {
  const size = k.layouts.sizeOf('kset');
  const kset = k.slab.alloc(size);
  if (kset === undefined) throw new Error('out of guest memory');
  k.memory.fill(kset, 0, size);
  listInit(k, k.view(Kset, kset).list);
  const kobj = k.view(Kset, kset).kobj;
  kobjectInit(k, kobj, k.get(KobjectTypes).dynamic);
  kobjectSetName(k, kobj, path.slice(path.lastIndexOf('/') + 1));
  view(k, kobj).parent = parent;
  view(k, kobj).state_initialized |= IN_SYSFS;
  k.get(Sysfs).adopt(kobj, k.vfs.directory(`/sys/${path}`));
  return kobj;
}
/** The kobjects of directories that the kernel makes at boot, by path below /sys. */
export class KernelKobjects {
  readonly #k: Kernel;
  readonly #byPath = new Map<string, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  at(path: string): Addr {
    let kobj = this.#byPath.get(path);
    if (kobj === undefined) {
      const slash = path.lastIndexOf('/');
      kobj = adopt(this.#k, path, slash < 0 ? NULL : this.at(path.slice(0, slash)));
      this.#byPath.set(path, kobj);
    }
    return kobj;
  }
  /** The directory is gone. */
  forget(path: string): void {
    const kobj = this.#byPath.get(path);
    if (kobj === undefined) return;
    this.#byPath.delete(path);
    const k = this.#k;
    const object = view(k, kobj);
    k.get(Sysfs).removeDirectory(kobj);
    k.slab.free(object.name);
    k.slab.free(kobj - k.layouts.offsetOf('kset', 'kobj'));
  }
}
/** The kernel's own kobj_types: their functions are entries of the table below. */
class KobjectTypes {
  readonly dynamic: Addr;
  constructor(k: Kernel) {
    const size = k.layouts.sizeOf('kobj_type');
    this.dynamic = k.slab.alloc(size) ?? NULL;
    k.memory.fill(this.dynamic, 0, size);
    const type = k.view(KobjType, this.dynamic);
    type.release = k.symbols.require('dynamic_kobj_release');
    type.sysfs_ops = k.symbols.require('kobj_sysfs_ops');
  }
}
function create(k: Kernel): Addr {
  const size = k.layouts.sizeOf('kobject');
  const kobj = k.slab.alloc(size) ?? NULL;
  if (kobj === NULL) return NULL;
  k.memory.fill(kobj, 0, size);
  kobjectInit(k, kobj, k.get(KobjectTypes).dynamic);
  return kobj;
}
const kobj = pointer('struct kobject *');
const kset = pointer('struct kset *');
const kernelKobj = (path: string) => kdata((k, address) => k.memory.setPtr(address, k.get(KernelKobjects).at(path)));
const UeventEnv = kernelStruct('kobj_uevent_env', { envp: embedded, envp_idx: int, buf: embedded, buflen: int });
const UEVENT_NUM_ENVP = 64;
const UEVENT_BUFFER_SIZE = 2048;
/** Appends KEY=value to an event's environment: 0, or -ENOMEM after a warning. */
export function addUeventVar(k: Kernel, env: Addr, text: string): number {
  const event = k.view(UeventEnv, env);
  const full =
    event.envp_idx >= UEVENT_NUM_ENVP ? 'too many keys' : event.buflen + text.length >= UEVENT_BUFFER_SIZE ? 'buffer size too small' : '';
  if (full !== '') {
    k.exceptions.warn('lib/kobject_uevent.c', full === 'too many keys' ? 675 : 686, 'add_uevent_var', `add_uevent_var: ${full}`, 'err');
    return -ENOMEM;
  }
  k.memory.setCstring(event.buf + event.buflen, text);
  k.memory.setPtr(event.envp + event.envp_idx * 8, event.buf + event.buflen);
  event.envp_idx += 1;
  event.buflen += text.length + 1;
  return 0;
}
/** The strings of an array that ends with NULL. */
function strings(k: Kernel, array: Addr): string[] {
  const found: string[] = [];
  if (array !== NULL) for (let at = array; k.memory.ptr(at) !== NULL; at += 8) found.push(k.memory.cstring(k.memory.ptr(at)));
  return found;
}
const KsetUeventOps = kernelStruct('kset_uevent_ops', { filter: voidPtr, name: voidPtr, uevent: voidPtr });
/** Linux: kobject_uevent_env(). `action`: a number of enum kobject_action. Gives 0 or -errno. */
export function* kobjectUevent(k: Kernel, kobj: Addr, action: number, extra: readonly string[] = []): Sleeping<number> {
  const uevents = k.get(Uevents);
  const name = UEVENT_ACTIONS[action];
  if (name === undefined) return -EINVAL;
  if (name === 'add') uevents.added.add(kobj);
  if (name === 'remove') uevents.added.delete(kobj);
  const own = uevents.kinds.get(view(k, kobj).ktype);
  if (own !== undefined) return yield* own(kobj, name, extra);
  // The set of the object, or of the nearest object above that is in one.
  let top = kobj;
  while (view(k, top).kset === NULL && view(k, top).parent !== NULL) top = view(k, top).parent;
  const { kset } = view(k, top);
  if (kset === NULL) return -EINVAL;
  const { uevent_ops, kobj: set } = k.view(Kset, kset);
  const ops = uevent_ops === NULL ? undefined : k.view(KsetUeventOps, uevent_ops);
  if (ops !== undefined && ops.filter !== NULL && (yield* k.callInt(ops.filter, kobj)) === 0) return 0;
  const named = ops === undefined || ops.name === NULL ? NULL : yield* k.call(ops.name, kobj);
  const subsystem = ops !== undefined && ops.name !== NULL ? (named === NULL ? '' : k.memory.cstring(named)) : kobjectName(k, set);
  if (subsystem === '') return 0;
  const env = newEnvironment(k);
  const error = ops === undefined || ops.uevent === NULL ? 0 : yield* k.callInt(ops.uevent, kobj, env);
  if (error === 0) uevents.send(name, { path: `/${k.get(Sysfs).path(kobj)}`, subsystem }, [...extra, ...variablesOf(k, env)]);
  k.slab.free(env);
  return error;
}
export const kobjectApi: KernelApi = kernelApi('lib/kobject.c', {
  kobject_init: kfunc({ kobj, ktype: pointer('struct kobj_type *') }, nothing, (k, { kobj: object, ktype }) =>
    kobjectInit(k, object, ktype),
  ),
  kobject_add: blockingVariadic({ kobj, parent: kobj, fmt: cstring }, int, function* (k, { kobj: object, parent, fmt, va }) {
    if (object === NULL) return -EINVAL;
    kobjectSetName(k, object, k.formatter.format(fmt, va));
    return yield* kobjectAdd(k, object, parent);
  }),
  kobject_init_and_add: blockingVariadic(
    { kobj, ktype: pointer('struct kobj_type *'), parent: kobj, fmt: cstring },
    int,
    function* (k, { kobj: object, ktype, parent, fmt, va }) {
      kobjectInit(k, object, ktype);
      kobjectSetName(k, object, k.formatter.format(fmt, va));
      return yield* kobjectAdd(k, object, parent);
    },
  ),
  kobject_create_and_add: blocking({ name: cstring, parent: kobj }, kobj, function* (k, { name, parent }) {
    const object = create(k);
    if (object === NULL) return NULL;
    kobjectSetName(k, object, name);
    const error = yield* kobjectAdd(k, object, parent);
    if (error === 0) return object;
    k.log.print('warning', `kobject_create_and_add: kobject_add error: ${error}`);
    yield* kobjectPut(k, object);
    return NULL;
  }),
  kobject_set_name: variadic({ kobj, fmt: cstring }, int, (k, { kobj: object, fmt, va }) => {
    kobjectSetName(k, object, k.formatter.format(fmt, va));
    return 0;
  }),
  kobject_rename: kfunc({ kobj, new_name: cstring }, int, (k, { kobj: object, new_name }) => {
    const error = k.get(Sysfs).renameDirectory(object, kobjectName(k, object), new_name);
    if (error === 0) kobjectSetName(k, object, new_name);
    return error;
  }),
  kobject_get: kfunc({ kobj }, kobj, (k, { kobj: object }) => kobjectGet(k, object)),
  kobject_get_unless_zero: kfunc({ kobj }, kobj, (k, { kobj: object }) =>
    object === NULL || view(k, object)['kref.refcount.refs.counter'] === 0 ? NULL : kobjectGet(k, object),
  ),
  kobject_put: blocking({ kobj }, nothing, (k, { kobj: object }) => kobjectPut(k, object)),
  kobject_del: blocking({ kobj }, nothing, (k, { kobj: object }) => kobjectDel(k, object)),
  kobject_get_path: kfunc({ kobj, gfp_mask: gfp_t }, voidPtr, (k, { kobj: object }) => k.cstringAlloc(`/${k.get(Sysfs).path(object)}`)),
  kobject_uevent: blocking({ kobj, action: uint }, int, (k, { kobj: object, action }) => kobjectUevent(k, object, action)),
  kobject_uevent_env: blocking({ kobj, action: uint, envp_ext: voidPtr }, int, (k, { kobj: object, action, envp_ext }) =>
    kobjectUevent(k, object, action, strings(k, envp_ext)),
  ),
  kobject_synth_uevent: blocking({ kobj, buf: voidPtr, count: size_t }, int, (k, { kobj: object, buf, count }) =>
    synthUevent(k, `/${k.get(Sysfs).path(object)}`, latin1(k.memory.read(buf, count)), (action, extra) =>
      kobjectUevent(k, object, UEVENT_ACTIONS.indexOf(action), extra),
    ),
  ),
  add_uevent_var: variadic({ env: voidPtr, format: cstring }, int, (k, { env, format, va }) =>
    addUeventVar(k, env, k.formatter.format(format, va)),
  ),
  kset_init: kfunc({ k: kset }, nothing, (k, { k: set }) => {
    listInit(k, k.view(Kset, set).list);
    kobjectInit(k, k.view(Kset, set).kobj, NULL);
  }),
  kset_register: blocking({ k: kset }, int, function* (k, { k: set }) {
    const object = k.view(Kset, set).kobj;
    const { ktype, parent } = view(k, object);
    listInit(k, k.view(Kset, set).list);
    kobjectInit(k, object, ktype);
    const error = yield* kobjectAdd(k, object, parent);
    if (error === 0) yield* kobjectUevent(k, object, 0);
    return error;
  }),
  kset_create_and_add: blocking(
    { name: cstring, uevent_ops: voidPtr, parent_kobj: kobj },
    kset,
    function* (k, { name, uevent_ops, parent_kobj }) {
      const size = k.layouts.sizeOf('kset');
      const set = k.slab.alloc(size) ?? NULL;
      if (set === NULL) return NULL;
      k.memory.fill(set, 0, size);
      const { list, kobj: object } = k.view(Kset, set);
      k.view(Kset, set).uevent_ops = uevent_ops;
      listInit(k, list);
      kobjectInit(k, object, k.get(KobjectTypes).dynamic);
      kobjectSetName(k, object, name);
      if ((yield* kobjectAdd(k, object, parent_kobj)) === 0) {
        yield* kobjectUevent(k, object, 0);
        return set;
      }
      k.slab.free(set);
      return NULL;
    },
  ),
  kset_unregister: blocking({ k: kset }, nothing, function* (k, { k: set }) {
    if (set === NULL) return;
    const object = k.view(Kset, set).kobj;
    yield* kobjectDel(k, object);
    yield* kobjectPut(k, object);
  }),
  kset_find_obj: kfunc({ kset, name: cstring }, kobj, (k, { kset: set, name }) => {
    const offset = k.layouts.offsetOf('kobject', 'entry');
    const found = listEntries(k, k.view(Kset, set).list).find((entry) => kobjectName(k, entry - offset) === name);
    return found === undefined ? NULL : kobjectGet(k, found - offset);
  }),
  kernel_kobj: kernelKobj('kernel'),
  fs_kobj: kernelKobj('fs'),
  firmware_kobj: kernelKobj('firmware'),
  mm_kobj: kernelKobj('kernel/mm'),
  power_kobj: kernelKobj('power'),
  hypervisor_kobj: kernelKobj('hypervisor'),
  /** What kobject_create_and_add's objects are freed with. A kset's kobject lies inside it: the kset is freed. */
  dynamic_kobj_release: kfunc({ kobj }, nothing, (k, { kobj: object }) => {
    if (!k.slab.free(object)) k.slab.free(object - k.layouts.offsetOf('kset', 'kobj'));
  }),
  /** Attributes that are struct kobj_attribute. */
  kobj_sysfs_ops: kdata((k, address) => {
    const ops = k.view(SysfsOps, address);
    ops.show = k.symbols.require('kobj_attr_show');
    ops.store = k.symbols.require('kobj_attr_store');
  }),
  kobj_attr_show: blocking({ kobj, attr: voidPtr, buf: voidPtr }, voidPtr, function* (k, { kobj: object, attr, buf }) {
    const { show } = k.view(KobjAttribute, attr);
    return show === NULL ? -5 : yield* k.callBy('kobj_attribute.show', show, object, attr, buf);
  }),
  kobj_attr_store: blocking(
    { kobj, attr: voidPtr, buf: voidPtr, count: voidPtr },
    voidPtr,
    function* (k, { kobj: object, attr, buf, count }) {
      const { store } = k.view(KobjAttribute, attr);
      return store === NULL ? -5 : yield* k.callBy('kobj_attribute.store', store, object, attr, buf, count);
    },
  ),
});
