// I/O ports and memory: who has claimed which range. The trees are guest structs, which modules read. Source: kernel/resource.c.
import { EBUSY } from '#abi';
import {
  blocking,
  cstring,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  ptr,
  type Sleeping,
  type StructView,
  u64,
  ulongAddr,
  voidPtr,
} from './api/index.ts';
import { Devres } from './drivers/base/devres.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { iomem, ioports } from './q35.generated.ts';

const ResourceStruct = kernelStruct('resource', {
  start: u64,
  end: u64,
  name: voidPtr,
  flags: ulongAddr,
  parent: voidPtr,
  sibling: voidPtr,
  child: voidPtr,
});
type Resource = StructView<typeof ResourceStruct.fields>;
// include/linux/ioport.h.
const IORESOURCE_IO = 0x100;
const IORESOURCE_MEM = 0x200;
const IORESOURCE_TYPE_BITS = 0x1f00;
const IORESOURCE_BUSY = 2 ** 31;
const NULL = 0;
/** What firmware and bus bridges say of a range does not stand in a driver's way; a driver's claim does. */
const NOT_BUSY = /^(PCI Bus|[0-9a-f]{4}:[0-9a-f]{2}:|QEMU|PNP|pnp|Reserved)/;

export class Resources {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    this.#k = k;
  }
  at(address: Addr): Resource {
    return this.#k.view(ResourceStruct, address);
  }
  /** /proc/ioports and /proc/iomem. */
  procText(root: 'ioport_resource' | 'iomem_resource'): string {
    return this.#text(this.at(this.#k.symbols.require(root)).child, '', root === 'ioport_resource' ? 4 : 8);
  }
  #text(first: Addr, indent: string, digits: number): string {
    let text = '';
    for (let address = first; address !== NULL; address = this.at(address).sibling) {
      const { start, end, name, child } = this.at(address);
      const hex = (value: bigint): string => value.toString(16).padStart(digits, '0');
      text += `${indent}${hex(start)}-${hex(end)} : ${name === NULL ? '<BAD>' : this.#k.memory.cstring(name)}\n`;
      text += this.#text(child, `${indent}  `, digits);
    }
    return text;
  }
  make(start: bigint, end: bigint, name: Addr, flags: number): Addr {
    const k = this.#k;
    const size = k.layouts.sizeOf('resource');
    const address = k.slab.alloc(size) ?? NULL;
    if (address === NULL) return NULL;
    k.memory.fill(address, 0, size);
    const resource = this.at(address);
    resource.start = start;
    resource.end = end;
    resource.name = name;
    resource.flags = flags;
    return address;
  }
  /** What the machine itself has claimed: lines of /proc/ioports or /proc/iomem, indented by depth. */
  fill(root: Addr, lines: readonly string[], type: number): void {
    const parents: Addr[] = [root];
    for (const line of lines) {
      const found = /^( *)([0-9a-f]+)-([0-9a-f]+) : (.*)$/.exec(line);
      if (found === null) throw new Error(`not a line of a resource tree: ${line}`);
      const [, indent = '', start = '', end = '', name = ''] = found;
      const depth = indent.length / 2;
      const flags = type + (NOT_BUSY.test(name) ? 0 : IORESOURCE_BUSY);
      const address = this.make(BigInt(`0x${start}`), BigInt(`0x${end}`), this.#k.cstringAlloc(name), flags);
      this.request(parents[depth] as Addr, address);
      parents[depth + 1] = address;
    }
  }
  /** Puts `address` below `root`. Gives what is in the way: a sibling, or `root` when it does not fit; NULL when it is in. */
  request(root: Addr, address: Addr): Addr {
    const resource = this.at(address);
    const parent = this.at(root);
    if (resource.end < resource.start || resource.start < parent.start || resource.end > parent.end) return root;
    let before = NULL;
    for (let next = parent.child; ; next = this.at(next).sibling) {
      if (next === NULL || this.at(next).start > resource.end) {
        resource.sibling = next;
        if (before === NULL) parent.child = address;
        else this.at(before).sibling = address;
        resource.parent = root;
        return NULL;
      }
      if (this.at(next).end >= resource.start) return next;
      before = next;
    }
  }
  /** Takes it out; its children stay with it. Whether it was in the tree. */
  release(address: Addr): boolean {
    const resource = this.at(address);
    if (resource.parent === NULL) return false;
    const parent = this.at(resource.parent);
    if (parent.child === address) parent.child = resource.sibling;
    else {
      let before = parent.child;
      while (before !== NULL && this.at(before).sibling !== address) before = this.at(before).sibling;
      if (before === NULL) return false;
      this.at(before).sibling = resource.sibling;
    }
    resource.parent = NULL;
    return true;
  }
  /** request_region(): below the smallest range that is not busy itself. Gives the new resource, or NULL. */
  requestRegion(root: Addr, start: bigint, size: bigint, name: Addr, flags: number): Addr {
    let parent = root;
    const address = this.make(start, start + size - 1n, name, (this.at(root).flags & IORESOURCE_TYPE_BITS) + IORESOURCE_BUSY + flags);
    for (;;) {
      const conflict = this.request(parent, address);
      if (conflict === NULL) return address;
      if (conflict !== parent && !isBusy(this.at(conflict))) {
        parent = conflict;
        continue;
      }
      this.#k.slab.free(address);
      return NULL;
    }
  }
  releaseRegion(root: Addr, start: bigint, size: bigint): void {
    const end = start + size - 1n;
    let address = this.at(root).child;
    while (address !== NULL) {
      const resource = this.at(address);
      if (resource.start > start || resource.end < end) {
        address = resource.sibling;
        continue;
      }
      if (!isBusy(resource)) {
        address = resource.child;
        continue;
      }
      if (resource.start !== start || resource.end !== end) break;
      this.release(address);
      this.#k.slab.free(address);
      return;
    }
    const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;
    this.#k.log.print('warning', `resource: Trying to free nonexistent resource <${hex(start)}-${hex(end)}>`);
  }
  /** The lowest aligned hole of `size` in [min, max] below `root`, or undefined. */
  findHole(root: Addr, size: bigint, min: bigint, max: bigint, alignment: bigint): bigint | undefined {
    const step = alignment < 1n ? 1n : alignment;
    const up = (value: bigint): bigint => ((value + step - 1n) / step) * step;
    const parent = this.at(root);
    let start = up(parent.start > min ? parent.start : min);
    for (let next = parent.child; next !== NULL; next = this.at(next).sibling) {
      const { start: taken, end } = this.at(next);
      if (start + size <= taken) break;
      if (up(end + 1n) > start) start = up(end + 1n);
    }
    const last = parent.end < max ? parent.end : max;
    return start + size - 1n <= last ? start : undefined;
  }
}
const isBusy = (resource: Resource): boolean => resource.flags >= IORESOURCE_BUSY;
const resources = (k: Kernel): Resources => k.get(Resources);

function initRoot(k: Kernel, address: Addr, name: string, flags: number, lines: readonly string[]): void {
  const root = k.view(ResourceStruct, address);
  root.end = flags === IORESOURCE_IO ? 0xffffn : (1n << 52n) - 1n;
  root.name = k.cstringAlloc(name);
  root.flags = flags;
  resources(k).fill(address, lines, flags);
}
const resource = pointer('struct resource *');
const dev = pointer('struct device *');
const region = { parent: resource, start: u64, n: u64 } as const;

export const resourceApi: KernelApi = kernelApi('kernel/resource.c', {
  ioport_resource: kdata((k, address) => initRoot(k, address, 'PCI IO', IORESOURCE_IO, ioports)),
  iomem_resource: kdata((k, address) => initRoot(k, address, 'PCI mem', IORESOURCE_MEM, iomem)),
  request_resource: kfunc({ root: resource, new: resource }, int, (k, { root, new: address }) =>
    resources(k).request(root, address) === NULL ? 0 : -EBUSY,
  ),
  release_resource: kfunc({ old: resource }, int, (k, { old }) => (resources(k).release(old) ? 0 : -22)),
  insert_resource: partial(
    'what it would contain is in its way',
    kfunc({ parent: resource, new: resource }, int, (k, { parent, new: address }) => {
      let within = parent;
      for (;;) {
        const conflict = resources(k).request(within, address);
        if (conflict === NULL) return 0;
        const wider = resources(k).at(conflict);
        const { start, end } = resources(k).at(address);
        if (conflict === within || wider.start > start || wider.end < end) return -EBUSY;
        within = conflict;
      }
    }),
  ),
  remove_resource: kfunc({ old: resource }, int, (k, { old }) => (resources(k).release(old) ? 0 : -22)),
  allocate_resource: partial(
    'alignf is not called',
    kfunc(
      { root: resource, new: ptr(ResourceStruct), size: u64, min: u64, max: u64, align: u64, alignf: voidPtr, alignf_data: voidPtr },
      int,
      (k, { root, new: wanted, size, min, max, align }) => {
        const start = resources(k).findHole(root, size, min, max, align);
        if (start === undefined) return -EBUSY;
        wanted.start = start;
        wanted.end = start + size - 1n;
        return resources(k).request(root, wanted.addr) === NULL ? 0 : -EBUSY;
      },
    ),
  ),
  __request_region: partial(
    'IORESOURCE_MUXED does not wait',
    kfunc({ ...region, name: voidPtr, flags: int }, resource, (k, { parent, start, n, name, flags }) =>
      resources(k).requestRegion(parent, start, n, name, flags),
    ),
  ),
  __release_region: kfunc(region, nothing, (k, { parent, start, n }) => resources(k).releaseRegion(parent, start, n)),
  __devm_request_region: kfunc({ dev, ...region, name: cstring }, resource, (k, { dev: device, parent, start, n, name }) => {
    const address = resources(k).requestRegion(parent, start, n, k.cstringAlloc(name), 0);
    if (address !== NULL) k.get(Devres).addUndo(device, address, () => resources(k).releaseRegion(parent, start, n));
    return address;
  }),
  __devm_release_region: blocking({ dev, ...region }, nothing, function* (k, { dev: device, parent, start, n }): Sleeping<void> {
    const found = resources(k);
    const key = [...childrenOf(found, parent)].find(
      (address) => found.at(address).start === start && found.at(address).end === start + n - 1n,
    );
    if (key === undefined || !(yield* k.get(Devres).undo(device, key))) found.releaseRegion(parent, start, n);
  }),
});
function* childrenOf(all: Resources, root: Addr): Generator<Addr> {
  for (let address = all.at(root).child; address !== NULL; address = all.at(address).sibling) {
    yield address;
    yield* childrenOf(all, address);
  }
}
