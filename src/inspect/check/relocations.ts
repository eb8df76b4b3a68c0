// The relocations of a module as apply_relocations() would find them. All modules of a kernel have five million: what is right is
// seen without an object each; what is wrong is asked of the loader's own rules. Two relocations of one field are not seen.
import { RELA_SIZE, type Section, SHT_NOBITS, SHT_REL, SHT_RELA } from '#elf';
import { checkSite, type LoadReason, type RelocationSite, relocationRules, relocationValue, relUnsupported } from '#kernel';
import type { ModuleFile } from '../module_file.ts';

/** So many reasons of this kind are enough for one table: a wrong compiler option makes thousands. */
const ENOUGH = 10;
const MIN_S32 = -(2 ** 31);
const TWO32 = 2 ** 32;

/** @param values of the symbols, as signed numbers; NaN: it has none, which was said already. */
export function* checkRelocations(file: ModuleFile, user: string, values: Float64Array): Generator<LoadReason> {
  for (const table of file.elf?.sections ?? []) {
    if (table.type !== SHT_RELA && table.type !== SHT_REL) continue;
    const target = file.elf?.sections[table.info];
    const base = file.addressOf(table.info);
    if (target === undefined || base === undefined) continue;
    if (table.type === SHT_REL) yield relUnsupported(user, table);
    else yield* checkTable(file, user, table, target, base, values);
  }
}
function* checkTable(
  file: ModuleFile,
  user: string,
  table: Section,
  target: Section,
  base: number,
  values: Float64Array,
): Generator<LoadReason> {
  let said = 0;
  for (const index of suspects(file, table, target, values)) {
    const relocation = file.relocations(table)[index];
    if (relocation === undefined) continue;
    const site: RelocationSite = { user, table, index, relocation, target, place: base + relocation.offset };
    const why = checkSite(site, file.symbols) ?? wrongValue(file, site, values);
    if (why === undefined) continue;
    yield why;
    if (++said === ENOUGH) return;
  }
}
function wrongValue(file: ModuleFile, site: RelocationSite, values: Float64Array): LoadReason | undefined {
  const rule = relocationRules.get(site.relocation.type);
  const value = values[site.relocation.symbol];
  if (rule === undefined || rule.bytes === 0 || value === undefined || Number.isNaN(value)) return undefined;
  const bytes = file.contents(site.target);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { offset } = site.relocation;
  const old =
    site.target.type === SHT_NOBITS ? 0n : rule.bytes === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
  // Records hash the address.
  const result = relocationValue(site, BigInt(value), old, () => '(address)');
  return typeof result === 'object' ? result.why : undefined;
}
/** Numbers of the relocations that are not obviously right. */
function* suspects(file: ModuleFile, table: Section, target: Section, values: Float64Array): Generator<number> {
  const rows = file.contents(table);
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const bytes = file.contents(target);
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const empty = target.type === SHT_NOBITS;
  for (let at = 0, index = 0; at + RELA_SIZE <= rows.length; at += RELA_SIZE, index++) {
    const offset = view.getUint32(at + 4, true) * TWO32 + view.getUint32(at, true);
    const rule = relocationRules.get(view.getUint32(at + 8, true));
    const value = values[view.getUint32(at + 12, true)];
    if (rule === undefined || value === undefined || offset + rule.bytes > target.size) yield index;
    else if (rule.bytes === 0) continue;
    else if (!empty && (fields.getUint32(offset, true) !== 0 || (rule.bytes === 8 && fields.getUint32(offset + 4, true) !== 0)))
      yield index;
    else if (rule.overflow !== 'none') {
      const sum = value + view.getInt32(at + 20, true) * TWO32 + view.getUint32(at + 16, true);
      if (rule.overflow === 'signed' ? sum < MIN_S32 || sum >= -MIN_S32 : sum < 0 || sum >= TWO32) yield index;
    }
  }
}
