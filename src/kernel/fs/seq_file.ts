// seq_file. Source: fs/seq_file.c. The struct lies in guest memory: modules read its private, index and buffer.
import { EINVAL, ENOMEM } from '#abi';
import {
  blocking,
  bool,
  char_,
  cstring,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  loff_t,
  nothing,
  optionalCstring,
  pointer,
  ptr,
  type Sleeping,
  s64,
  size_t,
  ssize_t,
  u64,
  variadic,
  voidPtr,
} from '../api/index.ts';
import { guestVaList } from '../api/valist.ts';
import type { Kernel } from '../kernel.ts';
import { hexLines } from '../lib/hexdump.ts';
import { listEntries } from '../lib/list.ts';
import { type Addr, fromLatin1, latin1 } from '../memory.ts';
import { FileStruct } from './module_file.ts';

const SeqFile = kernelStruct('seq_file', {
  buf: voidPtr,
  size: size_t,
  from: size_t,
  count: size_t,
  pad_until: size_t,
  index: loff_t,
  read_pos: loff_t,
  op: voidPtr,
  file: voidPtr,
  private: voidPtr,
});
const SeqOperations = kernelStruct('seq_operations', { start: voidPtr, stop: voidPtr, next: voidPtr, show: voidPtr });
const PAGE_SIZE = 4096;
const SEEK_CUR = 1;
const m = ptr(SeqFile);
const file = ptr(FileStruct);

type SeqView = ReturnType<typeof seqView>;
const seqView = (k: Kernel, address: Addr) => k.view(SeqFile, address);
const isError = (pointer: Addr): boolean => pointer < 0 && pointer >= -4095;

function append(k: Kernel, seq: SeqView, text: string): void {
  const { count, size } = seq;
  // Too small: the buffer counts as full, and the read starts again with a larger one.
  if (count + text.length >= size) {
    seq.count = size;
    return;
  }
  k.memory.write(seq.buf + count, fromLatin1(text));
  seq.count = count + text.length;
}
/** Gives the seq_file a buffer twice as large (or its first page), empty. */
function grow(k: Kernel, seq: SeqView): boolean {
  const size = seq.size === 0 ? PAGE_SIZE : seq.size * 2;
  if (seq.buf !== 0) k.slab.free(seq.buf);
  const buffer = k.slab.alloc(size);
  seq.buf = buffer ?? 0;
  seq.size = size;
  seq.count = seq.from = 0;
  return buffer !== undefined;
}
const overflowed = (seq: SeqView): boolean => seq.count >= seq.size;
/** The module's iterator over its records. */
function iterator(k: Kernel, seq: SeqView) {
  const op = k.view(SeqOperations, seq.op);
  // Files that proc itself opens are read by seq_read_iter(), those of a module by its seq_read().
  const way = k.view(FileStruct, seq.file).f_op === 0 ? 'proc.seq_' : 'seq.';
  const index = seq.addr + k.layouts.offsetOf('seq_file', 'index');
  return {
    start: () => k.callBy(`${way}start`, op.start, seq.addr, index),
    next: (entry: Addr) => k.callBy(`${way}next`, op.next, seq.addr, entry, index),
    *show(entry: Addr): Sleeping<number> {
      return (yield* k.callBy(`${way}show`, op.show, seq.addr, entry)) | 0;
    },
    stop: (entry: Addr) => k.callBy(`${way}stop`, op.stop, seq.addr, entry),
  };
}
/** Makes the buffer hold the rest of the record at `offset`, walking from the first one. Gives 0 or -errno. */
function* traverse(k: Kernel, seq: SeqView, offset: number): Sleeping<number> {
  const records = iterator(k, seq);
  seq.index = 0;
  seq.count = seq.from = 0;
  if (offset === 0) return 0;
  if (seq.buf === 0 && !grow(k, seq)) return -ENOMEM;
  let error = 0;
  let before = 0;
  let entry = yield* records.start();
  while (entry !== 0) {
    error = isError(entry) ? entry : yield* records.show(entry);
    if (error < 0) break;
    if (error > 0) seq.count = 0;
    error = 0;
    if (overflowed(seq)) {
      yield* records.stop(entry);
      return grow(k, seq) ? yield* traverse(k, seq, offset) : -ENOMEM;
    }
    entry = yield* records.next(entry);
    if (before + seq.count > offset) {
      seq.from = offset - before;
      seq.count -= seq.from;
      break;
    }
    before += seq.count;
    seq.count = 0;
    if (before === offset) break;
  }
  yield* records.stop(entry);
  return error;
}
/** Fills the buffer with the next record, and with more of them as long as `wanted` bytes are not there. Gives 0 or -errno. */
function* fill(k: Kernel, seq: SeqView, wanted: number): Sleeping<number> {
  const records = iterator(k, seq);
  seq.from = 0;
  let entry = yield* records.start();
  for (;;) {
    const error = entry === 0 || isError(entry) ? entry : yield* records.show(entry);
    if (entry === 0 || error < 0) {
      yield* records.stop(entry);
      seq.count = 0;
      return error;
    }
    if (error > 0) seq.count = 0;
    if (seq.count === 0) entry = yield* records.next(entry);
    else if (!overflowed(seq)) break;
    else {
      yield* records.stop(entry);
      if (!grow(k, seq)) return -ENOMEM;
      entry = yield* records.start();
    }
  }
  for (;;) {
    const { count, index } = seq;
    entry = yield* records.next(entry);
    if (seq.index === index) {
      const where = k.symbolize(k.view(SeqOperations, seq.op).next);
      k.log.print('info', `seq_file: buggy .next function ${where?.name ?? ''} did not update position index`);
      seq.index = index + 1;
    }
    if (entry === 0 || isError(entry) || seq.count >= wanted) break;
    const shown = yield* records.show(entry);
    const full = shown === 0 && overflowed(seq);
    if (shown !== 0 || full) seq.count = count;
    // The next read begins with the record that did not fit.
    if (shown < 0 || full) break;
  }
  yield* records.stop(entry);
  return 0;
}
/** Up to `size` bytes that the buffer holds. */
function take(k: Kernel, seq: SeqView, size: number): Uint8Array {
  const bytes = k.memory.read(seq.buf + seq.from, Math.min(size, seq.count)).slice();
  seq.count -= bytes.length;
  seq.from += bytes.length;
  return bytes;
}
/** Linux: seq_read_iter(). */
function* read(k: Kernel, seq: SeqView, size: number, position: number): Sleeping<Uint8Array | number> {
  if (size === 0) return new Uint8Array(0);
  if (position === 0) {
    seq.index = 0;
    seq.count = 0;
  }
  if (position !== seq.read_pos) {
    const error = yield* traverse(k, seq, position);
    if (error !== 0) {
      rewind(seq);
      return error;
    }
    seq.read_pos = position;
  }
  if (seq.buf === 0 && !grow(k, seq)) return -ENOMEM;
  const left = take(k, seq, size);
  if (seq.count > 0) return left;
  const error = yield* fill(k, seq, size - left.length);
  const more = take(k, seq, size - left.length);
  return left.length + more.length === 0 ? error : Uint8Array.of(...left, ...more);
}
function rewind(seq: SeqView): void {
  seq.read_pos = 0;
  seq.index = 0;
  seq.count = 0;
}
export function seqOpen(k: Kernel, filePointer: Addr, op: Addr): number {
  const address = k.slab.alloc(k.layouts.sizeOf('seq_file'));
  if (address === undefined) return -ENOMEM;
  k.memory.fill(address, 0, k.layouts.sizeOf('seq_file'));
  const seq = seqView(k, address);
  seq.op = op;
  seq.file = filePointer;
  k.view(FileStruct, filePointer).private_data = address;
  return 0;
}
function release(k: Kernel, seq: SeqView): void {
  if (seq.buf !== 0) k.slab.free(seq.buf);
  k.slab.free(seq.addr);
}

/** single_open(): one record. */
export function openSingle(k: Kernel, file: Addr, show: Addr, data: Addr): number {
  const op = k.slab.alloc(k.layouts.sizeOf('seq_operations'));
  if (op === undefined) return -ENOMEM;
  const operations = k.view(SeqOperations, op);
  operations.start = k.symbols.require('single_start');
  operations.next = k.symbols.require('single_next');
  operations.stop = k.symbols.require('single_stop');
  operations.show = show;
  const error = seqOpen(k, file, op);
  if (error === 0) seqView(k, k.view(FileStruct, file).private_data).private = data;
  return error;
}
export const seqFileApi: KernelApi = kernelApi('fs/seq_file.c', {
  seq_open: kfunc({ file, op: voidPtr }, int, (k, { file: opened, op }) => seqOpen(k, opened.addr, op)),
  seq_read: blocking({ file, buf: voidPtr, size: size_t, ppos: voidPtr }, ssize_t, function* (k, { file: opened, buf, size, ppos }) {
    const seq = seqView(k, opened.private_data);
    const position = k.memory.ptr(ppos);
    const bytes = yield* read(k, seq, size, position);
    if (typeof bytes === 'number') return bytes;
    k.user.slice(buf, bytes.length).set(bytes);
    seq.read_pos = position + bytes.length;
    k.memory.setPtr(ppos, seq.read_pos);
    return bytes.length;
  }),
  seq_lseek: blocking({ file, offset: loff_t, whence: int }, loff_t, function* (k, { file: opened, offset, whence }) {
    const target = offset + (whence === SEEK_CUR ? opened.f_pos : 0);
    if (whence > SEEK_CUR || target < 0) return -EINVAL;
    const seq = seqView(k, opened.private_data);
    const error = target === seq.read_pos ? 0 : yield* traverse(k, seq, target);
    if (error !== 0) rewind(seq);
    else seq.read_pos = target;
    opened.f_pos = error === 0 ? target : 0;
    return error === 0 ? target : error;
  }),
  seq_release: kfunc({ inode: voidPtr, file }, int, (k, { file: opened }) => {
    release(k, seqView(k, opened.private_data));
    return 0;
  }),
  single_open: kfunc({ file, show: voidPtr, data: voidPtr }, int, (k, { file: opened, show, data }) =>
    openSingle(k, opened.addr, show, data),
  ),
  single_release: kfunc({ inode: voidPtr, file }, int, (k, { file: opened }) => {
    const seq = seqView(k, opened.private_data);
    k.slab.free(seq.op);
    release(k, seq);
    return 0;
  }),
  /** One record: SEQ_START_TOKEN at position 0, then the end. */
  single_start: kfunc({ p: voidPtr, pos: voidPtr }, voidPtr, (k, { pos }) => (k.memory.ptr(pos) === 0 ? 1 : 0)),
  single_next: kfunc({ p: voidPtr, v: voidPtr, pos: voidPtr }, voidPtr, (k, { pos }) => {
    k.memory.setPtr(pos, k.memory.ptr(pos) + 1);
    return 0;
  }),
  single_stop: kfunc({ p: voidPtr, v: voidPtr }, nothing, () => {}),
  seq_printf: variadic({ m, f: cstring }, nothing, (k, { m: seq, f, va }) => append(k, seq, k.formatter.format(f, va))),
  seq_puts: kfunc({ m, s: cstring }, nothing, (k, { m: seq, s }) => append(k, seq, s)),
  seq_putc: kfunc({ m, c: char_ }, nothing, (k, { m: seq, c }) => append(k, seq, String.fromCharCode(c & 0xff))),
  seq_vprintf: kfunc({ m, f: cstring, args: pointer('struct __va_list_tag *') }, nothing, (k, { m: seq, f, args }) =>
    append(k, seq, k.formatter.format(f, guestVaList(k.memory, args))),
  ),
  seq_write: kfunc({ seq: m, data: voidPtr, len: size_t }, int, (k, { seq, data, len }) => {
    if (seq.count + len < seq.size) {
      append(k, seq, latin1(k.memory.read(data, len)));
      return 0;
    }
    seq.count = seq.size;
    return -1;
  }),
  seq_put_decimal_ull: kfunc({ m, delimiter: optionalCstring, num: u64 }, nothing, (k, { m: seq, delimiter, num }) =>
    append(k, seq, `${delimiter ?? ''}${num}`),
  ),
  seq_put_decimal_ll: kfunc({ m, delimiter: optionalCstring, num: s64 }, nothing, (k, { m: seq, delimiter, num }) =>
    append(k, seq, `${delimiter ?? ''}${num}`),
  ),
  /** Blanks up to the column that seq_setwidth() chose, then `c`. */
  seq_pad: kfunc({ m, c: char_ }, nothing, (k, { m: seq, c }) => {
    const missing = seq.pad_until - seq.count;
    if (missing > 0) append(k, seq, ' '.repeat(missing));
    if (c !== 0) append(k, seq, String.fromCharCode(c & 0xff));
  }),
  seq_hex_dump: kfunc(
    { m, prefix_str: cstring, prefix_type: int, rowsize: int, groupsize: int, buf: voidPtr, len: size_t, ascii: bool },
    nothing,
    (k, { m: seq, prefix_str: prefix, prefix_type: type, rowsize: row, groupsize: group, buf, len: length, ascii }) => {
      for (const line of hexLines(k, { prefix, type, row, group, buf, length, ascii })) append(k, seq, `${line}\n`);
    },
  ),
  single_open_size: kfunc({ file, show: voidPtr, data: voidPtr, size: size_t }, int, (k, { file: opened, show, data, size }) => {
    const error = openSingle(k, opened.addr, show, data);
    if (error !== 0) return error;
    const seq = seqView(k, opened.private_data);
    seq.buf = k.slab.alloc(size) ?? 0;
    seq.size = size;
    return 0;
  }),
  __seq_open_private: kfunc({ f: file, ops: voidPtr, psize: int }, voidPtr, (k, { f, ops, psize }) => openPrivate(k, f.addr, ops, psize)),
  seq_open_private: kfunc({ filp: file, ops: voidPtr, psize: int }, int, (k, { filp, ops, psize }) =>
    openPrivate(k, filp.addr, ops, psize) === 0 ? -ENOMEM : 0,
  ),
  seq_release_private: kfunc({ inode: voidPtr, file }, int, (k, { file: opened }) => {
    const seq = seqView(k, opened.private_data);
    k.slab.free(seq.private);
    release(k, seq);
    return 0;
  }),
  seq_list_start: kfunc({ head: voidPtr, pos: loff_t }, voidPtr, (k, { head, pos }) => listEntries(k, head)[pos] ?? 0),
  seq_list_start_head: kfunc({ head: voidPtr, pos: loff_t }, voidPtr, (k, { head, pos }) =>
    pos === 0 ? head : (listEntries(k, head)[pos - 1] ?? 0),
  ),
  seq_list_next: kfunc({ v: voidPtr, head: voidPtr, ppos: voidPtr }, voidPtr, (k, { v, head, ppos }) => {
    k.memory.setPtr(ppos, k.memory.ptr(ppos) + 1);
    const next = k.memory.ptr(v);
    return next === head ? 0 : next;
  }),
  seq_hlist_start: kfunc({ head: voidPtr, pos: loff_t }, voidPtr, (k, { head, pos }) => {
    let at = k.memory.ptr(head);
    for (let left = pos; at !== 0 && left > 0; left--) at = k.memory.ptr(at);
    return at;
  }),
  seq_hlist_next: kfunc({ v: voidPtr, head: voidPtr, ppos: voidPtr }, voidPtr, (k, { v, head, ppos }) => {
    k.memory.setPtr(ppos, k.memory.ptr(ppos) + 1);
    return v === 1 ? k.memory.ptr(head) : k.memory.ptr(v);
  }),
});
export function openPrivate(k: Kernel, file: Addr, operations: Addr, size: number): Addr {
  const data = k.slab.alloc(size);
  if (data === undefined || seqOpen(k, file, operations) !== 0) return 0;
  k.memory.fill(data, 0, size);
  seqView(k, k.view(FileStruct, file).private_data).private = data;
  return data;
}
