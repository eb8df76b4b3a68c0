// Whether virtio devices need special access to memory: they do not. Source: drivers/virtio/virtio_anchor.c, arch/x86/xen.
import { bool, type KernelApi, kdata, kernelApi, kfunc, voidPtr } from '../../api/index.ts';

export const virtioAnchorApi: KernelApi = kernelApi('drivers/virtio/virtio_anchor.c', {
  virtio_check_mem_acc_cb: kdata((k, address) => k.memory.setPtr(address, k.symbols.require('virtio_no_restricted_mem_acc'))),
  virtio_no_restricted_mem_acc: kfunc({ dev: voidPtr }, bool, () => false),
  /** XEN_NATIVE: this is no Xen domain. */
  xen_domain_type: kdata(() => {}),
});
