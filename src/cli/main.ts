// The `kobox` command.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KernelPanic } from '#kernel';
import { ImportError } from '#kimport';
import { boot, type Machine, mountFolder, provideFile } from '#node';
import { Shell } from '#shell';
import { USAGE, UsageError } from './usage.ts';

const USAGE_ERROR = 2;
/** As when user-mode Linux panics: it aborts. */
const PANIC = 134;

/** From package.json: beside dist/ for the bundle, two folders up for the sources. */
function version(): string {
  const file = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
function readScript(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) throw new UsageError(`run: ${file}: ${stat === undefined ? 'no such file' : 'not a file'}`);
  return readFileSync(file, 'utf8');
}
interface Mount {
  readonly host: string;
  readonly guest: string;
  readonly readOnly: boolean;
}
/** HOST:GUEST or HOST:GUEST:ro. */
function parseMount(text: string): Mount {
  const [, host, guest, mode] = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/.exec(text) ?? [];
  if (host === undefined || guest === undefined)
    throw new UsageError(`--mount wants HOST:GUEST[:ro] with an absolute GUEST, not '${text}'`);
  if (guest.replaceAll('/', '') === '') throw new UsageError('--mount cannot replace the root folder');
  if (!statSync(host, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--mount: '${host}' is no folder`);
  return { host: resolve(host), guest, readOnly: mode === 'ro' };
}
/** Modules that a command line names are there under the same name (read-only), so that `kobox -c 'insmod x.ko'` just works. */
function provideNamedModules(machine: Machine, script: string): void {
  for (const [path] of script.matchAll(/[^\s;|&'"<>()]+\.ko\b/g)) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const guest = path.startsWith('/') ? path : `/root/${path}`;
    // What a mount has under that name is it already.
    const place = machine.kernel.vfs.resolve(guest, '/');
    if (typeof place === 'number' || place.node === undefined) provideFile(machine, resolve(path), guest);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  // These have options of their own.
  if (argv[0] === 'inspect') return (await import('./inspect.ts')).inspectCommand(argv.slice(1));
  if (argv[0] === 'check') return (await import('./check.ts')).checkCommand(argv.slice(1));
  // What follows the script of `run` is the script's.
  const run = argv.indexOf('run');
  const own = run < 0 ? argv : argv.slice(0, run + 2);
  const { values, positionals } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: {
      command: { type: 'string', short: 'c' },
      mount: { type: 'string', multiple: true },
      kernel: { type: 'string' },
      cmdline: { type: 'string' },
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
  if (verb === 'kernel') return (await import('./kernel.ts')).kernelCommand(rest);
  if (verb !== undefined && verb !== 'run') throw new UsageError(`unknown command '${verb}'`);
  const [file] = rest;
  if (verb === 'run' && file === undefined) throw new UsageError('run needs a script');
  if (verb === 'run' && values.command !== undefined) throw new UsageError('run and -c exclude each other');
  const mounts = (values.mount ?? []).map(parseMount);
  for (const { guest } of mounts) {
    const outer = mounts.find((other) => guest !== other.guest && `${guest}/`.startsWith(`${other.guest.replace(/\/+$/, '')}/`));
    if (outer !== undefined) throw new UsageError(`--mount: '${guest}' lies inside '${outer.guest}', which is mounted too`);
  }
  const typed = file === undefined && values.command === undefined && !process.stdin.isTTY;
  // Without a terminal the standard input is the script, as bash has it.
  const script = typed ? readFileSync(0, 'utf8') : file === undefined ? values.command : readScript(file);
  const machine = await boot({
    ...(values.kernel !== undefined && { kernel: values.kernel }),
    ...(values.cmdline !== undefined && { cmdline: values.cmdline }),
    time: script === undefined ? 'wall' : 'virtual',
  });
  for (const { host, guest, readOnly } of mounts) mountFolder(machine, host, guest, { readOnly });
  try {
    if (script === undefined) return await (await import('./interactive.ts')).interact(machine);
    provideNamedModules(machine, script);
    return await runScript(machine, script, file === undefined ? {} : { name: basename(file), args: argv.slice(run + 2) });
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
    // Nobody can run dmesg any more: the log is shown, as a console would.
    for (const { text } of machine.dmesg()) process.stderr.write(`${text}\n`);
    process.stderr.write('kobox: the kernel has panicked: the machine is halted\n');
    return PANIC;
  }
}
async function runScript(machine: Machine, script: string, options: { name?: string; args?: readonly string[] }): Promise<number> {
  const shell = new Shell(machine, {
    ...options,
    stdout: (bytes) => void process.stdout.write(bytes),
    stderr: (bytes) => void process.stderr.write(bytes),
    wanted: () => {
      if (process.stdin.listenerCount('data') > 0) return;
      process.stdin.on('data', (bytes) => shell.input.push(bytes));
      process.stdin.on('end', () => shell.input.end());
    },
  });
  // In virtual time nothing can happen any more: on Linux this would wait for ever.
  process.on('beforeExit', () => {
    process.stderr.write('kobox: every process waits for something that can no longer come\n');
    process.exit(1);
  });
  const { exitCode } = await shell.run(script);
  await shell.end();
  return exitCode;
}
/** Ends with a status once everything is written, whatever timers or jobs a module has left behind. */
function end(status: number): void {
  process.exitCode = status;
  process.stdin.destroy();
  process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
}

main(process.argv.slice(2)).then(end, (error: Error & { readonly code?: string }) => {
  const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
  if (!usage && !(error instanceof ImportError) && error.code === undefined) throw error;
  // Node's advice behind the first sentence is about Node.
  const message = error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? error.message.replace(/\. .*$/s, '') : error.message;
  process.stderr.write(`kobox: ${message}\n${usage ? "Try 'kobox --help'.\n" : ''}`);
  end(usage ? USAGE_ERROR : 1);
});
