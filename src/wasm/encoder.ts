// Writes WebAssembly binaries. Source: WebAssembly Core Specification 2.0, chapter 5.

export const I32 = 0x7f;
export const I64 = 0x7e;

/** Opcodes that the translator uses, by the specification's names. */
// biome-ignore format: a table
export const op = {
  unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, br_if: 0x0d, br_table: 0x0e,
  return: 0x0f, call: 0x10, call_indirect: 0x11, drop: 0x1a, select: 0x1b, 'local.get': 0x20, 'local.set': 0x21, 'local.tee': 0x22,
  'i32.load': 0x28, 'i64.load': 0x29, 'i32.load8_u': 0x2d, 'i32.load16_u': 0x2f, 'i64.load32_u': 0x35,
  'i32.store': 0x36, 'i64.store': 0x37, 'i32.store8': 0x3a, 'i32.store16': 0x3b,
  'i32.const': 0x41, 'i64.const': 0x42,
  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.gt_u': 0x4b,
  'i32.le_s': 0x4c, 'i32.le_u': 0x4d, 'i32.ge_s': 0x4e, 'i32.ge_u': 0x4f,
  'i64.eqz': 0x50, 'i64.eq': 0x51, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.lt_u': 0x54, 'i64.gt_s': 0x55, 'i64.gt_u': 0x56,
  'i64.le_s': 0x57, 'i64.le_u': 0x58, 'i64.ge_s': 0x59, 'i64.ge_u': 0x5a,
  'i32.clz': 0x67, 'i32.ctz': 0x68, 'i32.popcnt': 0x69, 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.div_s': 0x6d, 'i32.div_u': 0x6e,
  'i32.rem_s': 0x6f, 'i32.rem_u': 0x70, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73, 'i32.shl': 0x74, 'i32.shr_s': 0x75, 'i32.shr_u': 0x76,
  'i32.rotl': 0x77, 'i32.rotr': 0x78,
  'i64.clz': 0x79, 'i64.ctz': 0x7a, 'i64.popcnt': 0x7b, 'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.mul': 0x7e, 'i64.div_s': 0x7f, 'i64.div_u': 0x80,
  'i64.rem_s': 0x81, 'i64.rem_u': 0x82, 'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85, 'i64.shl': 0x86, 'i64.shr_s': 0x87, 'i64.shr_u': 0x88,
  'i64.rotl': 0x89, 'i64.rotr': 0x8a,
  'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad,
  'i32.extend8_s': 0xc0, 'i32.extend16_s': 0xc1, 'i64.extend8_s': 0xc2, 'i64.extend16_s': 0xc3, 'i64.extend32_s': 0xc4,
} as const;
export type OpName = keyof typeof op;
export const VOID_BLOCK = 0x40;

/** Code of one function body, written front to back. */
export class Code {
  readonly bytes: number[] = [];

  op(name: OpName): this {
    this.bytes.push(op[name]);
    return this;
  }
  byte(value: number): this {
    this.bytes.push(value);
    return this;
  }
  u32(value: number): this {
    unsigned(this.bytes, value);
    return this;
  }
  i32(value: number): this {
    this.bytes.push(op['i32.const']);
    signed(this.bytes, BigInt(value | 0));
    return this;
  }
  i64(value: bigint): this {
    this.bytes.push(op['i64.const']);
    signed(this.bytes, BigInt.asIntN(64, value));
    return this;
  }
  get(local: number): this {
    return this.op('local.get').u32(local);
  }
  set(local: number): this {
    return this.op('local.set').u32(local);
  }
  tee(local: number): this {
    return this.op('local.tee').u32(local);
  }
  /** A load or store; guest accesses are unaligned. `offset` is the immediate. */
  access(name: OpName, offset: number): this {
    return this.op(name).byte(0).u32(offset);
  }
  br(depth: number): this {
    return this.op('br').u32(depth);
  }
  call(index: number): this {
    return this.op('call').u32(index);
  }
}

function unsigned(out: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}
function signed(out: number[], value: bigint): void {
  // Most constants are small: stay with numbers for them.
  if (value >= -0x40000000n && value < 0x40000000n) {
    let rest = Number(value);
    while (rest > 63 || rest < -64) {
      out.push((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    out.push(rest & 0x7f);
    return;
  }
  let rest = value;
  while (rest > 63n || rest < -64n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest & 0x7fn));
}

export interface FunctionType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}
export interface FunctionBody {
  readonly type: number;
  /** Local variables behind the parameters: [count, type]. */
  readonly locals: readonly (readonly [number, number])[];
  readonly code: Code;
  /** Exported under this name, when there is one. */
  readonly export?: string;
}
/** A module that imports env.memory and env.table. */
export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** Imported functions: env.NAME of a type. Their indices come first. */
  readonly imports: readonly { readonly name: string; readonly type: number }[];
  readonly functions: readonly FunctionBody[];
}

const MEMORY_PAGES = 65536;

export function encodeModule(parts: ModuleParts): Uint8Array {
  const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, items: readonly (readonly number[])[]): void => {
    const body: number[] = [];
    unsigned(body, items.length);
    for (const item of items) append(body, item);
    out.push(id);
    unsigned(out, body.length);
    append(out, body);
  };
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const bytes = (...values: number[]): number[] => values;
  const leb = (value: number): number[] => {
    const encoded: number[] = [];
    unsigned(encoded, value);
    return encoded;
  };
  section(1, parts.types.map(({ params, results }) => [0x60, params.length, ...params, results.length, ...results]));
  section(2, [
    [...name('env'), ...name('memory'), 0x02, 0x01, ...leb(MEMORY_PAGES), ...leb(MEMORY_PAGES)],
    [...name('env'), ...name('table'), 0x01, 0x70, 0x00, 0x00],
    ...parts.imports.map((item) => [...name('env'), ...name(item.name), 0x00, ...leb(item.type)]),
  ]);
  section(3, parts.functions.map(({ type }) => leb(type)));
  section(7, parts.functions.flatMap((fn, n) => (fn.export === undefined ? [] : [[...name(fn.export), 0x00, ...leb(parts.imports.length + n)]])));
  section(10, parts.functions.map(({ locals, code }) => {
    const body = bytes(locals.length);
    for (const [count, type] of locals) body.push(...leb(count), type);
    append(body, code.bytes);
    body.push(op.end);
    const sized = leb(body.length);
    append(sized, body);
    return sized;
  }));
  return Uint8Array.from(out);
}
/** Appends without spreading: function bodies are larger than an argument list may be. */
function append(target: number[], items: readonly number[]): void {
  for (const item of items) target.push(item);
}
