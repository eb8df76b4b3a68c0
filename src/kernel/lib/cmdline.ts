// Arguments of option strings, and numbers in them. Source: lib/cmdline.c.
import { int, type KernelApi, kernelApi, kfunc, pointer, u64, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr, Memory } from '../memory.ts';

const NULL = 0;
const QUOTE = 0x22;
const EQUALS = 0x3d;
/** Where a string lies that ends with a zero: guest memory, say. */
type Bytes = Pick<Memory, 'u8' | 'setU8'>;
/** What the kernel's ctype calls a blank: the no-break space of Latin-1 is one. */
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
export function skipSpaces(memory: Bytes, text: Addr): Addr {
  let at = text;
  while (isSpace(memory.u8(at))) at++;
  return at;
}
/** Splits off the first argument of the string at `args`, in place: zeros end name and value. `val` is NULL without '='. */
export function nextArgument(memory: Bytes, args: Addr): { readonly param: Addr; readonly val: Addr; readonly rest: Addr } {
  const quoted = memory.u8(args) === QUOTE;
  const param = quoted ? args + 1 : args;
  let inQuote = quoted;
  let equals = param;
  let end = param;
  for (; memory.u8(end) !== 0; end++) {
    const byte = memory.u8(end);
    if (isSpace(byte) && !inQuote) break;
    // One at the start belongs to the name.
    if (equals === param && byte === EQUALS) equals = end;
    if (byte === QUOTE) inQuote = !inQuote;
  }
  const more = memory.u8(end) !== 0;
  const dropLastQuote = (): void => {
    if (memory.u8(end - 1) === QUOTE) memory.setU8(end - 1, 0);
  };
  let val = NULL;
  if (equals !== param) {
    memory.setU8(equals, 0);
    val = equals + 1;
    if (memory.u8(val) === QUOTE) {
      val++;
      dropLastQuote();
    }
  }
  if (quoted && end > param) dropLastQuote();
  if (more) memory.setU8(end, 0);
  return { param, val, rest: skipSpaces(memory, more ? end + 1 : end) };
}

/** The integer at the start of `text` as simple_strtol(text, 0) reads it, and how many characters it has. */
function leading(text: string): { value: bigint; length: number } {
  const found = /^-?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text)?.[0] ?? '';
  const negative = found.startsWith('-');
  const digits = negative ? found.slice(1) : found;
  if (digits === '') return { value: 0n, length: 0 };
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return { value: negative ? -value : value, length: found.length };
}
/** 0: no number; 1: the last one; 2: a comma follows and is passed; 3: a range begins. */
function getOption(k: Kernel, str: Addr, pint: Addr): number {
  const at = k.memory.ptr(str);
  if (at === 0) return 0;
  const text = k.memory.cstring(at);
  const { value, length } = leading(text);
  if (pint !== 0) k.memory.setU32(pint, Number(BigInt.asUintN(32, value)));
  if (length === 0) return 0;
  const next = text[length];
  k.memory.setPtr(str, at + length + (next === ',' ? 1 : 0));
  return next === ',' ? 2 : next === '-' ? 3 : 1;
}
const MULTIPLIERS = 'kmgtpe';
export const cmdlineApi: KernelApi = kernelApi('lib/cmdline.c', {
  get_option: kfunc({ str: pointer('char **'), pint: pointer('int *') }, int, (k, { str, pint }) => getOption(k, str, pint)),
  /** Numbers and ranges, comma separated, into ints[1..]; ints[0] is their count. Return: where reading ended. */
  get_options: kfunc({ str: pointer('const char *'), nints: int, ints: pointer('int *') }, voidPtr, (k, { str, nints, ints }) => {
    const text = k.memory.cstring(str);
    const values: number[] = [];
    let at = 0;
    for (;;) {
      const first = leading(text.slice(at));
      if (first.length === 0 || (nints > 0 && values.length >= nints - 1)) break;
      at += first.length;
      values.push(Number(BigInt.asIntN(32, first.value)));
      if (text[at] === '-') {
        const last = leading(text.slice(at + 1));
        at += 1 + last.length;
        for (let value = first.value + 1n; value <= last.value && (nints === 0 || values.length < nints - 1); value++)
          values.push(Number(value));
      }
      if (text[at] !== ',') break;
      at++;
    }
    if (nints > 0) values.forEach((value, n) => k.memory.setU32(ints + (n + 1) * 4, value >>> 0));
    k.memory.setU32(ints, values.length);
    return str + at;
  }),
  /** A number with a suffix K, M, G, T, P or E (powers of 1024). */
  memparse: kfunc({ ptr: voidPtr, retptr: pointer('char **') }, u64, (k, { ptr, retptr }) => {
    const text = k.memory.cstring(ptr);
    const { value, length } = leading(text);
    const power = MULTIPLIERS.indexOf((text[length] ?? ' ').toLowerCase());
    if (retptr !== 0) k.memory.setPtr(retptr, ptr + length + (power >= 0 ? 1 : 0));
    return BigInt.asUintN(64, value << BigInt(10 * (power + 1)));
  }),
});
