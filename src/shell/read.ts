// The builtin read. It takes no byte beyond the line, so that the next reader finds the rest: one byte a read(2) where the
// file cannot be set back (pipes, terminals, most devices). Source: bash's builtins/read.def.
import { SEEK_CUR, strerror } from '#abi';
import type { Interpreter } from './interpreter.ts';

interface Options {
  raw: boolean;
  array: string | undefined;
  delimiter: string;
  count: number | undefined;
  prompt: string;
  fd: number;
  timeout: number | undefined;
  silent: boolean;
}
const TIMED_OUT = 142;
const POLLIN = 1;
const BUFFER = 128;

export async function readBuiltin(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { io, state } = shell;
  const options: Options = {
    raw: false,
    array: undefined,
    delimiter: '\n',
    count: undefined,
    prompt: '',
    fd: 0,
    timeout: undefined,
    silent: false,
  };
  const names: string[] = [];
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] as string;
    const [, letters, rest] = /^-([rse]*)([adinNptu].*)?$/s.exec(arg) ?? [];
    if (names.length > 0 || letters === undefined || arg === '-') {
      names.push(arg);
      continue;
    }
    if (letters.includes('r')) options.raw = true;
    if (rest === undefined) continue;
    const value = rest.length > 1 ? rest.slice(1) : (args[++n] ?? '');
    if (rest[0] === 'a') options.array = value;
    else if (rest[0] === 'd') options.delimiter = value === '' ? '\0' : (value[0] as string);
    else if (rest[0] === 'n' || rest[0] === 'N') options.count = Number(value);
    else if (rest[0] === 'p') options.prompt = value;
    else if (rest[0] === 't') options.timeout = Number(value);
    else if (rest[0] === 'u') options.fd = Number(value);
  }
  if (options.prompt !== '' && io.process.isatty(options.fd)) await io.err(options.prompt);
  const { text, status } = await readLine(shell, options);
  if (text === undefined) return status;
  const [first = 'REPLY'] = names;
  if (options.array !== undefined) state.set(options.array, fields(text, state.get('IFS'), Number.POSITIVE_INFINITY, options.raw));
  else if (names.length === 0) state.set('REPLY', options.raw ? text : unescape(text));
  else {
    const values = fields(text, state.get('IFS'), names.length, options.raw);
    for (const [n, name] of (names.length === 0 ? [first] : names).entries()) state.set(name, values[n] ?? '');
  }
  return status;
}
/** Up to the delimiter. Status 1 at the end of the input. */
async function readLine(
  shell: Interpreter,
  { raw, delimiter, count, fd, timeout }: Options,
): Promise<{ text: string | undefined; status: number }> {
  const { io } = shell;
  const seekable = (await io.call(io.process.lseek(fd, 0, SEEK_CUR))) >= 0 && !(await isCharacterDevice(shell, fd));
  const bytes: number[] = [];
  const end = delimiter.charCodeAt(0);
  const done = (status: number): { text: string; status: number } => ({ text: new TextDecoder().decode(Uint8Array.from(bytes)), status });
  for (;;) {
    if (timeout !== undefined) {
      const ready = await io.call(io.process.poll([{ fd, events: POLLIN }], timeout * 1000));
      if (typeof ready !== 'number' && ready[0] === 0) return { text: '', status: TIMED_OUT };
    }
    const chunk = await io.read(fd, seekable ? BUFFER : 1);
    shell.check();
    if (typeof chunk === 'number') {
      await shell.complain(`read: read error: ${fd}: ${strerror(-chunk)}`);
      return { text: undefined, status: 1 };
    }
    if (chunk.length === 0) return done(1);
    for (const [n, byte] of chunk.entries()) {
      const escaped = !raw && bytes.at(-1) === 0x5c && bytes.at(-2) !== 0x5c;
      if (byte === end && !escaped) {
        if (seekable) await io.call(io.process.lseek(fd, n + 1 - chunk.length, SEEK_CUR));
        return done(0);
      }
      if (byte === 0x0a && escaped) bytes.pop();
      else if (byte !== 0) bytes.push(byte);
      if (count !== undefined && bytes.length >= count) {
        if (seekable) await io.call(io.process.lseek(fd, n + 1 - chunk.length, SEEK_CUR));
        return done(0);
      }
    }
  }
}
async function isCharacterDevice({ io }: Interpreter, fd: number): Promise<boolean> {
  const stat = await io.process.fstat(fd);
  return typeof stat !== 'number' && (stat.mode & 0o170000) === 0o020000;
}
const unescape = (text: string): string => text.replace(/\\(.)/gs, '$1');
/** Splits at IFS into at most `limit` fields; the last one takes the rest. */
function fields(text: string, ifs = ' \t\n', limit: number, raw: boolean): string[] {
  const clean = (field: string): string => (raw ? field : unescape(field));
  const blank = [...ifs].filter((character) => /\s/.test(character)).join('');
  const trim = (field: string): string => {
    let from = 0;
    let to = field.length;
    while (from < to && blank.includes(field[from] as string)) from++;
    while (to > from && blank.includes(field[to - 1] as string)) to--;
    return field.slice(from, to);
  };
  const result: string[] = [];
  let rest = trim(text);
  while (rest !== '') {
    if (result.length === limit - 1) {
      result.push(clean(rest));
      break;
    }
    let at = 0;
    while (at < rest.length && (!ifs.includes(rest[at] as string) || (!raw && rest[at - 1] === '\\'))) at++;
    result.push(clean(rest.slice(0, at)));
    const blankEnd = rest.slice(at).length - trim(rest.slice(at)).length;
    const separator = rest[at];
    rest = separator !== undefined && blank.includes(separator) ? trim(rest.slice(at)) : rest.slice(at + 1);
    if (blankEnd > 0 && rest !== '' && ifs.includes(rest[0] as string) && !blank.includes(rest[0] as string)) rest = trim(rest.slice(1));
  }
  return result;
}
