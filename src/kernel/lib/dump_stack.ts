// Source: lib/dump_stack.c.
import { cstring, type KernelApi, kernelApi, kfunc, nothing } from '../api/index.ts';

export const dumpStackApi: KernelApi = kernelApi('lib/dump_stack.c', {
  dump_stack: kfunc({}, nothing, (k) => k.exceptions.dumpStack()),
  dump_stack_lvl: kfunc({ log_lvl: cstring }, nothing, (k) => k.exceptions.dumpStack()),
});
