// dmesg of util-linux 2.38.1. Left out: the pager of -H, --since and --until.
import { EPIPE, O_NONBLOCK, O_RDONLY } from '#abi';
import { getopt, type OptionRow } from '#kmod';
import type { Io } from '../io.ts';
import { fromLatin1, toLatin1 } from '../just_bash.ts';
import type { Command, CommandContext } from '../services.ts';

const levels = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
const facilities = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news'];
const SEEK_DATA = 3;
const RECORD_MAX = 8192;
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
  ['notime', 'raw'],
];
interface Record_ {
  readonly priority: number;
  readonly micros: number;
  readonly text: string;
}
interface Format {
  readonly raw: boolean;
  readonly decode: boolean;
  readonly json: boolean;
  readonly color: boolean;
  readonly time: 'time' | 'ctime' | 'notime' | 'delta' | 'reltime' | 'iso';
  readonly delta: boolean;
  /** Seconds since the epoch at boot. */
  readonly boot: number;
}

class Usage extends Error {}
/** 'err,warn' to numbers. */
function list(text: string, names: readonly string[], what: string): Set<number> {
  return new Set(
    text.split(',').map((word) => {
      const number = names.indexOf(word);
      if (number < 0) throw new Usage(`unknown ${what} '${word}'`);
      return number;
    }),
  );
}
export const dmesg: Command = async (context, args) => {
  const { io } = context;
  const { options, operands, error } = getopt(args, rows);
  const bad = async (text: string, hint = false): Promise<number> => {
    await io.err(`dmesg: ${text}\n${hint ? "Try 'dmesg --help' for more information.\n" : ''}`);
    return 1;
  };
  if (error !== undefined) return bad(error, true);
  const given = new Map(options);
  const has = (key: string): boolean => given.has(key);
  for (const group of exclusive) {
    const both = options.map(([key]) => key).filter((key) => group.includes(key));
    if (new Set(both).size > 1) return bad(`mutually exclusive arguments: ${group.map((key) => `--${rows[key]?.long}`).join(' ')}`);
  }
  if (has('version')) return io.out('dmesg from util-linux 2.38.1\n').then(() => 0);
  if (has('help')) return io.out(HELP).then(() => 0);
  if (operands.length > 0) return bad('bad usage', true);
  try {
    return await run(context, given, has);
  } catch (problem) {
    if (problem instanceof Usage) return bad(problem.message);
    throw problem;
  }
};
async function run(context: CommandContext, given: ReadonlyMap<string, string>, has: (key: string) => boolean): Promise<number> {
  const { io, services } = context;
  const { log, clock } = services.machine.kernel;
  const onlyLevels = has('level') ? list(given.get('level') ?? '', levels, 'level') : undefined;
  const onlyFacilities = has('facility') ? list(given.get('facility') ?? '', facilities, 'facility') : undefined;
  if (has('consoleLevel')) {
    const text = given.get('consoleLevel') ?? '';
    const level = /^[1-8]$/.test(text) ? Number(text) : levels.indexOf(text) + 1;
    if (level === 0) throw new Usage(`unknown level '${text}'`);
    log.levels[0] = Math.max(level, log.levels[2]);
    return 0;
  }
  if (has('consoleOff') || has('consoleOn')) {
    log.levels[0] = has('consoleOff') ? log.levels[2] : log.levels[3];
    return 0;
  }
  if (has('clear')) {
    log.cleared = log.end;
    return 0;
  }
  const wanted = ({ priority }: Record_): boolean => {
    const facility = priority >> 3;
    if (has('kernel') && facility !== 0) return false;
    if (has('userspace') && facility === 0) return false;
    return (onlyLevels?.has(priority & 7) ?? true) && (onlyFacilities?.has(facility) ?? true);
  };
  const print = printer(io, formatOf(given, has, io, Number(clock.bootRealtime) / 1e9), !has('file'));
  const file = given.get('file');
  if (file !== undefined) {
    const text = await io.readFile(file);
    if (typeof text === 'number') {
      await io.err(`dmesg: cannot open ${file}: No such file or directory\n`);
      return 1;
    }
    for (const record of parseSyslog(toLatin1(text))) if (wanted(record)) await print(record);
    return 0;
  }
  const follows = has('follow') || has('followNew');
  const fd = await io.open('/dev/kmsg', O_RDONLY | (follows ? 0 : O_NONBLOCK));
  await io.call(io.process.lseek(fd, 0, has('followNew') ? 2 : SEEK_DATA));
  if (has('json')) await io.out('{\n   "dmesg": [\n      ');
  for (;;) {
    const bytes = await io.read(fd, RECORD_MAX);
    // The ring has gone on over what was to come next.
    if (bytes === -EPIPE) continue;
    if (typeof bytes === 'number') break;
    const record = parseKmsg(toLatin1(bytes));
    // Each line of a record stands for itself.
    if (record !== undefined && wanted(record)) for (const line of record.text.split('\n')) await print({ ...record, text: line });
    if (follows) await io.flush();
  }
  if (has('json')) await io.out('\n   ]\n}\n');
  if (has('readClear')) log.cleared = log.end;
  return 0;
}
function formatOf(given: ReadonlyMap<string, string>, has: (key: string) => boolean, io: Io, boot: number): Format {
  const named = given.get('timeFormat');
  const times = ['delta', 'reltime', 'ctime', 'notime', 'iso'] as const;
  const time = times.find((name) => name === named);
  if (named !== undefined && time === undefined) throw new Usage(`unknown time format: ${named}`);
  const delta = has('delta') || time === 'delta';
  const when = given.get('color') || 'auto';
  return {
    raw: has('raw'),
    decode: has('decode'),
    json: has('json'),
    color: !has('raw') && !has('json') && (when.replace(/^=/, '') === 'always' || (!when.includes('never') && io.process.isatty(1))),
    time: time ?? (has('ctime') ? 'ctime' : has('notime') ? 'notime' : has('reltime') || has('human') ? 'reltime' : 'time'),
    delta,
    boot,
  };
}
const unescape = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
function parseKmsg(text: string): Record_ | undefined {
  const [, priority, micros, message] = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(text) ?? [];
  return message === undefined ? undefined : { priority: Number(priority), micros: Number(micros), text: unescape(message) };
}
function parseSyslog(text: string): Record_[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, priority = '-1', seconds = '0', micros = '0', message = line] = /^<(\d+)>(?:\[ *(\d+)\.(\d+)\] )?(.*)$/.exec(line) ?? [];
      return { priority: Number(priority), micros: Number(seconds) * 1e6 + Number(micros), text: message };
    });
}
const paint = (code: string, text: string): string => `${code}${text}\x1b[0m`;
const levelColors: Readonly<Record<number, string>> = { 1: '\x1b[7m\x1b[31m', 2: '\x1b[1m\x1b[31m', 3: '\x1b[31m', 4: '\x1b[1m' };
const GREEN = '\x1b[32m';
const BROWN = '\x1b[33m';
const stamp = (micros: number, width: number): string => (micros / 1e6).toFixed(6).padStart(width);

/** Prints records one after another; some formats look at the time of the one before. */
function printer(io: Io, format: Format, fromKmsg: boolean): (record: Record_) => Promise<void> {
  let last = 0;
  let lastMinute = -1;
  let first = true;
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const timeOf = (micros: number): string => {
    const seconds = Math.floor(format.boot + micros / 1e6);
    const date = new Date(seconds * 1000);
    const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
    const day = `${date.getUTCDate()}`.padStart(2);
    const ctime = `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${day} ${clock}:${two(date.getUTCSeconds())} ${date.getUTCFullYear()}`;
    const delta = last === 0 ? 0 : micros - last;
    const deltaText = `<${stamp(delta, 12)}>`;
    switch (format.time) {
      case 'ctime':
        return format.delta ? `[${ctime} ${deltaText}] ` : `[${ctime}] `;
      case 'notime':
      case 'delta':
        return format.delta ? `[${deltaText}] ` : '';
      case 'iso':
        return `${date.toISOString().slice(0, 19)},${`${Math.floor(micros % 1e6)}`.padStart(6, '0')}+00:00 `;
      case 'reltime': {
        const minute = Math.floor(seconds / 60);
        const same = minute === lastMinute;
        lastMinute = minute;
        return same ? `[${`+${(delta / 1e6).toFixed(6)}`.padStart(11)}] ` : `[${months[date.getUTCMonth()]}${day} ${clock}] `;
      }
      case 'time':
        return format.delta ? `[${stamp(micros, 12)} ${deltaText}] ` : `[${stamp(micros, 12)}] `;
    }
  };
  return async ({ priority, micros, text }) => {
    if (format.json) {
      const message = JSON.stringify(text);
      await io.out(
        `${first ? '' : ','}{\n         "pri": ${priority},\n         "time": ${stamp(micros, 12)},\n         "msg": ${message}\n      }`,
      );
      first = false;
      return;
    }
    const put = (line: string): Promise<void> => io.outBytes(fromLatin1(line));
    if (format.raw) {
      // dmesg 2.38 does not shift the facility here.
      const shown = fromKmsg ? (priority >> 3) | (priority & 7) : priority;
      await put(`<${shown}>[${stamp(micros, 12)}] ${text}\n`);
      return;
    }
    if (text === '') {
      await put('\n');
      return;
    }
    const level = priority & 7;
    const decoded =
      format.decode && priority >= 0 ? `${(facilities[priority >> 3] ?? '').padEnd(6)}:${(levels[level] ?? '').padEnd(6)}: ` : '';
    const time = timeOf(micros);
    last = micros;
    if (!format.color) {
      const prefix = decoded + time;
      await put(`${prefix}${text}\n`);
      return;
    }
    const [subsystem = ''] = /^.*?:[ \t]/s.exec(text) ?? [];
    const rest = text.slice(subsystem.length);
    const code = levelColors[level];
    const prefix = decoded + (time === '' ? '' : paint(GREEN, time));
    await put(`${prefix}${subsystem === '' ? '' : paint(BROWN, subsystem)}${code === undefined ? rest : paint(code, rest)}\n`);
  };
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
 -J, --json                  use JSON output format
 -k, --kernel                display kernel messages
 -L, --color[=<when>]        colorize messages (auto, always or never)
 -l, --level <list>          restrict output to defined levels
 -n, --console-level <level> set level of messages printed to console
 -p, --force-prefix          force timestamp output on each line of multi-line messages
 -r, --raw                   print the raw message buffer
 -u, --userspace             display userspace messages
 -w, --follow                wait for new messages
 -W, --follow-new            wait and print only new messages
 -x, --decode                decode facility and level to readable string
 -d, --show-delta            show time delta between printed messages
 -e, --reltime               show local time and time delta in readable format
 -T, --ctime                 show human-readable timestamp (may be inaccurate!)
 -t, --notime                don't show any timestamp with messages
     --time-format <format>  [delta|reltime|ctime|notime|iso]
 -h, --help                  display this help
 -V, --version               display version
`;
