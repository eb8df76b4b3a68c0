// A line of plain words must mean without just-bash what it means with it.
import { Bash } from 'just-bash';
import { expect, test } from 'vitest';
import { plainCommands } from '../src/shell/plain.ts';

/** Commands that say how they were called and fail when their first argument says so. */
const known = new Set(['insmod', 'rmmod']);
const run = (name: string, args: readonly string[]) => ({
  stdout: `${[name, ...args].join('|')}\n`,
  stderr: '',
  exitCode: args[0] === 'bad' ? 3 : 0,
});
const bash = new Bash({
  customCommands: [...known].map((name) => ({ name, execute: async (args: string[]) => run(name, args) })),
  defenseInDepth: false,
});

test.for([
  'insmod a.ko',
  'insmod a.ko number=5 list=7,8; rmmod a',
  '  insmod   a.ko\trmmod ;\n\n rmmod a-b_c.d:e@f%g+h  ',
  'insmod bad && rmmod a; rmmod b',
  'insmod bad || rmmod a && rmmod b',
  'insmod good || rmmod a && rmmod bad',
  'insmod good && insmod bad && rmmod a || rmmod b',
])('%j', async (script) => {
  let [stdout, exitCode] = ['', 0];
  for (const { name, args, after } of plainCommands(script, known) ?? []) {
    if (after !== 'any' && (after === 'success') !== (exitCode === 0)) continue;
    const result = run(name, args);
    stdout += result.stdout;
    exitCode = result.exitCode;
  }
  const expected = await bash.exec(script);
  expect({ stdout, exitCode }).toEqual({ stdout: expected.stdout, exitCode: expected.exitCode });
});

test.for([
  'insmod $X',
  "insmod 'a b'",
  'insmod *.ko',
  'insmod ~/a.ko',
  'insmod a.ko > log',
  'insmod a.ko | rmmod',
  'insmod a.ko &',
  'cat a',
  'X=1 insmod a.ko',
  'insmod a;; rmmod b',
  'insmod a &&\nrmmod b',
  '&& insmod a',
  '# insmod a',
  'insmod {a,b}.ko',
  'insmod a\\ b',
])('%j needs the shell', (script) => {
  expect(plainCommands(script, known)).toBeUndefined();
});
