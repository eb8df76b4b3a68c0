// Which arithmetic flags an instruction reads and replaces. Intel SDM Vol. 1, appendix A "EFLAGS Cross-Reference".
import type { Instruction } from './instruction.ts';
import { AF, ALL_FLAGS, CF, OF, PF, SF, ZF } from './ir.ts';

export interface FlagEffects {
  readonly reads: number;
  /** Flags that are certainly replaced (or undefined) afterwards. */
  readonly kills: number;
}

/** Condition suffixes of Jcc, SETcc and CMOVcc, as iced spells them, with the flags that they test. */
export const CONDITION_FLAGS: Readonly<Record<string, number>> = {
  o: OF,
  no: OF,
  b: CF,
  ae: CF,
  e: ZF,
  ne: ZF,
  be: CF | ZF,
  a: CF | ZF,
  s: SF,
  ns: SF,
  p: PF,
  np: PF,
  l: SF | OF,
  ge: SF | OF,
  le: ZF | SF | OF,
  g: ZF | SF | OF,
};

const NONE: FlagEffects = { reads: 0, kills: 0 };
const REPLACES_ALL: FlagEffects = { reads: 0, kills: ALL_FLAGS };
const KEEPS_CARRY: FlagEffects = { reads: 0, kills: ALL_FLAGS & ~CF };
const WITH_CARRY: FlagEffects = { reads: CF, kills: ALL_FLAGS };
const BIT_TEST: FlagEffects = { reads: 0, kills: CF };

const effects: Record<string, FlagEffects> = {
  Inc: KEEPS_CARRY,
  Dec: KEEPS_CARRY,
  Adc: WITH_CARRY,
  Sbb: WITH_CARRY,
  Bt: BIT_TEST,
  Bts: BIT_TEST,
  Btr: BIT_TEST,
  Btc: BIT_TEST,
  Clc: { reads: 0, kills: CF },
  Stc: { reads: 0, kills: CF },
  Cmc: { reads: CF, kills: CF },
  Lahf: { reads: SF | ZF | AF | PF | CF, kills: 0 },
  Sahf: { reads: 0, kills: SF | ZF | AF | PF | CF },
  Pushfq: { reads: ALL_FLAGS, kills: 0 },
  Popfq: REPLACES_ALL,
  Bsf: { reads: 0, kills: ALL_FLAGS },
  Bsr: { reads: 0, kills: ALL_FLAGS },
  Loope: { reads: ZF, kills: 0 },
  Loopne: { reads: ZF, kills: 0 },
  Cmpxchg8b: { reads: 0, kills: ZF },
  Cmpxchg16b: { reads: 0, kills: ZF },
};
for (const name of [
  'Add',
  'Sub',
  'Cmp',
  'Neg',
  'And',
  'Or',
  'Xor',
  'Test',
  'Mul',
  'Imul',
  'Div',
  'Idiv',
  'Xadd',
  'Cmpxchg',
  'Popcnt',
  'Tzcnt',
  'Lzcnt',
  'Call',
  'Ret',
  'Andn',
  'Bextr',
  'Blsi',
  'Blsr',
  'Blsmsk',
  'Bzhi',
  'Rdrand',
  'Rdseed',
  'Verw',
  'Verr',
])
  effects[name] = REPLACES_ALL;
for (const [suffix, reads] of Object.entries(CONDITION_FLAGS)) {
  for (const prefix of ['J', 'Set', 'Cmov']) effects[prefix + suffix] = { reads, kills: 0 };
}

/** Shifts replace flags only when the masked count is not 0; rotates only CF and OF. */
function shiftEffects({ mnemonic, operands }: Instruction): FlagEffects | undefined {
  const rotate = mnemonic === 'Rol' || mnemonic === 'Ror' || mnemonic === 'Rcl' || mnemonic === 'Rcr';
  const double = mnemonic === 'Shld' || mnemonic === 'Shrd';
  if (!rotate && !double && mnemonic !== 'Shl' && mnemonic !== 'Sal' && mnemonic !== 'Shr' && mnemonic !== 'Sar') return undefined;
  const count = operands[double ? 2 : 1];
  const width = operands[0]?.kind === 'immediate' ? 64 : (operands[0]?.bits ?? 64);
  const fixed = count?.kind === 'immediate' && (Number(count.value) & (width === 64 ? 63 : 31)) !== 0;
  const reads = mnemonic === 'Rcl' || mnemonic === 'Rcr' ? CF : 0;
  return { reads, kills: !fixed ? 0 : rotate ? CF | OF : ALL_FLAGS };
}

export function flagEffects(instruction: Instruction): FlagEffects {
  return effects[instruction.mnemonic] ?? shiftEffects(instruction) ?? (isCompareString(instruction) ? REPLACES_ALL : NONE);
}

function isCompareString({ mnemonic, repeat }: Instruction): boolean {
  return repeat === '' && (mnemonic.startsWith('Scas') || mnemonic.startsWith('Cmps'));
}
