// A function's instructions, with what relocations put into their operands. Decoding and spelling are iced-x86's work.
import { type ElfSymbol, STT_FUNC } from '#elf';
import { type IcedModule, iced } from '#translate';
import type { ModuleFile } from './module_file.ts';
import { relocationName, symbolPlus } from './relocations.ts';
import { hexAddress } from './sections.ts';
import { symbolName } from './symbols.ts';

/** iced-x86's Register.None. */
const NO_REGISTER = 0;
type Instruction = InstanceType<IcedModule['Instruction']>;
type ConstantOffsets = InstanceType<IcedModule['ConstantOffsets']>;
type Formatter = InstanceType<IcedModule['Formatter']>;

export interface InstructionRelocation {
  /** Byte offset in the section. */
  readonly offset: number;
  readonly type: string;
  /** 'kfree-0x4'. */
  readonly value: string;
}
export interface InstructionReport {
  /** Byte offset in the section. */
  readonly offset: number;
  /** Hexadecimal. */
  readonly bytes: string;
  /** AT&T syntax, as objdump has it; operands that a relocation fills are its symbol. */
  readonly text: string;
  readonly relocations: readonly InstructionRelocation[];
}
export interface DisassemblyReport {
  readonly name: string;
  readonly section: string;
  /** Byte offset in the section. */
  readonly offset: number;
  readonly size: number;
  readonly address: string | undefined;
  readonly instructions: readonly InstructionReport[];
}
/** The file has no such function, or none that can be shown. */
export class NoFunction extends Error {}

/** Put where a relocation comes, so that it can be found in the text. */
const MARK = [0xed, 0x5e, 0xed, 0x5e] as const;
const MARK_VALUE = 0x5eed5eedn;

/** @throws NoFunction */
export function disassembly(file: ModuleFile, name: string): DisassemblyReport {
  const symbol = file.symbols.find((candidate) => candidate.name === name && candidate.type === STT_FUNC);
  const section = symbol && file.elf?.sections[symbol.section];
  if (symbol === undefined || section === undefined) {
    const near = file.symbols.filter((candidate) => candidate.type === STT_FUNC && candidate.name.includes(name)).slice(0, 5);
    throw new NoFunction(`no function '${name}'${near.length === 0 ? '' : ` (${near.map((each) => each.name).join(', ')}?)`}`);
  }
  const contents = file.contents(section);
  const start = Number(symbol.value);
  const end = start + (symbol.size === 0 ? contents.length - start : symbol.size);
  if (end > contents.length)
    throw new NoFunction(`function '${name}' (bytes ${start} to ${end}) lies outside ${section.name} (${contents.length} bytes)`);
  const address = file.symbolAddress(symbol);
  return {
    name,
    section: section.name,
    offset: start,
    size: end - start,
    address: address === undefined ? undefined : hexAddress(address),
    instructions: decode(file, section.index, contents.subarray(start, end), start),
  };
}

interface Place {
  readonly type: number;
  readonly name: string;
  readonly addend: number;
}
function decode(file: ModuleFile, section: number, bytes: Uint8Array, start: number): InstructionReport[] {
  const relocations = relocationsIn(file, section, start, start + bytes.length);
  const marked = Uint8Array.from(bytes);
  for (const [offset, { type }] of relocations) {
    marked.set(MARK, offset - start);
    if (type === 1) marked.set([0, 0, 0, 0], offset - start + 4);
  }
  const { Decoder, DecoderOptions, Formatter, FormatterSyntax } = iced();
  const decoder = new Decoder(64, marked, DecoderOptions.None);
  const formatter = new Formatter(FormatterSyntax.Gas);
  // As objdump spells: 0x1f, blank behind the mnemonic, rip-relative operands as displacements.
  formatter.firstOperandCharIndex = 7;
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.smallHexNumbersInDecimal = false;
  formatter.ripRelativeAddresses = true;
  formatter.branchLeadingZeros = false;
  formatter.displacementLeadingZeros = false;
  formatter.gasSpaceAfterMemoryOperandComma = false;
  formatter.spaceAfterOperandSeparator = false;
  const names = labels(file, section);
  const found: InstructionReport[] = [];
  try {
    decoder.ip = BigInt(start);
    while (decoder.canDecode) {
      const instruction = decoder.decode();
      const offset = Number(instruction.ip);
      const next = offset + instruction.length;
      const within = [...relocations].filter(([at]) => at >= offset && at < next);
      const branch = instruction.isJmpShortOrNear || instruction.isCallNear || instruction.isJccShortOrNear;
      let text = instruction.isInvalid ? '(bad)' : spelled(instruction, decoder.getConstantOffsets(instruction), formatter);
      if (branch && within.length === 0) text = text.replace(/0x[0-9a-f]+$/, (target) => branchTarget(Number(target), names));
      for (const [, place] of within) text = insert(text, place, branch ? BigInt(next) + MARK_VALUE : MARK_VALUE);
      found.push({
        offset,
        bytes: Array.from(bytes.subarray(offset - start, next - start), (byte) => byte.toString(16).padStart(2, '0')).join(' '),
        text,
        relocations: within.map(([at, { type, name, addend }]) => ({
          offset: at,
          type: relocationName(type),
          value: symbolPlus(name, addend),
        })),
      });
      instruction.free();
    }
  } finally {
    formatter.free();
    decoder.free();
  }
  return found;
}
/** As objdump spells it: displacements that the code has, if 0 too; shifts by one without a count; all three operands of imul. */
function spelled(instruction: Instruction, constants: ConstantOffsets, formatter: Formatter): string {
  formatter.showZeroDisplacements = constants.hasDisplacement;
  formatter.alwaysShowScale = instruction.memoryIndex !== NO_REGISTER;
  const text = formatter.format(instruction);
  const counted = constants.hasImmediate;
  constants.free();
  if (!counted) return text.replace(/^((?:sh|sa|ro|rc)[lr]\w*) +\$0x1,/, (_, shift: string) => `${shift.padEnd(6)} `);
  return text.replace(/^(imul\w* +\$0x[0-9a-f]+),(%\w+)$/, '$1,$2,$2');
}
function relocationsIn(file: ModuleFile, section: number, start: number, end: number): Map<number, Place> {
  const found = new Map<number, Place>();
  const target = file.elf?.sections[section];
  for (const table of target === undefined ? [] : file.relocationsOf(target)) {
    for (const { offset, type, symbol, addend } of file.relocations(table)) {
      if (offset < start || offset >= end || type === 0) continue;
      const to = file.symbols[symbol];
      found.set(offset, { type, name: to === undefined || symbol === 0 ? '' : symbolName(file, to), addend: Number(addend) });
    }
  }
  return found;
}
/** PC-relative addends count from the end of the field, mostly the end of the instruction. */
const RELATIVE: ReadonlySet<number> = new Set([2, 4, 24]);
function insert(text: string, { type, name, addend }: Place, mark: bigint): string {
  const value = symbolPlus(name, RELATIVE.has(type) ? addend + 4 : addend);
  return text.replace(`0x${mark.toString(16)}`, value);
}
/** Functions and labels of a section, sorted; of several at one place the last is the one to show: a global, else by name. */
function labels(file: ModuleFile, section: number): ElfSymbol[] {
  return file.symbols
    .filter((symbol) => symbol.section === section && symbol.name !== '')
    .sort((a, b) => Number(a.value - b.value) || a.binding - b.binding || (a.name < b.name ? 1 : -1));
}
/** '1f <crc7_be+0x1f>'. */
function branchTarget(target: number, names: readonly ElfSymbol[]): string {
  const symbol = names.findLast(({ value }) => Number(value) <= target);
  return `${target.toString(16)}${symbol === undefined ? '' : ` <${symbolPlus(symbol.name, target - Number(symbol.value))}>`}`;
}
