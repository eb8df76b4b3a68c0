// Loads every module of Debian's kernel package whose imports kobox knows, in dependency order, each in a fresh kernel, and
// unloads it again. Prints how many were linked, initialised and unloaded, and what the rest lacks; and, where ../shared/oracle
// is there, for how many the errnos and log lines are those of the real kernel.
// Run: npm run corpus [-- LIMIT]
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { errnoName } from '#abi';
import { ElfFile, modinfoEntries } from '#elf';
import { loadKernel, nodeHost } from '#host-node';
import { kernelTables } from '#kernel';
import { bootOn } from '#machine';

const RELEASE = '6.1.0-56-amd64';
const tree = new URL(`../build/linux-image-${RELEASE}/lib/modules/${RELEASE}/`, import.meta.url).pathname;
const limit = Number(process.argv[2] ?? Number.POSITIVE_INFINITY);
const MOST_MISSING = 25;

interface Candidate {
  readonly name: string;
  readonly image: Uint8Array;
  readonly depends: readonly string[];
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}
const moduleName = (text: string): string => text.replaceAll('-', '_');

function read(path: string): Candidate {
  const image = readFileSync(tree + path);
  const elf = new ElfFile(image);
  const symtab = elf.sections.find(({ type }) => type === 2);
  const symbols = symtab === undefined ? [] : elf.symbols(symtab);
  const info = elf.section('.modinfo');
  const depends = info === undefined ? '' : (modinfoEntries(elf.contents(info)).find(({ tag }) => tag === 'depends')?.value ?? '');
  return {
    image,
    name: moduleName(basename(path, '.ko')),
    depends: depends
      .split(',')
      .filter((name) => name !== '')
      .map(moduleName),
    imports: symbols.filter(({ section, name }) => section === 0 && name !== '').map(({ name }) => name),
    exports: symbols.flatMap(({ name }) => (name.startsWith('__ksymtab_') ? [name.slice('__ksymtab_'.length)] : [])),
  };
}
const paths = (readdirSync(tree, { recursive: true }) as string[]).filter((path) => path.endsWith('.ko'));
const modules = new Map(paths.map((path) => read(path)).map((module) => [module.name, module]));
const known = new Set(kernelTables.flatMap(({ symbols }) => Object.keys(symbols)));

/** The modules to load before `name`, itself last; undefined when one is missing. */
function closure(name: string, seen: string[] = []): string[] | undefined {
  const module = modules.get(name);
  if (module === undefined) return undefined;
  for (const dependency of module.depends) if (!seen.includes(dependency) && closure(dependency, seen) === undefined) return undefined;
  if (!seen.includes(name)) seen.push(name);
  return seen;
}
const missingCount = new Map<string, number>();
const linkable: string[] = [];
for (const { name } of modules.values()) {
  const chain = closure(name);
  if (chain === undefined) continue;
  const offered = new Set(chain.flatMap((part) => modules.get(part)?.exports ?? []));
  const missing = new Set(
    chain.flatMap((part) => modules.get(part)?.imports ?? []).filter((symbol) => !known.has(symbol) && !offered.has(symbol)),
  );
  if (missing.size === 0) linkable.push(name);
  for (const symbol of missing) missingCount.set(symbol, (missingCount.get(symbol) ?? 0) + 1);
}

/** What the real kernel did with half of the modules: see ../shared/oracle/README.md. */
interface Outcome {
  readonly rc: number | string;
  readonly log?: readonly (readonly [level: number, text: string])[];
}
interface Recorded {
  readonly m: string;
  readonly load?: Outcome;
  readonly unload?: Outcome;
}
function readOracle(): ReadonlyMap<string, Recorded> {
  const file = new URL(`../../shared/oracle/debian-${RELEASE}.jsonl.xz`, import.meta.url).pathname;
  if (!existsSync(file)) return new Map();
  const lines = execFileSync('xz', ['-dc', file], { encoding: 'utf8', maxBuffer: 2 ** 30 }).split('\n');
  return new Map(lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Recorded])).map((recorded) => [recorded.m, recorded]));
}
const codeOf = (result: number): string => (result === 0 ? '0' : errnoName(-result));
const oracle = readOracle();
const compared = { same: 0, different: [] as string[] };
/** Whether `outcome` is what was recorded, if anything was. */
function compare(name: string, load: number, log: string, unload: number | undefined): void {
  const recorded = oracle.get(name);
  if (recorded?.load === undefined) return;
  const wantedLog = (recorded.load.log ?? []).map(([level, text]) => `<${level}>${text}`).join('\n');
  const good =
    String(recorded.load.rc) === codeOf(load) &&
    wantedLog === log &&
    (unload === undefined || recorded.unload === undefined || String(recorded.unload.rc) === codeOf(unload));
  if (good) compared.same++;
  else compared.different.push(name);
}

const description = loadKernel(RELEASE);
const count = { linked: 0, initialised: 0, unloaded: 0 };
const failures = new Map<string, string[]>();
const fail = (reason: string, name: string): void => {
  failures.set(reason, [...(failures.get(reason) ?? []), name]);
};
for (const name of linkable.slice(0, limit)) {
  const machine = await bootOn({ description, host: nodeHost() });
  machine.process.comm = 'insmod';
  const chain = closure(name) ?? [];
  try {
    let result = 0;
    let said = 0;
    for (const part of chain) {
      if (result !== 0) break;
      said = machine.dmesg().length;
      result = await machine.process.init_module(modules.get(part)?.image ?? new Uint8Array(0), '');
    }
    const log = machine
      .dmesg()
      .slice(said)
      .map(({ level, text }) => `<${level}>${text}`)
      .join('\n');
    const unknown = machine.dmesg().some(({ text }) => text.includes('Unknown symbol'));
    if (unknown) {
      fail('unknown symbol', name);
      continue;
    }
    count.linked++;
    const gone = result === 0 ? await machine.process.delete_module(name, 0) : undefined;
    compare(name, result, log, gone);
    if (result !== 0) {
      fail(`init gave ${result}`, name);
      continue;
    }
    count.initialised++;
    if (gone === 0) count.unloaded++;
    else fail(`unload gave ${gone}`, name);
  } catch (error) {
    fail(`kobox: ${(error as Error).message.slice(0, 120)}`, name);
  }
}
console.log(
  `${modules.size} modules, ${linkable.length} with all imports known: ${count.linked} linked, ${count.initialised} initialised, ${count.unloaded} unloaded`,
);
if (oracle.size > 0) {
  console.log(`as the real kernel (errnos and log): ${compared.same} of ${compared.same + compared.different.length} that were recorded`);
  if (compared.different.length > 0) console.log(`different: ${compared.different.join(' ')}`);
}
for (const [reason, names] of [...failures].sort((a, b) => b[1].length - a[1].length))
  console.log(`${names.length} ${reason}: ${names.slice(0, 6).join(' ')}`);
console.log('\nmost frequent missing symbols (modules that need them):');
for (const [symbol, needed] of [...missingCount].sort((a, b) => b[1] - a[1]).slice(0, MOST_MISSING)) console.log(`${needed} ${symbol}`);
