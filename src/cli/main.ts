// The `kobox` command.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { importedFolder, importer, listKernels, loadKernel } from '#host-node';
import { ImportError } from '#kimport';
import { boot, type Machine } from '#node';
import { Shell } from '#shell';

const USAGE = `kobox: loads Linux kernel modules into a kernel written in TypeScript

  kobox                          a shell (Ctrl-D ends it)
  kobox -c 'insmod hello.ko; dmesg'
  kobox run script.sh
  kobox kernel list | show [RELEASE] | import PATH

  --mount HOST:GUEST   copies a host folder into the kernel's files
  --kernel RELEASE     which Linux to be (kobox kernel list)
  --help, --version
`;
const USAGE_ERROR = 2;

/** From package.json: beside dist/ for the bundle, two folders up for the sources. */
function version(): string {
  const file = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

class UsageError extends Error {}

/** Copies a host folder or file below `guest`. */
async function copyIn(machine: Machine, host: string, guest: string): Promise<void> {
  const { process: init } = machine;
  if (statSync(host).isDirectory()) {
    await init.mkdir(guest, 0o755);
    for (const name of readdirSync(host)) await copyIn(machine, join(host, name), `${guest}/${name}`);
    return;
  }
  const file = await machine.open(guest, 0o101, 0o644);
  await file.write(readFileSync(host));
  await file.close();
}
/** Host files that a command line names are there under the same name, so that `kobox -c 'insmod x.ko'` just works. */
async function bringNamedModules(machine: Machine, script: string): Promise<void> {
  for (const [path] of script.matchAll(/[^\s;|&'"<>()]+\.ko\b/g)) {
    const host = resolve(path);
    if (!statSync(host, { throwIfNoEntry: false })?.isFile()) continue;
    const guest = path.startsWith('/') ? path : `/root/${path}`;
    const folders = guest.split('/').slice(1, -1);
    for (let n = 1; n <= folders.length; n++) await machine.process.mkdir(`/${folders.slice(0, n).join('/')}`, 0o755);
    await copyIn(machine, host, guest);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      command: { type: 'string', short: 'c' },
      mount: { type: 'string', multiple: true },
      kernel: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.version === true) {
    console.log(`kobox ${version()}`);
    return 0;
  }
  const [verb, ...rest] = positionals;
  if (verb === 'kernel') return kernelCommand(rest);
  if (verb !== undefined && verb !== 'run') throw new UsageError(`unknown command '${verb}'`);
  if (verb === 'run' && rest[0] === undefined) throw new UsageError('run needs a script');
  const script = verb === 'run' ? readFileSync(rest[0] as string, 'utf8') : values.command;
  const machine = await boot({
    ...(values.kernel !== undefined && { kernel: values.kernel }),
    time: script === undefined ? 'wall' : 'virtual',
  });
  for (const mount of values.mount ?? []) {
    const [host, guest] = mount.split(':');
    if (host === undefined || guest === undefined) throw new UsageError(`--mount wants HOST:GUEST, not '${mount}'`);
    await copyIn(machine, host, guest);
  }
  const shell = new Shell(machine);
  if (script === undefined) return interact(shell);
  await bringNamedModules(machine, script);
  return report(await shell.run(script));
}
function report({ stdout, stderr, exitCode }: { stdout: string; stderr: string; exitCode: number }): number {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return exitCode;
}
async function interact(shell: Shell): Promise<number> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
  const prompt = (): void => {
    lines.setPrompt(`root@kobox:${shell.cwd.replace(/^\/root/, '~')}# `);
    lines.prompt();
  };
  let status = 0;
  prompt();
  for await (const line of lines) {
    if (/^\s*exit\b/.test(line)) break;
    status = report(await shell.run(line));
    prompt();
  }
  return status;
}
async function kernelCommand([verb, argument]: readonly string[]): Promise<number> {
  switch (verb) {
    case 'list':
      for (const { release, folder } of listKernels()) console.log(`${release}\t${folder}`);
      return 0;
    case 'show': {
      const { release, version, vermagic, exports, config } = loadKernel(argument);
      const symbols = exports.values();
      const gpl = symbols.filter((symbol) => symbol.gpl).length;
      console.log(`release:  ${release}\nversion:  ${version}\nvermagic: ${vermagic}`);
      console.log(
        `exports:  ${symbols.length - gpl} plain, ${gpl} GPL-only\nconfig:   ${config === undefined ? 'not known' : `${config.size} options`}`,
      );
      return 0;
    }
    case 'import': {
      if (argument === undefined) throw new UsageError('kernel import needs the path of a vmlinuz, a kernel package (.deb) or its folder');
      const { importPath, writeDescription } = await importer();
      const { parts, config } = importPath(argument);
      const folder = join(importedFolder(), parts.release);
      const size = writeDescription(folder, parts, config, { file: basename(argument) });
      console.log(`${parts.release}: ${(size / 1e6).toFixed(1)} MB in ${folder}`);
      return 0;
    }
    default:
      throw new UsageError("kernel wants 'list', 'show' or 'import'");
  }
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: Error & { readonly code?: string }) => {
    const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    if (!usage && !(error instanceof ImportError) && error.code === undefined) throw error;
    process.stderr.write(`kobox: ${error.message}\n${usage ? "Try 'kobox --help'.\n" : ''}`);
    process.exitCode = usage ? USAGE_ERROR : 1;
  },
);
