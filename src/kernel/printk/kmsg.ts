// /dev/kmsg. Source: Documentation/ABI/testing/dev-kmsg, kernel/printk/printk.c (devkmsg_*).
import { EAGAIN, EINTR, EINVAL, EPERM, EPIPE, ESPIPE, O_ACCMODE, O_NONBLOCK, O_WRONLY, SEEK_END, SEEK_SET } from '#abi';
import type { Sleeping } from '../api/index.ts';
import { KernelVariables } from '../builtin.ts';
import type { OpenNode } from '../fs/node.ts';
import { PollQueue } from '../fs/select.ts';
import type { Kernel } from '../kernel.ts';
import { fromLatin1, latin1 } from '../memory.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { LINE_MAX, type LogRecord } from './log.ts';
import { mayReadLog } from './syslog.ts';

const LOG_USER = 1;
const DEFAULT_MESSAGE_LEVEL = 1;
/** What dmesg asks for: the first record that was not cleared. */
const SEEK_DATA = 3;
const POLLIN = 0x41;
const POLLERR = 0x8;
const POLLPRI = 0x2;
/** A writer's rate: so many records in so long a time, unless printk_devkmsg says otherwise. */
const BURST = 10;
const INTERVAL_NS = 5e9;

/** Where readers sleep. */
class KmsgReaders {
  readonly pollers: PollQueue;
  constructor(k: Kernel) {
    this.pollers = new PollQueue(k);
    k.log.listen(() => {
      k.get(Waiters).wake(this, Number.POSITIVE_INFINITY);
      this.pollers.wake();
    });
  }
}
const escaped = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\xff\\]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
function format({ facility, level, seq, time, continuation, text, dictionary }: LogRecord): string {
  const head = `${facility * 8 + level},${seq},${Math.floor(time / 1000)},${continuation ? 'c' : '-'};`;
  return `${head}${escaped(text)}\n${dictionary.map((entry) => ` ${escaped(entry)}\n`).join('')}`;
}
/** What a writer may: everything, nothing that counts, or at a limited rate. */
class WriterRate {
  readonly #k: Kernel;
  #begin: number | undefined;
  #printed = 0;
  missed = 0;
  constructor(k: Kernel) {
    this.#k = k;
  }
  allows(): boolean {
    const { now } = this.#k.clock;
    if (this.#begin === undefined || now - this.#begin > INTERVAL_NS) {
      this.#begin = now;
      this.#printed = 0;
    }
    if (this.#printed < BURST) {
      this.#printed++;
      return true;
    }
    this.missed++;
    return false;
  }
}
/** "<PRIORITY>TEXT": the facility of the kernel is not for programs. */
function* write(k: Kernel, data: Uint8Array, rate: WriterRate): Sleeping<number> {
  if (data.length > LINE_MAX) return -EINVAL;
  const setting = k.get(KernelVariables).text('kernel/printk_devkmsg');
  if (setting === 'off' || (setting !== 'on' && !rate.allows())) return data.length;
  const text = latin1(data).replace(/\0.*$/s, '');
  const prefix = /^<(\d*)>/.exec(text);
  const priority = prefix === null ? k.log.level(DEFAULT_MESSAGE_LEVEL) : Number(prefix[1]);
  k.log.append({
    level: priority & 7,
    facility: (priority >> 3) & 0xff || LOG_USER,
    text: text.slice(prefix?.[0].length ?? 0),
    continuation: false,
    dictionary: [],
  });
  return data.length;
}
/** One record a read, one record a write. */
export function kmsg(k: Kernel, flags: number): OpenNode | number {
  const { log } = k;
  if (k.get(KernelVariables).text('kernel/printk_devkmsg') === 'off') return -EPERM;
  const refused = (flags & O_ACCMODE) === O_WRONLY ? 0 : mayReadLog(k);
  if (refused !== 0) return refused;
  const rate = new WriterRate(k);
  let next = log.first;
  return {
    position: 0,
    *read(count): Sleeping<Uint8Array | number> {
      if (log.from(next) === undefined && (flags & O_NONBLOCK) !== 0) return -EAGAIN;
      const readers = k.get(KmsgReaders);
      const outcome = yield* k.get(Waiters).until(readers, TASK_INTERRUPTIBLE, () => log.from(next) !== undefined);
      if (outcome === 'signal') return -EINTR;
      const record = log.from(next) as LogRecord;
      if (record.seq !== next) {
        // The ring has overwritten what was to be read next.
        next = record.seq;
        return -EPIPE;
      }
      next++;
      const bytes = fromLatin1(format(record));
      return bytes.length > count ? -EINVAL : bytes;
    },
    write: (data) => write(k, data, rate),
    *seek(offset, whence) {
      if (offset !== 0) return -ESPIPE;
      if (whence === SEEK_SET) next = log.first;
      else if (whence === SEEK_DATA) next = log.cleared;
      else if (whence === SEEK_END) next = log.end;
      else return -EINVAL;
      return 0;
    },
    *poll(table) {
      k.get(KmsgReaders).pollers.add(table);
      const record = log.from(next);
      return record === undefined ? 0 : record.seq === next ? POLLIN : POLLIN | POLLERR | POLLPRI;
    },
    *release() {
      if (rate.missed === 0) return;
      const comm = k.scheduler.comm(k.current);
      log.print('warning', `printk: ${comm}: ${rate.missed} output lines suppressed due to ratelimiting`);
    },
  };
}
