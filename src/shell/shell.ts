// The shell: just-bash over the kernel's files, with the module tools and what else looks into the kernel.
import type { Bash, IFileSystem } from 'just-bash';
import { S_IFBLK, S_IFCHR } from '#abi';
import type { Process } from '#kernel';
import { type Tool, type ToolKernel, tools } from '#kmod';
import type { Machine } from '#machine';
import { KernelFileSystem, readAll } from './filesystem.ts';
import { type PlainCommand, plainCommands } from './plain.ts';
import { killed, sys } from './sys.ts';

const MAX_OUTPUT_COMMANDS = 100_000;

export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A command of ours, in the form that just-bash takes too. */
interface ShellCommand {
  readonly name: string;
  execute(args: string[], context: { readonly cwd: string; readonly fs: IFileSystem }): Promise<ShellResult>;
}
function defineCommand(name: string, execute: ShellCommand['execute']): ShellCommand {
  return { name, execute };
}

export class Shell {
  readonly #machine: Machine;
  readonly #fs: KernelFileSystem;
  readonly #commands: ReadonlyMap<string, ShellCommand>;
  #bash: Bash | undefined;
  /** Kept between commands: the working directory and the variables. */
  #cwd = '/root';
  #env: Record<string, string> = {};

  constructor(machine: Machine) {
    this.#machine = machine;
    const { process } = machine;
    this.#fs = new KernelFileSystem(process);
    const commands = [
      ...tools.map((tool) => toolCommand(tool, process)),
      ...this.#ownCommands(process),
      defineCommand('sys', sys(process)),
    ];
    this.#commands = new Map(commands.map((command) => [command.name, command]));
  }
  async run(script: string): Promise<ShellResult> {
    const plain = this.#bash === undefined ? plainCommands(script, this.#commands) : undefined;
    if (plain !== undefined) return this.#runPlain(plain);
    this.#bash ??= await this.#startBash();
    const { stdout, stderr, exitCode, env } = await this.#bash.exec(script, { cwd: this.#cwd, env: this.#env });
    this.#env = env;
    this.#cwd = env['PWD'] ?? this.#cwd;
    return { stdout, stderr, exitCode };
  }
  async #startBash(): Promise<Bash> {
    const just = await import('just-bash');
    return new just.Bash({
      fs: this.#fs,
      cwd: this.#cwd,
      env: { HOME: '/root', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', USER: 'root' },
      customCommands: [...this.#commands.values()],
      // Its guards block what our own kernel uses inside a command; nothing here runs foreign JavaScript.
      defenseInDepth: false,
      executionLimits: { maxCommandCount: MAX_OUTPUT_COMMANDS },
    });
  }
  async #runPlain(commands: readonly PlainCommand[]): Promise<ShellResult> {
    let [stdout, stderr, exitCode] = ['', '', 0];
    for (const { name, args, after } of commands) {
      if (after !== 'any' && (after === 'success') !== (exitCode === 0)) continue;
      const command = this.#commands.get(name) as ShellCommand;
      const result = await command.execute([...args], { cwd: this.#cwd, fs: this.#fs });
      stdout += result.stdout;
      stderr += result.stderr;
      exitCode = result.exitCode;
    }
    return { stdout, stderr, exitCode };
  }
  get cwd(): string {
    return this.#cwd;
  }

  #ownCommands(process: Process): ShellCommand[] {
    const machine = this.#machine;
    const ok = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 });
    const failed = (stderr: string) => ({ stdout: '', stderr: `${stderr}\n`, exitCode: 1 });
    return [
      defineCommand('dmesg', async (args) => {
        const { log } = machine.kernel;
        const clear = args.includes('-C') || args.includes('--clear') || args.includes('-c');
        const text = args.includes('-C')
          ? ''
          : log
              .records()
              .slice(log.cleared)
              .map((record) => dmesgLines(record))
              .join('');
        if (clear) log.cleared = log.records().length;
        return ok(text);
      }),
      defineCommand('uname', async (args) => {
        const { sysname, nodename, release, version, machine: hardware } = process.uname();
        const parts: readonly [string, string][] = [
          ['s', sysname],
          ['n', nodename],
          ['r', release],
          ['v', version],
          ['m', hardware],
          ['o', 'GNU/Linux'],
        ];
        const letters = args.join('').replaceAll('-', '') || 's';
        return ok(
          `${parts
            .filter(([letter]) => letters.includes('a') || letters.includes(letter))
            .map(([, value]) => value)
            .join(' ')}\n`,
        );
      }),
      defineCommand('mknod', async (args, { cwd, fs }) => {
        const [path, type, major, minor] = args.filter((arg) => !arg.startsWith('-'));
        if (path === undefined || type === undefined || major === undefined || minor === undefined) return failed('mknod: missing operand');
        const kind = type === 'b' ? S_IFBLK : S_IFCHR;
        const result = await process.mknod(fs.resolvePath(cwd, path), kind | 0o644, Number(major) * 2 ** 20 + Number(minor));
        return result === 0 ? ok('') : failed(`mknod: ${path}: File exists`);
      }),
      defineCommand('sleep', async (args) => {
        await process.nanosleep(Number(args[0] ?? 0));
        return ok('');
      }),
    ];
  }
}

/** '[    1.234567] text', each line of the record with the stamp. */
function dmesgLines(record: { readonly time: number; readonly text: string }): string {
  const micros = Math.floor(record.time / 1000);
  const stamp = `[${String(Math.floor(micros / 1e6)).padStart(5)}.${String(micros % 1e6).padStart(6, '0')}] `;
  return record.text
    .split('\n')
    .map((line) => `${stamp}${line}\n`)
    .join('');
}

function toolCommand(tool: Tool, process: Process): ShellCommand {
  return defineCommand(tool.name, async (args, { cwd, fs }) => {
    let stdout = '';
    let stderr = '';
    const own = process.fork(tool.name);
    const exitCode = await tool.run(args, {
      kernel: toolKernel(own, (path) => fs.resolvePath(cwd, path)),
      out: (line) => {
        stdout += `${line}\n`;
      },
      error: (line) => {
        stderr += `${line}\n`;
      },
    });
    await own.exit();
    // What the shell says of a child that a signal ended; the child itself said nothing more.
    if (own.killedBy !== undefined) return { stdout: '', ...killed(own.killedBy) };
    return { stdout, stderr, exitCode };
  });
}
/** The kernel as the tools see it: system calls, /proc/modules and files. */
function toolKernel(process: Process, resolve: (path: string) => string): ToolKernel {
  return {
    release: process.uname().release,
    async loaded() {
      const text = await readAll(process, '/proc/modules');
      if (typeof text === 'number') return [];
      const lines = new TextDecoder()
        .decode(text)
        .split('\n')
        .filter((line) => line !== '');
      return Promise.all(
        lines.map(async (line) => {
          const [name = '', , refcount, users = '-'] = line.split(' ');
          const holders = users.split(',').filter((user) => user !== '' && user !== '-' && user !== '[permanent]');
          // /proc/modules counts init memory too; libkmod reads the size of the core.
          const size = await readAll(process, `/sys/module/${name}/coresize`);
          return {
            name,
            size: typeof size === 'number' ? size : Number(new TextDecoder().decode(size)),
            refcount: Number(refcount),
            holders,
          };
        }),
      );
    },
    insert: (image, parameters) => process.init_module(image, parameters),
    remove: (name, flags) => process.delete_module(name, flags),
    readFile: (path) => readAll(process, resolve(path)),
    async realpath(path) {
      const real = await process.realpath(resolve(path));
      return typeof real === 'string' ? real : undefined;
    },
  };
}
