// Signals to tasks. Source: kernel/signal.c.
import { ESRCH } from '#abi';
import { int, type KernelApi, kernelApi, kfunc, nothing, partial, pointer, ulongAddr, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { Pids } from './pid.ts';

const SIG_IGN = 1;
const task = pointer('struct task_struct *');
const NO_INFO = 'siginfo is not kept';

function send(k: Kernel, address: Addr, signal: number): number {
  const target = k.scheduler.taskAt(address);
  if (target === undefined || target.dead) return -ESRCH;
  if (signal !== 0) k.scheduler.signal(target, signal);
  return 0;
}
export const signalApi: KernelApi = kernelApi('kernel/signal.c', {
  send_sig: kfunc({ sig: int, p: task, priv: int }, int, (k, { sig, p }) => send(k, p, sig)),
  send_sig_info: partial(
    NO_INFO,
    kfunc({ sig: int, info: voidPtr, p: task }, int, (k, { sig, p }) => send(k, p, sig)),
  ),
  kill_pid: kfunc({ pid: pointer('struct pid *'), sig: int, priv: int }, int, (k, { pid, sig }) => {
    const target = k.get(Pids).task(pid);
    return target === undefined ? -ESRCH : send(k, target.addr, sig);
  }),
  /** For usbfs: a request of the task's has ended. */
  kill_pid_usb_asyncio: partial(
    NO_INFO,
    kfunc({ sig: int, errno: int, addr: voidPtr, pid: pointer('struct pid *'), cred: voidPtr }, int, (k, { sig, pid }) => {
      const target = k.get(Pids).task(pid);
      return target === undefined ? -ESRCH : send(k, target.addr, sig);
    }),
  ),
  /** A kernel thread ignores every signal until it asks for it: allow_signal(), disallow_signal(). */
  kernel_sigaction: kfunc({ sig: int, action: ulongAddr }, nothing, (k, { sig, action }) => {
    if (action === SIG_IGN) {
      k.current.allowed.delete(sig);
      k.current.signals.delete(sig);
    } else k.current.allowed.add(sig);
  }),
  flush_signals: kfunc({ t: task }, nothing, (k, { t }) => {
    const target = k.scheduler.taskAt(t);
    if (target !== undefined) k.scheduler.flushSignals(target);
  }),
});
