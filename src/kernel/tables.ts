// Every table of kernel functions. One line a Linux source file.
import type { KernelApi } from './api/index.ts';
import { entryApi } from './arch/x86/entry.ts';
import { usercopyApi } from './arch/x86/lib/usercopy.ts';
import { busApi, driverApi } from './drivers/base/bus.ts';
import { classApi } from './drivers/base/class.ts';
import { deviceApi } from './drivers/base/core.ts';
import { devPrintkApi, dynamicDebugApi } from './drivers/base/dev_printk.ts';
import { devresApi } from './drivers/base/devres.ts';
import { platformApi } from './drivers/base/platform.ts';
import { miscApi } from './drivers/char/misc.ts';
import { prandomApi, randomApi, uuidApi } from './drivers/char/random.ts';
import { charDevApi } from './fs/char_dev.ts';
import { debugfsApi } from './fs/debugfs.ts';
import { libfsApi } from './fs/libfs.ts';
import { nlsApi } from './fs/nls/nls_base.ts';
import { procGenericApi, readWriteApi } from './fs/proc_generic.ts';
import { selectApi } from './fs/select.ts';
import { seqFileApi } from './fs/seq_file.ts';
import { sysctlApi } from './fs/sysctl.ts';
import { sysfsApi } from './fs/sysfs/sysfs.ts';
import { irqManageApi } from './irq/manage.ts';
import { kthreadApi, moduleApi, preemptApi, schedCoreApi } from './kthread.ts';
import { bitmapApi, findBitApi } from './lib/bitmap.ts';
import { kstrtoxApi, kstrtoxMoreApi, listDebugApi, panicApi } from './lib/debug.ts';
import { hexdumpApi } from './lib/hexdump.ts';
import { kfifoApi } from './lib/kfifo.ts';
import { kobjectApi } from './lib/kobject.ts';
import { crcApi, ctypeApi, hweightApi, mathApi } from './lib/math.ts';
import { rbtreeApi } from './lib/rbtree.ts';
import { decAndLockApi, refcountApi } from './lib/refcount.ts';
import { listSortApi, sortApi } from './lib/sort.ts';
import { stringApi, stringHelpersApi } from './lib/string.ts';
import { vsprintfApi } from './lib/vsprintf.ts';
import { vsscanfApi } from './lib/vsscanf.ts';
import { idrApi, radixTreeApi, xarrayApi } from './lib/xarray.ts';
import { mutexApi } from './locking/mutex.ts';
import { rwsemApi } from './locking/rwsem.ts';
import { semaphoreApi } from './locking/semaphore.ts';
import { spinlockApi } from './locking/spinlock.ts';
import { maccessApi } from './mm/maccess.ts';
import { addressSpaceApi, pageAllocApi } from './mm/page_alloc.ts';
import { percpuApi } from './mm/percpu.ts';
import { mmUtilApi, slabCommonApi, vmallocApi } from './mm/slab_common.ts';
import { notifierApi } from './notifier.ts';
import { paramsApi } from './params.ts';
import { printkApi } from './printk/printk.ts';
import { rcuApi, srcuApi } from './rcu/tree.ts';
import { resourceApi } from './resource.ts';
import { initTaskApi } from './sched/init_task.ts';
import { completionApi, waitApi } from './sched/wait.ts';
import { softirqApi } from './softirq.ts';
import { hrtimerApi } from './time/hrtimer.ts';
import { delayApi, timeApi, timekeepingApi, timerApi } from './time/jiffies.ts';
import { workqueueApi } from './workqueue.ts';

export const kernelTables: readonly KernelApi[] = [
  addressSpaceApi,
  bitmapApi,
  busApi,
  charDevApi,
  classApi,
  completionApi,
  crcApi,
  ctypeApi,
  debugfsApi,
  decAndLockApi,
  delayApi,
  devPrintkApi,
  deviceApi,
  devresApi,
  driverApi,
  dynamicDebugApi,
  entryApi,
  findBitApi,
  hexdumpApi,
  hrtimerApi,
  hweightApi,
  idrApi,
  initTaskApi,
  irqManageApi,
  kfifoApi,
  kobjectApi,
  kstrtoxApi,
  kstrtoxMoreApi,
  kthreadApi,
  libfsApi,
  listDebugApi,
  listSortApi,
  maccessApi,
  mathApi,
  miscApi,
  mmUtilApi,
  moduleApi,
  mutexApi,
  nlsApi,
  notifierApi,
  pageAllocApi,
  panicApi,
  paramsApi,
  percpuApi,
  platformApi,
  prandomApi,
  preemptApi,
  printkApi,
  procGenericApi,
  radixTreeApi,
  randomApi,
  rbtreeApi,
  rcuApi,
  readWriteApi,
  refcountApi,
  resourceApi,
  rwsemApi,
  schedCoreApi,
  selectApi,
  semaphoreApi,
  seqFileApi,
  slabCommonApi,
  softirqApi,
  sortApi,
  spinlockApi,
  srcuApi,
  stringApi,
  stringHelpersApi,
  sysctlApi,
  sysfsApi,
  timeApi,
  timekeepingApi,
  timerApi,
  usercopyApi,
  uuidApi,
  vmallocApi,
  vsprintfApi,
  vsscanfApi,
  waitApi,
  workqueueApi,
  xarrayApi,
];
