// Module parameters and dynamic debug: what the real kernel did with test/params/every.ko (tools/record-params.sh), done again; and
// random arguments, against a model of the rules. FUZZ=100000 npx vitest run test/params.test.ts is the long run; FUZZ_FROM=n starts there.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { O_RDONLY, O_WRONLY } from '#abi';
import { loadKernel } from '#host-node';
import { bootOn, type Machine } from '#machine';
import { testHost } from './kernel.ts';
import { commands, escape } from './params/commands.ts';
import { Driver } from './params/drive.ts';
import { Model } from './params/model.ts';
import { RandomText, randomNumbers } from './params/random.ts';

const file = (name: string): URL => new URL(`params/${name}`, import.meta.url);
const image = readFileSync(file('every.ko'));
const text = (name: string): string => readFileSync(file(name), 'utf8').trimEnd();
const recorded = text('every.txt').split(/\n(?=> )/);
const boot = (cmdline?: string): Promise<Machine> =>
  bootOn({ description: loadKernel(), host: testHost, ...(cmdline !== undefined && { cmdline }) });

test('the recording is of these commands', () => {
  const all = [...commands()];
  expect(recorded.map((part) => part.slice(2).split('\n', 1)[0])).toEqual(all);
  const count = (...names: string[]): number => all.filter((command) => names.includes(command.split(' ', 1)[0] as string)).length;
  expect(count('load')).toBeGreaterThanOrEqual(500);
  expect(count('read', 'write', 'chmod')).toBeGreaterThanOrEqual(100);
  expect(count('control')).toBeGreaterThanOrEqual(100);
});

/** The thread's id is not the same. */
const comparable = (part: string): string => part.replace(/^<7>\[\d+\] /gm, '<7>[TID] ');

test('every command does what it does on the real kernel', { timeout: 300_000 }, async () => {
  const driver = new Driver(await boot(), image);
  for (const part of recorded) expect(comparable(await driver.run(part.slice(2).split('\n', 1)[0] as string))).toBe(comparable(part));
});

test("the kernel's own call sites are those of the real one", async () => {
  const machine = await boot();
  const lines = (await machine.readText('/proc/dynamic_debug/control')).trimEnd().split('\n');
  const [count, first, ...some] = text('builtin.txt').split('\n');
  expect(lines).toHaveLength(Number(count));
  expect(lines[0]).toBe(first);
  expect(lines.filter((_, n) => (n + 1) % 20 === 0)).toEqual(some);
});

const boots = text('boots.txt').split(/^=== /m).slice(1);
test.for(boots.map((part) => [part.split('\n', 1)[0] as string, part] as const))('a kernel booted with %s', async ([cmdline, part]) => {
  const machine = await boot(cmdline);
  const [head = '', rest = ''] = part.trimEnd().split('\n--- drive\n');
  const [driven = '', probes = ''] = rest.split('\n--- probes\n');
  const records = machine.dmesg().map(({ level, text: record }) => `<${level}>${record}`);
  const control = (await machine.readText('/proc/dynamic_debug/control')).split('\n').filter((line) => line.startsWith('init/main'));
  const lockdown = (await machine.readText('/sys/kernel/security/lockdown')).trimEnd();
  expect([cmdline, ...records, lockdown, ...control]).toEqual(head.split('\n'));
  const driver = new Driver(machine, image);
  for (const command of driven.split(/\n(?=> )/))
    if (command !== '') expect(await driver.run(command.slice(2).split('\n', 1)[0] as string)).toBe(command);
  for (const probe of probes.split(/^> /m).slice(1)) {
    const [what = '', ...log] = probe.trimEnd().split('\n');
    expect(await slowprobe(machine, what), what).toEqual(log);
  }
});
/** `what`: seconds until the module is removed again, and its arguments. The log from its loading on. */
async function slowprobe(machine: Machine, what: string): Promise<string[]> {
  const { process, kernel } = machine;
  const [seconds = '', ...args] = what.split(' ');
  const start = kernel.log.end;
  expect(await process.init_module(readFileSync(file('slowprobe.ko')), args.join(' '))).toBe(0);
  kernel.log.print('notice', 'insmod is back');
  await process.nanosleep(Number(seconds));
  expect(await process.delete_module('slowprobe', 0)).toBe(0);
  return kernel.log.records().flatMap(({ seq, level, text: record }) => (seq < start ? [] : [`<${level}>${record}`]));
}

const CASES = Number(process.env['FUZZ'] ?? 2000);
const FROM = Number(process.env['FUZZ_FROM'] ?? 0);
const STORES = 10;
const PAGE = 4096;

test('random arguments do what the rules say', { timeout: 10_000_000 }, async () => {
  const machine = await boot();
  const driver = new Watcher(machine);
  for (let n = FROM; n < CASES; n++) {
    const model = new Model();
    // A callback that gives more than a page size makes Linux read there.
    const random = new RandomText(
      randomNumbers(n),
      model.names.filter((name) => name !== 'answer'),
    );
    const args = random.args();
    const expected = model.load(args);
    const name = `case ${n}: ${escape(args)}`;
    const error = await machine.process.init_module(image, args);
    expect({ error, records: driver.records() }, name).toEqual({ error: expected.error, records: expected.records.map(escape) });
    if (error < 0) continue;
    for (const file of model.names)
      if (args.replaceAll('-', '_').includes(file)) expect(await driver.read(file), `${name}: ${file}`).toBe(model.shows(file));
    for (let store = 0; store < STORES && n % STORES === 0; store++) {
      const file = random.pick(model.names.filter((each) => !['readable', 'answer'].includes(each)));
      const value = random.value();
      const what = `${name}: ${escape(value)} to ${file}`;
      expect({ result: await driver.write(file, value), records: driver.records() }, what).toEqual({
        result: model.store(file, value),
        records: model.records.map(escape),
      });
      expect(await driver.read(file), what).toBe(model.shows(file));
    }
    await machine.process.delete_module('every', 0);
  }
});
/** What a machine says and shows. */
class Watcher {
  readonly #machine: Machine;
  #seen = 0;
  constructor(machine: Machine) {
    this.#machine = machine;
  }
  /** New ones, without those of every load and of dynamic debug, which the model does not have. */
  records(): string[] {
    const { log } = this.#machine.kernel;
    // A message that was cut has lost its newline: it can be read when the next one comes.
    const next = 'end of what was looked at';
    log.print('debug', next);
    const fresh = log
      .records()
      .flatMap(({ seq, level, text: record }) => (seq < this.#seen || record === next ? [] : [`<${level}>${escape(record)}`]));
    this.#seen = log.end;
    return fresh.filter(
      (record) => !/free 77$|loading out-of-tree module|module verification failed|init of|exit$|^<3>dyndbg: /.test(record),
    );
  }
  async read(name: string): Promise<string> {
    const { process } = this.#machine;
    const fd = await process.open(`/sys/module/every/parameters/${name}`, O_RDONLY);
    const bytes = await process.read(fd, PAGE);
    await process.close(fd);
    return typeof bytes === 'number' ? `errno ${bytes}` : Buffer.from(bytes).toString('latin1');
  }
  async write(name: string, value: string): Promise<number> {
    const { process } = this.#machine;
    const fd = await process.open(`/sys/module/every/parameters/${name}`, O_WRONLY);
    const result = await process.write(fd, Buffer.from(value, 'latin1'));
    await process.close(fd);
    return result;
  }
}
