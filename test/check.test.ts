// kobox check against real kernels: what they said to each module of a sample, inserted alone (tools/record-check.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { Checker, type CheckReport, checkText, ModuleTree } from '#inspect';
import { type KernelDescription, loadDescription } from '#kernel';
import { kernels, samples } from './check/sample.ts';

const root = new URL('..', import.meta.url).pathname;
const SHIPPED = '6.1.0-56-amd64';
/** The shipped description, or what was kept of another. */
function descriptionOf(release: string): KernelDescription {
  if (release === SHIPPED) return loadKernel();
  const at = (name: string): string => join(root, 'test/check/kernels', release, name);
  const inflate = (name: string): Uint8Array => gunzipSync(readFileSync(at(`${name}.gz`)));
  return loadDescription({
    header: () => readFileSync(at('description.json'), 'utf8'),
    bytes: inflate,
    text: (name) => Buffer.from(inflate(name)).toString('latin1'),
    layouts: () => readFileSync(at('layouts'), 'latin1'),
    certificates: () => inflate('certificates'),
    bugs: () => undefined,
    callers: () => undefined,
  });
}

interface Recorded {
  readonly id: string;
  readonly errno: number;
  /** The kernel's records, with their levels. */
  readonly records: readonly string[];
}
function recorded(release: string): ReadonlyMap<string, Recorded> {
  const text = readFileSync(join(root, `test/check/${release}.txt`), 'latin1');
  const blocks = text.split(/^== /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const [head = '', ...records] = block.trimEnd().split('\n');
      const [id = '', errno] = head.split(' ');
      return [id, { id, errno: Number(errno), records }];
    }),
  );
}
/** What a kernel says of a module that it loads or refuses, beside what the module itself says; hashed addresses made alike. */
const LOADER =
  /: Unknown symbol |disagrees about version|no symbol version|version magic|^<.>Invalid |^<.>ELF Spec|stripped\?|No module found|is blacklisted|WRITE\|EXEC|-fno-common|invalid section index|relocation|-mcmodel|exports duplicate|Could not allocate|from namespace|is rejected|non-zero params|GPL-only symbols/;
const alike = (record: string): string =>
  record
    .replace(/loc [0-9a-f]+, val [0-9a-f]+/, 'loc X')
    .replace(/loc \(address\), val [0-9a-f]+/, 'loc X')
    .replace(/val [0-9a-f]+$/, 'val X');
const LEVELS: Readonly<Record<string, number>> = { err: 3, warning: 4, notice: 5 };
/** The records that Linux would print: those of its first step that refuses. */
function expectedRecords({ reasons, module }: CheckReport): string[] {
  const [first] = reasons;
  const step = reasons.filter((why) => why.step === first?.step);
  const goesOn = first?.step === 'simplify_symbols' || first?.step === 'parse_args';
  return (goesOn ? step : step.slice(0, 1)).flatMap(({ record, symbol, errno, check }) => {
    const said = record === undefined ? [] : [`<${LEVELS[record.level]}>${record.text}`];
    const unknown = `<4>${module}: Unknown symbol ${symbol} (err ${-errno})`;
    const names = first?.step === 'simplify_symbols' && check !== 'common-symbol' && check !== 'section-index' && !said.includes(unknown);
    return (names ? [...said, unknown] : said).map(alike);
  });
}
describe.each(kernels)('$release', ({ release, commandLine }) => {
  const real = recorded(release);
  const checker = new Checker({ kernel: descriptionOf(release), commandLine });
  test('every module of the sample was recorded, and many are refused', () => {
    expect([...real.keys()].sort()).toEqual(samples.map(({ id }) => id).sort());
    expect(samples.length).toBeGreaterThan(100);
    expect([...real.values()].filter(({ errno }) => errno !== 0).length).toBeGreaterThan(30);
  });
  test.for(samples)('$id', ({ id, bytes }) => {
    const { errno, records } = real.get(id) as Recorded;
    const report = checker.check(bytes());
    const said = records.filter((record) => LOADER.test(record)).map(alike);
    // The overflow has a record of its own before the one that says why.
    expect(said.filter((record) => !record.includes('overflow in relocation'))).toEqual(expectedRecords(report));
    if (report.loads) {
      // What its init then says (no such device, mostly) is not the loader's word.
      expect([0, 2, 12, 16, 19, 95]).toContain(errno);
    } else expect(errno).toBe(report.errno);
  });
});
