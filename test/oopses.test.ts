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

/** Scripts in which the kernel's own code runs last before the module's function. */
const LEFT: readonly string[] = [
  'warn',
  'refcount',
  'list',
  'places',
  'reference',
  'timer',
  'hrtimer',
  'overflow',
  'panic-on-taint',
  'panic-on-warn',
  'warn-limit',
  'tasklet',
];
/**
 * Linux meets the guard page at the access, wherever its stack began; kobox at the entry of a function: the place differs, and how many
 * calls fit.
 */
const roughly = (text: string): string =>
  text
    .replace(/(RIP: 0010:recurse\+)0x[0-9a-f]+(.*)\n.*Code: .*/g, '$1PLACE$2')
    .replace(/(?:<4> recurse\+0x3a\/0x70 \[oopses\]\n)+/g, '<4> recurse, again and again\n');

test.for(names)('%s: the same reports', async (name) => {
  const recorded = readFileSync(join(folder, `${name}.txt`), 'utf8');
  const comparison = { registers: name === 'registers', left: LEFT.includes(name) };
  const comparable = (text: string): string => {
    const reports = comparableReports(text, comparison);
    return name === 'overflow' ? roughly(reports) : reports;
  };
  expect(comparable(await replay(name))).toBe(comparable(recorded));
});
