// Every table of kernel functions. One line a Linux source file.
import type { KernelApi } from './api/index.ts';
import { entryApi } from './arch/x86/entry.ts';
import { msrApi, x86CpuApi } from './arch/x86/kernel/cpu.ts';
import { xstateApi } from './arch/x86/kernel/fpu/xstate.ts';
import { paravirtApi } from './arch/x86/kernel/paravirt.ts';
import { usercopyApi } from './arch/x86/lib/usercopy.ts';
import { asyncApi } from './async.ts';
import { capabilityApi, credApi, groupsApi, userNamespaceApi } from './cred.ts';
import { algapiApi } from './crypto/algapi.ts';
import { cryptoApi } from './crypto/api.ts';
import { shashApi } from './crypto/shash.ts';
import { skcipherApi } from './crypto/skcipher.ts';
import { dmaMappingApi, dmaPoolApi } from './dma/mapping.ts';
import { dmaApi } from './dma.ts';
import { acpiApi } from './drivers/acpi/acpi.ts';
import { auxiliaryApi } from './drivers/base/auxiliary.ts';
import { busApi, driverApi } from './drivers/base/bus.ts';
import { classApi } from './drivers/base/class.ts';
import { componentApi } from './drivers/base/component.ts';
import { deviceApi } from './drivers/base/core.ts';
import { devPrintkApi } from './drivers/base/dev_printk.ts';
import { devresApi } from './drivers/base/devres.ts';
import { firmwareLoaderApi } from './drivers/base/firmware_loader/main.ts';
import { platformApi } from './drivers/base/platform.ts';
import { genericOpsApi, runtimeApi } from './drivers/base/power/api.ts';
import { pmMainApi } from './drivers/base/power/main.ts';
import { pmQosApi } from './drivers/base/power/qos.ts';
import { pmCommonApi, wakeupApi } from './drivers/base/power/wakeup.ts';
import { propertyApi } from './drivers/base/property.ts';
import { regcacheApi, regmapApi, regmapFieldApi } from './drivers/base/regmap/regmap.ts';
import { hwRandomApi } from './drivers/char/hw_random/core.ts';
import { miscApi } from './drivers/char/misc.ts';
import { prandomApi, randomApi, uuidApi } from './drivers/char/random.ts';
import { clkApi } from './drivers/clk/clk.ts';
import { connectorApi } from './drivers/connector/connector.ts';
import { dmiApi } from './drivers/firmware/dmi_scan.ts';
import { gpiolibApi } from './drivers/gpio/gpiolib.ts';
import { hwmonApi } from './drivers/hwmon/hwmon.ts';
import { i2cBaseApi } from './drivers/i2c/i2c-core-base.ts';
import { i2cSmbusApi } from './drivers/i2c/i2c-core-smbus.ts';
import { ffCoreApi } from './drivers/input/ff-core.ts';
import { inputApi } from './drivers/input/input.ts';
import { inputCompatApi } from './drivers/input/input-compat.ts';
import { inputLedsApi } from './drivers/input/input-leds.ts';
import { inputMtApi } from './drivers/input/input-mt.ts';
import { inputPollerApi } from './drivers/input/input-poller.ts';
import { mousedevApi } from './drivers/input/mousedev.ts';
import { serioApi } from './drivers/input/serio/serio.ts';
import { touchscreenApi } from './drivers/input/touchscreen.ts';
import { vivaldiApi } from './drivers/input/vivaldi-fmap.ts';
import { ledClassApi } from './drivers/leds/led-class.ts';
import { ledCoreApi } from './drivers/leds/led-core.ts';
import { ledTriggersApi } from './drivers/leds/led-triggers.ts';
import { mfdApi } from './drivers/mfd/mfd-core.ts';
import { pciApi } from './drivers/pci/pci.ts';
import { pciDriverApi } from './drivers/pci/pci-driver.ts';
import { phyApi } from './drivers/phy/phy-core.ts';
import { pinctrlApi } from './drivers/pinctrl/core.ts';
import { crosEcProtoApi } from './drivers/platform/chrome/cros_ec_proto.ts';
import { p2sbApi } from './drivers/platform/x86/p2sb.ts';
import { pnpApi } from './drivers/pnp/driver.ts';
import { powerSupplyApi } from './drivers/power/supply/power_supply_core.ts';
import { regulatorApi } from './drivers/regulator/core.ts';
import { resetApi } from './drivers/reset/core.ts';
import { spiApi } from './drivers/spi/spi.ts';
import { thermalApi } from './drivers/thermal/thermal_core.ts';
import { keyboardApi, sysrqApi } from './drivers/tty/vt/keyboard.ts';
import { usbQuirksApi } from './drivers/usb/host/pci-quirks.ts';
import { backlightApi } from './drivers/video/backlight/backlight.ts';
import { virtioAnchorApi } from './drivers/virtio/virtio_anchor.ts';
import { freezerApi } from './freezer.ts';
import { anonInodesApi } from './fs/anon_inodes.ts';
import { charDevApi } from './fs/char_dev.ts';
import { debugfsApi } from './fs/debugfs.ts';
import { fcntlApi } from './fs/fcntl.ts';
import { fileTableApi } from './fs/file_table.ts';
import { inodeApi } from './fs/inode.ts';
import { libfsApi } from './fs/libfs.ts';
import { nlsApi } from './fs/nls/nls_base.ts';
import { openApi } from './fs/open.ts';
import { procGenericApi, readWriteApi } from './fs/proc_generic.ts';
import { selectApi } from './fs/select.ts';
import { seqFileApi } from './fs/seq_file.ts';
import { sysctlApi } from './fs/sysctl.ts';
import { sysfsApi } from './fs/sysfs/sysfs.ts';
import { irqChipApi, irqDescApi } from './irq/irqdesc.ts';
import { irqManageApi } from './irq/manage.ts';
import { irqWorkApi } from './irq_work.ts';
import { jumpLabelApi } from './jump_label.ts';
import { kexecApi } from './kexec_core.ts';
import { kmodApi } from './kmod.ts';
import { kthreadApi, moduleApi, preemptApi, schedCoreApi } from './kthread.ts';
import { kthreadWorkerApi } from './kthread_worker.ts';
import { bitmapApi, findBitApi } from './lib/bitmap.ts';
import { bitrevApi } from './lib/bitrev.ts';
import { bsearchApi } from './lib/bsearch.ts';
import { cmdlineApi } from './lib/cmdline.ts';
import { listDebugApi, panicApi } from './lib/debug.ts';
import { dynamicDebugApi } from './lib/dynamic_debug.ts';
import { dynamicDebugClassesApi } from './lib/dynamic_debug_classes.ts';
import { genallocApi } from './lib/genalloc.ts';
import { hexdumpApi } from './lib/hexdump.ts';
import { idrApi } from './lib/idr.ts';
import { devresIoApi, iomapApi, ioremapApi } from './lib/iomap.ts';
import { kfifoApi } from './lib/kfifo.ts';
import { kobjectApi } from './lib/kobject.ts';
import { kstrtoxApi, kstrtoxMoreApi } from './lib/kstrtox.ts';
import { crcApi, ctypeApi, hweightApi, mathApi } from './lib/math.ts';
import { radixTreeApi } from './lib/radix-tree.ts';
import { ratelimitApi } from './lib/ratelimit.ts';
import { rationalApi } from './lib/rational.ts';
import { rbtreeApi } from './lib/rbtree.ts';
import { decAndLockApi, refcountApi } from './lib/refcount.ts';
import { scatterlistApi } from './lib/scatterlist.ts';
import { siphashApi } from './lib/siphash.ts';
import { listSortApi, sortApi } from './lib/sort.ts';
import { stringApi, stringHelpersApi } from './lib/string.ts';
import { textsearchApi } from './lib/textsearch.ts';
import { kasprintfApi, vsprintfApi } from './lib/vsprintf.ts';
import { vsscanfApi } from './lib/vsscanf.ts';
import { xarrayApi } from './lib/xarray.ts';
import { mutexApi } from './locking/mutex.ts';
import { rtmutexApi } from './locking/rtmutex.ts';
import { rwsemApi } from './locking/rwsem.ts';
import { semaphoreApi } from './locking/semaphore.ts';
import { spinlockApi } from './locking/spinlock.ts';
import { memoryApi, vmapApi, x86MemoryApi } from './mm/memory.ts';
import { mempoolApi } from './mm/mempool.ts';
import { addressSpaceApi, pageAllocApi } from './mm/page_alloc.ts';
import { percpuApi } from './mm/percpu.ts';
import { mmUtilApi, slabCommonApi } from './mm/slab_common.ts';
import { vmallocApi } from './mm/vmalloc.ts';
import { tcpCongApi } from './net/ipv4/tcp_cong.ts';
import { ematchApi } from './net/sched/ematch.ts';
import { notifierApi } from './notifier.ts';
import { paramsApi } from './params.ts';
import { pidApi } from './pid.ts';
import { printkApi } from './printk/printk.ts';
import { rcuApi, srcuApi } from './rcu/tree.ts';
import { resourceApi } from './resource.ts';
import { initTaskApi } from './sched/init_task.ts';
import { loadavgApi } from './sched/loadavg.ts';
import { completionApi, waitApi } from './sched/wait.ts';
import { securityApi } from './security/lockdown.ts';
import { signalApi } from './signal.ts';
import { cpuApi, cpuCountApi, smpApi, touchWatchdogApi } from './smp.ts';
import { softirqApi } from './softirq.ts';
import { hrtimerApi } from './time/hrtimer.ts';
import { delayApi, timeApi, timekeepingApi, timerApi } from './time/jiffies.ts';
import { traceEventsApi } from './trace.ts';
import { umhApi } from './umh.ts';
import { workqueueApi } from './workqueue.ts';

export const kernelTables: readonly KernelApi[] = [
  acpiApi,
  addressSpaceApi,
  algapiApi,
  anonInodesApi,
  asyncApi,
  auxiliaryApi,
  backlightApi,
  bitmapApi,
  bitrevApi,
  bsearchApi,
  busApi,
  capabilityApi,
  charDevApi,
  classApi,
  clkApi,
  cmdlineApi,
  completionApi,
  componentApi,
  connectorApi,
  cpuApi,
  cpuCountApi,
  crcApi,
  credApi,
  crosEcProtoApi,
  cryptoApi,
  ctypeApi,
  debugfsApi,
  decAndLockApi,
  delayApi,
  devPrintkApi,
  deviceApi,
  devresApi,
  devresIoApi,
  dmaApi,
  dmaMappingApi,
  dmaPoolApi,
  dmiApi,
  driverApi,
  dynamicDebugApi,
  dynamicDebugClassesApi,
  ematchApi,
  entryApi,
  fcntlApi,
  ffCoreApi,
  fileTableApi,
  findBitApi,
  firmwareLoaderApi,
  freezerApi,
  genallocApi,
  genericOpsApi,
  gpiolibApi,
  groupsApi,
  hexdumpApi,
  hrtimerApi,
  hwRandomApi,
  hweightApi,
  hwmonApi,
  i2cBaseApi,
  i2cSmbusApi,
  idrApi,
  initTaskApi,
  inodeApi,
  inputApi,
  inputCompatApi,
  inputLedsApi,
  inputMtApi,
  inputPollerApi,
  iomapApi,
  ioremapApi,
  irqChipApi,
  irqDescApi,
  irqManageApi,
  irqWorkApi,
  jumpLabelApi,
  kasprintfApi,
  kexecApi,
  keyboardApi,
  kfifoApi,
  kmodApi,
  kobjectApi,
  kstrtoxApi,
  kstrtoxMoreApi,
  kthreadApi,
  kthreadWorkerApi,
  ledClassApi,
  ledCoreApi,
  ledTriggersApi,
  libfsApi,
  listDebugApi,
  listSortApi,
  loadavgApi,
  mathApi,
  memoryApi,
  mempoolApi,
  mfdApi,
  miscApi,
  mmUtilApi,
  moduleApi,
  mousedevApi,
  msrApi,
  mutexApi,
  nlsApi,
  notifierApi,
  openApi,
  p2sbApi,
  pageAllocApi,
  panicApi,
  paramsApi,
  paravirtApi,
  pciApi,
  pciDriverApi,
  percpuApi,
  phyApi,
  pidApi,
  pinctrlApi,
  platformApi,
  pmCommonApi,
  pmMainApi,
  pmQosApi,
  pnpApi,
  powerSupplyApi,
  prandomApi,
  preemptApi,
  printkApi,
  procGenericApi,
  propertyApi,
  radixTreeApi,
  randomApi,
  ratelimitApi,
  rationalApi,
  rbtreeApi,
  rcuApi,
  readWriteApi,
  refcountApi,
  regcacheApi,
  regmapApi,
  regmapFieldApi,
  regulatorApi,
  resetApi,
  resourceApi,
  rtmutexApi,
  runtimeApi,
  rwsemApi,
  scatterlistApi,
  schedCoreApi,
  securityApi,
  selectApi,
  semaphoreApi,
  seqFileApi,
  serioApi,
  shashApi,
  signalApi,
  siphashApi,
  skcipherApi,
  slabCommonApi,
  smpApi,
  softirqApi,
  sortApi,
  spiApi,
  spinlockApi,
  srcuApi,
  stringApi,
  stringHelpersApi,
  sysctlApi,
  sysfsApi,
  sysrqApi,
  tcpCongApi,
  textsearchApi,
  thermalApi,
  timeApi,
  timekeepingApi,
  timerApi,
  touchWatchdogApi,
  touchscreenApi,
  traceEventsApi,
  umhApi,
  usbQuirksApi,
  userNamespaceApi,
  usercopyApi,
  uuidApi,
  virtioAnchorApi,
  vivaldiApi,
  vmallocApi,
  vmapApi,
  vsprintfApi,
  vsscanfApi,
  waitApi,
  wakeupApi,
  workqueueApi,
  x86CpuApi,
  x86MemoryApi,
  xarrayApi,
  xstateApi,
];
