// The command as users call it: messages and exit codes, scripts, mounts, and a terminal.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'kobox-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, XDG_CACHE_HOME: folder, XDG_STATE_HOME: folder };
const bundle = join(root, 'build/test/kobox.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  conditions: ['source'],
  packages: 'external',
  logLevel: 'error',
});
function kobox(args: readonly string[], input = ''): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [bundle, ...args], { cwd: root, encoding: 'utf8', env, input });
  return { stdout, stderr, status };
}
writeFileSync(join(folder, 'script.sh'), 'echo "$0 $#: $2"\nnosuch\nread line; echo "read $line"\nexit 3\n');
writeFileSync(join(folder, 'garbage.deb'), 'garbage\n'.repeat(100));

writeFileSync(join(folder, 'cut.ko'), readFileSync(join(root, 'samples/hello/hello.ko')).subarray(0, 3000));

const usage = "Try 'kobox --help'.\n";
const wrong: readonly (readonly [args: readonly string[], message: string, status: number])[] = [
  [['bogus'], `unknown command 'bogus'\n${usage}`, 2],
  [['--bogus'], `Unknown option '--bogus'\n${usage}`, 2],
  [['run'], `run needs a script\n${usage}`, 2],
  [['run', '/nosuch'], `run: /nosuch: no such file\n${usage}`, 2],
  [['--mount', 'x'], `--mount wants HOST:GUEST[:ro] with an absolute GUEST, not 'x'\n${usage}`, 2],
  [['--mount', '/nosuch:/x'], `--mount: '/nosuch' is no folder\n${usage}`, 2],
  [['--mount', 'samples:/m', '--mount', 'src:/m/src'], `--mount: '/m/src' lies inside '/m', which is mounted too\n${usage}`, 2],
  [['kernel'], `kernel wants 'list', 'show' or 'import'\n${usage}`, 2],
  [['kernel', 'show', '5.0'], "no kernel 5.0: import it with 'kobox kernel import PATH' (see 'kobox kernel list')\n", 1],
  [['inspect'], `inspect needs a module file\n${usage}`, 2],
  [['inspect', 'a.ko', 'b.ko'], `inspect: one argument too many: 'b.ko'\n${usage}`, 2],
  [['inspect', '--nosuch', 'a.ko'], `Unknown option '--nosuch'\n${usage}`, 2],
  [['inspect', '/nosuch.ko'], '/nosuch.ko: no such file\n', 1],
  [['inspect', 'samples'], 'samples: not a file\n', 1],
  [
    ['inspect', 'samples/hello/hello.ko', '--kernel', '5.0'],
    "no kernel 5.0: import it with 'kobox kernel import PATH' (see 'kobox kernel list')\n",
    1,
  ],
  [['inspect', 'samples/hello/hello.ko', '--modules', '/nosuch'], "--modules: '/nosuch' is no folder\n", 1],
  [
    ['inspect', 'samples/hello/hello.ko', '--disassemble', 'hello'],
    "samples/hello/hello.ko: no function 'hello' (hello_init, hello_exit?)\n",
    1,
  ],
  [['check'], `check needs module files\n${usage}`, 2],
  [['check', 'samples/hello/hello.ko', '/nosuch.ko'], '/nosuch.ko: no such file\n', 1],
  [['kernel', 'import', '/nosuch'], '/nosuch: no such file or folder\n', 1],
  [['kernel', 'import', 'README.md'], 'README.md is no kernel image that kobox can read: not a bzImage (no HdrS) at byte 514\n', 1],
  [['kernel', 'import', 'samples'], 'samples holds no kernel image (boot/vmlinuz-*)\n', 1],
  [
    ['kernel', 'import', join(folder, 'garbage.deb')],
    `${folder}/garbage.deb: dpkg-deb: error: '${folder}/garbage.deb' is not a Debian format archive\n`,
    1,
  ],
];
test.for(wrong)('kobox %j', ([args, message, status]) => {
  expect(kobox(args)).toEqual({ stdout: '', stderr: `kobox: ${message}`, status });
});
test('run: $0, arguments, messages with lines, the standard input, the exit code', () => {
  expect(kobox(['run', join(folder, 'script.sh'), 'a', '--b'], 'from outside\n')).toEqual({
    stdout: 'script.sh 2: --b\nread from outside\n',
    stderr: 'script.sh: line 2: nosuch: command not found\n',
    status: 3,
  });
});
test('inspect: text, JSON, one part, a function, and a damaged file with its status', () => {
  const summary = kobox(['inspect', 'samples/hello/hello.ko']);
  expect({ stderr: summary.stderr, status: summary.status }).toEqual({ stderr: '', status: 0 });
  expect(summary.stdout).toMatch(/^name: {8}hello\n[\s\S]*\n\nSections:\n {2}Nr {2}Name[\s\S]*\n\nSignature:\n {2}none\n$/);
  const json = JSON.parse(kobox(['inspect', 'samples/hello/hello.ko', '--json', '--imports']).stdout);
  expect(Object.keys(json)).toEqual([
    'version',
    'file',
    'kernel',
    'name',
    'vermagic',
    'modinfo',
    'taints',
    'memory',
    'imports',
    'problems',
  ]);
  expect(kobox(['inspect', 'samples/hello/hello.ko', '--disassemble', 'hello_exit']).stdout).toMatch(/jmp +_printk\n/);
  const damaged = kobox(['inspect', join(folder, 'cut.ko')]);
  expect(damaged.stdout).toMatch(/\n\nProblems:\n {2}the section table \(\d+ entries at byte \d+\) reaches past the end/);
  expect(damaged.status).toBe(1);
});
test('check: the verdict as text, as JSON and as status', () => {
  const good = kobox(['check', 'samples/hello/hello.ko']);
  const head = 'samples/hello/hello.ko: 6.1.0-56-amd64: loads\n  taints the kernel: OE\n  in kobox: runs\n';
  expect(good).toEqual({ stdout: head, stderr: '', status: 0 });
  const both = kobox(['check', 'samples/hello/hello.ko', 'samples/importer/importer.ko', '--kernel', '6.1.0-56-amd64']);
  expect(both.stdout).toMatch(
    /^samples\/importer\/importer\.ko: 6\.1\.0-56-amd64: does not load \(2 reasons\)\n {2}unknown-symbol \(ENOENT\)\n {4}kernel says {2}importer: Unknown symbol exporter_multiply/m,
  );
  expect(both.status).toBe(1);
  expect(kobox(['check', 'samples/importer/importer.ko', '--modules', 'samples']).stdout).toMatch(/: loads\n {2}after: exporter\n/);
  const forbidden = kobox(['check', 'samples/hello/hello.ko', '--cmdline', 'quiet module.sig_enforce=1 module_blacklist=hello', '--json']);
  const { version, results } = JSON.parse(forbidden.stdout);
  expect(version).toBe(1);
  expect(
    results.map((each: { file: string; loads: boolean; reasons: { check: string }[] }) => [
      each.file,
      each.loads,
      each.reasons.map(({ check }) => check),
    ]),
  ).toEqual([['samples/hello/hello.ko', false, ['signature', 'blacklist']]]);
  expect(kobox(['check', 'samples/params/params.ko', '--parameters', 'octet=256']).stdout).toMatch(
    /parameter \(ERANGE\)\n {4}kernel says {2}params: `256' invalid for parameter `octet'\n {4}symbol +octet\n {4}expected +byte\n {4}found +256\n/,
  );
});
test('-c finds modules of the working directory; a module with a timer does not keep the command from ending', () => {
  const { stdout, status } = kobox(['-c', 'insmod samples/hello/hello.ko && insmod samples/timer/timer.ko && lsmod | wc -l; sleep 100 &']);
  expect({ stdout, status }).toEqual({ stdout: '3\n', status: 0 });
});
test("--cmdline is the kernel's command line", () => {
  const { stdout, stderr, status } = kobox([
    ...['--cmdline', 'module.sig_enforce=1 quiet'],
    ...['-c', 'cat /proc/cmdline; insmod samples/hello/hello.ko; echo $?; dmesg | cut -d] -f2'],
  ]);
  expect(stderr).toBe('insmod: ERROR: could not insert module samples/hello/hello.ko: Key was rejected by service\n');
  expect(stdout).toBe('module.sig_enforce=1 quiet\n1\n Loading of unsigned module is rejected\n');
  expect(status).toBe(0);
});
test('a mount and a named module of the same folder', () => {
  const { stdout, status } = kobox([
    '--mount',
    'samples:/root/samples:ro',
    '-c',
    'insmod samples/hello/hello.ko; lsmod | tail -n 1 | cut -c1-5; ls samples/hello/hello.c',
  ]);
  expect({ stdout, status }).toEqual({ stdout: 'hello\nsamples/hello/hello.c\n', status: 0 });
});
test('a wait that nothing can end is said, and ends', () => {
  const { stderr, status } = kobox(['-c', 'insmod samples/mailbox/mailbox.ko; cat /dev/mailbox']);
  expect({ stderr, status }).toEqual({ stderr: 'kobox: every process waits for something that can no longer come\n', status: 1 });
});
test('import of the real package, show, list, and a module refused by the other kernel', () => {
  const image = `build/linux-image-6.1.0-56-amd64`;
  expect(kobox(['kernel', 'import', image]).stdout).toMatch(/^6\.1\.0-56-amd64: 2\.\d MB in /);
  expect(kobox(['kernel', 'list']).stdout).toBe(`6.1.0-56-amd64\tshipped\n6.1.0-56-amd64\t${folder}/kobox/kernels/6.1.0-56-amd64\n`);
  expect(kobox(['kernel', 'show']).stdout).toMatch(
    /^release: {2}6\.1\.0-56-amd64\n.*\nvermagic: .*\nexports: {2}4977 plain, 5526 GPL-only\nconfig: {3}\d+ options\n$/,
  );
});

/** Types at a terminal (script(1) makes one), each line when the text before it has appeared. */
async function typed(steps: readonly (readonly [wait: string, keys: string])[]): Promise<{ screen: string; status: number | null }> {
  const command = [process.execPath, bundle, '--mount', 'samples:/root/samples:ro'].join(' ');
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { cwd: root, env: { ...env, TERM: 'dumb' } });
  let screen = '';
  let seen = 0;
  const ended = new Promise<number | null>((resolve) => terminal.on('close', resolve));
  terminal.stdout.on('data', (bytes: Buffer) => (screen += bytes.toString()));
  for (const [wait, keys] of steps) {
    const start = Date.now();
    while (screen.indexOf(wait, seen) < 0 && Date.now() - start < 10_000) await new Promise((resolve) => setTimeout(resolve, 20));
    const found = screen.indexOf(wait, seen);
    if (found < 0) {
      terminal.kill();
      throw new Error(`no '${wait}' in: ${screen.slice(seen)}`);
    }
    seen = found + wait.length;
    terminal.stdin.write(keys);
  }
  const status = await ended;
  return { screen: screen.replaceAll('\r', ''), status };
}
const PROMPT = 'root@kobox:~# ';
test('a terminal: prompt, Ctrl-C, Ctrl-D, jobs, history, exit', { timeout: 60_000 }, async () => {
  const { screen, status } = await typed([
    [PROMPT, 'insmod samples/mailbox/mailbox.ko; tty=$(test -t 0 && echo yes); echo tty=$tty\r'],
    ['tty=yes', ''],
    [PROMPT, 'cat /dev/mailbox\r'],
    ['cat /dev/mailbox', ''],
    ['', '\x03'],
    ['^C', ''],
    [PROMPT, 'echo "status $?"; lsmod | grep -c mailbox\r'],
    ['status 130', ''],
    [PROMPT, 'cat > /dev/mailbox\r'],
    ['cat > /dev/mailbox', 'a letter\r\x04'],
    [PROMPT, 'head -n 1 /dev/mailbox\r'],
    ['a letter', ''],
    [PROMPT, 'sleep 100 &\r'],
    ['[1] ', ''],
    [PROMPT, 'kill %1\r'],
    [PROMPT, 'jobs\r'],
    [PROMPT, 'for i in 1 2\r'],
    ['> ', 'do echo "<$i>"; done\r'],
    ['<2>', ''],
    [PROMPT, 'dmesg | tail -n 1\r'],
    [PROMPT, 'exit 5\r'],
  ]);
  expect(status).toBe(5);
  expect(screen).toContain('a letter\n');
  expect(screen).toMatch(/\[1\]\+ {2}Terminated {14}sleep 100/);
  expect(readFileSync(join(folder, 'kobox/history'), 'utf8')).toContain('cat /dev/mailbox\n');
});
