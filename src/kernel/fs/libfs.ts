// Helpers for small files: buffers, and the attribute files of DEFINE_SIMPLE_ATTRIBUTE. Source: fs/libfs.c.
import { EACCES, EFAULT, EINVAL } from '#abi';
import {
  blocking,
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  ptr,
  type Sleeping,
  size_t,
  ssize_t,
  voidPtr,
} from '../api/index.ts';
import type { VaList } from '../api/valist.ts';
import { kstrto } from '../lib/kstrtox.ts';
import { type Addr, fromLatin1, latin1 } from '../memory.ts';
import { FileStruct, InodeStruct } from './module_file.ts';

const NULL = 0;

/** An open file of DEFINE_SIMPLE_ATTRIBUTE: its functions, and the text that a read began with. */
interface SimpleAttribute {
  readonly get: Addr;
  readonly set: Addr;
  readonly data: Addr;
  readonly format: string;
  text: string;
}
class SimpleAttributes {
  readonly open = new Map<Addr, SimpleAttribute>();
}
const file = ptr(FileStruct);
/** A list of one 64-bit argument. */
const oneArgument = (bits: bigint): VaList => ({
  u64: () => BigInt.asUintN(64, bits),
  s64: () => BigInt.asIntN(64, bits),
  ptr: () => Number(BigInt.asIntN(64, bits)),
  int: () => Number(BigInt.asIntN(32, bits)),
  uint: () => Number(BigInt.asUintN(32, bits)),
});
export function attrRead(): KernelSymbol {
  return blocking(
    { file, buf: voidPtr, len: size_t, ppos: voidPtr },
    ssize_t,
    function* (k, { file: opened, buf, len, ppos }): Sleeping<number> {
      const attribute = k.get(SimpleAttributes).open.get(opened.addr);
      if (attribute === undefined || attribute.get === NULL) return -EACCES;
      const position = k.memory.ptr(ppos);
      if (position === 0 || attribute.text === '') {
        const place = k.slab.alloc(8) ?? NULL;
        const error = yield* k.callInt(attribute.get, attribute.data, place);
        const bits = k.memory.u64(place);
        k.slab.free(place);
        if (error !== 0) return error;
        attribute.text = k.formatter.format(attribute.format, oneArgument(bits));
      }
      const part = fromLatin1(attribute.text.slice(position, position + len));
      k.user.slice(buf, part.length).set(part);
      k.memory.setPtr(ppos, position + part.length);
      return part.length;
    },
  );
}
export function attrWrite(signed: boolean): KernelSymbol {
  return blocking({ file, buf: voidPtr, len: size_t, ppos: voidPtr }, ssize_t, function* (k, { file: opened, buf, len }): Sleeping<number> {
    const attribute = k.get(SimpleAttributes).open.get(opened.addr);
    if (attribute === undefined || attribute.set === NULL) return -EACCES;
    const BUFFER = 24;
    const parsed = kstrto(latin1(k.user.slice(buf, Math.min(BUFFER - 1, len))), 64, signed);
    if (typeof parsed === 'number') return parsed;
    const error = yield* k.callInt(attribute.set, attribute.data, BigInt.asUintN(64, parsed));
    return error === 0 ? len : error;
  });
}
export const libfsApi: KernelApi = kernelApi('fs/libfs.c', {
  /** From kernel memory to kernel memory, as a file's read. Return: bytes. */
  memory_read_from_buffer: kfunc(
    { to: voidPtr, count: size_t, ppos: voidPtr, from: voidPtr, available: size_t },
    ssize_t,
    (k, { to, count, ppos, from, available }) => {
      const at = k.memory.ptr(ppos);
      if (at < 0) return -EINVAL;
      const bytes = Math.min(count, Math.max(0, available - at));
      k.memory.copy(to, from + at, bytes);
      k.memory.setPtr(ppos, at + bytes);
      return bytes;
    },
  ),
  simple_read_from_buffer: kfunc(
    { to: voidPtr, count: size_t, ppos: voidPtr, from: voidPtr, available: size_t },
    ssize_t,
    (k, { to, count, ppos, from, available }) => {
      const position = k.memory.ptr(ppos);
      if (position < 0) return -EINVAL;
      if (position >= available || count === 0) return 0;
      const bytes = k.memory.read(from + position, Math.min(count, available - position));
      const target = k.user.slice(to, bytes.length);
      if (target.length === 0) return -EFAULT;
      target.set(bytes.subarray(0, target.length));
      k.memory.setPtr(ppos, position + target.length);
      return target.length;
    },
  ),
  simple_write_to_buffer: kfunc(
    { to: voidPtr, available: size_t, ppos: voidPtr, from: voidPtr, count: size_t },
    ssize_t,
    (k, { to, available, ppos, from, count }) => {
      const position = k.memory.ptr(ppos);
      if (position < 0) return -EINVAL;
      if (position >= available || count === 0) return 0;
      const bytes = k.user.slice(from, Math.min(count, available - position));
      if (bytes.length === 0) return -EFAULT;
      k.memory.write(to + position, bytes);
      k.memory.setPtr(ppos, position + bytes.length);
      return bytes.length;
    },
  ),
  simple_open: kfunc({ inode: ptr(InodeStruct), file }, int, (_, { inode, file: opened }) => {
    if (inode.i_private !== NULL) opened.private_data = inode.i_private;
    return 0;
  }),
  simple_attr_open: kfunc({ inode: ptr(InodeStruct), file, get: voidPtr, set: voidPtr, fmt: cstring }, int, (k, values) => {
    const { inode, file: opened, get, set, fmt: format } = values;
    k.get(SimpleAttributes).open.set(opened.addr, { get, set, data: inode.i_private, format, text: '' });
    return 0;
  }),
  simple_attr_release: kfunc({ inode: voidPtr, file }, int, (k, { file: opened }) => {
    k.get(SimpleAttributes).open.delete(opened.addr);
    return 0;
  }),
  simple_attr_read: attrRead(),
  simple_attr_write: attrWrite(false),
  simple_attr_write_signed: attrWrite(true),
});
