// /proc/modules. Source: kernel/module/procfs.c.
import type { Kernel } from '../kernel.ts';
import { hex64 } from '../memory.ts';
import { flagsText, MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_LIVE, MODULE_STATE_UNFORMED, ModuleStruct } from './module.ts';

const states: Readonly<Record<number, string>> = {
  [MODULE_STATE_LIVE]: 'Live',
  [MODULE_STATE_COMING]: 'Loading',
  [MODULE_STATE_GOING]: 'Unloading',
};
/** `visible`: whether the reader may see addresses. */
export function modulesText(k: Kernel, visible: boolean): string {
  return k.modules.listed
    .filter(({ state }) => state !== MODULE_STATE_UNFORMED)
    .map((module) => {
      const struct = k.view(ModuleStruct, module.addr);
      const permanent = struct.init !== 0 && struct.exit === 0 ? '[permanent],' : '';
      const users = module.users.map(({ name }) => `${name},`).join('') + permanent || '-';
      const taints = module.taints === 0 ? '' : ` ${flagsText(module)}`;
      const size = module.coreSize + module.initSize;
      const address = hex64(visible ? module.core : 0);
      return `${module.name} ${size} ${k.modules.refcount(module)} ${users} ${states[module.state] ?? ''} 0x${address}${taints}\n`;
    })
    .join('');
}
