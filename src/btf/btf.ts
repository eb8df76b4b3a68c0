// BTF: the kernel's own description of its types. Source: Documentation/bpf/btf.rst.

/** The bytes are not BTF. `offset` is where, in bytes from the start. */
export class BtfError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`BTF: ${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const MAGIC = 0xeb9f;
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;
const HEADER_SIZE = 12;

export interface StructLayout {
  readonly name: string;
  readonly size: number;
  readonly members: readonly StructMember[];
}
export interface StructMember {
  /** '' for an anonymous struct or union. */
  readonly name: string;
  readonly bitOffset: number;
  /** 0 when it is no bit field. */
  readonly bitSize: number;
  readonly type: number;
}
export interface FunctionPrototype {
  readonly params: readonly { readonly name: string; readonly type: string }[];
  readonly ret: string;
  readonly variadic: boolean;
}

export class Btf {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #strings: number;
  /** Byte offset of each type's record; index 0 is void. */
  readonly #types: Uint32Array;
  /** Types by name, as they are asked for: decoding every name would cost most of a cold start. */
  readonly #structs = new Map<string, number | undefined>();
  #names: string | undefined;
  #count = 1;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || this.#view.getUint16(0, true) !== MAGIC) throw new BtfError('bad magic', 0);
    const header = this.#view.getUint32(4, true);
    const types = header + this.#view.getUint32(8, true);
    const typesEnd = types + this.#view.getUint32(12, true);
    this.#strings = header + this.#view.getUint32(16, true);
    if (typesEnd > bytes.length || this.#strings + this.#view.getUint32(20, true) > bytes.length) {
      throw new BtfError('sections reach past the end', 8);
    }
    // The smallest record has 12 bytes.
    this.#types = new Uint32Array((typesEnd - types) / HEADER_SIZE + 1);
    this.#index(types, typesEnd);
  }
  static parse(bytes: Uint8Array): Btf {
    return new Btf(bytes);
  }

  #index(start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (at + HEADER_SIZE > end) throw new BtfError('truncated type', at);
      this.#types[this.#count++] = at;
      at += HEADER_SIZE + this.#tail(at);
    }
  }
  #info(at: number): number {
    return this.#view.getUint32(at + 4, true);
  }
  #kind(at: number): number {
    return (this.#info(at) >>> 24) & 0x1f;
  }
  #length(at: number): number {
    return this.#info(at) & 0xffff;
  }
  #tail(at: number): number {
    const count = this.#length(at);
    switch (this.#kind(at)) {
      case KIND.INT:
      case KIND.VAR:
      case KIND.DECL_TAG:
        return 4;
      case KIND.ARRAY:
        return 12;
      case KIND.STRUCT:
      case KIND.UNION:
      case KIND.DATASEC:
      case KIND.ENUM64:
        return count * 12;
      case KIND.ENUM:
      case KIND.FUNC_PROTO:
        return count * 8;
      case 0:
        throw new BtfError('unknown kind 0', at);
      default:
        if (this.#kind(at) > KIND.ENUM64) throw new BtfError(`unknown kind ${this.#kind(at)}`, at);
        return 0;
    }
  }
  /** The first type of `kinds` with this name. Every name is stored once, so its offset identifies it. */
  #find(kinds: readonly number[], name: string): number | undefined {
    const offset = this.#nameOffset(name);
    if (offset === undefined) return undefined;
    for (let id = 1; id < this.#count; id++) {
      const at = this.#types[id] as number;
      if (this.#view.getUint32(at, true) === offset && kinds.includes(this.#kind(at))) return id;
    }
    return undefined;
  }
  #nameOffset(name: string): number | undefined {
    // Names are ASCII: offsets in the text are offsets in the bytes.
    this.#names ??= new TextDecoder().decode(this.#bytes.subarray(this.#strings));
    const at = this.#names.indexOf(`\0${name}\0`);
    return at < 0 || name === '' ? undefined : at + 1;
  }
  #string(offset: number): string {
    const start = this.#strings + offset;
    const end = this.#bytes.indexOf(0, start);
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(this.#bytes[at] as number);
    return text;
  }
  #at(id: number): number {
    const at = this.#types[id];
    if (at === undefined || at === 0) throw new BtfError(`no type ${id}`, 0);
    return at;
  }
  #nameOf(id: number): string {
    return this.#string(this.#view.getUint32(this.#at(id), true));
  }
  /** The type behind typedefs and qualifiers. */
  #strip(id: number): number {
    for (let depth = 0; id !== 0 && depth < 64; depth++) {
      const kind = this.#kind(this.#at(id));
      const transparent = kind === KIND.TYPEDEF || (kind >= KIND.VOLATILE && kind <= KIND.RESTRICT) || kind === KIND.TYPE_TAG;
      if (!transparent) return id;
      id = this.#view.getUint32(this.#at(id) + 8, true);
    }
    return id;
  }
  #layout(id: number): StructLayout {
    const at = this.#at(id);
    const flagged = this.#info(at) >>> 31 === 1;
    const members: StructMember[] = [];
    for (let n = 0; n < this.#length(at); n++) {
      const member = at + HEADER_SIZE + n * 12;
      const offset = this.#view.getUint32(member + 8, true);
      members.push({
        name: this.#string(this.#view.getUint32(member, true)),
        type: this.#view.getUint32(member + 4, true),
        bitOffset: flagged ? offset & 0xffffff : offset,
        bitSize: flagged ? offset >>> 24 : 0,
      });
    }
    return { name: this.#nameOf(id), size: this.#view.getUint32(at + 8, true), members };
  }
  /** The layout of `struct name` (or union), or undefined. */
  struct(name: string): StructLayout | undefined {
    if (!this.#structs.has(name)) this.#structs.set(name, this.#find([KIND.STRUCT, KIND.UNION], name));
    const id = this.#structs.get(name);
    return id === undefined ? undefined : this.#layout(id);
  }
  has(name: string, path: string): boolean {
    return this.#resolve(name, path) !== undefined;
  }
  /** Byte offset of `path` ('f_path.dentry') in `struct name`; members of anonymous structs count as its own. */
  offsetOf(name: string, path: string): number {
    const bits = this.#resolve(name, path);
    if (bits === undefined) throw new Error(`this kernel has no ${path} in struct ${name}`);
    return bits >>> 3;
  }
  #resolve(name: string, path: string): number | undefined {
    let layout = this.struct(name);
    let bits = 0;
    for (const part of path.split('.')) {
      const found = layout === undefined ? undefined : this.#member(layout, part);
      if (found === undefined) return undefined;
      bits += found.bitOffset;
      const type = this.#strip(found.type);
      const kind = this.#kind(this.#at(type));
      layout = kind === KIND.STRUCT || kind === KIND.UNION ? this.#layout(type) : undefined;
    }
    return bits;
  }
  #member(layout: StructLayout, name: string): { bitOffset: number; type: number } | undefined {
    for (const member of layout.members) {
      if (member.name === name) return member;
      if (member.name !== '') continue;
      const type = this.#strip(member.type);
      const inner = this.#member(this.#layout(type), name);
      if (inner !== undefined) return { bitOffset: member.bitOffset + inner.bitOffset, type: inner.type };
    }
    return undefined;
  }
  /** The layout of a type by its number, when it is a struct or union. */
  structOf(id: number): StructLayout | undefined {
    const type = this.#strip(id);
    const kind = type === 0 ? 0 : this.#kind(this.#at(type));
    return kind === KIND.STRUCT || kind === KIND.UNION ? this.#layout(type) : undefined;
  }
  /** Bytes of a type by its number. */
  sizeOf(id: number): number {
    const type = this.#strip(id);
    const at = this.#at(type);
    switch (this.#kind(at)) {
      case KIND.PTR:
        return 8;
      case KIND.ARRAY:
        return this.sizeOf(this.#view.getUint32(at + 12, true)) * this.#view.getUint32(at + 20, true);
      default:
        return this.#view.getUint32(at + 8, true);
    }
  }
  /** `name` declared as C does: 'char name[56]', 'int (*init)(void)'. */
  declaration(id: number, name: string): string {
    const at = id === 0 ? 0 : this.#at(id);
    const target = id === 0 ? 0 : this.#view.getUint32(at + 8, true);
    switch (id === 0 ? 0 : this.#kind(at)) {
      case KIND.PTR: {
        const kind = target === 0 ? 0 : this.#kind(this.#at(target));
        return this.declaration(target, kind === KIND.ARRAY || kind === KIND.FUNC_PROTO ? `(*${name})` : `*${name}`);
      }
      case KIND.ARRAY:
        return this.declaration(this.#view.getUint32(at + 12, true), `${name}[${this.#view.getUint32(at + 20, true)}]`);
      case KIND.FUNC_PROTO: {
        const params = Array.from({ length: this.#length(at) }, (_, n) => {
          const type = this.#view.getUint32(at + HEADER_SIZE + n * 8 + 4, true);
          return type === 0 ? '...' : this.declaration(type, '').trimEnd();
        });
        return this.declaration(target, `${name}(${params.join(', ') || 'void'})`);
      }
      default:
        return `${this.typeName(id)} ${name}`;
    }
  }
  /** The prototype of function `name`, or undefined. */
  func(name: string): FunctionPrototype | undefined {
    const id = this.#find([KIND.FUNC], name);
    if (id === undefined) return undefined;
    const at = this.#at(this.#view.getUint32(this.#at(id) + 8, true));
    const all = Array.from({ length: this.#length(at) }, (_, n) => ({
      name: this.#string(this.#view.getUint32(at + HEADER_SIZE + n * 8, true)),
      type: this.#view.getUint32(at + HEADER_SIZE + n * 8 + 4, true),
    }));
    const variadic = all.at(-1)?.type === 0 && all.at(-1)?.name === '';
    const params = (variadic ? all.slice(0, -1) : all).map(({ name: param, type }) => ({ name: param, type: this.typeName(type) }));
    return { params, ret: this.typeName(this.#view.getUint32(at + 8, true)), variadic };
  }
  /** C's spelling of a type. */
  typeName(id: number): string {
    if (id === 0) return 'void';
    const at = this.#at(id);
    const target = this.#view.getUint32(at + 8, true);
    switch (this.#kind(at)) {
      case KIND.PTR:
        return `${this.typeName(target)} *`.replace('* *', '**');
      case KIND.CONST:
        return `const ${this.typeName(target)}`;
      case KIND.VOLATILE:
        return `volatile ${this.typeName(target)}`;
      case KIND.RESTRICT:
      case KIND.TYPE_TAG:
        return this.typeName(target);
      case KIND.STRUCT:
        return `struct ${this.#nameOf(id)}`;
      case KIND.UNION:
        return `union ${this.#nameOf(id)}`;
      case KIND.ENUM:
      case KIND.ENUM64:
        return `enum ${this.#nameOf(id)}`;
      case KIND.FWD:
        return `struct ${this.#nameOf(id)}`;
      case KIND.FUNC_PROTO:
        return 'fn';
      case KIND.ARRAY:
        return `${this.typeName(this.#view.getUint32(at + 12, true))}[]`;
      default:
        return this.#nameOf(id);
    }
  }
}
