// What the loader says beyond Linux: structured reasons, in the library, in insmod --explain.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot, LoadError, type LoadReport } from '#node';
import { Shell } from '#shell';
import { Edit } from './loader/edit.ts';

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`loader/${name}.ko`, import.meta.url)));
async function reportOf(image: Uint8Array, parameters = ''): Promise<LoadReport> {
  const machine = await boot();
  const error = await machine.insmod(image, parameters).then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  if (!(error instanceof LoadError)) throw new Error('the module was loaded');
  return error.report;
}
const plain = file('plain');

test('a damaged section table: which check, where, what it expected and found', async () => {
  const report = await reportOf(new Edit(plain).header('shstrndx', 500).bytes);
  expect(report).toMatchObject({ errno: 8, step: 'elf_validity_check' });
  expect(report.reasons).toMatchObject([{ check: 'elf-header', errno: 8, offset: 62, expected: '1 to 33', found: '500' }]);
});
test('every symbol that is missing has a reason, with its place in the symbol table', async () => {
  const report = await reportOf(file('gpluser'));
  expect(report).toMatchObject({ module: 'gpluser', errno: 2, step: 'simplify_symbols' });
  expect(report.reasons.map(({ symbol }) => symbol).sort()).toEqual(
    ['provider_gpl', 'provider_gpl_space', 'provider_plain', 'provider_refs', 'provider_space'].sort(),
  );
  for (const { check, section, offset, advice } of report.reasons) {
    expect([check, section]).toEqual(['unknown-symbol', '.symtab']);
    expect(offset).toBeGreaterThan(0);
    expect(advice).toMatch(/modprobe/);
  }
});
test('versions: the CRC that the kernel has and the one that the module wants', async () => {
  const { reasons } = await reportOf(new Edit(plain).crc('_printk', 0x1234_5678).bytes);
  expect(reasons).toMatchObject([
    { check: 'symbol-version', symbol: '_printk', found: '0x12345678', expected: expect.stringMatching(/^0x/) },
  ]);
});
test('an init that fails', async () => {
  expect(await reportOf(file('returns'), 'value=-19')).toMatchObject({
    errno: 19,
    step: 'do_init_module',
    reasons: [{ check: 'init', found: '-19' }],
  });
});
test('insmod --explain says it, and insmod alone only what kmod says', async () => {
  const machine = await boot();
  await machine.writeFile('/root/gpluser.ko', file('gpluser'));
  const shell = new Shell(machine);
  const kmod = 'insmod: ERROR: could not insert module gpluser.ko: Unknown symbol in module\n';
  expect((await shell.run('cd /root; insmod gpluser.ko')).stderr).toBe(kmod);
  const { stderr, exitCode } = await shell.run('insmod --explain gpluser.ko');
  expect(exitCode).toBe(1);
  expect(stderr.startsWith(kmod)).toBe(true);
  expect(stderr).toContain('gpluser was refused in simplify_symbols():');
  expect(stderr).toMatch(/symbol +provider_gpl_space/);
  await machine.writeFile('/root/plain.ko', plain);
  expect(await shell.run('insmod --explain plain.ko')).toMatchObject({ stdout: '', stderr: '', exitCode: 0 });
});
