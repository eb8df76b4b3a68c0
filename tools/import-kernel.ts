// Writes assets/kernels/RELEASE from a Debian kernel package. Run: npx tsx -C source tools/import-kernel.ts PACKAGE.deb
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { importPath, writeDescription } from '../src/host-node/import.ts';

const [deb] = process.argv.slice(2);
if (deb === undefined) {
  console.error('usage: import-kernel.ts linux-image-RELEASE.deb');
  process.exit(2);
}
const kernel = importPath(deb);
const source = { package: basename(deb), sha256: createHash('sha256').update(readFileSync(deb)).digest('hex') };
const target = new URL(`../assets/kernels/${kernel.parts.release}/`, import.meta.url).pathname;
const size = writeDescription(target, kernel, source);
console.log(`${target}: ${(size / 1e6).toFixed(2)} MB`);
