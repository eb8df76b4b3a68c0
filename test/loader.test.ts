// The cases of test/loader on kobox against what the real kernel did with them (tools/record-loader.ts): results of the system calls,
// every record with its level, taint, /proc/modules and /sys/module.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';
import { builtFiles, type Session, scriptOf, sessions } from './loader/cases.ts';
import { comparableLog } from './recording.ts';

const recordings = new URL('loader/recordings/', import.meta.url).pathname;
const built = builtFiles();

async function replay(session: Session): Promise<string> {
  const { script, files } = scriptOf(session);
  const machine = await bootOn({ description: loadKernel(), host: testHost, cmdline: session.cmdline ?? '' });
  for (const [name, bytes] of Object.entries({ ...built, ...files })) await machine.writeFile(`/root/${name}`, bytes);
  let output = '';
  const print = (bytes: Uint8Array): void => {
    output += Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  };
  const shell = new Shell(machine, { name: 'sh', stdout: print, stderr: print });
  await shell.run(script);
  return output;
}
/** Case titles and what belongs to each, without what no two boots have alike. */
function byCase(output: string): ReadonlyMap<string, string> {
  const comparable = comparableLog(output)
    .replace(/0xffffffffc[0-9a-f]{7}/g, 'ADDRESS')
    .replace(/^(?:\/script: \d+|sh): (?:\d+: )?/gm, 'sh: ')
    .replace(/(?<=relocation type \d+ val )[0-9a-f]+/g, 'VALUE');
  return new Map(
    comparable
      .split(/^=== /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)]),
  );
}

describe.for(sessions().map((session) => [session.name, session] as const))('%s', ([name, session]) => {
  let output: Promise<ReadonlyMap<string, string>> | undefined;
  test.for(session.cases.map(({ name: title }) => title))('%s', async (title) => {
    const recording = byCase(readFileSync(join(recordings, `${name}.txt`), 'latin1'));
    output ??= replay(session).then(byCase);
    expect(recording.has(title), `${title} is recorded`).toBe(true);
    expect((await output).get(title)).toBe(recording.get(title));
  });
});
test('titles of cases are unique, and there are more than 150 of them', () => {
  const titles = sessions().flatMap(({ name, cases }) => cases.map((one) => `${name}: ${one.name}`));
  expect(new Set(titles).size).toBe(titles.length);
  expect(titles.length).toBeGreaterThan(150);
});
