// Every sample's script, run in kobox, against what the real kernel did (samples/NAME/recording.txt, tools/record.sh).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn, type Machine } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';
import { comparableLog, comparableModules, parseRecording, type Recording, snapshot } from './recording.ts';

const samples = new URL('../samples/', import.meta.url).pathname;
const names = readdirSync(samples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** /root/samples of the machine: the modules. */
async function copySamples(machine: Machine): Promise<void> {
  await machine.process.mkdir('/root/samples', 0o755);
  for (const name of names) {
    await machine.process.mkdir(`/root/samples/${name}`, 0o755);
    for (const file of readdirSync(join(samples, name)).filter((other) => other.endsWith('.ko'))) {
      const copy = await machine.open(`/root/samples/${name}/${file}`, 0o101);
      await copy.write(readFileSync(join(samples, name, file)));
      await copy.close();
    }
  }
}

async function replay(name: string): Promise<Recording> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  await copySamples(machine);
  const shell = new Shell(machine);
  let script = '';
  let status = 0;
  let modules = '';
  // Line by line, so that what a line says and what it complains of stand together as on a terminal.
  for (const line of readFileSync(join(samples, name, 'script.sh'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('rmmod ')) modules += await snapshot(machine);
    const result = await shell.run(line);
    script += result.stderr + result.stdout;
    status = result.exitCode;
  }
  modules += await snapshot(machine);
  const dmesg = machine
    .dmesg()
    .flatMap(({ level, text }) => text.split('\n').map((line) => `<${level}>${line}\n`))
    .join('');
  return { script, status: `${status}\n`, modules, dmesg, tainted: await machine.readText('/proc/sys/kernel/tainted') };
}

test('every sample has a module, a script and a recording', () => {
  for (const name of names) {
    const module = name.replaceAll('-', '_');
    expect(
      [`${module}.c`, `${module}.rs`].some((file) => existsSync(join(samples, name, file))),
      `the source of ${name}`,
    ).toBe(true);
    for (const file of [`${module}.ko`, 'script.sh', 'recording.txt'])
      expect(existsSync(join(samples, name, file)), `samples/${name}/${file}`).toBe(true);
  }
});

test.for(names)('%s does what it does on the real kernel', async (name) => {
  const expected = parseRecording(readFileSync(join(samples, name, 'recording.txt'), 'utf8'));
  const actual = await replay(name);
  expect(actual.script).toBe(expected.script);
  expect(comparableLog(actual.dmesg)).toBe(comparableLog(expected.dmesg));
  expect(actual.status).toBe(expected.status);
  expect(comparableModules(actual.modules)).toBe(comparableModules(expected.modules));
  expect(actual.tainted).toBe(expected.tainted);
});
