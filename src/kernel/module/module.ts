// A module in the kernel: what load_module() learnt of it. `struct module` in guest memory has what modules read.
import type { ElfFile } from '#elf';
import { embedded, kernelStruct, s32, u8, u32, voidPtr } from '../api/index.ts';
import type { TextRange } from '../cpu.ts';
import type { Addr } from '../memory.ts';
import { moduleTaintLetters } from '../taint.ts';
import type { KernelParameter } from './kernel_param.ts';
import type { Layout } from './layout.ts';

export const MODULE_STATE_LIVE = 0;
export const MODULE_STATE_COMING = 1;
export const MODULE_STATE_GOING = 2;
export const MODULE_STATE_UNFORMED = 3;
export const MODULE_NAME_LEN = 56;

export const ModuleStruct = kernelStruct('module', {
  state: u32,
  name: embedded,
  init: voidPtr,
  exit: voidPtr,
  refcnt: s32,
  num_kp: u32,
  kp: voidPtr,
  num_syms: u32,
  syms: voidPtr,
  crcs: voidPtr,
  num_gpl_syms: u32,
  gpl_syms: voidPtr,
  gpl_crcs: voidPtr,
  sig_ok: u8,
  async_probe_requested: u8,
  param_lock: embedded,
  using_gplonly_symbols: u8,
  extable: voidPtr,
  num_exentries: u32,
  bug_table: voidPtr,
  num_bugs: u32,
  args: voidPtr,
  'mkobj.kobj.name': voidPtr,
  'mkobj.kobj.kref.refcount.refs.counter': s32,
  'mkobj.mod': voidPtr,
  taints: voidPtr,
  list: embedded,
  bug_list: embedded,
  klp_alive: u8,
  kallsyms: voidPtr,
  core_kallsyms: embedded,
  btf_data_size: u32,
  'arch.num_orcs': u32,
  'arch.orc_unwind_ip': voidPtr,
  'arch.orc_unwind': voidPtr,
  tracepoints_ptrs: voidPtr,
  num_tracepoints: u32,
  srcu_struct_ptrs: voidPtr,
  num_srcu_structs: u32,
  bpf_raw_events: voidPtr,
  num_bpf_raw_events: u32,
  jump_entries: voidPtr,
  num_jump_entries: u32,
  trace_bprintk_fmt_start: voidPtr,
  num_trace_bprintk_fmt: u32,
  trace_events: voidPtr,
  num_trace_events: u32,
  trace_evals: voidPtr,
  num_trace_evals: u32,
  ftrace_callsites: voidPtr,
  num_ftrace_callsites: u32,
  static_call_sites: voidPtr,
  num_static_call_sites: u32,
  noinstr_text_start: voidPtr,
  noinstr_text_size: u32,
  source_list: embedded,
  target_list: embedded,
  percpu: voidPtr,
  percpu_size: u32,
  'core_layout.base': voidPtr,
  'core_layout.size': u32,
  'core_layout.text_size': u32,
  'core_layout.ro_size': u32,
  'core_layout.ro_after_init_size': u32,
  'init_layout.base': voidPtr,
  'init_layout.size': u32,
  'init_layout.text_size': u32,
  'init_layout.ro_size': u32,
  'init_layout.ro_after_init_size': u32,
  'core_layout.mtn.mod': voidPtr,
  'init_layout.mtn.mod': voidPtr,
});

export interface ModuleExport {
  readonly name: string;
  readonly address: Addr;
  readonly gpl: boolean;
  readonly crc: number | undefined;
  readonly namespace: string;
}
/** A symbol as /proc/kallsyms lists it. */
export interface ModuleSymbol {
  readonly name: string;
  readonly address: Addr;
  readonly size: number;
  readonly letter: string;
}

export class Module {
  readonly name: string;
  /** `struct module`. */
  readonly addr: Addr;
  readonly elf: ElfFile;
  readonly layout: Layout;
  readonly core: Addr;
  init: Addr;
  readonly modinfo: readonly { readonly tag: string; readonly value: string }[];
  state = MODULE_STATE_UNFORMED;
  taints = 0;
  /** Offset of its static per-CPU variables; undefined when it has none. */
  percpu: number | undefined;
  /** Bytes of core and (until it is freed) init memory. */
  initSize: number;
  exports: readonly ModuleExport[] = [];
  parameters: readonly KernelParameter[] = [];
  symbols: readonly ModuleSymbol[] = [];
  /** Those of `symbols` that stay after init. */
  coreSymbols: readonly ModuleSymbol[] = [];
  /** Where its functions lie. */
  textRanges: readonly TextRange[] = [];
  usesGplOnly = false;
  /** Whether it has /sys/module/NAME. */
  inSysfs = false;
  /** Modules whose symbols this one uses, in the order of first use. */
  readonly uses = new Set<Module>();
  /** Modules that use this one, newest first. */
  readonly users: Module[] = [];

  constructor(fields: Pick<Module, 'name' | 'addr' | 'elf' | 'layout' | 'core' | 'init' | 'modinfo'>) {
    this.name = fields.name;
    this.addr = fields.addr;
    this.elf = fields.elf;
    this.layout = fields.layout;
    this.core = fields.core;
    this.init = fields.init;
    this.modinfo = fields.modinfo;
    this.initSize = fields.layout.init.size;
  }
  get coreSize(): number {
    return this.layout.core.size;
  }
  tag(name: string): string | undefined {
    return this.modinfo.find(({ tag }) => tag === name)?.value;
  }
  /** Address of a loaded section, or undefined. */
  sectionAddress(name: string): { address: Addr; size: number } | undefined {
    const section = this.elf.section(name);
    const placed = section && this.layout.placed.get(section.index);
    return placed && { address: (placed.area === 'core' ? this.core : this.init) + placed.offset, size: placed.section.size };
  }
}

/** '(OE)' parts of reports: taint letters in parentheses, with `state` '+' while coming, '-' while going. */
export function flagsText(module: Module, state = true): string {
  const mark = !state ? '' : module.state === MODULE_STATE_COMING ? '+' : module.state === MODULE_STATE_GOING ? '-' : '';
  const letters = moduleTaintLetters(module.taints);
  return letters + mark === '' ? '' : `(${letters}${mark})`;
}
