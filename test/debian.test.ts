// Debian's own modules on kobox against what they did on the real kernel: test/debian/NAME.sh and .txt (tools/record-debian.sh).
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';

const scripts = new URL('debian/', import.meta.url).pathname;
const tree = new URL('../build/linux-image-6.1.0-56-amd64/lib/modules/', import.meta.url).pathname;
const names = readdirSync(scripts).flatMap((file) => (file.endsWith('.sh') ? [file.slice(0, -3)] : []));

test.for(names)('%s: the same output and messages', async (name) => {
  const lines = readFileSync(join(scripts, `${name}.sh`), 'utf8').split('\n');
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  const paths = readdirSync(tree, { recursive: true }) as string[];
  for (const module of (lines[0] ?? '').replace('# modules: ', '').split(' ')) {
    const path = paths.find((candidate) => basename(candidate) === `${module}.ko`);
    expect(path, module).toBeDefined();
    const file = await machine.open(`/root/${module}.ko`, 0o101);
    await file.write(readFileSync(join(tree, path ?? '')));
    await file.close();
  }
  const shell = new Shell(machine);
  let output = '';
  for (const line of lines.slice(1)) {
    const result = await shell.run(line);
    output += result.stderr + result.stdout;
  }
  const dmesg = machine.dmesg().map(({ level, text }) => `<${level}>${text}\n`);
  expect(`${output}--- dmesg\n${dmesg.join('')}`).toBe(readFileSync(join(scripts, `${name}.txt`), 'utf8'));
});
