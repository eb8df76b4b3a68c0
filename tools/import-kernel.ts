// Writes assets/kernels/RELEASE from a Debian kernel package. Run: npx tsx -C source tools/import-kernel.ts PACKAGE.deb
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { importImage, writeDescription } from '../src/host-node/kernels.ts';

const [deb] = process.argv.slice(2);
if (deb === undefined) {
  console.error('usage: import-kernel.ts linux-image-RELEASE.deb');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'kobox-deb-'));
try {
  execFileSync('dpkg-deb', ['-x', deb, folder]);
  const boot = join(folder, 'boot');
  const find = (prefix: string): string => {
    const name = readdirSync(boot).find((file) => file.startsWith(prefix));
    if (name === undefined) throw new Error(`${deb} has no boot/${prefix}*`);
    return join(boot, name);
  };
  const parts = importImage(readFileSync(find('vmlinuz-')));
  const source = { package: basename(deb), sha256: createHash('sha256').update(readFileSync(deb)).digest('hex') };
  const target = new URL(`../assets/kernels/${parts.release}/`, import.meta.url).pathname;
  const size = writeDescription(target, parts, readFileSync(find('config-'), 'utf8'), source);
  console.log(`${target}: ${(size / 1e6).toFixed(2)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
