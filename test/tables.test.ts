// Every entry of every table against the kernel's own record: BTF knows each exported function's prototype.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { kernelTables } from '#kernel';
import { SHIPPED_KERNEL } from '#node';

const description = loadKernel(SHIPPED_KERNEL);

/** Written in assembly: BTF has no parameters for them. */
const ASSEMBLY = new Set(['memset', 'memcpy', 'memmove']);

/** Functions of our tables with their prototype in BTF: raw ones have a calling convention of their own. */
const functions = kernelTables.flatMap(({ file, symbols }) =>
  Object.entries(symbols).flatMap(([name, symbol]) => {
    const prototype = symbol.kind === 'data' || symbol.kind === 'raw' || ASSEMBLY.has(name) ? undefined : description.btf.func(name);
    return prototype === undefined || symbol.kind === 'data' ? [] : [{ file, name, symbol, prototype }];
  }),
);

test('the tables hold functions that BTF knows', () => {
  expect(functions.length).toBeGreaterThan(100);
});

test.for(functions)('$name ($file) is declared as in the kernel', ({ symbol, prototype }) => {
  expect(Object.keys(symbol.params)).toEqual(prototype.params.map(({ name }) => name));
  expect(symbol.variadic).toBe(prototype.variadic);
  // A pointer is a pointer, a void result is none; sizes agree.
  for (const [n, type] of Object.values(symbol.params).entries()) {
    const declared = prototype.params[n]?.type ?? '';
    if (declared.endsWith('*')) expect(`${declared}: ${type.bytes}`).toBe(`${declared}: 8`);
  }
  expect(prototype.ret === 'void').toBe(symbol.returns.bytes === 0);
});

test('no table invents a symbol: each is exported, or at least known to kallsyms', () => {
  const unknown = kernelTables.flatMap(({ file, symbols }) =>
    Object.keys(symbols)
      .filter((name) => description.exports.get(name) === undefined && description.kallsyms.byName(name) === undefined)
      .map((name) => `${file}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('what the kernel asks of its own tables by name is there', () => {
  const source = new URL('../src/kernel/', import.meta.url).pathname;
  const files = (readdirSync(source, { recursive: true }) as string[]).filter((path) => path.endsWith('.ts'));
  const known = new Set(kernelTables.flatMap(({ symbols }) => Object.keys(symbols)));
  const asked = files.flatMap((path) =>
    [...readFileSync(source + path, 'utf8').matchAll(/symbols\.require\('(\w+)'\)/g)].map(([, name = '']) => ({ path, name })),
  );
  expect(asked.length).toBeGreaterThan(50);
  const missing = asked.filter(
    ({ name }) => !known.has(name) || (description.exports.get(name) ?? description.kallsyms.byName(name)) === undefined,
  );
  expect(missing).toEqual([]);
});

/** Places that the sources name in full: exceptions.warn('FILE', LINE, 'FUNCTION', ...) and exceptions.bug('FILE', LINE). */
const sources = new URL('../src/kernel/', import.meta.url);
const reports = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => [
    ...readFileSync(new URL(name, sources), 'utf8').matchAll(
      /exceptions\.(?:warn|warnOnce|bug)\(\s*'([^']+)',\s*([1-9]\d*)(?:,\s*'([^']+)')?/g,
    ),
  ])
  .map(([, file = '', line, name]) => ({ file, line: Number(line), name }));
test('the sources name places of BUG and WARN', () => {
  expect(reports.length).toBeGreaterThan(20);
});
test.for(reports)('the kernel has a BUG or WARN at $file:$line in $name', ({ file, line, name }) => {
  // With a function's name it may be an inline one's, in another line on another kernel: here the line is exact.
  expect(description.bugs.find(file, line, name)?.line).toBe(line);
});
