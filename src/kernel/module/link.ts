// From a module's sections to what the rest of the kernel needs of it: relocations, tables, `struct module`.
// Source: arch/x86/kernel/module.c, kernel/module/main.c (find_module_sections).
import { ENOEXEC } from '#abi';
import { RELA_SIZE, SHT_REL, SHT_RELA } from '#elf';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { type Module, ModuleStruct } from './module.ts';
import { KernelParam } from './parameters.ts';
import { type LoadReason, reason } from './reasons.ts';
import { relocationRules } from './relocations.ts';

const KERNEL_SYMBOL_ENTRY = 12;
const KERNEL_PARAM_ENTRY = 40;

/** Linux: apply_relocations(). Gives why it stopped. */
export function relocate(k: Kernel, module: Module, values: readonly bigint[]): LoadReason | undefined {
  for (const section of module.elf.sections) {
    if (section.type !== SHT_REL && section.type !== SHT_RELA) continue;
    const target = module.layout.placed.get(section.info);
    if (target === undefined) continue;
    if (section.type === SHT_REL)
      return reason('relocation', ENOEXEC, `module ${module.name}: REL relocation unsupported`, { section: section.name });
    const base = (target.area === 'core' ? module.core : module.init) + target.offset;
    for (const [n, { offset, symbol, type, addend }] of module.elf.relocations(section).entries()) {
      const refuse = (text: string | undefined, found: string): LoadReason =>
        reason('relocation', ENOEXEC, text, {
          section: section.name,
          offset: section.offset + n * RELA_SIZE,
          ...(module.layout.symbols[symbol] && { symbol: module.layout.symbols[symbol].name }),
          found,
        });
      const rule = relocationRules.get(type);
      if (rule === undefined) return refuse(`module: ${module.name}: Unknown rela relocation: ${type}`, `type ${type}`);
      if (rule.bytes === 0) continue;
      const place = base + offset;
      // Linux trusts these two; outside the section it would write over something else.
      if (offset + rule.bytes > target.section.size || symbol >= values.length)
        return refuse(undefined, `offset ${offset} of ${target.section.size}, symbol ${symbol} of ${values.length}`);
      const value = BigInt.asUintN(64, (values[symbol] as bigint) + addend - (rule.relative ? BigInt(place) : 0n));
      const old = rule.bytes === 8 ? k.memory.u64(place) : BigInt(k.memory.u32(place));
      if (old !== 0n) {
        const text = `module: x86/modules: Skipping invalid relocation target, existing value is nonzero for type ${type}, loc ${k.hashPointer(place)}, val ${value.toString(16)}`;
        return refuse(text, `0x${old.toString(16)} instead of 0`);
      }
      const low = BigInt.asUintN(32, value);
      const fits =
        rule.overflow === 'none' || (rule.overflow === 'unsigned' ? low : BigInt.asUintN(64, BigInt.asIntN(32, value))) === value;
      if (!fits) {
        k.log.print('err', `module: overflow in relocation type ${type} val ${value.toString(16)}`);
        return refuse(`module: \`${module.name}' likely not compiled with -mcmodel=kernel`, `0x${value.toString(16)}`);
      }
      if (rule.bytes === 8) k.memory.setU64(place, value);
      else k.memory.setU32(place, Number(low));
    }
  }
  return undefined;
}

export function findExports(k: Kernel, module: Module): void {
  const { memory } = k;
  const read = (table: string, crcs: string, gpl: boolean): Module['exports'] => {
    const place = module.sectionAddress(table);
    const versions = module.sectionAddress(crcs);
    if (place === undefined) return [];
    return Array.from({ length: Math.floor(place.size / KERNEL_SYMBOL_ENTRY) }, (_, n) => {
      const at = place.address + n * KERNEL_SYMBOL_ENTRY;
      const space = memory.s32(at + 8);
      return {
        gpl,
        address: at + memory.s32(at),
        name: memory.cstring(at + 4 + memory.s32(at + 4), 256),
        namespace: space === 0 ? '' : memory.cstring(at + 8 + space, 256),
        crc: versions === undefined ? undefined : memory.u32(versions.address + n * 4),
      };
    });
  };
  module.exports = [...read('__ksymtab', '__kcrctab', false), ...read('__ksymtab_gpl', '__kcrctab_gpl', true)];
}

export function findParameters(k: Kernel, module: Module): void {
  const place = module.sectionAddress('__param');
  if (place === undefined) return;
  module.parameters = Array.from({ length: Math.floor(place.size / KERNEL_PARAM_ENTRY) }, (_, n) => {
    const addr = place.address + n * KERNEL_PARAM_ENTRY;
    const { name, perm } = k.view(KernelParam, addr);
    return { addr, perm, name: k.memory.cstring(name, 256) };
  });
}

/** `signed`: by a key that the kernel trusts. */
export function fillStruct(k: Kernel, module: Module, signed: boolean): void {
  const struct = k.view(ModuleStruct, module.addr);
  const { core, init } = module.layout;
  // The loader's own reference, and one while init runs.
  struct.refcnt = 2;
  struct.sig_ok = signed ? 1 : 0;
  struct.using_gplonly_symbols = module.usesGplOnly ? 1 : 0;
  struct['mkobj.kobj.name'] = struct.name;
  struct['mkobj.kobj.kref.refcount.refs.counter'] = 1;
  struct['mkobj.mod'] = module.addr;
  struct['core_layout.base'] = module.core;
  struct['core_layout.size'] = core.size;
  struct['core_layout.text_size'] = core.textSize;
  struct['core_layout.ro_size'] = core.roSize;
  struct['core_layout.ro_after_init_size'] = core.roAfterInitSize;
  struct['init_layout.base'] = module.init;
  struct['init_layout.size'] = init.size;
  struct['init_layout.text_size'] = init.textSize;
  struct['init_layout.ro_size'] = init.roSize;
  const table = (section: string, entry: number): { address: Addr; count: number } => {
    const place = module.sectionAddress(section);
    return { address: place?.address ?? 0, count: Math.floor((place?.size ?? 0) / entry) };
  };
  const params = table('__param', KERNEL_PARAM_ENTRY);
  struct.kp = params.address;
  struct.num_kp = params.count;
  const plain = table('__ksymtab', KERNEL_SYMBOL_ENTRY);
  struct.syms = plain.address;
  struct.num_syms = plain.count;
  struct.crcs = table('__kcrctab', 4).address;
  const gpl = table('__ksymtab_gpl', KERNEL_SYMBOL_ENTRY);
  struct.gpl_syms = gpl.address;
  struct.num_gpl_syms = gpl.count;
  struct.gpl_crcs = table('__kcrctab_gpl', 4).address;
  const bugs = table('__bug_table', 12);
  struct.bug_table = bugs.address;
  struct.num_bugs = bugs.count;
  const fixups = table('__ex_table', 12);
  struct.extable = fixups.address;
  struct.num_exentries = fixups.count;
  struct.taints = module.taints;
  struct.percpu = module.percpu ?? 0;
  struct.percpu_size = module.percpu === undefined ? 0 : (module.layout.percpu?.size ?? 0);
  for (const list of [struct.source_list, struct.target_list]) {
    k.memory.setPtr(list, list);
    k.memory.setPtr(list + 8, list);
  }
}
