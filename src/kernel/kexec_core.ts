// Another kernel that stands ready: there is none. Source: kernel/kexec_core.c.
import { int, type KernelApi, kernelApi, kfunc } from './api/index.ts';

export const kexecApi: KernelApi = kernelApi('kernel/kexec_core.c', {
  kexec_crash_loaded: kfunc({}, int, () => 0),
});
