// /proc/PID and /proc/self. Source: fs/proc/base.c, fs/proc/array.c, fs/proc/fd.c.
import { ENOENT } from '#abi';
import type { Kernel } from '../kernel.ts';
import { ComputedDirectory, type Directory, type FsNode, MagicLink, plainText, Symlink, TextFile, TreeDirectory } from './node.ts';
import type { KernelProcess } from './process.ts';

const NS_PER_TICK = 1e7;
const stateNames: Readonly<Record<string, string>> = { R: 'running', S: 'sleeping', D: 'disk sleep', Z: 'zombie' };

/** What is the same of a process and of a kernel thread. */
interface Subject {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly started: number;
  readonly process: KernelProcess | undefined;
}
const KTHREADD = 2;
function subject(k: Kernel, pid: number): Subject | undefined {
  const process = k.processes.get(pid);
  if (process !== undefined) {
    const { comm, state, parent, group, startTime: started } = process;
    return { pid, comm, state, parent, group, started, process };
  }
  const task = k.scheduler.task(pid);
  if (task === undefined || pid === 0) return undefined;
  const { __state } = k.scheduler.structOf(task);
  const state = __state === 0 ? 'R' : (__state & 1) !== 0 ? 'S' : 'D';
  return { pid, comm: k.scheduler.comm(task), state, parent: KTHREADD, group: 0, started: 0, process: undefined };
}
const pids = (k: Kernel): number[] => {
  const all = new Set([...k.processes.keys(), ...[...k.scheduler.tasks].map(({ pid }) => pid)]);
  all.delete(0);
  return [...all].sort((a, b) => a - b);
};
const mask = (signals: Iterable<number>): string => {
  let bits = 0n;
  for (const signal of signals) bits |= 1n << BigInt(signal - 1);
  return bits.toString(16).padStart(16, '0');
};

function statusText({ pid, comm, state, parent, process }: Subject): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Name', comm],
    ...(process === undefined ? [] : [['Umask', '0022'] as const]),
    ['State', `${state} (${stateNames[state] ?? state})`],
    ['Tgid', `${pid}`],
    ['Ngid', '0'],
    ['Pid', `${pid}`],
    ['PPid', `${parent}`],
    ['TracerPid', '0'],
    ['Uid', '0\t0\t0\t0'],
    ['Gid', '0\t0\t0\t0'],
    ['FDSize', process === undefined ? '64' : '256'],
    ['Groups', '0 '],
    ['Threads', '1'],
    ['SigPnd', mask([])],
    ['ShdPnd', mask(process?.pending ?? [])],
    ['SigBlk', mask([])],
    ['SigIgn', mask(process?.ignored ?? [])],
    ['SigCgt', mask([])],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join('');
}
/** The first 24 fields of /proc/PID/stat; the rest, of memory and scheduling, is 0. */
function statText({ pid, comm, state, parent, group, started, process }: Subject): string {
  const PF_KTHREAD = 0x200000;
  const fields = [pid, `(${comm})`, state, parent, group, group, 0, -1, process === undefined ? PF_KTHREAD : 0];
  const times = [0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 1, 0, Math.floor(started / NS_PER_TICK)];
  const FIELDS = 52;
  const all = [...fields, ...times];
  return `${[...all, ...Array.from({ length: FIELDS - all.length }, () => 0)].join(' ')}\n`;
}
function directoryOf(k: Kernel, pid: number): Directory | undefined {
  const first = subject(k, pid);
  if (first === undefined) return undefined;
  const directory = new TreeDirectory(0o555, false);
  const text = (name: string, make: (now: Subject) => string, mode = 0o444): void =>
    directory.put(
      name,
      new TextFile(
        mode,
        plainText(() => make(subject(k, pid) ?? first)),
      ),
    );
  text('cmdline', ({ process }) => (process?.argv ?? []).map((argument) => `${argument}\0`).join(''));
  text('comm', ({ comm }) => `${comm}\n`);
  text('stat', statText);
  text('status', statusText);
  text('mounts', () => mountsText(k));
  const { process } = first;
  if (process !== undefined) {
    directory.put('cwd', new Symlink(process.cwd));
    directory.put('root', new Symlink('/'));
    directory.put('fd', descriptors(process));
  }
  return directory;
}
function descriptors({ files }: KernelProcess): Directory {
  return new ComputedDirectory(
    () => files.numbers.map(String),
    (name) => {
      const file = files.get(Number(name));
      return file === undefined ? undefined : new MagicLink(file.path, file.node);
    },
    0o500,
  );
}
export function mountsText(k: Kernel): string {
  return k.vfs.mounts
    .map(({ source, target, type, options }) => `${source} ${target === '' ? '/' : target} ${type} ${options} 0 0\n`)
    .join('');
}

class Self extends Symlink {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    super('');
    this.#k = k;
  }
  override get target(): string {
    return `${this.#k.vfs.caller}`;
  }
}
/** The top of procfs: what was put there, and a directory for each process. */
export class ProcRoot extends TreeDirectory {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    super(0o555, false);
    this.#k = k;
    this.put('self', new Self(k));
    this.put('mounts', new Symlink('self/mounts'));
  }
  override lookup(name: string): FsNode | undefined {
    return super.lookup(name) ?? (/^\d+$/.test(name) ? directoryOf(this.#k, Number(name)) : undefined);
  }
  /** procfs looks for a name, and does not find it. */
  override createFile(): number {
    return -ENOENT;
  }
  override createDirectory(): number {
    return -ENOENT;
  }
  override names(): Iterable<string> {
    return [...pids(this.#k).map(String), ...super.names()];
  }
}
