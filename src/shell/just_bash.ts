// just-bash, as the shell uses it: its parser, its expansions, and its commands that work on text. It is loaded when the
// first line needs it. Processes, descriptors, pipes and jobs are the kernel's, so that devices behave as on Linux.
import type { Bash, CustomCommand, ScriptNode } from 'just-bash';
import type { Process } from '#kernel';
import { KernelFileSystem } from './filesystem.ts';
import type { Io } from './io.ts';
import type { StatementNode } from './syntax.ts';

type Library = typeof import('just-bash');
let library: Library | undefined;
export async function justBash(): Promise<Library> {
  library ??= await import('just-bash');
  return library;
}
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** Its guards are against foreign code; here it only ever runs the user's own line. */
const options = {
  defenseInDepth: false,
  executionLimits: { maxCommandCount: UNLIMITED, maxLoopIterations: UNLIMITED },
} as const;

export interface Evaluation {
  readonly status: number;
  readonly stderr: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the command ARGUMENTS was given; undefined when it was not reached. */
  readonly words: readonly string[] | undefined;
}
/** Stands in evaluated trees where a command would: takes the words, gives the status of its first one when it is STATUS. */
export const ARGUMENTS = '__arguments';
export const STATUS = '__status';

/** Evaluates trees: expansions, arithmetic, conditions. One for each process. */
export class Evaluator {
  readonly #process: Process;
  #bash: Bash | undefined;
  #words: readonly string[] | undefined;
  #tree: ScriptNode | undefined;
  constructor(process: Process) {
    this.#process = process;
  }
  async run(statements: StatementNode[], variables: Readonly<Record<string, string>>): Promise<Evaluation> {
    const bash = this.#bash ?? (await this.#make());
    this.#bash = bash;
    this.#words = undefined;
    this.#tree = { type: 'Script', statements };
    const { exitCode, stderr, env } = await bash.exec(':', { env: { ...variables }, replaceEnv: true, cwd: this.#process.cwd });
    return { status: exitCode, stderr, environment: env, words: this.#words };
  }
  async #make(): Promise<Bash> {
    const { Bash, defineCommand } = await justBash();
    const nothing = { stdout: '', stderr: '' };
    const bash = new Bash({
      ...options,
      fs: new KernelFileSystem(this.#process),
      commands: [],
      customCommands: [
        defineCommand(ARGUMENTS, async (args) => {
          this.#words = args;
          return { ...nothing, exitCode: 0 };
        }),
        defineCommand(STATUS, async ([status = '0']) => ({ ...nothing, exitCode: Number(status) })),
      ],
    });
    bash.registerTransformPlugin({ name: 'tree', transform: ({ ast }) => ({ ast: this.#tree ?? ast }) });
    return bash;
  }
}

/** Runs one of just-bash's own commands in a process; `bridge` are our commands, for those that run others (xargs, find). */
export async function runTextCommand(
  io: Io,
  args: readonly string[],
  environment: ReadonlyMap<string, string>,
  bridge: CustomCommand[],
): Promise<number> {
  const { Bash, stdoutAsBytes } = await justBash();
  const [name = '', ...rest] = args;
  const bash = new Bash({ ...options, fs: new KernelFileSystem(io.process), customCommands: bridge });
  const stdin = (await readsStandardInput(io, name, rest)) ? await io.drain(0) : new Uint8Array(0);
  const result = await bash.exec(name, {
    args: rest,
    env: Object.fromEntries(environment),
    replaceEnv: true,
    cwd: io.process.cwd,
    stdin: typeof stdin === 'number' ? '' : toLatin1(stdin),
    stdinKind: 'bytes',
  });
  await io.outBytes(fromLatin1(stdoutAsBytes(result) as unknown as string));
  await io.flush();
  await io.err(result.stderr);
  return result.exitCode;
}
/** just-bash wants the whole input before it starts: it is read unless a file is named, or nobody could end it. */
async function readsStandardInput(io: Io, name: string, args: readonly string[]): Promise<boolean> {
  if (NEVER_READ.has(name) || io.process.isatty(0)) return false;
  if (args.includes('-') || ALWAYS_READ.has(name)) return true;
  for (const arg of args) if (!arg.startsWith('-') && typeof (await io.process.stat(arg)) !== 'number') return false;
  return true;
}
const ALWAYS_READ: ReadonlySet<string> = new Set(['xargs']);
const NEVER_READ: ReadonlySet<string> = new Set(
  ['basename', 'chmod', 'clear', 'cp', 'date', 'dirname', 'du', 'find', 'hostname', 'ln', 'mkdir', 'mv', 'printf', 'pwd'].concat([
    'readlink',
    'rm',
    'rmdir',
    'seq',
    'stat',
    'touch',
    'tree',
    'which',
    'whoami',
    'expr',
    'diff',
    'cmp',
    'help',
    'printenv',
  ]),
);
export function toLatin1(bytes: Uint8Array): string {
  let text = '';
  const STEP = 8192;
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return text;
}
export const fromLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
