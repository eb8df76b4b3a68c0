// npm test: installs what the tests need (root on Debian 12), builds, and runs them all.
import { execFileSync, spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
execFileSync('tools/setup-debian.sh', { cwd: root, stdio: 'inherit' });
await import('./setup.mjs');
process.exit(spawnSync('npx', ['vitest', 'run'], { cwd: root, stdio: 'inherit' }).status ?? 1);
