// Boots Debian's kernel in QEMU (software emulation) with busybox and runs a script there: what it prints and what that costs.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const RELEASE = '6.1.0-56-amd64';
const END = 'KOBOX-SCRIPT-END';
const CLOCK_TICKS = 100;
const root = new URL('..', import.meta.url).pathname;

export interface QemuRun {
  /** Lines that the script printed. */
  readonly lines: readonly string[];
  /** From the start of QEMU to the end of the script. */
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Runs `script` (busybox sh, as root, /proc and /sys mounted) with `files` by name in its working directory. */
export async function runInQemu(script: string, files: Readonly<Record<string, string>>): Promise<QemuRun> {
  execFileSync(join(root, 'tools/setup-debian.sh'), { stdio: ['ignore', 'ignore', 'inherit'] });
  const work = mkdtempSync(join(tmpdir(), 'kobox-qemu-'));
  try {
    const fs = join(work, 'fs');
    for (const folder of ['bin', 'proc', 'sys', 'dev', 'root']) mkdirSync(join(fs, folder), { recursive: true });
    copyFileSync('/bin/busybox', join(fs, 'bin/busybox'));
    symlinkSync('busybox', join(fs, 'bin/sh'));
    for (const [name, path] of Object.entries(files)) copyFileSync(path, join(fs, 'root', name));
    const init = `#!/bin/sh
busybox mount -t proc proc /proc; busybox mount -t sysfs sysfs /sys; busybox mount -t devtmpfs dev /dev
cd /root
busybox stty -F /dev/ttyS1 -opost
{
${script}
echo ${END}
} > /dev/ttyS1 2>&1
busybox sleep 1000
`;
    writeFileSync(join(fs, 'init'), init, { mode: 0o755 });
    const initrd = join(work, 'initrd.gz');
    execFileSync('sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 > ${initrd}`], { cwd: fs });
    return await boot(initrd);
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function boot(initrd: string): Promise<QemuRun> {
  const kernel = join(root, `build/linux-image-${RELEASE}/boot/vmlinuz-${RELEASE}`);
  const start = performance.now();
  const qemu = spawn(
    'qemu-system-x86_64',
    // biome-ignore format: as a command line
    ['-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '512', '-display', 'none', '-no-reboot', '-serial', 'null', '-serial', 'stdio',
      '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet log_buf_len=4M'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  for await (const chunk of qemu.stdout) {
    text += String(chunk);
    if (text.includes(END)) break;
  }
  const wallMs = performance.now() - start;
  const stat = readFileSync(`/proc/${qemu.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  const cpuMs = ((Number(stat[11]) + Number(stat[12])) * 1000) / CLOCK_TICKS;
  qemu.kill('SIGKILL');
  if (!text.includes(END)) throw new Error(`QEMU ended early; it said: ${text}`);
  return {
    lines: text
      .slice(0, text.indexOf(END))
      .split('\n')
      .filter((line) => line !== ''),
    wallMs,
    cpuMs,
  };
}
