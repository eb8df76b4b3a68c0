// Sizes in /proc/modules against what the real kernel showed for Debian's modules (shared/oracle, when it is there, else
// a committed sample of it): kernel 6.1.0-56-amd64 in QEMU.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ElfFile, SHT_SYMTAB } from '#elf';
import { checkElf } from '../src/kernel/module/checks.ts';
import { type Layout, layOut } from '../src/kernel/module/layout.ts';
import { placeByTheRules } from './layout_model.ts';

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

/** kobox's layout of a module file. */
function layoutOf(path: string): { readonly elf: ElfFile; readonly layout: Layout } {
  const { value: elf, done } = checkElf(readFileSync(tree + path)).next();
  const symtab = done === true ? elf?.sections.find(({ type }) => type === SHT_SYMTAB) : undefined;
  if (done !== true || elf === undefined || symtab === undefined) throw new Error(`${path}: refused`);
  return { elf, layout: layOut(elf, symtab, elf.symbols(symtab)) };
}
test('sizes and the place of every section of all 4,023 modules are those of a second reading of the rules', () => {
  const paths = (readdirSync(tree, { recursive: true }) as string[]).filter((path) => path.endsWith('.ko'));
  const wrong = paths.filter((path) => {
    const { elf, layout } = layoutOf(path);
    const model = placeByTheRules(elf);
    const same = [...model.places].every(([index, [area, offset]]) => {
      const placed = layout.placed.get(index);
      return placed?.area === area && placed.offset === offset;
    });
    return !same || model.core !== layout.core.size || model.init !== layout.init.size || model.places.size !== layout.placed.size;
  });
  expect(wrong).toEqual([]);
  expect(paths.length).toBe(4023);
});
test('200 modules: sizes while they come, and every section, are where the real kernel has them', () => {
  const recorded = readFileSync(new URL('loader/sections.txt', import.meta.url), 'utf8')
    .split(/^=== /m)
    .slice(1);
  expect(recorded.length).toBe(200);
  for (const text of recorded) {
    const [path = '', sizes = '', loaded = '', ...sections] = text.trimEnd().split('\n');
    const { layout } = layoutOf(path);
    expect(`core ${layout.core.size} init ${layout.init.size}`, path).toBe(sizes);
    const core = Number.parseInt(/0xffffffff([0-9a-f]{8})/.exec(loaded)?.[1] ?? '', 16);
    const found = new Map(sections.map((line) => line.split(' 0xffffffff') as [string, string]));
    let init: number | undefined;
    for (const { section, area, offset } of layout.placed.values()) {
      const at = Number.parseInt(found.get(section.name) ?? '', 16);
      if (section.size === 0) expect(found.has(section.name), `${path} ${section.name}`).toBe(false);
      else if (area === 'core') expect(at - core, `${path} ${section.name}`).toBe(offset);
      else {
        // Where the init memory was is not told; all of its sections agree on it.
        init ??= at - offset;
        expect(at - init, `${path} ${section.name}`).toBe(offset);
        expect(init % 4096).toBe(0);
      }
    }
  }
});
