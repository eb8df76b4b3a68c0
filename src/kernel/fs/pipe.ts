// Pipes. Source: fs/pipe.c.
import { EAGAIN, EINTR, EPIPE, ESPIPE, O_ACCMODE, O_NONBLOCK, O_RDONLY, S_IFIFO, SIGPIPE } from '#abi';
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';
import { FsNode, type OpenNode } from './node.ts';

const CAPACITY = 65536;
const EVERYBODY = Number.POSITIVE_INFINITY;

/** What is on its way from writers to readers. Sleepers wait at two addresses of its own. */
export class Pipe extends FsNode {
  readonly #k: Kernel;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #readers = 0;
  #writers = 0;
  readonly #readable: number;
  readonly #writable: number;
  constructor(k: Kernel) {
    super(S_IFIFO | 0o600);
    this.#k = k;
    this.#readable = k.slab.alloc(16) ?? 0;
    this.#writable = this.#readable + 8;
  }
  open(flags: number): OpenNode {
    const pipe = this;
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    if (writes) this.#writers++;
    else this.#readers++;
    return {
      position: 0,
      read: (count) => pipe.#read(count, (flags & O_NONBLOCK) !== 0),
      write: (data) => pipe.#write(data),
      *seek() {
        return -ESPIPE;
      },
      *poll() {
        return pipe.#events();
      },
      *release() {
        if (writes) pipe.#writers--;
        else pipe.#readers--;
        pipe.#wake(pipe.#readable);
        pipe.#wake(pipe.#writable);
        if (pipe.#writers === 0 && pipe.#readers === 0) pipe.#k.slab.free(pipe.#readable);
      },
    };
  }
  #wake(address: number): void {
    this.#k.get(Waiters).wake(address, EVERYBODY);
  }
  #events(): number {
    const POLLIN = 0x41;
    const POLLOUT = 0x104;
    const POLLHUP = 0x10;
    return (this.#size > 0 ? POLLIN : 0) | (this.#size < CAPACITY ? POLLOUT : 0) | (this.#writers === 0 ? POLLHUP : 0);
  }
  *#read(count: number, nonBlocking: boolean): Sleeping<Uint8Array | number> {
    const ready = (): boolean => this.#size > 0 || this.#writers === 0;
    if (nonBlocking && !ready()) return -EAGAIN;
    const outcome = yield* this.#k.get(Waiters).until(this.#readable, TASK_INTERRUPTIBLE, ready);
    if (outcome === 'signal') return -EINTR;
    const bytes = new Uint8Array(Math.min(count, this.#size));
    for (let at = 0; at < bytes.length; ) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = chunk.subarray(0, bytes.length - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#size -= bytes.length;
    this.#wake(this.#writable);
    return bytes;
  }
  *#write(data: Uint8Array): Sleeping<number> {
    let rest = Uint8Array.from(data);
    while (rest.length > 0) {
      const ready = (): boolean => this.#size < CAPACITY || this.#readers === 0;
      const outcome = yield* this.#k.get(Waiters).until(this.#writable, TASK_INTERRUPTIBLE, ready);
      const written = data.length - rest.length;
      if (outcome === 'signal') return written > 0 ? written : -EINTR;
      if (this.#readers === 0) {
        this.#k.processes.get(this.#k.current.pid)?.deliver(SIGPIPE);
        return written > 0 ? written : -EPIPE;
      }
      const part = rest.subarray(0, CAPACITY - this.#size);
      this.#chunks.push(part);
      this.#size += part.length;
      rest = rest.subarray(part.length);
      this.#wake(this.#readable);
    }
    return data.length;
  }
}
