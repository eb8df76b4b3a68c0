// Records where the real kernel puts the sections of 200 of Debian's modules: boots it in QEMU with nokaslr and writes
// test/loader/sections.txt. A module's lines: "=== PATH", what test/loader/watch.ko says of its sizes while it comes ("core N init N"),
// its line of /proc/modules, and "NAME ADDRESS" of each section. Run: npx tsx -C source tools/record-sections.ts
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const COUNT = 200;
/** What a boot of 512 MB can hold, and the time of one. */
const MOST_DEPENDENCIES = 5;
const RELEASE = '6.1.0-56-amd64';
const root = new URL('..', import.meta.url).pathname;
const tree = join(root, `build/linux-image-${RELEASE}/lib/modules/${RELEASE}`);
const oracle = join(root, '../shared/oracle/debian-6.1.0-56-amd64.jsonl.xz');

interface Recorded {
  readonly m: string;
  readonly path: string;
  readonly deps: readonly string[];
  readonly status: string;
  readonly autoloaded: readonly string[];
}
const all = execFileSync('xz', ['-dc', oracle], { maxBuffer: 2 ** 30, encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)
  .filter(({ status, deps, autoloaded }) => status === 'ok' && deps.length <= MOST_DEPENDENCIES && autoloaded.length === 0);
const chosen = Array.from({ length: COUNT }, (_, n) => all[Math.floor((n * all.length) / COUNT)] as Recorded);
/** Files of the tree by module name. */
const files = new Map(
  execFileSync('find', ['-L', tree, '-name', '*.ko'], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n')
    .map((path) => [basename(path, '.ko').replaceAll('-', '_'), path]),
);
const fileOf = (name: string): string => {
  const path = files.get(name.replaceAll('-', '_'));
  if (path === undefined) throw new Error(`no file of ${name}`);
  return path;
};
const script = chosen.map(({ m, path, deps }) => {
  const name = m.replaceAll('-', '_');
  const loaded = [...deps, m];
  return [
    `dmesg -C; for file in ${loaded.map((each) => basename(fileOf(each))).join(' ')}; do insmod $file; done`,
    `echo '=== ${path}'; dmesg | sed -nE 's/.*watch: ${name} state 1 refcount 1 (core [0-9]+ init [0-9]+) .*/\\1/p'; grep '^${name} ' /proc/modules`,
    `cd /sys/module/${name}/sections && for section in $(ls -A); do echo "$section $(cat $section)"; done; cd /root`,
    ...loaded.reverse().map((each) => `rmmod ${each} 2> /dev/null`),
  ].join('\n');
});
const work = mkdtempSync(join(tmpdir(), 'kobox-sections-'));
try {
  const file = join(work, 'script');
  writeFileSync(file, `insmod watch.ko\n${script.join('\n')}\n`);
  const modules = [...new Set(chosen.flatMap(({ m, deps }) => [m, ...deps]).map(fileOf))];
  const output = execFileSync(join(root, 'tools/qemu-run.sh'), [file, join(root, 'test/loader/watch.ko'), ...modules], {
    env: { ...process.env, KERNEL_ARGUMENTS: 'nokaslr', QEMU_SECONDS: '900' },
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  });
  writeFileSync(join(root, 'test/loader/sections.txt'), output.replace(/^insmod: .*\n/gm, ''));
} finally {
  rmSync(work, { recursive: true });
}
