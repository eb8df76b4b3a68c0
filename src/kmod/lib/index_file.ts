// The binary indexes (modules.*.bin): a radix tree over 7-bit characters. Source: kmod.md 3, "Binary index"; layout of kmod 30
// (children before their parent, the root last).
import { matches, mayMatch } from './names.ts';

const MAGIC = 0xb007f457;
const VERSION = 0x00020001;
const HEADER_SIZE = 12;
const HAS_PREFIX = 0x80000000;
const HAS_VALUES = 0x40000000;
const HAS_CHILDREN = 0x20000000;
const OFFSET = 0x0fffffff;

interface Value {
  readonly priority: number;
  readonly text: string;
}
class Node {
  prefix: string;
  values: Value[] = [];
  children = new Map<number, Node>();
  constructor(prefix: string) {
    this.prefix = prefix;
  }
}

export class IndexWriter {
  readonly #root = new Node('');
  /** Keys go in in the order in which equal ones shall stand: the latest first. */
  insert(key: string, text: string, priority: number): void {
    let node = this.#root;
    let at = 0;
    for (;;) {
      let same = 0;
      while (same < node.prefix.length && node.prefix[same] === key[at + same]) same++;
      if (same < node.prefix.length) {
        // The node keeps what is common; its old self becomes a child.
        const rest = new Node(node.prefix.slice(same + 1));
        rest.values = node.values;
        rest.children = node.children;
        node.children = new Map([[node.prefix.charCodeAt(same), rest]]);
        node.values = [];
        node.prefix = node.prefix.slice(0, same);
      }
      at += same;
      if (at === key.length) break;
      const character = key.charCodeAt(at);
      let child = node.children.get(character);
      if (child === undefined) {
        child = new Node(key.slice(at + 1));
        node.children.set(character, child);
        node = child;
        break;
      }
      node = child;
      at++;
    }
    const place = node.values.findIndex((value) => value.priority >= priority);
    node.values.splice(place < 0 ? node.values.length : place, 0, { priority, text });
  }
  bytes(): Uint8Array {
    const out: number[] = [];
    const u32 = (value: number): void => {
      out.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
    };
    const string = (text: string): void => {
      for (let n = 0; n < text.length; n++) out.push(text.charCodeAt(n));
      out.push(0);
    };
    u32(MAGIC);
    u32(VERSION);
    u32(0);
    const write = (node: Node): number => {
      const characters = [...node.children.keys()].sort((a, b) => a - b);
      const first = characters[0] ?? 0;
      const last = characters.at(-1) ?? 0;
      const references = new Map<number, number>();
      for (const character of characters) references.set(character, write(node.children.get(character) as Node));
      let reference = out.length;
      if (node.prefix !== '') {
        string(node.prefix);
        reference |= HAS_PREFIX;
      }
      if (characters.length > 0) {
        out.push(first, last);
        for (let character = first; character <= last; character++) u32(references.get(character) ?? 0);
        reference |= HAS_CHILDREN;
      }
      if (node.values.length > 0) {
        u32(node.values.length);
        for (const { priority, text } of node.values) {
          u32(priority);
          string(text);
        }
        reference |= HAS_VALUES;
      }
      return reference >>> 0;
    };
    const root = write(this.#root);
    const bytes = Uint8Array.from(out);
    new DataView(bytes.buffer).setUint32(8, root);
    return bytes;
  }
}

interface ReadNode {
  readonly prefix: string;
  readonly first: number;
  /** References of the children from `first` on. */
  readonly children: readonly number[];
  readonly values: readonly Value[];
}
/** An index that was read from a file. */
export class Index {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  /** undefined when it is not an index of this format. */
  static open(bytes: Uint8Array): Index | undefined {
    if (bytes.length < HEADER_SIZE) return undefined;
    const index = new Index(bytes);
    return index.#view.getUint32(0) === MAGIC && index.#view.getUint16(4) === VERSION >>> 16 ? index : undefined;
  }
  #string(at: number): string {
    let text = '';
    for (let n = at; n < this.#bytes.length && this.#bytes[n] !== 0; n++) text += String.fromCharCode(this.#bytes[n] as number);
    return text;
  }
  #node(reference: number): ReadNode | undefined {
    let at = reference & OFFSET;
    if (at === 0) return undefined;
    let prefix = '';
    if ((reference & HAS_PREFIX) !== 0) {
      prefix = this.#string(at);
      at += prefix.length + 1;
    }
    let first = 0;
    const children: number[] = [];
    if ((reference & HAS_CHILDREN) !== 0) {
      first = this.#view.getUint8(at);
      const last = this.#view.getUint8(at + 1);
      at += 2;
      for (let character = first; character <= last; character++, at += 4) children.push(this.#view.getUint32(at));
    }
    const values: Value[] = [];
    if ((reference & HAS_VALUES) !== 0) {
      const count = this.#view.getUint32(at);
      at += 4;
      for (let n = 0; n < count; n++) {
        const text = this.#string(at + 4);
        values.push({ priority: this.#view.getUint32(at), text });
        at += 5 + text.length;
      }
    }
    return { prefix, first, children, values };
  }
  #root(): ReadNode | undefined {
    return this.#node(this.#view.getUint32(8));
  }
  #child({ first, children }: ReadNode, character: number): ReadNode | undefined {
    return this.#node(children[character - first] ?? 0);
  }
  /** The first value of exactly this key. */
  search(key: string): string | undefined {
    let node = this.#root();
    for (let at = 0; node !== undefined; ) {
      if (!key.startsWith(node.prefix, at)) return undefined;
      at += node.prefix.length;
      if (at === key.length) return node.values[0]?.text;
      node = this.#child(node, key.charCodeAt(at));
      at++;
    }
    return undefined;
  }
  /** Values of all keys that match as patterns, by priority; the later ones of equal priority first. */
  searchPatterns(key: string): string[] {
    const found: Value[] = [];
    for (const [pattern, values] of this.#walk(this.#root(), '', (start) => mayMatch(start, key))) {
      if (!matches(pattern, key)) continue;
      for (const value of values) {
        const place = found.findIndex(({ priority }) => priority >= value.priority);
        found.splice(place < 0 ? found.length : place, 0, value);
      }
    }
    return found.map(({ text }) => text);
  }
  /** Keys and values below a node, without the branches that `wanted` does not want. */
  *#walk(
    node: ReadNode | undefined,
    before: string,
    wanted: (start: string) => boolean,
  ): Generator<[key: string, values: readonly Value[]]> {
    if (node === undefined) return;
    const here = before + node.prefix;
    if (!wanted(here)) return;
    if (node.values.length > 0) yield [here, node.values];
    for (const [n, reference] of node.children.entries()) {
      const start = here + String.fromCharCode(node.first + n);
      if (reference !== 0 && wanted(start)) yield* this.#walk(this.#node(reference), start, wanted);
    }
  }
  /** All keys and values, ascending. */
  *entries(): Generator<[key: string, value: string]> {
    for (const [key, values] of this.#walk(this.#root(), '', () => true)) for (const { text } of values) yield [key, text];
  }
}
