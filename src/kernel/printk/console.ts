// What a console prints: each record more urgent than the console's level, as text. Source: kernel/printk/printk.c
// (console_emit_next_record, suppress_message_printing).
import { KernelVariables } from '../builtin.ts';
import type { Kernel } from '../kernel.ts';
import { recordText } from './syslog.ts';

/** Calls `print` with the text of each record from now on, its newline included. Gives what ends that. */
export function registerConsole(k: Kernel, print: (text: string) => void): () => void {
  const { log } = k;
  let next = log.end;
  return log.listen(() => {
    for (let record = log.from(next); record !== undefined; record = log.from(next)) {
      next = record.seq + 1;
      const variables = k.get(KernelVariables);
      if (record.level >= log.level(0) && !variables.flag('printk', 'ignore_loglevel', false)) continue;
      print(recordText(record, variables.flag('printk', 'time', true), false));
    }
  });
}
