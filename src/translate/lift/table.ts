import { arithmetic } from './arithmetic.ts';
import { bitOperations } from './bits.ts';
import { moves } from './move.ts';
import { multiply } from './multiply.ts';
import { shifts } from './shift.ts';
import { strings } from './string.ts';
import { system } from './system.ts';
import type { Lifter } from './types.ts';

/** From iced's mnemonic to its lifter. Branches, calls and returns end blocks: see lift.ts. */
export const lifters: ReadonlyMap<string, Lifter> = new Map(
  Object.entries({ ...arithmetic, ...multiply, ...shifts, ...bitOperations, ...moves, ...strings, ...system }),
);
