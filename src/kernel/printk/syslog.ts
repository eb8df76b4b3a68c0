// syslog(2) and /proc/kmsg: the log as text, each line with its prefix. Source: kernel/printk/printk.c (do_syslog), fs/proc/kmsg.c.
import { EAGAIN, EINTR, EINVAL, EIO, EPERM, O_NONBLOCK } from '#abi';
import type { Sleeping } from '../api/index.ts';
import { KernelVariables } from '../builtin.ts';
import { CAP, capable } from '../cred.ts';
import { type OpenNode, TextFile } from '../fs/node.ts';
import { PollQueue } from '../fs/select.ts';
import type { Kernel } from '../kernel.ts';
import { fromLatin1 } from '../memory.ts';
import { concatenate } from '../read.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import type { LogRecord } from './log.ts';
import { LOG_BYTES } from './ring.ts';

/** include/linux/syslog.h. */
const ACTION = {
  close: 0,
  open: 1,
  read: 2,
  readAll: 3,
  readClear: 4,
  clear: 5,
  consoleOff: 6,
  consoleOn: 7,
  consoleLevel: 8,
  sizeUnread: 9,
  sizeBuffer: 10,
} as const;
const HIGHEST_LEVEL = 8;
const POLLIN = 0x41;

/** "[    6.253563] ". */
export function timeText(time: number): string {
  const micros = Math.floor(time / 1000);
  return `[${String(Math.floor(micros / 1e6)).padStart(5)}.${String(micros % 1e6).padStart(6, '0')}] `;
}
/** Every line of a record with the same prefix, as bytes. */
export function recordText({ level, facility, time, text }: LogRecord, stamps: boolean, priority = true): string {
  const prefix = `${priority ? `<${facility * 8 + level}>` : ''}${stamps ? timeText(time) : ''}`;
  return text
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('');
}

/** Who may read: with dmesg_restrict only those with CAP_SYSLOG. Gives 0 or -EPERM. Linux: check_syslog_permissions(). */
export function mayReadLog(k: Kernel, type: number = ACTION.readAll): number {
  const open = type === ACTION.readAll || type === ACTION.sizeBuffer;
  if (open && k.get(KernelVariables).int('kernel/dmesg_restrict') === 0) return 0;
  if (capable(k, CAP.SYSLOG)) return 0;
  if (!capable(k, CAP.SYS_ADMIN)) return -EPERM;
  k.get(Syslog).warnAboutAdmin();
  return 0;
}

/** The state that all readers of syslog(2) and /proc/kmsg share. */
class Syslog {
  readonly #k: Kernel;
  /** The next record to read, and how much of its text was read. */
  #seq = 0;
  #partial = 0;
  /** The console's level before it was turned off. */
  #saved: number | undefined;
  #warned = false;
  readonly pollers: PollQueue;
  constructor(k: Kernel) {
    this.#k = k;
    this.pollers = new PollQueue(k);
    k.log.listen(() => {
      k.get(Waiters).wake(this, Number.POSITIVE_INFINITY);
      this.pollers.wake();
    });
  }
  warnAboutAdmin(): void {
    if (this.#warned) return;
    this.#warned = true;
    const { pid } = this.#k.current;
    const comm = this.#k.scheduler.comm(this.#k.current);
    this.#k.log.print('warning', `printk: ${comm} (${pid}): Attempt to access syslog with CAP_SYS_ADMIN but no CAP_SYSLOG (deprecated).`);
  }
  #text(record: LogRecord): Uint8Array {
    return fromLatin1(recordText(record, stampsRecords(this.#k)));
  }
  /** Sleeps until there is something. */
  *read(size: number): Sleeping<Uint8Array | number> {
    const k = this.#k;
    const outcome = yield* k.get(Waiters).until(this, TASK_INTERRUPTIBLE, () => this.unread() !== undefined);
    if (outcome === 'signal') return -EINTR;
    const parts: Uint8Array[] = [];
    let left = size;
    for (let record = this.unread(); left > 0 && record !== undefined; record = this.unread()) {
      const rest = this.#text(record).subarray(this.#partial);
      if (rest.length > left && parts.length > 0) break;
      const part = rest.subarray(0, left);
      if (rest.length <= left) {
        this.#seq++;
        this.#partial = 0;
      } else this.#partial += part.length;
      parts.push(part);
      left -= part.length;
    }
    return concatenate(parts);
  }
  /** The next record; when those before it are gone, from its start. */
  unread(): LogRecord | undefined {
    const record = this.#k.log.from(this.#seq);
    if (record !== undefined && record.seq !== this.#seq) {
      this.#seq = record.seq;
      this.#partial = 0;
    }
    return record;
  }
  /** The newest records that fit. */
  readAll(size: number, clear: boolean): Uint8Array {
    const { log } = this.#k;
    const texts = log
      .records()
      .filter(({ seq }) => seq >= log.cleared)
      .map((record) => this.#text(record));
    let total = texts.reduce((sum, text) => sum + text.length, 0);
    while (total > size) total -= (texts.shift() as Uint8Array).length;
    if (clear) log.cleared = log.end;
    return concatenate(texts);
  }
  sizeUnread(): number {
    const first = this.unread();
    if (first === undefined) return 0;
    const unread = this.#k.log.records().filter(({ seq }) => seq >= first.seq);
    return unread.reduce((sum, record) => sum + this.#text(record).length, 0) - this.#partial;
  }
  /** 0 turns it off, 1 on again; levels 1 to 8. */
  console(action: number, level: number): number {
    const { log } = this.#k;
    if (action === ACTION.consoleOff) {
      this.#saved ??= log.level(0);
      log.consoleLevel = log.level(2);
    } else if (action === ACTION.consoleOn) {
      if (this.#saved !== undefined) log.consoleLevel = this.#saved;
      this.#saved = undefined;
    } else {
      if (level < 1 || level > HIGHEST_LEVEL) return -EINVAL;
      log.consoleLevel = Math.max(level, log.level(2));
      this.#saved = undefined;
    }
    return 0;
  }
}
const stampsRecords = (k: Kernel): boolean => k.get(KernelVariables).flag('printk', 'time', true);

/** Linux: do_syslog(), after copy_to_user: the bytes that were read, a number or -errno. */
export function* doSyslog(k: Kernel, type: number, length: number): Sleeping<Uint8Array | number> {
  const refused = mayReadLog(k, type);
  if (refused !== 0) return refused;
  const syslog = k.get(Syslog);
  switch (type) {
    case ACTION.close:
    case ACTION.open:
      return 0;
    case ACTION.read:
    case ACTION.readAll:
    case ACTION.readClear:
      if (length < 0) return -EINVAL;
      if (length === 0) return 0;
      return type === ACTION.read ? yield* syslog.read(length) : syslog.readAll(length, type === ACTION.readClear);
    case ACTION.clear:
      k.log.cleared = k.log.end;
      return 0;
    case ACTION.consoleOff:
    case ACTION.consoleOn:
    case ACTION.consoleLevel:
      return syslog.console(type, length);
    case ACTION.sizeUnread:
      return syslog.sizeUnread();
    case ACTION.sizeBuffer:
      return LOG_BYTES;
    default:
      return -EINVAL;
  }
}

/** /proc/kmsg: what syslog(2) reads, record by record; opening it asks whether one may. */
export class ProcKmsg extends TextFile {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    super(0o400, {});
    this.#k = k;
  }
  override mayOpen(flags: number): number {
    return super.mayOpen(flags) || mayReadLog(this.#k, ACTION.open);
  }
  override open(_decode: (data: Uint8Array) => string, flags = 0): OpenNode {
    const syslog = this.#k.get(Syslog);
    return {
      position: 0,
      *read(count) {
        if ((flags & O_NONBLOCK) !== 0 && syslog.unread() === undefined) return -EAGAIN;
        return count === 0 ? new Uint8Array(0) : yield* syslog.read(count);
      },
      *write() {
        return -EIO;
      },
      *poll(table) {
        syslog.pollers.add(table);
        return syslog.unread() === undefined ? 0 : POLLIN;
      },
    };
  }
}
