// Every sample's script, run in kobox, against what the real kernel did (samples/NAME/recording.txt, tools/record.sh).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';

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

interface Recording {
  readonly script: string;
  readonly status: string;
  readonly dmesg: string;
  readonly tainted: string;
}
function parse(text: string): Recording {
  const part = (name: string): string => new RegExp(`^--- ${name}\n((?:(?!--- ).*\n)*)`, 'm').exec(text)?.[1] ?? '';
  return { script: part('script'), status: part('status'), dmesg: part('dmesg'), tainted: part('tainted') };
}
/**
 * What a run cannot repeat: addresses, register values, the pid, the machine's name. Below the module's own frames the
 * call trace is the kernel's entry path, which kobox does not have yet: the trace ends there.
 */
function comparable(dmesg: string): string {
  return dmesg
    .replace(/^<4>(?:RSP|RAX|RDX|RBP|R10|R13|FS|CS|CR2|PKRU|Code):? .*\n/gm, '')
    .replace(/^<6>PGD .*\n/gm, '')
    .replace(/^<4>RIP: 0033.*\n/gm, '')
    .replace(/^<4>Call Trace:\n(?:<4> .*\n)*/gm, '<4>Call Trace:\n')
    .replace(/^(<6>note: \w+)\[\d+\]/gm, '$1')
    .replace(/^<4>Hardware name: .*$/gm, '<4>Hardware name')
    .replace(/PID: \d+/g, 'PID')
    .replace(/\b(?:0x)?[0-9a-f]{16}\b/g, 'ADDRESS');
}

async function replay(name: string): Promise<Recording> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  const { process: init } = machine;
  const copy = async (host: string, guest: string): Promise<void> => {
    await init.mkdir(guest, 0o755);
    for (const entry of readdirSync(host, { withFileTypes: true })) {
      if (entry.isDirectory()) await copy(join(host, entry.name), `${guest}/${entry.name}`);
      else if (entry.name.endsWith('.ko')) {
        const file = await machine.open(`${guest}/${entry.name}`, 0o101);
        await file.write(readFileSync(join(host, entry.name)));
        await file.close();
      }
    }
  };
  await copy(samples, '/root/samples');
  await init.mkdir('/root/debian', 0o755);
  for (const module of debianModules(name)) {
    const file = await machine.open(`/root/debian/${basename(module)}`, 0o101);
    await file.write(readFileSync(debian + module));
    await file.close();
  }
  const shell = new Shell(machine);
  let script = '';
  let status = 0;
  // Line by line, so that what a line says and what it complains of stand together as on a terminal.
  for (const line of readFileSync(join(samples, name, 'script.sh'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const result = await shell.run(line);
    script += result.stderr + result.stdout;
    status = result.exitCode;
  }
  const dmesg = machine
    .dmesg()
    .flatMap(({ level, text }) => text.split('\n').map((line) => `<${level}>${line}\n`))
    .join('');
  return { script, status: `${status}\n`, dmesg, tainted: await machine.readText('/proc/sys/kernel/tainted') };
}

test('every sample has a module, a script and a recording', () => {
  for (const name of names) {
    for (const file of [`${name}.c`, `${name}.ko`, 'script.sh', 'recording.txt'])
      expect(existsSync(join(samples, name, file)), `samples/${name}/${file}`).toBe(true);
  }
});

test.for(names)('%s does what it does on the real kernel', async (name) => {
  const expected = parse(readFileSync(join(samples, name, 'recording.txt'), 'utf8'));
  const actual = await replay(name);
  expect(actual.script).toBe(expected.script);
  expect(comparable(actual.dmesg)).toBe(comparable(expected.dmesg));
  expect(actual.status).toBe(expected.status);
  expect(actual.tainted).toBe(expected.tainted);
});
