// CPU time of a cold start: `kobox -c 'insmod hello.ko; rmmod hello'` beyond `node -e 0`; and a second kernel in one process.
// Minimum of several interleaved runs. Then the same cycle by the real kernel, from the boot of QEMU to the end of rmmod.
// Run: npm run build && npx tsx -C source bench/start.ts
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { boot } from '../src/node/index.ts';
import { runInQemu } from '../tools/qemu.ts';

const RUNS = 15;
const SECOND_KERNELS = 50;

/** User plus system time of a command in ms, by bash's `time`. */
function cpuMs(command: string): number {
  const script = `TIMEFORMAT='%U %S'; { time { ${command}; } >/dev/null 2>&1; } 2>&1`;
  const report = execFileSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return report
    .trim()
    .split(/\s+/)
    .reduce((sum, field) => sum + Number(field) * 1000, 0);
}

function minimumOfInterleaved(commands: readonly string[]): number[] {
  const best = commands.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run < RUNS; run++) {
    commands.forEach((command, n) => {
      best[n] = Math.min(best[n] as number, cpuMs(command));
    });
  }
  return best;
}

const [empty, cycle] = minimumOfInterleaved(['node -e 0', `node dist/kobox.js -c 'insmod samples/hello/hello.ko; rmmod hello'`]) as [
  number,
  number,
];
console.log(`node -e 0:                 ${empty.toFixed(0)} ms CPU`);
console.log(`kobox insmod+rmmod hello:  ${cycle.toFixed(0)} ms CPU; beyond node: ${(cycle - empty).toFixed(0)} ms (now <= 250, goal 150)`);

await boot();
let second = Number.POSITIVE_INFINITY;
for (let n = 0; n < SECOND_KERNELS; n++) {
  const before = process.cpuUsage();
  await boot();
  const { user, system } = process.cpuUsage(before);
  second = Math.min(second, (user + system) / 1000);
}
console.log(`a second kernel:           ${second.toFixed(2)} ms CPU (<= 5)`);

const hello = fileURLToPath(new URL('../samples/hello/hello.ko', import.meta.url));
const qemu = await runInQemu('busybox insmod hello.ko && busybox rmmod hello && echo unloaded', { 'hello.ko': hello });
if (qemu.lines.join() !== 'unloaded') throw new Error(`the cycle failed in QEMU: ${qemu.lines.join()}`);
const ratio = qemu.cpuMs / cycle;
console.log(
  `the same in QEMU:          ${qemu.cpuMs.toFixed(0)} ms CPU, ${qemu.wallMs.toFixed(0)} ms on the wall: ${ratio.toFixed(0)} times kobox's`,
);
