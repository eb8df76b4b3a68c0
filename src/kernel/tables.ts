// Every table of kernel functions. One line a Linux source file.
import type { KernelApi } from './api/index.ts';
import { entryApi } from './arch/x86/entry.ts';
import { usercopyApi } from './arch/x86/lib/usercopy.ts';
import { classApi, deviceApi } from './drivers/base/class.ts';
import { charDevApi, miscApi } from './fs/char_dev.ts';
import { nlsApi } from './fs/nls/nls_base.ts';
import { libfsApi, procGenericApi, readWriteApi } from './fs/proc_generic.ts';
import { seqFileApi } from './fs/seq_file.ts';
import { kthreadApi, moduleApi, preemptApi, schedCoreApi } from './kthread.ts';
import { kstrtoxApi, listDebugApi, panicApi, stringHelpersApi } from './lib/debug.ts';
import { stringApi } from './lib/string.ts';
import { vsprintfApi } from './lib/vsprintf.ts';
import { mutexApi } from './locking/mutex.ts';
import { spinlockApi } from './locking/spinlock.ts';
import { mmUtilApi, slabCommonApi, vmallocApi } from './mm/slab_common.ts';
import { paramsApi } from './params.ts';
import { printkApi } from './printk/printk.ts';
import { initTaskApi } from './sched/init_task.ts';
import { completionApi, waitApi } from './sched/wait.ts';
import { delayApi, timeApi, timekeepingApi, timerApi } from './time/jiffies.ts';
import { workqueueApi } from './workqueue.ts';

export const kernelTables: readonly KernelApi[] = [
  charDevApi,
  classApi,
  completionApi,
  delayApi,
  deviceApi,
  entryApi,
  initTaskApi,
  kstrtoxApi,
  kthreadApi,
  libfsApi,
  listDebugApi,
  miscApi,
  mmUtilApi,
  moduleApi,
  mutexApi,
  nlsApi,
  panicApi,
  preemptApi,
  paramsApi,
  printkApi,
  procGenericApi,
  readWriteApi,
  schedCoreApi,
  seqFileApi,
  slabCommonApi,
  spinlockApi,
  stringApi,
  stringHelpersApi,
  timeApi,
  timekeepingApi,
  timerApi,
  usercopyApi,
  vmallocApi,
  vsprintfApi,
  waitApi,
  workqueueApi,
];
