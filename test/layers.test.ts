// Layers import each other in one direction only: a wrong import must fail the build.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;

/** Type-checks one file as if it stood in a layer: its tsconfig, its references. Gives the compiler's words. */
function check(layer: string, source: string): string {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'layer-'));
  try {
    const config = JSON.parse(readFileSync(join(root, 'src', layer, 'tsconfig.json'), 'utf8')) as { references?: { path: string }[] };
    const references = (config.references ?? []).map(({ path }) => ({ path: join(root, 'src', layer, path) }));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: { rootDir: '.', outDir: 'out' },
        include: ['*.ts'],
        references,
      }),
    );
    writeFileSync(join(folder, 'wrong.ts'), source);
    return spawnSync('npx', ['tsc', '-p', folder, '--noEmit'], { cwd: root, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the kernel may not import the translator', () => {
  expect(check('kernel', "export * from '#translate';\n")).toMatch(/error TS(6059|6307)/);
});
test('the kernel may import elf', () => {
  expect(check('kernel', "export { ElfFile } from '#elf';\n")).toBe('');
});
test('the kernel may not import what looks at modules from outside; that may import the kernel', () => {
  expect(check('kernel', "export * from '#inspect';\n")).toMatch(/error TS(6059|6307)/);
  expect(check('inspect', "export { loadDescription } from '#kernel';\n")).toBe('');
  expect(check('inspect', 'export const home = process.env;\n')).toMatch(/error TS/);
});
test('portable layers have no Node types', () => {
  expect(check('kernel', 'export const home = process.env;\n')).toMatch(/error TS/);
});
test('the linter refuses a relative way into another layer', () => {
  const file = join(root, 'src/kernel/wrong-import.ts');
  writeFileSync(file, "export * from '../elf/elf.ts';\n");
  try {
    const { status, stdout } = spawnSync('npx', ['oxlint', file], { cwd: root, encoding: 'utf8' });
    expect(`${status} ${stdout}`).toMatch(/^1 [\s\S]*no-restricted-imports/);
  } finally {
    rmSync(file);
  }
});
