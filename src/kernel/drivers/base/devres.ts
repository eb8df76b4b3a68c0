// Resources that go with their device. Source: drivers/base/devres.c. The lists lie outside guest memory.
import { ENOENT } from '#abi';
import {
  blocking,
  cstring,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  size_t,
  uint,
  ulongAddr,
  variadic,
  voidPtr,
} from '../../api/index.ts';
import { guestVaList } from '../../api/valist.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, fromLatin1 } from '../../memory.ts';
import { kmalloc } from '../../mm/slab_common.ts';

const NULL = 0;
const __GFP_ZERO = 0x100;

interface Resource {
  /** What devres_alloc() gave, or devm_kmalloc(). */
  readonly data: Addr;
  /** Guest function release(dev, data); NULL for plain memory. */
  readonly release: Addr;
  /** An action's function and argument instead of memory. */
  readonly action?: { readonly fn: Addr; readonly argument: Addr };
  /** What the kernel itself undoes: a claimed region, an interrupt. */
  readonly undo?: { readonly key: unknown; readonly run: () => Sleeping<unknown> | void };
  /** A group's bounds: everything after the opening one belongs to it. */
  readonly group?: Addr;
}
export class Devres {
  readonly #k: Kernel;
  readonly #byDevice = new Map<Addr, Resource[]>();
  /** Release functions of resources that were allocated and not added yet. */
  readonly releases = new Map<Addr, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  of(device: Addr): Resource[] {
    let list = this.#byDevice.get(device);
    if (list === undefined) {
      list = [];
      this.#byDevice.set(device, list);
    }
    return list;
  }
  add(device: Addr, resource: Resource): void {
    this.of(device).push(resource);
  }
  /** The newest resource that `test` takes. */
  find(device: Addr, test: (resource: Resource) => boolean): Resource | undefined {
    return this.of(device).findLast(test);
  }
  remove(device: Addr, resource: Resource): void {
    const list = this.of(device);
    list.splice(list.indexOf(resource), 1);
  }
  /** Something of the kernel's own that is undone with the device; `key` finds it before. */
  addUndo(device: Addr, key: unknown, run: () => Sleeping<unknown> | void): void {
    this.add(device, { data: NULL, release: NULL, undo: { key, run } });
  }
  /** Undoes it now. Whether it was there. */
  *undo(device: Addr, key: unknown): Sleeping<boolean> {
    const found = this.find(device, ({ undo }) => undo?.key === key);
    if (found === undefined) return false;
    this.remove(device, found);
    yield* this.release(device, found);
    return true;
  }
  *release(device: Addr, { release, data, action, undo }: Resource): Sleeping<void> {
    if (undo !== undefined) yield* undo.run() ?? [];
    else if (action !== undefined) yield* this.#k.call(action.fn, action.argument);
    else {
      if (release !== NULL) yield* this.#k.call(release, device, data);
      if (data !== NULL) this.#k.slab.free(data);
    }
  }
  /** Newest first. Linux: devres_release_all(). */
  *releaseAll(device: Addr, from = 0): Sleeping<number> {
    const gone = this.of(device).splice(from).reverse();
    for (const resource of gone) yield* this.release(device, resource);
    if (this.of(device).length === 0) this.#byDevice.delete(device);
    return gone.length;
  }
  /** fn(argument) when the device's driver goes. */
  addAction(device: Addr, fn: Addr, argument: Addr): void {
    this.add(device, { data: NULL, release: NULL, action: { fn, argument } });
  }
  /** Forgets an action without calling it. */
  takeAction(device: Addr, fn: Addr, argument: Addr): void {
    const found = this.find(device, ({ action }) => action?.fn === fn && action.argument === argument);
    if (found !== undefined) this.remove(device, found);
  }
  /** Starts a group; without an `id` of the caller's the group makes one. */
  openGroup(device: Addr, id: Addr = NULL): Addr {
    const group = id !== NULL ? id : (this.#k.slab.alloc(8) ?? NULL);
    this.add(device, { data: NULL, release: NULL, group });
    return group;
  }
  /** Releases the newest group (or the one named `id`) and all that came after its start. */
  *releaseGroup(device: Addr, id: Addr = NULL): Sleeping<number> {
    const at = this.of(device).findLastIndex(({ group }) => group !== undefined && (id === NULL || group === id));
    return at < 0 ? 0 : yield* this.releaseAll(device, at);
  }
}
const devres = (k: Kernel): Devres => k.get(Devres);
const memory = (k: Kernel, device: Addr, size: number, gfp: number): Addr => {
  const data = kmalloc(k, size, gfp);
  if (data !== NULL) devres(k).add(device, { data, release: NULL });
  return data;
};
const text = (k: Kernel, device: Addr, value: string): Addr => {
  const data = memory(k, device, value.length + 1, __GFP_ZERO);
  if (data !== NULL) k.memory.write(data, fromLatin1(value));
  return data;
};
/** Whether `resource` has this release function and match(dev, data, match_data) takes it. */
function* matching(k: Kernel, device: Addr, release: Addr, match: Addr, matchData: Addr): Sleeping<Resource | undefined> {
  for (const resource of devres(k).of(device).toReversed()) {
    if (resource.release !== release || resource.data === NULL) continue;
    if (match === NULL || (yield* k.callInt(match, device, resource.data, matchData)) !== 0) return resource;
  }
  return undefined;
}
const dev = pointer('struct device *');
const query = { dev, release: voidPtr, match: voidPtr, match_data: voidPtr } as const;
const isAction =
  (fn: Addr, argument: Addr) =>
  ({ action }: Resource): boolean =>
    action?.fn === fn && action.argument === argument;

export const devresApi: KernelApi = kernelApi('drivers/base/devres.c', {
  __devres_alloc_node: kfunc(
    { release: voidPtr, size: size_t, gfp: gfp_t, nid: int, name: cstring },
    voidPtr,
    (k, { release, size, gfp }) => {
      const data = kmalloc(k, size, gfp | __GFP_ZERO);
      if (data !== NULL) devres(k).releases.set(data, release);
      return data;
    },
  ),
  devres_free: kfunc({ res: voidPtr }, nothing, (k, { res }) => {
    if (res === NULL) return;
    devres(k).releases.delete(res);
    k.slab.free(res);
  }),
  devres_add: kfunc({ dev, res: voidPtr }, nothing, (k, { dev: device, res }) => {
    devres(k).add(device, { data: res, release: devres(k).releases.get(res) ?? NULL });
    devres(k).releases.delete(res);
  }),
  devres_find: blocking(query, voidPtr, function* (k, { dev: device, release, match, match_data }) {
    return (yield* matching(k, device, release, match, match_data))?.data ?? NULL;
  }),
  /** Takes it out of the list without a release: the caller frees it. */
  devres_remove: blocking(query, voidPtr, function* (k, { dev: device, release, match, match_data }) {
    const found = yield* matching(k, device, release, match, match_data);
    if (found === undefined) return NULL;
    devres(k).remove(device, found);
    devres(k).releases.set(found.data, found.release);
    return found.data;
  }),
  devres_destroy: blocking(query, int, function* (k, { dev: device, release, match, match_data }) {
    const found = yield* matching(k, device, release, match, match_data);
    if (found === undefined) return -ENOENT;
    devres(k).remove(device, found);
    k.slab.free(found.data);
    return 0;
  }),
  devres_release: blocking(query, int, function* (k, { dev: device, release, match, match_data }) {
    const found = yield* matching(k, device, release, match, match_data);
    if (found === undefined) return -ENOENT;
    devres(k).remove(device, found);
    yield* devres(k).release(device, found);
    return 0;
  }),
  devres_open_group: kfunc({ dev, id: voidPtr, gfp: gfp_t }, voidPtr, (k, { dev: device, id }) => devres(k).openGroup(device, id)),
  devres_close_group: kfunc({ dev, id: voidPtr }, nothing, () => {}),
  devres_remove_group: kfunc({ dev, id: voidPtr }, nothing, (k, { dev: device, id }) => {
    const found = devres(k).find(device, ({ group }) => group !== undefined && (id === NULL || group === id));
    if (found !== undefined) devres(k).remove(device, found);
  }),
  devres_release_group: blocking({ dev, id: voidPtr }, int, (k, { dev: device, id }) => devres(k).releaseGroup(device, id)),
  devm_kmalloc: kfunc({ dev, size: size_t, gfp: gfp_t }, voidPtr, (k, { dev: device, size, gfp }) => memory(k, device, size, gfp)),
  devm_krealloc: kfunc({ dev, ptr: voidPtr, new_size: size_t, gfp: gfp_t }, voidPtr, (k, { dev: device, ptr, new_size, gfp }) => {
    const ZERO_SIZE_PTR = 16;
    const found = ptr === NULL || ptr === ZERO_SIZE_PTR ? undefined : devres(k).find(device, ({ data }) => data === ptr);
    if (new_size === 0) {
      if (found !== undefined) devres(k).remove(device, found);
      if (found !== undefined) k.slab.free(ptr);
      return ZERO_SIZE_PTR;
    }
    if (found === undefined) return ptr === NULL || ptr === ZERO_SIZE_PTR ? memory(k, device, new_size, gfp) : NULL;
    const old = k.slab.allocation(ptr)?.size ?? 0;
    if (new_size <= old) return ptr;
    devres(k).remove(device, found);
    const grown = memory(k, device, new_size, gfp);
    if (grown !== NULL) k.memory.copy(grown, ptr, old);
    k.slab.free(ptr);
    return grown;
  }),
  devm_kfree: kfunc({ dev, p: voidPtr }, nothing, (k, { dev: device, p }) => {
    const found = devres(k).find(device, ({ data }) => data === p && p !== NULL);
    if (found === undefined) return;
    devres(k).remove(device, found);
    k.slab.free(p);
  }),
  devm_kstrdup: kfunc({ dev, s: cstring, gfp: gfp_t }, voidPtr, (k, { dev: device, s }) => text(k, device, s)),
  devm_kstrdup_const: kfunc({ dev, s: cstring, gfp: gfp_t }, voidPtr, (k, { dev: device, s }) => text(k, device, s)),
  devm_kmemdup: kfunc({ dev, src: voidPtr, len: size_t, gfp: gfp_t }, voidPtr, (k, { dev: device, src, len, gfp }) => {
    const data = memory(k, device, len, gfp);
    if (data !== NULL) k.memory.copy(data, src, len);
    return data;
  }),
  devm_kasprintf: variadic({ dev, gfp: gfp_t, fmt: cstring }, voidPtr, (k, { dev: device, fmt, va }) =>
    text(k, device, k.formatter.format(fmt, va)),
  ),
  devm_kvasprintf: kfunc({ dev, gfp: gfp_t, fmt: cstring, ap: pointer('struct __va_list_tag *') }, voidPtr, (k, { dev: device, fmt, ap }) =>
    text(k, device, k.formatter.format(fmt, guestVaList(k.memory, ap))),
  ),
  devm_get_free_pages: kfunc({ dev, gfp_mask: gfp_t, order: uint }, ulongAddr, (k, { dev: device, gfp_mask, order }) =>
    memory(k, device, 4096 << order, gfp_mask),
  ),
  devm_add_action: kfunc({ dev, action: voidPtr, data: voidPtr }, int, (k, { dev: device, action, data }) => {
    devres(k).addAction(device, action, data);
    return 0;
  }),
  devm_remove_action: kfunc({ dev, action: voidPtr, data: voidPtr }, nothing, (k, { dev: device, action, data }) => {
    const found = devres(k).find(device, isAction(action, data));
    if (found !== undefined) devres(k).remove(device, found);
  }),
  devm_release_action: blocking({ dev, action: voidPtr, data: voidPtr }, nothing, function* (k, { dev: device, action, data }) {
    const found = devres(k).find(device, isAction(action, data));
    if (found === undefined) return;
    devres(k).remove(device, found);
    yield* devres(k).release(device, found);
  }),
});
