// npm start: the main job on what ships in the repository, then (in a terminal) the shell.
import { spawnSync } from 'node:child_process';
import './setup.mjs';

const bundle = new URL('../dist/kobox.js', import.meta.url).pathname;
const DEMONSTRATION = [
  'insmod samples/hello/hello.ko',
  'lsmod',
  'cat /proc/modules',
  'grep hello /proc/kallsyms',
  'ls /sys/module/hello',
  'cat /sys/module/hello/initstate /sys/module/hello/taint',
  'rmmod hello',
  'dmesg',
];
// Each command is shown as it is typed.
const script = DEMONSTRATION.map((command) => `echo '# ${command}'; ${command}`).join('\n');
const { status } = spawnSync(process.execPath, [bundle, '-c', script], { stdio: 'inherit', cwd: new URL('..', import.meta.url).pathname });
if (status !== 0) process.exit(status ?? 1);
if (process.stdin.isTTY && process.stdout.isTTY) {
  console.log("\nA shell follows (Ctrl-D ends it); the samples are in /root/samples: try 'insmod samples/params/params.ko number=5'.");
  process.exit(
    spawnSync(process.execPath, [bundle, '--mount', 'samples:/root/samples:ro'], {
      stdio: 'inherit',
      cwd: new URL('..', import.meta.url).pathname,
    }).status ?? 1,
  );
}
