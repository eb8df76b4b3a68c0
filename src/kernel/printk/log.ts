// The kernel log: records with level, time and text, as /dev/kmsg shows them. Source: kernel/printk/printk.c.
import type { Kernel } from '../kernel.ts';
import { Ring } from './ring.ts';

export const LOGLEVEL = { emerg: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type LevelName = keyof typeof LOGLEVEL;

export interface LogRecord {
  readonly seq: number;
  /** 0 (emerg) to 7 (debug). */
  readonly level: number;
  /** 0: the kernel; others are written to /dev/kmsg. */
  readonly facility: number;
  /** ns since boot. */
  readonly time: number;
  /** Latin-1: one character a byte. */
  readonly text: string;
  /** A continuation that found no open record. */
  readonly continuation: boolean;
  /** KEY=VALUE pairs of dev_printk. */
  readonly dictionary: readonly string[];
}
type Message = Omit<LogRecord, 'seq' | 'time'>;

/** LOG_LINE_MAX: what a record, its final NUL included, may have. */
export const LINE_MAX = 992;
const SOH = '\x01';
const PREFIX = /^\x01([0-7c])/;
/** Level prefixes are looked for in so many bytes. */
const PREFIX_BYTES = 7;
/** Of console_printk. */
const DEFAULT_MESSAGE_LEVEL = 1;

export class PrintkLog {
  readonly #k: Kernel;
  readonly #ring = new Ring();
  readonly #listeners: ((record: LogRecord) => void)[] = [];
  /** The last record can still be continued, by the same context; until it is finished nobody can read it. */
  #open: { readonly by: unknown } | undefined;
  #seq = 0;
  /** Sequence number of the first record that `dmesg` shows after `dmesg -C`. */
  cleared = 0;

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** console, default message, minimum and default console level: console_printk, /proc/sys/kernel/printk. */
  level(which: 0 | 1 | 2 | 3): number {
    return this.#k.memory.s32(this.#k.symbols.require('console_printk') + which * 4);
  }
  set consoleLevel(level: number) {
    this.#k.memory.setU32(this.#k.symbols.require('console_printk'), level);
  }
  /** What the ring still holds and can be read, oldest first. */
  records(): readonly LogRecord[] {
    const records = this.#ring.records();
    return this.#open === undefined ? records : records.slice(0, -1);
  }
  /** The oldest record from `seq` on; undefined when there is none yet. */
  from(seq: number): LogRecord | undefined {
    return seq >= this.end ? undefined : this.#ring.at(Math.max(0, seq - this.first));
  }
  /** Sequence numbers of the oldest record, and of the next that nobody can read yet. */
  get first(): number {
    return this.#seq - this.#ring.length;
  }
  get end(): number {
    return this.#open === undefined ? this.#seq : this.#seq - 1;
  }
  /** Called for each new record (also a continued one, again, which may not be finished yet). Gives what ends that. */
  listen(listener: (record: LogRecord) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      this.#listeners.splice(this.#listeners.indexOf(listener), 1);
    };
  }
  /** A whole record of the kernel's own. */
  print(level: LevelName | number, text: string): void {
    this.vprintk(`${SOH}${typeof level === 'number' ? level : LOGLEVEL[level]}${text}\n`);
  }
  /** What printk() does with a formatted message: level prefix, newline, continuation. Gives the length without these. */
  vprintk(message: string, dictionary: readonly string[] = []): number {
    let level: number | undefined;
    let continues = false;
    let head = message.slice(0, PREFIX_BYTES);
    for (let prefix = PREFIX.exec(head); prefix !== null; prefix = PREFIX.exec(head)) {
      if (prefix[1] === 'c') continues = true;
      else level ??= Number(prefix[1]);
      head = head.slice(2);
    }
    const bytes = Math.min(message.length + 1, LINE_MAX);
    const { text, ended } = plain(message.slice(0, bytes - 1));
    const finished = ended || dictionary.length > 0;
    const last = this.#ring.last;
    const open = this.#open;
    if (continues && open !== undefined && last !== undefined && open.by === this.#context() && last.text.length + bytes <= LINE_MAX) {
      this.#ring.replaceLast({ ...last, text: last.text + text }, last.text.length + bytes);
      this.#finish(finished);
    } else {
      const message: Message = {
        level: level ?? this.level(DEFAULT_MESSAGE_LEVEL),
        facility: 0,
        text,
        continuation: continues,
        dictionary,
      };
      this.#append(message, bytes, finished);
    }
    return text.length;
  }
  /** A record that a program has written. */
  append(record: Message): void {
    const bytes = Math.min(record.text.length + 1, LINE_MAX);
    const text = record.text.slice(0, bytes - 1);
    this.#append({ ...record, text: text.replace(/\n$/, '') }, bytes, text.endsWith('\n'));
  }
  #append(message: Message, bytes: number, finished: boolean): void {
    this.#open = undefined;
    this.#ring.append({ ...message, seq: this.#seq++, time: this.#k.clock.now }, bytes);
    this.#finish(finished);
  }
  #finish(finished: boolean): void {
    this.#open = finished ? undefined : { by: this.#context() };
    const { last } = this.#ring;
    if (last !== undefined) for (const listener of this.#listeners) listener(last);
  }
  /** Who prints. An interrupt counts as the task that it came into. */
  #context(): unknown {
    return this.#k.current;
  }
}
/** Without level prefixes and the one newline at the end. */
function plain(message: string): { readonly text: string; readonly ended: boolean } {
  const ended = message.endsWith('\n');
  let text = ended ? message.slice(0, -1) : message;
  while (PREFIX.test(text)) text = text.slice(2);
  return { text, ended };
}
