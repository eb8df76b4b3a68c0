// kobox check over all modules of the Debian kernel package, with its tree: how long a kernel takes, and where the time goes.
// Run: npx tsx -C source bench/check.ts [RELEASE...]     the shipped kernel, unless others are named (kobox kernel list)
import { readdirSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { listKernels, loadKernel } from '#host-node';
import { Checker, type CheckReport, ModuleTree } from '#inspect';

const RELEASE = '6.1.0-56-amd64';
const folder = new URL(`../build/linux-image-${RELEASE}/lib/modules/${RELEASE}`, import.meta.url).pathname;

/** Time since a mark, and of it what this process had of the CPU. */
const mark = (): { wall: number; cpu: NodeJS.CpuUsage } => ({ wall: performance.now(), cpu: process.cpuUsage() });
function since({ wall, cpu }: ReturnType<typeof mark>): string {
  const { user, system } = process.cpuUsage(cpu);
  return `${((performance.now() - wall) / 1000).toFixed(2)} s (CPU ${((user + system) / 1e6).toFixed(2)} s)`;
}
const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ko'))
  .sort();

let start = mark();
let bytes = 0;
for (const path of paths) bytes += readFileSync(join(folder, path)).length;
console.log(`reading ${paths.length} files (${(bytes / 1e6).toFixed(0)} MB): ${since(start)}`);
start = mark();
const tree = new ModuleTree(paths.map((path) => ({ path, read: () => readFileSync(join(folder, path)) })));
console.log(`the tree's exports, once for all kernels: ${since(start)}`);

const asked = process.argv.slice(2);
for (const { release } of listKernels().filter((kernel) =>
  asked.length === 0 ? kernel.release === RELEASE : asked.includes(kernel.release),
)) {
  start = mark();
  const checker = new Checker({ kernel: loadKernel(release), tree });
  const reports: CheckReport[] = [];
  for (const module of tree.modules.values()) reports.push(checker.checkTree(module));
  const checks = new Map<string, number>();
  for (const { reasons } of reports)
    for (const check of new Set(reasons.map((why) => why.check))) checks.set(check, (checks.get(check) ?? 0) + 1);
  const loading = reports.filter(({ loads }) => loads).length;
  const running = reports.filter(({ kobox }) => kobox.runs).length;
  const refused = [...checks].map(([check, count]) => `${count} ${check}`).join(', ');
  console.log(`${release}: ${since(start)}; ${loading} load, ${running} of them run in kobox; refused for: ${refused || 'nothing'}`);
}

/** Where the time of one more check of all modules goes: seconds on the CPU by source file. */
async function profile(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const checker = new Checker({ kernel: loadKernel(), tree });
  for (const module of tree.modules.values()) checker.checkTree(module);
  const { nodes, samples = [], timeDeltas = [] } = (await session.post('Profiler.stop')).profile;
  const files = new Map(
    nodes.map(({ id, callFrame: { url, functionName } }) => [id, url === '' ? functionName : url.replace(/^.*\/(?=.*\/)/, '')]),
  );
  const spent = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const file = files.get(id) ?? '';
    spent.set(file, (spent.get(file) ?? 0) + (timeDeltas[n] ?? 0) / 1e6);
  }
  const most = [...spent].sort(([, a], [, b]) => b - a).slice(0, 10);
  console.log(`where it goes: ${most.map(([file, seconds]) => `${file} ${seconds.toFixed(2)} s`).join(', ')}`);
}
await profile();
console.log(`peak memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
