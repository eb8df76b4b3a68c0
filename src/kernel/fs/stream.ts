// Streams of the host as files: the terminal (drivers/tty), and the standard streams of a command that is not on a terminal.
import { EINTR, ENOTTY, ESPIPE, S_IFCHR, S_IFIFO } from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { concatenate } from '../read.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { FsNode, type OpenNode } from './node.ts';

/** What the host gives for a stream. */
export interface HostStream {
  /** Takes all bytes. */
  readonly write?: (bytes: Uint8Array) => void;
  /** Somebody reads now: the host calls StreamFile.push and end from here on. */
  readonly wanted?: () => void;
}
const TCGETS = 0x5401;
const TIOCGWINSZ = 0x5413;
const EVERYBODY = Number.POSITIVE_INFINITY;

export class StreamFile extends FsNode {
  readonly #k: Kernel;
  readonly host: HostStream;
  readonly #terminal: boolean;
  readonly #address: number;
  #input: Uint8Array[] = [];
  /** Ends of input that were not read yet. A terminal goes on after one (Ctrl-D). */
  #ended = false;
  /** How many sleep in read(). */
  #reading = 0;
  constructor(k: Kernel, host: HostStream, { terminal = false, rdev = 0 }: { terminal?: boolean; rdev?: number } = {}) {
    super((terminal ? S_IFCHR : S_IFIFO) | 0o620);
    this.#k = k;
    this.host = host;
    this.#terminal = terminal;
    this.#address = k.slab.alloc(8) ?? 0;
    this.rdev = rdev;
  }
  /** Whether somebody waits for input. */
  get wanted(): boolean {
    return this.#reading > 0;
  }
  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#input.push(bytes);
    this.#k.get(Waiters).wake(this.#address, EVERYBODY);
  }
  end(): void {
    this.#ended = true;
    this.push(new Uint8Array(0));
  }
  /** Takes back the first line that was pushed and nobody has read; undefined when there is none. */
  takeLine(): Uint8Array | undefined {
    const bytes = concatenate(this.#input.splice(0));
    const end = bytes.indexOf(0x0a) + 1;
    if (end < bytes.length) this.#input.push(bytes.subarray(end));
    return end === 0 ? undefined : bytes.subarray(0, end);
  }
  /** Forgets what was typed and not read (Ctrl-C). */
  flush(): void {
    this.#input = [];
    this.#ended = false;
  }
  open(): OpenNode {
    const file = this;
    return {
      position: 0,
      read: (count) => file.#read(count),
      *write(data) {
        file.host.write?.(Uint8Array.from(data));
        return data.length;
      },
      *seek() {
        return -ESPIPE;
      },
      *ioctl(command) {
        return file.#terminal && (command === TCGETS || command === TIOCGWINSZ) ? 0 : -ENOTTY;
      },
    };
  }
  *#read(count: number): Sleeping<Uint8Array | number> {
    this.host.wanted?.();
    this.#reading++;
    const outcome = yield* this.#k.get(Waiters).until(this.#address, TASK_INTERRUPTIBLE, () => this.#input.length > 0 || this.#ended);
    this.#reading--;
    if (outcome === 'signal') return -EINTR;
    const chunk = this.#input.shift();
    if (chunk === undefined) {
      if (this.#terminal) this.#ended = false;
      return new Uint8Array(0);
    }
    if (chunk.length > count) this.#input.unshift(chunk.subarray(count));
    return chunk.subarray(0, count);
  }
}
