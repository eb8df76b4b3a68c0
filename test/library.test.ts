// The library as the README shows it.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { extractLayouts, parseLayouts } from '#kernel';
import { bootOn } from '#machine';
import { boot, SystemCallError } from '#node';
import { testHost } from './kernel.ts';

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
test('with the layouts that the build makes, a start unpacks neither BTF nor kallsyms', async () => {
  const shipped = loadKernel();
  const btf = readFileSync(new URL(`../assets/kernels/${shipped.release}/btf.gz`, import.meta.url));
  const { release, version, vermagic, exports } = shipped;
  const layouts = parseLayouts(extractLayouts(gunzipSync(btf), (name) => shipped.kallsyms.byName(name)));
  const description = {
    ...{ release, version, vermagic, exports, config: undefined, layouts },
    addressOf: (symbol: string) => exports.get(symbol)?.address ?? layouts.get(`@${symbol}`),
    wayTo: () => [],
    dataOf: (symbol: string) => shipped.dataOf(symbol),
    get btf(): never {
      throw new Error('BTF was asked');
    },
    get kallsyms(): never {
      throw new Error('kallsyms was asked');
    },
  };
  const machine = await bootOn({ description, host: testHost });
  await machine.insmod(hello);
  await machine.rmmod('hello');
  expect(machine.dmesg().at(-1)?.text).toBe('hello: left the kernel');
});
