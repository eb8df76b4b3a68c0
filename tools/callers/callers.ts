// What callers.ko says, and how it is built.
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HEADERS = '/usr/src/linux-headers-6.1.0-56-amd64';

/** Builds callers.ko in `folder` and gives its path. */
export function buildCallers(folder: string): string {
  copyFileSync(fileURLToPath(new URL('callers.c', import.meta.url)), join(folder, 'callers.c'));
  writeFileSync(join(folder, 'Makefile'), 'obj-m := callers.o\n');
  execFileSync('make', ['-s', '-C', HEADERS, `M=${folder}`, 'modules'], { stdio: 'pipe' });
  return join(folder, 'callers.ko');
}

/** The lines of each dump below the module's first frame, up to its next frame or the end of the dump. */
export function waysOf(log: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let key: string | undefined;
  let chain: string[] | undefined;
  for (const line of log.map((text) => text.replace(/^\[ *[\d.]+\] /, ''))) {
    const here = /^callers: (\S+)$/.exec(line)?.[1];
    if (here !== undefined) {
      key = here;
      chain = undefined;
    }
    if (key === undefined || line.startsWith(' ? ')) continue;
    if (chain === undefined && line.startsWith(' dump_stack')) found.set('dump_stack', [line.trim()]);
    if (line.startsWith(' ') && line.endsWith(' [callers]')) {
      if (chain === undefined) chain = [];
      else key = undefined;
    } else if (line === ' </TASK>') key = undefined;
    // Registers are not the same twice; where they were saved is part of the trace.
    else if (chain !== undefined && (line.startsWith(' ') || line.startsWith('RIP:')))
      chain.push(line.trim().replace(/^(RIP: 0033:).*/, '$1'));
    if (key === undefined && chain !== undefined) chain = undefined;
    else if (key !== undefined && chain !== undefined) found.set(key, chain);
  }
  return found;
}
