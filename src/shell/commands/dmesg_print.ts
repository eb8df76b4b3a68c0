// How dmesg of util-linux 2.38.1 reads records and prints them.
import type { Io } from '../io.ts';
import { fromLatin1 } from '../just_bash.ts';

export const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;
export const FACILITIES = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'] as const;
export const TIME_FORMATS = ['delta', 'reltime', 'ctime', 'notime', 'iso'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number] | 'time';

export interface Record_ {
  /** -1: none, or one that has no name. */
  readonly facility: number;
  readonly level: number;
  readonly micros: number;
  /** Latin-1. */
  readonly text: string;
  /** What JSON shows: of a file, everything from here on. */
  readonly message: string;
}
export interface Format {
  readonly raw: boolean;
  readonly decode: boolean;
  readonly json: boolean;
  readonly delta: boolean;
  readonly escape: boolean;
  readonly color: boolean;
  readonly utf8: boolean;
  readonly time: TimeFormat;
  /** Seconds since the epoch at boot. */
  readonly boot: number;
}

const unescape = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
function priority(text: string): Pick<Record_, 'facility' | 'level'> {
  const facility = Number(text) >> 3;
  return { facility: facility < FACILITIES.length ? facility : -1, level: Number(text) & 7 };
}
/** A record of /dev/kmsg. */
export function parseKmsg(line: string): Record_ | undefined {
  const [, number = '', micros, escaped] = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(line) ?? [];
  if (escaped === undefined) return undefined;
  const text = unescape(escaped);
  return { ...priority(number), micros: Number(micros), text, message: text };
}
/** What syslog(2) gives: a record ends where a line begins with '<', or with the buffer. */
export function parseSyslog(buffer: string): Record_[] {
  const starts = [0, ...[...buffer.matchAll(/\n(?=<)/g)].map(({ index }) => index + 1)];
  return starts.flatMap((start, n) => {
    const end = n + 1 < starts.length ? (starts[n + 1] as number) - 1 : buffer.length;
    if (end <= start) return [];
    const all = buffer.slice(start, end);
    const [head = '', number] = /^<(\d+)>/.exec(all) ?? [];
    const rest = all.slice(head.length);
    const [stamp = '', seconds = '0', micros = '0'] = /^\[ *(\d+)\.(\d+)\] ?/.exec(rest) ?? [];
    const place = number === undefined ? { facility: -1, level: -1 } : priority(number);
    // The newline at the end of all is part of the last record, and shown by nobody but JSON.
    const text = rest.slice(stamp.length).replace(/\n$/, '');
    const message = buffer.slice(start + head.length + stamp.length);
    return [{ ...place, micros: Number(seconds) * 1e6 + Number(micros), text, message }];
  });
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => `${value}`.padStart(2, '0');
const stamp = (micros: number): string =>
  `${Math.floor(micros / 1e6)}`.padStart(5) + `.${String(Math.floor(micros) % 1e6).padStart(6, '0')}`;
const deltaText = (micros: number): string => `<${(micros / 1e6).toFixed(6).padStart(12)}>`;
const RESET = '\x1b[0m';
const GREEN = '\x1b[32m';
const TIME_BREAK = '\x1b[32m\x1b[1m';
const BROWN = '\x1b[33m';
const levelColors: Readonly<Record<number, string>> = { 1: '\x1b[7m\x1b[31m', 2: '\x1b[1m\x1b[31m', 3: '\x1b[31m', 4: '\x1b[1m' };

/** Prints records one after another: some formats look at the time of the one before. */
export class Printer {
  readonly #io: Io;
  readonly #format: Format;
  #last = 0;
  #lastMinute = -1;
  #first = true;
  constructor(io: Io, format: Format) {
    this.#io = io;
    this.#format = format;
  }
  /** After the last record: without any, there is no JSON at all. */
  async end(): Promise<void> {
    if (this.#format.json && !this.#first) await this.#io.out('\n   ]\n}\n');
  }
  /** Bytes as they are shown: what cannot be printed in hexadecimal. */
  async text(text: string, indent = 0): Promise<void> {
    await this.#io.outBytes(fromLatin1(this.#shown(text, indent)));
  }
  #shown(text: string, indent: number): string {
    const { escape, utf8 } = this.#format;
    const hex = (bytes: string): string => [...bytes].map((byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
    const plain = escape
      ? text.replace(/[\xc2-\xf4][\x80-\xbf]{1,3}|[\x00-\x08\x0e-\x1f\x7f-\xff]/g, (bytes) =>
          utf8 && bytes.length > 1 && isUtf8(bytes) ? bytes : hex(bytes),
        )
      : text;
    return indent === 0 ? plain : plain.replace(/\n(?!$)/g, `\n${' '.repeat(indent)}`);
  }
  async print(record: Record_): Promise<void> {
    const { raw, json, color, decode } = this.#format;
    const { text, level, facility, micros } = record;
    if (text === '') {
      if (!json) await this.#io.out('\n');
      return;
    }
    if (json) {
      await this.#json(record);
      return;
    }
    if (raw) {
      // dmesg 2.38 does not shift the facility here.
      const prefix = `<${facility | level}>[${stamp(micros)}] `;
      await this.text(`${prefix}${text}\n`, prefix.length);
      return;
    }
    const named = decode && level >= 0 && facility >= 0;
    const decoded = named ? `${(FACILITIES[facility] ?? '').padEnd(6)}:${(LEVELS[level] ?? '').padEnd(6)}: ` : '';
    const { time, breaks } = this.#time(micros);
    const indent = decoded.length + time.length;
    if (!color) {
      await this.#io.outBytes(fromLatin1(`${decoded}${time}${this.#shown(text, indent)}\n`));
      return;
    }
    const [subsystem = ''] = /^[^\n]*?:[ \t]/.exec(text) ?? [];
    const code = levelColors[level];
    const rest = this.#shown(text.slice(subsystem.length), indent);
    const stamped = time === '' ? '' : `${breaks ? TIME_BREAK : GREEN}${time}${RESET}`;
    const owner = subsystem === '' ? '' : `${BROWN}${this.#shown(subsystem, indent)}${RESET}`;
    await this.#io.outBytes(fromLatin1(`${decoded}${stamped}${owner}${code === undefined ? rest : `${code}${rest}${RESET}`}\n`));
  }
  async #json({ level, facility, micros, message }: Record_): Promise<void> {
    const lines = [`"time": ${stamp(micros).padStart(12)}`, `"msg": ${quoted(message)}`];
    if (level >= 0 && facility >= 0) {
      if (this.#format.decode) lines.unshift(`"fac": "${FACILITIES[facility]}"`, `"pri": "${LEVELS[level]}"`);
      else lines.unshift(`"pri": ${facility | level}`);
    }
    const head = this.#first ? '{\n   "dmesg": [\n      {' : ',{';
    this.#first = false;
    await this.#io.outBytes(fromLatin1(`${head}\n         ${lines.join(',\n         ')}\n      }`));
  }
  /** The time of a record in brackets; whether it begins another minute. */
  #time(micros: number): { readonly time: string; readonly breaks: boolean } {
    const { time, delta: showsDelta, boot } = this.#format;
    const seconds = Math.floor(boot + micros / 1e6);
    const date = new Date(seconds * 1000);
    const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
    const day = `${date.getUTCDate()}`.padStart(2);
    const ctime = `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${day} ${clock}:${two(date.getUTCSeconds())} ${date.getUTCFullYear()}`;
    const delta = this.#last === 0 ? 0 : micros - this.#last;
    const counts = showsDelta || time === 'delta' || time === 'reltime';
    if (counts) this.#last = micros;
    const text = (inside: string): { time: string; breaks: boolean } => ({ time: `[${inside}] `, breaks: false });
    switch (time) {
      case 'ctime':
        return text(showsDelta ? `${ctime} ${deltaText(delta)}` : ctime);
      case 'notime':
        return showsDelta ? text(deltaText(delta)) : { time: '', breaks: false };
      case 'delta':
        return text(deltaText(delta));
      case 'iso':
        return { time: `${date.toISOString().slice(0, 19)},${String(Math.floor(micros) % 1e6).padStart(6, '0')}+00:00 `, breaks: false };
      case 'reltime': {
        if (showsDelta) return text(deltaText(delta));
        const minute = Math.floor(seconds / 60);
        const same = minute === this.#lastMinute;
        this.#lastMinute = minute;
        const number = (delta / 1e6).toFixed(6);
        const signed = delta < 0 ? number : `+${number}`;
        if (same) return text(delta < 1e7 ? `  ${signed.padStart(8)}` : ` ${signed.padStart(9)}`);
        return { time: `[${months[date.getUTCMonth()]}${day} ${clock}] `, breaks: true };
      }
      case 'time':
        return text(showsDelta ? `${stamp(micros)} ${deltaText(delta)}` : stamp(micros));
    }
  }
}
function isUtf8(bytes: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(fromLatin1(bytes));
    return true;
  } catch {
    return false;
  }
}
const SHORT: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};
function quoted(text: string): string {
  const inside = text.replace(/[\x00-\x1f"\\]/g, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${inside}"`;
}
