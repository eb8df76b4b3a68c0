// Small tools that look at the system: coreutils 9.1, procps 4.0, util-linux 2.38, as on Debian 12.
import { S_IFBLK, S_IFCHR, S_IFIFO, strerror } from '#abi';
import type { Command, CommandContext } from '../services.ts';
import { changedMode } from './fileops.ts';
import { options } from './options.ts';

export const uname: Command = async ({ io }, args) => {
  const parsed = await options(io, 'uname', args, {
    a: { short: 'a', long: 'all' },
    s: { short: 's', long: 'kernel-name' },
    n: { short: 'n', long: 'nodename' },
    r: { short: 'r', long: 'kernel-release' },
    v: { short: 'v', long: 'kernel-version' },
    m: { short: 'm', long: 'machine' },
    p: { short: 'p', long: 'processor' },
    i: { short: 'i', long: 'hardware-platform' },
    o: { short: 'o', long: 'operating-system' },
  });
  if (parsed === undefined) return 1;
  const [extra] = parsed.operands;
  if (extra !== undefined) {
    await io.err(`uname: extra operand '${extra}'\nTry 'uname --help' for more information.\n`);
    return 1;
  }
  const { sysname, nodename, release, version, machine } = io.process.uname();
  const parts: readonly (readonly [key: string, value: string])[] = [
    ['s', sysname],
    ['n', nodename],
    ['r', release],
    ['v', version],
    ['m', machine],
    ['p', 'unknown'],
    ['i', 'unknown'],
    ['o', 'GNU/Linux'],
  ];
  // Debian's kernel does not say processor and platform: -a leaves them out.
  const shown = parts.filter(([key, value]) =>
    parsed.all.length === 0 ? key === 's' : parsed.has(key) || (parsed.has('a') && value !== 'unknown'),
  );
  await io.out(`${shown.map(([, value]) => value).join(' ')}\n`);
  return 0;
};
const HINT = (name: string): string => `Try '${name} --help' for more information.\n`;
export const mknod: Command = async ({ io }, args) => {
  const parsed = await options(io, 'mknod', args, { mode: { short: 'm', long: 'mode', argument: 'required' }, Z: { short: 'Z' } });
  if (parsed === undefined) return 1;
  const [path, type, major, minor, extra] = parsed.operands;
  const fail = async (text: string, hint = ''): Promise<number> => {
    await io.err(`mknod: ${text}\n${hint}`);
    return 1;
  };
  const permissions = parsed.get('mode') === undefined ? 0o644 : changedMode(parsed.get('mode') ?? '', 0o666);
  if (permissions === undefined) return fail('invalid mode');
  if (path === undefined) return fail('missing operand', HINT('mknod'));
  if (type === undefined) return fail(`missing operand after '${path}'`, HINT('mknod'));
  const fifo = type.startsWith('p');
  if (fifo && major !== undefined)
    return fail(`extra operand '${major}'`, `Fifos do not have major and minor device numbers.\n${HINT('mknod')}`);
  if (!fifo && major === undefined)
    return fail(`missing operand after '${type}'`, `Special files require major and minor device numbers.\n${HINT('mknod')}`);
  if (!fifo && minor === undefined) return fail(`missing operand after '${major}'`, HINT('mknod'));
  if (extra !== undefined) return fail(`extra operand '${extra}'`, HINT('mknod'));
  let format = S_IFIFO;
  let device = 0;
  if (!fifo) {
    if (!/^[bcu]/.test(type)) return fail(`invalid device type '${type}'`, HINT('mknod'));
    const number = (text: string): number =>
      /^0[xX][0-9a-fA-F]+$|^\d+$/.test(text) ? Number(/^0\d/.test(text) ? `0o${text}` : text) : Number.NaN;
    const [m, n] = [number(major ?? ''), number(minor ?? '')];
    if (!(m < 2 ** 12)) return fail(`invalid major device number '${major}'`);
    if (!(n < 2 ** 20)) return fail(`invalid minor device number '${minor}'`);
    format = type.startsWith('b') ? S_IFBLK : S_IFCHR;
    device = m * 2 ** 20 + n;
  }
  const error = await io.call(io.process.mknod(path, format | permissions, device));
  return error < 0 ? fail(`${path}: ${strerror(-error)}`) : 0;
};
export const mkfifo: Command = async ({ io }, args) => {
  let status = 0;
  for (const path of args.filter((arg) => !arg.startsWith('-'))) {
    const error = await io.call(io.process.mknod(path, S_IFIFO | 0o644, 0));
    if (error >= 0) continue;
    await io.err(`mkfifo: cannot create fifo '${path}': ${strerror(-error)}\n`);
    status = 1;
  }
  return status;
};
const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };
/** '1.5', '2m': seconds; undefined when it is no time. */
export function seconds(text: string): number | undefined {
  if (text === 'infinity') return Number.MAX_SAFE_INTEGER;
  const [, number, unit = ''] = /^(\d*\.?\d+|\d+\.)([smhd]?)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (units[unit] ?? 1);
}
export const sleep: Command = async ({ io }, args) => {
  if (args.length === 0) {
    await io.err(`sleep: missing operand\n${HINT('sleep')}`);
    return 1;
  }
  let total = 0;
  for (const arg of args) {
    const time = seconds(arg);
    if (time === undefined) {
      await io.err(`sleep: invalid time interval '${arg}'\n${HINT('sleep')}`);
      return 1;
    }
    total += time;
  }
  await io.call(io.process.nanosleep(total));
  return 0;
};
const says =
  (text: (context: CommandContext) => string): Command =>
  async (context) => {
    await context.io.out(`${text(context)}\n`);
    return 0;
  };
export const whoami = says(() => 'root');
export const hostname = says(({ io }) => io.process.uname().nodename);
export const nproc = says(() => '1');
export const arch = says(({ io }) => io.process.uname().machine);
export const id: Command = async ({ io }, args) => {
  const letters = args.join('').replaceAll('-', '');
  const named = letters.includes('n');
  if (letters.includes('u') || letters.includes('g') || letters.includes('G')) await io.out(named ? 'root\n' : '0\n');
  else await io.out('uid=0(root) gid=0(root) groups=0(root)\n');
  return 0;
};
export const sync: Command = async () => 0;
export const yes: Command = async ({ io }, args) => {
  const line = `${args.length === 0 ? 'y' : args.join(' ')}\n`;
  const chunk = line.repeat(Math.ceil(8192 / line.length));
  for (;;) await io.out(chunk);
};
/** 'up 1:02' of uptime, and the three loads. */
export const uptime: Command = async ({ io, services }) => {
  const { clock } = services.machine.kernel;
  const minutes = Math.floor(clock.now / 6e10);
  const hours = Math.floor(minutes / 60);
  const up = hours === 0 ? `${minutes} min` : `${String(hours).padStart(2)}:${String(minutes % 60).padStart(2, '0')}`;
  const now = new Date(Number(clock.bootRealtime) / 1e6 + clock.now / 1e6).toISOString().slice(11, 19);
  await io.out(` ${now} up ${up},  1 user,  load average: 0.00, 0.00, 0.00\n`);
  return 0;
};
export const free: Command = async ({ io }, args) => {
  const text = (await io.readText('/proc/meminfo')) ?? '';
  const value = (name: string): number => Number(new RegExp(`^${name}: *(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const divisor = args.includes('-m') ? 1024 : args.includes('-g') ? 1048576 : 1;
  const [total, unused] = [value('MemTotal'), value('MemFree')];
  const row = (name: string, cells: readonly number[]): string =>
    `${name.padEnd(7)}${cells
      .map((cell) => String(Math.floor(cell / divisor)).padStart(12))
      .join(' ')
      .padStart(0)}\n`;
  await io.out(`${' '.repeat(15)}total        used        free      shared  buff/cache   available\n`);
  await io.out(row('Mem:', [total, total - unused, unused, 0, 0, value('MemAvailable')]).replace(/^(Mem:) */, 'Mem:    '));
  await io.out(row('Swap:', [0, 0, 0]).replace(/^(Swap:) */, 'Swap:   '));
  return 0;
};
export const mount: Command = async ({ io }, args) => {
  const text = (await io.readText('/proc/self/mounts')) ?? '';
  const type = args[0] === '-t' ? args[1] : undefined;
  const operands = type === undefined ? args.filter((arg) => !arg.startsWith('-')) : [];
  if (operands.length > 0) {
    await io.err(`mount: ${operands.at(-1)}: mounting inside the kernel is not supported; folders of the host come by kobox --mount.\n`);
    return 32;
  }
  for (const line of text.split('\n')) {
    const [source, target, kind, flags] = line.split(' ');
    if (target !== undefined && (type === undefined || type.split(',').includes(kind ?? '')))
      await io.out(`${source} on ${target} type ${kind} (${flags})\n`);
  }
  return 0;
};
interface PsRow {
  readonly pid: string;
  readonly parent: string;
  readonly state: string;
  readonly command: string;
  readonly comm: string;
  readonly tty: string;
}
async function processes({ io }: CommandContext): Promise<PsRow[]> {
  const names = await io.process.readdir('/proc');
  if (typeof names === 'number') return [];
  const rows: PsRow[] = [];
  for (const { name } of names) {
    if (!/^\d+$/.test(name)) continue;
    const stat = /^\d+ \((.*)\) (\S+) (\d+)/s.exec((await io.readText(`/proc/${name}/stat`)) ?? '');
    const cmdline = ((await io.readText(`/proc/${name}/cmdline`)) ?? '').replace(/\0$/, '').replaceAll('\0', ' ');
    if (stat === null) continue;
    const [, comm = '', state = '', parent = ''] = stat;
    const terminal = await io.process.readlink(`/proc/${name}/fd/0`);
    const tty = terminal === '/dev/tty' ? 'pts/0' : '?';
    rows.push({ pid: name, parent, state, comm, tty, command: cmdline === '' && name !== '1' ? `[${comm}]` : cmdline || comm });
  }
  return rows;
}
/** ps: own processes; -e, -A, ax, aux: all; -f and u add columns; -p PIDS. */
export const ps: Command = async (context, args) => {
  const { io, services } = context;
  const letters = args.filter((arg) => /^-?[a-zA-Z]+$/.test(arg)).join('');
  const all = /[eAx]/.test(letters);
  const wanted = new Set(args.filter((arg) => /^[\d,]+$/.test(arg)).flatMap((arg) => arg.split(',')));
  const group = (await processes(context)).filter(({ pid, command }) =>
    wanted.size > 0 ? wanted.has(pid) : all || !command.startsWith('['),
  );
  const started = new Date(Number(services.machine.kernel.clock.bootRealtime) / 1e6).toISOString().slice(11, 16);
  if (/u/.test(letters)) {
    await io.out('USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n');
    for (const { pid, state, tty, command } of group)
      await io.out(`root     ${pid.padStart(7)}  0.0  0.0      0     0 ${tty.padEnd(8)} ${state.padEnd(4)} ${started}   0:00 ${command}\n`);
  } else if (/f/.test(letters)) {
    await io.out('UID          PID    PPID  C STIME TTY          TIME CMD\n');
    for (const { pid, parent, tty, command } of group)
      await io.out(`root     ${pid.padStart(7)} ${parent.padStart(7)}  0 ${started} ${tty.padEnd(8)} 00:00:00 ${command}\n`);
  } else if (/x/.test(letters)) {
    await io.out('    PID TTY      STAT   TIME COMMAND\n');
    for (const { pid, state, tty, command } of group)
      await io.out(`${pid.padStart(7)} ${tty.padEnd(8)} ${state.padEnd(6)} 0:00 ${command}\n`);
  } else {
    await io.out('    PID TTY          TIME CMD\n');
    for (const { pid, tty, comm } of group) await io.out(`${pid.padStart(7)} ${tty.padEnd(8)} 00:00:00 ${comm}\n`);
  }
  return group.length === 0 ? 1 : 0;
};
/** sysctl NAME, sysctl -w NAME=VALUE, sysctl -a: files of /proc/sys. */
export const sysctl: Command = async ({ io }, args) => {
  const flags = args.filter((arg) => arg.startsWith('-')).join('');
  const show = async (name: string, text: string): Promise<void> => {
    for (const line of text.replace(/\n$/, '').split('\n')) await io.out(flags.includes('n') ? `${line}\n` : `${name} = ${line}\n`);
  };
  let status = 0;
  const walk = async (path: string): Promise<void> => {
    const entries = await io.process.readdir(path);
    if (typeof entries === 'number') return;
    for (const { name, type } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (type === 'directory') await walk(`${path}/${name}`);
      else {
        const text = await io.readText(`${path}/${name}`);
        if (text !== undefined) await show(`${path}/${name}`.slice('/proc/sys/'.length).replaceAll('/', '.'), text);
      }
    }
  };
  if (/[aA]/.test(flags)) await walk('/proc/sys');
  for (const arg of args.filter((each) => !each.startsWith('-'))) {
    const [, name = arg, value] = /^([^=]+)=(.*)$/s.exec(arg) ?? [];
    const path = `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;
    if (value === undefined) {
      const text = await io.readText(path);
      if (text !== undefined) await show(name, text);
      else {
        await io.err(`sysctl: cannot stat ${path}: No such file or directory\n`);
        status = 1;
      }
      continue;
    }
    const O_WRONLY = 1;
    const fd = await io.open(path, O_WRONLY);
    const error = fd < 0 ? fd : await io.write(fd, new TextEncoder().encode(`${value}\n`));
    if (fd >= 0) await io.close(fd);
    if (error < 0) {
      await io.err(fd < 0 ? `sysctl: cannot stat ${path}: ${strerror(-error)}\n` : `sysctl: setting key "${name}": ${strerror(-error)}\n`);
      status = 1;
    } else await show(name, value);
  }
  return status;
};
