// Directories and attribute files of /sys. Source: fs/sysfs/*.c, fs/kernfs/{dir,file}.c.
import { EACCES, EEXIST, EFBIG, EINVAL, EIO, ENOENT, ENOMEM, O_ACCMODE, O_RDONLY, O_WRONLY, S_IFREG } from '#abi';
import {
  blocking,
  cstring,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  noop,
  nothing,
  optionalCstring,
  partial,
  pointer,
  type Sleeping,
  size_t,
  umode_t,
  variadic,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, fromLatin1, latin1 } from '../../memory.ts';
import { ModuleFile } from '../devices.ts';
import { AttributeFile, type FsNode, type OpenNode, Symlink, type TextSource, TreeDirectory } from '../node.ts';

const PAGE_SIZE = 4096;
const SYSFS_MODES = 0o777;
const Kobject = kernelStruct('kobject', { name: voidPtr, parent: voidPtr, ktype: voidPtr, sd: voidPtr });
const KobjType = kernelStruct('kobj_type', { sysfs_ops: voidPtr });
const SysfsOps = kernelStruct('sysfs_ops', { show: fnPtr, store: fnPtr });
const Attribute = kernelStruct('attribute', { name: voidPtr, mode: umode_t });
const BinAttribute = kernelStruct('bin_attribute', { size: size_t, read: fnPtr, write: fnPtr, mmap: fnPtr });
const AttributeGroup = kernelStruct('attribute_group', {
  name: optionalCstring,
  is_visible: fnPtr,
  is_bin_visible: fnPtr,
  attrs: voidPtr,
  bin_attrs: voidPtr,
});
const NULL = 0;

/** The pointers of an array that ends with NULL. */
function pointers(k: Kernel, array: Addr): Addr[] {
  const items: Addr[] = [];
  if (array !== NULL) for (let at = array; k.memory.ptr(at) !== NULL; at += 8) items.push(k.memory.ptr(at));
  return items;
}

/** A file of sysfs: a write of nothing stores nothing, and of a longer one the first page counts. */
export class SysfsFile extends AttributeFile {
  override open(decode: (data: Uint8Array) => string): OpenNode {
    const file = super.open(decode);
    const { read, write } = file;
    return Object.assign(file, {
      *read(this: OpenNode, count: number) {
        return count === 0 ? new Uint8Array(0) : yield* read.call(this, count);
      },
      *write(this: OpenNode, data: Uint8Array) {
        return data.length === 0 ? 0 : yield* write.call(this, data.subarray(0, PAGE_SIZE));
      },
    });
  }
}
/**
 * What a file of sysfs shows: the text that `fill` writes to a page. More than fits in one is the fault of `show`, the function
 * that the log then names.
 */
export function* showPage(k: Kernel, show: Addr, fill: (page: Addr) => Sleeping<number>): Sleeping<string | number> {
  const page = k.pages.alloc(0);
  if (page === undefined) return -ENOMEM;
  k.memory.fill(page, 0, PAGE_SIZE);
  let count = yield* fill(page);
  if (count >= PAGE_SIZE) {
    const where = k.symbolize(show);
    k.log.print('warning', `fill_read_buffer: ${where?.name ?? ''}+0x0/0x${(where?.size ?? 0).toString(16)} returned bad count`);
    count = PAGE_SIZE - 1;
  }
  const text = count < 0 ? count : latin1(k.memory.read(page, count));
  k.pages.free(page);
  return text;
}
/** Has `store` take the text, which lies in a buffer with a zero behind it. */
export function* storePage(k: Kernel, text: string, store: (buffer: Addr, length: number) => Sleeping<number>): Sleeping<number> {
  const buffer = k.slab.alloc(text.length + 1);
  if (buffer === undefined) return -ENOMEM;
  k.memory.setCstring(buffer, text);
  const result = yield* store(buffer, text.length);
  k.slab.free(buffer);
  return result;
}
/** A file of the kernel's own in sysfs. */
export function sysfsText(mode: number, source: TextSource): SysfsFile {
  return new SysfsFile(mode, source, PAGE_SIZE);
}

/** The directories of kobjects. */
export class Sysfs {
  readonly #k: Kernel;
  readonly #directories = new Map<Addr, TreeDirectory>();
  /** Kobjects whose attributes are called in another way than through their type: those of buses and drivers. */
  readonly makers = new Map<Addr, (attribute: Addr) => SysfsFile>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  get root(): TreeDirectory {
    return this.#k.vfs.directory('/sys');
  }
  directory(kobj: Addr): TreeDirectory | undefined {
    return this.#directories.get(kobj) ?? this.#moduleDirectory(kobj);
  }
  /** The module whose `mkobj.kobj`, a kobject that the loader made, this is. */
  #moduleName(kobj: Addr): string | undefined {
    return this.#k.modules.at(kobj - this.#k.layouts.offsetOf('module', 'mkobj.kobj'))?.name;
  }
  #moduleDirectory(kobj: Addr): TreeDirectory | undefined {
    const name = this.#moduleName(kobj);
    return name === undefined ? undefined : this.moduleDirectory(name);
  }
  /** /sys/module/NAME. */
  moduleDirectory(name: string): TreeDirectory | undefined {
    const place = this.#k.vfs.resolve(`/sys/module/${name}`, '/');
    return typeof place !== 'number' && place.node instanceof TreeDirectory ? place.node : undefined;
  }
  /** Absolute path of a kobject's directory, below /sys. */
  path(kobj: Addr): string {
    const module = this.#moduleName(kobj);
    if (module !== undefined) return `module/${module}`;
    const names: string[] = [];
    for (let at = kobj; at !== NULL; at = this.#k.view(Kobject, at).parent)
      names.unshift(this.#k.memory.cstring(this.#k.view(Kobject, at).name));
    return names.join('/');
  }
  /** Makes an existing directory that of a kobject. */
  adopt(kobj: Addr, directory: TreeDirectory): void {
    this.#directories.set(kobj, directory);
    const size = this.#k.layouts.sizeOf('kernfs_node');
    const sd = this.#k.slab.alloc(size) ?? NULL;
    if (sd !== NULL) this.#k.memory.fill(sd, 0, size);
    this.#k.view(Kobject, kobj).sd = sd;
  }
  createDirectory(kobj: Addr, name: string, parent: Addr): number {
    const within = parent === NULL ? this.root : this.directory(parent);
    if (within === undefined) return -ENOENT;
    if (within.entries.has(name)) {
      this.#duplicate(parent, name);
      return -EEXIST;
    }
    const directory = new TreeDirectory(0o755, false);
    within.put(name, directory);
    this.adopt(kobj, directory);
    return 0;
  }
  removeDirectory(kobj: Addr): void {
    const view = this.#k.view(Kobject, kobj);
    const within = view.parent === NULL ? this.root : this.directory(view.parent);
    const name = this.#k.memory.cstring(view.name);
    if (within?.entries.get(name) === this.#directories.get(kobj)) within?.entries.delete(name);
    this.#directories.delete(kobj);
    this.#k.slab.free(view.sd);
    view.sd = NULL;
  }
  renameDirectory(kobj: Addr, from: string, to: string): number {
    const view = this.#k.view(Kobject, kobj);
    const within = view.parent === NULL ? this.root : this.directory(view.parent);
    const node = within?.entries.get(from);
    if (within === undefined || node === undefined) return -ENOENT;
    if (within.entries.has(to)) return -EEXIST;
    within.entries.delete(from);
    within.put(to, node);
    return 0;
  }
  #duplicate(parent: Addr, name: string): void {
    const path = parent === NULL ? '' : `/${this.path(parent)}`;
    this.#k.log.print('warning', `sysfs: cannot create duplicate filename '${path}/${name}'`);
    this.#k.exceptions.dumpStack();
  }
  add(kobj: Addr, directory: TreeDirectory, name: string, node: FsNode): number {
    if (directory.entries.has(name)) {
      this.#duplicate(kobj, name);
      return -EEXIST;
    }
    directory.put(name, node);
    return 0;
  }
  /** An attribute as a file: the kobject's type says what shows and stores it. */
  attributeFile(kobj: Addr, attribute: Addr, mode = this.#k.view(Attribute, attribute).mode): SysfsFile | number {
    const k = this.#k;
    const special = this.makers.get(kobj);
    if (special !== undefined) return special(attribute);
    const { ktype } = k.view(Kobject, kobj);
    const operations = ktype === NULL ? NULL : k.view(KobjType, ktype).sysfs_ops;
    if (operations === NULL) {
      k.log.print('err', `missing sysfs attribute operations for kobject: ${k.memory.cstring(k.view(Kobject, kobj).name)}`);
      return -EINVAL;
    }
    const { show, store } = k.view(SysfsOps, operations);
    const source: TextSource = {
      ...(show !== NULL && {
        read: () =>
          showPage(k, show, function* (page) {
            return Number(yield* k.call(show, kobj, attribute, page));
          }),
      }),
      ...(store !== NULL && {
        write: (text: string) =>
          storePage(k, text, function* (buffer, length) {
            return Number(yield* k.call(store, kobj, attribute, buffer, length));
          }),
      }),
    };
    return sysfsText(mode & SYSFS_MODES, source);
  }
  createFile(kobj: Addr, attribute: Addr, directory = this.directory(kobj), mode?: number): number {
    if (directory === undefined) return -ENOENT;
    const file = this.attributeFile(kobj, attribute, mode);
    if (typeof file === 'number') return file;
    return this.add(kobj, directory, this.#k.memory.cstring(this.#k.view(Attribute, attribute).name), file);
  }
  removeFile(kobj: Addr, attribute: Addr, directory = this.directory(kobj)): void {
    directory?.entries.delete(this.#k.memory.cstring(this.#k.view(Attribute, attribute).name));
  }
  createBinFile(kobj: Addr, attribute: Addr, directory = this.directory(kobj), mode = this.#k.view(Attribute, attribute).mode): number {
    if (directory === undefined) return -ENOENT;
    const { name } = this.#k.view(Attribute, attribute);
    return this.add(kobj, directory, this.#k.memory.cstring(name), new BinFile(this.#k, kobj, attribute, mode & SYSFS_MODES));
  }
  /** A directory below the kobject's own; undefined when the kobject has none. */
  group(kobj: Addr, name: string | undefined, create: boolean): TreeDirectory | undefined {
    const directory = this.directory(kobj);
    if (name === undefined || directory === undefined) return directory;
    const existing = directory.entries.get(name);
    if (existing instanceof TreeDirectory) return existing;
    return create ? directory.child(name) : undefined;
  }
  *createGroup(kobj: Addr, group: Addr, update = false): Sleeping<number> {
    const k = this.#k;
    const view = k.view(AttributeGroup, group);
    const exists = view.name !== undefined && this.group(kobj, view.name, false) !== undefined;
    if (exists && !update && view.name !== undefined && this.directory(kobj)?.entries.has(view.name)) {
      this.#duplicate(kobj, view.name);
      return -EEXIST;
    }
    const directory = this.group(kobj, view.name, true);
    if (directory === undefined) return -EINVAL;
    for (const [n, attribute] of pointers(this.#k, view.attrs).entries()) {
      let { mode } = k.view(Attribute, attribute);
      if (update) this.removeFile(kobj, attribute, directory);
      if (view.is_visible !== NULL) {
        mode = (yield* k.callInt(view.is_visible, kobj, attribute, n)) & 0xffff;
        if (mode === 0) continue;
      }
      const error = this.createFile(kobj, attribute, directory, mode);
      if (error !== 0) {
        this.removeGroup(kobj, group);
        return error;
      }
    }
    for (const [n, attribute] of pointers(this.#k, view.bin_attrs).entries()) {
      let { mode } = k.view(Attribute, attribute);
      if (update) this.removeFile(kobj, attribute, directory);
      if (view.is_bin_visible !== NULL) {
        mode = (yield* k.callInt(view.is_bin_visible, kobj, attribute, n)) & 0xffff;
        if (mode === 0) continue;
      }
      const error = this.createBinFile(kobj, attribute, directory, mode);
      if (error !== 0) {
        this.removeGroup(kobj, group);
        return error;
      }
    }
    return 0;
  }
  removeGroup(kobj: Addr, group: Addr): void {
    const view = this.#k.view(AttributeGroup, group);
    const directory = this.group(kobj, view.name, false);
    if (directory === undefined) return;
    if (view.name !== undefined) {
      this.directory(kobj)?.entries.delete(view.name);
      return;
    }
    for (const attribute of [...pointers(this.#k, view.attrs), ...pointers(this.#k, view.bin_attrs)])
      this.removeFile(kobj, attribute, directory);
  }
  *createGroups(kobj: Addr, groups: Addr): Sleeping<number> {
    const list = pointers(this.#k, groups);
    for (const [n, group] of list.entries()) {
      const error = yield* this.createGroup(kobj, group);
      if (error === 0) continue;
      for (const made of list.slice(0, n).reverse()) this.removeGroup(kobj, made);
      return error;
    }
    return 0;
  }
  removeGroups(kobj: Addr, groups: Addr): void {
    for (const group of pointers(this.#k, groups)) this.removeGroup(kobj, group);
  }
  /** A link `name` in one kobject's directory to another's. */
  link(kobj: Addr, target: Addr, name: string): number {
    const directory = kobj === NULL ? this.root : this.directory(kobj);
    if (directory === undefined) return -ENOENT;
    const up = kobj === NULL ? '' : '../'.repeat(this.path(kobj).split('/').length);
    return this.add(kobj, directory, name, new Symlink(`${up}${this.path(target)}`));
  }
}

/** A file whose bytes a bin_attribute gives and takes, at any offset. */
class BinFile extends ModuleFile {
  constructor(k: Kernel, kobj: Addr, attribute: Addr, mode: number) {
    super(S_IFREG | mode, (_node, flags) => openBin(k, kobj, attribute, mode, flags));
    this.length = k.view(BinAttribute, attribute).size;
  }
}
// biome-ignore lint/correctness/useYield: opening never sleeps
function* openBin(k: Kernel, kobj: Addr, attribute: Addr, mode: number, flags: number): Sleeping<OpenNode | number> {
  const { read, write, size } = k.view(BinAttribute, attribute);
  const access = flags & O_ACCMODE;
  if (access !== O_RDONLY && ((mode & 0o222) === 0 || write === NULL)) return -EACCES;
  if (access !== O_WRONLY && ((mode & 0o444) === 0 || read === NULL)) return -EACCES;
  /** Calls read or write with a page of guest memory. */
  const transfer = function* (fn: Addr, data: Uint8Array, position: number): Sleeping<{ result: number; bytes: Uint8Array }> {
    const page = k.pages.alloc(0);
    if (page === undefined) return { result: -12, bytes: data };
    k.memory.write(page, data);
    const result = Number(yield* k.call(fn, 0, kobj, attribute, page, position, data.length));
    const bytes = k.memory.read(page, Math.max(0, Math.min(result, PAGE_SIZE))).slice();
    k.pages.free(page);
    return { result, bytes };
  };
  const file: OpenNode = {
    position: 0,
    *read(count) {
      let wanted = Math.min(count, PAGE_SIZE);
      if (size > 0) {
        if (file.position >= size) return new Uint8Array(0);
        wanted = Math.min(wanted, size - file.position);
      }
      if (read === NULL) return -EIO;
      const { result, bytes } = yield* transfer(read, new Uint8Array(wanted), file.position);
      if (result < 0) return result;
      file.position += result;
      return bytes;
    },
    *write(data) {
      let wanted = Math.min(data.length, PAGE_SIZE);
      if (size > 0) {
        if (size <= file.position) return -EFBIG;
        wanted = Math.min(wanted, size - file.position);
      }
      if (write === NULL) return -EIO;
      const { result } = yield* transfer(write, data.subarray(0, wanted), file.position);
      if (result > 0) file.position += result;
      return result;
    },
  };
  return file;
}

const kobj = pointer('struct kobject *');
const attr = pointer('const struct attribute *');
const grp = pointer('const struct attribute_group *');
const sysfs = (k: Kernel): Sysfs => k.get(Sysfs);

export const sysfsApi: KernelApi = kernelApi('fs/sysfs', {
  sysfs_create_file_ns: kfunc({ kobj, attr, ns: voidPtr }, int, (k, { kobj: object, attr: attribute }) =>
    sysfs(k).createFile(object, attribute),
  ),
  sysfs_create_files: kfunc({ kobj, ptr: voidPtr }, int, (k, { kobj: object, ptr }) => {
    const all = pointers(k, ptr);
    for (const [n, attribute] of all.entries()) {
      const error = sysfs(k).createFile(object, attribute);
      if (error === 0) continue;
      for (const made of all.slice(0, n)) sysfs(k).removeFile(object, made);
      return error;
    }
    return 0;
  }),
  sysfs_remove_file_ns: kfunc({ kobj, attr, ns: voidPtr }, nothing, (k, { kobj: object, attr: attribute }) =>
    sysfs(k).removeFile(object, attribute),
  ),
  sysfs_remove_files: kfunc({ kobj, ptr: voidPtr }, nothing, (k, { kobj: object, ptr }) => {
    for (const attribute of pointers(k, ptr)) sysfs(k).removeFile(object, attribute);
  }),
  sysfs_create_group: blocking({ kobj, grp }, int, (k, { kobj: object, grp: group }) => sysfs(k).createGroup(object, group)),
  sysfs_update_group: blocking({ kobj, grp }, int, (k, { kobj: object, grp: group }) => sysfs(k).createGroup(object, group, true)),
  sysfs_create_groups: blocking({ kobj, groups: voidPtr }, int, function* (k, { kobj: object, groups }) {
    return groups === NULL ? 0 : yield* sysfs(k).createGroups(object, groups);
  }),
  sysfs_merge_group: kfunc({ kobj, grp }, int, (k, { kobj: object, grp: group }) => {
    const view = k.view(AttributeGroup, group);
    const directory = sysfs(k).group(object, view.name, false);
    if (directory === undefined) return -ENOENT;
    for (const attribute of pointers(k, view.attrs)) {
      const error = sysfs(k).createFile(object, attribute, directory);
      if (error !== 0) return error;
    }
    return 0;
  }),
  sysfs_unmerge_group: kfunc({ kobj, grp }, nothing, (k, { kobj: object, grp: group }) => {
    const view = k.view(AttributeGroup, group);
    const directory = sysfs(k).group(object, view.name, false);
    if (directory !== undefined) for (const attribute of pointers(k, view.attrs)) sysfs(k).removeFile(object, attribute, directory);
  }),
  sysfs_remove_group: kfunc({ kobj, grp }, nothing, (k, { kobj: object, grp: group }) => sysfs(k).removeGroup(object, group)),
  sysfs_remove_groups: kfunc({ kobj, groups: voidPtr }, nothing, (k, { kobj: object, groups }) => {
    if (groups !== NULL) sysfs(k).removeGroups(object, groups);
  }),
  sysfs_add_file_to_group: kfunc({ kobj, attr, group: optionalCstring }, int, (k, { kobj: object, attr: attribute, group }) => {
    const directory = sysfs(k).group(object, group, false);
    return directory === undefined ? -ENOENT : sysfs(k).createFile(object, attribute, directory);
  }),
  sysfs_remove_file_from_group: kfunc({ kobj, attr, group: optionalCstring }, nothing, (k, { kobj: object, attr: attribute, group }) =>
    sysfs(k).removeFile(object, attribute, sysfs(k).group(object, group, false)),
  ),
  sysfs_create_bin_file: kfunc({ kobj, attr }, int, (k, { kobj: object, attr: attribute }) => sysfs(k).createBinFile(object, attribute)),
  sysfs_remove_bin_file: kfunc({ kobj, attr }, nothing, (k, { kobj: object, attr: attribute }) => sysfs(k).removeFile(object, attribute)),
  sysfs_create_link: kfunc({ kobj, target: kobj, name: cstring }, int, (k, { kobj: object, target, name }) =>
    sysfs(k).link(object, target, name),
  ),
  sysfs_remove_link: kfunc({ kobj, name: cstring }, nothing, (k, { kobj: object, name }) => {
    (object === NULL ? sysfs(k).root : sysfs(k).directory(object))?.entries.delete(name);
  }),
  sysfs_chmod_file: kfunc({ kobj, attr, mode: umode_t }, int, (k, { kobj: object, attr: attribute, mode }) => {
    const node = sysfs(k)
      .directory(object)
      ?.entries.get(k.memory.cstring(k.view(Attribute, attribute).name));
    if (node === undefined) return -ENOENT;
    node.mode = S_IFREG | (mode & SYSFS_MODES);
    return 0;
  }),
  /** Lets a file remove itself: here no removal waits for those who use a file. Return: the directory's node, or NULL. */
  sysfs_break_active_protection: kfunc({ kobj, attr }, voidPtr, (k, { kobj: object, attr: attribute }) => {
    const name = k.memory.cstring(k.view(Attribute, attribute).name);
    return sysfs(k).directory(object)?.entries.has(name) === true ? kobjectNode(k, object) : NULL;
  }),
  sysfs_unbreak_active_protection: noop(
    'no removal waits for those who use a file',
    kfunc({ kn: voidPtr }, nothing, () => {}),
  ),
  sysfs_notify: partial(
    'nobody polls sysfs files yet',
    kfunc({ kobj, dir: optionalCstring, attr: optionalCstring }, nothing, () => {}),
  ),
  /** Into a page's buffer; `buf` must be page aligned. */
  sysfs_emit: variadic({ buf: voidPtr, fmt: cstring }, int, (k, { buf, fmt, va }) =>
    emit(k, 'sysfs_emit', buf, 0, k.formatter.format(fmt, va)),
  ),
  sysfs_emit_at: variadic({ buf: voidPtr, at: int, fmt: cstring }, int, (k, { buf, at, fmt, va }) =>
    emit(k, 'sysfs_emit_at', buf, at, k.formatter.format(fmt, va)),
  ),
});
const kobjectNode = (k: Kernel, object: Addr): Addr => k.view(Kobject, object).sd;
function emit(k: Kernel, name: 'sysfs_emit' | 'sysfs_emit_at', buffer: Addr, at: number, text: string): number {
  if (buffer % PAGE_SIZE !== 0 || at < 0 || at >= PAGE_SIZE) {
    const buf = k.hashPointer(buffer);
    if (name === 'sysfs_emit') k.exceptions.warn('fs/sysfs/file.c', 740, name, `invalid sysfs_emit: buf:${buf}`);
    else k.exceptions.warn('fs/sysfs/file.c', 768, name, `invalid sysfs_emit_at: buf:${buf} at:${at}`);
    return 0;
  }
  const bytes = fromLatin1(text.slice(0, PAGE_SIZE - 1 - at));
  k.memory.write(buffer + at, bytes);
  k.memory.setU8(buffer + at + bytes.length, 0);
  return bytes.length;
}
