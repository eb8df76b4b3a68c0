// Small modules that call kernel functions and print what they got: here and on the real kernel (tools/record-probes.sh).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { testHost } from './kernel.ts';

const probes = new URL('probes/', import.meta.url).pathname;
const names = readdirSync(probes).flatMap((file) => (file.endsWith('.c') ? [file.slice(0, -2)] : []));
const ENODEV = 19;
/** Said once a boot: the recording has them with its first probe only. */
const once = /: (loading out-of-tree module taints kernel|module verification failed: .*)\.?$/;

test.for(names)('%s prints what it prints on the real kernel', async (name) => {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  machine.process.comm = 'insmod';
  expect(await machine.process.init_module(readFileSync(join(probes, `${name}.ko`)), '')).toBe(-ENODEV);
  const comparable = (lines: readonly string[]): string[] => lines.filter((line) => line !== '' && !once.test(line));
  const expected = readFileSync(join(probes, `${name}.dmesg`), 'utf8').split('\n');
  // dmesg(1) writes bytes that cannot be printed as \xNN.
  const escaped = (text: string): string => text.replace(/[^\n\t -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const actual = machine.dmesg().flatMap(({ level, text }) =>
    escaped(text)
      .split('\n')
      .map((line) => `<${level}>${line}`),
  );
  expect(comparable(actual)).toEqual(comparable(expected));
});
