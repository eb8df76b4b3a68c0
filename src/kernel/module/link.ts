// From a module's sections to what the rest of the kernel needs of it: relocations, tables, `struct module`.
// Source: arch/x86/kernel/module.c, kernel/module/main.c (find_module_sections).
import { SHT_REL, SHT_RELA } from '#elf';
import { kernelOption } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../lib/list.ts';
import { mutexInit } from '../locking/mutex.ts';
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

// biome-ignore format: one table a row
const TABLES = [
  ['__param',             KERNEL_PARAM_ENTRY,  'kp',                      'num_kp'],
  ['__ksymtab',           KERNEL_SYMBOL_ENTRY, 'syms',                    'num_syms'],
  ['__kcrctab',           4,                   'crcs',                    undefined],
  ['__ksymtab_gpl',       KERNEL_SYMBOL_ENTRY, 'gpl_syms',                'num_gpl_syms'],
  ['__kcrctab_gpl',       4,                   'gpl_crcs',                undefined],
  ['__ex_table',          12,                  'extable',                 'num_exentries'],
  ['__bug_table',         12,                  'bug_table',               'num_bugs'],
  ['.orc_unwind_ip',      4,                   'arch.orc_unwind_ip',      'arch.num_orcs'],
  ['.orc_unwind',         6,                   'arch.orc_unwind',         undefined],
  ['__tracepoints_ptrs',  4,                   'tracepoints_ptrs',        'num_tracepoints'],
  ['___srcu_struct_ptrs', 8,                   'srcu_struct_ptrs',        'num_srcu_structs'],
  ['__bpf_raw_tp_map',    32,                  'bpf_raw_events',          'num_bpf_raw_events'],
  ['__jump_table',        16,                  'jump_entries',            'num_jump_entries'],
  ['__trace_printk_fmt',  8,                   'trace_bprintk_fmt_start', 'num_trace_bprintk_fmt'],
  ['_ftrace_events',      8,                   'trace_events',            'num_trace_events'],
  ['_ftrace_eval_map',    8,                   'trace_evals',             'num_trace_evals'],
  ['__mcount_loc',        8,                   'ftrace_callsites',        'num_ftrace_callsites'],
  ['.static_call_sites',  8,                   'static_call_sites',       'num_static_call_sites'],
  ['.noinstr.text',       1,                   'noinstr_text_start',      'noinstr_text_size'],
] as const;
const DEBUG_INFO_BTF_MODULES = kernelOption('CONFIG_DEBUG_INFO_BTF_MODULES');

/** `signed`: by a key that the kernel trusts. */
export function fillStruct(k: Kernel, module: Module, signed: boolean): void {
  const struct = k.view(ModuleStruct, module.addr);
  const { core, init } = module.layout;
  // The loader's own reference, and one while init runs.
  struct.refcnt = 2;
  mutexInit(k, struct.param_lock);
  struct.sig_ok = signed ? 1 : 0;
  struct.using_gplonly_symbols = module.usesGplOnly ? 1 : 0;
  struct['mkobj.kobj.name'] = struct.name;
  struct['mkobj.kobj.kref.refcount.refs.counter'] = 1;
  struct['mkobj.mod'] = module.addr;
  struct.klp_alive = 1;
  struct['core_layout.mtn.mod'] = module.addr;
  struct['init_layout.mtn.mod'] = module.addr;
  struct['init_layout.ro_after_init_size'] = init.roAfterInitSize;
  struct['core_layout.base'] = module.core;
  struct['core_layout.size'] = core.size;
  struct['core_layout.text_size'] = core.textSize;
  struct['core_layout.ro_size'] = core.roSize;
  struct['core_layout.ro_after_init_size'] = core.roAfterInitSize;
  struct['init_layout.base'] = module.init;
  struct['init_layout.size'] = init.size;
  struct['init_layout.text_size'] = init.textSize;
  struct['init_layout.ro_size'] = init.roSize;
  for (const [section, entry, pointer, count] of TABLES) {
    const place = module.sectionAddress(section);
    if (place === undefined || place.size === 0) continue;
    struct[pointer] = place.address;
    if (count !== undefined) struct[count] = Math.floor(place.size / entry);
  }
  const btf = module.elf.section('.BTF');
  if (btf !== undefined && k.description.isSet(DEBUG_INFO_BTF_MODULES) === true) struct.btf_data_size = btf.size;
  struct.taints = module.taints;
  struct.percpu = module.percpu ?? 0;
  struct.percpu_size = module.percpu === undefined ? 0 : (module.layout.percpu?.size ?? 0);
  for (const list of [struct.source_list, struct.target_list]) listInit(k, list);
}
