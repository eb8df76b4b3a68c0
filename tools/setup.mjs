// Makes a fresh clone ready: npm's packages, and the build when it is stale. Plain JavaScript: it runs before there is anything.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

if (!existsSync(join(root, 'node_modules/.package-lock.json'))) run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');

function newest(folder) {
  return Math.max(0, ...readdirSync(join(root, folder), { recursive: true }).map((name) => statSync(join(root, folder, name)).mtimeMs));
}
const bundle = join(root, 'dist/kobox.js');
if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest('src')) run('npm', 'run', '--silent', 'build');
