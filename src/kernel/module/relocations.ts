// Relocation types of modules. Source: AMD64 psABI, table "Relocation Types"; arch/x86/kernel/module.c accepts only these.
import { ENOEXEC } from '#abi';
import { type ElfSymbol, RELA_SIZE, type Relocation, type Section } from '#elf';
import type { Addr } from '../memory.ts';
import { type LoadReason, reason } from './reasons.ts';

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

/** One relocation of a module. */
export interface RelocationSite {
  readonly user: string;
  /** The section that holds it, and its number there. */
  readonly table: Section;
  readonly index: number;
  readonly relocation: Relocation;
  /** The section that it changes, and the address of the field. */
  readonly target: Section;
  readonly place: Addr;
}
export const relUnsupported = (user: string, { name }: Section): LoadReason =>
  reason('relocation', ENOEXEC, `module ${user}: REL relocation unsupported`, { section: name });
function refusal({ table, index }: RelocationSite, text: string | undefined, found: string, symbol?: ElfSymbol): LoadReason {
  const details = { section: table.name, offset: table.offset + index * RELA_SIZE, found };
  return reason('relocation', ENOEXEC, text, symbol === undefined ? details : { ...details, symbol: symbol.name });
}
/** What is wrong with a relocation whatever its symbol's value is. */
export function checkSite(site: RelocationSite, symbols: readonly ElfSymbol[]): LoadReason | undefined {
  const { type, offset, symbol } = site.relocation;
  const rule = relocationRules.get(type);
  if (rule === undefined) return refusal(site, `module: ${site.user}: Unknown rela relocation: ${type}`, `type ${type}`, symbols[symbol]);
  if (rule.bytes === 0 || (offset + rule.bytes <= site.target.size && symbol < symbols.length)) return undefined;
  // Linux trusts these two; outside the section it would write over something else.
  return refusal(site, undefined, `offset ${offset} of ${site.target.size}, symbol ${symbol} of ${symbols.length}`);
}
/**
 * What is to be stored. Precondition: checkSite() found nothing.
 * @param S the symbol's value
 * @param old what the field holds
 * @param location how records name the field
 * @returns the value; or why not, and the record that Linux prints before that
 */
export function relocationValue(
  site: RelocationSite,
  S: bigint,
  old: bigint,
  location: () => string,
): bigint | { readonly first: string | undefined; readonly why: LoadReason } {
  const { type, addend } = site.relocation;
  const { overflow, relative } = relocationRules.get(type) as RelocationRule;
  const value = BigInt.asUintN(64, S + addend - (relative ? BigInt(site.place) : 0n));
  const val = value.toString(16);
  if (old !== 0n) {
    const text = `module: x86/modules: Skipping invalid relocation target, existing value is nonzero for type ${type}, loc ${location()}, val ${val}`;
    return { first: undefined, why: refusal(site, text, `0x${old.toString(16)} instead of 0`) };
  }
  const signed = BigInt.asUintN(64, BigInt.asIntN(32, value));
  if (overflow === 'none' || (overflow === 'unsigned' ? BigInt.asUintN(32, value) : signed) === value) return value;
  const why = refusal(site, `module: \`${site.user}' likely not compiled with -mcmodel=kernel`, `0x${val}`);
  return { first: `module: overflow in relocation type ${type} val ${val}`, why };
}
