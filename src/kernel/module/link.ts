// From a module's sections to what the rest of the kernel needs of it: relocations, tables, `struct module`.
// Source: arch/x86/kernel/module.c, kernel/module/main.c (find_module_sections).
import { SHT_REL, SHT_RELA } from '#elf';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { KernelParam } from './kernel_param.ts';
import { type Module, ModuleStruct } from './module.ts';
import type { LoadReason } from './reasons.ts';
import { checkSite, relocationRules, relocationValue, relUnsupported } from './relocations.ts';

const KERNEL_SYMBOL_ENTRY = 12;
const KERNEL_PARAM_ENTRY = 40;

/** Linux: apply_relocations(). Gives why it stopped. */
export function relocate(k: Kernel, module: Module, values: readonly bigint[]): LoadReason | undefined {
  for (const section of module.elf.sections) {
    if (section.type !== SHT_REL && section.type !== SHT_RELA) continue;
    const target = module.layout.placed.get(section.info);
    if (target === undefined) continue;
    if (section.type === SHT_REL) return relUnsupported(module.name, section);
    const base = (target.area === 'core' ? module.core : module.init) + target.offset;
    for (const [index, relocation] of module.elf.relocations(section).entries()) {
      const place = base + relocation.offset;
      const site = { user: module.name, table: section, index, relocation, target: target.section, place };
      const wrong = checkSite(site, module.layout.symbols);
      if (wrong !== undefined) return wrong;
      const rule = relocationRules.get(relocation.type);
      if (rule === undefined || rule.bytes === 0) continue;
      const old = rule.bytes === 8 ? k.memory.u64(place) : BigInt(k.memory.u32(place));
      const result = relocationValue(site, values[relocation.symbol] as bigint, old, () => k.hashPointer(place));
      if (typeof result === 'object') {
        if (result.first !== undefined) k.log.print('err', result.first);
        return result.why;
      }
      if (rule.bytes === 8) k.memory.setU64(place, result);
      else k.memory.setU32(place, Number(BigInt.asUintN(32, result)));
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
  listInit(k, struct.param_lock + k.layouts.offsetOf('mutex', 'wait_list'));
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
