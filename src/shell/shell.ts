// The shell over a machine: bash's language (just-bash parses and expands), whose commands are processes of the kernel.
import { O_RDONLY, O_WRONLY, SIGINT, signalText } from '#abi';
import { concatenate, type Process, StreamFile } from '#kernel';
import type { Machine } from '#machine';
import { builtins } from './builtins.ts';
import { commandNames, findCommand } from './commands/index.ts';
import { Interrupted, Leave } from './control.ts';
import { Interpreter } from './interpreter.ts';
import { Ended } from './io.ts';
import { justBash } from './just_bash.ts';
import { parsePlain } from './plain.ts';
import type { Command, Services } from './services.ts';
import { State } from './state.ts';
import { userMode } from './user_mode.ts';

const BY_SIGNAL = 128;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ShellOptions {
  /** What the shell and its commands print. Default: collected, and given by run(). */
  readonly stdout?: (bytes: Uint8Array) => void;
  readonly stderr?: (bytes: Uint8Array) => void;
  /** Called when somebody reads the standard input: feed `input` from then on. */
  readonly wanted?: () => void;
  /** The three streams are one terminal, and a person sits at it: job control, prompts, messages without line numbers. */
  readonly interactive?: boolean;
  /** Lines typed so far: what `history` shows. */
  readonly history?: () => readonly string[];
  /** Width of the terminal. */
  readonly columns?: () => number;
  /** $0. */
  readonly name?: string;
  readonly args?: readonly string[];
  /** Commands of the host's own, by name. */
  readonly commands?: Readonly<Record<string, Command>>;
}
export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export class Shell {
  readonly #machine: Machine;
  readonly #state = new State();
  readonly #services: Services;
  readonly #collected: { stdout: Uint8Array[]; stderr: Uint8Array[] } = { stdout: [], stderr: [] };
  /** The standard input; push() and end() feed it. */
  readonly input: StreamFile;
  readonly #output: StreamFile;
  readonly #errors: StreamFile;
  #interpreter: Interpreter;
  #broken: unknown;
  /** Makes the script that runs fail: a process that crashed wakes nobody who waits for it. */
  #break: ((error: unknown) => void) | undefined;
  /** The script has called exit. */
  exited = false;

  constructor(machine: Machine, options: ShellOptions = {}) {
    this.#machine = machine;
    const { kernel } = machine;
    const stdout = options.stdout ?? ((bytes) => this.#collected.stdout.push(bytes));
    const stderr = options.stderr ?? ((bytes) => this.#collected.stderr.push(bytes));
    const terminal = options.interactive === true;
    const wanted = options.wanted ?? (() => this.input.end());
    if (terminal) this.input = this.#output = this.#errors = kernel.terminal({ write: stdout, wanted });
    else {
      this.input = new StreamFile(kernel, { wanted });
      this.#output = new StreamFile(kernel, { write: stdout });
      this.#errors = new StreamFile(kernel, { write: stderr });
    }
    this.#services = {
      machine,
      foreground: undefined,
      now: () => kernel.host.monotonicMs(),
      yield: () => kernel.host.sleep(0),
      columns: options.columns ?? (() => 80),
      history: options.history ?? (() => []),
      crash: (error) => {
        this.#broken ??= error;
        this.#break?.(error);
      },
      find: async (io, name) => options.commands?.[name] ?? findCommand(io, name),
      names: () => commandNames(),
    };
    kernel.userMode ??= userMode(this.#services);
    const state = this.#state;
    state.interactive = state.atPrompt = terminal;
    state.name = options.name ?? 'bash';
    state.fromOption = options.name === undefined;
    state.positional = [...(options.args ?? [])];
    const environment = { HOME: '/root', PATH, USER: 'root', LOGNAME: 'root', SHELL: '/bin/bash', TERM: 'xterm-256color' };
    for (const [name, value] of Object.entries({ ...environment, PWD: '/root', SHLVL: '1' })) {
      state.variables.set(name, value);
      state.exported.add(name);
    }
    for (const [name, value] of Object.entries({ IFS: ' \t\n', HOSTNAME: 'kobox', OSTYPE: 'linux-gnu', UID: '0', EUID: '0', PPID: '1' }))
      state.variables.set(name, value);
    this.#interpreter = this.#login();
    // The first line that needs it shall not wait for it.
    if (terminal) void justBash();
  }
  /** A new process for the shell itself. */
  #login(): Interpreter {
    const process: Process = this.#machine.process.fork('bash', 0);
    process.holdTime(false);
    process.argv = ['bash'];
    process.cwd = this.#state.get('PWD') ?? '/root';
    process.attach(0, this.input, O_RDONLY);
    process.attach(1, this.#output, O_WRONLY);
    process.attach(2, this.#errors, O_WRONLY);
    this.#state.pid = process.pid;
    const interpreter = new Interpreter(this.#services, process, this.#state);
    if (this.#state.interactive) {
      process.ignore([]);
      process.handle(SIGINT, () => {
        interpreter.interrupted = true;
      });
    }
    return interpreter;
  }
  get cwd(): string {
    return this.#interpreter.io.process.cwd;
  }
  /** Runs a script (or a line) and gives what it printed, unless the options say where that goes. */
  async run(script: string): Promise<ShellResult> {
    const interpreter = this.#interpreter;
    const { process } = interpreter.io;
    process.holdTime(true);
    interpreter.interrupted = false;
    let exitCode: number;
    try {
      const broken = new Promise<never>((_, reject) => {
        this.#break = reject;
      });
      exitCode = await Promise.race([interpreter.source(script), broken]);
      await interpreter.jobs.report();
    } catch (error) {
      exitCode = await this.#leave(error);
    }
    process.holdTime(false);
    if (this.#broken !== undefined) throw this.#broken;
    this.#state.status = exitCode;
    const { stdout, stderr } = this.#collected;
    const decode = (chunks: Uint8Array[]): string => new TextDecoder().decode(concatenate(chunks.splice(0)));
    return { stdout: decode(stdout), stderr: decode(stderr), exitCode };
  }
  async #leave(error: unknown): Promise<number> {
    const interpreter = this.#interpreter;
    if (error instanceof Leave) {
      if (error.kind !== 'exit') return this.#state.status;
      await interpreter.runTrap('EXIT').catch(() => {});
      this.exited = true;
      return error.levels;
    }
    if (error instanceof Interrupted) return BY_SIGNAL + SIGINT;
    if (!(error instanceof Ended)) throw error;
    // The shell itself has died in a system call (an oops): the next line finds a new one, as after a new login.
    const { process } = interpreter.io;
    await process.exit();
    this.#errors.open();
    this.#write(`${signalText(error.signal)}\n`);
    this.exited = !this.#state.interactive;
    this.#interpreter = this.#login();
    return BY_SIGNAL + error.signal;
  }
  #write(text: string): void {
    this.#errors.host.write?.(new TextEncoder().encode(text));
  }
  /** Ends the shell: the trap of EXIT runs. */
  async end(): Promise<void> {
    await this.#interpreter.runTrap('EXIT').catch(() => {});
  }
  /** Ctrl-C. */
  interrupt(): void {
    const { process } = this.#interpreter.io;
    this.input.flush();
    void this.#machine.process.kill(-(this.#services.foreground ?? process.group), SIGINT);
  }
  /** Whether `text` is the beginning of a command that needs more lines: an open quote, a here-document, a compound command. */
  async isOpen(text: string): Promise<boolean> {
    if (parsePlain(text) !== undefined) return false;
    if (/(?:\||&&|\b(?:then|else|do)|(?:^|[^\\])(?:\\\\)*\\)\s*$/.test(text)) return true;
    const { parse } = await justBash();
    try {
      return JSON.stringify(parse(text)).includes('"terminated":false');
    } catch (error) {
      return /got EOF|unexpected EOF/.test((error as Error).message);
    }
  }
  /** Words that `start` can become: commands, or paths. */
  async complete(start: string, command: boolean): Promise<string[]> {
    if (command)
      return [...commandNames(), ...builtins.keys()]
        .filter((name) => name.startsWith(start))
        .sort()
        .map((name) => `${name} `);
    const { process } = this.#interpreter.io;
    const slash = start.lastIndexOf('/') + 1;
    const entries = await process.readdir(slash === 0 ? '.' : start.slice(0, slash).replace(/^~/, '/root'));
    if (typeof entries === 'number') return [];
    const last = start.slice(slash);
    return entries
      .filter(({ name }) => name.startsWith(last) && (last.startsWith('.') || !name.startsWith('.')))
      .map(({ name, type }) => `${start.slice(0, slash)}${name}${type === 'directory' ? '/' : ''}`)
      .sort();
  }
  /** Before a prompt: says which background jobs have ended. */
  async report(): Promise<void> {
    await this.#interpreter.jobs.report();
  }
}
