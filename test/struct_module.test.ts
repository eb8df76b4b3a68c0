// struct module in guest memory, field by field, against what the real kernel had there after a start with nokaslr
// (test/inspect/loaded.txt, read from /proc/kcore): what a module sees of itself.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { testHost } from './kernel.ts';

const tree = new URL('../build/linux-image-6.1.0-56-amd64/lib/modules/6.1.0-56-amd64/kernel/', import.meta.url).pathname;
const WORD = 8;
/** Fields that point into the kernel's heap, or hold the kobject whose folder in /sys is made without it. */
const HEAP = ['modinfo_attrs', 'holders_dir', 'sect_attrs', 'notes_attrs', 'args'];

/** Nodes of the tree by which the kernel finds the module of an address: nobody walks it here. */
const TREE = ['core_layout.mtn.node', 'init_layout.mtn.node'];

test('crc7, the first module: every word outside of the heap is the real one', async () => {
  const recorded = readFileSync(new URL('inspect/loaded.txt', import.meta.url), 'latin1');
  const [, address = '', hex = ''] = /^== crc7\n(?:.*\n)*?struct (\w+) (\w+)\n/m.exec(recorded) ?? [];
  const expected = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  await machine.insmod(new Uint8Array(readFileSync(`${tree}lib/crc7.ko`)));
  const { kernel: k } = machine;
  const module = k.modules.find('crc7');
  if (module === undefined) throw new Error('crc7 is not loaded');
  expect(BigInt.asUintN(64, BigInt(module.addr)).toString(16)).toBe(address);
  const size = k.layouts.sizeOf('module');
  expect(expected.length).toBe(size);
  const own = k.memory.read(module.addr, size);
  const kobject = k.layouts.offsetOf('module', 'mkobj.kobj');
  const heap = new Set(HEAP.map((field) => k.layouts.offsetOf('module', field)));
  const nodes = TREE.map((field) => k.layouts.offsetOf('module', field));
  const node = k.layouts.sizeOf('latch_tree_node');
  const isKept = (at: number): boolean =>
    heap.has(at) ||
    (at >= kobject && at < kobject + k.layouts.sizeOf('kobject')) ||
    nodes.some((start) => at >= start && at < start + node);
  const words = (bytes: Uint8Array): string[] =>
    Array.from({ length: size / WORD }, (_, n) => {
      const at = n * WORD;
      if (isKept(at)) return `${at}: not compared`;
      return `${at}: ${new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true).toString(16)}`;
    });
  expect(words(own)).toEqual(words(expected));
});
