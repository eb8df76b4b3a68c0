// Records how Debian's kernel comes to a module's functions: runs tools/callers/callers.ko in QEMU, whose functions dump the stack,
// and writes assets/kernels/RELEASE/callers. Run: npx tsx -C source tools/record-callers.ts
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInQemu } from './qemu.ts';

const RELEASE = '6.1.0-56-amd64';
const root = new URL('..', import.meta.url).pathname;

/** The lines of each dump below the module's first frame, up to its next frame or the end of the dump. */
function chains(log: readonly string[]): Map<string, string[]> {
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

const work = mkdtempSync(join(tmpdir(), 'kobox-callers-'));
try {
  copyFileSync(join(root, 'tools/callers/callers.c'), join(work, 'callers.c'));
  writeFileSync(join(work, 'Makefile'), 'obj-m := callers.o\n');
  execFileSync('make', ['-s', '-C', `/usr/src/linux-headers-${RELEASE}`, `M=${work}`, 'modules'], { stdio: 'pipe' });
  execFileSync('gcc', ['-O2', '-static', join(root, 'tools/callers/run.c'), '-o', join(work, 'run')], { stdio: 'inherit' });
  const { lines } = await runInQemu('busybox mount -t debugfs debugfs /sys/kernel/debug; ./run callers.ko; busybox dmesg', {
    'callers.ko': join(work, 'callers.ko'),
    run: join(work, 'run'),
  });
  // The first load is by init_module(2), the second by finit_module(2).
  const loads = lines.join('\n').split(/(?=\[[^\]]*\] callers: init\n)/);
  const byInit = chains((loads[1] ?? '').split('\n')).get('init') ?? [];
  const rest = chains((loads[2] ?? '').split('\n'));
  const byFinit = rest.get('init') ?? [];
  rest.delete('init');
  const all = [['init_module', byInit] as const, ['finit_module', byFinit] as const, ...rest];
  const text = all.map(([key, chain]) => `[${key}]\n${chain.map((line) => `${line}\n`).join('')}`).join('');
  writeFileSync(join(root, `assets/kernels/${RELEASE}/callers`), text);
  writeFileSync(join(root, 'build/callers.log'), lines.join('\n'));
  console.log(`${all.length} ways into a module recorded`);
} finally {
  rmSync(work, { recursive: true });
}
