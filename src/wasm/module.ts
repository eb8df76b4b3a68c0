// WebAssembly core specification 2.0, chapter 5.5 "Modules".
import { ByteWriter } from './bytes.ts';
import { FUNCREF, Op, type ValueType } from './opcodes.ts';

/** A function's code: its parameters and result are given by the type, `locals` follow the parameters. */
export interface FunctionBody {
  readonly type: number;
  readonly locals: readonly ValueType[];
  /** Instructions with the final `end`. */
  readonly code: Uint8Array;
}

const sectionId = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;

/** Assembles one module. Imports must all be declared before the first function. */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes: Uint8Array[] = [];
  readonly #imports = new ByteWriter();
  #importCount = 0;
  #importedFunctions = 0;
  readonly #bodies: FunctionBody[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #elements: { offset: number; indices: number[] }[] = [];

  /** The index of a function type, added when new. */
  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#types.push(key);
    this.#typeBytes.push(Uint8Array.of(0x60, parameters.length, ...parameters, results.length, ...results));
    return this.#types.length - 1;
  }

  /** @returns the function's index. */
  importFunction(module: string, name: string, type: number): number {
    if (this.#bodies.length > 0) throw new Error('imports come before functions');
    this.#importName(module, name);
    this.#imports.byte(0);
    this.#imports.u32(type);
    return this.#importedFunctions++;
  }

  /** `sharedMaximum`: the memory is a shared one of at most so many pages. */
  importMemory(module: string, name: string, pages: number, sharedMaximum?: number): void {
    this.#importName(module, name);
    this.#imports.bytes([2, sharedMaximum === undefined ? 0 : 3]);
    this.#imports.u32(pages);
    if (sharedMaximum !== undefined) this.#imports.u32(sharedMaximum);
  }

  importTable(module: string, name: string, size: number): void {
    this.#importName(module, name);
    this.#imports.bytes([1, FUNCREF, 0]);
    this.#imports.u32(size);
  }

  get functionCount(): number {
    return this.#importedFunctions + this.#bodies.length;
  }

  /** @returns the function's index. */
  function(body: FunctionBody): number {
    this.#bodies.push(body);
    return this.functionCount - 1;
  }

  exportFunction(name: string, index: number): void {
    this.#exports.push({ name, index });
  }

  /** Places functions into the table from `offset` on, when the module is instantiated. */
  element(offset: number, indices: number[]): void {
    this.#elements.push({ offset, indices });
  }

  finish(): Uint8Array {
    const size = this.#bodies.reduce((sum, body) => sum + body.code.length + 16, 256);
    const out = new ByteWriter(size);
    out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(out, sectionId.type, (w) => {
      w.u32(this.#typeBytes.length);
      for (const bytes of this.#typeBytes) w.bytes(bytes);
    });
    section(out, sectionId.import, (w) => {
      w.u32(this.#importCount);
      w.bytes(this.#imports.view());
    });
    section(out, sectionId.function, (w) => {
      w.u32(this.#bodies.length);
      for (const body of this.#bodies) w.u32(body.type);
    });
    section(out, sectionId.export, (w) => {
      w.u32(this.#exports.length);
      for (const { name, index } of this.#exports) {
        w.name(name);
        w.byte(0);
        w.u32(index);
      }
    });
    section(out, sectionId.element, (w) => {
      w.u32(this.#elements.length);
      for (const { offset, indices } of this.#elements) {
        w.bytes([0, Op.i32Const]);
        w.s32(offset);
        w.byte(Op.end);
        w.u32(indices.length);
        for (const index of indices) w.u32(index);
      }
    });
    section(
      out,
      sectionId.code,
      (w) => {
        w.u32(this.#bodies.length);
        for (const body of this.#bodies) writeBody(w, body);
      },
      size,
    );
    return out.view();
  }

  #importName(module: string, name: string): void {
    this.#imports.name(module);
    this.#imports.name(name);
    this.#importCount++;
  }
}

function section(out: ByteWriter, id: number, write: (w: ByteWriter) => void, capacity = 256): void {
  const body = new ByteWriter(capacity);
  write(body);
  out.byte(id);
  out.u32(body.length);
  out.bytes(body.view());
}

function writeBody(out: ByteWriter, { locals, code }: FunctionBody): void {
  const head = new ByteWriter(16);
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  head.u32(runs.length);
  for (const { type, count } of runs) {
    head.u32(count);
    head.byte(type);
  }
  out.u32(head.length + code.length);
  out.bytes(head.view());
  out.bytes(code);
}
