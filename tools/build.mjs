// npm run build: types and libraries by tsc; the command as one bundle by esbuild, with a small start that has V8 cache its code.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
execFileSync('npx', ['tsc', '-b'], { cwd: root, stdio: 'inherit' });
// What the tables ask of the shipped kernel's BTF.
const { importer, listKernels } = await import('../dist/host-node/index.js');
const { writeLayouts } = await importer();
for (const { folder } of listKernels()) if (folder.startsWith(root)) writeLayouts(folder);

/** iced-x86's JavaScript goes into the bundle, so that its code is cached too; its .wasm is read from where npm put it. */
const icedInside = {
  name: 'iced-inside',
  setup({ onLoad }) {
    onLoad({ filter: /load-iced\.ts$/ }, () => ({ contents: "export const loadIced = () => require('iced-x86');" }));
    onLoad({ filter: /iced_x86\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('__dirname', "require('node:path').dirname(require.resolve('iced-x86/package.json'))"),
    }));
  },
};
const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  minify: true,
  conditions: ['source'],
  logLevel: 'warning',
};
await build({ ...common, entryPoints: { kobox: 'src/cli/start.ts' }, format: 'esm' });
await build({
  ...common,
  entryPoints: { main: 'src/cli/main.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external: ['just-bash', 'iced-x86/package.json'],
  // Code from V8's cache cannot import(): require() does it.
  supported: { 'dynamic-import': false },
  plugins: [icedInside],
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
});
