// Arrays indexed by unsigned long, as radix trees of 64-way nodes in guest memory. Source: lib/xarray.c.
// Inline functions of modules read `xa_head`, `xa_flags` and the slots of nodes: the layout is that of Linux.
import { EBUSY, EINVAL, ENOMEM } from '#abi';
import {
  bool,
  embedded,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  size_t,
  u8,
  u32,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const XArrayStruct = kernelStruct('xarray', { xa_flags: u32, xa_head: voidPtr });
const XaNode = kernelStruct('xa_node', {
  shift: u8,
  offset: u8,
  count: u8,
  nr_values: u8,
  parent: voidPtr,
  array: voidPtr,
  slots: embedded,
  tags: embedded,
});
const CHUNK_SHIFT = 6;
const CHUNK_SIZE = 64;
const NULL = 0;
/** Node pointers carry this tag, so that they differ from entries. */
const INTERNAL = 2;
/** A place that is taken, but holds NULL. */
export const XA_ZERO_ENTRY = Number((257n << 2n) | 2n);
const MARKS = 3;
const XA_PRESENT = 8;
/** xa_flags bit of mark 0: an array has an entry with that mark. */
const FLAG_MARK_SHIFT = 24;
const XA_FLAGS_ALLOC_1 = 1 << 3;
const XA_FLAGS_TRACK_FREE = 1 << 2;

const error = (errno: number): Addr => -errno * 4 + INTERNAL;

type NodeView = ReturnType<Kernel['view']> & { shift: number; offset: number; count: number; parent: Addr; slots: Addr; tags: Addr };

/** Of each array that has given out ids: that no index in [start, end) is free. Linux keeps marks of free indices in the nodes. */
class Taken {
  readonly runs = new Map<Addr, { start: number; end: number }>();
}

/** One array. Indices are numbers: exact to 2^53. */
export class XArray {
  readonly #k: Kernel;
  readonly #array: Addr;
  constructor(k: Kernel, array: Addr) {
    this.#k = k;
    this.#array = array;
  }
  get #struct() {
    return this.#k.view(XArrayStruct, this.#array);
  }
  get #taken() {
    return this.#k.get(Taken).runs;
  }
  #node(entry: Addr): NodeView {
    return this.#k.view(XaNode, entry - INTERNAL) as unknown as NodeView;
  }
  #isNode(entry: Addr): boolean {
    return (entry & 3) === INTERNAL && entry < -4095;
  }
  #slot(node: NodeView, n: number): Addr {
    return node.slots + n * 8;
  }
  #entry(node: NodeView, n: number): Addr {
    return this.#k.memory.ptr(this.#slot(node, n));
  }
  #tag(node: NodeView, mark: number): Addr {
    return node.tags + mark * 8;
  }
  #marked(node: NodeView, n: number, mark: number): boolean {
    return (this.#k.memory.u64(this.#tag(node, mark)) >> BigInt(n)) % 2n === 1n;
  }
  #setTag(node: NodeView, n: number, mark: number, on: boolean): void {
    const at = this.#tag(node, mark);
    const bit = 1n << BigInt(n);
    const old = this.#k.memory.u64(at);
    this.#k.memory.setU64(at, on ? old | bit : old & ~bit);
  }
  /** The largest index that a tree with this head can hold. */
  #capacity(head: Addr): number {
    return this.#isNode(head) ? 2 ** (this.#node(head).shift + CHUNK_SHIFT) - 1 : 0;
  }
  #newNode(shift: number, parent: Addr, offset: number): Addr {
    const size = this.#k.layouts.sizeOf('xa_node');
    const address = this.#k.slab.alloc(size);
    if (address === undefined) return NULL;
    this.#k.memory.fill(address, 0, size);
    const node = this.#k.view(XaNode, address);
    node.shift = shift;
    node.parent = parent;
    node.offset = offset;
    node.array = this.#array;
    return address + INTERNAL;
  }
  /** The path from the head down to `index`: the leaf node and its slot number; undefined when there is none. */
  #find(index: number): { node: NodeView; n: number } | undefined {
    let entry = this.#struct.xa_head;
    if (!this.#isNode(entry) || index > this.#capacity(entry)) return undefined;
    for (;;) {
      const node = this.#node(entry);
      const n = Math.floor(index / 2 ** node.shift) % CHUNK_SIZE;
      if (node.shift === 0) return { node, n };
      entry = this.#entry(node, n);
      if (!this.#isNode(entry)) return undefined;
    }
  }
  load(index: number): Addr {
    const head = this.#struct.xa_head;
    if (!this.#isNode(head)) return index === 0 ? head : NULL;
    const place = this.#find(index);
    return place === undefined ? NULL : this.#entry(place.node, place.n);
  }
  /** Stores; the old entry, or undefined when there was no memory. Storing NULL erases. */
  store(index: number, entry: Addr): Addr | undefined {
    const struct = this.#struct;
    const head = struct.xa_head;
    // Inline functions empty an array by its head.
    if (head === NULL) this.#taken.delete(this.#array);
    if (index === 0 && !this.#isNode(head)) {
      struct.xa_head = entry;
      return head;
    }
    if (entry === NULL) return this.#erase(index);
    let top = head;
    while (!this.#isNode(top) || index > this.#capacity(top)) {
      const shift = this.#isNode(top) ? this.#node(top).shift + CHUNK_SHIFT : 0;
      const grown = this.#newNode(shift, NULL, 0);
      if (grown === NULL) return undefined;
      if (top !== NULL) this.#attach(grown, 0, top);
      struct.xa_head = top = grown;
    }
    for (;;) {
      const node = this.#node(top);
      const n = Math.floor(index / 2 ** node.shift) % CHUNK_SIZE;
      const old = this.#entry(node, n);
      if (node.shift === 0) {
        if (old === NULL) node.count += 1;
        this.#k.memory.setPtr(this.#slot(node, n), entry);
        return old;
      }
      if (old === NULL) {
        const child = this.#newNode(node.shift - CHUNK_SHIFT, top - INTERNAL, n);
        if (child === NULL) return undefined;
        this.#attach(top, n, child);
      }
      top = this.#entry(node, n);
    }
  }
  /** Hangs an entry or a node into a node, with the marks that the whole has. */
  #attach(parent: Addr, n: number, entry: Addr): void {
    const node = this.#node(parent);
    this.#k.memory.setPtr(this.#slot(node, n), entry);
    node.count += 1;
    if (!this.#isNode(entry)) {
      for (let mark = 0; mark < MARKS; mark++) this.#setTag(node, n, mark, (this.#struct.xa_flags & (1 << (FLAG_MARK_SHIFT + mark))) !== 0);
      return;
    }
    const child = this.#node(entry);
    child.parent = parent - INTERNAL;
    child.offset = n;
    for (let mark = 0; mark < MARKS; mark++) this.#setTag(node, n, mark, this.#k.memory.u64(this.#tag(child, mark)) !== 0n);
  }
  #erase(index: number): Addr {
    const place = this.#find(index);
    if (place === undefined) return NULL;
    const old = this.#entry(place.node, place.n);
    if (old === NULL) return NULL;
    const run = this.#taken.get(this.#array);
    if (run !== undefined && index >= run.start && index < run.end) run.end = index;
    for (let mark = 0; mark < MARKS; mark++) this.setMark(index, mark, false);
    this.#k.memory.setPtr(this.#slot(place.node, place.n), NULL);
    place.node.count -= 1;
    this.#prune(place.node);
    return old;
  }
  /** Frees empty nodes upwards, and takes tops away whose only entry is at 0. */
  #prune(from: NodeView): void {
    const struct = this.#struct;
    let node = from;
    while (node.count === 0) {
      const { parent, offset } = node;
      const address = (node as unknown as { addr: Addr }).addr;
      this.#k.slab.free(address);
      if (parent === NULL) {
        struct.xa_head = NULL;
        return;
      }
      node = this.#node(parent + INTERNAL);
      this.#k.memory.setPtr(this.#slot(node, offset), NULL);
      node.count -= 1;
    }
    for (let head = struct.xa_head; this.#isNode(head); head = struct.xa_head) {
      const top = this.#node(head);
      const first = this.#entry(top, 0);
      if (top.count !== 1 || first === NULL) return;
      if (!this.#isNode(first) && top.shift !== 0) return;
      if (this.#isNode(first)) this.#node(first).parent = NULL;
      struct.xa_head = first;
      this.#k.slab.free(head - INTERNAL);
    }
  }
  getMark(index: number, mark: number): boolean {
    if (!this.#isNode(this.#struct.xa_head)) {
      return index === 0 && this.#struct.xa_head !== NULL && (this.#struct.xa_flags & (1 << (FLAG_MARK_SHIFT + mark))) !== 0;
    }
    const place = this.#find(index);
    return place !== undefined && this.#marked(place.node, place.n, mark);
  }
  /** Sets or clears a mark of an entry, and keeps the marks above it true. */
  setMark(index: number, mark: number, on: boolean): void {
    const struct = this.#struct;
    const flag = 1 << (FLAG_MARK_SHIFT + mark);
    const setFlag = (value: boolean): void => {
      struct.xa_flags = value ? struct.xa_flags | flag : struct.xa_flags & ~flag;
    };
    if (!this.#isNode(struct.xa_head)) {
      if (index === 0 && struct.xa_head !== NULL) setFlag(on);
      return;
    }
    const place = this.#find(index);
    if (place === undefined || this.#entry(place.node, place.n) === NULL) return;
    this.#setTag(place.node, place.n, mark, on);
    let { node } = place;
    for (;;) {
      const any = this.#k.memory.u64(this.#tag(node, mark)) !== 0n;
      if (node.parent === NULL) {
        setFlag(any);
        return;
      }
      const parent = this.#node(node.parent + INTERNAL);
      this.#setTag(parent, node.offset, mark, any);
      node = parent;
    }
  }
  /** The first entry at `from` or later (at most `max`) that has `mark` (XA_PRESENT: any). */
  next(from: number, max: number, mark: number): { index: number; entry: Addr } | undefined {
    const head = this.#struct.xa_head;
    if (!this.#isNode(head)) {
      const wanted = head !== NULL && (mark === XA_PRESENT || this.getMark(0, mark));
      return from === 0 && wanted ? { index: 0, entry: head } : undefined;
    }
    return this.#nextIn(head, 0, from, Math.min(max, this.#capacity(head)), mark);
  }
  /** All entries at `from` or later, each looked for when the one before is done with: they may come and go meanwhile. */
  *present(from: number, max: number): Generator<{ index: number; entry: Addr }, void> {
    for (let found = this.next(from, max, XA_PRESENT); found !== undefined; found = this.next(found.index + 1, max, XA_PRESENT))
      yield found;
  }
  #nextIn(entry: Addr, base: number, from: number, max: number, mark: number): { index: number; entry: Addr } | undefined {
    const node = this.#node(entry);
    const span = 2 ** node.shift;
    for (let n = Math.max(0, Math.floor((from - base) / span)); n < CHUNK_SIZE; n++) {
      const index = base + n * span;
      if (index > max) return undefined;
      const child = this.#entry(node, n);
      if (child === NULL || (mark !== XA_PRESENT && !this.#marked(node, n, mark))) continue;
      if (node.shift === 0) return { index, entry: child };
      const found = this.#nextIn(child, index, Math.max(from, index), max, mark);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** The first free index in [min, max], or undefined. */
  firstFree(min: number, max: number): number | undefined {
    if (this.#struct.xa_head === NULL) this.#taken.delete(this.#array);
    const known = this.#taken.get(this.#array);
    const run = known !== undefined && min >= known.start && min <= known.end ? known : { start: min, end: min };
    this.#taken.set(this.#array, run);
    let index = run.end;
    while (index <= max && this.load(index) !== NULL) index++;
    run.end = index;
    return index <= max ? index : undefined;
  }
  /** Frees every node; the entries belong to the caller. */
  clear(): void {
    const free = (entry: Addr): void => {
      if (!this.#isNode(entry)) return;
      const node = this.#node(entry);
      for (let n = 0; n < CHUNK_SIZE; n++) free(this.#entry(node, n));
      this.#k.slab.free(entry - INTERNAL);
    };
    const struct = this.#struct;
    free(struct.xa_head);
    struct.xa_head = NULL;
    for (let mark = 0; mark < MARKS; mark++) {
      const tracksFree = mark === 0 && (struct.xa_flags & XA_FLAGS_TRACK_FREE) !== 0;
      if (!tracksFree) struct.xa_flags &= ~(1 << (FLAG_MARK_SHIFT + mark));
    }
  }
}
/** What a normal load shows of an entry: reserved ones look empty. */
export const shown = (entry: Addr): Addr => (entry === XA_ZERO_ENTRY ? NULL : entry);
const xa = pointer('struct xarray *');
const index = size_t;
const entry = voidPtr;
const mark = uint;
/** The array at an address. */
export const at = (k: Kernel, array: Addr): XArray => new XArray(k, array);

const store = kfunc({ xa, index, entry, gfp: gfp_t }, voidPtr, (k, { xa: array, index: n, entry: value }) => {
  // An array that gives out ids keeps a place for NULL: it is reserved, not free.
  const tracksFree = (k.view(XArrayStruct, array).xa_flags & XA_FLAGS_TRACK_FREE) !== 0;
  const old = at(k, array).store(n, value === NULL && tracksFree ? XA_ZERO_ENTRY : value);
  return old === undefined ? error(ENOMEM) : shown(old);
});
const erase = kfunc({ xa, index }, voidPtr, (k, { xa: array, index: n }) => shown(at(k, array).store(n, NULL) ?? NULL));
const marking = (on: boolean) =>
  kfunc({ xa, index, mark }, nothing, (k, { xa: array, index: n, mark: which }) => at(k, array).setMark(n, which, on));
const finding = (skip: number) =>
  kfunc({ xa, indexp: voidPtr, max: size_t, filter: mark }, voidPtr, (k, { xa: array, indexp, max, filter }) => {
    const from = k.memory.u64n(indexp) + skip;
    const found = from > max ? undefined : at(k, array).next(from, max, filter);
    if (found === undefined) return NULL;
    k.memory.setPtr(indexp, found.index);
    return shown(found.entry);
  });
/** struct xa_limit by value: max in the low half, min in the high one. */
interface Limit {
  readonly min: number;
  readonly max: number;
}
const limit = {
  name: 'struct xa_limit',
  bytes: 8 as const,
  fromSlot: (view: DataView, slot: number): Limit => ({ max: view.getUint32(slot, true), min: view.getUint32(slot + 4, true) }),
  toSlot: () => undefined,
  load: (): Limit => ({ min: 0, max: 0 }),
  store: () => undefined,
};
function allocate(k: Kernel, array: Addr, from: number, range: Limit, value: Addr): number {
  const xarray = at(k, array);
  const first = Math.max(from, (k.view(XArrayStruct, array).xa_flags & XA_FLAGS_ALLOC_1) !== 0 ? 1 : 0);
  const id = xarray.firstFree(first, range.max);
  if (id === undefined) return -EBUSY;
  return xarray.store(id, value === NULL ? XA_ZERO_ENTRY : value) === undefined ? -ENOMEM : id;
}
const NO_MULTI = 'entries of one index only; the free mark of id arrays is not kept in the nodes';

export const xarrayApi: KernelApi = kernelApi('lib/xarray.c', {
  xa_load: kfunc({ xa, index }, voidPtr, (k, { xa: array, index: n }) => shown(at(k, array).load(n))),
  xa_store: partial(NO_MULTI, store),
  __xa_store: partial(NO_MULTI, store),
  xa_store_range: partial(
    'the range holds one entry an index, not one entry that spans it',
    kfunc({ xa, first: ulongAddr, last: ulongAddr, entry, gfp: gfp_t }, voidPtr, (k, { xa: array, first, last, entry: value }) => {
      if (first > last) return error(EINVAL);
      for (let n = first; n <= last; n++) if (at(k, array).store(n, value) === undefined) return error(ENOMEM);
      return NULL;
    }),
  ),
  xa_erase: erase,
  __xa_erase: erase,
  __xa_insert: kfunc({ xa, index, entry, gfp: gfp_t }, int, (k, { xa: array, index: n, entry: value }) => {
    if (at(k, array).load(n) !== NULL) return -EBUSY;
    return at(k, array).store(n, value === NULL ? XA_ZERO_ENTRY : value) === undefined ? -ENOMEM : 0;
  }),
  __xa_cmpxchg: kfunc({ xa, index, old: entry, entry, gfp: gfp_t }, voidPtr, (k, { xa: array, index: n, old, entry: value }) => {
    const now = shown(at(k, array).load(n));
    if (now === old && at(k, array).store(n, value) === undefined) return error(ENOMEM);
    return now;
  }),
  __xa_alloc: kfunc({ xa, id: voidPtr, entry, limit, gfp: gfp_t }, int, (k, { xa: array, id, entry: value, limit: range }) => {
    if ((k.view(XArrayStruct, array).xa_flags & XA_FLAGS_TRACK_FREE) === 0) return -EINVAL;
    const got = allocate(k, array, range.min, range, value);
    if (got < 0) return got;
    k.memory.setU32(id, got);
    return 0;
  }),
  __xa_alloc_cyclic: kfunc(
    { xa, id: voidPtr, entry, limit, next: voidPtr, gfp: gfp_t },
    int,
    (k, { xa: array, id, entry: value, limit: range, next }) => {
      const start = Math.max(range.min, k.memory.u32(next));
      let got = allocate(k, array, start, range, value);
      const wrapped = got < 0 && start > range.min;
      if (wrapped) got = allocate(k, array, range.min, range, value);
      if (got < 0) return got;
      k.memory.setU32(id, got);
      k.memory.setU32(next, got + 1);
      return wrapped ? 1 : 0;
    },
  ),
  xa_find: finding(0),
  xa_find_after: finding(1),
  xa_get_mark: kfunc({ xa, index, mark }, bool, (k, { xa: array, index: n, mark: which }) => at(k, array).getMark(n, which)),
  xa_set_mark: marking(true),
  __xa_set_mark: marking(true),
  xa_clear_mark: marking(false),
  __xa_clear_mark: marking(false),
  xa_destroy: kfunc({ xa }, nothing, (k, { xa: array }) => at(k, array).clear()),
});
