// Questions to security modules: none is loaded. Source: security/security.c.
import { int, type KernelApi, kernelApi, kfunc, uint } from '../api/index.ts';

export const securityApi: KernelApi = kernelApi('security/security.c', {
  /** The kernel is not locked down. */
  security_locked_down: kfunc({ what: uint }, int, () => 0),
});
