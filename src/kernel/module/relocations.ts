// Relocation types of modules. Source: AMD64 psABI, table "Relocation Types"; arch/x86/kernel/module.c accepts only these.

/** What a relocation stores, in the psABI's letters: S symbol value, A addend, P address of the field. */
export interface RelocationRule {
  readonly name: string;
  readonly bytes: 0 | 4 | 8;
  readonly overflow: 'none' | 'signed' | 'unsigned';
  /** S + A - P instead of S + A. */
  readonly relative: boolean;
}

// biome-ignore format: one row of the table per line
export const relocationRules: ReadonlyMap<number, RelocationRule> = new Map<number, RelocationRule>([
  [0,  { name: 'R_X86_64_NONE',  bytes: 0, overflow: 'none',     relative: false }],
  [1,  { name: 'R_X86_64_64',    bytes: 8, overflow: 'none',     relative: false }],
  [2,  { name: 'R_X86_64_PC32',  bytes: 4, overflow: 'none',     relative: true }],
  [4,  { name: 'R_X86_64_PLT32', bytes: 4, overflow: 'none',     relative: true }],
  [10, { name: 'R_X86_64_32',    bytes: 4, overflow: 'unsigned', relative: false }],
  [11, { name: 'R_X86_64_32S',   bytes: 4, overflow: 'signed',   relative: false }],
  [24, { name: 'R_X86_64_PC64',  bytes: 8, overflow: 'none',     relative: true }],
]);
