// Character sets by name. Source: fs/nls/nls_base.c.
import { EBUSY, EINVAL } from '#abi';
import { int, type KernelApi, kernelApi, kfunc, pointer, voidPtr } from '../../api/index.ts';
import type { Addr } from '../../memory.ts';

class NlsTables {
  readonly registered = new Set<Addr>();
}
const nls = pointer('struct nls_table *');

export const nlsApi: KernelApi = kernelApi('fs/nls/nls_base.c', {
  __register_nls: kfunc({ nls, owner: voidPtr }, int, (k, { nls: table }) => {
    const { registered } = k.get(NlsTables);
    if (registered.has(table)) return -EBUSY;
    registered.add(table);
    return 0;
  }),
  unregister_nls: kfunc({ nls }, int, (k, { nls: table }) => (k.get(NlsTables).registered.delete(table) ? 0 : -EINVAL)),
});
