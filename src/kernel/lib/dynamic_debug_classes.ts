// Parameters that switch classes of call sites, as drm.debug does. Source: lib/dynamic_debug.c (param_ops_dyndbg_classes).
import { EINVAL } from '#abi';
import {
  cstring,
  embedded,
  imageData,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  ptr,
  type StructView,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { KernelParam } from '../module/kernel_param.ts';
import { ClassMapStruct, classNames, Dyndbg } from './dynamic_debug.ts';
import { kstrto } from './kstrtox.ts';

const ClassParamStruct = kernelStruct('ddebug_class_param', { bits: voidPtr, flags: embedded, map: ptr(ClassMapStruct) });
const kp = ptr(KernelParam);

/** enum class_map_type. */
const DISJOINT_BITS = 0;
const LEVEL_NUM = 1;
const DISJOINT_NAMES = 2;
const LEVEL_NAMES = 3;
type ClassParam = StructView<typeof ClassParamStruct.fields>;
const bitOf = (bits: bigint, n: number): boolean => ((bits >> BigInt(n)) & 1n) === 1n;
const lowBits = (count: number): bigint => (1n << BigInt(count)) - 1n;

/** A parameter that switches the classes of its map: a mask or a level, as number or by name. */
class ClassSwitch {
  readonly #k: Kernel;
  readonly #name: string;
  readonly #param: ClassParam;
  readonly #classes: readonly string[];
  readonly #type: number;
  constructor(k: Kernel, { name, arg }: { readonly name: Addr; readonly arg: Addr }) {
    this.#k = k;
    this.#name = k.memory.cstring(name);
    this.#param = k.view(ClassParamStruct, arg);
    this.#classes = classNames(k, this.#param.map);
    this.#type = this.#param.map.map_type;
  }
  /** The classes that are on; a level has all below it on. */
  get #bits(): bigint {
    const { memory } = this.#k;
    return this.#isLevel ? lowBits(memory.u32(this.#param.bits)) : memory.u64(this.#param.bits);
  }
  get #isLevel(): boolean {
    return this.#type === LEVEL_NUM || this.#type === LEVEL_NAMES;
  }
  #apply(bits: bigint): void {
    const before = this.#bits;
    const flags = this.#k.memory.cstring(this.#param.flags, 8);
    for (const [n, name] of this.#classes.entries()) {
      const wanted = bitOf(bits, n);
      if (wanted !== bitOf(before, n)) this.#k.get(Dyndbg).execute(`class ${name} ${wanted ? '+' : '-'}${flags}`);
    }
  }
  #setBits(bits: bigint): void {
    this.#apply(bits);
    this.#k.memory.setU64(this.#param.bits, bits);
  }
  #setLevel(level: number): void {
    this.#apply(lowBits(level));
    this.#k.memory.setU32(this.#param.bits, level);
  }
  /** Return: 0 or -EINVAL. */
  set(text: string): number {
    if (this.#type === DISJOINT_NAMES || this.#type === LEVEL_NAMES) return this.#setByNames(text);
    if (this.#type !== DISJOINT_BITS && this.#type !== LEVEL_NUM) {
      this.#complain('err', `${this.#name}: bad map type: ${this.#type}`);
      return -EINVAL;
    }
    const number = kstrto(text, 64, false);
    if (typeof number === 'number') {
      this.#complain('err', `expecting numeric input: ${text} > ${this.#name}`);
      return -EINVAL;
    }
    const most = this.#classes.length;
    if (this.#isLevel) {
      if (number > BigInt(most))
        this.#complain('warning', `${this.#name}: level:${BigInt.asIntN(64, number)} exceeds max:${most}, clamping`);
      this.#setLevel(number > BigInt(most) ? most : Number(number));
    } else {
      const all = lowBits(most);
      if ((number & ~all) !== 0n)
        this.#complain('warning', `${this.#name}: input: 0x${number.toString(16)} exceeds mask: 0x${all.toString(16)}, masking`);
      this.#setBits(number & all);
    }
    return 0;
  }
  /** [+-]NAME, comma separated; names that are not known are reported. */
  #setByNames(text: string): number {
    for (const item of text.replace(/\n.*$/s, '').split(',')) {
      const wanted = !item.startsWith('-');
      const name = item.replace(/^[-+]/, '');
      const n = this.#classes.indexOf(name);
      if (n < 0) this.#complain('err', `${name} unknown to ${this.#name}`);
      else if (this.#isLevel) this.#setLevel(n + (wanted ? 1 : 0));
      else if ((((this.#bits >> BigInt(n)) & 1n) === 1n) !== wanted) this.#setBits(this.#bits ^ (1n << BigInt(n)));
    }
    return 0;
  }
  #complain(level: 'err' | 'warning', text: string): void {
    this.#k.log.print(level, `dyndbg: ${text}`);
  }
  text(): string {
    const { memory } = this.#k;
    return this.#isLevel ? `${memory.u32(this.#param.bits) | 0}\n` : `0x${memory.u64(this.#param.bits).toString(16)}\n`;
  }
}

export const dynamicDebugClassesApi: KernelApi = kernelApi('lib/dynamic_debug.c, classes', {
  param_set_dyndbg_classes: kfunc({ instr: cstring, kp }, int, (k, { instr, kp: param }) => new ClassSwitch(k, param).set(instr)),
  param_get_dyndbg_classes: kfunc({ buffer: voidPtr, kp }, int, (k, { buffer, kp: param }) => {
    const text = new ClassSwitch(k, param).text();
    k.memory.setCstring(buffer, text);
    return text.length;
  }),
  param_ops_dyndbg_classes: imageData,
});
