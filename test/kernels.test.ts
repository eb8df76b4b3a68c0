// The shipped description is what its source gives, and holds what the real kernel is known to have (linux-modules.md 0, 3).
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Btf, BtfError } from '#btf';
import { importer, loadKernel, SHIPPED_KERNEL } from '#host-node';
import { ImportError, unLz4 } from '#kimport';

const boot = new URL(`../build/linux-image-${SHIPPED_KERNEL}/boot/`, import.meta.url).pathname;
const image = readFileSync(boot + readdirSync(boot).find((name) => name.startsWith('vmlinuz-')));
const { importImage, waysIn } = await importer();
const shipped = loadKernel();

test('importing the real image gives the shipped description', () => {
  const parts = importImage(image);
  expect([parts.release, parts.version, parts.vermagic]).toEqual([shipped.release, shipped.version, shipped.vermagic]);
  expect(new TextDecoder().decode(parts.files.kallsyms).split('\n').length).toBe(shipped.kallsyms.all().length);
  expect(new TextDecoder().decode(parts.files.bugs)).toMatch(/^\S+ \d+ arch\/x86\/\S+\n/);
  expect(parts.files.dyndbg).toEqual(
    new Uint8Array(gunzipSync(readFileSync(new URL(`../assets/kernels/${SHIPPED_KERNEL}/dyndbg.gz`, import.meta.url)))),
  );
  const lines = new TextDecoder().decode(parts.files.exports).split('\n').length;
  expect(shipped.exports.values().length).toBe(lines);
});
test('each frame of the recorded ways into a module lies behind the call in the image that its line names', () => {
  const recorded = readFileSync(new URL(`../assets/kernels/${SHIPPED_KERNEL}/callers`, import.meta.url), 'utf8');
  const frames = recorded.split('\n').filter((line) => line.includes('+0x'));
  expect(frames.filter((line) => !/ = (\S+ \d+\/\d+|same)$/.test(line))).toEqual([]);
  expect(waysIn(importImage(image).callSites, recorded)).toBe(recorded.replace(/ = .*/g, ''));
});
test('exports, versions and per-CPU offsets are the real ones', () => {
  const all = shipped.exports.values();
  expect([all.filter(({ gpl }) => !gpl).length, all.filter(({ gpl }) => gpl).length]).toEqual([4977, 5526]);
  expect(shipped.exports.get('module_layout')?.crc).toBe(0x9060323f);
  expect(shipped.vermagic).toBe('6.1.0-56-amd64 SMP preempt mod_unload modversions ');
  expect(shipped.exports.get('current_task')?.address).toBe(0x1fb80);
  expect(shipped.kallsyms.byName('numa_node')).toBe(0x2e580);
});
test.for([
  ['init', 312],
  ['core_layout.size', 328],
  ['kallsyms', 544],
  ['exit', 848],
  ['refcnt', 856],
] as const)('struct module.%s lies at %d', ([path, offset]) => {
  expect(shipped.btf.offsetOf('module', path)).toBe(offset);
  expect(shipped.btf.struct('module')?.size).toBe(896);
});
test('garbage is an ImportError or a BtfError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
      expect(() => importImage(bytes)).toThrow(ImportError);
      expect(() => unLz4(bytes, 100)).toThrow(ImportError);
      expect(() => Btf.parse(bytes)).toThrow(BtfError);
    }),
    { numRuns: 300 },
  );
});
