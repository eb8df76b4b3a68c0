// Notifier chains: callbacks in the order of their priority. Source: kernel/notifier.c, include/linux/notifier.h.
import { EEXIST, ENOENT } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kernelStruct,
  kernelSymbol,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  ulongAddr,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';

const NotifierBlock = kernelStruct('notifier_block', { notifier_call: voidPtr, next: voidPtr, priority: int });
// Heads of chains: each kind has its own lock before the first pointer.
for (const kind of ['atomic', 'blocking', 'raw', 'srcu']) kernelStruct(`${kind}_notifier_head`, { head: voidPtr });
const NOTIFY_DONE = 0;
const NOTIFY_OK = 1;
const NOTIFY_STOP_MASK = 0x8000;
const NULL = 0;

/** Links the block in before the first of a lower priority. `head` is the address of the first pointer. */
function register(k: Kernel, head: Addr, block: Addr): number {
  const { priority } = k.view(NotifierBlock, block);
  const next = k.layouts.offsetOf('notifier_block', 'next');
  let link = head;
  for (let at = k.memory.ptr(link); at !== NULL; link = at + next, at = k.memory.ptr(link)) {
    if (at === block) return -EEXIST;
    if (priority > k.view(NotifierBlock, at).priority) break;
  }
  k.memory.setPtr(block + next, k.memory.ptr(link));
  k.memory.setPtr(link, block);
  return 0;
}
function unregister(k: Kernel, head: Addr, block: Addr): number {
  const next = k.layouts.offsetOf('notifier_block', 'next');
  let link = head;
  for (let at = k.memory.ptr(link); at !== NULL; link = at + next, at = k.memory.ptr(link)) {
    if (at !== block) continue;
    k.memory.setPtr(link, k.memory.ptr(at + next));
    return 0;
  }
  return -ENOENT;
}
/** `undo`: what those that were called before one stops the chain are told then. Linux: notifier_call_chain_robust(). */
function* call(k: Kernel, head: Addr, value: number, data: Addr, undo?: number): Sleeping<number> {
  let result = NOTIFY_DONE;
  const called: { readonly block: Addr; readonly fn: Addr }[] = [];
  for (let at = k.memory.ptr(head), following = NULL; at !== NULL; at = following) {
    const block = k.view(NotifierBlock, at);
    following = block.next;
    result = yield* k.callInt(block.notifier_call, at, value, data);
    if ((result & NOTIFY_STOP_MASK) !== 0) {
      if (undo !== undefined) for (const { block: earlier, fn } of called) yield* k.callInt(fn, earlier, undo, data);
      break;
    }
    called.push({ block: at, fn: block.notifier_call });
  }
  return result;
}
/** The chains that the kernel itself has: where their heads lie in its data. */
function chainHead(k: Kernel, symbol: string, struct: string): Addr {
  const address = k.description.addressOf(symbol);
  if (address === undefined) throw new Error(`this kernel has no ${symbol}`);
  return address + k.layouts.offsetOf(struct, 'head');
}
const RESTART_CHAIN = ['restart_handler_list', 'atomic_notifier_head'] as const;
const MODULE_CHAIN = [kernelSymbol('module_notify_list'), 'blocking_notifier_head'] as const;
/** Tells the module notifiers of a new state of the module at `module`; `undo`: the state if one objects. Source: kernel/module/main.c. */
export function* notifyModule(k: Kernel, state: number, module: Addr, undo?: number): Sleeping<number> {
  return yield* call(k, chainHead(k, ...MODULE_CHAIN), state, module, undo);
}

/** What a chain's result says as an errno: 0 or negative. Linux: notifier_to_errno(). */
export function notifierError(result: number): number {
  const code = result & ~NOTIFY_STOP_MASK;
  return code > NOTIFY_OK ? NOTIFY_OK - code : 0;
}

const DOUBLE = 'a block that is registered twice gives -EEXIST without the warning';
const n = pointer('struct notifier_block *');
/** The three functions of one kind of chain; its head has the pointer at `head`. */
function chain(kind: string): Readonly<Record<string, KernelSymbol>> {
  const struct = `${kind}_notifier_head`;
  const nh = pointer(`struct ${struct} *`);
  const head = (k: Kernel, address: Addr): Addr => address + k.layouts.offsetOf(struct, 'head');
  return {
    [`${kind}_notifier_chain_register`]: partial(
      DOUBLE,
      kfunc({ nh, n }, int, (k, { nh: list, n: block }) => register(k, head(k, list), block)),
    ),
    [`${kind}_notifier_chain_unregister`]: kfunc({ nh, n }, int, (k, { nh: list, n: block }) => unregister(k, head(k, list), block)),
    [`${kind}_notifier_call_chain`]: blocking({ nh, val: ulongAddr, v: voidPtr }, int, (k, { nh: list, val, v }) =>
      call(k, head(k, list), val, v),
    ),
  };
}
/** register_X_notifier() of a chain of the kernel's own. */
function kernelChain(name: string, symbol: string, struct: string, note?: string): Readonly<Record<string, KernelSymbol>> {
  const add = kfunc({ nb: n }, int, (k, { nb }) => register(k, chainHead(k, symbol, struct), nb));
  return {
    [`register_${name}_notifier`]: partial(note === undefined ? DOUBLE : note, add),
    [`unregister_${name}_notifier`]: kfunc({ nb: n }, int, (k, { nb }) => unregister(k, chainHead(k, symbol, struct), nb)),
  };
}
export const notifierApi: KernelApi = kernelApi('kernel/notifier.c', {
  ...chain('atomic'),
  ...chain('blocking'),
  ...chain('raw'),
  ...chain('srcu'),
  srcu_init_notifier_head: kfunc({ nh: pointer('struct srcu_notifier_head *') }, nothing, (k, { nh }) =>
    k.memory.fill(nh, 0, k.layouts.sizeOf('srcu_notifier_head')),
  ),
  register_restart_handler: partial(
    'the machine never restarts: nobody calls it',
    kfunc({ nb: n }, int, (k, { nb }) => register(k, chainHead(k, ...RESTART_CHAIN), nb)),
  ),
  unregister_restart_handler: kfunc({ nb: n }, int, (k, { nb }) => unregister(k, chainHead(k, ...RESTART_CHAIN), nb)),
  panic_notifier_list: kdata(() => {}),
  ...kernelChain('module', ...MODULE_CHAIN),
  ...kernelChain('reboot', 'reboot_notifier_list', 'blocking_notifier_head', 'the machine never reboots: nobody calls it'),
  ...kernelChain('pm', 'pm_chain_head', 'blocking_notifier_head', 'nothing ever suspends: nobody calls it'),
  ...kernelChain('die', 'die_chain', 'atomic_notifier_head', 'not called yet when a task dies'),
});
