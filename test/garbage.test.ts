// Mutated modules: an errno, or they load and run, or oops as a module does; never an exception of ours, a hang or growth.
// FUZZ=100000 npx vitest run test/garbage.test.ts is the long run; FUZZ_FROM=50000 FUZZ=100000 its second half, beside the first;
// FUZZ_CASE=n tries one case again.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ElfError, ElfFile, modinfoEntries } from '#elf';
import { loadKernel } from '#host-node';
import { KernelPanic, Watchdog } from '#kernel';
import { bootOn, type Machine } from '#machine';
import { usedHeap } from './heap.ts';
import { testHost } from './kernel.ts';
import { base, mutant } from './mutate.ts';

const CASES = Number(process.env['FUZZ'] ?? 1500);
const FROM = Number(process.env['FUZZ_FROM'] ?? 0);
const ONE = process.env['FUZZ_CASE'];
const [FIRST, LAST] = ONE === undefined ? [FROM, CASES] : [Number(ONE), Number(ONE) + 1];
const HANG_MS = 60_000;
/** Of virtual time, in nanoseconds. */
const PATIENCE = 150e9;
/** Of JavaScript's heap, garbage apart. Guest memory has its own bound, which a mutant that clears all of it reaches: 4 GiB a kernel. */
const MOST_HEAP = 200e6;

const samples = new URL('../samples/', import.meta.url);
const bases = readdirSync(samples, { withFileTypes: true })
  // Samples that use Debian's own modules have none of their own.
  .filter((entry) => existsSync(new URL(`${entry.name}/${entry.name}.ko`, samples)))
  .map(({ name }) => base(name, readFileSync(new URL(`${name}/${name}.ko`, samples))));

/** Kills the process, naming the case, when one takes too long: a hung event loop cannot do it itself. */
function watch(): { begin(number: number): void; end(): Promise<unknown> } {
  const current = new Int32Array(new SharedArrayBuffer(8));
  const code = `
    const { workerData } = require('node:worker_threads');
    let last = -1;
    setInterval(() => {
      if (workerData[0] !== last) { last = workerData[0]; return; }
      require('node:fs').writeSync(2, 'fuzz: case ' + last + ' hangs: FUZZ_CASE=' + last + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }, ${HANG_MS});`;
  const worker = new Worker(code, { eval: true, workerData: current });
  return {
    begin: (number) => {
      current[0] = number;
    },
    end: () => worker.terminate(),
  };
}

/** The result of a system call; undefined when it sleeps for ever (or a loop in the module sleeps again and again). */
async function settled<T>(machine: Machine, call: Promise<T>): Promise<T | undefined> {
  let done = false;
  const finished = call.finally(() => {
    done = true;
  });
  const sleeping = async (): Promise<undefined> => {
    const start = machine.kernel.clock.now;
    while (!done && !machine.kernel.stuck && machine.kernel.clock.now - start < PATIENCE)
      await new Promise((resolve) => setImmediate(resolve));
  };
  return Promise.race([finished, sleeping()]);
}

/** What somebody would do with a module that has loaded: look at it, read its parameters, unload it. */
async function use(machine: Machine): Promise<void> {
  await machine.readText('/proc/modules');
  for (const { name } of [...machine.kernel.modules.all]) {
    const folder = `/sys/module/${name}/parameters`;
    const entries = await machine.process.readdir(folder);
    for (const entry of typeof entries === 'number' ? [] : entries) {
      const fd = await machine.process.open(`${folder}/${entry.name}`, 0);
      if (fd < 0) continue;
      await settled(machine, machine.process.read(fd, 4096));
      await settled(machine, machine.process.close(fd));
    }
    await settled(machine, machine.process.delete_module(name, 0x800));
  }
}

async function fate(machine: Machine, image: Uint8Array): Promise<string> {
  try {
    const result = await settled(machine, machine.process.init_module(image, ''));
    if (result !== undefined) expect(Number.isInteger(result)).toBe(true);
    if (result === 0) await use(machine);
    return result === undefined ? 'sleeps' : result === 0 ? 'loaded' : machine.kernel.taint.has(7) ? 'oops' : `errno ${-result}`;
  } catch (error) {
    if (error instanceof KernelPanic) return 'panic';
    throw error;
  }
}

test(`${LAST - FIRST} mutated modules end in an errno, load and run, or panic`, async () => {
  const description = loadKernel();
  const watcher = watch();
  const results = new Map<string, number>();
  for (let number = FIRST; number < LAST; number++) {
    watcher.begin(number);
    const { image, story } = mutant(bases, number);
    try {
      const machine = await bootOn({ description, host: testHost });
      machine.kernel.get(Watchdog).threshold = 0.2;
      // `importer` needs somebody to import from.
      if (story.startsWith('importer')) await machine.insmod(bases.find(({ name }) => name === 'exporter')?.bytes ?? image);
      const kind = await fate(machine, image);
      machine.kernel.halt();
      results.set(kind, (results.get(kind) ?? 0) + 1);
      if (number % 500 === 0) expect(await usedHeap()).toBeLessThan(MOST_HEAP);
    } catch (error) {
      throw new Error(`FUZZ_CASE=${number} (${story}): ${(error as Error).stack}`, { cause: error });
    }
  }
  await watcher.end();
  if (CASES > 10_000 || ONE !== undefined) console.log(Object.fromEntries([...results].sort(([, a], [, b]) => b - a)));
}, 3_600_000);

test('the ELF reader gives ElfError or an object', () => {
  for (let number = 0; number < 500; number++) {
    const { image } = mutant(bases, number);
    try {
      const elf = new ElfFile(image);
      for (const section of elf.sections) {
        elf.symbols(section);
        elf.relocations(section);
        modinfoEntries(elf.contents(section));
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ElfError);
    }
  }
});
