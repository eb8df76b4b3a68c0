// The workloads as one module: in kobox, natively (as a program) and in the QEMU guest with Debian's kernel; checksums must agree.
// Run: npx tsx -C source bench/engine/run.ts [--no-qemu] [name ...]
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { boot } from '../../src/node/index.ts';
import { KERNEL_FLAGS } from '../../test/translate/guest.ts';
import { runInQemu } from '../../tools/qemu.ts';

const TARGET_NS = 30e6;
const WARM_MS = 300;
const SAMPLES = 7;
const QEMU_SAMPLES = 3;
const HEADERS = '/usr/src/linux-headers-6.1.0-56-amd64';
const PARAMETER = '/sys/module/kobox_bench/parameters/run';
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Sample {
  readonly sum: bigint;
  readonly ns: number;
}
function sample(text: string): Sample {
  const [sum = '0', ns = '0'] = text.trim().split(' ');
  return { sum: BigInt(sum), ns: Number(ns) };
}

function buildNative(folder: string): (name: string, rounds: number) => Sample {
  const program = join(folder, 'native');
  const flags = KERNEL_FLAGS.filter((flag) => !/cmodel|freestanding|no-sse|no-mmx|boundary/.test(flag));
  execFileSync('gcc', [...flags, '-no-pie', path('native.c'), '-o', program], { stdio: 'inherit' });
  return (name, rounds) => sample(execFileSync(program, [name, `${rounds}`, '1'], { encoding: 'utf8' }));
}
function buildModule(folder: string): string {
  const source = join(folder, 'module');
  mkdirSync(source);
  for (const file of ['module.c', 'kernels.c']) copyFileSync(path(file), join(source, file));
  writeFileSync(join(source, 'Makefile'), 'obj-m := kobox_bench.o\nkobox_bench-y := module.o kernels.o\nCFLAGS_kernels.o := -w\n');
  execFileSync('make', ['-s', '-C', HEADERS, `M=${source}`, 'modules'], { stdio: 'pipe' });
  return join(source, 'kobox_bench.ko');
}
async function bootKobox(module: string): Promise<(name: string, rounds: number) => Promise<Sample>> {
  const machine = await boot();
  await machine.insmod(readFileSync(module));
  return async (name, rounds) => {
    const file = await machine.open(PARAMETER);
    const start = performance.now();
    await file.write(`${name} ${rounds}`);
    const ns = (performance.now() - start) * 1e6;
    await file.close();
    return { sum: sample(await machine.readText(PARAMETER)).sum, ns };
  };
}

interface Row {
  readonly name: string;
  readonly rounds: number;
  readonly native: Sample;
  readonly kobox: Sample;
}
const better = (a: Sample | undefined, b: Sample): Sample => (a === undefined || b.ns < a.ns ? b : a);

async function measure(wanted: readonly string[], folder: string, module: string): Promise<Row[]> {
  const native = buildNative(folder);
  const kobox = await bootKobox(module);
  const rows: Row[] = [];
  for (const [, name = ''] of readFileSync(path('kernels.c'), 'utf8').matchAll(/^u64 bench_(\w+)\(/gm)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    let rounds = 16;
    while (native(name, rounds).ns < TARGET_NS) rounds *= 2;
    // Until the optimising compiler is through.
    const warm = performance.now();
    while (performance.now() - warm < WARM_MS) await kobox(name, Math.max(1, rounds >> 3));
    let [theirs, ours]: [Sample | undefined, Sample | undefined] = [undefined, undefined];
    for (let n = 0; n < SAMPLES; n++) {
      theirs = better(theirs, native(name, rounds));
      ours = better(ours, await kobox(name, rounds));
    }
    rows.push({ name, rounds, native: theirs as Sample, kobox: ours as Sample });
  }
  return rows;
}
/** The best of some runs of each row in the QEMU guest. */
async function measureQemu(rows: readonly Row[], module: string): Promise<Sample[]> {
  const runs = rows.flatMap(({ name, rounds }) =>
    Array.from({ length: QEMU_SAMPLES }, () => `echo ${name} ${rounds} > ${PARAMETER}; busybox cat ${PARAMETER}`),
  );
  const { lines } = await runInQemu(`busybox insmod kobox_bench.ko\n${runs.join('\n')}`, { 'kobox_bench.ko': module });
  if (lines.length !== runs.length) throw new Error(`QEMU said: ${lines.join('\n')}`);
  return rows.map((_, n) =>
    lines
      .slice(n * QEMU_SAMPLES, (n + 1) * QEMU_SAMPLES)
      .map(sample)
      .reduce(better),
  );
}
const geomean = (ratios: readonly number[]): string =>
  Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length).toFixed(2);

const folder = mkdtempSync(join(tmpdir(), 'kobox-bench-'));
try {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const module = buildModule(folder);
  const rows = await measure(wanted, folder, module);
  const qemu = process.argv.includes('--no-qemu') ? undefined : await measureQemu(rows, module);
  console.log('workload          native ms   kobox ms  kobox/native  QEMU/native  kobox/QEMU');
  const columns: [number[], number[], number[]] = [[], [], []];
  rows.forEach(({ name, native, kobox }, n) => {
    const guest = qemu?.[n];
    for (const [where, { sum }] of Object.entries({ kobox, ...(guest && { QEMU: guest }) })) {
      if (sum !== native.sum) throw new Error(`${name}: native ${native.sum}, ${where} ${sum}`);
    }
    const ratios = [kobox.ns / native.ns, ...(guest ? [guest.ns / native.ns, kobox.ns / guest.ns] : [])];
    ratios.forEach((ratio, column) => columns[column]?.push(ratio));
    const ms = [native, kobox].map(({ ns }) => (ns / 1e6).toFixed(2).padStart(11)).join('');
    console.log(`${name.padEnd(16)}${ms}${ratios.map((ratio, column) => ratio.toPrecision(3).padStart(column === 0 ? 14 : 13)).join('')}`);
  });
  const means = columns.filter((ratios) => ratios.length > 0).map(geomean);
  console.log(
    `geometric mean of ${rows.length}: kobox/native ${means[0]} (<= 2.0)${qemu ? `, QEMU/native ${means[1]}, kobox/QEMU ${means[2]}` : ''}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
