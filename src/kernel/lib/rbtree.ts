// Red-black trees in guest memory. Source: lib/rbtree.c, include/linux/rbtree*.h; the algorithm: CLRS 13.
import { blocking, type KernelApi, kernelApi, kfunc, nothing, pointer, type Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const RIGHT = 8;
const LEFT = 16;
const BLACK = 1;
const NULL = 0;
const other = (side: number): number => (side === LEFT ? RIGHT : LEFT);

/** One tree: links of nodes in guest memory; the colour is bit 0 of the parent link. */
class Tree {
  readonly #k: Kernel;
  readonly #root: Addr;
  /** Augmented trees: called after each rotation with the old and the new top. */
  readonly #rotated: (old: Addr, top: Addr) => Sleeping<void>;
  constructor(k: Kernel, root: Addr, rotated: (old: Addr, top: Addr) => Sleeping<void> = () => [].values() as never) {
    this.#k = k;
    this.#root = root;
    this.#rotated = rotated;
  }
  #word(node: Addr): Addr {
    return this.#k.memory.ptr(node);
  }
  parent(node: Addr): Addr {
    const word = this.#word(node);
    return word - (word & 3);
  }
  black(node: Addr): boolean {
    return node === NULL || (this.#word(node) & BLACK) !== 0;
  }
  child(node: Addr, side: number): Addr {
    return this.#k.memory.ptr(node + side);
  }
  setChild(node: Addr, side: number, child: Addr): void {
    this.#k.memory.setPtr(node + side, child);
  }
  setParent(node: Addr, parent: Addr): void {
    this.#k.memory.setPtr(node, parent + (this.#word(node) & BLACK));
  }
  paint(node: Addr, black: boolean): void {
    this.#k.memory.setPtr(node, this.parent(node) + (black ? BLACK : 0));
  }
  get root(): Addr {
    return this.#k.memory.ptr(this.#root);
  }
  sideOf(node: Addr, parent: Addr): number {
    return this.child(parent, LEFT) === node ? LEFT : RIGHT;
  }
  /** Lets `parent` (or the root) point at `node` where it pointed at `old`. */
  relink(old: Addr, node: Addr, parent: Addr): void {
    if (parent === NULL) this.#k.memory.setPtr(this.#root, node);
    else this.setChild(parent, this.sideOf(old, parent), node);
  }
  /** Turns `node` down to `side`; its other child comes up. */
  *rotate(node: Addr, side: number): Sleeping<void> {
    const up = this.child(node, other(side));
    const inner = this.child(up, side);
    const parent = this.parent(node);
    this.setChild(node, other(side), inner);
    if (inner !== NULL) this.setParent(inner, node);
    this.relink(node, up, parent);
    this.setParent(up, parent);
    this.setChild(up, side, node);
    this.setParent(node, up);
    yield* this.#rotated(node, up);
  }
  /** After rb_link_node(): the new red node may have a red parent. */
  *insert(added: Addr): Sleeping<void> {
    let node = added;
    for (let parent = this.parent(node); parent !== NULL && !this.black(parent); parent = this.parent(node)) {
      const grand = this.parent(parent);
      const side = this.sideOf(parent, grand);
      const uncle = this.child(grand, other(side));
      if (!this.black(uncle)) {
        this.paint(parent, true);
        this.paint(uncle, true);
        this.paint(grand, false);
        node = grand;
        continue;
      }
      if (this.child(parent, other(side)) === node) {
        node = parent;
        yield* this.rotate(parent, side);
        parent = this.parent(node);
      }
      this.paint(parent, true);
      this.paint(grand, false);
      yield* this.rotate(grand, other(side));
    }
    this.paint(this.root, true);
  }
  /** Takes `node` out. */
  *erase(node: Addr): Sleeping<void> {
    const left = this.child(node, LEFT);
    const right = this.child(node, RIGHT);
    let lostBlack = this.black(node);
    let parent = this.parent(node);
    let child: Addr;
    if (left === NULL || right === NULL) {
      child = left === NULL ? right : left;
      this.relink(node, child, parent);
      if (child !== NULL) this.setParent(child, parent);
    } else {
      let successor = right;
      while (this.child(successor, LEFT) !== NULL) successor = this.child(successor, LEFT);
      lostBlack = this.black(successor);
      child = this.child(successor, RIGHT);
      const above = this.parent(successor);
      const blackNode = this.black(node);
      if (above === node) parent = successor;
      else {
        parent = above;
        this.setChild(above, LEFT, child);
        if (child !== NULL) this.setParent(child, above);
        this.setChild(successor, RIGHT, right);
        this.setParent(right, successor);
      }
      this.setChild(successor, LEFT, left);
      this.setParent(left, successor);
      this.relink(node, successor, this.parent(node));
      this.setParent(successor, this.parent(node));
      this.paint(successor, blackNode);
    }
    if (!lostBlack) return;
    if (!this.black(child)) this.paint(child, true);
    else if (parent !== NULL) yield* this.rebalance(child, parent);
  }
  /** `child` (perhaps NULL) under `parent` has one black node too few below it. */
  *rebalance(start: Addr, above: Addr): Sleeping<void> {
    let node = start;
    let parent = above;
    while (parent !== NULL && this.black(node)) {
      const side = this.child(parent, LEFT) === node ? LEFT : RIGHT;
      let sibling = this.child(parent, other(side));
      if (!this.black(sibling)) {
        this.paint(sibling, true);
        this.paint(parent, false);
        yield* this.rotate(parent, side);
        sibling = this.child(parent, other(side));
      }
      if (this.black(this.child(sibling, LEFT)) && this.black(this.child(sibling, RIGHT))) {
        this.paint(sibling, false);
        node = parent;
        parent = this.parent(node);
        continue;
      }
      if (this.black(this.child(sibling, other(side)))) {
        this.paint(this.child(sibling, side), true);
        this.paint(sibling, false);
        yield* this.rotate(sibling, other(side));
        sibling = this.child(parent, other(side));
      }
      this.paint(sibling, this.black(parent));
      this.paint(parent, true);
      this.paint(this.child(sibling, other(side)), true);
      yield* this.rotate(parent, side);
      return;
    }
    if (node !== NULL) this.paint(node, true);
  }
  /** The node furthest to `side`. */
  extreme(side: number): Addr {
    let node = this.root;
    while (node !== NULL && this.child(node, side) !== NULL) node = this.child(node, side);
    return node;
  }
  /** The neighbour of `node` in order, towards `side`; NULL at the end or when the node is in no tree. */
  neighbour(node: Addr, side: number): Addr {
    if (this.parent(node) === node) return NULL;
    let at = this.child(node, side);
    if (at !== NULL) {
      while (this.child(at, other(side)) !== NULL) at = this.child(at, other(side));
      return at;
    }
    at = node;
    let parent = this.parent(at);
    while (parent !== NULL && this.child(parent, side) === at) {
      at = parent;
      parent = this.parent(at);
    }
    return parent;
  }
  /** Down from `node` to the first in postorder. */
  deepest(start: Addr): Addr {
    let node = start;
    for (;;) {
      const next = this.child(node, LEFT) || this.child(node, RIGHT);
      if (next === NULL) return node;
      node = next;
    }
  }
}
const node = pointer('struct rb_node *');
const root = pointer('struct rb_root *');
const NO_ROOT = 0;
const augmented =
  (k: Kernel, rotate: Addr) =>
  (old: Addr, top: Addr): Sleeping<void> =>
    callRotate(k, rotate, old, top);
function* callRotate(k: Kernel, rotate: Addr, old: Addr, top: Addr): Sleeping<void> {
  yield* k.call(rotate, old, top);
}

export const rbtreeApi: KernelApi = kernelApi('lib/rbtree.c', {
  rb_insert_color: blocking({ node, root }, nothing, (k, { node: added, root: at }) => new Tree(k, at).insert(added)),
  rb_erase: blocking({ node, root }, nothing, (k, { node: gone, root: at }) => new Tree(k, at).erase(gone)),
  __rb_insert_augmented: blocking(
    { node, root, augment_rotate: pointer('fn *') },
    nothing,
    (k, { node: added, root: at, augment_rotate }) => new Tree(k, at, augmented(k, augment_rotate)).insert(added),
  ),
  __rb_erase_color: blocking({ parent: node, root, augment_rotate: pointer('fn *') }, nothing, (k, { parent, root: at, augment_rotate }) =>
    new Tree(k, at, augmented(k, augment_rotate)).rebalance(NULL, parent),
  ),
  rb_first: kfunc({ root }, node, (k, { root: at }) => new Tree(k, at).extreme(LEFT)),
  rb_last: kfunc({ root }, node, (k, { root: at }) => new Tree(k, at).extreme(RIGHT)),
  rb_next: kfunc({ node }, node, (k, { node: at }) => new Tree(k, NO_ROOT).neighbour(at, RIGHT)),
  rb_prev: kfunc({ node }, node, (k, { node: at }) => new Tree(k, NO_ROOT).neighbour(at, LEFT)),
  rb_replace_node: kfunc({ victim: node, new: node, root }, nothing, (k, { victim, new: fresh, root: at }) => {
    const tree = new Tree(k, at);
    k.memory.copy(fresh, victim, 24);
    for (const side of [LEFT, RIGHT]) if (tree.child(victim, side) !== NULL) tree.setParent(tree.child(victim, side), fresh);
    tree.relink(victim, fresh, tree.parent(victim));
  }),
  rb_first_postorder: kfunc({ root }, node, (k, { root: at }) => {
    const tree = new Tree(k, at);
    return tree.root === NULL ? NULL : tree.deepest(tree.root);
  }),
  rb_next_postorder: kfunc({ node }, node, (k, { node: at }) => {
    const tree = new Tree(k, NO_ROOT);
    if (at === NULL) return NULL;
    const parent = tree.parent(at);
    const right = parent === NULL ? NULL : tree.child(parent, RIGHT);
    return parent !== NULL && tree.child(parent, LEFT) === at && right !== NULL ? tree.deepest(right) : parent;
  }),
});
