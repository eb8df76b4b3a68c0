// Events to and from programs. A 64-bit program's struct input_event is the kernel's. Source: drivers/input/input-compat.c.
import { EFAULT, EINVAL } from '#abi';
import { int, type KernelApi, type KernelSymbol, kernelApi, kfunc, size_t, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

function copyIn(k: Kernel, to: Addr, from: Addr, size: number): number {
  const bytes = k.user.slice(from, size);
  if (bytes.length < size) return -EFAULT;
  k.memory.write(to, bytes);
  return 0;
}
const event = { buffer: voidPtr, event: voidPtr } as const;
const fromUser: KernelSymbol = kfunc(event, int, (k, { buffer, event: to }) => copyIn(k, to, buffer, k.layouts.sizeOf('input_event')));

export const inputCompatApi: KernelApi = kernelApi('drivers/input/input-compat.c', {
  input_event_from_user: fromUser,
  input_event_to_user: kfunc(event, int, (k, { buffer, event: from }) => {
    const size = k.layouts.sizeOf('input_event');
    const target = k.user.slice(buffer, size);
    if (target.length < size) return -EFAULT;
    target.set(k.memory.read(from, size));
    return 0;
  }),
  input_ff_effect_from_user: kfunc({ buffer: voidPtr, size: size_t, effect: voidPtr }, int, (k, { buffer, size, effect }) =>
    size === k.layouts.sizeOf('ff_effect') ? copyIn(k, effect, buffer, size) : -EINVAL,
  ),
});
