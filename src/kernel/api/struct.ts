// Guest structs: declared by field name, laid out by the kernel's own BTF.
import { Btf } from '#btf';
import type { Addr, Memory } from '../memory.ts';
import type { CType, EmbeddedType, FieldTypes, KernelStruct, StructView, TypeContext } from './types.ts';

/** "STRUCT" and "STRUCT.PATH" of all declarations. */
const declared = new Set<string>();

/** Declares the fields of `struct name` that we use. Paths into nested structs are written with dots. */
export function kernelStruct<const F extends FieldTypes>(name: string, fields: F): KernelStruct<F> {
  declared.add(name);
  for (const field of Object.keys(fields)) declared.add(`${name}.${field}`);
  return { name, fields };
}
/** Symbols of the kernel, exported or not, whose address the tables ask for. */
const declaredSymbols = new Set<string>();
/** Says that `name`'s address is asked for, and gives the name. */
export function kernelSymbol(name: string): string {
  declaredSymbols.add(name);
  return name;
}
/** Sizes by struct name, offsets by "STRUCT.PATH", and addresses by "@SYMBOL". */
const declaredOptions = new Set<string>();
/** Declares a configuration option that the kernel itself asks for. */
export function kernelOption(name: string): string {
  declaredOptions.add(name);
  return name;
}
export type LayoutExtract = ReadonlyMap<string, number>;

/**
 * What the tables ask of BTF, kallsyms and the configuration, one "KEY NUMBER" a line: a start that finds its answers here need not
 * unpack them.
 * `addressOf`: of symbols that are not exported. `isSet`: whether an option is y; undefined when nobody knows.
 */
export function extractLayouts(
  bytes: Uint8Array,
  addressOf: (symbol: string) => Addr | undefined,
  isSet: (option: string) => boolean | undefined,
): string {
  const btf = Btf.parse(bytes);
  const lines: string[] = [];
  // A set grows while it is walked: each struct adds its members.
  const wanted = new Set(declared);
  for (const key of wanted) {
    const [name = '', path] = key.split(/\.(.*)/s);
    const layout = btf.struct(name);
    if (layout === undefined) continue;
    if (path === undefined) {
      lines.push(`${key} ${layout.size}`);
      for (const member of layout.members) if (member.name !== '') wanted.add(`${name}.${member.name}`);
    } else if (btf.has(name, path)) lines.push(`${key} ${btf.offsetOf(name, path)}`);
  }
  for (const name of declaredSymbols) {
    const address = addressOf(name);
    if (address !== undefined) lines.push(`@${name} ${address}`);
  }
  for (const name of declaredOptions) {
    const set = isSet(name);
    if (set !== undefined) lines.push(`?${name} ${Number(set)}`);
  }
  return lines.join('\n');
}
export function parseLayouts(text: string): LayoutExtract {
  return new Map(
    text.split('\n').map((line) => {
      const [key = '', value] = line.split(' ');
      return [key, Number(value)];
    }),
  );
}

const isEmbedded = (type: CType<unknown> | EmbeddedType): type is EmbeddedType => 'embedded' in type;

/** Sizes and offsets of one kernel's structs, and the view classes made from them. */
export class Layouts {
  readonly #known: LayoutExtract;
  readonly #btf: () => Btf;
  readonly #classes = new Map<KernelStruct<FieldTypes>, new (address: Addr) => StructView<FieldTypes>>();
  /** What `#known` did not have. */
  readonly #asked = new Map<string, number>();
  readonly #context: TypeContext;

  constructor(known: LayoutExtract, btf: () => Btf, context: TypeContext) {
    this.#known = known;
    this.#btf = btf;
    this.#context = context;
  }

  /** Byte offset of `path` ('f_path.dentry') in `struct name`. */
  offsetOf(name: string, path: string): number {
    return this.#look(`${name}.${path}`, () => this.#btf().offsetOf(name, path));
  }
  sizeOf(name: string): number {
    return this.#look(name, () => {
      const layout = this.#btf().struct(name);
      if (layout === undefined) throw new Error(`this kernel has no struct ${name}`);
      return layout.size;
    });
  }
  #look(key: string, ask: () => number): number {
    let answer = this.#known.get(key) ?? this.#asked.get(key);
    if (answer === undefined) {
      answer = ask();
      this.#asked.set(key, answer);
    }
    return answer;
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
