// The library as the README shows it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot, SystemCallError } from '#node';

const hello = readFileSync(new URL('../samples/hello/hello.ko', import.meta.url));

test('insmod, rmmod, dmesg and files', async () => {
  const machine = await boot();
  await machine.insmod(hello);
  expect(await machine.readText('/proc/modules')).toMatch(/^hello \d+ 0 - Live 0x[0-9a-f]{16} \(OE\)\n$/);
  expect(await machine.readText('/sys/module/hello/initstate')).toBe('live\n');
  await machine.rmmod('hello');
  expect(machine.dmesg().map(({ text }) => text)).toEqual([
    'hello: loading out-of-tree module taints kernel.',
    'hello: module verification failed: signature and/or required key missing - tainting kernel',
    'hello: entered the kernel',
    'hello: left the kernel',
  ]);
});
test('a refused module is a SystemCallError with its errno', async () => {
  const machine = await boot();
  await machine.insmod(hello);
  await expect(machine.insmod(hello)).rejects.toMatchObject({ code: 'EEXIST', errno: 17 });
  await expect(machine.rmmod('nosuch')).rejects.toBeInstanceOf(SystemCallError);
});
test('addresses are the real ones when KASLR is off: the first module lies at 0xffffffffc0201000', async () => {
  const machine = await boot();
  await machine.insmod(hello);
  expect(await machine.readText('/proc/modules')).toContain('0xffffffffc0201000');
});
