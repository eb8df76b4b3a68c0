// Checks that modules call, and numbers from text. Source: lib/list_debug.c, kernel/panic.c, lib/kstrtox.c.
import { EFAULT, EINVAL, ERANGE } from '#abi';
import {
  bool,
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  nothing,
  size_t,
  u64,
  uint,
  variadic,
  voidPtr,
} from '../api/index.ts';
import { RSP } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, hex64, latin1 } from '../memory.ts';
import { panic } from '../panic.ts';
import { parseBool, parseInteger } from '../params.ts';
import { returnText } from '../symbolize.ts';

// include/linux/poison.h with CONFIG_ILLEGAL_POINTER_VALUE of x86-64, as signed numbers.
const LIST_POISON1: Addr = Number(BigInt.asIntN(64, 0xdead000000000100n));
const LIST_POISON2: Addr = Number(BigInt.asIntN(64, 0xdead000000000122n));

/** CONFIG_BUG_ON_DATA_CORRUPTION: says what is wrong, then BUG(). */
function corrupt(k: Kernel, text: string, line: number): never {
  k.log.print('err', text);
  return k.exceptions.bug('lib/list_debug.c', line);
}
const next = (k: Kernel, entry: Addr): Addr => k.memory.ptr(entry);
const prev = (k: Kernel, entry: Addr): Addr => k.memory.ptr(entry + 8);

export const listDebugApi: KernelApi = kernelApi('lib/list_debug.c', {
  __list_add_valid: kfunc({ new: voidPtr, prev: voidPtr, next: voidPtr }, bool, (k, { new: entry, prev: before, next: after }) => {
    if (before === 0) corrupt(k, 'list_add corruption. prev is NULL.', 23);
    if (after === 0) corrupt(k, 'list_add corruption. next is NULL.', 25);
    const [back, forth] = [prev(k, after), next(k, before)].map(hex64);
    if (prev(k, after) !== before)
      corrupt(k, `list_add corruption. next->prev should be prev (${hex64(before)}), but was ${back}. (next=${hex64(after)}).`, 27);
    if (next(k, before) !== after)
      corrupt(k, `list_add corruption. prev->next should be next (${hex64(after)}), but was ${forth}. (prev=${hex64(before)}).`, 30);
    if (entry === before || entry === after)
      corrupt(k, `list_add double add: new=${hex64(entry)}, prev=${hex64(before)}, next=${hex64(after)}.`, 33);
    return true;
  }),
  __list_del_entry_valid: kfunc({ entry: voidPtr }, bool, (k, { entry }) => {
    const before = prev(k, entry);
    const after = next(k, entry);
    const name = hex64(entry);
    if (after === 0) corrupt(k, `list_del corruption, ${name}->next is NULL`, 49);
    if (before === 0) corrupt(k, `list_del corruption, ${name}->prev is NULL`, 51);
    if (after === LIST_POISON1) corrupt(k, `list_del corruption, ${name}->next is LIST_POISON1 (dead000000000100)`, 53);
    if (before === LIST_POISON2) corrupt(k, `list_del corruption, ${name}->prev is LIST_POISON2 (dead000000000122)`, 56);
    if (next(k, before) !== entry)
      corrupt(k, `list_del corruption. prev->next should be ${name}, but was ${hex64(next(k, before))}. (prev=${hex64(before)})`, 59);
    if (prev(k, after) !== entry)
      corrupt(k, `list_del corruption. next->prev should be ${name}, but was ${hex64(prev(k, after))}. (next=${hex64(after)})`, 62);
    return true;
  }),
});

const res = voidPtr;
const s = cstring;
/** kstrto*(): the value fits in `bits` bits or is -ERANGE. The base 0 reads 0x and 0 prefixes. */
const integer = (bits: number, signed: boolean): KernelSymbol =>
  kfunc({ s, base: uint, res }, int, (k, { s: text, base, res: to }) => storeInteger(k, text, base, to, bits, signed));
function storeInteger(k: Kernel, text: string, base: number, to: Addr, bits: number, signed: boolean): number {
  const value = parseInteger(text, signed, base);
  if (value === undefined) return -EINVAL;
  if ((signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value) return -ERANGE;
  k.memory.write(to, new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer, 0, bits / 8));
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
    return text === undefined ? -EFAULT : storeInteger(k, text, base, to, bits, signed);
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

export const panicApi: KernelApi = kernelApi('kernel/panic.c', {
  dump_stack: kfunc({}, nothing, (k) => k.exceptions.dumpStack()),
  __stack_chk_fail: kfunc({}, nothing, (k) =>
    // The caller's return address is all that can be trusted.
    panic(k, `stack-protector: Kernel stack is corrupted in: ${returnText(k, k.memory.ptr(k.registers.addr(RSP)))}`, '__stack_chk_fail'),
  ),
  /** The text of a WARN(): the trap behind it reports the rest. */
  panic: variadic({ fmt: cstring }, nothing, (k, { fmt, va }) => panic(k, k.formatter.format(fmt, va).replace(/\n$/, ''))),
  add_taint: kfunc({ flag: uint, lockdep_ok: uint }, nothing, (k, { flag, lockdep_ok }) => k.taint.add(flag, lockdep_ok !== 0)),
  test_taint: kfunc({ flag: uint }, int, (k, { flag }) => (k.taint.has(flag) ? 1 : 0)),
  __warn_printk: variadic({ fmt: cstring }, nothing, (k, { fmt, va }) => {
    k.log.print('warning', '------------[ cut here ]------------');
    k.log.vprintk(k.formatter.format(fmt, va));
  }),
});
