// The library as the README shows it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { extractLayouts, parseLayouts } from '#kernel';
import { bootOn } from '#machine';
import { boot, mountFolder, POLLIN, POLLOUT, provideFile, SystemCallError } from '#node';
import { testHost } from './kernel.ts';

const sample = (name: string): Uint8Array => readFileSync(new URL(`../samples/${name}/${name}.ko`, import.meta.url));
const hello = sample('hello');

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
  const layouts = parseLayouts(
    extractLayouts(
      gunzipSync(btf),
      (name) => shipped.kallsyms.byName(name),
      (option) => shipped.isSet(option),
    ),
  );
  const description = {
    ...{ release, version, vermagic, exports, config: undefined, layouts },
    addressOf: (symbol: string) => exports.get(symbol)?.address ?? layouts.get(`@${symbol}`),
    wayTo: () => [],
    dataOf: (symbol: string) => shipped.dataOf(symbol),
    // Whether modules may be loaded is a variable of the image.
    builtin: shipped.builtin,
    get notes(): never {
      throw new Error('the notes were read');
    },
    get btfBytes(): never {
      throw new Error('BTF was read');
    },
    isSet: (option: string) => layouts.get(`?${option}`) === 1,
    get certificates(): never {
      throw new Error('the keys were read');
    },
    get bugs(): never {
      throw new Error('the list of BUG and WARN was read');
    },
    get debugSites(): never {
      throw new Error('the call sites of dynamic debug were read');
    },
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

test('a console prints what is urgent enough; uevents are heard', async () => {
  const machine = await boot();
  const printed: string[] = [];
  const heard: string[] = [];
  const quiet = machine.onConsole((text) => printed.push(text));
  machine.onUevent(({ action, path, variables }) => heard.push(`${action} ${path} ${variables.length}`));
  await machine.writeFile('/dev/kmsg', '<3>one\n');
  await machine.writeFile('/dev/kmsg', '<7>debug\n');
  await machine.writeFile('/proc/sys/kernel/printk', '4');
  await machine.writeFile('/dev/kmsg', '<4>warning\n');
  await machine.writeFile('/dev/kmsg', '<2>two\nlines\n');
  quiet();
  await machine.writeFile('/dev/kmsg', '<0>nobody reads this\n');
  // The times are the virtual clock's; every line has the record's.
  expect(printed.map((text) => text.replace(/\[ +\d+\.\d{6}\]/g, '[T]'))).toEqual(['[T] one\n', '[T] two\n[T] lines\n']);
  await machine.insmod(hello);
  expect(heard).toEqual(['add /module/hello 4']);
});
test('a character device: open, write, lseek, read, ioctl', async () => {
  const machine = await boot();
  await machine.insmod(sample('chardev'));
  const file = await machine.open('/dev/chardev0');
  expect(await file.write('hello')).toBe(5);
  expect(await file.lseek(1)).toBe(1);
  expect(await file.readText(3)).toBe('ell');
  await expect(file.lseek(-1)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'lseek' });
  // _IOR('k', 2, int): how many transfers this open file has seen.
  const count = new Uint8Array(4);
  expect(await file.ioctl(0x8004_6b02, count)).toBe(0);
  expect(count[0]).toBe(2);
  await expect(file.ioctl(0x6b09)).rejects.toMatchObject({ code: 'ENOTTY' });
  await expect(machine.rmmod('chardev')).rejects.toMatchObject({ code: 'EAGAIN' });
  await file.close();
  await machine.rmmod('chardev');
  await expect(machine.open('/dev/chardev0')).rejects.toMatchObject({ code: 'ENOENT', errno: 2 });
});
test('poll waits for a writer, or until the time is up', async () => {
  const machine = await boot();
  await machine.insmod(sample('pollable'));
  const file = await machine.open('/dev/pollable');
  expect(await file.poll(POLLIN | POLLOUT, 0)).toBe(POLLOUT);
  const before = machine.kernel.clock.now;
  expect(await file.poll(POLLIN, 100)).toBe(0);
  expect((machine.kernel.clock.now - before) / 1e6).toBeCloseTo(100);
  const waiting = file.poll(POLLIN);
  await machine.writeFile('/dev/pollable', 'x');
  expect(await waiting).toBe(POLLIN);
  await file.close();
});
test('two tasks: a read that waits for a write', async () => {
  const machine = await boot();
  await machine.insmod(sample('mailbox'));
  const reader = machine.readText('/proc/modules').then(async () => (await machine.open('/dev/mailbox', 0)).readText(80));
  await machine.process.nanosleep(1);
  await machine.writeFile('/dev/mailbox', 'for you');
  expect(await reader).toBe('for you');
});
test('parameters, procfs and sysfs', async () => {
  const machine = await boot({ cmdline: 'quiet' });
  await machine.insmod(sample('params'), 'number=5 list=7,8');
  expect(await machine.sysfs('module/params/parameters/list')).toBe('7,8\n');
  await machine.writeFile('/sys/module/params/parameters/number', '6');
  expect(await machine.sysfs('module/params/parameters/number')).toBe('6\n');
  await expect(machine.writeFile('/sys/module/params/parameters/even', '3')).rejects.toMatchObject({ code: 'EINVAL', syscall: 'write' });
  expect(await machine.procfs('cmdline')).toBe('quiet\n');
  await expect(machine.procfs('nosuch')).rejects.toMatchObject({ code: 'ENOENT' });
});
test('a mounted folder is live in both directions; a read-only one refuses', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kobox-mount-'));
  const machine = await boot();
  mountFolder(machine, folder, '/root/build');
  mountFolder(machine, folder, '/ro', { readOnly: true });
  writeFileSync(join(folder, 'hello.ko'), 'not yet');
  await expect(machine.insmod('/root/build/hello.ko')).rejects.toMatchObject({ code: 'ENOEXEC' });
  writeFileSync(join(folder, 'hello.ko'), hello);
  await machine.insmod('/root/build/hello.ko');
  await machine.writeFile('/root/build/new', 'from inside');
  expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('from inside');
  await expect(machine.writeFile('/ro/new', 'x')).rejects.toMatchObject({ code: 'EROFS' });
  expect(await machine.process.unlink('/ro/new')).toBe(-30);
  expect(await machine.readText('/ro/new')).toBe('from inside');
  expect(await machine.process.mkdir('/root/build/d', 0o755)).toBe(0);
  expect(await machine.process.rename('/root/build/new', '/root/build/d/old')).toBe(0);
  expect(readFileSync(join(folder, 'd/old'), 'utf8')).toBe('from inside');
  expect(await machine.readText('/proc/mounts')).toContain(`${folder} /root/build 9p rw 0 0\n`);
  // Links of the host lead nowhere but inside the machine.
  expect(await machine.process.symlink('/etc/passwd', '/root/build/link')).toBe(0);
  await expect(machine.readFile('/root/build/link')).rejects.toMatchObject({ code: 'ENOENT' });
  provideFile(machine, join(folder, 'd/old'), '/root/one');
  expect(await machine.readText('/root/one')).toBe('from inside');
  rmSync(folder, { recursive: true });
});
test('/lib/modules has the samples, and modules.dep of our depmod', async () => {
  const machine = await boot();
  expect(await machine.readText(`/lib/modules/${machine.kernel.description.release}/modules.dep`)).toContain(
    'extra/importer.ko: extra/exporter.ko\n',
  );
  await machine.insmod('/lib/modules/6.1.0-56-amd64/extra/hello.ko');
});

test.each([
  ['GZIP', gzipSync],
  ['XZ', (bytes: Uint8Array) => execFileSync('xz', ['-c', '--check=crc32'], { input: bytes })],
  ['ZSTD', (bytes: Uint8Array) => execFileSync('zstd', ['-qc'], { input: bytes })],
] as const)('a kernel built with MODULE_DECOMPRESS and %s takes such files, and no others', async (format, pack) => {
  const shipped = loadKernel();
  const description = Object.create(shipped, {
    isSet: { value: (option: string) => option === 'CONFIG_MODULE_DECOMPRESS' || option === `CONFIG_MODULE_COMPRESS_${format}` },
  }) as typeof shipped;
  const machine = await bootOn({ description, host: testHost });
  const packed = new Uint8Array(pack(hello));
  const finit = async (bytes: Uint8Array): Promise<number> => {
    await machine.writeFile('/root/module', bytes);
    const fd = await machine.process.open('/root/module', 0);
    return machine.process.finit_module(fd, '', 4);
  };
  expect(await finit(hello)).toBe(-22);
  expect(await finit(packed.slice(0, 50))).toBe(-22);
  expect(await finit(packed)).toBe(0);
  expect(await machine.procfs('modules')).toContain('hello ');
});
