// Numbers and switches from text. Source: lib/kstrtox.c.
import { EFAULT, EINVAL, ERANGE } from '#abi';
import { cstring, int, type KernelApi, type KernelSymbol, kernelApi, kfunc, size_t, u64, uint, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, latin1 } from '../memory.ts';

const MOST = 2n ** 64n - 1n;
const DIGITS = '0123456789abcdef';

/**
 * The integer that all of `text` is, but for one newline at its end; the base 0 reads 0x and 0 prefixes.
 * @returns the value, or -errno as a number: EINVAL, or ERANGE when it does not fit in `bits` bits. Too many digits count
 *   before what follows them: 2^64 and garbage is out of range.
 */
export function kstrto(text: string, bits: number, signed: boolean, base = 0): bigint | number {
  const negative = signed && text.startsWith('-');
  const unprefixed = negative || text.startsWith('+') ? text.slice(1) : text;
  const radix = base !== 0 ? base : /^0x[0-9a-f]/i.test(unprefixed) ? 16 : unprefixed.startsWith('0') ? 8 : 10;
  const body = radix === 16 && /^0x/i.test(unprefixed) ? unprefixed.slice(2) : unprefixed;
  let magnitude = 0n;
  let length = 0;
  for (; length < body.length; length++) {
    const digit = DIGITS.indexOf((body[length] as string).toLowerCase());
    if (digit < 0 || digit >= radix) break;
    magnitude = magnitude * BigInt(radix) + BigInt(digit);
  }
  if (magnitude > MOST) return -ERANGE;
  if (length === 0 || !/^\n?$/.test(body.slice(length))) return -EINVAL;
  const value = negative ? -magnitude : magnitude;
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value ? value : -ERANGE;
}
/** kstrtobool: y Y t T 1 on, n N f F 0 off, o followed by n or f; what follows does not count. */
export function parseBool(text: string): boolean | undefined {
  if (/^[yYtT1]/.test(text) || /^[oO][nN]/.test(text)) return true;
  return /^[nNfF0]/.test(text) || /^[oO][fF]/.test(text) ? false : undefined;
}
/** Stores the low bytes of an integer. */
export function storeInteger(k: Kernel, to: Addr, value: bigint, bytes: number): void {
  k.memory.write(to, new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer, 0, bytes));
}

const res = voidPtr;
const s = cstring;
/** kstrto*(): the value fits in `bits` bits or is -ERANGE. The base 0 reads 0x and 0 prefixes. */
const integer = (bits: number, signed: boolean): KernelSymbol =>
  kfunc({ s, base: uint, res }, int, (k, { s: text, base, res: to }) => convert(k, text, base, to, bits, signed));
function convert(k: Kernel, text: string, base: number, to: Addr, bits: number, signed: boolean): number {
  const value = kstrto(text, bits, signed, base);
  if (typeof value === 'number') return value;
  storeInteger(k, to, value, bits / 8);
  return 0;
}

export const kstrtoxApi: KernelApi = kernelApi('lib/kstrtox.c', {
  kstrtoint: integer(32, true),
  kstrtouint: integer(32, false),
  kstrtoll: integer(64, true),
  kstrtoull: integer(64, false),
  kstrtou8: integer(8, false),
  kstrtos8: integer(8, true),
  kstrtou16: integer(16, false),
  kstrtos16: integer(16, true),
  kstrtobool: kfunc({ s, res }, int, (k, { s: text, res: to }) => {
    const value = parseBool(text);
    if (value === undefined) return -EINVAL;
    k.memory.setU8(to, value ? 1 : 0);
    return 0;
  }),
});

/** The text of a user's buffer: at most 32 bytes count, as numbers need no more. Undefined when it cannot be read. */
function userText(k: Kernel, from: Addr, count: number): string | undefined {
  const LONGEST = 65;
  const wanted = Math.min(count, LONGEST);
  const bytes = k.user.slice(from, wanted);
  return bytes.length < wanted ? undefined : latin1(bytes).replace(/\0.*$/s, '');
}
const fromUser = (bits: number, signed: boolean): KernelSymbol =>
  kfunc({ s: voidPtr, count: size_t, base: uint, res }, int, (k, { s: from, count, base, res: to }) => {
    const text = userText(k, from, count);
    return text === undefined ? -EFAULT : convert(k, text, base, to, bits, signed);
  });
/** simple_strto*(): as much as there is; where it ended goes to *endp. */
const simple = (signed: boolean): KernelSymbol =>
  kfunc({ cp: voidPtr, endp: voidPtr, base: uint }, u64, (k, { cp, endp, base }) => {
    const digits = base === 16 ? '[0-9a-f]+' : base === 8 ? '[0-7]+' : base === 10 ? '[0-9]+' : '(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)';
    const text = k.memory.cstring(cp);
    const match = new RegExp(`^${signed ? '-?' : ''}(?:${base === 16 ? '0x(?=[0-9a-f])' : ''})?${digits}`, 'i').exec(text)?.[0] ?? '';
    if (endp !== 0) k.memory.setPtr(endp, cp + match.length);
    const bare = match.replace(/^-/, '').replace(/^0x/i, '');
    const radix = base !== 0 ? base : /^-?0x/i.test(match) ? 16 : /^-?0./.test(match) ? 8 : 10;
    let value = 0n;
    for (const digit of bare) value = value * BigInt(radix) + BigInt(Number.parseInt(digit, 16));
    return BigInt.asUintN(64, match.startsWith('-') ? -value : value);
  });
export const kstrtoxMoreApi: KernelApi = kernelApi('lib/kstrtox.c, from user memory', {
  kstrtoint_from_user: fromUser(32, true),
  kstrtouint_from_user: fromUser(32, false),
  kstrtol_from_user: fromUser(64, true),
  kstrtoul_from_user: fromUser(64, false),
  kstrtoll_from_user: fromUser(64, true),
  kstrtoull_from_user: fromUser(64, false),
  kstrtou8_from_user: fromUser(8, false),
  kstrtos8_from_user: fromUser(8, true),
  kstrtou16_from_user: fromUser(16, false),
  kstrtos16_from_user: fromUser(16, true),
  kstrtobool_from_user: kfunc({ s: voidPtr, count: size_t, res }, int, (k, { s: from, count, res: to }) => {
    const text = userText(k, from, Math.min(count, 3));
    const value = text === undefined ? undefined : parseBool(text);
    if (text === undefined) return -EFAULT;
    if (value === undefined) return -EINVAL;
    k.memory.setU8(to, value ? 1 : 0);
    return 0;
  }),
  simple_strtoul: simple(false),
  simple_strtoull: simple(false),
  simple_strtol: simple(true),
  simple_strtoll: simple(true),
});
