// kobox check against real kernels: what they said to each module of a sample, inserted alone (tools/record-check.ts).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errnoName } from '#abi';
import { loadKernel } from '#host-node';
import { Checker, type CheckReport, checkText, inspect, inspectText, ModuleTree, PARTS } from '#inspect';
import { GuestFault, type KernelDescription, type LoadReport, loadDescription } from '#kernel';
import { kernels, pairs, parameterStrings, samples } from './check/sample.ts';
import { testKernel } from './kernel.ts';
import { sessions } from './loader/cases.ts';
import { base, mutant } from './mutate.ts';

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
    debugSites: () => undefined,
    builtin: () => undefined,
    notes: () => undefined,
    callers: () => undefined,
  });
}

interface Recorded {
  readonly id: string;
  readonly errno: number;
  /** The kernel's records, with their levels. */
  readonly records: readonly string[];
}
function parseBlocks(text: string): Recorded[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((block) => {
      const [head = '', ...records] = block.trimEnd().split('\n');
      const [id = '', errno] = head.split(' ');
      return { id, errno: Number(errno), records };
    });
}
const recorded = (release: string): ReadonlyMap<string, Recorded> =>
  new Map(parseBlocks(readFileSync(join(root, `test/check/${release}.txt`), 'latin1')).map((block) => [block.id, block]));
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

const blocks = (name: string): Recorded[] => [...parseBlocks(readFileSync(join(root, 'test/check', name), 'latin1'))];
describe('parameters', () => {
  const module = samples.find(({ id }) => id === 'our-params')?.bytes() ?? new Uint8Array(0);
  const real = blocks('parameters.txt');
  test.for(parameterStrings.map((text, n) => ({ text: text.slice(0, 60), whole: text, n })))('$text', ({ whole, n }) => {
    const { errno, records } = real[n] as Recorded;
    const report = new Checker({ kernel: loadKernel(), parameters: whole }).check(module);
    expect(report.errno).toBe(errno);
    if (n === parameterStrings.length - 1) return;
    // A record has no room for the longest.
    const said = records.filter((record) => record.startsWith('<3>params: `')).map((record) => record.slice(3, 900));
    expect(report.reasons.map(({ record }) => record?.text.slice(0, 897))).toEqual(said);
    const ignored = records.filter((record) => record.includes('unknown parameter')).map((record) => record.slice(3));
    expect(report.notes.filter((note) => note.includes('unknown parameter'))).toEqual(ignored);
  });
  test('what only the module can say is said to be so', () => {
    const { loads, notes } = new Checker({ kernel: loadKernel(), parameters: 'even=3' }).check(module);
    expect({ loads, notes }).toEqual({ loads: true, notes: ["even: only the module itself can say whether it takes '3'"] });
  });
});
describe('with a tree', () => {
  const real = blocks('pairs.txt');
  test.for(pairs.map((pair, n) => ({ ...pair, n })))('$id', ({ first, second, n }) => {
    const tree = new ModuleTree([{ path: 'extra/exporter.ko', read: first.bytes }]);
    const report = new Checker({ kernel: loadKernel(), tree }).check(second.bytes());
    const { errno, records } = real[2 * n + 1] as Recorded;
    expect(report.errno).toBe(errno);
    expect(expectedRecords(report)).toEqual(records.filter((record) => LOADER.test(record)));
    const exporter = { name: 'exporter', path: 'extra/exporter.ko', loads: true, reasons: [] };
    expect(report.dependencies).toEqual(errno === 0 ? [exporter] : expect.any(Array));
  });
  const folder = join(root, `build/linux-image-${SHIPPED}/lib/modules/${SHIPPED}`);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ko'))
    .sort();
  test('every module of the package loads on its kernel, after those that modinfo names', { timeout: 120_000 }, () => {
    const tree = new ModuleTree(files.map((path) => ({ path, read: () => readFileSync(join(folder, path)) })));
    const checker = new Checker({ kernel: loadKernel(), tree });
    const reports = new Map([...tree.modules.values()].map((module) => [module.name, checker.checkTree(module)]));
    expect(reports.size).toBe(4023);
    expect([...reports.values()].filter(({ loads }) => !loads)).toEqual([]);
    const direct = (name: string): string[] => {
      const names = execFileSync('modinfo', ['-F', 'depends', join(folder, tree.modules.get(name)?.path ?? '')], {
        encoding: 'utf8',
      }).trim();
      return names === '' ? [] : names.split(',').map((each) => each.replaceAll('-', '_'));
    };
    const all = (name: string, found = new Set<string>()): Set<string> => {
      for (const each of direct(name)) if (!found.has(each)) all(each, found.add(each));
      return found;
    };
    for (const name of [...reports.keys()].filter((_, n) => n % 50 === 0)) {
      const dependencies = reports.get(name)?.dependencies.map((each) => each.name) ?? [];
      expect([...dependencies].sort(), name).toEqual([...all(name)].sort());
      // Each comes after what it needs itself.
      for (const [n, each] of dependencies.entries()) expect(dependencies.slice(0, n), each).toEqual(expect.arrayContaining(direct(each)));
    }
  });
});
test('all that is in the way is said, not only what Linux says first', () => {
  const image = samples.find(({ id }) => id === 'mutation-everything')?.bytes() ?? new Uint8Array(0);
  const { reasons, errno } = new Checker({ kernel: loadKernel() }).check(image);
  expect(reasons.map(({ step, check, symbol }) => `${step} ${check} ${symbol ?? ''}`.trim())).toEqual([
    'check_modstruct_version module-layout module_layout',
    'check_modinfo vermagic',
    'simplify_symbols common-symbol __this_module',
    'simplify_symbols symbol-version __fentry__',
    'simplify_symbols unknown-symbol _prinqk',
    'apply_relocations relocation __fentry__',
  ]);
  expect(errno).toBe(8);
});
test('what is missing in kobox is told apart from what is missing in the kernel', () => {
  const report = new Checker({ kernel: loadKernel() }).check(samples.find(({ id }) => id === 'dummy')?.bytes() ?? new Uint8Array(0));
  expect(report.loads).toBe(true);
  expect(report.kobox.runs).toBe(false);
  expect(report.kobox.missing).toContain('alloc_netdev_mqs');
  expect(checkText('dummy.ko', report)).toMatch(/^dummy\.ko: 6\.1\.0-56-amd64: loads\n {2}in kobox: lacks \d+ symbols: /);
});
/** The loader's own cases (test/loader) that insert one file, of sessions where it does not matter what was loaded before. */
const STATELESS: readonly string[] = [
  'elf',
  'tags',
  'vermagic',
  'licenses',
  'signatures',
  'sig-enforce',
  'lockdown',
  'blacklist',
  'nomodule',
];
describe.for(sessions().flatMap((session) => (STATELESS.includes(session.name) ? [[session.name, session] as const] : [])))(
  'loader cases %s',
  ([name, { cmdline, cases }]) => {
    const recording = readFileSync(join(root, `test/loader/recordings/${name}.txt`), 'latin1').split(/^=== /m);
    const single = cases.flatMap(({ name: title, files = {}, script }) => {
      const [, parameters = ''] = /^sys 'init case\.ko(?: ([^'|]*))?'\n/.exec(script) ?? [];
      const image = files['case.ko'];
      return image === undefined || !script.startsWith("sys 'init case.ko") ? [] : [{ title, image, parameters }];
    });
    test.for(single)('$title', ({ title, image, parameters }) => {
      const line = recording.find((text) => text.startsWith(`${title}\n`))?.split('\n')[1] ?? '';
      const [, errno] = / = (?:0|-1 (E\w+))$/.exec(line) ?? ['', 'not recorded'];
      const report = new Checker({ kernel: loadKernel(), commandLine: cmdline ?? '', parameters }).check(image);
      expect(report.errno === 0 ? undefined : errnoName(report.errno), line).toBe(errno);
    });
  },
);
test('of the cases of the loader many are checked', () => {
  const cases = sessions().flatMap(({ name, cases: all }) => (STATELESS.includes(name) ? all : []));
  expect(cases.filter(({ script }) => script.startsWith("sys 'init case.ko")).length).toBeGreaterThan(100);
});
test('mutated modules: the check finds first what the loader here stops at', { timeout: 120_000 }, () => {
  const bases = ['hello', 'params', 'exporter', 'kthread', 'chardev'].map((name) =>
    base(name, readFileSync(join(root, `samples/${name}/${name}.ko`))),
  );
  const checker = new Checker({ kernel: loadKernel() });
  const checks = new Map<string, number>();
  for (let number = 0; number < 600; number++) {
    const { image, story } = mutant(bases, number);
    const k = testKernel();
    let report: LoadReport | undefined;
    try {
      // It stops by itself, or where code of the module would run.
      k.modules.initModule({ image, args: '', flags: 0, way: 'init_module' }, (made) => (report = made)).next();
    } catch (error) {
      // Tables that lead nowhere end in an oops while the loader patches, here as on Linux: a check does not see that.
      if (error instanceof GuestFault) continue;
      throw error;
    }
    const ours = checker.check(image);
    const [first] = report?.reasons ?? [];
    expect({ story, number, check: ours.reasons[0]?.check, errno: ours.errno }).toEqual({
      story,
      number,
      check: first?.check,
      errno: report?.errno ?? 0,
    });
    checks.set(first?.check ?? 'loads', (checks.get(first?.check ?? 'loads') ?? 0) + 1);
    inspectText(inspect(image, { kernel: loadKernel(), parts: PARTS }));
  }
  expect(checks.size).toBeGreaterThan(5);
});
