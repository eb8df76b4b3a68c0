// ls and stat of coreutils 9.1, for what a kernel's files need: types, device numbers, links.
import { ENOENT, majorOf, minorOf, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFSOCK, strerror } from '#abi';
import type { Stat } from '#kernel';
import type { Command, CommandContext } from '../services.ts';
import { type Options, options } from './options.ts';

const letters: Readonly<Record<number, string>> = {
  [S_IFDIR]: 'd',
  [S_IFLNK]: 'l',
  [S_IFCHR]: 'c',
  [S_IFBLK]: 'b',
  [S_IFIFO]: 'p',
  [S_IFSOCK]: 's',
};
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HALF_YEAR = 31556952 / 2;
const PAGE = 4096;

/** 'crw-rw-rw-'. */
export function modeText(mode: number): string {
  const triple = (bits: number, special: boolean, letter: string): string => {
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${last}`;
  };
  const type = letters[mode & S_IFMT] ?? '-';
  return (
    type +
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') +
    triple(mode >> 3, (mode & 0o2000) !== 0, 's') +
    triple(mode, (mode & 0o1000) !== 0, 't')
  );
}
const owner = (id: number): string => (id === 0 ? 'root' : `${id}`);

interface Entry {
  readonly name: string;
  readonly stat: Stat;
  readonly target: string | undefined;
  /** Of what a link leads to; undefined when it dangles. */
  readonly targetMode: number | undefined;
}

export const ls: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'ls', args, {
    a: { short: 'a', long: 'all' },
    A: { short: 'A', long: 'almost-all' },
    d: { short: 'd', long: 'directory' },
    F: { short: 'F', long: 'classify', argument: 'none' },
    color: { long: 'color', argument: 'optional' },
    g: { short: 'g' },
    h: { short: 'h', long: 'human-readable' },
    i: { short: 'i', long: 'inode' },
    l: { short: 'l' },
    L: { short: 'L', long: 'dereference' },
    n: { short: 'n', long: 'numeric-uid-gid' },
    one: { short: '1' },
    C: { short: 'C' },
    p: { short: 'p' },
    r: { short: 'r', long: 'reverse' },
    R: { short: 'R', long: 'recursive' },
    s: { short: 's', long: 'size' },
    S: { short: 'S' },
    t: { short: 't' },
    U: { short: 'U' },
  });
  if (parsed === undefined) return 2;
  let status = 0;
  const complain = async (path: string, errno: number, what = 'access'): Promise<void> => {
    await io.flush();
    await io.err(`ls: cannot ${what} '${path}': ${strerror(errno)}\n`);
    status = 2;
  };
  const files: Entry[] = [];
  const folders: string[] = [];
  for (const path of parsed.operands.length === 0 ? ['.'] : parsed.operands) {
    const long = parsed.has('l') || parsed.has('n') || parsed.has('g');
    const found = await entry(context, path, path, parsed.has('L') || (!long && !parsed.has('d') && !parsed.has('F')));
    if (typeof found === 'number') await complain(path, -found);
    else if ((found.stat.mode & S_IFMT) === S_IFDIR && !parsed.has('d')) folders.push(path);
    else files.push(found);
  }
  await print(context, sorted(files, parsed), parsed, false);
  const titled = folders.length + files.length > 1 || parsed.has('R');
  let first = files.length === 0;
  const list = async (path: string): Promise<void> => {
    const names = await io.process.readdir(path);
    if (typeof names === 'number') {
      await complain(path, -names, 'open directory');
      return;
    }
    if (titled) await io.out(`${first ? '' : '\n'}${path}:\n`);
    first = false;
    const wanted = names.map(({ name }) => name).filter((name) => parsed.has('a') || parsed.has('A') || !name.startsWith('.'));
    if (parsed.has('a')) wanted.push('.', '..');
    const entries: Entry[] = [];
    for (const name of wanted) {
      const found = await entry(context, `${path === '/' ? '' : path}/${name}`, name, parsed.has('L'));
      if (typeof found !== 'number') entries.push(found);
      else if (found !== -ENOENT) await complain(`${path}/${name}`, -found);
    }
    const all = sorted(entries, parsed);
    await print(context, all, parsed, true);
    if (!parsed.has('R')) return;
    for (const { name, stat } of all) {
      if ((stat.mode & S_IFMT) === S_IFDIR && name !== '.' && name !== '..') await list(`${path === '/' ? '' : path}/${name}`);
    }
  };
  for (const folder of folders.sort()) await list(folder);
  return status;
};
async function entry({ io }: CommandContext, path: string, name: string, follow: boolean): Promise<Entry | number> {
  let stat = follow ? await io.process.stat(path) : await io.process.lstat(path);
  if (typeof stat === 'number' && follow) stat = await io.process.lstat(path);
  if (typeof stat === 'number') return stat;
  if ((stat.mode & S_IFMT) !== S_IFLNK) return { name, stat, target: undefined, targetMode: undefined };
  const target = await io.process.readlink(path);
  const behind = await io.process.stat(path);
  return {
    name,
    stat,
    target: typeof target === 'string' ? target : undefined,
    targetMode: typeof behind === 'number' ? undefined : behind.mode,
  };
}
function sorted(entries: readonly Entry[], parsed: Options): Entry[] {
  if (parsed.has('U')) return [...entries];
  const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const compare = parsed.has('S')
    ? (a: Entry, b: Entry): number => b.stat.size - a.stat.size || byName(a, b)
    : parsed.has('t')
      ? (a: Entry, b: Entry): number => b.stat.mtime - a.stat.mtime || byName(a, b)
      : byName;
  const result = [...entries].sort(compare);
  return parsed.has('r') ? result.reverse() : result;
}
const colors: readonly (readonly [test: (mode: number) => boolean, code: string])[] = [
  [(mode) => (mode & S_IFMT) === S_IFDIR, '01;34'],
  [(mode) => (mode & S_IFMT) === S_IFLNK, '01;36'],
  [(mode) => (mode & S_IFMT) === S_IFCHR || (mode & S_IFMT) === S_IFBLK, '40;33;01'],
  [(mode) => (mode & S_IFMT) === S_IFIFO, '40;33'],
  [(mode) => (mode & 0o111) !== 0, '01;32'],
];
async function print(context: CommandContext, entries: readonly Entry[], parsed: Options, inDirectory: boolean): Promise<void> {
  const { io, services } = context;
  const tty = io.process.isatty(1);
  const when = parsed.get('color');
  const colored = when === 'always' || when === '' || ((when === 'auto' || when === undefined) && tty);
  const mark = (mode: number): string => {
    const type = mode & S_IFMT;
    if (type === S_IFDIR && (parsed.has('F') || parsed.has('p'))) return '/';
    if (!parsed.has('F')) return '';
    return type === S_IFLNK ? '@' : type === S_IFIFO ? '|' : type !== S_IFCHR && type !== S_IFBLK && (mode & 0o111) !== 0 ? '*' : '';
  };
  const paint = (name: string, mode: number): string => {
    const code = colored ? colors.find(([test]) => test(mode))?.[1] : undefined;
    return code === undefined ? name : `\x1b[${code}m${name}\x1b[0m`;
  };
  const long = parsed.has('l') || parsed.has('n') || parsed.has('g');
  const inode = (stat: Stat): string => (parsed.has('i') ? `${stat.ino} ` : '');
  if (long) {
    if (inDirectory) await io.out(`total ${entries.reduce((sum, { stat }) => sum + blocks(stat), 0)}\n`);
    const now = Number(services.machine.kernel.clock.bootRealtime) / 1e9 + services.machine.kernel.clock.now / 1e9;
    const rows = entries.map(({ stat }) => [
      modeText(stat.mode),
      `${stat.nlink}`,
      ...(parsed.has('g') ? [] : [parsed.has('n') ? `${stat.uid}` : owner(stat.uid)]),
      parsed.has('n') ? `${stat.gid}` : owner(stat.gid),
    ]);
    const width = (n: number): number => Math.max(0, ...rows.map((row) => row[n]?.length ?? 0));
    const isDevice = ({ mode }: Stat): boolean => [S_IFCHR, S_IFBLK].includes(mode & S_IFMT);
    const devices = entries.filter(({ stat }) => isDevice(stat)).map(({ stat }) => stat);
    const majors = Math.max(0, ...devices.map(({ rdev }) => `${majorOf(rdev)}`.length));
    const minors = Math.max(0, ...devices.map(({ rdev }) => `${minorOf(rdev)}`.length));
    const sizes = entries.filter(({ stat }) => !isDevice(stat)).map(({ stat }) => sizeText(stat.size, parsed.has('h')).length);
    const sizeWidth = Math.max(0, ...sizes, devices.length > 0 ? majors + minors + 2 : 0);
    for (const [n, { name, stat, target, targetMode }] of entries.entries()) {
      const row = rows[n] as string[];
      const size = isDevice(stat)
        ? `${`${majorOf(stat.rdev)}`.padStart(sizeWidth - minors - 2)}, ${`${minorOf(stat.rdev)}`.padStart(minors)}`
        : sizeText(stat.size, parsed.has('h')).padStart(sizeWidth);
      const cells = row.map((cell, column) => (column === 1 ? cell.padStart(width(column)) : cell.padEnd(width(column))));
      const arrow = target === undefined ? mark(stat.mode) : ` -> ${targetMode === undefined ? target : paint(target, targetMode)}`;
      await io.out(`${inode(stat)}${cells.join(' ')} ${size} ${dateText(stat.mtime, now)} ${paint(name, stat.mode)}${arrow}\n`);
    }
    return;
  }
  const names = entries.map(({ name, stat }) => ({
    plain: inode(stat) + name + mark(stat.mode),
    shown: inode(stat) + paint(name, stat.mode) + mark(stat.mode),
  }));
  if (!parsed.has('C') && (!tty || parsed.has('one'))) {
    for (const { shown } of names) await io.out(`${shown}\n`);
    return;
  }
  await io.out(columns(names, services.columns()));
}
/** Down, then right, each column as wide as its longest name and two blanks. */
function columns(names: readonly { readonly plain: string; readonly shown: string }[], width: number): string {
  for (let rows = 1; rows <= names.length; rows++) {
    const count = Math.ceil(names.length / rows);
    const widths = Array.from({ length: count }, (_, column) =>
      Math.max(...names.slice(column * rows, (column + 1) * rows).map(({ plain }) => plain.length)),
    );
    const total = widths.reduce((sum, each) => sum + each + 2, -2);
    if (total > width && rows < names.length) continue;
    let text = '';
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < count; column++) {
        const name = names[column * rows + row];
        if (name === undefined) break;
        const last = names[(column + 1) * rows + row] === undefined;
        text += name.shown + (last ? '' : ' '.repeat((widths[column] as number) + 2 - name.plain.length));
      }
      text += '\n';
    }
    return text;
  }
  return '';
}
const blocks = ({ mode, size }: Stat): number =>
  (mode & S_IFMT) === S_IFCHR || (mode & S_IFMT) === S_IFLNK ? 0 : Math.ceil(size / PAGE) * 4;
function sizeText(size: number, human: boolean): string {
  if (!human || size < 1024) return `${size}`;
  let value = size;
  let n = -1;
  while (value >= 1024 && n < 3) {
    value /= 1024;
    n++;
  }
  return `${value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : Math.ceil(value)}${'KMGT'[n]}`;
}
function dateText(mtime: number, now: number): string {
  const date = new Date(mtime * 1000);
  const day = `${MONTHS[date.getUTCMonth()]} ${`${date.getUTCDate()}`.padStart(2)}`;
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const recent = mtime <= now + 1 && mtime > now - HALF_YEAR;
  return `${day} ${recent ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}` : ` ${date.getUTCFullYear()}`}`;
}

const typeNames: Readonly<Record<number, string>> = {
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symbolic link',
  [S_IFCHR]: 'character special file',
  [S_IFBLK]: 'block special file',
  [S_IFIFO]: 'fifo',
  [S_IFSOCK]: 'socket',
};
const typeName = ({ mode, size }: Stat): string => typeNames[mode & S_IFMT] ?? (size === 0 ? 'regular empty file' : 'regular file');
const octal = (mode: number): string => (mode & 0o7777).toString(8);

/** stat -c FORMAT, and the long form. */
export const stat: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'stat', args, {
    format: { short: 'c', long: 'format', argument: 'required' },
    printf: { long: 'printf', argument: 'required' },
    follow: { short: 'L', long: 'dereference' },
    terse: { short: 't', long: 'terse' },
  });
  if (parsed === undefined) return 1;
  if (parsed.operands.length === 0) {
    await io.err("stat: missing operand\nTry 'stat --help' for more information.\n");
    return 1;
  }
  let status = 0;
  for (const path of parsed.operands) {
    const found = await entry(context, path, path, parsed.has('follow'));
    if (typeof found === 'number') {
      await io.flush();
      await io.err(`stat: cannot statx '${path}': ${strerror(-found)}\n`);
      status = 1;
      continue;
    }
    const format = parsed.get('format') ?? parsed.get('printf');
    if (format !== undefined) {
      const text = fill(format, found);
      await io.out(parsed.has('printf') ? text.replaceAll('\\n', '\n').replaceAll('\\t', '\t') : `${text}\n`);
    } else await io.out(describe(found));
  }
  return status;
};
function fill(format: string, { name, stat: s, target }: Entry): string {
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    a: octal(s.mode),
    A: modeText(s.mode),
    b: `${blocks(s) * 2}`,
    B: '512',
    d: '1',
    f: s.mode.toString(16),
    F: typeName(s),
    g: `${s.gid}`,
    G: owner(s.gid),
    h: `${s.nlink}`,
    i: `${s.ino}`,
    n: name,
    N: target === undefined ? `'${name}'` : `'${name}' -> '${target}'`,
    o: `${PAGE}`,
    s: `${s.size}`,
    t: majorOf(s.rdev).toString(16),
    T: minorOf(s.rdev).toString(16),
    u: `${s.uid}`,
    U: owner(s.uid),
    x: timeText(s.mtime),
    y: timeText(s.mtime),
    z: timeText(s.mtime),
    X: `${Math.floor(s.mtime)}`,
    Y: `${Math.floor(s.mtime)}`,
    Z: `${Math.floor(s.mtime)}`,
  };
  return format.replace(/%([%a-zA-Z])/g, (whole, letter: string) => values[letter] ?? whole);
}
const timeText = (mtime: number): string => {
  const nanoseconds = Math.floor((mtime % 1) * 1e9);
  return `${new Date(Math.floor(mtime) * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${`${nanoseconds}`.padStart(9, '0')} +0000`;
};
function describe(found: Entry): string {
  const { stat: s } = found;
  const device = [S_IFCHR, S_IFBLK].includes(s.mode & S_IFMT) ? `     Device type: ${majorOf(s.rdev)},${minorOf(s.rdev)}` : '';
  const target = found.target === undefined ? '' : ` -> ${found.target}`;
  return (
    `  File: ${found.name}${target}\n` +
    `  Size: ${`${s.size}`.padEnd(10)}\tBlocks: ${`${blocks(s) * 2}`.padEnd(10)} IO Block: ${`${PAGE}`.padEnd(6)} ${typeName(s)}\n` +
    `Device: 0,1\tInode: ${`${s.ino}`.padEnd(11)} Links: ${device === '' ? s.nlink : `${s.nlink}`.padEnd(5)}${device}\n` +
    `Access: (${`${octal(s.mode)}`.padStart(4, '0')}/${modeText(s.mode)})  Uid: (${`${s.uid}`.padStart(5)}/${owner(s.uid).padStart(8)})   Gid: (${`${s.gid}`.padStart(5)}/${owner(s.gid).padStart(8)})\n` +
    `Access: ${timeText(s.mtime)}\nModify: ${timeText(s.mtime)}\nChange: ${timeText(s.mtime)}\n Birth: -\n`
  );
}
