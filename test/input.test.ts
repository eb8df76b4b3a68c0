// What a reader of /dev/input/eventN or mouseN sees, against the real kernel: samples/NAME/events.sh step by step, compared with
// the part `events` of its recording.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn } from '#machine';
import { testHost } from './kernel.ts';

const samples = new URL('../samples/', import.meta.url).pathname;
const debian = new URL('../build/linux-image-6.1.0-56-amd64/lib/modules/6.1.0-56-amd64/kernel/drivers/input/', import.meta.url).pathname;
const EVENT_SIZE = 24;
const TIME_SIZE = 16;
const PACKET_SIZE = 3;
const POLLIN = 1;
const SHOW_TIMEOUT = 1000;
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

async function run(name: string, script: string): Promise<string> {
  const machine = await bootOn({ description: loadKernel(), host: testHost });
  const { process } = machine;
  let fd = -1;
  let output = '';
  const parameter = /> (\S+); }$/m.exec(script)?.[1] ?? '';
  const steps: readonly (readonly [RegExp, (match: string[]) => Promise<unknown>])[] = [
    [
      /^insmod (debian|samples)\/(?:.*\/)?(\w+\.ko)$/,
      ([, where, file]) => machine.insmod(readFileSync((where === 'debian' ? debian : `${samples}${name}/`) + file)),
    ],
    [/^rmmod (\w+)$/, ([, module = '']) => machine.rmmod(module)],
    [
      /^exec 3<(\/.*)$/,
      async ([, path = '']) => {
        fd = await process.open(path, 0);
      },
    ],
    [/^exec 3<&-$/, () => process.close(fd)],
    [/^sleep (\d+)$/, ([, seconds]) => process.nanosleep(Number(seconds))],
    [
      /^echo '(.*)'$/,
      async ([, text]) => {
        output += `${text}\n`;
      },
    ],
    [
      /^emit '(.*)'$/,
      async ([, text]) => {
        const file = await machine.open(parameter, 1);
        await file.write(new TextEncoder().encode(`${text}\n`));
        await file.close();
      },
    ],
    [
      /^(show|packets) (\d+) <&3$/,
      async ([, what, count]) => {
        for (let n = 0; n < Number(count); n++) {
          const ready = await process.poll([{ fd, events: POLLIN }], SHOW_TIMEOUT);
          if (!Array.isArray(ready) || (ready[0] ?? 0) !== POLLIN) return;
          const bytes = await process.read(fd, what === 'show' ? EVENT_SIZE : PACKET_SIZE);
          if (typeof bytes === 'number') output += `${bytes}\n`;
          else output += what === 'show' ? `${hex(bytes.subarray(TIME_SIZE))}\n` : ` ${hex(bytes)}\n`;
        }
      },
    ],
    [
      /^dmesg -r .* tail -n (\d+)$/,
      async ([, count]) => {
        const lines = machine.dmesg().filter(({ text }) => text.startsWith(`${name}:`));
        output += lines
          .slice(-Number(count))
          .map(({ level, text }) => `<${level}>${text}\n`)
          .join('');
      },
    ],
    [/^(?:emit|show|packets)\(\)/, async () => {}],
  ];
  for (const part of script.split(/\n|; (?=emit ')/).filter((line) => line !== '')) {
    const step = steps.map(([pattern, action]) => [pattern.exec(part), action] as const).find(([match]) => match !== null);
    if (step?.[0] == null) throw new Error(`events.sh has a line that this test does not know: ${part}`);
    await step[1](step[0]);
  }
  return output;
}

test.for(['gamepad', 'touchpad', 'mouse'])('a reader sees the events of %s as on the real kernel', async (name) => {
  const recording = readFileSync(`${samples}${name}/recording.txt`, 'utf8');
  const expected = recording.slice(recording.indexOf('--- events\n') + '--- events\n'.length);
  expect(expected.length).toBeGreaterThan(300);
  expect(await run(name, readFileSync(`${samples}${name}/events.sh`, 'utf8'))).toBe(expected);
});
