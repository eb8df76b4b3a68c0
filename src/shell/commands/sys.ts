// sys: makes system calls one after another and says what each returned, in strace's manner. What cat, echo and dd cannot do
// is done with it: lseek, ioctl, poll, two open files at a time, a reader that blocks. Files have one-letter names.
//
//   sys 'open a /dev/chardev0 rw' 'write a hello' 'lseek a 0 set' 'read a 5' 'ioctl a _IOR(k,2,4)' 'close a'
//   sys 'open a /dev/mailbox r' '& read a 80' 'sleep 1' 'open b /dev/mailbox w' 'write b hello' wait
//
// open NAME PATH r|w|rw [nonblock] [append]; close, read NAME COUNT, write NAME TEXT, lseek NAME OFFSET set|cur|end,
// ioctl NAME COMMAND [NUMBER], poll NAME in|out|in,out MILLISECONDS, uevents NAME [nonblock] (a socket that hears uevents),
// syslog TYPE LENGTH, capset MASK (effective capabilities, in hexadecimal); lseek also knows `data`. init_module and delete_module as
// init FILE [ARGUMENTS], initnull FILE (a bad address of arguments), initlen LENGTH FILE, finit FLAGS r|w|rw FILE [ARGUMENTS],
// finitfd FD FLAGS, delete FLAGS NAME. `& CALL` makes the call in a child process, `signal`
// interrupts the newest child, `wait` shows the result of the oldest. tools/sys.c is the same command for the real kernel.
import { errnoName, O_APPEND, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '#abi';
import { type Process, readFile } from '#kernel';
import type { Io } from '../io.ts';
import type { Command } from '../services.ts';

const openFlags: Readonly<Record<string, number>> = { r: O_RDONLY, w: O_WRONLY, rw: O_RDWR, nonblock: O_NONBLOCK, append: O_APPEND };
const whences: Readonly<Record<string, number>> = { set: 0, cur: 1, end: 2, data: 3 };
// biome-ignore format: one line
const pollEvents: readonly (readonly [string, number])[] = [['in', 1], ['out', 4], ['err', 8], ['hup', 0x10]];
const CALLS: ReadonlySet<string> = new Set([
  'open',
  'close',
  'read',
  'write',
  'lseek',
  'ioctl',
  'poll',
  'setuid',
  'init',
  'initnull',
  'initlen',
  'finit',
  'finitfd',
  'delete',
  'uevents',
  'syslog',
  'capset',
]);
const SIGUSR1 = 10;
/** EHWPOISON: the last with a name in the C library. */
const LAST_ERRNO = 133;

/** The ioctl number: 0x6b01, _IO(k,1) or _IOR(k,2,4), with the size in bytes. Source: include/uapi/asm-generic/ioctl.h. */
function ioctlNumber(text: string): number {
  const match = /^_IO(R?W?)\((.),(\d+)(?:,(\d+))?\)$/.exec(text);
  if (match === null) return Number(text);
  const [, direction = '', type = '', number, size = 0] = match;
  const bits = (direction.includes('W') ? 1 : 0) | (direction.includes('R') ? 2 : 0);
  return ((bits << 30) | (Number(size) << 16) | (type.charCodeAt(0) << 8) | Number(number)) >>> 0;
}
function quoted(bytes: Uint8Array): string {
  const text = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    if (character === '\n') return '\\n';
    if (character === '"' || character === '\\') return `\\${character}`;
    return byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : character;
  });
  return `"${text.join('')}"`;
}

/** What follows the n-th blank. */
const after = (text: string, n: number): string => text.split(' ').slice(n).join(' ');

class UnknownCall extends Error {}

class Session {
  readonly #io: Io;
  readonly #files = new Map<string, number>();
  readonly #children: { readonly process: Process; readonly result: Promise<string> }[] = [];
  #waited = 0;
  constructor(io: Io) {
    this.#io = io;
  }
  /** One argument of the command: shows it, does it, shows its result. */
  async step(text: string): Promise<void> {
    await this.#show(text);
    const result = await this.#result(text);
    await this.#show(result === undefined ? '\n' : `${result}\n`);
  }
  async #show(text: string): Promise<void> {
    await this.#io.out(text);
    await this.#io.flush();
  }
  async #result(text: string): Promise<string | undefined> {
    const io = this.#io;
    const newest = this.#children.at(-1);
    if (text.startsWith('& ')) {
      if (!CALLS.has(text.split(' ')[1] ?? '')) throw new UnknownCall(text);
      const child = io.process.fork('sys');
      // The child is gone, and its files closed, as soon as its call has returned.
      const result = this.#call(text.slice('& '.length), child).finally(() => child.exit());
      this.#children.push({ process: child, result });
      return undefined;
    }
    if (text.startsWith('sleep ')) {
      await io.call(io.process.nanosleep(Number(text.slice('sleep '.length))));
      return undefined;
    }
    if (text === 'signal' && newest !== undefined) {
      await io.process.kill(newest.process.pid, SIGUSR1);
      return undefined;
    }
    await this.#show(' = ');
    const child = text === 'wait' ? this.#children[this.#waited++] : undefined;
    if (child === undefined) return io.call(this.#call(text, io.process));
    await io.call(io.process.wait(child.process));
    return child.result;
  }

  async #call(text: string, process: Process): Promise<string> {
    const [call, name = '', first = '', second = '', ...rest] = text.split(' ');
    const fd = this.#files.get(name) ?? -1;
    // The C library takes more for no errno, and has no names for those of the kernel alone.
    const shown = (result: number): string =>
      result >= 0 || result < -4095 ? `${result}` : `-1 ${-result > LAST_ERRNO ? -result : errnoName(-result)}`;
    switch (call) {
      case 'open': {
        const opened = await process.open(
          first,
          [second, ...rest].reduce((flags, word) => flags | (openFlags[word] ?? 0), 0),
        );
        this.#files.set(name, opened);
        return shown(opened);
      }
      case 'close':
        return shown(await process.close(fd));
      case 'read': {
        const bytes = await process.read(fd, Number(first));
        return typeof bytes === 'number' ? shown(bytes) : `${bytes.length} ${quoted(bytes)}`;
      }
      case 'write': {
        const data = text.slice('write a '.length).replaceAll('\\n', '\n');
        return shown(await process.write(fd, new TextEncoder().encode(data)));
      }
      case 'lseek':
        return shown(await process.lseek(fd, Number(first), whences[second] ?? 0));
      case 'uevents': {
        const socket = await process.socketUevent(first === 'nonblock' ? O_NONBLOCK : 0);
        this.#files.set(name, socket);
        return shown(socket);
      }
      case 'syslog': {
        const bytes = await process.syslog(Number(name), Number(first));
        return typeof bytes === 'number' ? shown(bytes) : bytes.length === 0 ? '0' : `${bytes.length} ${quoted(bytes)}`;
      }
      case 'capset':
        return shown(await process.capset(BigInt(`0x${name}`)));
      case 'ioctl':
        return this.#ioctl(process, fd, ioctlNumber(first), Number(second), shown);
      case 'poll': {
        const events = pollEvents.reduce((mask, [word, bit]) => mask | (first.split(',').includes(word) ? bit : 0), 0);
        const ready = await process.poll([{ fd, events }], Number(second));
        if (typeof ready === 'number') return shown(ready);
        const mask = ready[0] ?? 0;
        return mask === 0 ? '0' : `1${pollEvents.map(([word, bit]) => ((mask & bit) === 0 ? '' : ` ${word}`)).join('')}`;
      }
      case 'delete':
        return shown(await process.delete_module(after(text, 2), Number(name)));
      case 'finitfd':
        return shown(await process.finit_module(Number(name), '', Number(first)));
      case 'finit': {
        const opened = await process.open(second, openFlags[first] ?? O_RDONLY);
        const result = await process.finit_module(opened, after(text, 4), Number(name));
        await process.close(opened);
        return shown(result);
      }
      case 'init':
      case 'initnull':
      case 'initlen': {
        const image = await readFile(process, call === 'initlen' ? first : name);
        if (typeof image === 'number') throw new UnknownCall(text);
        const end = call === 'initlen' ? Number(name) : image.length;
        return shown(await process.init_module(image.subarray(0, end), call === 'initnull' ? null : call === 'init' ? after(text, 2) : ''));
      }
      default:
        throw new UnknownCall(text);
    }
  }
  /** The argument is the number itself or, as the command's direction says, a pointer to it. */
  async #ioctl(process: Process, fd: number, command: number, value: number, shown: (result: number) => string): Promise<string> {
    const direction = command >>> 30;
    const size = (command >>> 16) & 0x3fff;
    if (direction === 0) return shown(await process.ioctl(fd, command, value));
    const buffer = new Uint8Array(Math.max(size, 8));
    new DataView(buffer.buffer).setBigInt64(0, BigInt(value), true);
    const argument = buffer.slice(0, size);
    const result = await process.ioctl(fd, command, argument);
    if (result < 0 || (direction & 2) === 0) return shown(result);
    return `${result} ${size === 4 ? `[${new DataView(argument.buffer).getInt32(0, true)}]` : quoted(argument)}`;
  }
}

export const sys: Command = async ({ io }, args) => {
  const session = new Session(io);
  try {
    for (const text of args) await session.step(text);
  } catch (error) {
    if (!(error instanceof UnknownCall)) throw error;
    await io.err(`sys: unknown call: ${error.message}\n`);
    return 2;
  }
  return 0;
};
