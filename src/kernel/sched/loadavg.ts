// Source: kernel/sched/loadavg.c.
import { type KernelApi, kdata, kernelApi, partial } from '../api/index.ts';

export const loadavgApi: KernelApi = kernelApi('kernel/sched/loadavg.c', {
  avenrun: partial(
    'the load is always 0',
    kdata(() => {}),
  ),
});
