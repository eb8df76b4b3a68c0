// What a kernel image says of its built-in modules and of /proc/sys/kernel: parameters (section __param), versions (__modver), tables
// of sysctls, and the first contents of their variables. Source: include/linux/{moduleparam,module,sysctl}.h.
import type { Symbol } from './kallsyms.ts';
import type { Export, Vmlinux } from './vmlinux.ts';

/** Where the tables are registered, below /proc/sys. */
const SYSCTL_TABLES: Readonly<Record<string, string>> = {
  kern_table: 'kernel',
  uts_kern_table: 'kernel',
  printk_sysctls: 'kernel',
  kern_panic_table: 'kernel',
  kern_exit_table: 'kernel',
  kern_acct_table: 'kernel',
  kern_reboot_table: 'kernel',
  kern_delayacct_table: 'kernel',
  kern_do_mounts_initrd_table: 'kernel',
  apparmor_sysctl_table: 'kernel',
  bpf_syscall_table: 'kernel',
  coredump_sysctls: 'kernel',
  ftrace_sysctls: 'kernel',
  hung_task_sysctls: 'kernel',
  ipc_sysctls: 'kernel',
  kexec_core_sysctls: 'kernel',
  pid_ns_ctl_table: 'kernel',
  sched_autogroup_sysctls: 'kernel',
  sched_core_sysctls: 'kernel',
  sched_dl_sysctls: 'kernel',
  sched_energy_aware_sysctls: 'kernel',
  sched_fair_sysctls: 'kernel',
  sched_rt_sysctls: 'kernel',
  sld_sysctls: 'kernel',
  timer_sysctl: 'kernel',
  watchdog_sysctls: 'kernel',
  firmware_config_table: 'kernel/firmware_config',
  key_sysctls: 'kernel/keys',
  pty_table: 'kernel/pty',
  random_table: 'kernel/random',
  seccomp_sysctl_table: 'kernel/seccomp',
  usermodehelper_table: 'kernel/usermodehelper',
  yama_sysctl_table: 'kernel/yama',
};
const CTL_TABLE = 64;
const KERNEL_PARAM = 40;
const MODULE_VERSION = 72;
/** Bytes of a parameter's variable, by its type; others have at most 8. */
const POINTER = 8;
const LONGEST_STRING = 1024;
const IMAGE = 0x8000_0000;

class Extract {
  readonly lines: string[] = [];
  readonly #vmlinux: Vmlinux;
  readonly #names = new Map<number, string>();
  readonly #sorted: readonly number[];
  readonly #ends = new Map<number, number>();
  readonly #exported: ReadonlyMap<number, string>;
  readonly #done = new Set<number>();

  constructor(vmlinux: Vmlinux, symbols: readonly Symbol[], exports: readonly Export[]) {
    this.#vmlinux = vmlinux;
    for (const { address, name } of symbols) if (address >= IMAGE && !this.#names.has(address)) this.#names.set(address, name);
    this.#sorted = [...this.#names.keys()].sort((a, b) => a - b);
    this.#sorted.forEach((address, n) => this.#ends.set(address, this.#sorted[n + 1] ?? address));
    this.#exported = new Map(exports.map(({ address, name }) => [address, name]));
  }
  nameAt(address: number): string {
    return this.#names.get(address) ?? '';
  }
  /** A table that is the variable of a symbol. */
  table(name: string): { readonly address: number; readonly view: DataView } | undefined {
    for (const [address, candidate] of this.#names) {
      const bytes = candidate === name ? this.#vmlinux.at(address, (this.#ends.get(address) as number) - address) : undefined;
      if (bytes !== undefined) return { address, view: viewOf(bytes) };
    }
    return undefined;
  }
  section(name: string): DataView {
    return viewOf(this.#vmlinux.section(name) ?? new Uint8Array(0));
  }
  string(address: number): string {
    for (let size = 16; size <= LONGEST_STRING; size *= 2) {
      const bytes = this.#vmlinux.at(address, size);
      const end = bytes?.indexOf(0) ?? -1;
      if (end >= 0) return new TextDecoder('latin1').decode(bytes?.subarray(0, end));
    }
    return '';
  }
  /** The first contents of `size` bytes, when they are not zero. */
  data(address: number, size: number): Uint8Array | undefined {
    const bytes = address === 0 ? undefined : this.#vmlinux.at(address, size);
    if (bytes === undefined || bytes.every((byte) => byte === 0) || this.#done.has(address)) return bytes;
    this.#done.add(address);
    const owner = this.#exported.get(this.#sorted.findLast((start) => start <= address) ?? 0);
    this.lines.push(`D ${address.toString(16)} ${hexText(bytes)} ${owner ?? ''}`.trimEnd());
    return bytes;
  }
  /** What a pointer in an object points at: its low half. */
  pointed(object: Uint8Array | undefined, offset: number): number {
    return object === undefined || object.length < offset + 4 ? 0 : viewOf(object).getUint32(offset, true);
  }
}
const hexText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The variable behind a parameter, and what it points at. */
function parameterData(extract: Extract, ops: string, arg: number): void {
  if (ops === 'param_array_ops') {
    // struct kparam_array: max, elemsize, num, ops, elem.
    const array = extract.data(arg, 32);
    const count = extract.pointed(array, 0) * extract.pointed(array, 4);
    extract.data(extract.pointed(array, 8), 4);
    extract.data(extract.pointed(array, 24), count);
  } else if (ops === 'param_ops_string') {
    // struct kparam_string: maxlen, string.
    const string = extract.data(arg, 16);
    extract.data(extract.pointed(string, 8), extract.pointed(string, 0));
  } else if (ops === 'param_ops_charp') {
    const text = extract.pointed(extract.data(arg, POINTER), 0);
    if (text !== 0) extract.data(text, extract.string(text).length + 1);
  } else extract.data(arg, /(?:bool|byte|bool_enable_only)$/.test(ops) ? 1 : ops.endsWith('short') ? 2 : ops.endsWith('int') ? 4 : POINTER);
}
/**
 * Lines, addresses and numbers in hexadecimal (modes in octal):
 * "P NAME MODE FLAGS OPS ARG", "V MODULE VERSION", "S PATH MODE HANDLER DATA MAXLEN EXTRA1 EXTRA2", "D ADDRESS BYTES[ EXPORT]".
 */
export function builtinText(vmlinux: Vmlinux, symbols: readonly Symbol[], exports: readonly Export[]): string {
  const extract = new Extract(vmlinux, symbols, exports);
  const { lines } = extract;
  const hex = (value: number): string => value.toString(16);
  const parameters = extract.section('__param');
  for (let at = 0; at + KERNEL_PARAM <= parameters.byteLength; at += KERNEL_PARAM) {
    const mode = parameters.getUint16(at + 24, true);
    const ops = extract.nameAt(parameters.getUint32(at + 16, true));
    const arg = parameters.getUint32(at + 32, true);
    if (mode === 0) continue;
    const name = extract.string(parameters.getUint32(at, true));
    lines.push(`P ${name} ${mode.toString(8)} ${parameters.getUint8(at + 27)} ${ops} ${hex(arg)}`);
    parameterData(extract, ops, arg);
  }
  const versions = extract.section('__modver');
  for (let at = 0; at + MODULE_VERSION <= versions.byteLength; at += MODULE_VERSION) {
    lines.push(`V ${extract.string(versions.getUint32(at + 56, true))} ${extract.string(versions.getUint32(at + 64, true))}`);
  }
  for (const [table, directory] of Object.entries(SYSCTL_TABLES)) sysctls(extract, table, directory);
  return lines.join('\n');
}
/** struct ctl_table: procname, data, maxlen, mode, child, proc_handler, poll, extra1, extra2; a NULL name ends it. */
function sysctls(extract: Extract, table: string, directory: string): void {
  const found = extract.table(table);
  if (found === undefined) return;
  const { view } = found;
  for (let at = 0; at + CTL_TABLE <= view.byteLength && view.getUint32(at, true) !== 0; at += CTL_TABLE) {
    const [data, length, mode] = [view.getUint32(at + 8, true), view.getUint32(at + 16, true), view.getUint16(at + 20, true)];
    const handler = extract.nameAt(view.getUint32(at + 32, true));
    const bounds = [48, 56].map((offset) => view.getUint32(at + offset, true));
    const path = `${directory}/${extract.string(view.getUint32(at, true))}`;
    extract.lines.push(`S ${path} ${mode.toString(8)} ${handler} ${[data, length, ...bounds].map((n) => n.toString(16)).join(' ')}`);
    extract.data(data, length);
    for (const bound of bounds) extract.data(bound, POINTER);
  }
}
