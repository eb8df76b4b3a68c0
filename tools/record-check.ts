// Records what real kernels say to the modules of test/check/sample.ts, each inserted alone: test/check/RELEASE.txt. Of kernels that do not
// ship with kobox it also keeps what a check needs of their description: test/check/kernels/RELEASE.
// Run: npx tsx -C source tools/record-check.ts [RELEASE...]     downloads the kernel packages by apt
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describeFolder } from '#host-node';
import { importPath, writeDescription } from '../src/host-node/import.ts';
import { kernels, samples } from '../test/check/sample.ts';

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

try {
  const files: string[] = [];
  mkdirSync(join(work, 'sample'));
  for (const { id, bytes } of samples) writeFileSync(join(work, 'sample', id), bytes());
  execFileSync('gcc', ['-O2', '-static', '-o', join(work, 'finit'), join(root, 'tools/finit.c')]);
  // The clock's calibration is over by then; the records have no times.
  writeFileSync(
    join(work, 'script'),
    `sleep 3; echo N > /sys/module/printk/parameters/time; cd sample; ../finit ${samples.map(({ id }) => id).join(' ')}\n`,
  );
  files.push(join(work, 'finit'), join(work, 'sample'));
  const asked = process.argv.slice(2);
  for (const { release, commandLine } of kernels.filter((kernel) => asked.length === 0 || asked.includes(kernel.release))) {
    const folder = packageFolder(release);
    if (release !== SHIPPED) keepDescription(release, folder);
    const text = execFileSync(join(root, 'tools/qemu-run.sh'), [join(work, 'script'), ...files], {
      encoding: 'latin1',
      maxBuffer: 2 ** 26,
      env: { ...process.env, KERNEL_ARGUMENTS: commandLine, KERNEL_IMAGE: join(folder, `boot/vmlinuz-${release}`) },
    });
    writeFileSync(join(root, `test/check/${release}.txt`), text, 'latin1');
    console.log(`${release}: ${text.split('\n== ').length} modules`);
  }
} finally {
  rmSync(work, { recursive: true });
}
