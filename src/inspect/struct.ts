// `struct module` as it is when init is called: fields and offsets from the kernel's BTF, values from the file's image and what
// the loader sets. Source: kernel/module/main.c, find_module_sections(), module_unload_init(), move_module().
import type { Btf, StructMember } from '#btf';
import type { Addr, KernelDescription } from '#kernel';
import { importReports } from './imports.ts';
import { type ModuleFile, THIS_MODULE } from './module_file.ts';
import { hexAddress } from './sections.ts';
import { isVerified } from './signature.ts';
import { ownTaints } from './taints.ts';
import type { ModuleTree } from './tree.ts';

const MODULE_STATE_COMING = 1;

export interface FieldReport {
  /** 'core_layout.base'. */
  readonly path: string;
  /** As C declares it: 'char name[56]'. */
  readonly declaration: string;
  /** In struct module, bytes. */
  readonly offset: number;
  readonly size: number;
  /** The file's bytes stay, the loader sets it, or it depends on the running kernel (allocated memory, its lists). */
  readonly source: 'file' | 'loader' | 'run time';
  /** Numbers up to 8 bytes in hexadecimal; text in double quotes; longer ones as bytes. Undefined: only the running kernel knows. */
  readonly value: string | undefined;
  /** What a pointer points to, when that is the module's: '__ksymtab', 'init_module'. */
  readonly target: string | undefined;
}
export interface StructReport {
  readonly size: number;
  readonly address: string | undefined;
  readonly fields: readonly FieldReport[];
}

/** Tables of the module: the field that points to it, the one that counts, its section, and bytes of an entry. */
// biome-ignore format: one table a row
const TABLES: readonly (readonly [pointer: string, count: string, section: string, entry: number])[] = [
  ['kp',                     'num_kp',                '__param',               40],
  ['syms',                   'num_syms',              '__ksymtab',             12],
  ['gpl_syms',               'num_gpl_syms',          '__ksymtab_gpl',         12],
  ['crcs',                   '',                      '__kcrctab',             4],
  ['gpl_crcs',               '',                      '__kcrctab_gpl',         4],
  ['extable',                'num_exentries',         '__ex_table',            12],
  ['bug_table',              'num_bugs',              '__bug_table',           12],
  ['arch.orc_unwind_ip',     'arch.num_orcs',         '.orc_unwind_ip',        4],
  ['arch.orc_unwind',        '',                      '.orc_unwind',           6],
  ['noinstr_text_start',     'noinstr_text_size',     '.noinstr.text',         1],
  ['tracepoints_ptrs',       'num_tracepoints',       '__tracepoints_ptrs',    4],
  ['srcu_struct_ptrs',       'num_srcu_structs',      '___srcu_struct_ptrs',   8],
  ['bpf_raw_events',         'num_bpf_raw_events',    '__bpf_raw_tp_map',      32],
  ['jump_entries',           'num_jump_entries',      '__jump_table',          16],
  ['trace_bprintk_fmt_start', 'num_trace_bprintk_fmt', '__trace_printk_fmt',   8],
  ['trace_events',           'num_trace_events',      '_ftrace_events',        8],
  ['trace_evals',            'num_trace_evals',       '_ftrace_eval_map',      8],
  ['ftrace_callsites',       'num_ftrace_callsites',  '__mcount_loc',          8],
  ['kprobes_text_start',     'kprobes_text_size',     '.kprobes.text',         1],
  ['kprobe_blacklist',       'num_kprobe_blacklist',  '_kprobe_blacklist',     8],
  ['static_call_sites',      'num_static_call_sites', '.static_call_sites',    8],
];
/** What lies in memory that the running kernel allocates, or in its lists. */
const RUN_TIME: readonly string[] = [
  'list', 'mkobj.kobj', 'mkobj.drivers_dir', 'mkobj.mp', 'mkobj.kobj_completion', 'modinfo_attrs', 'version', 'srcversion', 'holders_dir',
  'param_lock', 'core_layout.mtn', 'init_layout.mtn', 'bug_list', 'sect_attrs', 'notes_attrs', 'args', 'target_list', 'btf_data', 'klp_info',
  'its_num_pages', 'its_page_array',
]; // biome-ignore format: a list of words

interface Known {
  readonly value: number | bigint;
  readonly target?: string;
}

/** What the loader sets, by path. */
function loaderValues(file: ModuleFile, kernel: KernelDescription, tree: ModuleTree | undefined, self: Addr): Map<string, Known> {
  const known = new Map<string, Known>();
  const set = (path: string, value: number | bigint, target?: string): void => {
    if (path !== '') known.set(path, target === undefined ? { value } : { value, target });
  };
  for (const [pointer, count, name, entry] of TABLES) {
    const section = file.section(name);
    const address = section && file.addressOf(section.index);
    set(pointer, address ?? 0, address === undefined ? undefined : name);
    set(count, address === undefined ? 0 : Math.floor((section?.size ?? 0) / entry));
  }
  const { layout, bases } = file;
  if (layout !== undefined) {
    for (const area of ['core', 'init'] as const) {
      const { size, textSize, roSize, roAfterInitSize } = layout[area];
      set(`${area}_layout.base`, bases[area]);
      set(`${area}_layout.size`, size);
      set(`${area}_layout.text_size`, textSize);
      set(`${area}_layout.ro_size`, roSize);
      set(`${area}_layout.ro_after_init_size`, roAfterInitSize);
    }
    set('kallsyms', bases.init + layout.initKallsyms.kallsyms);
    set('core_kallsyms.symtab', bases.core + layout.coreKallsyms.symtab);
    set('core_kallsyms.num_symtab', layout.coreSymbols.length);
    set('core_kallsyms.strtab', bases.core + layout.coreKallsyms.strtab);
    set('core_kallsyms.typetab', bases.core + layout.coreKallsyms.typetab);
    if (layout.percpu === undefined) set('percpu', 0);
    set('percpu_size', layout.percpu?.size ?? 0);
  }
  set('btf_data_size', file.section('.BTF')?.size ?? 0);
  set('state', MODULE_STATE_COMING);
  set('mkobj.mod', self, '__this_module');
  set('using_gplonly_symbols', importReports(file, kernel, tree).some(({ provider }) => provider?.gpl === true) ? 1 : 0);
  set('sig_ok', isVerified(file, kernel) ? 1 : 0);
  set('async_probe_requested', 0);
  set('taints', ownTaints(file, kernel));
  // Whether or not it is a live patch: it may be patched from now on.
  set('klp_alive', 1);
  set('klp', file.tag('livepatch') === undefined ? 0 : 1);
  // The loader's own reference, and one while init runs.
  set('refcnt.counter', 2);
  set('source_list.next', self + kernel.btf.offsetOf('module', 'source_list'), 'itself');
  set('source_list.prev', self + kernel.btf.offsetOf('module', 'source_list'), 'itself');
  return known;
}

/** Undefined when the file has no struct module. Precondition: the kernel's BTF has one. */
export function structReport(file: ModuleFile, kernel: KernelDescription, tree: ModuleTree | undefined): StructReport | undefined {
  const section = file.section(THIS_MODULE);
  const layout = kernel.btf.struct('module');
  if (section === undefined || layout === undefined) return undefined;
  const address = file.addressOf(section.index);
  const image = file.contents(section);
  if (image.length < layout.size)
    file.problems.push(`${THIS_MODULE} has ${image.length} bytes; this kernel's struct module has ${layout.size}`);
  const known = loaderValues(file, kernel, tree, address ?? 0);
  const targets = file.targets(section);
  const fieldReport = ({ path, member, offset }: Field): FieldReport => {
    const size = kernel.btf.sizeOf(member.type);
    const common = { path, declaration: kernel.btf.declaration(member.type, member.name), offset, size };
    const set = known.get(path);
    if (set !== undefined) return { ...common, source: 'loader', value: hexValue(set.value, size), target: set.target };
    const relocated = targets.get(offset);
    if (relocated !== undefined) {
      const to = file.targetAddress(relocated);
      return { ...common, source: 'file', value: to === undefined ? undefined : hexValue(to, size), target: relocated.symbol.name };
    }
    if (path === 'percpu' || isRunTime(path)) return { ...common, source: 'run time', value: undefined, target: undefined };
    return { ...common, source: 'file', value: imageValue(image.subarray(offset, offset + size), common.declaration), target: undefined };
  };
  return {
    size: layout.size,
    address: address === undefined ? undefined : hexAddress(address),
    fields: fieldsOf(kernel.btf, known).map(fieldReport),
  };
}
const isRunTime = (path: string): boolean => RUN_TIME.some((start) => path === start || path.startsWith(`${start}.`));
const hexValue = (value: number | bigint, size: number): string => `0x${BigInt.asUintN(size * 8, BigInt(value)).toString(16)}`;

function imageValue(bytes: Uint8Array, declaration: string): string | undefined {
  if (bytes.length === 0) return undefined;
  if (/^char \w+\[/.test(declaration)) {
    const end = bytes.indexOf(0);
    return JSON.stringify(String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end)));
  }
  if (bytes.length > 8) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `0x${bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n).toString(16)}`;
}

interface Field {
  readonly path: string;
  readonly member: StructMember;
  readonly offset: number;
}
/** The members, and those of inner structs of which the loader sets single ones. */
function fieldsOf(btf: Btf, known: ReadonlyMap<string, unknown>): Field[] {
  const paths = [...known.keys(), ...RUN_TIME];
  const walk = (members: readonly StructMember[], prefix: string, base: number): Field[] =>
    members.flatMap((member) => {
      const path = member.name === '' ? prefix : prefix === '' ? member.name : `${prefix}.${member.name}`;
      const offset = base + (member.bitOffset >>> 3);
      const inner = btf.structOf(member.type);
      const opened = member.name === '' || paths.some((other) => other.startsWith(`${path}.`));
      return inner !== undefined && opened ? walk(inner.members, path, offset) : [{ path, member, offset }];
    });
  return walk(btf.struct('module')?.members ?? [], '', 0);
}
