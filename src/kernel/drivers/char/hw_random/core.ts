// Sources of randomness that drivers have. Source: drivers/char/hw_random/core.c.
import { EEXIST, EINVAL } from '#abi';
import { fnPtr, int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, partial, voidPtr } from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';
import { Devres } from '../../base/devres.ts';

const Hwrng = kernelStruct('hwrng', { name: voidPtr, data_read: fnPtr, read: fnPtr });
const NULL = 0;
const UNREAD = 'nobody reads them: /dev/hwrng has no source';

class Sources extends Set<Addr> {
  constructor(_k: Kernel) {
    super();
  }
}
function register(k: Kernel, rng: Addr): number {
  const { name, data_read, read } = k.view(Hwrng, rng);
  if (name === NULL || (data_read === NULL && read === NULL)) return -EINVAL;
  const text = k.memory.cstring(name);
  if ([...k.get(Sources)].some((other) => k.memory.cstring(k.view(Hwrng, other).name) === text)) return -EEXIST;
  k.get(Sources).add(rng);
  return 0;
}
export const hwRandomApi: KernelApi = kernelApi('drivers/char/hw_random/core.c', {
  hwrng_register: partial(
    UNREAD,
    kfunc({ rng: voidPtr }, int, (k, { rng }) => register(k, rng)),
  ),
  devm_hwrng_register: partial(
    UNREAD,
    kfunc({ dev: voidPtr, rng: voidPtr }, int, (k, { dev, rng }) => {
      const error = register(k, rng);
      if (error === 0) k.get(Devres).addUndo(dev, rng, () => void k.get(Sources).delete(rng));
      return error;
    }),
  ),
  hwrng_unregister: kfunc({ rng: voidPtr }, nothing, (k, { rng }) => {
    k.get(Sources).delete(rng);
  }),
});
