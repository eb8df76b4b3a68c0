// Every table of kernel functions. One line a Linux source file.
import type { KernelApi } from './api/index.ts';
import { entryApi } from './arch/x86/entry.ts';
import { usercopyApi } from './arch/x86/lib/usercopy.ts';
import { initTaskApi } from './sched/init_task.ts';
import { stringApi } from './lib/string.ts';
import { vsprintfApi } from './lib/vsprintf.ts';
import { mmUtilApi, slabCommonApi, vmallocApi } from './mm/slab_common.ts';
import { paramsApi } from './params.ts';
import { printkApi } from './printk/printk.ts';

export const kernelTables: readonly KernelApi[] = [
  entryApi,
  initTaskApi,
  mmUtilApi,
  paramsApi,
  printkApi,
  slabCommonApi,
  stringApi,
  usercopyApi,
  vmallocApi,
  vsprintfApi,
];
