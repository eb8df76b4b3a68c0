// Damages modules where their structure is. Case n is always the same damage: a failure names its number.
import { ElfFile, RELA_SIZE, SECTION_HEADER_SIZE, type Section, SHT_RELA, SHT_SYMTAB, SYMBOL_SIZE } from '#elf';

/** Numbers below a limit, from a seed (mulberry32). */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** A field: offset in its record, bytes. */
type Field = readonly [offset: number, bytes: number];
// System V ABI: Elf64_Ehdr, Elf64_Shdr, Elf64_Sym, Elf64_Rela.
// biome-ignore format: as in the ABI
const HEADER: readonly Field[] = [[0, 4], [4, 1], [5, 1], [6, 1], [7, 1], [16, 2], [18, 2], [20, 4], [24, 8], [32, 8], [40, 8], [48, 4], [52, 2], [54, 2], [56, 2], [58, 2], [60, 2], [62, 2]];
// biome-ignore format: as in the ABI
const SECTION: readonly Field[] = [[0, 4], [4, 4], [8, 8], [16, 8], [24, 8], [32, 8], [40, 4], [44, 4], [48, 8], [56, 8]];
const SYMBOL: readonly Field[] = [
  [0, 4],
  [4, 1],
  [5, 1],
  [6, 2],
  [8, 8],
  [16, 8],
];
const RELOCATION: readonly Field[] = [
  [0, 8],
  [8, 4],
  [12, 4],
  [16, 8],
];
const EDGES = [0, 1, 2, 7, 8, 63, 64, 255, 4095, 4096, 65535, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 63, 2 ** 64 - 4096];

export interface Base {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly tableAt: number;
}
export function base(name: string, bytes: Uint8Array): Base {
  const elf = new ElfFile(bytes);
  // What debuggers read is most of the file, and nothing to the loader.
  const sections = elf.sections.filter((section) => !/\.debug|\.comment|\.BTF/.test(section.name));
  return { name, bytes, sections, tableAt: elf.header.sectionOffset };
}

/** Where a mutation is tried; each gives what it did. */
type Mutation = (image: Uint8Array, dice: Dice, from: Base) => string;

function setField(image: Uint8Array, at: number, [offset, bytes]: Field, dice: Dice, what: string): string {
  if (at + offset + bytes > image.length) return 'nothing';
  const view = new DataView(image.buffer);
  const place = at + offset;
  const long = bytes === 8 ? view.getBigUint64(place, true) : BigInt(view.getUint32(place, true));
  const old = BigInt.asUintN(bytes * 8, long);
  const value = dice.pick([
    () => BigInt(dice.pick(EDGES)),
    () => old + BigInt(dice.below(17) - 8),
    () => old ^ (1n << BigInt(dice.below(bytes * 8))),
    () => BigInt(dice.below(image.length * 2)),
    () => old * 2n,
  ])();
  for (let n = 0; n < bytes; n++) image[place + n] = Number((value >> BigInt(n * 8)) & 255n);
  return `${what}+${offset}=${BigInt.asUintN(bytes * 8, value).toString(16)}`;
}
const record =
  (what: string, type: number, size: number, fields: readonly Field[]): Mutation =>
  (image, dice, { sections }) => {
    const fitting = sections.filter((candidate) => candidate.type === type);
    if (fitting.length === 0) return 'nothing';
    const section = dice.pick(fitting);
    const n = dice.below(section.size / size);
    return setField(image, section.offset + n * size, dice.pick(fields), dice, `${what} ${section.name}[${n}]`);
  };
/** A byte of a section whose name fits: flipped, or any. */
const inside =
  (names: RegExp): Mutation =>
  (image, dice, { sections }) => {
    const fitting = sections.filter(({ name, size, type }) => names.test(name) && size > 0 && type !== SHT_RELA);
    if (fitting.length === 0) return 'nothing';
    const { name, offset, size } = dice.pick(fitting);
    const at = dice.below(size);
    if (offset + at >= image.length) return 'nothing';
    image[offset + at] = dice.below(2) === 0 ? dice.below(256) : (image[offset + at] as number) ^ (1 << dice.below(8));
    return `${name}+${at.toString(16)}=${image[offset + at]}`;
  };

// biome-ignore format: one row of the table per line
const MUTATIONS: readonly Mutation[] = [
  (image, dice) => setField(image, 0, dice.pick(HEADER), dice, 'header'),
  (image, dice, { sections, tableAt }) => {
    const { index, name } = dice.pick(sections);
    return setField(image, tableAt + index * SECTION_HEADER_SIZE, dice.pick(SECTION), dice, `section ${name}`);
  },
  (image, dice, { sections, tableAt }) => {
    const [a, b] = [dice.pick(sections), dice.pick(sections)];
    const at = (section: Section) => tableAt + section.index * SECTION_HEADER_SIZE;
    if (Math.max(at(a), at(b)) + SECTION_HEADER_SIZE > image.length) return 'nothing';
    image.copyWithin(at(a), at(b), at(b) + SECTION_HEADER_SIZE);
    return `section ${a.name} is ${b.name}`;
  },
  record('symbol', SHT_SYMTAB, SYMBOL_SIZE, SYMBOL),
  record('relocation', SHT_RELA, RELA_SIZE, RELOCATION),
  inside(/^\.modinfo$/),
  inside(/^\.(str|shstr|sym)tab$/),
  inside(/^\.gnu\.linkonce\.this_module$/),
  inside(/^__(versions|param|ksymtab|kcrctab|bug_table|ex_table|mcount_loc|jump_table)/),
  inside(/^\.(orc_unwind|orc_unwind_ip|return_sites|altinstructions|parainstructions|call_sites|note)/),
  inside(/^\.(rodata|data|bss)/),
  inside(/^\.(init|exit)\.text$/),
  inside(/^\.text/),
  inside(/./),
  (image, dice) => {
    const at = dice.below(image.length);
    image[at] = dice.below(256);
    return `byte ${at.toString(16)}=${image[at]}`;
  },
];
const MOST_MUTATIONS = 4;
const CUT_ONE_IN = 20;

export interface Mutant {
  readonly image: Uint8Array;
  /** What was done, for the message of a failure. */
  readonly story: string;
}
export function mutant(bases: readonly Base[], number: number): Mutant {
  const dice = new Dice(number);
  const from = dice.pick(bases);
  let image = Uint8Array.from(from.bytes);
  const story = [from.name];
  const count = 1 + dice.below(MOST_MUTATIONS);
  for (let n = 0; n < count; n++) story.push(dice.pick(MUTATIONS)(image, dice, from));
  if (dice.below(CUT_ONE_IN) === 0) {
    image = image.slice(0, dice.below(image.length));
    story.push(`cut to ${image.length}`);
  }
  return { image, story: story.join('; ') };
}
