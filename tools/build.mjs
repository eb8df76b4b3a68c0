// npm run build: types and libraries by tsc, the command as one bundle with lazy chunks by esbuild.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
execFileSync('npx', ['tsc', '-b'], { cwd: root, stdio: 'inherit' });
rmSync(`${root}/dist/chunks`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { kobox: 'src/cli/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  conditions: ['source'],
  chunkNames: 'chunks/[name]-[hash]',
  external: ['iced-x86', 'just-bash'],
  logLevel: 'warning',
});
