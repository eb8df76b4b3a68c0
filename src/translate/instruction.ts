/** Width of an operand in bits. */
export type Bits = 8 | 16 | 32 | 64;

export interface RegisterOperand {
  readonly kind: 'register';
  /** Hardware number. */
  readonly register: number;
  readonly bits: Bits;
  /** ah, ch, dh, bh: bits 8..15 of the register. */
  readonly high: boolean;
}

export interface MemoryOperand {
  readonly kind: 'memory';
  readonly bits: Bits;
  /** Hardware number, or -1. rip-relative operands have no base: `displacement` is the address. */
  readonly base: number;
  readonly index: number;
  /** Shift count of the index. */
  readonly shift: number;
  /** Signed. */
  readonly displacement: bigint;
  readonly segment: '' | 'fs' | 'gs';
  /** The address-size prefix: the effective address is cut to 32 bits. */
  readonly address32: boolean;
}

export interface ImmediateOperand {
  readonly kind: 'immediate';
  readonly bits: Bits;
  /** Signed, extended to the operation's width. */
  readonly value: bigint;
}

export type Operand = RegisterOperand | MemoryOperand | ImmediateOperand;

/** One decoded instruction. Addresses are low 32 bits, unsigned. */
export interface Instruction {
  readonly ip: number;
  readonly next: number;
  /** Intel's name as iced spells it: 'Add', 'Cmovb'. */
  readonly mnemonic: string;
  readonly operands: readonly Operand[];
  readonly repeat: '' | 'rep' | 'repne';
  /** Target of a direct branch or call, else -1. */
  readonly target: number;
  readonly lock: boolean;
}
