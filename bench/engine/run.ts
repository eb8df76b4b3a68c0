// Translated against native: npx tsx -C source bench/engine/run.ts [name ...] [--checks=none]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { build, Guest, KERNEL_FLAGS } from '../../test/translate/guest.ts';

const TARGET_NS = 30e6;
const SAMPLES = 7;
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const checks = process.argv.includes('--checks=none') ? 'none' : 'default';

const folder = mkdtempSync(join(tmpdir(), 'kobox-bench-'));
const program = join(folder, 'native');
execFileSync(
  'gcc',
  [...KERNEL_FLAGS.filter((flag) => !/cmodel|freestanding|no-sse|no-mmx|boundary/.test(flag)), '-no-pie', path('native.c'), '-o', program],
  { stdio: 'inherit' },
);
const native = (name: string, rounds: number, samples: number): [sum: bigint, ns: number] => {
  const [sum = '0', ns = '0'] = execFileSync(program, [name, `${rounds}`, `${samples}`], { encoding: 'utf8' })
    .trim()
    .split(' ');
  return [BigInt(sum), Number(ns)];
};

const image = build(readFileSync(path('kernels.c'), 'utf8'));
const names = image.functions
  .map(({ name }) => name)
  .filter((name) => name.startsWith('bench_'))
  .map((name) => name.slice(6));
const guest = new Guest(image, { checks, entries: 0x7fffffff });
let product = 1;
let count = 0;
for (const name of names) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  let rounds = 16;
  while (native(name, rounds, 1)[1] < TARGET_NS) rounds *= 2;
  // Warm up until the optimising compiler is through.
  const warm = performance.now();
  while (performance.now() - warm < 300) guest.call(`bench_${name}`, BigInt(Math.max(1, rounds >> 3)));
  let [nativeBest, ours] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const [sum, ns] = native(name, rounds, 1);
    nativeBest = Math.min(nativeBest, ns);
    const start = performance.now();
    const result = guest.call(`bench_${name}`, BigInt(rounds));
    ours = Math.min(ours, (performance.now() - start) * 1e6);
    if (result !== sum) throw new Error(`${name}: native ${sum.toString(16)}, translated ${result.toString(16)}`);
  }
  product *= ours / nativeBest;
  count++;
  console.log(
    `${name.padEnd(16)} ${(nativeBest / 1e6).toFixed(2).padStart(8)} ms ${(ours / 1e6).toFixed(2).padStart(8)} ms ${(ours / nativeBest).toFixed(2).padStart(6)}`,
  );
}
console.log(`geomean of ${count} (checks ${checks}): ${(product ** (1 / count)).toFixed(2)}`);
rmSync(folder, { recursive: true });
