// Eight tasks load and unload thirty modules as a seed has it: nothing is left at the end, and the same seed gives the same log.
// STRESS=20000 npx vitest run test/stress.test.ts: so many loads and unloads instead of 1,000; STRESS_SEED: another seed.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { O_NONBLOCK, O_TRUNC } from '#abi';
import { loadKernel } from '#host-node';
import { bootOn, type Machine } from '#machine';
import { usedHeap } from './heap.ts';
import { testHost } from './kernel.ts';
import { Edit } from './loader/edit.ts';

const CALLS = Number(process.env['STRESS'] ?? 1000);
const SEED = Number(process.env['STRESS_SEED'] ?? 1);
const TASKS = 8;
const loader = new URL('loader/', import.meta.url).pathname;
const samples = new URL('../samples/', import.meta.url).pathname;

interface Loadable {
  readonly name: string;
  readonly image: Uint8Array;
  readonly args: readonly string[];
}
function modules(): Loadable[] {
  const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
  const own = readdirSync(loader)
    // `permanent` never goes, `holder` holds itself, `proprietary` and its heirs change what others may use.
    .filter((file) => file.endsWith('.ko') && !/signed|permanent|holder|proprietary|heir|mixed/.test(file))
    .map((file) => ({ name: file.slice(0, -3), image: read(loader + file), args: argumentsOf(file.slice(0, -3)) }));
  const plain = read(`${loader}plain.ko`);
  const copies = Array.from({ length: 8 }, (_, n) => ({
    name: `plain${n}`,
    image: new Edit(plain).name(`plain${n}`).bytes,
    args: ['', 'number=7'],
  }));
  const shipped = ['hello', 'timer', 'kthread', 'wqueue', 'slabcache', 'chardev', 'procfile', 'params'].map((name) => ({
    name,
    image: read(`${samples}${name}/${name}.ko`),
    args: [''],
  }));
  return [...own, ...copies, ...shipped].slice(0, 30);
}
function argumentsOf(name: string): readonly string[] {
  if (name === 'slow') return ['enter=3', 'enter=0 leave=5', 'enter=2 result=-5'];
  return name === 'returns' ? ['value=0', 'value=-19'] : [''];
}
/** Numbers from 0 to `below` - 1 (xorshift32). */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
/** What the kernel has given out. */
function inUse({ kernel: k }: Machine): Record<string, number> {
  return {
    slab: k.slab.inUse,
    pages: k.pages.inUse - k.slab.reserved,
    vmalloc: k.vmalloc.inUse,
    modules: k.moduleSpace.inUse,
    tasks: [...k.scheduler.tasks].length,
  };
}
async function unloadAll(machine: Machine, all: readonly Loadable[]): Promise<void> {
  for (let round = 0; machine.kernel.modules.all.length > 0 && round < all.length; round++)
    for (const { name } of machine.kernel.modules.all.slice()) await machine.process.delete_module(name, O_NONBLOCK);
}
/** A machine where everything was loaded once or twice: what the kernel makes at the first use of something stays. */
async function warm(all: readonly Loadable[]): Promise<Machine> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  for (let round = 0; round < 2; round++) {
    for (const { image, args } of all) for (const text of args) await machine.process.init_module(image, text);
    await unloadAll(machine, all);
  }
  return machine;
}
/** `calls` system calls by all tasks together; `told` hears of each. Gives how many modules were loaded. */
async function stress(
  machine: Machine,
  all: readonly Loadable[],
  seed: number,
  calls: number,
  told: (line: string) => void,
): Promise<number> {
  let loads = 0;
  const task = async (number: number): Promise<void> => {
    const child = machine.process.fork(`task${number}`);
    const pick = random(seed * 1000 + number);
    for (let n = 0; n < calls / TASKS; n++) {
      const { name, image, args } = all[pick(all.length)] as Loadable;
      const load = pick(2) === 0;
      const result = load
        ? await child.init_module(image, args[pick(args.length)] as string)
        : await child.delete_module(name, pick(20) === 0 ? O_NONBLOCK | O_TRUNC : O_NONBLOCK);
      if (load && result === 0) loads++;
      told(`${number} ${load ? 'load' : 'unload'} ${name} ${result}`);
    }
    await child.exit();
  };
  await Promise.all(Array.from({ length: TASKS }, (_, number) => task(number)));
  await unloadAll(machine, all);
  expect(machine.kernel.modules.all.map(({ name }) => name)).toEqual([]);
  return loads;
}

test('nothing is left', { timeout: 3_600_000 }, async () => {
  const all = modules();
  const machine = await warm(all);
  const quiet = (): void => {};
  const before = inUse(machine);
  const half = await stress(machine, all, SEED, CALLS / 2, quiet);
  const heapBefore = await usedHeap();
  const loads = half + (await stress(machine, all, SEED + 1, CALLS / 2, quiet));
  const grown = (await usedHeap()) - heapBefore;
  console.log(`${CALLS} calls, ${loads} modules loaded; the heap grew by ${grown} bytes in their second half`);
  expect(inUse(machine)).toEqual(before);
  expect(loads).toBeGreaterThan(CALLS / 10);
  // Translations and the log's ring come and go; what each load leaves behind must be nothing.
  expect(grown).toBeLessThan(8_000_000);
});
test('the same seed gives the same log', { timeout: 3_600_000 }, async () => {
  const all = modules();
  const once = async (): Promise<string[]> => {
    const machine = await warm(all);
    const lines: string[] = [];
    machine.kernel.log.listen(({ text, time }) => lines.push(`${time} ${text}`));
    await stress(machine, all, SEED + 2, Math.min(CALLS, 2000), (line) => lines.push(line));
    return lines;
  };
  expect(await once()).toEqual(await once());
});
