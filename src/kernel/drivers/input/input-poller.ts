// Devices without interrupts: asked in an interval, as long as somebody has them open. Source: drivers/input/input-poller.c.
import { EINVAL, ENOMEM } from '#abi';
import {
  blocking,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../../api/index.ts';
import { plainText, type TreeDirectory } from '../../fs/node.ts';
import { sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { kstrto } from '../../lib/kstrtox.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { HZ } from '../../time/jiffies.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { type InputView, inputDev } from './device.ts';

const Poller = kernelStruct('input_dev_poller', {
  poll: fnPtr,
  poll_interval: uint,
  poll_interval_max: uint,
  poll_interval_min: uint,
  input: voidPtr,
  work: embedded,
});
const Work = kernelStruct('delayed_work', { 'work.data': voidPtr, 'work.entry': embedded, 'work.func': voidPtr });
const NULL = 0;
const DEFAULT_INTERVAL = 500;

const pollerOf = (k: Kernel, dev: InputView) => (dev.poller === NULL ? undefined : k.view(Poller, dev.poller));

/** Linux: input_dev_poller_finalize(). */
export function pollerDefaults(k: Kernel, dev: InputView): void {
  const poller = pollerOf(k, dev);
  if (poller === undefined) return;
  if (poller.poll_interval === 0) poller.poll_interval = DEFAULT_INTERVAL;
  if (poller.poll_interval_max === 0) poller.poll_interval_max = poller.poll_interval;
}
function* queue(k: Kernel, poller: Addr): Sleeping<void> {
  const view = k.view(Poller, poller);
  const jiffies = Math.ceil((view.poll_interval * HZ) / 1000);
  const delay = jiffies >= HZ ? yield* k.call(k.symbols.require('round_jiffies_relative'), jiffies) : jiffies;
  const wq = k.memory.ptr(k.symbols.require('system_freezable_wq'));
  yield* k.call(k.symbols.require('queue_delayed_work_on'), 0, wq, view.work, delay);
}
export function* startPolling(k: Kernel, dev: InputView): Sleeping<void> {
  const poller = pollerOf(k, dev);
  if (poller === undefined || poller.poll_interval === 0) return;
  yield* k.call(poller.poll, dev.addr);
  yield* queue(k, dev.poller);
}
export function* stopPolling(k: Kernel, dev: InputView): Sleeping<void> {
  const poller = pollerOf(k, dev);
  if (poller !== undefined) yield* k.call(k.symbols.require('cancel_delayed_work_sync'), poller.work);
}
/** poll, max and min: only a device with a poller has them. */
export function pollerFiles(k: Kernel, dev: InputView, directory: TreeDirectory): void {
  const poller = pollerOf(k, dev);
  if (poller === undefined) return;
  directory.put(
    'poll',
    sysfsText(0o644, {
      ...plainText(() => `${poller.poll_interval}\n`),
      *write(text) {
        const value = Number(kstrto(text, 32, false));
        if (value < 0 || value < poller.poll_interval_min || value > poller.poll_interval_max) return -EINVAL;
        poller.poll_interval = value;
        if (dev.users > 0) {
          yield* stopPolling(k, dev);
          if (value > 0) yield* queue(k, dev.poller);
        }
        return text.length;
      },
    }),
  );
  directory.put(
    'max',
    sysfsText(
      0o444,
      plainText(() => `${poller.poll_interval_max}\n`),
    ),
  );
  directory.put(
    'min',
    sysfsText(
      0o444,
      plainText(() => `${poller.poll_interval_min}\n`),
    ),
  );
}
const dev = pointer('struct input_dev *');
/** Sets a time of the poller that must be there. */
const setter = (field: 'poll_interval' | 'poll_interval_min' | 'poll_interval_max'): KernelSymbol =>
  kfunc({ dev, interval: uint }, nothing, (k, { dev: address, interval }) => {
    const input = inputDev(k, address);
    const poller = pollerOf(k, input);
    if (poller === undefined) devPrintk(k, LOGLEVEL.err, input.dev, 'poller structure has not been set up\n');
    else poller[field] = interval;
  });

export const inputPollerApi: KernelApi = kernelApi('drivers/input/input-poller.c', {
  input_setup_polling: kfunc({ dev, poll_fn: voidPtr }, int, (k, { dev: address, poll_fn }) => {
    const input = inputDev(k, address);
    const poller = kzalloc(k, k.layouts.sizeOf('input_dev_poller'));
    if (poller === NULL) {
      devPrintk(k, LOGLEVEL.err, input.dev, 'input_setup_polling: unable to allocate poller structure\n');
      return -ENOMEM;
    }
    const view = k.view(Poller, poller);
    const work = k.view(Work, view.work);
    k.memory.setPtr(work['work.entry'], work['work.entry']);
    k.memory.setPtr(work['work.entry'] + 8, work['work.entry']);
    work['work.func'] = k.symbols.require('input_dev_poller_work');
    view.input = address;
    view.poll = poll_fn;
    input.poller = poller;
    return 0;
  }),
  input_set_poll_interval: setter('poll_interval'),
  input_set_min_poll_interval: setter('poll_interval_min'),
  input_set_max_poll_interval: setter('poll_interval_max'),
  input_get_poll_interval: kfunc({ dev }, int, (k, { dev: address }) => pollerOf(k, inputDev(k, address))?.poll_interval ?? -EINVAL),
  input_dev_poller_work: blocking({ work: pointer('struct work_struct *') }, nothing, function* (k, { work }) {
    const poller = work - k.layouts.offsetOf('input_dev_poller', 'work');
    const view = k.view(Poller, poller);
    yield* k.call(view.poll, view.input);
    yield* queue(k, poller);
  }),
});
