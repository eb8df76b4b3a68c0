// rm, rmdir, mkdir, touch, chmod, chown, ln, cp, mv: coreutils 9.1, with the kernel's own answers.
import { EEXIST, ENOENT, EXDEV, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, strerror } from '#abi';
import type { Io } from '../io.ts';
import type { Command } from '../services.ts';
import { options } from './options.ts';

const isFolder = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;
const base = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) ?? path;
const join = (folder: string, name: string): string => `${folder.replace(/\/+$/, '')}/${name}`;

/** A command over its operands: `each` gives undefined or a complaint. */
async function overOperands(
  io: Io,
  name: string,
  operands: readonly string[],
  each: (operand: string) => Promise<string | undefined>,
): Promise<number> {
  if (operands.length === 0) {
    await io.err(`${name}: missing operand\nTry '${name} --help' for more information.\n`);
    return 1;
  }
  let status = 0;
  for (const operand of operands) {
    const complaint = await each(operand);
    if (complaint === undefined) continue;
    await io.err(`${name}: ${complaint}\n`);
    status = 1;
  }
  return status;
}
export const rm: Command = async ({ io }, args) => {
  const parsed = await options(io, 'rm', args, {
    force: { short: 'f', long: 'force' },
    recursive: { short: 'rR', long: 'recursive' },
    dir: { short: 'd', long: 'dir' },
    verbose: { short: 'v', long: 'verbose' },
    i: { short: 'i' },
  });
  if (parsed === undefined) return 1;
  if (parsed.operands.length === 0 && parsed.has('force')) return 0;
  const remove = async (path: string): Promise<string | undefined> => {
    const stat = await io.call(io.process.lstat(path));
    if (typeof stat === 'number')
      return stat === -ENOENT && parsed.has('force') ? undefined : `cannot remove '${path}': ${strerror(-stat)}`;
    if (!isFolder(stat.mode)) {
      const error = await io.call(io.process.unlink(path));
      if (error === 0 && parsed.has('verbose')) await io.out(`removed '${path}'\n`);
      return error < 0 ? `cannot remove '${path}': ${strerror(-error)}` : undefined;
    }
    if (!parsed.has('recursive') && !parsed.has('dir')) return `cannot remove '${path}': Is a directory`;
    const entries = parsed.has('recursive') ? await io.process.readdir(path) : [];
    if (typeof entries !== 'number') {
      for (const { name } of entries) {
        const complaint = await remove(join(path, name));
        if (complaint !== undefined) return complaint;
      }
    }
    const error = await io.call(io.process.rmdir(path));
    if (error === 0 && parsed.has('verbose')) await io.out(`removed directory '${path}'\n`);
    return error < 0 ? `cannot remove '${path}': ${strerror(-error)}` : undefined;
  };
  return overOperands(io, 'rm', parsed.operands, remove);
};
export const rmdir: Command = async ({ io }, args) => {
  const parsed = await options(io, 'rmdir', args, { parents: { short: 'p', long: 'parents' }, verbose: { short: 'v', long: 'verbose' } });
  if (parsed === undefined) return 1;
  return overOperands(io, 'rmdir', parsed.operands, async (path) => {
    const error = await io.call(io.process.rmdir(path));
    return error < 0 ? `failed to remove '${path}': ${strerror(-error)}` : undefined;
  });
};
export const mkdir: Command = async ({ io }, args) => {
  const parsed = await options(io, 'mkdir', args, {
    parents: { short: 'p', long: 'parents' },
    mode: { short: 'm', long: 'mode', argument: 'required' },
    verbose: { short: 'v', long: 'verbose' },
  });
  if (parsed === undefined) return 1;
  const mode = Number.parseInt(parsed.get('mode') ?? '755', 8);
  return overOperands(io, 'mkdir', parsed.operands, async (path) => {
    const parts = path.split('/');
    const paths = parsed.has('parents') ? parts.map((_, n) => parts.slice(0, n + 1).join('/')).filter((part) => part !== '') : [path];
    for (const part of paths) {
      const error = await io.call(io.process.mkdir(part, part === path ? mode : 0o755));
      if (error === 0 && parsed.has('verbose')) await io.out(`mkdir: created directory '${part}'\n`);
      if (error === 0) continue;
      const stat = await io.process.stat(part);
      if (parsed.has('parents') && error === -EEXIST && typeof stat !== 'number' && isFolder(stat.mode)) continue;
      return `cannot create directory '${part}': ${strerror(-error)}`;
    }
    return undefined;
  });
};
export const touch: Command = async ({ io, services }, args) => {
  const parsed = await options(io, 'touch', args, {
    noCreate: { short: 'c', long: 'no-create' },
    a: { short: 'a' },
    m: { short: 'm' },
    reference: { short: 'r', long: 'reference', argument: 'required' },
  });
  if (parsed === undefined) return 1;
  if (parsed.operands.length === 0) {
    await io.err("touch: missing file operand\nTry 'touch --help' for more information.\n");
    return 1;
  }
  const { clock } = services.machine.kernel;
  const reference = parsed.get('reference') === undefined ? undefined : await io.process.stat(parsed.get('reference') as string);
  const time = typeof reference === 'object' ? reference.mtime : Number(clock.bootRealtime) / 1e9 + clock.now / 1e9;
  return overOperands(io, 'touch', parsed.operands, async (path) => {
    if (typeof (await io.process.stat(path)) === 'number') {
      if (parsed.has('noCreate')) return undefined;
      const fd = await io.open(path, O_WRONLY | O_CREAT, 0o644);
      if (fd < 0) return `cannot touch '${path}': ${strerror(-fd)}`;
      await io.close(fd);
    }
    const error = await io.call(io.process.utimes(path, time));
    return error < 0 ? `setting times of '${path}': ${strerror(-error)}` : undefined;
  });
};
/** 644, u+x, go-w, a=rw: the mode that `text` makes of `mode`; undefined when it is none. */
export function changedMode(text: string, mode: number): number | undefined {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  let result = mode & 0o7777;
  for (const clause of text.split(',')) {
    const [, who = '', actions] = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(clause) ?? [];
    if (actions === undefined) return undefined;
    for (const [, operator, letters = ''] of actions.matchAll(/([-+=])([rwxXst]*)/g)) {
      const execute = letters.includes('x') || (letters.includes('X') && (isFolder(mode) || (mode & 0o111) !== 0));
      const triple = (letters.includes('r') ? 4 : 0) | (letters.includes('w') ? 2 : 0) | (execute ? 1 : 0);
      for (const [letter, shift, special] of [
        ['u', 6, 0o4000],
        ['g', 3, 0o2000],
        ['o', 0, 0],
      ] as const) {
        if (who !== '' && !who.includes(letter) && !who.includes('a')) continue;
        const bits = (triple << shift) | (letters.includes('s') ? special : 0);
        if (operator === '=') result &= ~(7 << shift);
        result = operator === '-' ? result & ~bits : result | bits;
      }
      if (letters.includes('t')) result = operator === '-' ? result & ~0o1000 : result | 0o1000;
    }
  }
  return result;
}
export const chmod: Command = async ({ io }, args) => {
  // A mode may look like an option: chmod -x file.
  const parsed = await options(
    io,
    'chmod',
    args.filter((arg) => !/^-[rwxXst]+$/.test(arg)),
    {
      recursive: { short: 'R', long: 'recursive' },
      verbose: { short: 'v', long: 'verbose' },
      changes: { short: 'c', long: 'changes' },
      quiet: { short: 'f', long: 'quiet' },
    },
  );
  if (parsed === undefined) return 1;
  const minus = args.find((arg) => /^-[rwxXst]+$/.test(arg));
  const [mode, ...files] = minus === undefined ? parsed.operands : [minus, ...parsed.operands];
  if (mode === undefined || files.length === 0) {
    await io.err(`chmod: missing operand${mode === undefined ? '' : ` after '${mode}'`}\nTry 'chmod --help' for more information.\n`);
    return 1;
  }
  if (changedMode(mode, 0) === undefined) {
    await io.err(`chmod: invalid mode: '${mode}'\nTry 'chmod --help' for more information.\n`);
    return 1;
  }
  const change = async (path: string): Promise<string | undefined> => {
    const stat = await io.call(io.process.stat(path));
    if (typeof stat === 'number') return `cannot access '${path}': ${strerror(-stat)}`;
    const error = await io.call(io.process.chmod(path, changedMode(mode, stat.mode) ?? 0));
    if (error < 0) return `changing permissions of '${path}': ${strerror(-error)}`;
    if (!parsed.has('recursive') || !isFolder(stat.mode)) return undefined;
    const entries = await io.process.readdir(path);
    for (const { name } of typeof entries === 'number' ? [] : entries) {
      const complaint = await change(join(path, name));
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
  return overOperands(io, 'chmod', files, change);
};
export const chown: Command = async ({ io }, args) => {
  const [owner = '', ...files] = args.filter((arg) => !arg.startsWith('-'));
  const number = (text: string | undefined, old: number): number =>
    text === undefined || text === '' ? old : text === 'root' ? 0 : Number(text);
  const [user, group] = owner.split(/[:.]/);
  return overOperands(io, 'chown', files, async (path) => {
    const stat = await io.call(io.process.stat(path));
    if (typeof stat === 'number') return `cannot access '${path}': ${strerror(-stat)}`;
    const [uid, gid] = [number(user, stat.uid), number(group, stat.gid)];
    if (Number.isNaN(uid) || Number.isNaN(gid)) return `invalid user: '${owner}'`;
    const error = await io.call(io.process.chown(path, uid, gid));
    return error < 0 ? `changing ownership of '${path}': ${strerror(-error)}` : undefined;
  });
};
export const ln: Command = async ({ io }, args) => {
  const parsed = await options(io, 'ln', args, {
    symbolic: { short: 's', long: 'symbolic' },
    force: { short: 'f', long: 'force' },
    n: { short: 'n', long: 'no-dereference' },
    verbose: { short: 'v', long: 'verbose' },
  });
  if (parsed === undefined) return 1;
  const [target, given] = parsed.operands;
  if (target === undefined) {
    await io.err("ln: missing file operand\nTry 'ln --help' for more information.\n");
    return 1;
  }
  const place = given === undefined ? undefined : await io.process.stat(given);
  const path =
    given === undefined
      ? base(target)
      : typeof place === 'object' && isFolder(place.mode) && !parsed.has('n')
        ? join(given, base(target))
        : given;
  if (parsed.has('force')) await io.process.unlink(path);
  const error = await io.call(parsed.has('symbolic') ? io.process.symlink(target, path) : io.process.link(target, path));
  if (error === 0) return 0;
  const kind = parsed.has('symbolic') ? 'symbolic' : 'hard';
  const both =
    kind === 'hard' && error === -ENOENT
      ? `failed to access '${target}'`
      : kind === 'hard' && error !== -EEXIST
        ? `failed to create hard link '${path}' => '${target}'`
        : `failed to create ${kind} link '${path}'`;
  await io.err(`ln: ${both}: ${strerror(-error)}\n`);
  return 1;
};
/** Where a source goes: into a folder under its own name, else to that very path. */
async function destinations(
  io: Io,
  name: string,
  operands: readonly string[],
): Promise<{ target: string; into: boolean; sources: readonly string[] } | undefined> {
  const hint = `Try '${name} --help' for more information.\n`;
  const target = operands.at(-1);
  if (target === undefined || operands.length < 2) {
    await io.err(
      target === undefined
        ? `${name}: missing file operand\n${hint}`
        : `${name}: missing destination file operand after '${target}'\n${hint}`,
    );
    return undefined;
  }
  const stat = await io.process.stat(target);
  const into = typeof stat === 'object' && isFolder(stat.mode);
  if (operands.length > 2 && !into) {
    await io.err(
      typeof stat === 'number' ? `${name}: target '${target}': ${strerror(-stat)}\n` : `${name}: target '${target}': Not a directory\n`,
    );
    return undefined;
  }
  return { target, into, sources: operands.slice(0, -1) };
}
async function copy(io: Io, from: string, to: string, recursive: boolean): Promise<string | undefined> {
  const stat = await io.call(recursive ? io.process.lstat(from) : io.process.stat(from));
  if (typeof stat === 'number') return `cannot stat '${from}': ${strerror(-stat)}`;
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) {
    if (!recursive) return `-r not specified; omitting directory '${from}'`;
    const made = await io.process.mkdir(to, stat.mode & 0o7777);
    if (made < 0 && made !== -EEXIST) return `cannot create directory '${to}': ${strerror(-made)}`;
    const entries = await io.process.readdir(from);
    for (const { name } of typeof entries === 'number' ? [] : entries) {
      const complaint = await copy(io, join(from, name), join(to, name), recursive);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  }
  if (type === S_IFLNK) {
    const target = await io.process.readlink(from);
    const error = typeof target === 'number' ? target : await io.process.symlink(target, to);
    return error < 0 ? `cannot create symbolic link '${to}': ${strerror(-error)}` : undefined;
  }
  if (recursive && type !== S_IFREG) {
    const error = await io.process.mknod(to, stat.mode, stat.rdev);
    return error < 0 ? `cannot create special file '${to}': ${strerror(-error)}` : undefined;
  }
  const source = await io.open(from, O_RDONLY);
  if (source < 0) return `cannot open '${from}' for reading: ${strerror(-source)}`;
  const exists = typeof (await io.process.stat(to)) !== 'number';
  const target = await io.open(to, exists ? O_WRONLY | O_TRUNC : O_WRONLY | O_CREAT | O_EXCL, stat.mode & 0o777);
  let complaint = target < 0 ? `cannot create regular file '${to}': ${strerror(-target)}` : undefined;
  const CP_BUFFER = 131072;
  while (complaint === undefined) {
    const chunk = await io.read(source, CP_BUFFER);
    if (typeof chunk === 'number') complaint = `error reading '${from}': ${strerror(-chunk)}`;
    else if (chunk.length === 0) break;
    else {
      const error = await io.write(target, chunk);
      if (error < 0) complaint = `error writing '${to}': ${strerror(-error)}`;
    }
  }
  await io.close(source);
  if (target >= 0) await io.close(target);
  return complaint;
}
export const cp: Command = async ({ io }, args) => {
  const parsed = await options(io, 'cp', args, {
    recursive: { short: 'rR', long: 'recursive' },
    archive: { short: 'a', long: 'archive' },
    force: { short: 'f', long: 'force' },
    preserve: { short: 'p', long: 'preserve', argument: 'none' },
    verbose: { short: 'v', long: 'verbose' },
  });
  if (parsed === undefined) return 1;
  const place = await destinations(io, 'cp', parsed.operands);
  if (place === undefined) return 1;
  return overOperands(io, 'cp', place.sources, async (source) => {
    const to = place.into ? join(place.target, base(source)) : place.target;
    const complaint = await copy(io, source, to, parsed.has('recursive') || parsed.has('archive'));
    if (complaint === undefined && parsed.has('verbose')) await io.out(`'${source}' -> '${to}'\n`);
    return complaint;
  });
};
export const mv: Command = async ({ io }, args) => {
  const parsed = await options(io, 'mv', args, {
    force: { short: 'f', long: 'force' },
    n: { short: 'n', long: 'no-clobber' },
    verbose: { short: 'v', long: 'verbose' },
  });
  if (parsed === undefined) return 1;
  const place = await destinations(io, 'mv', parsed.operands);
  if (place === undefined) return 1;
  return overOperands(io, 'mv', place.sources, async (source) => {
    const to = place.into ? join(place.target, base(source)) : place.target;
    let error = await io.call(io.process.rename(source, to));
    if (error === -ENOENT && typeof (await io.process.lstat(source)) === 'number') return `cannot stat '${source}': ${strerror(ENOENT)}`;
    if (error === -EXDEV) {
      const complaint = await copy(io, source, to, true);
      if (complaint !== undefined) return complaint;
      const stat = await io.process.lstat(source);
      error = typeof stat === 'object' && isFolder(stat.mode) ? await removeTree(io, source) : await io.process.unlink(source);
    }
    if (error < 0) return `cannot move '${source}' to '${to}': ${strerror(-error)}`;
    if (parsed.has('verbose')) await io.out(`renamed '${source}' -> '${to}'\n`);
    return undefined;
  });
};
async function removeTree(io: Io, path: string): Promise<number> {
  const entries = await io.process.readdir(path);
  for (const { name, type } of typeof entries === 'number' ? [] : entries) {
    const error = type === 'directory' ? await removeTree(io, join(path, name)) : await io.process.unlink(join(path, name));
    if (error < 0) return error;
  }
  return io.process.rmdir(path);
}
