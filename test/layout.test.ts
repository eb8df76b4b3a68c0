// Sizes in /proc/modules against what the real kernel showed for Debian's modules (shared/oracle, when it is there, else
// a committed sample of it): kernel 6.1.0-56-amd64 in QEMU.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SHT_SYMTAB } from '#elf';
import { checkElf } from '../src/kernel/module/checks.ts';
import { layOut } from '../src/kernel/module/layout.ts';

const tree = new URL('../build/linux-image-6.1.0-56-amd64/lib/modules/6.1.0-56-amd64/', import.meta.url).pathname;
const committed = new URL('./oracle-sizes.json', import.meta.url).pathname;
const whole = new URL('../../shared/oracle/debian-6.1.0-56-amd64.jsonl.xz', import.meta.url).pathname;

/** [path below the module tree, size]. */
function oracle(): [string, number][] {
  if (!existsSync(whole)) return JSON.parse(readFileSync(committed, 'utf8')) as [string, number][];
  const { stdout } = spawnSync('xz', ['-dc', whole], { maxBuffer: 2 ** 30, encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .flatMap((line) => {
      const { path, proc_modules: modules } = JSON.parse(line) as { path: string; proc_modules?: string | null };
      return modules == null ? [] : [[path, Number(modules.split(' ')[1])] as [string, number]];
    });
}

test('the core size of each Debian module is what the real kernel shows', () => {
  const wrong: string[] = [];
  const modules = oracle();
  for (const [path, size] of modules) {
    const { value: elf, done } = checkElf(readFileSync(tree + path)).next();
    const symtab = done === true ? elf?.sections.find(({ type }) => type === SHT_SYMTAB) : undefined;
    if (done !== true || elf === undefined || symtab === undefined) wrong.push(`${path}: refused`);
    else if (layOut(elf, symtab, elf.symbols(symtab)).core.size !== size) wrong.push(path);
  }
  expect(wrong).toEqual([]);
  expect(modules.length).toBeGreaterThan(50);
});
