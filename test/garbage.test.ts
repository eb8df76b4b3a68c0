// Mutated modules: always an errno, never an exception of ours. FUZZ=100000 for the long run.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ElfError, ElfFile, modinfoEntries } from '#elf';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { testHost } from './kernel.ts';

const CASES = Number(process.env['FUZZ'] ?? 1500);
const modules = ['hello', 'params', 'exporter', 'list'].map((name) =>
  readFileSync(new URL(`../samples/${name}/${name}.ko`, import.meta.url)),
);

/** A module with a few bytes changed, or cut off. */
const mutated = fc
  .record({
    base: fc.constantFrom(...modules),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    header: fc.boolean(),
    cut: fc.option(fc.nat(), { freq: 8 }),
  })
  .map(({ base, edits, header, cut }) => {
    const image = Uint8Array.from(cut === null ? base : base.subarray(0, cut % base.length));
    // Half of the edits go where the structure is: the ELF header and the section table at the end.
    for (const [at, value] of edits) {
      const place = header ? (at % 2 === 0 ? (at >> 1) % 64 : image.length - 1 - ((at >> 1) % 3000)) : at % image.length;
      if (place >= 0 && place < image.length) image[place] = value;
    }
    return image;
  });

test(`${CASES} mutated modules end in an errno or load`, async () => {
  const description = loadKernel();
  let machine = await bootOn({ description, host: testHost });
  let loads = 0;
  await fc.assert(
    fc.asyncProperty(mutated, async (image) => {
      // A damaged module that loads may damage the kernel: the next one gets a fresh one.
      const result = await machine.process.init_module(image, '');
      expect(Number.isInteger(result)).toBe(true);
      if (result === 0 || ++loads % 50 === 0) machine = await bootOn({ description, host: testHost });
    }),
    { numRuns: CASES },
  );
}, 3_600_000);

test('the ELF reader gives ElfError or an object', () => {
  fc.assert(
    fc.property(mutated, (image) => {
      try {
        const elf = new ElfFile(image);
        for (const section of elf.sections) {
          elf.symbols(section);
          elf.relocations(section);
          modinfoEntries(elf.contents(section));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ElfError);
      }
    }),
    { numRuns: 500 },
  );
});
