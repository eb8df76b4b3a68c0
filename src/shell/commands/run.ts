// Commands that run other commands: sh, env, sudo, timeout, nohup, and what just-bash's own (xargs, find -exec) call.
import type { CustomCommand } from 'just-bash';
import { SIGKILL, signalNumber, strerror } from '#abi';
import { builtins } from '../builtins.ts';
import { Leave } from '../control.ts';
import { Interpreter } from '../interpreter.ts';
import { toLatin1 } from '../just_bash.ts';
import type { Command, CommandContext } from '../services.ts';
import { State } from '../state.ts';
import { options } from './options.ts';
import { seconds } from './system.ts';

/** A shell in this process, with the environment that it was given. */
function interpreter({ io, environment, services }: CommandContext, name: string): Interpreter {
  const state = new State();
  state.name = name;
  state.pid = io.process.pid;
  state.variables.set('IFS', ' \t\n');
  for (const [key, value] of environment) {
    state.variables.set(key, value);
    state.exported.add(key);
  }
  return new Interpreter(services, io.process, state);
}
export const sh: Command = async (context, args, [called = 'sh']) => {
  const { io } = context;
  const flags: string[] = [];
  let n = 0;
  for (; n < args.length && /^[-+][a-z]/.test(args[n] as string) && args[n] !== '-c'; n++) flags.push(args[n] as string);
  const shell = interpreter(context, called);
  for (const flag of flags)
    for (const [letter, option] of [
      ['e', 'errexit'],
      ['x', 'xtrace'],
      ['u', 'nounset'],
    ] as const)
      if (flag.includes(letter)) shell.state.options.add(option);
  let script: string;
  if (args[n] === '-c' || flags.some((flag) => flag.endsWith('c'))) {
    const at = args[n] === '-c' ? n + 1 : n;
    if (args[at] === undefined) {
      await io.err(`${called}: -c: option requires an argument\n`);
      return 2;
    }
    script = args[at] as string;
    shell.state.fromOption = true;
    shell.state.name = args[at + 1] ?? called;
    shell.state.positional = args.slice(at + 2);
  } else if (args[n] !== undefined) {
    const file = args[n] as string;
    const text = await io.readText(file);
    if (text === undefined) {
      const error = await io.process.stat(file);
      await io.err(`${called}: ${file}: ${strerror(typeof error === 'number' ? -error : 21)}\n`);
      return 127;
    }
    script = text;
    shell.state.name = file;
    shell.state.positional = args.slice(n + 1);
  } else {
    const text = await io.drain(0);
    script = typeof text === 'number' ? '' : new TextDecoder().decode(text);
  }
  return scriptStatus(shell, script);
};
/** Runs a whole script: `exit` ends it. */
async function scriptStatus(shell: Interpreter, script: string): Promise<number> {
  let status = 0;
  try {
    status = await shell.source(script);
  } catch (error) {
    if (!(error instanceof Leave)) throw error;
    status = error.kind === 'exit' || error.kind === 'return' ? error.levels : shell.state.status;
  }
  await shell.runTrap('EXIT');
  return status;
}
/** Runs words as an external command in this process. */
const run = (context: CommandContext, words: readonly string[], environment = context.environment): Promise<number> =>
  interpreter(context, 'bash').external(words, environment);

/** system(3): a command line in a shell of its own; its status. */
export async function runShell(context: CommandContext, line: string, environment: ReadonlyMap<string, string>): Promise<number> {
  const shell = interpreter({ ...context, environment }, 'sh');
  const child = shell.fork((self) => self.source(line), { comm: 'sh' });
  return context.io.call(context.io.process.wait(child));
}
/** A builtin as a command of its own, for sudo, env and the like. */
export const builtinCommand =
  (name: string): Command =>
  async (context, args) =>
    builtins.get(name)?.(interpreter(context, name), args) ?? 127;
/** watch -n SECONDS COMMAND, until Ctrl-C. */
export const watch: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(
    io,
    'watch',
    args,
    { interval: { short: 'n', long: 'interval', argument: 'required' }, noTitle: { short: 't', long: 'no-title' } },
    true,
  );
  if (parsed === undefined) return 1;
  const line = parsed.operands.join(' ');
  const interval = seconds(parsed.get('interval') ?? '2') ?? 2;
  for (;;) {
    if (io.process.isatty(1)) await io.out('\x1b[H\x1b[2J');
    if (!parsed.has('noTitle')) await io.out(`Every ${interval.toFixed(1)}s: ${line}\n\n`);
    await io.flush();
    await runShell(context, line, context.environment);
    await io.call(io.process.nanosleep(interval));
  }
};
/** Everybody is root here. */
export const sudo: Command = async (context, args) => {
  const at = args.findIndex((arg) => !arg.startsWith('-') && !/^\w+=/.test(arg));
  if (at < 0) {
    await context.io.err('usage: sudo command [arg ...]\n');
    return 1;
  }
  const [name = '', ...rest] = args.slice(at);
  const found = await context.services.find(context.io, name);
  if (typeof found === 'object') {
    await context.io.err(`sudo: ${name}: command not found\n`);
    return 1;
  }
  return run(context, [name, ...rest]);
};
export const env: Command = async (context, args) => {
  const { io } = context;
  const parsed = await options(
    io,
    'env',
    args,
    { i: { short: 'i', long: 'ignore-environment' }, u: { short: 'u', long: 'unset', argument: 'required' } },
    true,
  );
  if (parsed === undefined) return 125;
  const environment = new Map(parsed.has('i') ? [] : context.environment);
  for (const [key, value] of parsed.all) if (key === 'u') environment.delete(value);
  let n = 0;
  for (; n < parsed.operands.length; n++) {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(parsed.operands[n] as string) ?? [];
    if (name === undefined) break;
    environment.set(name, value);
  }
  const words = parsed.operands.slice(n);
  if (words.length > 0) return run(context, words, environment);
  for (const [name, value] of environment) await io.out(`${name}=${value}\n`);
  return 0;
};
export const nohup: Command = async (context, args) => {
  const SIGHUP = 1;
  context.io.process.ignore([SIGHUP]);
  return run(context, args);
};
/** timeout DURATION COMMAND: a signal when the time (of the kernel) is up. */
export const timeout: Command = async (context, args) => {
  const { io } = context;
  const rows = {
    signal: { short: 's', long: 'signal', argument: 'required' },
    kill: { short: 'k', long: 'kill-after', argument: 'required' },
    preserve: { long: 'preserve-status' },
    foreground: { long: 'foreground' },
  } as const;
  const parsed = await options(io, 'timeout', args, rows, true);
  if (parsed === undefined) return 125;
  const [duration, ...words] = parsed.operands;
  if (duration === undefined || words.length === 0) {
    await io.err("Try 'timeout --help' for more information.\n");
    return 125;
  }
  const time = seconds(duration);
  const signal = signalNumber(parsed.get('signal') ?? 'TERM');
  if (time === undefined || signal === undefined) {
    await io.err(
      time === undefined
        ? `timeout: invalid time interval '${duration}'\nTry 'timeout --help' for more information.\n`
        : `timeout: '${parsed.get('signal')}': invalid signal\nTry 'timeout --help' for more information.\n`,
    );
    return 125;
  }
  const shell = interpreter(context, 'bash');
  const child = shell.fork((self) => self.external(words, context.environment), { comm: words[0] as string });
  let expired = false;
  const watch = shell.fork(async (self) => {
    if (time > 0) {
      await self.io.call(self.io.process.nanosleep(time));
      expired = true;
      await self.io.process.kill(child.pid, signal);
      const grace = parsed.get('kill');
      if (grace !== undefined) {
        await self.io.call(self.io.process.nanosleep(seconds(grace) ?? 0));
        await self.io.process.kill(child.pid, SIGKILL);
      }
    }
    return 0;
  });
  const status = await io.call(io.process.wait(child));
  await io.process.kill(watch.pid, SIGKILL);
  const EXPIRED = 124;
  return expired && !parsed.has('preserve') && signal !== SIGKILL ? EXPIRED : status;
};
/** Our commands as just-bash's custom ones: each runs as a process, its output collected. */
export async function bridge(context: CommandContext, names: readonly string[]): Promise<CustomCommand[]> {
  const shell = interpreter(context, 'bash');
  const { process } = context.io;
  return names.map((name) => ({
    name,
    async execute(args, { stdin, env: variables }) {
      const [out, err, input] = [await process.pipe(), await process.pipe(), await process.pipe()];
      if (typeof out === 'number' || typeof err === 'number' || typeof input === 'number') return { stdout: '', stderr: '', exitCode: 1 };
      const child = shell.fork(
        async (self) => {
          for (const [from, to] of [
            [input[0], 0],
            [out[1], 1],
            [err[1], 2],
          ] as const)
            await self.io.call(self.io.process.dup2(from, to));
          for (const fd of [...input, ...out, ...err]) await self.io.close(fd);
          return self.external([name, ...args], new Map(variables));
        },
        { comm: name },
      );
      for (const fd of [input[0], out[1], err[1]]) await process.close(fd);
      const text = stdin as unknown as string;
      await context.io.write(
        input[1],
        Uint8Array.from(text.slice(0, 65536), (character) => character.charCodeAt(0)),
      );
      await process.close(input[1]);
      const [stdout, stderr] = await Promise.all([context.io.drain(out[0]), context.io.drain(err[0])]);
      for (const fd of [out[0], err[0]]) await process.close(fd);
      const exitCode = await process.wait(child);
      const latin = (bytes: Uint8Array | number): string => (typeof bytes === 'number' ? '' : toLatin1(bytes));
      return { stdout: latin(stdout), stdoutKind: 'bytes' as const, stderr: latin(stderr), exitCode };
    },
  }));
}
