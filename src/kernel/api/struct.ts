// Guest structs: declared by field name, laid out by the kernel's own BTF.
import type { Btf } from '#btf';
import type { Addr, Memory } from '../memory.ts';
import type { CType, EmbeddedType, FieldTypes, KernelStruct, StructView, TypeContext } from './types.ts';

/** Declares the fields of `struct name` that we use. Paths into nested structs are written with dots. */
export function kernelStruct<const F extends FieldTypes>(name: string, fields: F): KernelStruct<F> {
  return { name, fields };
}

const isEmbedded = (type: CType<unknown> | EmbeddedType): type is EmbeddedType => 'embedded' in type;

/** Sizes and offsets of one kernel's structs, and the view classes made from them. */
export class Layouts {
  readonly #btf: () => Btf;
  readonly #classes = new Map<KernelStruct<FieldTypes>, new (address: Addr) => StructView<FieldTypes>>();
  readonly #offsets = new Map<string, number>();
  readonly #context: TypeContext;

  constructor(btf: () => Btf, context: TypeContext) {
    this.#btf = btf;
    this.#context = context;
  }

  /** Byte offset of `path` ('f_path.dentry') in `struct name`. */
  offsetOf(name: string, path: string): number {
    const key = `${name}.${path}`;
    let offset = this.#offsets.get(key);
    if (offset === undefined) {
      offset = this.#btf().offsetOf(name, path);
      this.#offsets.set(key, offset);
    }
    return offset;
  }
  sizeOf(name: string): number {
    const layout = this.#btf().struct(name);
    if (layout === undefined) throw new Error(`this kernel has no struct ${name}`);
    return layout.size;
  }
  view<F extends FieldTypes>(struct: KernelStruct<F>, address: Addr): StructView<F> {
    let viewClass = this.#classes.get(struct);
    if (viewClass === undefined) {
      viewClass = this.#makeClass(struct);
      this.#classes.set(struct, viewClass);
    }
    return new viewClass(address) as StructView<F>;
  }

  #makeClass(struct: KernelStruct<FieldTypes>): new (address: Addr) => StructView<FieldTypes> {
    const context = this.#context;
    const memory: Memory = context.memory;
    class View {
      readonly addr: Addr;
      constructor(address: Addr) {
        this.addr = address;
      }
    }
    for (const [field, type] of Object.entries(struct.fields)) {
      // Offsets are looked up at the first use of a field: a kernel that lacks a field only hurts who uses it.
      let cached = -1;
      const at = (view: View): Addr => {
        if (cached < 0) cached = this.offsetOf(struct.name, field);
        return view.addr + cached;
      };
      Object.defineProperty(
        View.prototype,
        field,
        isEmbedded(type)
          ? {
              get(this: View) {
                return at(this);
              },
            }
          : {
              get(this: View) {
                return type.load(memory, at(this), context);
              },
              set(this: View, value: unknown) {
                type.store(memory, at(this), value);
              },
            },
      );
    }
    return View as unknown as new (
      address: Addr,
    ) => StructView<FieldTypes>;
  }
}
