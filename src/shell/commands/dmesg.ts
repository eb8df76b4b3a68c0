// dmesg of util-linux 2.38.1: options and what they do. Left out: the pager of -H, --since and --until.
import { EPIPE, O_NONBLOCK, O_RDONLY, strerror } from '#abi';
import { getopt, type OptionRow } from '#kmod';
import { toLatin1 } from '../just_bash.ts';
import type { Command, CommandContext } from '../services.ts';
import { FACILITIES, LEVELS, Printer, parseKmsg, parseSyslog, type Record_, TIME_FORMATS, type TimeFormat } from './dmesg_print.ts';

const SEEK_END = 2;
const SEEK_DATA = 3;
const RECORD_MAX = 8192;
/** Of syslog(2). */
const READ_ALL = 3;
const READ_CLEAR = 4;
const CLEAR = 5;
const CONSOLE_OFF = 6;
const CONSOLE_ON = 7;
const CONSOLE_LEVEL = 8;
const SIZE_BUFFER = 10;
const rows: Readonly<Record<string, OptionRow>> = {
  bufferSize: { short: 's', long: 'buffer-size', argument: 'required' },
  clear: { short: 'C', long: 'clear' },
  color: { short: 'L', long: 'color', argument: 'optional' },
  consoleLevel: { short: 'n', long: 'console-level', argument: 'required' },
  consoleOff: { short: 'D', long: 'console-off' },
  consoleOn: { short: 'E', long: 'console-on' },
  decode: { short: 'x', long: 'decode' },
  file: { short: 'F', long: 'file', argument: 'required' },
  facility: { short: 'f', long: 'facility', argument: 'required' },
  follow: { short: 'w', long: 'follow' },
  followNew: { short: 'W', long: 'follow-new' },
  forcePrefix: { short: 'p', long: 'force-prefix' },
  human: { short: 'H', long: 'human' },
  help: { short: 'h', long: 'help' },
  json: { short: 'J', long: 'json' },
  kernel: { short: 'k', long: 'kernel' },
  level: { short: 'l', long: 'level', argument: 'required' },
  syslog: { short: 'S', long: 'syslog' },
  raw: { short: 'r', long: 'raw' },
  readClear: { short: 'c', long: 'read-clear' },
  reltime: { short: 'e', long: 'reltime' },
  delta: { short: 'd', long: 'show-delta' },
  ctime: { short: 'T', long: 'ctime' },
  noescape: { long: 'noescape' },
  notime: { short: 't', long: 'notime' },
  noPager: { short: 'P', long: 'nopager' },
  userspace: { short: 'u', long: 'userspace' },
  version: { short: 'V', long: 'version' },
  timeFormat: { long: 'time-format', argument: 'required' },
};
/** Options that cannot stand together. */
const exclusive: readonly (readonly string[])[] = [
  ['clear', 'consoleOff', 'consoleOn', 'readClear', 'consoleLevel', 'raw'],
  ['human', 'raw'],
  ['color', 'raw'],
  ['syslog', 'follow'],
  ['ctime', 'raw'],
  ['delta', 'raw'],
  ['reltime', 'raw'],
  ['raw', 'decode'],
  ['raw', 'notime'],
];

/** Ends the command: its message, if there is one, and whether the help is pointed at. */
class Usage extends Error {
  readonly hint: boolean;
  constructor(message: string, hint = false) {
    super(message);
    this.hint = hint;
  }
}
/** A number from `low` to `high`, or a name, whatever its case: its index from `low` on. */
function named(text: string, names: readonly string[], low: number, what: string, whole = text): number {
  const number = /^\d+$/.test(text) ? Number(text) - low : names.indexOf(text.toLowerCase());
  if (number < 0 || number >= names.length) throw new Usage(`unknown ${what} '${whole}'`);
  return number;
}
/** "err,warn" to numbers. An empty word ends the command without a word. */
function list(text: string, names: readonly string[], what: string): number[] {
  const words: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== ',' && at + 1 < text.length) continue;
    // A comma at the end belongs to the word before it.
    const end = at + 1 === text.length ? at + 1 : at;
    if (end === from) throw new Usage('');
    words.push(text.slice(from, end));
    from = at + 1;
  }
  return words.map((word) => named(word, names, 0, what, text.slice(text.indexOf(word))));
}

/** What the options say. */
interface Control {
  action: 'read' | 'readClear' | 'clear' | 'off' | 'on' | 'level';
  level: number;
  levels: Set<number> | undefined;
  facilities: Set<number> | undefined;
  file: string | undefined;
  syslog: boolean;
  follow: 'no' | 'all' | 'new';
  raw: boolean;
  decode: boolean;
  json: boolean;
  delta: boolean;
  escape: boolean;
  color: string;
  time: TimeFormat;
  said: 'nothing' | 'help' | 'version';
}
const set: Readonly<Record<string, (control: Control, value: string) => void>> = {
  bufferSize: (_, value) => {
    if (!/^\d+$/.test(value)) throw new Usage(`invalid buffer size argument: '${value}'`);
  },
  clear: (control) => (control.action = 'clear'),
  color: (control, value) => {
    control.color = value.replace(/^=/, '') || 'auto';
    if (!['auto', 'always', 'never'].includes(control.color)) throw new Usage(`unsupported color mode: '${control.color}'`);
  },
  consoleLevel: (control, value) => {
    control.action = 'level';
    control.level = named(value, LEVELS, 1, 'level') + 1;
  },
  consoleOff: (control) => (control.action = 'off'),
  consoleOn: (control) => (control.action = 'on'),
  decode: (control) => (control.decode = true),
  file: (control, value) => (control.file = value),
  facility: (control, value) => add(control, list(value, FACILITIES, 'facility')),
  follow: (control) => (control.follow = 'all'),
  followNew: (control) => (control.follow = 'new'),
  /** Each line of a record has its prefix anyway. */
  forcePrefix: () => {},
  human: (control) => {
    control.time = 'reltime';
    control.color = control.color === 'never' ? 'auto' : control.color;
  },
  help: (control) => (control.said = 'help'),
  json: (control) => (control.json = true),
  kernel: (control) => add(control, [0]),
  level: (control, value) => {
    const levels = list(value, LEVELS, 'level');
    control.levels = new Set([...(control.levels ?? []), ...levels]);
  },
  syslog: (control) => (control.syslog = true),
  raw: (control) => (control.raw = true),
  readClear: (control) => (control.action = 'readClear'),
  reltime: (control) => (control.time = 'reltime'),
  delta: (control) => (control.delta = true),
  ctime: (control) => (control.time = 'ctime'),
  noescape: (control) => (control.escape = false),
  notime: (control) => (control.time = 'notime'),
  /** There is no pager. */
  noPager: () => {},
  userspace: (control) => add(control, [...FACILITIES.keys()].slice(1)),
  version: (control) => (control.said = 'version'),
  timeFormat: (control, value) => {
    const format = TIME_FORMATS.find((name) => name === value);
    if (format === undefined) throw new Usage(`unknown time format: ${value}`);
    control.time = format;
  },
};
function add(control: Control, facilities: readonly number[]): void {
  control.facilities = new Set([...(control.facilities ?? []), ...facilities]);
}
/** Options take effect in their order, and so do their errors. */
function parse(args: readonly string[]): Control {
  const control: Control = {
    action: 'read',
    level: 0,
    levels: undefined,
    facilities: undefined,
    file: undefined,
    syslog: false,
    follow: 'no',
    raw: false,
    decode: false,
    json: false,
    delta: false,
    escape: true,
    color: 'auto',
    time: 'time',
    said: 'nothing',
  };
  const { options, operands, error } = getopt(args, rows);
  const seen: string[] = [];
  for (const [key, value] of options) {
    seen.push(key);
    for (const group of exclusive) {
      if (new Set(seen.filter((other) => group.includes(other))).size < 2) continue;
      throw new Usage(`mutually exclusive arguments: ${group.map((name) => `--${rows[name]?.long}`).join(' ')}`);
    }
    set[key]?.(control, value);
    if (control.said !== 'nothing') return control;
  }
  if (error !== undefined) throw new Usage(error, true);
  if (operands.length > 0) throw new Usage('bad usage', true);
  return control;
}

export const dmesg: Command = async (context, args) => {
  const { io } = context;
  try {
    const control = parse(args);
    if (control.said !== 'nothing') {
      await io.out(control.said === 'help' ? HELP : 'dmesg from util-linux 2.38.1\n');
      return 0;
    }
    await act(context, control);
    return 0;
  } catch (problem) {
    if (!(problem instanceof Usage)) throw problem;
    const hint = problem.hint ? "Try 'dmesg --help' for more information.\n" : '';
    if (problem.message !== '') await io.err(`dmesg: ${problem.message}\n${hint}`);
    return 1;
  }
};
async function act(context: CommandContext, control: Control): Promise<void> {
  const { io } = context;
  const log = async (type: number, length = 0): Promise<Uint8Array | number> => {
    const result = await io.call(io.process.syslog(type, length));
    if (typeof result === 'number' && result < 0) throw new Usage(`klogctl failed: ${strerror(-result)}`);
    return result;
  };
  switch (control.action) {
    case 'clear':
      await log(CLEAR);
      return;
    case 'off':
      await log(CONSOLE_OFF);
      return;
    case 'on':
      await log(CONSOLE_ON);
      return;
    case 'level':
      await log(CONSOLE_LEVEL, control.level);
      return;
    case 'read':
    case 'readClear':
      await read(context, control);
      if (control.action === 'readClear') await log(CLEAR);
  }
}
async function read(context: CommandContext, control: Control): Promise<void> {
  const { io, services, environment } = context;
  const boot = Number(services.machine.kernel.clock.bootRealtime) / 1e9;
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map((name) => environment.get(name)).find((value) => (value ?? '') !== '') ?? '';
  const printer = new Printer(io, {
    ...control,
    color: !control.json && !control.raw && (control.color === 'always' || (control.color === 'auto' && io.process.isatty(1))),
    utf8: /utf-?8/i.test(locale),
    boot,
  });
  const wanted = ({ level, facility }: Record_): boolean =>
    (control.levels === undefined || (facility >= 0 && control.levels.has(level))) &&
    (control.facilities === undefined || control.facilities.has(facility));
  const buffer = await whole(context, control);
  if (buffer !== undefined) {
    if (control.raw && (control.levels ?? control.facilities) !== undefined) {
      throw new Usage('--raw can be used together with --level or --facility only when reading messages from /dev/kmsg');
    }
    if (control.raw && !control.json) await printer.text(buffer.endsWith('\n') ? buffer : `${buffer}\n`);
    else {
      for (const record of parseSyslog(buffer)) if (wanted(record)) await printer.print(record);
      await printer.end();
    }
    return;
  }
  const follows = control.follow !== 'no';
  const fd = await io.open('/dev/kmsg', O_RDONLY | (follows ? 0 : O_NONBLOCK));
  await io.call(io.process.lseek(fd, 0, control.follow === 'new' ? SEEK_END : SEEK_DATA));
  for (;;) {
    const bytes = await io.read(fd, RECORD_MAX);
    // The ring has gone on over what was to come next.
    if (bytes === -EPIPE) continue;
    if (typeof bytes === 'number') break;
    const record = parseKmsg(toLatin1(bytes));
    if (record !== undefined && wanted(record)) await printer.print(record);
    if (follows) await io.flush();
  }
  await printer.end();
}
/** The log as one text: a file, or what syslog(2) gives; undefined when /dev/kmsg is to be read. */
async function whole({ io }: CommandContext, control: Control): Promise<string | undefined> {
  const { file } = control;
  if (file !== undefined) {
    const stat = await io.process.stat(file);
    if (typeof stat === 'number') throw new Usage(`cannot open ${file}: ${strerror(-stat)}`);
    const text = await io.readFile(file);
    // What is no regular file, or holds nothing, cannot be mapped.
    if (typeof text === 'number') throw new Usage(`cannot mmap: ${file}: No such device`);
    if (text.length === 0) throw new Usage(`cannot mmap: ${file}: Invalid argument`);
    return toLatin1(text);
  }
  if (!control.syslog) {
    const fd = await io.open('/dev/kmsg', O_RDONLY | O_NONBLOCK);
    if (fd >= 0) {
      await io.close(fd);
      return undefined;
    }
  }
  const size = await io.call(io.process.syslog(SIZE_BUFFER));
  const type = control.action === 'readClear' ? READ_CLEAR : READ_ALL;
  const bytes = typeof size === 'number' && size >= 0 ? await io.call(io.process.syslog(type, size)) : size;
  if (typeof bytes === 'number') {
    if (bytes < 0) throw new Usage(`read kernel buffer failed: ${strerror(-bytes)}`);
    return '';
  }
  return toLatin1(bytes);
}
const HELP = `
Usage:
 dmesg [options]

Display or control the kernel ring buffer.

Options:
 -C, --clear                 clear the kernel ring buffer
 -c, --read-clear            read and clear all messages
 -D, --console-off           disable printing messages to console
 -E, --console-on            enable printing messages to console
 -F, --file <file>           use the file instead of the kernel log buffer
 -f, --facility <list>       restrict output to defined facilities
 -H, --human                 human readable output
 -J, --json                  use JSON output format
 -k, --kernel                display kernel messages
 -L, --color[=<when>]        colorize messages (auto, always or never)
                               colors are enabled by default
 -l, --level <list>          restrict output to defined levels
 -n, --console-level <level> set level of messages printed to console
 -P, --nopager               do not pipe output into a pager
 -p, --force-prefix          force timestamp output on each line of multi-line messages
 -r, --raw                   print the raw message buffer
     --noescape              don't escape unprintable character
 -S, --syslog                force to use syslog(2) rather than /dev/kmsg
 -s, --buffer-size <size>    buffer size to query the kernel ring buffer
 -u, --userspace             display userspace messages
 -w, --follow                wait for new messages
 -W, --follow-new            wait and print only new messages
 -x, --decode                decode facility and level to readable string
 -d, --show-delta            show time delta between printed messages
 -e, --reltime               show local time and time delta in readable format
 -T, --ctime                 show human-readable timestamp (may be inaccurate!)
 -t, --notime                don't show any timestamp with messages
     --time-format <format>  show timestamp using the given format:
                               [delta|reltime|ctime|notime|iso]
Suspending/resume will make ctime and iso timestamps inaccurate.
     --since <time>          display the lines since the specified time
     --until <time>          display the lines until the specified time

 -h, --help                  display this help
 -V, --version               display version

Supported log facilities:
    kern - kernel messages
    user - random user-level messages
    mail - mail system
  daemon - system daemons
    auth - security/authorization messages
  syslog - messages generated internally by syslogd
     lpr - line printer subsystem
    news - network news subsystem

Supported log levels (priorities):
   emerg - system is unusable
   alert - action must be taken immediately
    crit - critical conditions
     err - error conditions
    warn - warning conditions
  notice - normal but significant condition
    info - informational
   debug - debug-level messages

For more details see dmesg(1).
`;
