// Records how Debian's kernel comes to a module's functions: runs tools/callers/callers.ko in QEMU, whose functions dump the stack,
// and writes assets/kernels/RELEASE/callers. Run: npx tsx -C source tools/record-callers.ts
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importImage } from '../src/host-node/import.ts';
import { buildCallers, waysOf } from './callers/callers.ts';
import { loaderWays } from './callers/loader.ts';
import { runInQemu } from './qemu.ts';

const RELEASE = '6.1.0-56-amd64';
const root = new URL('..', import.meta.url).pathname;

const work = mkdtempSync(join(tmpdir(), 'kobox-callers-'));
try {
  const module = buildCallers(work);
  execFileSync('gcc', ['-O2', '-static', join(root, 'tools/callers/run.c'), '-o', join(work, 'run')], { stdio: 'inherit' });
  const { lines } = await runInQemu('busybox mount -t debugfs debugfs /sys/kernel/debug; ./run callers.ko; busybox dmesg', {
    'callers.ko': module,
    run: join(work, 'run'),
  });
  // The first load is by init_module(2), the second by finit_module(2).
  const loads = lines.join('\n').split(/(?=\[[^\]]*\] callers: param\.load\n)/);
  const first = waysOf((loads[1] ?? '').split('\n'));
  const rest = waysOf((loads[2] ?? '').split('\n'));
  const all: (readonly [string, readonly string[]])[] = [];
  for (const [by, ways] of [['init_module', first] as const, ['finit_module', rest] as const]) {
    all.push([by, ways.get('init') ?? []], [`param.${by}`, ways.get('param.load') ?? []]);
  }
  const busy = rest.get('busy') ?? [];
  writeFileSync(join(root, 'tools/callers/busy.txt'), busy.map((line) => `${line}\n`).join(''));
  for (const key of ['init', 'param.load', 'busy']) rest.delete(key);
  all.push(...rest);
  // seq_read() may be the read function of any file: its way ends where the file's begins.
  const suffix = (rest.get('proc.read') ?? []).length;
  for (const [key, way] of rest) if (key.startsWith('seq.')) way.splice(way.length - suffix);
  all.push(...loaderWays(new Map(all)));
  const text = all.map(([key, chain]) => `[${key}]\n${chain.map((line) => `${line}\n`).join('')}`).join('');
  const image = readFileSync(join(root, `build/linux-image-${RELEASE}/boot/vmlinuz-${RELEASE}`));
  const { callSites } = importImage(image);
  const described = text.replace(/^[^[].*$/gm, (line) => callSites.describe(line));
  writeFileSync(join(root, `assets/kernels/${RELEASE}/callers`), described);
  writeFileSync(join(root, 'build/callers.log'), lines.join('\n'));
  console.log(`${all.length} ways into a module recorded`);
} finally {
  rmSync(work, { recursive: true });
}
