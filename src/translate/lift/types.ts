import type { Instruction } from '../instruction.ts';
import type { Builder } from './builder.ts';

/** Describes one instruction to the builder: read, compute, flags, write. */
export type Lifter = (b: Builder, instruction: Instruction) => void;
/** From iced's mnemonic to its lifter. */
export type LifterTable = Readonly<Record<string, Lifter>>;
