// npm run check: everything that a change must pass. Tests are left out when npm test has just run them (KOBOX_TESTS_DONE).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
/** Where tools/setup-debian.sh puts the kernel's headers; without them the samples cannot be built here. */
const canBuildSamples = existsSync('/usr/src/linux-headers-6.1.0-56-amd64');
const steps = [
  ['format', 'npx', 'biome', 'format', '.'],
  ['lint', 'npx', 'oxlint', '--quiet'],
  ['types', 'npx', 'tsc', '-b'],
  ['types of tests and tools', 'npx', 'tsc', '-p', 'tsconfig.test.json'],
  ['unused code', 'npx', 'knip'],
  ['generated files', 'npx', 'tsx', '-C', 'source', 'tools/generate-api-support.ts', '--check'],
  ...(canBuildSamples ? [['samples are what their sources give', 'tools/build-samples.sh', '--check']] : []),
  ...(process.env.KOBOX_TESTS_DONE === '1' ? [] : [['tests', 'npx', 'vitest', 'run']]),
  ['package', 'npx', 'publint'],
];
for (const [name, command, ...args] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exit(1);
  }
  console.log(`check: ${name}: good`);
}
const packed = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const files = (Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).files.map(({ path }) => path);
for (const needed of [
  'dist/kobox.js',
  'dist/main.cjs',
  'assets/kernels/6.1.0-56-amd64/layouts',
  'dist/node/index.js',
  'assets/kernels/6.1.0-56-amd64/description.json',
  'samples/hello/hello.ko',
  'LICENSE',
]) {
  if (!files.includes(needed)) {
    console.error(`check: the package lacks ${needed}`);
    process.exit(1);
  }
}
console.log(`check: package contents: good (${files.length} files)`);
