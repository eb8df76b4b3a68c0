// Rate limits of messages. Source: lib/ratelimit.c, kernel/printk/printk.c. The state stands in guest memory.
import {
  bool,
  cstring,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  pointer,
  ptr,
  type StructView,
  uint,
  ulong,
} from '../api/index.ts';
import { KernelVariables } from '../builtin.ts';
import type { Kernel } from '../kernel.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { HZ, jiffiesNow } from '../time/jiffies.ts';

const RatelimitState = kernelStruct('ratelimit_state', {
  interval: int,
  burst: int,
  printed: int,
  missed: int,
  begin: ulong,
  flags: ulong,
});
type State = StructView<typeof RatelimitState.fields>;
const RATELIMIT_MSG_ON_RELEASE = 1n;
const DEFAULT_INTERVAL = 5 * HZ;
const DEFAULT_BURST = 10;

/** Whether one more message may go out; at a new interval it says how many did not. */
function ratelimit(k: Kernel, state: State, func: string): number {
  if (state.interval === 0) return 1;
  const now = jiffiesNow(k);
  if (state.begin === 0n) state.begin = now;
  if (BigInt.asIntN(64, state.begin + BigInt(state.interval) - now) < 0n) {
    if (state.missed !== 0 && (state.flags & RATELIMIT_MSG_ON_RELEASE) === 0n) {
      k.log.print('warning', `${func}: ${state.missed} callbacks suppressed`);
      state.missed = 0;
    }
    state.begin = now;
    state.printed = 0;
  }
  if (state.burst > state.printed) {
    state.printed += 1;
    return 1;
  }
  state.missed += 1;
  return 0;
}
/** A message of the kernel's own with the default limit: DEFINE_RATELIMIT_STATE. */
export class Ratelimit {
  readonly #k: Kernel;
  readonly #func: string;
  readonly #state: State;
  /** `func`: the function whose suppressed messages are counted in the log. */
  constructor(k: Kernel, func: string) {
    this.#k = k;
    this.#func = func;
    const address = kzalloc(k, k.layouts.sizeOf('ratelimit_state'));
    this.#state = k.view(RatelimitState, address);
    this.#state.interval = DEFAULT_INTERVAL;
    this.#state.burst = DEFAULT_BURST;
  }
  allows(): boolean {
    return ratelimit(this.#k, this.#state, this.#func) !== 0;
  }
}
export const ratelimitApi: KernelApi = kernelApi('lib/ratelimit.c', {
  ___ratelimit: kfunc({ rs: ptr(RatelimitState), func: cstring }, int, (k, { rs, func }) => ratelimit(k, rs, func)),
  /** A variable of the image, which /proc/sys/kernel/printk_ratelimit{,_burst} show and set. */
  printk_ratelimit_state: kdata((k, address) => {
    k.get(KernelVariables);
    if (k.description.builtin.sysctls.has('kernel/printk_ratelimit')) return;
    const state = k.view(RatelimitState, address);
    state.interval = DEFAULT_INTERVAL;
    state.burst = DEFAULT_BURST;
  }),
  __printk_ratelimit: kfunc({ func: cstring }, int, (k, { func }) =>
    ratelimit(k, k.view(RatelimitState, k.symbols.require('printk_ratelimit_state')), func),
  ),
  printk_timed_ratelimit: kfunc(
    { caller_jiffies: pointer('long unsigned int *'), interval_msecs: uint },
    bool,
    (k, { caller_jiffies, interval_msecs }) => {
      const now = jiffiesNow(k);
      const last = k.memory.u64(caller_jiffies);
      const elapsed = now - last;
      if (last !== 0n && elapsed <= BigInt(Math.ceil((interval_msecs * HZ) / 1000))) return false;
      k.memory.setU64(caller_jiffies, now);
      return true;
    },
  ),
});
