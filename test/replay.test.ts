// Every sample's script, run in kobox, against what the real kernel did (samples/NAME/recording.txt, tools/record.sh).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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

const debian = new URL('../build/linux-image-6.1.0-56-amd64/lib/modules/6.1.0-56-amd64/kernel/', import.meta.url).pathname;
/** The modules of Debian's that a sample's script loads: they lie in debian/. */
function debianModules(name: string): string[] {
  const list = join(samples, name, 'modules');
  return existsSync(list)
    ? readFileSync(list, 'utf8')
        .split(/\s+/)
        .filter((path) => path !== '')
    : [];
}

/** /root/samples and /root/debian of the machine: the modules. */
async function copyModules(machine: Machine, sample: string): Promise<void> {
  const { process } = machine;
  const copy = async (from: string, to: string): Promise<void> => {
    const file = await machine.open(to, 0o101);
    await file.write(readFileSync(from));
    await file.close();
  };
  await process.mkdir('/root/samples', 0o755);
  for (const name of names) {
    await process.mkdir(`/root/samples/${name}`, 0o755);
    for (const file of readdirSync(join(samples, name)).filter((other) => other.endsWith('.ko')))
      await copy(join(samples, name, file), `/root/samples/${name}/${file}`);
  }
  await process.mkdir('/root/debian', 0o755);
  for (const module of debianModules(sample)) await copy(debian + module, `/root/debian/${basename(module)}`);
}

async function replay(name: string): Promise<Recording> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  await copyModules(machine, name);
  let script = '';
  const print = (bytes: Uint8Array): void => {
    script += new TextDecoder().decode(bytes);
  };
  let modules = '';
  // The recordings' shell is dash.
  const shell = new Shell(machine, {
    name: 'sh',
    stdout: print,
    stderr: print,
    commands: {
      snapshot: async ({ io }) => {
        modules += await snapshot(io.process);
        return 0;
      },
    },
  });
  const text = readFileSync(join(samples, name, 'script.sh'), 'utf8').replace(/^rmmod /gm, 'snapshot\nrmmod ');
  const { exitCode: status } = await shell.run(text);
  await shell.run('snapshot');
  const dmesg = machine
    .dmesg()
    .flatMap(({ level, text }) => text.split('\n').map((line) => `<${level}>${line}\n`))
    .join('');
  return { script, status: `${status}\n`, modules, dmesg, tainted: await machine.readText('/proc/sys/kernel/tainted') };
}

test('every sample has a module, a script and a recording', () => {
  for (const name of names) {
    expect(
      [`${name}.c`, `${name}.rs`].some((file) => existsSync(join(samples, name, file))),
      `the source of ${name}`,
    ).toBe(true);
    for (const file of [`${name}.ko`, 'script.sh', 'recording.txt'])
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
