// Each function of callers.ko dumps the stack: how the kernel came there must be what the real kernel showed
// (tools/record-callers.ts; the same system calls as tools/callers/run.c makes).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn, type Machine } from '#machine';
import { buildCallers, waysOf } from '../tools/callers/callers.ts';
import { testHost } from './kernel.ts';

const O_RDWR = 2;
const POLLIN = 1;

async function use(machine: Machine, path: string): Promise<void> {
  const { process } = machine;
  const fd = await process.open(path, O_RDWR);
  if (fd < 0) return;
  await process.read(fd, 1);
  await process.write(fd, Uint8Array.of(0x31));
  await process.lseek(fd, 0, 0);
  await process.poll([{ fd, events: POLLIN }], 0);
  await process.ioctl(fd, 0x1234, 0);
  await process.close(fd);
}
async function readAndWrite(machine: Machine, path: string): Promise<void> {
  const { process } = machine;
  for (const flags of [0, 1]) {
    const fd = await process.open(path, flags);
    if (fd < 0) continue;
    if (flags === 0) await process.read(fd, 1);
    else await process.write(fd, Uint8Array.of(0x31));
    await process.close(fd);
  }
}
async function run(image: Uint8Array, by: 'init_module' | 'finit_module'): Promise<Map<string, string[]>> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  const { process } = machine;
  expect(await process.init_module(image, 'load=1', by)).toBe(0);
  await process.nanosleep(1);
  for (const path of ['/dev/callers', '/dev/callers_misc', '/sys/kernel/debug/callers/file', '/proc/callers']) await use(machine, path);
  await readAndWrite(machine, '/proc/callers_seq');
  await readAndWrite(machine, '/proc/callers_kernel_seq');
  await readAndWrite(machine, '/sys/module/callers/parameters/value');
  await readAndWrite(machine, '/sys/kernel/callers/value');
  await readAndWrite(machine, '/sys/class/callers/callers/value');
  expect(await process.delete_module('callers', 0x800)).toBe(0);
  expect(machine.dmesg().map(({ text }) => text)).toContain('Workqueue: events work_function [callers]');
  const ways = waysOf(machine.dmesg().flatMap(({ text }) => text.split('\n')));
  ways.set(by, ways.get('init') ?? []);
  ways.set(`param.${by}`, ways.get('param.load') ?? []);
  return ways;
}

const folder = mkdtempSync(join(tmpdir(), 'kobox-callers-'));
const image = readFileSync(buildCallers(folder));
rmSync(folder, { recursive: true });
const shown = new Map([...(await run(image, 'init_module')), ...(await run(image, 'finit_module'))]);
const busy = shown.get('busy');
for (const key of ['init', 'param.load', 'busy']) shown.delete(key);
const description = loadKernel();
const kinds = readFileSync(new URL(`../assets/kernels/${description.release}/callers`, import.meta.url), 'utf8').matchAll(/^\[(.*)\]$/gm);

// Those of the loader's own traces are compared in loader.test.ts.
const ofModules = [...kinds].map(([, kind = '']) => kind).filter((kind) => !/\.(?:positive|percpu)$/.test(kind));
test.for(ofModules)('the way to %s', (kind) => {
  // A way through seq_read() goes on with that to the file's read: here a file in /proc.
  const rest = kind.startsWith('seq.') ? description.wayTo('proc.read') : [];
  expect(shown.get(kind)).toEqual([...description.wayTo(kind), ...rest]);
});
test('each way that is shown was recorded', () => {
  for (const kind of shown.keys()) expect(description.wayTo(kind), kind).not.toEqual([]);
});
test('below an interrupt stands what it interrupted', () => {
  const recorded = readFileSync(new URL('../tools/callers/busy.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  // Where in its loop the module was is chance.
  const comparable = (lines: readonly string[] | undefined) => lines?.map((line) => line.replace(/^(RIP: 0010:\w+\+)0x[0-9a-f]+/, '$1'));
  expect(comparable(busy)).toEqual(comparable(recorded));
});
