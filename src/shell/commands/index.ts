// The commands that are ours: those that touch the kernel, and those that must read and write devices as the real ones do.
// just-bash has the rest (grep, sed, awk, sort, ...), which work on text.
import { S_IFDIR, S_IFMT } from '#abi';
import { tools } from '#kmod';
import type { Io } from '../io.ts';
import { justBash, runTextCommand } from '../just_bash.ts';
import type { Command } from '../services.ts';
import { cat, head, tail, tee } from './cat.ts';
import { dd } from './dd.ts';
import { dmesg } from './dmesg.ts';
import { hexdump, od, xxd } from './dump.ts';
import { file } from './file.ts';
import { chmod, chown, cp, ln, mkdir, mv, rm, rmdir, touch } from './fileops.ts';
import { grep } from './grep.ts';
import { journalctl } from './journalctl.ts';
import { toolCommand } from './kmod.ts';
import { ls, stat } from './ls.ts';
import { bridge, builtinCommand, env, nohup, sh, sudo, timeout, watch } from './run.ts';
import { sys } from './sys.ts';
import { arch, free, hostname, id, mkfifo, mknod, mount, nproc, ps, sleep, sync, sysctl, uname, uptime, whoami, yes } from './system.ts';
import { tr } from './tr.ts';
import { which } from './which.ts';

const own: Readonly<Record<string, Command>> = {
  ...Object.fromEntries(tools.map((tool) => [tool.name, toolCommand(tool)])),
  arch,
  bash: sh,
  cat,
  chmod,
  chown,
  cp,
  dash: sh,
  dd,
  dmesg,
  env,
  false: async () => 1,
  file,
  egrep: (context, args) => grep(context, args, ['egrep']),
  fgrep: (context, args) => grep(context, args, ['fgrep']),
  free,
  grep,
  head,
  hd: (context, args, words) => hexdump(context, ['-C', ...args], words),
  hexdump,
  hostname,
  journalctl,
  kill: builtinCommand('kill'),
  less: cat,
  more: cat,
  id,
  ln,
  ls,
  mkdir,
  mkfifo,
  mknod,
  mount,
  mv,
  nohup,
  nproc,
  od,
  ps,
  rm,
  rmdir,
  sh,
  sleep,
  stat,
  sudo,
  sync,
  sys,
  sysctl,
  tail,
  tee,
  test: builtinCommand('test'),
  timeout,
  touch,
  tr,
  true: async () => 0,
  uname,
  uptime,
  watch,
  which,
  whoami,
  xxd,
  yes,
};
/** just-bash's commands that stay: none of its shells, networks and databases. */
const TEXT: ReadonlySet<string> = new Set(
  ['awk', 'base64', 'basename', 'clear', 'column', 'comm', 'cut', 'date', 'diff', 'dirname', 'du', 'expand'].concat(
    ['expr', 'find', 'fold', 'gunzip', 'gzip', 'join', 'jq', 'md5sum', 'nl', 'paste'],
    ['printenv', 'printf', 'readlink', 'rev', 'sed', 'seq', 'sha1sum', 'sha256sum', 'sort', 'split', 'strings', 'tac'],
    ['tar', 'tree', 'unexpand', 'uniq', 'wc', 'xargs', 'zcat', 'echo'],
  ),
);
const FOLDERS: ReadonlySet<string> = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']);

export const commandNames = (): readonly string[] => [...Object.keys(own), ...TEXT].sort();

const textCommand: Command = async (context, _args, words) => {
  const runsOthers = words[0] === 'xargs' || words[0] === 'find' || words[0] === 'awk';
  return runTextCommand(context.io, words, context.environment, runsOthers ? await bridge(context, Object.keys(own)) : []);
};
export async function findCommand(io: Io, name: string): Promise<Command | { problem: string }> {
  const slash = name.lastIndexOf('/');
  if (slash >= 0) {
    const folder = name.slice(0, slash);
    if (!FOLDERS.has(folder)) return script(io, name);
    return (await findCommand(io, name.slice(slash + 1))) as Command;
  }
  const command = Object.hasOwn(own, name) ? own[name] : undefined;
  if (command !== undefined) return command;
  if (!TEXT.has(name)) return { problem: 'command not found' };
  await justBash();
  return (context, args, words) => textCommand(context, args, [name, ...words.slice(1)]);
}
/** A file that is run by its path. */
async function script(io: Io, path: string): Promise<Command | { problem: string }> {
  const stat = await io.process.stat(path);
  if (typeof stat === 'number') return { problem: 'No such file or directory' };
  if ((stat.mode & S_IFMT) === S_IFDIR) return { problem: 'Is a directory' };
  if ((stat.mode & 0o111) === 0) return { problem: 'Permission denied' };
  const start = await io.readFile(path);
  if (typeof start !== 'number' && start[0] === 0x7f) return { problem: 'cannot execute binary file: Exec format error' };
  return (context, args) => sh(context, [path, ...args], ['bash']);
}
