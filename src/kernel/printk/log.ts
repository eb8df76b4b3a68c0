// The kernel log: records with level, time and text, as /dev/kmsg shows them. Source: kernel/printk/printk.c.
import type { Kernel } from '../kernel.ts';

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

const DEFAULT_LEVEL = 4;
/** LOG_LINE_MAX + PREFIX_MAX: what one call may add, prefix included. */
const LINE_MAX = 991;
/** The ring: bytes of text, each record with its 8-byte id and aligned, and records. CONFIG_LOG_BUF_SHIFT is 17. */
const RING_BYTES = 2 ** 17;
const RING_RECORDS = RING_BYTES / 32;
const ringBytes = ({ text }: LogRecord): number => 8 + Math.ceil(text.length / 8) * 8;
const SOH = '\x01';
const PREFIX = /^\x01([0-7c])/;

export class PrintkLog {
  readonly #k: Kernel;
  readonly #records: LogRecord[] = [];
  readonly #listeners: ((record: LogRecord) => void)[] = [];
  /** The last record can still be continued. */
  #open = false;
  #seq = 0;
  #bytes = 0;
  /** Sequence number of the first record that `dmesg` shows after `dmesg -C`. */
  cleared = 0;
  /** console, default message, minimum and default console level: /proc/sys/kernel/printk. */
  readonly levels: [number, number, number, number] = [7, DEFAULT_LEVEL, 1, 7];

  constructor(k: Kernel) {
    this.#k = k;
  }
  /** What the ring still holds, oldest first. */
  records(): readonly LogRecord[] {
    return this.#records;
  }
  /** Sequence numbers of the oldest record, and of the next to come. */
  get first(): number {
    return this.#seq - this.#records.length;
  }
  get end(): number {
    return this.#seq;
  }
  /** Called for each new record (also a continued one, again). */
  listen(listener: (record: LogRecord) => void): void {
    this.#listeners.push(listener);
  }
  /** A whole record of the kernel's own. */
  print(level: LevelName | number, text: string): void {
    this.vprintk(`${SOH}${typeof level === 'number' ? level : LOGLEVEL[level]}${text}\n`);
  }
  /** What printk() does with a formatted message: level prefix, newline, continuation. Gives the length without these. */
  vprintk(message: string, dictionary: readonly string[] = []): number {
    let text = message.slice(0, LINE_MAX);
    let level: number | undefined;
    let continues = false;
    for (let prefix = PREFIX.exec(text); prefix !== null; prefix = PREFIX.exec(text)) {
      if (prefix[1] === 'c') continues = true;
      else level ??= Number(prefix[1]);
      text = text.slice(2);
    }
    const ended = text.endsWith('\n');
    if (ended) text = text.slice(0, -1);
    const last = this.#records.at(-1);
    if (continues && this.#open && last !== undefined) {
      this.#replaceLast({ ...last, text: last.text + text });
    } else {
      this.append({ level: level ?? DEFAULT_LEVEL, facility: 0, text, continuation: continues, dictionary });
    }
    this.#open = !ended && dictionary.length === 0;
    return text.length;
  }
  append(record: Omit<LogRecord, 'seq' | 'time'>): void {
    this.#emit({ ...record, seq: this.#seq++, time: this.#k.clock.now });
  }
  #emit(record: LogRecord): void {
    this.#records.push(record);
    this.#bytes += ringBytes(record);
    while (this.#bytes > RING_BYTES || this.#records.length > RING_RECORDS) this.#bytes -= ringBytes(this.#records.shift() as LogRecord);
    for (const listener of this.#listeners) listener(record);
  }
  #replaceLast(record: LogRecord): void {
    this.#bytes -= ringBytes(this.#records.pop() as LogRecord);
    this.#emit(record);
  }
}
