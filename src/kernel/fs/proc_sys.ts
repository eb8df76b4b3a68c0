// /proc/sys: the variables of the kernel itself, which its image's tables describe. Source: fs/proc/proc_sysctl.c, kernel/sysctl.c and the
// handlers of the files that own the variables.
import { EINVAL, EPERM } from '#abi';
import { KernelVariables, type SysctlEntry } from '../builtin.ts';
import { CAP, capable } from '../cred.ts';
import type { Kernel } from '../kernel.ts';
import { CongestionControls } from '../net/ipv4/tcp_cong.ts';
import { sysctls as recorded } from '../q35.generated.ts';
import { AttributeFile, LazyDirectory, type OpenNode, plainText, type TextSource, type TreeDirectory } from './node.ts';
import { type NumberType, numbersText, storeNumbers, storeString, stringText, sysctlTypes } from './sysctl.ts';

interface Variable {
  read(k: Kernel, entry: SysctlEntry): string;
  /** A string is read on from where a read has ended; numbers come with the first read, or not at all. */
  readonly goesOn?: boolean;
  /** Gives the bytes taken, or -errno. */
  write?(k: Kernel, entry: SysctlEntry, text: string, position: number): number;
}
/** `needs`: the capability without which a write is refused. */
const numbers = (type: NumberType, needs?: number): Variable => ({
  read: (k, entry) => numbersText(k, entry, type),
  write: (k, entry, text, position) => {
    if (needs !== undefined && !capable(k, needs)) return -EPERM;
    // A number cannot be written in pieces: what comes later is taken and ignored.
    return position !== 0 || text === '' ? text.length : storeNumbers(k, entry, type, text);
  },
});
const string: Required<Variable> = {
  read: stringText,
  goesOn: true,
  write: (k, entry, text, position) => {
    storeString(k, entry, text, position);
    return text.length;
  },
};
const uuid = (k: Kernel): string => {
  const bytes = new Uint8Array(16);
  k.host.random(bytes);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}\n`;
};
class BootId {
  readonly text: string;
  constructor(k: Kernel) {
    this.text = uuid(k);
  }
}
const int = numbers(sysctlTypes.int);
const intMinmax = numbers(sysctlTypes.intMinmax);
const ulongMinmax = numbers(sysctlTypes.ulongMinmax);
const text = (k: Kernel, { path }: SysctlEntry): string => `${k.get(SysctlValues).recorded.get(path) ?? ''}\n`;
/** What was recorded; writes need a mechanism that is not here, and are refused. */
const fixed: Variable = { read: text, write: () => -EPERM };

/** By proc_handler. What else a handler does than storing the number (watchdogs, schedulers) has nothing to act on here. */
const handlers: Readonly<Record<string, Variable>> = {
  proc_dointvec: int,
  proc_dointvec_minmax: intMinmax,
  proc_dointvec_minmax_sysadmin: numbers(sysctlTypes.intMinmax, CAP.SYS_ADMIN),
  proc_dointvec_jiffies: numbers(sysctlTypes.jiffies),
  proc_douintvec: numbers(sysctlTypes.uint),
  proc_douintvec_minmax: numbers(sysctlTypes.uintMinmax),
  proc_doulongvec_minmax: ulongMinmax,
  proc_dohung_task_timeout_secs: ulongMinmax,
  proc_dostring: string,
  proc_dostring_coredump: string,
  proc_do_uts_string: {
    read: (k, entry) => stringText(k, utsEntry(k, entry)),
    goesOn: true,
    write: (k, entry, text, position) => string.write(k, utsEntry(k, entry), text, position),
  },
  proc_taint: {
    read: (k) => `${k.taint.mask}\n`,
    write: (k, entry, text, position) => {
      if (!capable(k, CAP.SYS_ADMIN)) return -EPERM;
      const cell = k.get(SysctlValues).cell(entry.path, entry.maxlen);
      const taken = ulongMinmax.write?.(k, { ...entry, data: cell }, text, position) ?? 0;
      // Root can add taints, not take them away; bits that are none are not looked at.
      for (let bit = 0; taken > 0 && position === 0 && bit < TAINT_FLAGS; bit++) {
        if ((k.memory.u64(cell) >> BigInt(bit)) & 1n) k.taint.add(bit, true);
      }
      return taken;
    },
  },
  devkmsg_sysctl_set_loglvl: {
    read: stringText,
    write: (k, entry, text, position) => {
      const before = k.memory.cstring(entry.data);
      if (text !== '') storeString(k, entry, text, position);
      // The word, and exactly one more byte: its newline.
      const word = ['on', 'off', 'ratelimit'].find((each) => k.memory.cstring(entry.data).startsWith(each));
      if (word !== undefined && word.length + 1 === text.length) return text.length;
      k.memory.setCstring(entry.data, before);
      return -EINVAL;
    },
  },
  proc_do_uuid: { read: (k, { path }) => (path.endsWith('boot_id') ? k.get(BootId).text : uuid(k)) },
  /** Writes are accepted and forgotten. */
  proc_do_rointvec: { read: int.read, write: (_k, _entry, text) => text.length },
  pid_ns_ctl_handler: { read: (k) => `${k.scheduler.lastPid}\n`, write: () => -EPERM },
  proc_cap_handler: fixed,
  seccomp_actions_logged_handler: fixed,
  proc_watchdog_cpumask: fixed,
  proc_do_cad_pid: fixed,
  bpf_stats_handler: fixed,
  sysctl_max_threads: fixed,
  ...Object.fromEntries(
    ['apparmor_dointvec', 'ftrace_enable_sysctl', 'stack_trace_sysctl', 'tracepoint_printk_sysctl', 'sysrq_sysctl_handler'].map((name) => [
      name,
      int,
    ]),
  ),
  ...Object.fromEntries(
    [
      'bpf_unpriv_handler',
      'perf_cpu_time_max_percent_handler',
      'perf_event_max_stack_handler',
      'perf_proc_update_handler',
      'proc_ipc_auto_msgmni',
      'proc_ipc_dointvec_minmax_orphans',
      'proc_ipc_sem_dointvec',
      'proc_nmi_watchdog',
      'proc_soft_watchdog',
      'proc_watchdog',
      'proc_watchdog_thresh',
      'sched_energy_aware_handler',
      'sched_rr_handler',
      'sched_rt_handler',
      'sysctl_delayacct',
      'sysctl_numa_balancing',
      'sysctl_schedstats',
      'timer_migration_handler',
      'yama_dointvec_minmax',
    ].map((name) => [name, intMinmax]),
  ),
};
const TAINT_FLAGS = 19;
/** The names of the machine live in init_uts_ns, which modules read too. */
const utsEntry = (k: Kernel, entry: SysctlEntry): SysctlEntry => {
  k.symbols.require('init_nsproxy');
  return entry;
};

/** Values that the boot has computed, as recorded: those of the image are others. */
const COMPUTED = new Set(
  [
    'ftrace_enabled',
    'msg_next_id',
    'msgmax',
    'msgmnb',
    'nmi_watchdog',
    'sem',
    'sem_next_id',
    'shm_next_id',
    'shmall',
    'shmmax',
    'shmmni',
  ].map((name) => `kernel/${name}`),
);
/** Variables that are no single object of the image, and what was recorded of those that it computes. */
class SysctlValues {
  readonly #k: Kernel;
  readonly #cells = new Map<string, number>();
  readonly recorded = new Map(
    recorded.map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
  constructor(k: Kernel) {
    this.#k = k;
    k.get(KernelVariables);
    for (const entry of k.description.builtin.sysctls.values()) {
      const text = this.recorded.get(entry.path);
      const { write } = handlers[entry.handler] ?? {};
      if (text === undefined || write === undefined || !(COMPUTED.has(entry.path) || entry.data === 0)) continue;
      const type = /ulong/.test(entry.handler) ? sysctlTypes.ulongMinmax : sysctlTypes.int;
      if (entry.maxlen > 0 && handlers[entry.handler] !== fixed) storeNumbers(k, this.entry(entry), type, text);
    }
  }
  cell(path: string, size: number): number {
    let cell = this.#cells.get(path);
    if (cell === undefined) {
      cell = this.#k.slab.alloc(size) ?? 0;
      this.#k.memory.fill(cell, 0, size);
      this.#cells.set(path, cell);
    }
    return cell;
  }
  /** The entry with somewhere to store. */
  entry(entry: SysctlEntry): SysctlEntry {
    return entry.data !== 0 || entry.maxlen === 0 ? entry : { ...entry, data: this.cell(entry.path, entry.maxlen) };
  }
}

/** Numbers of /proc/sys: all of them come with the first read. */
class SysctlFile extends AttributeFile {
  override open(decode: (data: Uint8Array) => string): OpenNode {
    const open = super.open(decode);
    return {
      ...open,
      *read(count) {
        const bytes = this.position === 0 ? yield* open.read(count) : new Uint8Array(0);
        if (typeof bytes !== 'number') this.position += bytes.length;
        open.position = 0;
        return bytes;
      },
    };
  }
}
function sysctlFile(k: Kernel, entry: SysctlEntry, { read, write, goesOn = false }: Variable): AttributeFile {
  const where = (): SysctlEntry => k.get(SysctlValues).entry(entry);
  const source: TextSource = {
    ...plainText(() => read(k, where())),
    ...(write !== undefined && {
      // biome-ignore lint/correctness/useYield: it never sleeps
      *write(text: string, position: number) {
        return write(k, where(), text, position);
      },
    }),
  };
  return goesOn ? new AttributeFile(entry.mode, source) : new SysctlFile(entry.mode, source);
}
function kernelSysctls(k: Kernel, self: TreeDirectory): void {
  for (const entry of k.description.builtin.sysctls.values()) {
    const parts = entry.path.split('/').slice(1);
    const name = parts.pop() as string;
    const folder = parts.reduce((directory, part) => directory.child(part, 0o555), self);
    folder.put(name, sysctlFile(k, entry, handlers[entry.handler] ?? fixed));
  }
}
export function procSys(k: Kernel, proc: TreeDirectory): void {
  const top = proc.child('sys', 0o555);
  // Made when somebody looks: the tables are long.
  top.put('kernel', new LazyDirectory((self) => kernelSysctls(k, self), 0o555, false));
  const file = (path: string, read: () => string): void => {
    const parts = path.split('/');
    const name = parts.pop() as string;
    const folder = parts.reduce((directory, part) => directory.child(part, 0o555), top);
    folder.put(
      name,
      new AttributeFile(
        0o444,
        plainText(() => `${read()}\n`),
      ),
    );
  };
  file('fs/file-max', () => '9223372036854775807');
  file('net/ipv4/tcp_available_congestion_control', () => k.get(CongestionControls).available().trimEnd());
  file('net/ipv4/tcp_allowed_congestion_control', () => k.get(CongestionControls).allowed().trimEnd());
}
