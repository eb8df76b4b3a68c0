// The module tools against the real ones of kmod 30, on the same trees: output, messages, exit codes, bytes of the indexes.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { computeDepmod, type ToolKernel, tools } from '#kmod';

const RELEASE = '6.1.0-56-amd64';
const samples = new URL('../samples/', import.meta.url).pathname;
const debian = new URL(`../build/linux-image-${RELEASE}/lib/modules/${RELEASE}`, import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), 'kobox-kmod-'));
const tree = join(root, 'lib/modules', RELEASE);
afterAll(() => rmSync(root, { recursive: true }));

const errno = <T>(call: () => T): T | number => {
  try {
    return call();
  } catch (error) {
    return (error as { errno: number }).errno;
  }
};
/** The tools on this computer's files; they load nothing here. */
const kernel: ToolKernel = {
  release: RELEASE,
  loaded: async () => [],
  explanation: () => undefined,
  insert: async () => -1,
  remove: async () => -1,
  readFile: async (path) => errno(() => new Uint8Array(readFileSync(join(cwd(path), path)))),
  writeFile: async (path, bytes) => errno(() => (writeFileSync(path, bytes), 0)) as number,
  rename: async (from, to) => errno(() => (renameSync(from, to), 0)) as number,
  list: async (path) => errno(() => readdirSync(path).map((name) => ({ name, directory: statSync(join(path, name)).isDirectory() }))),
  isFile: async (path) => statSync(join(cwd(path), path), { throwIfNoEntry: false })?.isFile() ?? false,
  absolute: (path) => (isAbsolute(path) ? path : `${root}/${path}`),
  system: async () => 0,
  variable: () => undefined,
};
const cwd = (path: string): string => (isAbsolute(path) ? '/' : root);

async function ours(line: readonly string[]): Promise<{ stdout: string; stderr: string; status: number }> {
  const [name, ...args] = line;
  let stdout = '';
  let stderr = '';
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const status = await tool.run(args, {
    kernel,
    out: (text) => (stdout += text.endsWith('\0') ? text : `${text}\n`),
    error: (text) => (stderr += `${text}\n`),
  });
  return { stdout, stderr, status };
}
function real([name = '', ...args]: readonly string[]): { stdout: string; stderr: string; status: number } {
  const { stdout, stderr, status } = spawnSync(name, args, {
    cwd: root,
    encoding: 'latin1',
    env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C' },
  });
  // Debian's kmod is a debug build: file, line and function stand in libkmod's messages.
  return { stdout, stderr: stderr.replace(/ \.\.\/libkmod\/[\w-]+\.c:\d+ \w+: /g, ': '), status: status ?? -1 };
}
const CONF = `# a comment
alias my-alias hello
alias two-* params
alias two-x hello
options params number=5 word="a b"
options my_alias x=1
options exporter debug=2
blacklist miscdev
softdep chardev pre: hello post: timer
install wqueue /bin/echo installing $CMDLINE_OPTS
remove wqueue /bin/true
alias broken[ hello
nonsense line
options
softdep timer post: list
`;
beforeAll(() => {
  mkdirSync(join(tree, 'extra'), { recursive: true });
  mkdirSync(join(tree, 'kernel/lib'), { recursive: true });
  for (const entry of readdirSync(samples, { withFileTypes: true }))
    if (entry.isDirectory())
      for (const name of readdirSync(join(samples, entry.name)))
        if (name.endsWith('.ko')) copyFileSync(join(samples, entry.name, name), join(tree, 'extra', name));
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) copyFileSync(join(debian, name), join(tree, name));
  writeFileSync(join(root, 'kobox.conf'), CONF);
  writeFileSync(join(root, 'bad.ko'), 'x');
  copyFileSync(join(samples, 'hello/hello.ko'), join(root, 'h.ko'));
  symlinkSync('h.ko', join(root, 'l.ko'));
  execFileSync('depmod', ['-b', root, RELEASE]);
});

const at = ['-S', RELEASE, '-d', root];
const conf = ['-C', join(root, 'kobox.conf')];
const info = ['-k', RELEASE, '-b', root];
const lines: readonly (readonly string[])[] = [
  ['modprobe'],
  ['modprobe', '-z'],
  ['modprobe', '--nosuch'],
  ['modprobe', '-S'],
  ['modprobe', '--re'],
  ['modprobe', '-V'],
  ['modprobe', ...at, 'nosuch'],
  ['modprobe', ...at, '-q', 'nosuch'],
  ['modprobe', ...at, '-n', '-v', 'importer'],
  ['modprobe', ...at, '-n', 'importer'],
  ['modprobe', ...at, '-n', '-v', 'params', 'number=1', 'word=two words', 'flag'],
  ['modprobe', ...at, '-D', 'importer', 'x=1'],
  ['modprobe', ...at, '-D', 'unix'],
  ['modprobe', ...at, '-n', '-v', 'unix'],
  ['modprobe', ...at, '-a', '-n', '-v', 'hello', 'nosuch', 'importer'],
  ['modprobe', ...at, '-R', 'hello'],
  ['modprobe', ...at, '-R', 'net-pf-1'],
  ['modprobe', ...at, '-R', 'symbol:exporter_add'],
  ['modprobe', ...at, ...conf, '-R', 'two-x'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'my-alias'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'two-x', 'number=7'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'params'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'importer'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'chardev'],
  ['modprobe', ...at, ...conf, '-D', '-i', 'chardev'],
  ['modprobe', ...at, ...conf, '-D', 'wqueue', 'a=1'],
  ['modprobe', ...at, ...conf, '-D', '-i', 'wqueue', 'a=1'],
  ['modprobe', ...at, ...conf, '-n', '-v', 'miscdev'],
  ['modprobe', ...at, ...conf, '-n', '-v', '-b', 'miscdev'],
  ['modprobe', ...at, ...conf, '-n', '-v', '-r', 'hello'],
  ['modprobe', ...at, '-r', 'nosuch'],
  ['modprobe', ...at, '-r', '--first-time', 'hello'],
  ['modprobe', ...at, '-r', 'unix'],
  ['modprobe', ...at, ...conf, '-c'],
  ['modinfo'],
  ['modinfo', '-z'],
  ['modinfo', '-F'],
  ['modinfo', '-V'],
  ['modinfo', 'h.ko'],
  ['modinfo', './h.ko', '-n'],
  ['modinfo', 'l.ko'],
  ['modinfo', '-F', 'license', 'h.ko', 'l.ko'],
  ['modinfo', '-0', 'h.ko'],
  ['modinfo', '-a', '-d', 'h.ko'],
  ['modinfo', '-F', 'nosuch', 'h.ko'],
  ['modinfo', 'bad.ko'],
  ['modinfo', 'nosuch.ko'],
  ['modinfo', ...info, 'hello', '-n'],
  ['modinfo', ...info, 'params'],
  ['modinfo', ...info, '-p', 'params'],
  ['modinfo', ...info, 'gamepad', 'importer'],
  ['modinfo', ...info, '-m', 'hello'],
  ['modinfo', ...info, '-m', 'h.ko'],
  ['modinfo', ...info, 'unix'],
  ['modinfo', ...info, '-F', 'alias', 'unix'],
  ['modinfo', ...info, 'nosuch'],
  ['modinfo', `${debian}/kernel/fs/ext4/ext4.ko`],
  ['modinfo', `${debian}/kernel/lib/crc8.ko`, `${debian}/kernel/sound/pci/hda/snd-hda-intel.ko`],
  ['modinfo', '-F', 'signer', `${debian}/kernel/lib/crc8.ko`],
  ['modinfo', '-F', 'sig_key', `${debian}/kernel/lib/crc8.ko`],
  ['insmod'],
  ['insmod', '-z'],
  ['insmod', '-V'],
  ...['insmod', 'rmmod', 'modprobe', 'modinfo', 'depmod'].map((name) => [name, '-h']),
  ['insmod', '/nosuch.ko'],
  ['insmod', '-'],
  ['rmmod'],
  ['rmmod', '-z'],
  ['rmmod', 'nosuch', 'nosuch2.ko'],
  ['lsmod', 'x'],
  ['depmod', 'xx'],
  ['depmod', '-z'],
  ['depmod', '-b', '/nosuch', '6.1'],
  ['depmod', '-V'],
  ['depmod', '-n', '-b', root, RELEASE],
  ['depmod', '-v', '-n', '-b', root, RELEASE],
];
test.for(lines.map((line) => ({ line, title: line.join(' ').replaceAll(root, 'ROOT') })))('$title', async ({ line }) => {
  expect(await ours(line)).toEqual(real(line));
});

test("depmod writes kmod's bytes", async () => {
  const written = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(tree)
        .filter((name) => name.startsWith('modules.'))
        .map((name) => [name, readFileSync(join(tree, name), 'latin1')]),
    );
  const expected = written();
  for (const name of Object.keys(expected)) if (!/order|builtin$|modinfo$/.test(name)) rmSync(join(tree, name));
  expect(await ours(['depmod', '-b', root, RELEASE])).toEqual({ stdout: '', stderr: '', status: 0 });
  expect(written()).toEqual(expected);
});
test("depmod writes kmod's bytes for Debian's 4,023 modules", () => {
  const copy = mkdtempSync(join(tmpdir(), 'kobox-depmod-'));
  const target = join(copy, 'lib/modules');
  mkdirSync(target, { recursive: true });
  execFileSync('cp', ['-rs', debian, target]);
  execFileSync('depmod', ['-b', copy, RELEASE]);
  const folder = join(target, RELEASE);
  const read = (name: string): string => readFileSync(join(folder, name), 'latin1');
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ko'))
    .map((path) => ({ path, bytes: new Uint8Array(readFileSync(join(folder, path))) }));
  const { files } = computeDepmod({
    modules,
    order: read('modules.order'),
    builtin: read('modules.builtin'),
    builtinModinfo: read('modules.builtin.modinfo'),
  });
  for (const [name, content] of files) expect(Buffer.from(content as string, 'latin1').toString('latin1') === read(name), name).toBe(true);
  rmSync(copy, { recursive: true });
});
