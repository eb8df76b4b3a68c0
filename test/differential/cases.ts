// Test cases: an encoding, and states of registers, flags and memory in which it is run.
import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';

const iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;

export const WINDOW = 0x70008000;
export const WINDOW_BYTES = 256;
export const CODE = 0x60000000;
/** Encodings lie this far apart; each is followed by pushfq. */
export const CODE_STEP = 32;
const PUSHFQ = 0x9c;
const ARITHMETIC_FLAGS = 0x8d5;

export interface Form {
  readonly hex: string;
  readonly text: string;
  readonly ip: number;
  /** The instruction and pushfq. */
  readonly code: Uint8Array;
  /** RFLAGS bits that are undefined afterwards. */
  readonly undefinedFlags: number;
  readonly relative: boolean;
  /** Sets up registers so that the memory operand lies in the window; undefined when it cannot. */
  readonly aim: (registers: bigint[], random: Random) => boolean;
}
export interface State {
  readonly registers: readonly bigint[];
  readonly flags: number;
  readonly window: Uint8Array;
}

/** xorshift32: the same seed gives the same cases. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 1;
  }
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
  below(n: number): number {
    return this.next() % n;
  }
  u64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }
}

const CORNERS = [
  0n,
  1n,
  2n,
  3n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  0xfffffffffffffffen,
  0xffffffff80000000n,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
];
const value = (random: Random): bigint => {
  const kind = random.below(4);
  if (kind === 0) return random.u64();
  if (kind === 1) return BigInt(random.below(70));
  return CORNERS[random.below(CORNERS.length)] ?? 0n;
};

const SHIFTS = new Set(['Shl', 'Sal', 'Shr', 'Sar', 'Rol', 'Ror', 'Rcl', 'Rcr', 'Shld', 'Shrd']);

function registerNumber(register: number): number {
  const { Register } = iced;
  if (register >= Register.RAX && register <= Register.R15) return register - Register.RAX;
  if (register >= Register.EAX && register < Register.RAX) return register - Register.EAX;
  return -1;
}

/** Reads one line of the harvest. @returns undefined for forms that a single step cannot test. */
export function readForm(line: string, ip: number): Form | undefined {
  const [hex = '', ...rest] = line.split(' ');
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  const decoder = new iced.Decoder(64, bytes, 0);
  decoder.ip = BigInt(ip);
  const i = decoder.decode();
  if (i.code === 0 || i.length !== bytes.length) return undefined;
  const constants = decoder.getConstantOffsets(i);
  const mnemonic = iced.Mnemonic[i.mnemonic] ?? '';
  const memoryOperand = [...Array(i.opCount).keys()].some((n) => i.opKind(n) === iced.OpKind.Memory);
  const base = registerNumber(i.memoryBase);
  const index = registerNumber(i.memoryIndex);
  const scale = BigInt(i.memoryIndexScale);
  const relative = i.isIpRelMemoryOperand;
  const lea = mnemonic === 'Lea';
  let displacement = i.memoryDisplacement as unknown as bigint;
  if (memoryOperand && base < 0 && !lea) {
    // rip-relative and absolute operands: the displacement is rewritten to point into the window.
    if (!constants.hasDisplacement || constants.displacementSize !== 4) return undefined;
    const field = WINDOW + 64 - (relative ? ip + bytes.length : 0);
    new DataView(bytes.buffer).setInt32(constants.displacementOffset, field, true);
    displacement = BigInt(WINDOW + 64);
  }
  if (/\.other/.test(mnemonic) || (lea && relative)) return undefined;
  const segment = i.segmentPrefix;
  if (segment === iced.Register.FS) return undefined;
  const bitString = mnemonic.startsWith('Bt') && memoryOperand && i.op1Kind === iced.OpKind.Register;
  const bitRegister = bitString ? i.op1Register : 0;
  const writesStack =
    i.op0Kind === iced.OpKind.Register && registerNumber(i.op0Register) === 4 && !['Cmp', 'Test', 'Push', 'Bt'].includes(mnemonic);
  if (writesStack) return undefined;
  const string = /^(Movs|Stos|Lods|Scas|Cmps)[bwdq]$/.test(mnemonic);
  const repeated = i.hasRepPrefix;
  const undefinedMask = rflags(i.rflagsUndefined);
  const size = mnemonic.endsWith('b') ? 1 : 8;
  const narrow = /(16|8)(_|$)/.test(iced.Code[i.code] ?? '');
  const shift = SHIFTS.has(mnemonic);
  return {
    hex,
    text: rest.join(' '),
    ip,
    relative,
    code: Uint8Array.of(...bytes, PUSHFQ),
    // Shifts: OF of counts that are not 1, CF of counts above the width.
    undefinedFlags: shift ? undefinedMask | 0x810 | (narrow ? 1 : 0) : undefinedMask,
    aim(registers, random) {
      registers[4] = BigInt(WINDOW + 128);
      // The result of a 16-bit double shift by more than 16 is undefined.
      if (/^Sh[lr]d$/.test(mnemonic) && narrow) registers[1] = BigInt(random.below(17));
      if (mnemonic === 'Leave') registers[5] = BigInt(WINDOW + 96);
      if (string) {
        registers[6] = BigInt(WINDOW + 16 + random.below(64));
        registers[7] = BigInt(WINDOW + 16 + random.below(64));
        if (repeated) registers[1] = BigInt(random.below(size === 1 ? 30 : 4));
      }
      if (!memoryOperand || lea) return true;
      const target = BigInt(WINDOW + 24 + random.below(80));
      if (base >= 0) {
        if (index === base && scale !== 0n) return false;
        if (base === 4) return !bitString && index < 0 && displacement >= -96n && displacement < 96n;
        if (index >= 0) registers[index] = BigInt.asUintN(64, BigInt(random.below(9) - 4));
        registers[base] = BigInt.asUintN(64, target - displacement - (index >= 0 ? BigInt.asIntN(64, registers[index] ?? 0n) * scale : 0n));
      } else if (index >= 0) registers[index] = BigInt(random.below(8));
      if (bitString) {
        const number = wordRegister(bitRegister);
        if (number === base || number === index || number === 4) return false;
        registers[number] = BigInt.asUintN(64, BigInt(random.below(300) - 150));
      }
      return base < 0 || index !== 4;
    },
  };
}
function wordRegister(register: number): number {
  const { Register } = iced;
  return register >= Register.RAX ? register - Register.RAX : register >= Register.EAX ? register - Register.EAX : register - Register.AX;
}

/** From iced's RflagsBits to RFLAGS. */
function rflags(bits: number): number {
  const { RflagsBits } = iced;
  return (
    (bits & RflagsBits.OF ? 0x800 : 0) |
    (bits & RflagsBits.SF ? 0x80 : 0) |
    (bits & RflagsBits.ZF ? 0x40 : 0) |
    (bits & RflagsBits.AF ? 0x10 : 0) |
    (bits & RflagsBits.CF ? 1 : 0) |
    (bits & RflagsBits.PF ? 4 : 0)
  );
}

/** Conditions by number, with the RFLAGS bits that they test. */
const CONDITION_BITS = [0x800, 1, 0x40, 0x41, 0x80, 4, 0x880, 0x8c0];

/**
 * `form` followed by consumers of condition number `cc`: setcc, cmovcc and a jcc over an instruction; or the jcc alone and no
 * pushfq, so that all other flags are dead; or a jcc to another jcc, the other way being a shift. Undefined when a condition
 * tests undefined flags, or the form has memory.
 */
export function withCondition(form: Form, cc: number, ip: number, kind: 'all' | 'alone' | 'chain'): Form | undefined {
  const second = (cc + 5) & 15;
  const tested = (CONDITION_BITS[cc >> 1] ?? 0) | (kind === 'chain' ? (CONDITION_BITS[second >> 1] ?? 0) : 0);
  if (form.text.includes('(') || form.undefinedFlags & tested || /r1[0-3]/.test(form.text)) return undefined;
  const alone = kind !== 'all';
  const bytes = form.code.subarray(0, -1);
  const branch = [0x70 + cc, 6, 0x41, 0xbd, 1, 0, 0, 0];
  const chain = [0x70 + cc, 5, 0x48, 0xd1, 0xee, 0xeb, 8, 0x70 + second, 6, ...branch.slice(2)];
  const code = alone
    ? Uint8Array.of(...bytes, ...(kind === 'chain' ? chain : branch))
    : Uint8Array.of(...bytes, 0x41, 0x0f, 0x90 + cc, 0xc2, 0x4d, 0x0f, 0x40 + cc, 0xdc, ...branch, PUSHFQ);
  if (code.length > CODE_STEP - 1) return undefined;
  return {
    ...form,
    ip,
    code,
    text: `${form.text}; cc ${cc.toString(16)}${alone ? ` ${kind}` : ''}`,
    undefinedFlags: alone ? 0xfff : form.undefinedFlags,
  };
}

export function makeState(form: Form, random: Random): State | undefined {
  const registers = Array.from({ length: 16 }, () => value(random));
  if (!form.aim(registers, random)) return undefined;
  const window = new Uint8Array(WINDOW_BYTES);
  for (let n = 0; n < WINDOW_BYTES; n++) window[n] = random.below(3) === 0 ? 0xff : random.below(2) === 0 ? 0 : random.next();
  return { registers, flags: (random.next() & ARITHMETIC_FLAGS) | 0x202, window };
}
