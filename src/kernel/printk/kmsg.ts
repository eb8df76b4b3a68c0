// /dev/kmsg. Source: Documentation/ABI/testing/dev-kmsg, kernel/printk/printk.c (devkmsg_*).
import { EAGAIN, EINTR, EINVAL, EPIPE, ESPIPE, O_NONBLOCK, SEEK_END, SEEK_SET } from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { OpenNode } from '../fs/node.ts';
import type { Kernel } from '../kernel.ts';
import { fromLatin1, latin1 } from '../memory.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import type { LogRecord } from './log.ts';

const LINE_MAX = 992;
const LOG_USER = 1;
const DEFAULT_LEVEL = 4;
/** What dmesg asks for: the first record that was not cleared. */
const SEEK_DATA = 3;

/** Where readers sleep: an address of nobody else. */
class KmsgReaders {
  readonly address: number;
  constructor(k: Kernel) {
    this.address = k.slab.alloc(8) ?? 0;
    k.log.listen(() => k.get(Waiters).wake(this.address, Number.POSITIVE_INFINITY));
  }
}
const escaped = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\xff\\]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
function format({ facility, level, seq, time, continuation, text, dictionary }: LogRecord): string {
  const head = `${facility * 8 + level},${seq},${Math.floor(time / 1000)},${continuation ? 'c' : '-'};`;
  return `${head}${escaped(text)}\n${dictionary.map((entry) => ` ${escaped(entry)}\n`).join('')}`;
}
/** One record a read, one record a write. */
export function kmsg(k: Kernel, flags: number): OpenNode {
  const { log } = k;
  let next = log.first;
  return {
    position: 0,
    *read(count): Sleeping<Uint8Array | number> {
      if (next < log.first) {
        // The ring has overwritten what was to be read next.
        next = log.first;
        return -EPIPE;
      }
      if (next >= log.end) {
        if ((flags & O_NONBLOCK) !== 0) return -EAGAIN;
        const ready = (): boolean => next < log.end;
        const outcome = yield* k.get(Waiters).until(k.get(KmsgReaders).address, TASK_INTERRUPTIBLE, ready);
        if (outcome === 'signal') return -EINTR;
      }
      const bytes = fromLatin1(format(log.records()[next - log.first] as LogRecord));
      if (bytes.length > count) return -EINVAL;
      next++;
      return bytes;
    },
    *write(data) {
      const text = latin1(data);
      if (text.length > LINE_MAX) return -EINVAL;
      const prefix = /^<(\d+)>/.exec(text);
      const priority = prefix === null ? DEFAULT_LEVEL : Number(prefix[1]);
      log.append({
        level: priority & 7,
        facility: priority >> 3 || LOG_USER,
        text: text.slice(prefix?.[0].length ?? 0).replace(/\n$/, ''),
        continuation: false,
        dictionary: [],
      });
      return data.length;
    },
    *seek(offset, whence) {
      if (offset !== 0) return -ESPIPE;
      if (whence === SEEK_SET) next = log.first;
      else if (whence === SEEK_DATA) next = Math.max(log.cleared, log.first);
      else if (whence === SEEK_END) next = log.end;
      else return -EINVAL;
      return 0;
    },
    *poll() {
      const POLLIN = 0x41;
      return next < log.end ? POLLIN : 0;
    },
  };
}
