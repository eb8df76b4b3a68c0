// Executes a parsed script: lists, pipelines, compound commands, jobs. Each subshell and each external command is a process
// of the kernel, with its own descriptors.
import { O_RDONLY, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, signalText, strerror } from '#abi';
import type { Process } from '#kernel';
import { Finished } from './commands/options.ts';
import { runCompound } from './compound.ts';
import { Interrupted, Leave } from './control.ts';
import { Expander, ExpansionFailed, type ExpansionHost, PIPESTATUS } from './expand.ts';
import { Ended, Io, WriteFailed } from './io.ts';
import { type Job, Jobs, STATE_WIDTH } from './jobs.ts';
import { justBash } from './just_bash.ts';
import { parsePlain } from './plain.ts';
import { redirect } from './redirect.ts';
import type { Services } from './services.ts';
import { runSimple } from './simple.ts';
import type { State } from './state.ts';
import type { CommandNode, PipelineNode, ScriptNode, SimpleCommandNode, StatementNode, WordNode } from './syntax.ts';
import { type SyntaxComplaint, syntaxComplaint } from './syntax_error.ts';

const SYNTAX_ERROR = 2;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const BY_SIGNAL = 128;
const YIELD_MS = 50;

export class Interpreter implements ExpansionHost {
  readonly services: Services;
  readonly io: Io;
  readonly state: State;
  readonly jobs: Jobs;
  readonly #expander: Expander;
  /** This process has nothing to do after its command: an external one takes its place. */
  replaceable = false;
  /** Inside a condition, where `set -e` does not count. */
  #tested = 0;
  /** Names of signals whose trap waits to be run. */
  readonly #trapped: string[] = [];
  interrupted = false;
  #lastYield = 0;
  /** Line of the command that runs. */
  line = 0;

  constructor(services: Services, process: Process, state: State) {
    this.services = services;
    this.io = new Io(process);
    this.state = state;
    this.jobs = new Jobs(this);
    this.#expander = new Expander(this);
  }

  /** 'bash: line 3' in a script, 'bash' at a prompt. */
  where(line: number): string {
    return this.state.atPrompt || line === 0 ? this.state.name : `${this.state.name}: line ${line}`;
  }
  async complain(text: string, line = this.line): Promise<void> {
    await this.io.err(`${this.where(line)}: ${text}\n`);
  }

  /** Runs a script in this process; its status. Leave and Ended pass through. */
  async source(script: string): Promise<number> {
    const parsed = await this.parse(script);
    if (!('showsLine' in parsed)) return this.list(parsed.statements);
    // bash runs what stands before the line that it cannot read.
    const before = script
      .split('\n')
      .slice(0, parsed.line - 1)
      .join('\n');
    const tree = before.trim() === '' || !parsed.showsLine ? undefined : await this.parse(before);
    if (tree !== undefined && !('showsLine' in tree)) await this.list(tree.statements);
    const { name, atPrompt, fromOption } = this.state;
    const where = atPrompt ? `${name}: ` : `${name}: ${fromOption ? '-c: ' : ''}line ${parsed.line}: `;
    const text = parsed.showsLine && !atPrompt ? `${where}\`${script.split('\n')[parsed.line - 1] ?? ''}'\n` : '';
    await this.io.err(`${where}${parsed.text}\n${text}`);
    return (this.state.status = SYNTAX_ERROR);
  }
  async parse(script: string): Promise<ScriptNode | SyntaxComplaint> {
    const plain = this.state.aliases.size === 0 ? parsePlain(script) : undefined;
    if (plain !== undefined) return plain;
    const { parse } = await justBash();
    try {
      return parse(script);
    } catch (error) {
      return syntaxComplaint((error as Error).message, script);
    }
  }
  async list(statements: readonly StatementNode[]): Promise<number> {
    for (const node of statements) await this.#statement(node);
    return this.state.status;
  }
  /** As list(), where a failing command is an answer and not an error. */
  async condition(statements: readonly StatementNode[]): Promise<boolean> {
    this.#tested++;
    try {
      return (await this.list(statements)) === 0;
    } finally {
      this.#tested--;
    }
  }
  async #statement(node: StatementNode): Promise<void> {
    await this.#breathe();
    if (node.deferredError !== undefined) {
      const where = this.where(node.line ?? 1).replace(':', this.state.fromOption ? ': -c:' : ':');
      await this.io.err(`${where}: ${node.deferredError.message}\n`);
      throw new Leave('exit', SYNTAX_ERROR);
    }
    if (node.background) {
      await this.#background(node);
      return;
    }
    let wasTested = false;
    for (const [n, pipeline] of node.pipelines.entries()) {
      const operator = n === 0 ? ';' : node.operators[n - 1];
      if ((operator === '&&' && this.state.status !== 0) || (operator === '||' && this.state.status === 0)) continue;
      const tested = n < node.pipelines.length - 1 || pipeline.negated;
      wasTested = tested;
      if (tested) this.#tested++;
      try {
        await this.#pipeline(pipeline);
      } finally {
        if (tested) this.#tested--;
      }
    }
    await this.runTraps();
    if (this.state.status !== 0 && this.state.options.has('errexit') && !wasTested && this.#tested === 0)
      throw new Leave('exit', this.state.status);
  }
  /** Lets the host's events in, and Ctrl-C take effect. */
  async #breathe(): Promise<void> {
    const now = this.services.now();
    if (now - this.#lastYield > YIELD_MS) {
      await this.services.yield();
      this.#lastYield = now;
    }
    this.check();
  }
  /** Precondition of going on: no signal has ended the process or the line. */
  check(): void {
    if (this.io.process.killedBy !== undefined) throw new Ended(this.io.process.killedBy);
    if (this.interrupted) {
      this.interrupted = false;
      throw new Interrupted();
    }
  }
  /** A signal with a trap has come in. */
  trapped(name: string): void {
    this.#trapped.push(name);
  }
  async runTraps(): Promise<void> {
    for (let name = this.#trapped.shift(); name !== undefined; name = this.#trapped.shift()) await this.runTrap(name);
  }
  async runTrap(name: string): Promise<void> {
    const action = this.state.traps.get(name);
    if (action === undefined || action === '') return;
    const { status } = this.state;
    if (name === 'EXIT') this.state.traps.delete(name);
    await this.source(action);
    this.state.status = status;
  }

  async #pipeline({ commands, negated, pipeStderr, timed }: PipelineNode): Promise<void> {
    const started = this.services.machine.kernel.clock.now;
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) this.state.status = await this.command(only);
    else this.state.status = await this.#piped(commands, pipeStderr ?? []);
    if (timed === true) {
      const seconds = (this.services.machine.kernel.clock.now - started) / 1e9;
      const text = (value: number): string => `${Math.floor(value / 60)}m${(value % 60).toFixed(3)}s`;
      await this.io.err(`\nreal\t${text(seconds)}\nuser\t${text(0)}\nsys\t${text(0)}\n`);
    }
    if (negated) this.state.status = this.state.status === 0 ? 1 : 0;
  }
  async #piped(commands: readonly CommandNode[], pipeStderr: readonly boolean[]): Promise<number> {
    const { process } = this.io;
    const children: Process[] = [];
    let group = this.state.interactive ? 0 : undefined;
    let input: number | undefined;
    for (const [n, node] of commands.entries()) {
      const pipe = n < commands.length - 1 ? await this.io.call(process.pipe()) : undefined;
      if (typeof pipe === 'number') throw new Ended(SIGPIPE);
      const from = input;
      const child = this.fork(
        async (self) => {
          if (from !== undefined) await self.#move(from, 0);
          if (pipe !== undefined) {
            await self.io.close(pipe[0]);
            if (pipeStderr[n] === true) await self.io.call(self.io.process.dup2(pipe[1], 2));
            await self.#move(pipe[1], 1);
          }
          return self.only(node);
        },
        { group },
      );
      children.push(child);
      group = group === 0 ? child.pid : group;
      if (from !== undefined) await this.io.close(from);
      if (pipe !== undefined) await this.io.close(pipe[1]);
      input = pipe?.[0];
    }
    const statuses = await this.foreground(children);
    const failed = this.state.options.has('pipefail') ? statuses.findLast((status) => status !== 0) : undefined;
    this.state.variables.set(PIPESTATUS, statuses.map(String));
    return failed ?? statuses.at(-1) ?? 0;
  }
  async #move(from: number, to: number): Promise<void> {
    await this.io.call(this.io.process.dup2(from, to));
    await this.io.close(from);
  }
  /** Runs one command in a process that was made for it. */
  async only(node: CommandNode): Promise<number> {
    this.replaceable = true;
    return this.command(node);
  }

  /** A child process that runs `body` in a copy of this shell. */
  fork(body: (self: Interpreter) => Promise<number>, { group, comm }: { group?: number | undefined; comm?: string } = {}): Process {
    const process = this.io.process.fork(comm ?? this.io.process.comm, group);
    const self = new Interpreter(this.services, process, this.state.copy());
    void self.live(() => body(self)).catch(this.services.crash);
    return process;
  }
  /** The life of a process: it runs `body` and exits with its status. */
  async live(body: () => Promise<number>): Promise<void> {
    let status: number;
    try {
      status = await body();
      await this.runTrap('EXIT');
    } catch (error) {
      if (error instanceof Leave) status = error.kind === 'exit' || error.kind === 'return' ? error.levels : this.state.status;
      else if (error instanceof Ended) status = BY_SIGNAL + error.signal;
      else if (error instanceof ExpansionFailed) status = 1;
      else if (error instanceof Interrupted) status = BY_SIGNAL + SIGINT;
      else {
        await this.io.process.exit(1);
        throw error;
      }
    }
    await this.io.process.exit(status);
  }
  /** Waits for the processes of a job in the foreground: Ctrl-C goes to them. */
  async foreground(children: readonly Process[], text = ''): Promise<number[]> {
    const { process } = this.io;
    const before = this.services.foreground;
    if (this.state.interactive) this.services.foreground = children[0]?.group;
    const statuses: number[] = [];
    try {
      for (const child of children) {
        await this.#passInterrupt(child);
        let status = await process.wait(child);
        // A signal that the shell handles does not end the waiting.
        while (status < 0 && process.killedBy === undefined) {
          await this.#passInterrupt(child);
          status = await process.wait(child);
        }
        this.check();
        statuses.push(status);
      }
    } finally {
      this.services.foreground = before;
    }
    const signal = children.at(-1)?.killedBy;
    if (signal === SIGINT) {
      if (this.state.interactive) throw new Interrupted();
      throw new Leave('exit', BY_SIGNAL + SIGINT);
    }
    await this.reportKilled(children.at(-1), text);
    return statuses;
  }
  /** Ctrl-C that came before the job stood in the foreground is the job's. */
  async #passInterrupt(child: Process): Promise<void> {
    if (!this.interrupted) return;
    this.interrupted = false;
    await this.io.process.kill(-child.group, SIGINT);
  }
  /** Says which signal has ended a process. bash keeps quiet about SIGTERM, and names process and command; dash does not. */
  async reportKilled(process: Process | undefined, text: string): Promise<void> {
    const signal = process?.killedBy;
    if (process === undefined || signal === undefined || signal === SIGINT || signal === SIGPIPE) return;
    if (this.state.interactive || this.state.name === 'sh') await this.io.err(`${signalText(signal)}\n`);
    else if (signal !== SIGTERM)
      await this.io.err(`${this.where(this.line)}: ${`${process.pid}`.padStart(5)} ${signalText(signal).padEnd(STATE_WIDTH)}${text}\n`);
  }
  async #background(node: StatementNode): Promise<void> {
    const text = (node.sourceText ?? '').replace(/\s*&\s*$/, '');
    const [only] = node.pipelines;
    const single = node.pipelines.length === 1 && only?.commands.length === 1 && !only.negated ? only.commands[0] : undefined;
    const process = this.fork(
      async (self) => {
        if (!this.state.interactive) {
          self.io.process.ignore([SIGINT, SIGQUIT]);
          const nothing = await self.io.open('/dev/null', O_RDONLY);
          await self.#move(nothing, 0);
        }
        return single !== undefined ? self.only(single) : self.list([{ ...node, background: false }]);
      },
      { group: 0 },
    );
    const job: Job = this.jobs.add(process, text);
    this.state.lastBackground = process.pid;
    this.state.status = 0;
    if (this.state.interactive) await this.io.err(`[${job.number}] ${process.pid}\n`);
  }

  async command(node: CommandNode): Promise<number> {
    if (node.type === 'SimpleCommand') return runSimple(this, node);
    if (node.type === 'FunctionDef') {
      this.state.functions.set(node.name, node);
      return 0;
    }
    const replaceable = this.replaceable;
    this.replaceable = false;
    if (node.type === 'Subshell' && !replaceable) {
      const child = this.fork((self) => self.only(node), { group: this.state.interactive ? 0 : undefined });
      return (await this.foreground([child]))[0] ?? 0;
    }
    return this.redirected(node.redirections, node.line, () => runCompound(this, node));
  }
  /** Runs `body` with redirections, which are undone afterwards. */
  async redirected(
    redirections: SimpleCommandNode['redirections'],
    line: number | undefined,
    body: () => Promise<number>,
  ): Promise<number> {
    if (redirections.length === 0) return body();
    const redirected = await redirect(this, redirections, line);
    if (redirected === undefined) return 1;
    try {
      return await body();
    } finally {
      await redirected.undo();
    }
  }
  async builtin(
    run: (self: Interpreter, args: readonly string[]) => Promise<number>,
    [name = '', ...args]: readonly string[],
  ): Promise<number> {
    try {
      const status = await run(this, args);
      // Bash's standard output is line buffered: printf and echo -e put one character after another into it.
      if (name === 'printf' || (name === 'echo' && args[0]?.startsWith('-') === true)) await this.io.flushLines();
      else await this.io.flush();
      return status;
    } catch (error) {
      if (!(error instanceof WriteFailed)) throw error;
      await this.complain(`${name}: write error: ${strerror(error.errno)}`);
      return 1;
    }
  }
  /** Runs an external command in this process. */
  async external(words: readonly string[], environment: ReadonlyMap<string, string>, line?: number): Promise<number> {
    const [name = ''] = words;
    const { process } = this.io;
    const found = await this.services.find(this.io, name);
    if (typeof found === 'object') {
      await this.complain(`${name}: ${found.problem}`, line);
      return found.problem.includes('not found') || found.problem.startsWith('No such') ? NOT_FOUND : NOT_EXECUTABLE;
    }
    process.comm = name.slice(name.lastIndexOf('/') + 1);
    process.argv = words;
    // Descriptors may have changed since the fork: a new view of them.
    const io = new Io(process);
    try {
      const status = await found({ io, environment, services: this.services }, words.slice(1), words);
      await io.flush();
      return status;
    } catch (error) {
      if (error instanceof Finished) {
        await io.flush();
        return error.status;
      }
      if (!(error instanceof WriteFailed)) throw error;
      await io.err(`${process.comm}: write error: ${strerror(error.errno)}\n`);
      return process.comm === 'ls' || process.comm === 'grep' ? 2 : 1;
    }
  }

  async substitute(body: ScriptNode): Promise<string> {
    const { process } = this.io;
    const file = fileOf(body);
    if (file !== undefined) return this.#contents(await this.#expander.value(file), body.statements[0]?.line);
    const pipe = await this.io.call(process.pipe());
    if (typeof pipe === 'number') return '';
    const child = this.fork(async (self) => {
      await self.io.close(pipe[0]);
      await self.#move(pipe[1], 1);
      const [only] = body.statements;
      const simple = body.statements.length === 1 && only?.pipelines.length === 1 && !only.background ? only.pipelines[0] : undefined;
      return simple?.commands.length === 1 && !simple.negated ? self.only(simple.commands[0] as CommandNode) : self.list(body.statements);
    });
    await this.io.close(pipe[1]);
    const bytes = await this.io.drain(pipe[0]);
    await this.io.close(pipe[0]);
    this.state.status = (await this.foreground([child]))[0] ?? 0;
    return typeof bytes === 'number' ? '' : substituted(bytes);
  }
  /** $(< file). */
  async #contents(path: string, line: number | undefined): Promise<string> {
    const bytes = await this.io.readFile(path);
    this.state.status = typeof bytes === 'number' ? 1 : 0;
    if (typeof bytes !== 'number') return substituted(bytes);
    await this.complain(`${path}: ${strerror(-bytes)}`, line);
    return '';
  }
  async processSubstitution(body: ScriptNode, direction: 'input' | 'output'): Promise<string> {
    const pipe = await this.io.call(this.io.process.pipe());
    if (typeof pipe === 'number') return '/dev/null';
    const [mine, theirs] = direction === 'input' ? pipe : [pipe[1], pipe[0]];
    this.fork(async (self) => {
      await self.io.close(mine);
      await self.#move(theirs, direction === 'input' ? 1 : 0);
      return self.list(body.statements);
    });
    await this.io.close(theirs);
    this.jobs.toClose.push(mine);
    return `/proc/self/fd/${mine}`;
  }
  get expander(): Expander {
    return this.#expander;
  }
}

const substituted = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replaceAll('\0', '').replace(/\n+$/, '');
/** The file of a substitution that is nothing but `< file`. */
function fileOf({ statements }: ScriptNode): WordNode | undefined {
  const [only, more] = statements;
  const node =
    more === undefined && only?.pipelines.length === 1 && only.pipelines[0]?.commands.length === 1
      ? only.pipelines[0].commands[0]
      : undefined;
  if (node?.type !== 'SimpleCommand' || node.name !== null || node.assignments.length > 0) return undefined;
  const [redirection, another] = node.redirections;
  return another === undefined && redirection?.operator === '<' && redirection.target.type === 'Word' ? redirection.target : undefined;
}
