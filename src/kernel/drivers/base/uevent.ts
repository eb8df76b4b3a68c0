// The struct in which a device's owners collect the variables of its uevent. Source: include/linux/kobject.h.
import { embedded, int, kernelStruct } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const Environment = kernelStruct('kobj_uevent_env', { envp: embedded, envp_idx: int });

export function newEnvironment(k: Kernel): Addr {
  const size = k.layouts.sizeOf('kobj_uevent_env');
  const env = k.slab.alloc(size);
  if (env === undefined) throw new Error('out of guest memory');
  k.memory.fill(env, 0, size);
  return env;
}
/** "NAME=VALUE" in the order of their addition. */
export function variablesOf(k: Kernel, env: Addr): string[] {
  const view = k.view(Environment, env);
  return Array.from({ length: view.envp_idx }, (_, n) => k.memory.cstring(k.memory.ptr(view.envp + n * 8)));
}
