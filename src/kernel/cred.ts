// Credentials and capabilities: guest structs that modules read through current->cred. Source: kernel/cred.c,
// kernel/capability.c, kernel/user_namespace.c.
import {
  bool,
  embedded,
  imageData,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  ptr,
  u32,
  voidPtr,
} from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { TaskStruct } from './sched/scheduler.ts';

const Cred = kernelStruct('cred', {
  usage: int,
  securebits: u32,
  cap_permitted: embedded,
  cap_effective: embedded,
  cap_bset: embedded,
  user_ns: voidPtr,
  euid: embedded,
  egid: embedded,
});
/** CAP_LAST_CAP of 6.1 is 40. */
export const ALL_CAPABILITIES = (1n << 41n) - 1n;
/** include/uapi/linux/capability.h. */
export const CAP = { SYS_MODULE: 16, SYS_ADMIN: 21, SYSLOG: 34 } as const;
const NULL = 0;

/** The credentials of the first task: root, everything allowed. */
function initCred(k: Kernel, address: Addr): void {
  const cred = k.view(Cred, address);
  cred.usage = 4;
  for (const set of [cred.cap_permitted, cred.cap_effective, cred.cap_bset]) k.memory.setU64(set, ALL_CAPABILITIES);
  cred.user_ns = k.symbols.require('init_user_ns');
}
function copy(k: Kernel, from: Addr): Addr {
  const size = k.layouts.sizeOf('cred');
  const address = k.slab.alloc(size) ?? NULL;
  if (address === NULL) return NULL;
  k.memory.copy(address, from, size);
  k.view(Cred, address).usage = 1;
  return address;
}
/** The current task acts with these effective capabilities until the end: it gets credentials of its own. */
export function limitCapabilities(k: Kernel, effective: bigint): void {
  const task = k.scheduler.currentStruct;
  const own = copy(k, task.cred);
  if (own === NULL) throw new Error('out of guest memory');
  k.memory.setU64(k.view(Cred, own).cap_effective, effective & ALL_CAPABILITIES);
  task.cred = task.real_cred = own;
}
function put(k: Kernel, address: Addr): void {
  const cred = k.view(Cred, address);
  cred.usage -= 1;
  if (cred.usage === 0) k.slab.free(address);
}
function hasCapability(k: Kernel, task: Addr, cap: number): boolean {
  const { cap_effective: set } = k.view(Cred, k.view(TaskStruct, task).cred);
  return ((k.memory.u64(set) >> BigInt(cap)) & 1n) !== 0n;
}
/** Whether the running task has a capability (include/uapi/linux/capability.h). */
export const capable = (k: Kernel, cap: number): boolean => hasCapability(k, k.current.addr, cap);
const ns = pointer('struct user_namespace *');
const id = u32;

export const credApi: KernelApi = kernelApi('kernel/cred.c', {
  init_cred: kdata(initCred),
  prepare_creds: kfunc({}, voidPtr, (k) => copy(k, k.scheduler.currentStruct.cred)),
  /** Consumes the reference to `new`; the old credentials lose both of the task's. */
  commit_creds: kfunc({ new: ptr(Cred) }, int, (k, { new: cred }) => {
    const task = k.scheduler.currentStruct;
    const old = task.cred;
    cred.usage += 1;
    task.cred = task.real_cred = cred.addr;
    put(k, old);
    put(k, old);
    return 0;
  }),
  abort_creds: kfunc({ new: ptr(Cred) }, nothing, (k, { new: cred }) => put(k, cred.addr)),
  override_creds: kfunc({ new: ptr(Cred) }, voidPtr, (k, { new: cred }) => {
    const task = k.scheduler.currentStruct;
    const old = task.cred;
    cred.usage += 1;
    task.cred = cred.addr;
    return old;
  }),
  revert_creds: kfunc({ old: pointer('const struct cred *') }, nothing, (k, { old }) => {
    const task = k.scheduler.currentStruct;
    const override = task.cred;
    task.cred = old;
    put(k, override);
  }),
  prepare_kernel_cred: kfunc({ daemon: pointer('struct task_struct *') }, voidPtr, (k, { daemon }) =>
    copy(k, daemon === NULL ? k.symbols.require('init_cred') : k.view(TaskStruct, daemon).cred),
  ),
  __put_cred: kfunc({ cred: pointer('struct cred *') }, nothing, (k, { cred }) => {
    k.slab.free(cred);
  }),
});
export const capabilityApi: KernelApi = kernelApi('kernel/capability.c', {
  capable: kfunc({ cap: int }, bool, (k, { cap }) => capable(k, cap)),
  ns_capable: kfunc({ ns, cap: int }, bool, (k, { cap }) => capable(k, cap)),
  ns_capable_noaudit: kfunc({ ns, cap: int }, bool, (k, { cap }) => capable(k, cap)),
  file_ns_capable: kfunc({ file: voidPtr, ns, cap: int }, bool, (k, { cap }) => capable(k, cap)),
  has_capability: kfunc({ t: voidPtr, cap: int }, bool, (k, { t, cap }) => hasCapability(k, t, cap)),
});
/** There is one user namespace: every id is itself. */
export const userNamespaceApi: KernelApi = kernelApi('kernel/user_namespace.c', {
  init_user_ns: imageData,
  make_kuid: kfunc({ ns, uid: id }, id, (_, { uid }) => uid),
  make_kgid: kfunc({ ns, gid: id }, id, (_, { gid }) => gid),
  from_kuid: kfunc({ targ: ns, kuid: id }, id, (_, { kuid }) => kuid),
  from_kgid: kfunc({ targ: ns, kgid: id }, id, (_, { kgid }) => kgid),
  from_kuid_munged: kfunc({ targ: ns, kuid: id }, id, (_, { kuid }) => kuid),
  from_kgid_munged: kfunc({ targ: ns, kgid: id }, id, (_, { kgid }) => kgid),
});
/** Supplementary groups are none: only the task's own group counts. */
export const groupsApi: KernelApi = kernelApi('kernel/groups.c', {
  in_group_p: kfunc({ grp: id }, int, (k, { grp }) => inGroup(k, grp)),
  in_egroup_p: kfunc({ grp: id }, int, (k, { grp }) => inGroup(k, grp)),
});
function inGroup(k: Kernel, group: number): number {
  return k.memory.u32(k.view(Cred, k.scheduler.currentStruct.cred).egid) === group ? 1 : 0;
}
