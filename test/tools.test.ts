// file and dmesg against the real ones: every sample's module, some of Debian's, and a log in all formats.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { boot, mountFolder } from '#node';
import { Shell } from '#shell';

const RELEASE = '6.1.0-56-amd64';
const samples = new URL('../samples', import.meta.url).pathname;
const debian = new URL(`../build/linux-image-${RELEASE}`, import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'kobox-tools-'));
afterAll(() => rmSync(folder, { recursive: true }));
const LOG = `<6>[    0.000000] hello: loading out-of-tree module taints kernel.
<4>[    1.500000] plain text without prefix
<3>[    2.250001] foo bar: an error
<2>[   12.000000] crit: x
<1>[  100.000000] alert
<0>[12345.678901] emerg: y
<7>[12345.678902] debug: y
<12>[12346.000000] user warn
<30>[12347.000000] daemon info
<5>[12348.000000]${' '}
`;
writeFileSync(join(folder, 'log'), LOG);

const machine = await boot();
mountFolder(machine, samples, samples, { readOnly: true });
mountFolder(machine, debian, debian, { readOnly: true });
mountFolder(machine, folder, folder, { readOnly: true });
const shell = new Shell(machine);
async function compare(line: string, comparable: (text: string) => string = (text) => text): Promise<void> {
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', line], {
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  });
  const ours = await shell.run(line);
  expect({ stdout: comparable(ours.stdout), stderr: ours.stderr, status: ours.exitCode }).toEqual({
    stdout: comparable(stdout),
    stderr,
    status,
  });
}
const modules = readdirSync(samples, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ko'));
test.for([
  ...modules.map((path) => join(samples, path)),
  ...['fs/ext4/ext4.ko', 'net/key/af_key.ko', 'lib/crc8.ko'].map((path) => join(debian, 'lib/modules', RELEASE, 'kernel', path)),
])('file %s', (path) => compare(`file ${path}; file -b ${path}`));

/** Wall times depend on when the machine was booted. */
const noTimes = (text: string): string =>
  text
    .replace(/\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}/g, '[DATE')
    .replace(/\[\w{3}[ \d]\d [\d:]{5}\]/g, '[DAY]')
    .replace(/^\d{4}-[\d-]+T[\d:,]+\+00:00/gm, 'ISO');
test.for([
  '',
  '-r',
  '-x',
  '-T',
  '-t',
  '-d',
  '-l err,warn',
  '-l err+',
  '-f user',
  '-f kern,daemon',
  '-k',
  '-u',
  '-x -t',
  '-L=always',
  '-L=always -x',
  '--color=never',
  '--time-format iso',
  '-d -T',
  '-t -d',
  '-rx',
  '-l bogus',
  '-f bogus',
  '-z',
  '-l warn -f kern',
  '--time-format=delta',
  '--time-format=ctime',
  '--time-format=bogus',
  '-V',
  'x',
  '-cC',
  '--fac user',
  '--c',
])('dmesg -F log %s', (options) => compare(`dmesg -F ${folder}/log ${options}`, noTimes));
