// What every compiled module imports: the driver's services, and helpers too long to repeat.
import { ByteWriter, I32, I64, ModuleBuilder, Op, type ValueType, VOID } from '#wasm';
import type { Layout, TranslatorIo } from './host.ts';
import type { Helper } from './ir.ts';

/** Offsets in the translator's private memory. */
export const Scratch = {
  /** u32: number of the site that stopped; 0 when none did. */
  site: 0,
  /** i32: tail calls that are nested now. */
  tailDepth: 8,
  /** 16 bytes: further results of helpers. */
  results: 16,
  /** Indirect-call cache: entries of u64 address, u32 slot, u32 unused, by address & cacheMask. */
  cache: 0x1000,
  cacheMask: 0x3ff0,
} as const;
export const CACHE_BYTES = Scratch.cacheMask + 16;

/** Indices of imported functions; helpers follow. */
export const Import = { hostCall: 0, find: 1, resolve: 2, callSlot: 3 } as const;
const FIRST_HELPER = 4;

type Signature = readonly [parameters: readonly ValueType[], result: ValueType];
const WIDE: Signature = [[I64, I64], I64];
const DIVIDE: Signature = [[I64, I64, I64], I32];
const STRING: Signature = [[I64, I64, I64], I64];
const HELPERS: readonly (readonly [Helper, Signature])[] = [
  ['mulhU', WIDE],
  ['mulhS', WIDE],
  ['divideU', DIVIDE],
  ['divideS', DIVIDE],
  ['move1', STRING],
  ['move2', STRING],
  ['move4', STRING],
  ['move8', STRING],
  ['store1', STRING],
  ['store2', STRING],
  ['store4', STRING],
  ['store8', STRING],
  ['portIn', [[I32, I32], I32]],
  ['portOut', [[I32, I32, I32], I32]],
  ['portInString', [[I32, I64, I64], I64]],
  ['portOutString', [[I32, I64, I64], I64]],
  ['readMsr', [[I32], I32]],
  ['writeMsr', [[I32, I64], I32]],
  ['cpuid', [[I32, I32], I32]],
  ['rdtsc', [[I32], I64]],
];
export const HELPER_INDEX = Object.fromEntries(HELPERS.map(([name], n) => [name, FIRST_HELPER + n])) as Readonly<Record<Helper, number>>;

/**
 * Declares all imports of a compiled module. Not the table: V8 copies it for each instance that imports one, which costs
 * milliseconds; calls through it go by an exported function of the runtime module.
 *
 * @returns the type () -> i32.
 */
export function declareImports(module: ModuleBuilder, memory: WebAssembly.Memory): number {
  const type = module.type([], [I32]);
  const unary = module.type([I32], [I32]);
  module.importFunction('k', 'hostCall', unary);
  module.importFunction('k', 'find', module.type([I32, I32], [I32]));
  module.importFunction('k', 'resolve', unary);
  module.importFunction('k', 'callSlot', unary);
  for (const [name, [parameters, result]] of HELPERS) module.importFunction('k', name, module.type(parameters, [result]));
  importMemory(module, memory);
  return type;
}

function importMemory(module: ModuleBuilder, { buffer }: WebAssembly.Memory): void {
  const pages = buffer.byteLength / 65536;
  module.importMemory('k', 'memory', pages, buffer instanceof ArrayBuffer ? undefined : pages);
}

// ---- The runtime module

/** mulhU by 32-bit halves: parameters a, b; locals low*low >> 32 + high*low, then the middle sum. */
function mulhUCode(): Uint8Array {
  const out = new ByteWriter(64);
  const half = (local: number, high: boolean): void => {
    out.bytes([Op.localGet, local]);
    if (high) out.bytes([Op.i64Const, 32, Op.i64ShrU]);
    else out.bytes([Op.i32WrapI64, Op.i64ExtendI32U]);
  };
  const product = (aHigh: boolean, bHigh: boolean): void => {
    half(0, aHigh);
    half(1, bHigh);
    out.byte(Op.i64Mul);
  };
  const upper = (): void => out.bytes([Op.i64Const, 32, Op.i64ShrU]);
  const lower = (): void => out.bytes([Op.i32WrapI64, Op.i64ExtendI32U]);
  product(true, false);
  product(false, false);
  upper();
  out.bytes([Op.i64Add, Op.localSet, 2]);
  product(true, true);
  out.bytes([Op.localGet, 2]);
  upper();
  out.byte(Op.i64Add);
  product(false, true);
  out.bytes([Op.localGet, 2]);
  lower();
  out.byte(Op.i64Add);
  upper();
  out.bytes([Op.i64Add, Op.end]);
  return out.view();
}

/** mulhS = mulhU - (a < 0 ? b : 0) - (b < 0 ? a : 0). */
function mulhSCode(mulhU: number): Uint8Array {
  const out = new ByteWriter(64);
  out.bytes([Op.localGet, 0, Op.localGet, 1, Op.call, mulhU]);
  for (const [sign, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    out.bytes([Op.localGet, sign, Op.i64Const, 63, Op.i64ShrS, Op.localGet, other, Op.i64And, Op.i64Sub]);
  }
  out.byte(Op.end);
  return out.view();
}

/** 128 by 64 bits: in WebAssembly when the high half only extends the low one, else in TypeScript. Result 0 is #DE. */
function divideCode(signed: boolean, results: number, slow: number): Uint8Array {
  const out = new ByteWriter(96);
  out.bytes([Op.localGet, 2, Op.i64Eqz, Op.if, VOID, Op.i32Const, 0, Op.return, Op.end]);
  if (signed)
    out.bytes([
      Op.localGet,
      1,
      Op.localGet,
      0,
      Op.i64Const,
      63,
      Op.i64ShrS,
      Op.i64Eq,
      Op.localGet,
      2,
      Op.i64Const,
      0x7f,
      Op.i64Ne,
      Op.i32And,
    ]);
  else out.bytes([Op.localGet, 1, Op.i64Eqz]);
  out.bytes([Op.if, VOID]);
  const ops = signed ? [Op.i64DivS, Op.i64RemS] : [Op.i64DivU, Op.i64RemU];
  ops.forEach((op, n) => {
    out.bytes([Op.i32Const, 0, Op.localGet, 0, Op.localGet, 2, op, Op.i64Store, 0]);
    out.u32(results + 8 * n);
  });
  out.bytes([Op.i32Const, 1, Op.return, Op.end]);
  out.bytes([Op.localGet, 0, Op.localGet, 1, Op.localGet, 2, Op.i32Const, signed ? 1 : 0, Op.call, slow, Op.end]);
  return out.view();
}

const LOAD = { 1: Op.i64Load8U, 2: Op.i64Load16U, 4: Op.i64Load32U, 8: Op.i64Load } as const;
const STORE = { 1: Op.i64Store8, 2: Op.i64Store16, 4: Op.i64Store32, 8: Op.i64Store } as const;
type Size = keyof typeof LOAD;

/**
 * rep movs / rep stos of `size` bytes: parameters target, source or value, count. Returns how many elements lie inside guest
 * memory and were done; element by element where source and target overlap, as an interrupted copy would show.
 */
function stringCode(size: Size, move: boolean, guestStart: number, checks: boolean): Uint8Array {
  const out = new ByteWriter(256);
  const log = Math.log2(size);
  const [target, source, count, bytes, index, from] = [0, 1, 2, 3, 4, 5];
  // Only what lies between GUEST_START and ERR_PTR counts: room = -4096 - address when address is inside.
  const limit = (address: number): void => {
    out.bytes([Op.localGet, address, Op.i64Const]);
    out.s64(4096n);
    out.bytes([Op.i64Add, Op.i64Const]);
    out.s64(-0x100000000n + BigInt(guestStart) + 4096n);
    out.bytes([Op.i64LtU, Op.if, VOID, Op.i64Const, 0, Op.return, Op.end]);
    out.bytes([Op.i64Const]);
    out.s64(-4096n);
    out.bytes([Op.localGet, address, Op.i64Sub, Op.i64Const, log, Op.i64ShrU, Op.localTee, bytes]);
    out.bytes([Op.localGet, count, Op.i64LtU, Op.if, VOID, Op.localGet, bytes, Op.localSet, count, Op.end]);
  };
  if (checks) limit(target);
  if (checks && move) limit(source);
  out.bytes([Op.localGet, count, Op.i64Eqz, Op.if, VOID, Op.i64Const, 0, Op.return, Op.end]);
  out.bytes([Op.localGet, count, Op.i64Const, log, Op.i64Shl, Op.localSet, bytes]);
  out.bytes([Op.localGet, target, Op.i32WrapI64, Op.localSet, index]);
  if (move) {
    out.bytes([Op.localGet, source, Op.i32WrapI64, Op.localSet, from]);
    // target - source >= bytes, unsigned: no element is read after it was written.
    out.bytes([Op.localGet, target, Op.localGet, source, Op.i64Sub, Op.localGet, bytes, Op.i64GeU, Op.if, VOID]);
    out.bytes([Op.localGet, index, Op.localGet, from, Op.localGet, bytes, Op.i32WrapI64, Op.bulk, 10, 0, 0]);
    out.bytes([Op.localGet, count, Op.return, Op.end]);
  } else {
    // One repeated byte: memory.fill.
    if (size > 1) {
      const pattern = 0x0101010101010101n & ((1n << BigInt(8 * size)) - 1n);
      out.bytes([Op.localGet, source, Op.localGet, source, Op.i64Const]);
      out.s64(0xffn);
      out.bytes([Op.i64And, Op.i64Const]);
      out.s64(pattern);
      out.bytes([Op.i64Mul, Op.i64Eq, Op.if, VOID]);
    }
    out.bytes([Op.localGet, index, Op.localGet, source, Op.i32WrapI64, Op.localGet, bytes, Op.i32WrapI64, Op.bulk, 11, 0]);
    out.bytes([Op.localGet, count, Op.return]);
    if (size > 1) out.byte(Op.end);
  }
  if (size > 1 || move) {
    out.bytes([Op.loop, VOID, Op.localGet, index]);
    if (move) out.bytes([Op.localGet, from, LOAD[size], 0, 0, STORE[size], 0, 0]);
    else out.bytes([Op.localGet, source, STORE[size], 0, 0]);
    out.bytes([Op.localGet, index, Op.i32Const, size, Op.i32Add, Op.localSet, index]);
    if (move) out.bytes([Op.localGet, from, Op.i32Const, size, Op.i32Add, Op.localSet, from]);
    out.bytes([Op.localGet, bytes, Op.i64Const, size, Op.i64Sub, Op.localTee, bytes, Op.i64Eqz, Op.i32Eqz, Op.brIf, 0, Op.end]);
    out.bytes([Op.localGet, count]);
  }
  out.byte(Op.end);
  return out.view();
}

export interface Runtime {
  /** Calls the function in a table slot. */
  readonly enter: (slot: number) => number;
  /** The import object's part that does not depend on the driver. */
  readonly helpers: Readonly<Record<Helper, unknown>>;
}

/** Compiled once for all kernels of the process that have this layout; by what else it depends on. */
const compiled = new WeakMap<Layout, Map<string, WebAssembly.Module>>();
function runtimeModule(memory: WebAssembly.Memory, layout: Layout, checks: boolean): WebAssembly.Module {
  const key = `${checks} ${memory.buffer instanceof ArrayBuffer}`;
  const known = compiled.get(layout) ?? new Map<string, WebAssembly.Module>();
  compiled.set(layout, known);
  const made = known.get(key) ?? new WebAssembly.Module(buildRuntime(memory, layout, checks));
  known.set(key, made);
  return made;
}
function buildRuntime(memory: WebAssembly.Memory, layout: Layout, checks: boolean): Uint8Array {
  const module = new ModuleBuilder();
  const results = layout.scratch + Scratch.results;
  const plain = module.type([], [I32]);
  const wide = module.type([I64, I64], [I64]);
  const divide = module.type([I64, I64, I64], [I32]);
  const string = module.type([I64, I64, I64], [I64]);
  const slow = module.importFunction('k', 'divide', module.type([I64, I64, I64, I32], [I32]));
  importMemory(module, memory);
  module.importTable('k', 'table', 1);
  const enter = Uint8Array.of(Op.localGet, 0, Op.callIndirect, plain, 0, Op.end);
  module.exportFunction('enter', module.function({ type: module.type([I32], [I32]), locals: [], code: enter }));
  const mulhU = module.function({ type: wide, locals: [I64], code: mulhUCode() });
  module.exportFunction('mulhU', mulhU);
  module.exportFunction('mulhS', module.function({ type: wide, locals: [], code: mulhSCode(mulhU) }));
  for (const signed of [false, true]) {
    module.exportFunction(
      signed ? 'divideS' : 'divideU',
      module.function({ type: divide, locals: [], code: divideCode(signed, results, slow) }),
    );
  }
  for (const size of [1, 2, 4, 8] as const) {
    for (const move of [true, false]) {
      const code = stringCode(size, move, layout.guestStart, checks);
      module.exportFunction(`${move ? 'move' : 'store'}${size}`, module.function({ type: string, locals: [I64, I32, I32], code }));
    }
  }
  return module.finish();
}

export function createRuntime(
  memory: WebAssembly.Memory,
  table: WebAssembly.Table,
  layout: Layout,
  io: TranslatorIo,
  checks: boolean,
): Runtime {
  const results = layout.scratch + Scratch.results;
  const view = new DataView(memory.buffer);
  const imports = { k: { memory, table, divide: wideDivision(view, results) } };
  const { exports } = new WebAssembly.Instance(runtimeModule(memory, layout, checks), imports);
  const helpers = { ...exports, ...ioHelpers(io, view, results), ...portStrings(io, view, layout.guestStart) } as unknown as Readonly<
    Record<Helper, unknown>
  >;
  return { enter: exports['enter'] as (slot: number) => number, helpers };
}

/** Intel SDM Vol. 2, "DIV" and "IDIV", for 128-bit dividends. */
function wideDivision(view: DataView, results: number): (low: bigint, high: bigint, divisor: bigint, signed: number) => number {
  return (low, high, divisor, signed) => {
    const top = signed !== 0 ? BigInt.asIntN(64, high) : BigInt.asUintN(64, high);
    const dividend = (top << 64n) | BigInt.asUintN(64, low);
    const by = signed !== 0 ? BigInt.asIntN(64, divisor) : BigInt.asUintN(64, divisor);
    const quotient = dividend / by;
    if ((signed !== 0 ? BigInt.asIntN(64, quotient) : BigInt.asUintN(64, quotient)) !== quotient) return 0;
    view.setBigUint64(results, BigInt.asUintN(64, quotient), true);
    view.setBigUint64(results + 8, BigInt.asUintN(64, dividend % by), true);
    return 1;
  };
}

function ioHelpers(io: TranslatorIo, view: DataView, results: number): Record<string, unknown> {
  return {
    portIn: (port: number, bytes: 1 | 2 | 4) => io.portIn(port, bytes),
    portOut: (port: number, bytes: 1 | 2 | 4, value: number) => {
      io.portOut(port, bytes, value >>> 0);
      return 0;
    },
    readMsr: (index: number) => {
      const value = io.readMsr(index >>> 0);
      if (value === undefined) return 0;
      view.setBigUint64(results, BigInt.asUintN(64, value), true);
      return 1;
    },
    writeMsr: (index: number, value: bigint) => (io.writeMsr(index >>> 0, BigInt.asUintN(64, value)) ? 1 : 0),
    cpuid: (leaf: number, subleaf: number) => {
      io.cpuid(leaf >>> 0, subleaf >>> 0).forEach((value, n) => view.setUint32(results + 4 * n, value, true));
      return 0;
    },
    rdtsc: () => BigInt.asIntN(64, io.rdtsc()),
  };
}

/** Most elements of one `rep ins` or `rep outs` before the guest looks again. */
const PORT_STRING = 1 << 20;

/** `unit` is the port and, above 16 bits, the bytes of an element. The result is how many elements were done. */
function portStrings(io: TranslatorIo, view: DataView, guestStart: number): Record<string, unknown> {
  const lowest = -0x100000000n + BigInt(guestStart);
  const each = (
    unit: number,
    address: bigint,
    count: bigint,
    transfer: (port: number, bytes: 1 | 2 | 4, index: number) => void,
  ): bigint => {
    const bytes = (unit >>> 16) as 1 | 2 | 4;
    const wanted = BigInt.asUintN(64, count) > BigInt(PORT_STRING) ? PORT_STRING : Number(count);
    let at = address;
    for (let n = 0; n < wanted; n++, at += BigInt(bytes)) {
      if (at < lowest || at >= -4096n) return BigInt(n);
      transfer(unit & 0xffff, bytes, Number(BigInt.asUintN(32, at)));
    }
    return BigInt(wanted);
  };
  return {
    portInString: (unit: number, address: bigint, count: bigint) =>
      each(unit, address, count, (port, bytes, index) => {
        const value = io.portIn(port, bytes);
        if (bytes === 1) view.setUint8(index, value);
        else if (bytes === 2) view.setUint16(index, value, true);
        else view.setUint32(index, value, true);
      }),
    portOutString: (unit: number, address: bigint, count: bigint) =>
      each(unit, address, count, (port, bytes, index) =>
        io.portOut(
          port,
          bytes,
          bytes === 1 ? view.getUint8(index) : bytes === 2 ? view.getUint16(index, true) : view.getUint32(index, true),
        ),
      ),
  };
}
