// The variables of a uevent, in a guest's struct kobj_uevent_env. Source: lib/kobject_uevent.c.
import { ENOMEM } from '#abi';
import { cstring, embedded, int, type KernelApi, kernelApi, kernelStruct, pointer, variadic } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const Environment = kernelStruct('kobj_uevent_env', { envp: embedded, envp_idx: int, buf: embedded, buflen: int });
const MAX_VARIABLES = 64;
const BUFFER_SIZE = 2048;

export function newEnvironment(k: Kernel): Addr {
  const size = k.layouts.sizeOf('kobj_uevent_env');
  const env = k.slab.alloc(size);
  if (env === undefined) throw new Error('out of guest memory');
  k.memory.fill(env, 0, size);
  return env;
}
/** add_uevent_var(): "NAME=VALUE". */
export function addUeventVariable(k: Kernel, env: Addr, text: string): number {
  const view = k.view(Environment, env);
  const full = view.envp_idx >= MAX_VARIABLES ? 'too many keys' : text.length >= BUFFER_SIZE - view.buflen ? 'buffer size too small' : '';
  if (full !== '') {
    k.exceptions.warn('lib/kobject_uevent.c', full === 'too many keys' ? 671 : 683, 'add_uevent_var', `add_uevent_var: ${full}`);
    return -ENOMEM;
  }
  const at = view.buf + view.buflen;
  k.memory.setCstring(at, text);
  k.memory.setPtr(view.envp + view.envp_idx * 8, at);
  view.envp_idx += 1;
  view.buflen += text.length + 1;
  return 0;
}
export function variablesOf(k: Kernel, env: Addr): string[] {
  const view = k.view(Environment, env);
  return Array.from({ length: view.envp_idx }, (_, n) => k.memory.cstring(k.memory.ptr(view.envp + n * 8)));
}
export const ueventApi: KernelApi = kernelApi('lib/kobject_uevent.c', {
  add_uevent_var: variadic({ env: pointer('struct kobj_uevent_env *'), format: cstring }, int, (k, { env, format, va }) =>
    addUeventVariable(k, env, k.formatter.format(format, va)),
  ),
});
