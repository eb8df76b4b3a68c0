// Records what real kernels say to the modules of test/check/sample.ts, each inserted alone: test/check/RELEASE.txt. Of kernels that do not
// ship with kobox it also keeps what a check needs of their description: test/check/kernels/RELEASE.
// On the shipped kernel also what it says to parameter strings, and to pairs of modules: parameters.txt, pairs.txt.
// Run: npx tsx -C source tools/record-check.ts [RELEASE...]     downloads the kernel packages by apt
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describeFolder } from '#host-node';
import { importPath, writeDescription } from '../src/host-node/import.ts';
import { kernels, pairs, parameterStrings, samples } from '../test/check/sample.ts';

const SHIPPED = '6.1.0-56-amd64';
const root = new URL('..', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'kobox-record-check-'));

/** The unpacked package of a kernel. */
function packageFolder(release: string): string {
  const folder = join(root, `build/linux-image-${release}`);
  if (existsSync(join(folder, 'boot'))) return folder;
  const debs = join(work, release);
  mkdirSync(debs);
  execFileSync('apt-get', ['download', '-q', `linux-image-${release}`], { cwd: debs, stdio: ['ignore', 'ignore', 'inherit'] });
  const [deb] = readdirSync(debs);
  if (deb === undefined) throw new Error(`apt has no linux-image-${release}`);
  execFileSync('dpkg-deb', ['-x', join(debs, deb), folder]);
  return folder;
}
/** What a check asks of a description: exports, the trusted keys, the configuration's few options and struct module. */
function keepDescription(release: string, folder: string): void {
  const whole = join(work, `${release}-description`);
  writeDescription(whole, importPath(folder), { package: `linux-image-${release}` });
  const description = describeFolder(whole);
  const kept = join(root, 'test/check/kernels', release);
  mkdirSync(kept, { recursive: true });
  for (const name of ['description.json', 'exports.gz']) copyFileSync(join(whole, name), join(kept, name));
  writeFileSync(join(kept, 'certificates.gz'), gzipSync(description.certificates, { level: 9 }));
  const layouts = [...description.layouts].filter(([key]) => /^(module|module\.name|\?CONFIG_MODULE\w*)$/.test(key));
  writeFileSync(join(kept, 'layouts'), layouts.map(([key, value]) => `${key} ${value}\n`).join(''));
}

/** Runs commands in the folder of the sample on a kernel: what they print. */
function onKernel(release: string, folder: string, commandLine: string, commands: readonly string[]): string {
  const script = join(work, 'script');
  // The clock's calibration is over by then; the records have no times.
  writeFileSync(script, ['sleep 3; echo N > /sys/module/printk/parameters/time; cd sample', ...commands, ''].join('\n'));
  return execFileSync(join(root, 'tools/qemu-run.sh'), [script, join(work, 'finit'), join(work, 'sample')], {
    encoding: 'latin1',
    maxBuffer: 2 ** 26,
    env: { ...process.env, KERNEL_ARGUMENTS: commandLine, KERNEL_IMAGE: join(folder, `boot/vmlinuz-${release}`) },
  });
}
const write = (name: string, text: string): void => writeFileSync(join(root, 'test/check', name), text, 'latin1');

try {
  mkdirSync(join(work, 'sample'));
  const all = [...samples, ...pairs.flatMap(({ first, second }) => [first, second])];
  for (const { id, bytes } of all) writeFileSync(join(work, 'sample', id), bytes());
  execFileSync('gcc', ['-O2', '-static', '-o', join(work, 'finit'), join(root, 'tools/finit.c')]);
  const asked = process.argv.slice(2);
  for (const { release, commandLine } of kernels.filter((kernel) => asked.length === 0 || asked.includes(kernel.release))) {
    const folder = packageFolder(release);
    if (release !== SHIPPED) keepDescription(release, folder);
    write(`${release}.txt`, onKernel(release, folder, commandLine, [`../finit ${samples.map(({ id }) => id).join(' ')}`]));
    console.log(`${release}: ${samples.length} modules`);
    if (release !== SHIPPED) continue;
    const quoted = parameterStrings.map((text) => `../finit -p '${text}' our-params`);
    write('parameters.txt', onKernel(release, folder, '', quoted));
    const inserted = pairs.map(({ first, second }) => `../finit -k ${first.id}; ../finit ${second.id}; rmmod exporter`);
    write('pairs.txt', onKernel(release, folder, '', inserted));
  }
} finally {
  rmSync(work, { recursive: true });
}
