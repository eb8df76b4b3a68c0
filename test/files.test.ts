// test/shell/{files,uevents,log,dmesg}.sh in kobox against what they printed on the real kernel (tools/record-shell.sh).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { mountFolder } from '#node';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';

const read = (name: string): string => readFileSync(new URL(`shell/${name}`, import.meta.url), 'utf8');
const sections = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^== (.*)\n((?:(?!== ).*\n)*)/gm)].map(([, title = '', body = '']) => [title, body]));
/** Debian's kmod is a debug build, whose library says where in it something went wrong. */
const comparable = (text = ''): string => text.replace(/ \.\.\/libkmod\/[\w-]+\.c:\d+ \w+\(\)/g, '');

async function run(name: string): Promise<Map<string, string>> {
  // A boot at a fixed time: some of dmesg's formats look at the minute.
  const machine = await bootOn({ description: loadKernel(), host: testHost, cmdline: 'quiet panic=-1' });
  mountFolder(machine, new URL('../samples', import.meta.url).pathname, '/root/samples', { readOnly: true });
  await machine.writeFile(`/root/${name}.sh`, read(`${name}.sh`));
  const { stdout } = await new Shell(machine).run(`bash /root/${name}.sh 2>&1 < /dev/null | cat`);
  return sections(stdout);
}
for (const name of ['files', 'uevents', 'log', 'dmesg']) {
  const expected = sections(read(`${name}.txt`));
  const actual = await run(name);
  describe(name, () => {
    test.for([...expected.keys()])('%s', (title) => {
      expect(comparable(actual.get(title))).toBe(comparable(expected.get(title)));
    });
  });
}
