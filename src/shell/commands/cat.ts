// cat, head, tail, tee: coreutils 9.1. They read and write devices piece by piece, with the real tools' buffer sizes.
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT, S_IFREG, SEEK_END, strerror } from '#abi';
import { WriteFailed } from '../io.ts';
import type { Command, CommandContext } from '../services.ts';
import { options, size } from './options.ts';

const CAT_BUFFER = 131072;
const BUFSIZ = 8192;
const LF = 0x0a;

type Reader = (fd: number, file: string) => Promise<number>;
/** Opens each file ('-' is the standard input) and reads it; the status. */
async function eachFile({ io }: CommandContext, name: string, files: readonly string[], read: Reader): Promise<number> {
  let status = 0;
  const complain = async (file: string, errno: number): Promise<void> => {
    await io.flush();
    await io.err(`${name}: ${file === '-' ? "'standard input'" : file}: ${strerror(errno)}\n`);
    status = 1;
  };
  for (const file of files.length === 0 ? ['-'] : files) {
    const fd = file === '-' ? 0 : await io.open(file, O_RDONLY);
    if (fd < 0) {
      await io.flush();
      await io.err(name === 'cat' ? `cat: ${file}: ${strerror(-fd)}\n` : `${name}: cannot open '${file}' for reading: ${strerror(-fd)}\n`);
      status = 1;
      continue;
    }
    const stat = await io.process.fstat(fd);
    const directory = typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFDIR;
    const result = directory && name === 'cat' ? -21 : await read(fd, file);
    if (result < 0) {
      if (name === 'cat') {
        await io.flush();
        await io.err(`cat: ${file}: ${strerror(-result)}\n`);
        status = 1;
      } else if (name === 'head') {
        await io.flush();
        await io.err(`head: error reading '${file === '-' ? 'standard input' : file}': ${strerror(-result)}\n`);
        status = 1;
      } else await complain(file, -result);
    }
    if (fd !== 0) await io.close(fd);
  }
  return status;
}
async function writeOut({ io }: CommandContext, bytes: Uint8Array): Promise<void> {
  const error = await io.write(1, bytes);
  if (error < 0) throw new WriteFailed(-error);
}

export const cat: Command = async (context, args) => {
  const parsed = await options(context.io, 'cat', args, {
    A: { short: 'A', long: 'show-all' },
    b: { short: 'b', long: 'number-nonblank' },
    e: { short: 'e' },
    E: { short: 'E', long: 'show-ends' },
    n: { short: 'n', long: 'number' },
    s: { short: 's', long: 'squeeze-blank' },
    t: { short: 't' },
    T: { short: 'T', long: 'show-tabs' },
    u: { short: 'u' },
    v: { short: 'v', long: 'show-nonprinting' },
  });
  if (parsed === undefined) return 1;
  const formats = 'AbeEnstTv'.split('').some((key) => parsed.has(key));
  const format = formats ? formatter((key) => parsed.has(key)) : undefined;
  return eachFile(context, 'cat', parsed.operands, async (fd) => {
    for (;;) {
      const chunk = await context.io.read(fd, CAT_BUFFER);
      if (typeof chunk === 'number') return chunk;
      if (chunk.length === 0) return 0;
      if (format === undefined) await writeOut(context, chunk);
      else await context.io.outBytes(format(chunk));
    }
  });
};
/** -n, -v and the like: a function over the chunks of all files. */
function formatter(has: (key: string) => boolean): (chunk: Uint8Array) => Uint8Array {
  const all = has('A');
  const ends = all || has('e') || has('E');
  const tabs = all || has('t') || has('T');
  const visible = all || has('e') || has('t') || has('v');
  let line = 0;
  let atStart = true;
  let blanks = 0;
  return (chunk) => {
    let out = '';
    for (const byte of chunk) {
      if (byte === LF) {
        blanks = atStart ? blanks + 1 : 0;
        if (atStart && has('s') && blanks > 1) continue;
        if (atStart && has('n') && !has('b')) out += `${String(++line).padStart(6)}\t`;
        out += ends ? '$\n' : '\n';
        atStart = true;
        continue;
      }
      if (atStart && (has('n') || has('b'))) out += `${String(++line).padStart(6)}\t`;
      atStart = false;
      blanks = 0;
      if (byte === 9) out += tabs ? '^I' : '\t';
      else out += visible ? visibleByte(byte) : String.fromCharCode(byte);
    }
    return Uint8Array.from(out, (character) => character.charCodeAt(0));
  };
}
function visibleByte(byte: number): string {
  if (byte >= 128) return `M-${visibleByte(byte - 128)}`;
  if (byte === 127) return '^?';
  return byte < 32 ? `^${String.fromCharCode(byte + 64)}` : String.fromCharCode(byte);
}

export const head: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(
    io,
    'head',
    args.map((arg, n) => (n === 0 && /^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg)),
    {
      bytes: { short: 'c', long: 'bytes', argument: 'required' },
      lines: { short: 'n', long: 'lines', argument: 'required' },
      quiet: { short: 'q', long: 'quiet' },
      verbose: { short: 'v', long: 'verbose' },
    },
  );
  if (parsed === undefined) return 1;
  const byBytes = parsed.has('bytes');
  const text = parsed.get(byBytes ? 'bytes' : 'lines') ?? '10';
  const limit = size(text.replace(/^[-+]/, ''));
  if (limit === undefined) {
    await io.err(`head: invalid number of ${byBytes ? 'bytes' : 'lines'}: '${text}'\n`);
    return 1;
  }
  const allBut = text.startsWith('-');
  const titled = parsed.has('verbose') || (parsed.operands.length > 1 && !parsed.has('quiet'));
  let first = true;
  return eachFile(context, 'head', parsed.operands, async (fd, file) => {
    if (titled) await io.out(`${first ? '' : '\n'}==> ${file === '-' ? 'standard input' : file} <==\n`);
    first = false;
    if (allBut) {
      const bytes = await io.drain(fd);
      if (typeof bytes === 'number') return bytes;
      await io.outBytes(bytes.subarray(0, byBytes ? Math.max(0, bytes.length - limit) : lastLines(bytes, limit)));
      return 0;
    }
    let left = limit;
    while (left > 0) {
      const chunk = await io.read(fd, byBytes ? Math.min(left, BUFSIZ) : BUFSIZ);
      if (typeof chunk === 'number') return chunk;
      if (chunk.length === 0) return 0;
      let end = chunk.length;
      if (byBytes) left -= chunk.length;
      else
        for (const [n, byte] of chunk.entries()) {
          if (byte === LF && --left === 0) {
            end = n + 1;
            // Where the file can be set back, the next reader finds the rest.
            if (end < chunk.length) await io.process.lseek(fd, end - chunk.length, 1);
            break;
          }
        }
      await io.outBytes(chunk.subarray(0, end));
    }
    return 0;
  });
};
/** Where the last `count` lines start. */
function lastLines(bytes: Uint8Array, count: number): number {
  let at = bytes.length;
  if (count === 0) return at;
  let left = count + (bytes.at(-1) === LF ? 1 : 0);
  while (at > 0) {
    if (bytes[at - 1] === LF && --left === 0) return at;
    at--;
  }
  return 0;
}
export const tail: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(
    io,
    'tail',
    args.map((arg, n) => (n === 0 && /^[-+]\d+$/.test(arg) ? `-n${arg.replace(/^-/, '')}` : arg)),
    {
      bytes: { short: 'c', long: 'bytes', argument: 'required' },
      lines: { short: 'n', long: 'lines', argument: 'required' },
      follow: { short: 'fF', long: 'follow', argument: 'none' },
      quiet: { short: 'q', long: 'quiet' },
      verbose: { short: 'v', long: 'verbose' },
      interval: { short: 's', long: 'sleep-interval', argument: 'required' },
    },
  );
  if (parsed === undefined) return 1;
  const byBytes = parsed.has('bytes');
  const text = parsed.get(byBytes ? 'bytes' : 'lines') ?? '10';
  const limit = size(text.replace(/^[-+]/, ''));
  if (limit === undefined) {
    await io.err(`tail: invalid number of ${byBytes ? 'bytes' : 'lines'}: '${text}'\n`);
    return 1;
  }
  const titled = parsed.has('verbose') || (parsed.operands.length > 1 && !parsed.has('quiet'));
  let first = true;
  return eachFile(context, 'tail', parsed.operands, async (fd, file) => {
    if (titled) await io.out(`${first ? '' : '\n'}==> ${file === '-' ? 'standard input' : file} <==\n`);
    first = false;
    // What can seek to its end, and is no regular file, is asked for its end: the driver decides where that is.
    const stat = await io.process.fstat(fd);
    const special = typeof stat !== 'number' && (stat.mode & S_IFMT) !== S_IFREG;
    const sought = special && byBytes && !text.startsWith('+') && (await io.call(io.process.lseek(fd, -limit, SEEK_END))) >= 0;
    const bytes = await io.drain(fd);
    if (typeof bytes === 'number') return bytes;
    const from = sought
      ? 0
      : text.startsWith('+')
        ? skip(bytes, limit - 1, byBytes)
        : byBytes
          ? Math.max(0, bytes.length - limit)
          : lastLines(bytes, limit);
    await io.outBytes(bytes.subarray(from));
    if (!parsed.has('follow')) return 0;
    await io.flush();
    for (;;) {
      await io.call(io.process.nanosleep(Number(parsed.get('interval') ?? 1)));
      const more = await io.drain(fd);
      if (typeof more === 'number') return more;
      if (more.length > 0) await writeOut(context, more);
    }
  });
};
function skip(bytes: Uint8Array, count: number, byBytes: boolean): number {
  if (byBytes) return Math.max(0, count);
  let left = count;
  if (left <= 0) return 0;
  for (const [n, byte] of bytes.entries()) if (byte === LF && --left === 0) return n + 1;
  return bytes.length;
}
export const tee: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(io, 'tee', args, {
    append: { short: 'a', long: 'append' },
    interrupts: { short: 'i', long: 'ignore-interrupts' },
  });
  if (parsed === undefined) return 1;
  let status = 0;
  const outputs: { fd: number; name: string }[] = [{ fd: 1, name: 'standard output' }];
  for (const name of parsed.operands) {
    const fd = await io.open(name, O_WRONLY | O_CREAT | (parsed.has('append') ? O_APPEND : O_TRUNC), 0o644);
    if (fd < 0) {
      await io.err(`tee: ${name}: ${strerror(-fd)}\n`);
      status = 1;
    } else outputs.push({ fd, name });
  }
  for (;;) {
    const chunk = await io.read(0, BUFSIZ);
    if (typeof chunk === 'number') {
      await io.err(`tee: read error: ${strerror(-chunk)}\n`);
      return 1;
    }
    if (chunk.length === 0) break;
    for (const output of [...outputs]) {
      const error = await io.write(output.fd, chunk);
      if (error >= 0) continue;
      await io.err(`tee: ${output.name}: ${strerror(-error)}\n`);
      outputs.splice(outputs.indexOf(output), 1);
      status = 1;
    }
  }
  return status;
};
