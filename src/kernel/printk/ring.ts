// What the log's ring buffer still holds. Source: kernel/printk/printk_ringbuffer.c: blocks of data are allocated one behind the other
// and never wrap; the oldest records lose their data, or their descriptor, to new ones. CONFIG_LOG_BUF_SHIFT is 17.
import type { LogRecord } from './log.ts';

export const LOG_BYTES = 2 ** 17;
/** Descriptors: one for 32 bytes of data. */
const DESCRIPTORS = LOG_BYTES / 32;
/** A block begins with the id of its descriptor. */
const BLOCK_HEAD = 8;
const blockSize = (bytes: number): number => Math.ceil((bytes + BLOCK_HEAD) / 8) * 8;

interface Block {
  record: LogRecord;
  /** Logical positions: they count on where the ring wraps. `next` is where the following block may begin. */
  begin: number;
  next: number;
}
export class Ring {
  readonly #blocks: Block[] = [];
  /** Index of the oldest block that counts: those before it are cut off now and then. */
  #first = 0;
  #tail = 0;
  #head = 0;

  get length(): number {
    return this.#blocks.length - this.#first;
  }
  /** The nth of those that are left; 0 is the oldest. */
  at(n: number): LogRecord | undefined {
    return this.#blocks[this.#first + n]?.record;
  }
  records(): LogRecord[] {
    return this.#blocks.slice(this.#first).map(({ record }) => record);
  }
  get last(): LogRecord | undefined {
    return this.length === 0 ? undefined : this.#blocks.at(-1)?.record;
  }
  /** `bytes`: what the writer has reserved for the text. */
  append(record: LogRecord, bytes: number): void {
    if (this.length === DESCRIPTORS) this.#drop();
    const begin = this.#head;
    this.#blocks.push({ record, begin, next: this.#allocate(begin, blockSize(bytes)) });
  }
  /** The last record grows: where it stands, or from the start of the ring when it would wrap. */
  replaceLast(record: LogRecord, bytes: number): void {
    const block = this.#blocks.at(-1) as Block;
    block.record = record;
    block.next = this.#allocate(block.begin, blockSize(bytes));
  }
  #allocate(begin: number, size: number): number {
    const wrap = (position: number): number => Math.floor(position / LOG_BYTES);
    const straight = begin + size;
    const next = wrap(begin) === wrap(straight) ? straight : wrap(straight) * LOG_BYTES + size;
    while (this.length > 0 && this.#tail < next - LOG_BYTES) this.#drop();
    this.#head = next;
    return next;
  }
  #drop(): void {
    this.#tail = (this.#blocks[this.#first] as Block).next;
    this.#first++;
    if (this.#first < DESCRIPTORS) return;
    this.#blocks.splice(0, this.#first);
    this.#first = 0;
  }
}
