// The relocations of a module as apply_relocations() would find them. All modules of a kernel have five million: what is right is
// seen without an object each; what is wrong is asked of the loader's own rules.
import { RELA_SIZE, type Section, SHT_NOBITS, SHT_REL, SHT_RELA } from '#elf';
import { checkSite, type LoadReason, type RelocationSite, relocationRules, relocationValue, relUnsupported } from '#kernel';
import type { ModuleFile } from '../module_file.ts';

/** So many reasons of this kind are enough for one section: a wrong compiler option makes thousands. */
const ENOUGH = 10;
const MIN_S32 = -(2 ** 31);
const TWO32 = 2 ** 32;

/** @param values of the symbols, as signed numbers; NaN: it has none, which was said already. */
export function checkRelocations(file: ModuleFile, user: string, values: Float64Array): LoadReason[] {
  const found: { readonly table: number; readonly why: LoadReason }[] = [];
  const byTarget = new Map<Section, Section[]>();
  for (const table of file.elf?.sections ?? []) {
    const target = file.elf?.sections[table.info];
    if (target === undefined || file.addressOf(target.index) === undefined) continue;
    if (table.type === SHT_REL) found.push({ table: table.index, why: relUnsupported(user, table) });
    if (table.type === SHT_RELA) byTarget.set(target, [...(byTarget.get(target) ?? []), table]);
  }
  for (const [target, tables] of byTarget) {
    if (isRight(file, tables, target, values)) continue;
    for (const reason of apply(file, user, tables, target, values)) if (found.push(reason) >= ENOUGH * byTarget.size) break;
  }
  // The loader goes from table to table.
  return found.sort((a, b) => a.table - b.table).map(({ why }) => why);
}
/** Whether all is well at first sight: fields one behind the other, empty, and values that fit. */
function isRight(file: ModuleFile, tables: readonly Section[], target: Section, values: Float64Array): boolean {
  const bytes = file.contents(target);
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const empty = target.type === SHT_NOBITS;
  let end = 0;
  for (const table of tables) {
    const rows = file.contents(table);
    const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    for (let at = 0; at + RELA_SIZE <= rows.length; at += RELA_SIZE) {
      const offset = view.getUint32(at + 4, true) * TWO32 + view.getUint32(at, true);
      const rule = relocationRules.get(view.getUint32(at + 8, true));
      const value = values[view.getUint32(at + 12, true)];
      if (rule?.bytes === 0) continue;
      if (rule === undefined || value === undefined || offset < end || offset + rule.bytes > target.size) return false;
      end = offset + rule.bytes;
      if (!empty && (fields.getUint32(offset, true) !== 0 || (rule.bytes === 8 && fields.getUint32(offset + 4, true) !== 0))) return false;
      if (rule.overflow === 'none') continue;
      const sum = value + view.getInt32(at + 20, true) * TWO32 + view.getUint32(at + 16, true);
      if (rule.overflow === 'signed' ? sum < MIN_S32 || sum >= -MIN_S32 : sum < 0 || sum >= TWO32) return false;
    }
  }
  return true;
}
/** Applies them to a copy of the section, as the loader does, but goes on after what it refuses. */
function* apply(
  file: ModuleFile,
  user: string,
  tables: readonly Section[],
  target: Section,
  values: Float64Array,
): Generator<{ readonly table: number; readonly why: LoadReason }> {
  const fields = new DataView(target.type === SHT_NOBITS ? new ArrayBuffer(target.size) : Uint8Array.from(file.contents(target)).buffer);
  const base = file.addressOf(target.index) ?? 0;
  for (const table of tables) {
    for (const [index, relocation] of file.relocations(table).entries()) {
      const { type, offset, symbol } = relocation;
      const site: RelocationSite = { user, table, index, relocation, target, place: base + offset };
      const wrong = checkSite(site, file.symbols);
      if (wrong !== undefined) yield { table: table.index, why: wrong };
      const rule = relocationRules.get(type);
      const value = values[symbol];
      if (wrong !== undefined || rule === undefined || rule.bytes === 0 || value === undefined || Number.isNaN(value)) continue;
      const old = rule.bytes === 8 ? fields.getBigUint64(offset, true) : BigInt(fields.getUint32(offset, true));
      // Records hash the address.
      const result = relocationValue(site, BigInt(value), old, () => '(address)');
      if (typeof result === 'object') yield { table: table.index, why: result.why };
      else if (rule.bytes === 8) fields.setBigUint64(offset, result, true);
      else fields.setUint32(offset, Number(BigInt.asUintN(32, result)), true);
    }
  }
}
