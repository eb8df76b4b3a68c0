// Source: init/init_task.c, arch/x86/kernel/cpu/common.c.
import { embedded, imageData, type KernelApi, kdata, kernelApi, kernelStruct } from '../api/index.ts';
import { NsProxy } from './scheduler.ts';

export const NODENAME = 'kobox';
const UtsNamespace = kernelStruct('uts_namespace', { 'name.nodename': embedded });

export const initTaskApi: KernelApi = kernelApi('init/init_task.c', {
  /** The idle task; the scheduler fills it in. */
  init_task: kdata(() => {}),
  /** utsname() of every task; the image's host name is '(none)'. */
  init_uts_ns: imageData,
  init_pid_ns: imageData,
  init_nsproxy: kdata((k, address) => {
    const proxy = k.view(NsProxy, address);
    proxy.uts_ns = k.symbols.require('init_uts_ns');
    proxy.pid_ns_for_children = k.symbols.require('init_pid_ns');
    k.memory.setCstring(k.view(UtsNamespace, proxy.uts_ns)['name.nodename'], NODENAME);
  }),
  /** Per-CPU: their values are offsets in the per-CPU area, which the scheduler and Percpu keep. */
  current_task: kdata(() => {}),
  __preempt_count: kdata(() => {}),
  this_cpu_off: kdata(() => {}),
  cpu_number: kdata(() => {}),
});
