// Checks that modules call. Source: lib/list_debug.c, kernel/panic.c.
import { bool, cstring, int, type KernelApi, kernelApi, kfunc, nothing, uint, variadic, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, hex64 } from '../memory.ts';

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
    if (after === LIST_POISON1) corrupt(k, `list_del corruption, ${name}->next is LIST_POISON1 (${hex64(LIST_POISON1)})`, 53);
    if (before === LIST_POISON2) corrupt(k, `list_del corruption, ${name}->prev is LIST_POISON2 (${hex64(LIST_POISON2)})`, 56);
    if (next(k, before) !== entry)
      corrupt(k, `list_del corruption. prev->next should be ${name}, but was ${hex64(next(k, before))}. (prev=${hex64(before)})`, 59);
    if (prev(k, after) !== entry)
      corrupt(k, `list_del corruption. next->prev should be ${name}, but was ${hex64(prev(k, after))}. (next=${hex64(after)})`, 62);
    return true;
  }),
});

export const panicApi: KernelApi = kernelApi('kernel/panic.c', {
  dump_stack: kfunc({}, nothing, (k) => k.exceptions.dumpStack()),
  __stack_chk_fail: kfunc({}, nothing, (k) => k.exceptions.panic('stack-protector: Kernel stack is corrupted in: module code')),
  /** The text of a WARN(): the trap behind it reports the rest. */
  panic: variadic({ fmt: cstring }, nothing, (k, { fmt, va }) => k.exceptions.panic(k.formatter.format(fmt, va).replace(/\n$/, ''))),
  add_taint: kfunc({ flag: uint, lockdep_ok: uint }, nothing, (k, { flag, lockdep_ok }) => k.taint.add(flag, lockdep_ok !== 0)),
  test_taint: kfunc({ flag: uint }, int, (k, { flag }) => (k.taint.has(flag) ? 1 : 0)),
  __warn_printk: variadic({ fmt: cstring }, nothing, (k, { fmt, va }) => {
    k.log.print('warning', '------------[ cut here ]------------');
    k.log.vprintk(k.formatter.format(fmt, va));
  }),
});
