// /proc/kallsyms, and who may see addresses. Source: kernel/kallsyms.c.
import { KernelVariables } from './builtin.ts';
import { CAP, capable } from './cred.ts';
import type { Kernel } from './kernel.ts';
import { hex64 } from './memory.ts';
import { MODULE_STATE_UNFORMED } from './module/module.ts';

const PERF_EVENTS_FOR_ALL = 1;
/** Linux: kallsyms_show_value(). `capable`: whether the file's opener had CAP_SYSLOG; default: the running task. */
export function showAddresses(k: Kernel, privileged = capable(k, CAP.SYSLOG)): boolean {
  const variables = k.get(KernelVariables);
  const restrict = variables.int('kernel/kptr_restrict');
  if (restrict === 0 && variables.int('kernel/perf_event_paranoid') <= PERF_EVENTS_FOR_ALL) return true;
  return restrict <= 1 && privileged;
}

/** The kernel's symbols in their order, then those of the modules, newest first. */
export function kallsymsText(k: Kernel, visible: boolean): string {
  const shown = (address: number): string => hex64(visible ? address : 0);
  const kernel = k.description.kallsyms.all().map(({ name, type, address }) => `${shown(address)} ${type} ${name}\n`);
  const modules = k.modules.listed.flatMap((module) =>
    module.state === MODULE_STATE_UNFORMED
      ? []
      : module.symbols.map(({ name, letter, address }) => `${shown(address)} ${letter} ${name}\t[${module.name}]\n`),
  );
  return kernel.join('') + modules.join('');
}
