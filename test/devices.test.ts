// test/shell/devices.sh in kobox against what it printed on the real kernel (test/shell/devices.txt, tools/record-shell.sh).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mountFolder } from '#node';
import { Shell } from '#shell';
import { boot } from '../src/node/index.ts';

const read = (name: string): string => readFileSync(new URL(`shell/${name}`, import.meta.url), 'utf8');
const sections = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^== (.*)\n((?:(?!== ).*\n)*)/gm)].map(([, title = '', body = '']) => [title, body]));
/** Pids differ; and Debian's kmod is a debug build, whose library says where in it something went wrong. */
const comparable = (text = ''): string =>
  text.replace(/: +\d+ Killed/g, ': PID Killed').replace(/ \.\.\/libkmod\/[\w-]+\.c:\d+ \w+\(\)/g, '');
const expected = sections(read('devices.txt'));

async function run(): Promise<Map<string, string>> {
  const machine = await boot();
  mountFolder(machine, new URL('../samples', import.meta.url).pathname, '/root/samples', { readOnly: true });
  await machine.writeFile('/root/devices.sh', read('devices.sh'));
  await machine.writeFile('/etc/hostname', 'kobox\n');
  const shell = new Shell(machine);
  const { stdout } = await shell.run('bash /root/devices.sh 2>&1 < /dev/null | cat');
  return sections(stdout);
}
const actual = await run();

test.for([...expected.keys()])('%s', (title) => {
  expect(comparable(actual.get(title))).toBe(comparable(expected.get(title)));
});
