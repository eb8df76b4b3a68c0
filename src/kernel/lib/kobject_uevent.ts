// What a write to a file `uevent` does. Nobody listens to uevents here, so a good one has no effect. Source: lib/kobject_uevent.c.
import { EINVAL } from '#abi';
import type { Kernel } from '../kernel.ts';

const ACTIONS = new Set(['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind']);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ARGUMENT = /^[0-9A-Za-z]+=[0-9A-Za-z]*$/;

/** Linux: kobject_synth_uevent(). `path` is the device's below /sys. Gives 0 or -EINVAL. */
export function synthUevent(k: Kernel, path: string, text: string): number {
  const [action = '', uuid, ...variables] = text.replace(/\n$/, '').split(' ');
  const problem = !ACTIONS.has(action)
    ? 'unknown uevent action string'
    : (uuid !== undefined && !UUID.test(uuid)) || !variables.every((variable) => ARGUMENT.test(variable))
      ? 'incorrect uevent action arguments'
      : undefined;
  if (problem === undefined) return 0;
  k.log.print('warning', `synth uevent: ${path}: ${problem}`);
  return -EINVAL;
}
