// Every kind of oops, WARN, BUG and panic on kobox against what the real kernel said: test/oopses/NAME.sh and .txt
// (tools/record-oopses.sh).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { KernelPanic } from '#kernel';
import { bootOn } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';
import { comparableReports } from './reports.ts';

const folder = new URL('oopses/', import.meta.url).pathname;
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.sh') ? [file.slice(0, -3)] : []));
/** What the recorder boots with. */
const ARGUMENTS = 'nokaslr panic=-1';

async function replay(name: string): Promise<string> {
  const script = readFileSync(join(folder, `${name}.sh`), 'utf8');
  const own = /^# kernel arguments: (.*)/.exec(script)?.[1] ?? '';
  const machine = await bootOn({ description: loadKernel(), host: testHost, cmdline: `${ARGUMENTS} ${own}` });
  const file = await machine.open('/root/oopses.ko', 0o101);
  await file.write(readFileSync(join(folder, 'oopses.ko')));
  await file.close();
  let output = '';
  const print = (bytes: Uint8Array): void => {
    output += new TextDecoder().decode(bytes);
  };
  const shell = new Shell(machine, { name: 'sh', stdout: print, stderr: print });
  try {
    await shell.run(script);
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
  }
  const log = machine.dmesg().flatMap(({ level, text }) => text.split('\n').map((line) => `<${level}>${line}\n`));
  return `--- script\n${output}--- log\n${log.join('')}`;
}

test.for(names)('%s: the same reports', async (name) => {
  const recorded = readFileSync(join(folder, `${name}.txt`), 'utf8');
  expect(comparableReports(await replay(name))).toBe(comparableReports(recorded));
});

import { writeFileSync } from 'node:fs';

test.for(names)('DUMP %s', async (name) => {
  const recorded = readFileSync(join(folder, `${name}.txt`), 'utf8');
  writeFileSync(`/tmp/od/${name}.ours`, comparableReports(await replay(name)));
  writeFileSync(`/tmp/od/${name}.linux`, comparableReports(recorded));
});
