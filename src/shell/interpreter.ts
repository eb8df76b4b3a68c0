// Executes a parsed script: lists, pipelines, compound commands, jobs. Each subshell and each external command is a process
// of the kernel, with its own descriptors.
import { O_RDONLY, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, signalText, strerror } from '#abi';
import type { Process } from '#kernel';
import { builtins } from './builtins.ts';
import { fileTest } from './commands/test.ts';
import { Expander, ExpansionFailed, type ExpansionHost, PIPESTATUS } from './expand.ts';
import { Ended, Io, WriteFailed } from './io.ts';
import { type Job, Jobs, STATE_WIDTH } from './jobs.ts';
import { ARGUMENTS, justBash, STATUS } from './just_bash.ts';
import { parsePlain } from './plain.ts';
import { redirect } from './redirect.ts';
import type { Services } from './services.ts';
import type { State } from './state.ts';
import {
  type CommandNode,
  type Compound,
  command,
  literal,
  type Of,
  type PipelineNode,
  parameter,
  rewrite,
  type ScriptNode,
  type SimpleCommandNode,
  type StatementNode,
  statement,
  type WordNode,
} from './syntax.ts';

const SYNTAX_ERROR = 2;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const BY_SIGNAL = 128;
const YIELD_MS = 50;

/** break, continue, return and exit unwind the interpreter. */
export class Leave extends Error {
  readonly kind: 'break' | 'continue' | 'return' | 'exit';
  /** Loops left, or the status. */
  levels: number;
  constructor(kind: Leave['kind'], levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}
/** Ctrl-C: back to the prompt. */
export class Interrupted extends Error {}

export class Interpreter implements ExpansionHost {
  readonly services: Services;
  readonly io: Io;
  readonly state: State;
  readonly jobs: Jobs;
  readonly #expander: Expander;
  /** This process has nothing to do after its command: an external one takes its place. */
  #replaceable = false;
  /** Inside a condition, where `set -e` does not count. */
  #tested = 0;
  /** Names of signals whose trap waits to be run. */
  readonly #trapped: string[] = [];
  interrupted = false;
  #lastYield = 0;
  /** Line of the command that runs. */
  #line = 0;

  constructor(services: Services, process: Process, state: State) {
    this.services = services;
    this.io = new Io(process);
    this.state = state;
    this.jobs = new Jobs(this);
    this.#expander = new Expander(this);
  }

  /** 'bash: line 3' in a script, 'bash' at a prompt. */
  where(line: number): string {
    return this.state.interactive || line === 0 ? this.state.name : `${this.state.name}: line ${line}`;
  }
  async complain(text: string, line = this.#line): Promise<void> {
    await this.io.err(`${this.where(line)}: ${text}\n`);
  }

  /** Runs a script in this process; its status. Leave and Ended pass through. */
  async source(script: string): Promise<number> {
    const tree = await this.parse(script);
    if (tree === undefined) return (this.state.status = SYNTAX_ERROR);
    return this.list(tree.statements);
  }
  async parse(script: string): Promise<ScriptNode | undefined> {
    const plain = this.state.aliases.size === 0 ? parsePlain(script) : undefined;
    if (plain !== undefined) return plain;
    const { parse } = await justBash();
    try {
      return parse(script);
    } catch (error) {
      const [, line = '1', message = (error as Error).message] = /^Parse error at (\d+):\d+: (.*)$/s.exec((error as Error).message) ?? [];
      const { name, interactive, fromOption } = this.state;
      const where = `${name}: ${fromOption ? '-c: ' : ''}line ${line}: `;
      const text = script.split('\n')[Number(line) - 1] ?? '';
      await this.io.err(interactive ? `${name}: ${message}\n` : `${where}${message}\n${where}\`${text}'\n`);
      return undefined;
    }
  }
  async list(statements: readonly StatementNode[]): Promise<number> {
    for (const node of statements) await this.#statement(node);
    return this.state.status;
  }
  /** As list(), where a failing command is an answer and not an error. */
  async #condition(statements: readonly StatementNode[]): Promise<boolean> {
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
    this.#replaceable = true;
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
      await this.io.err(`${this.where(this.#line)}: ${`${process.pid}`.padStart(5)} ${signalText(signal).padEnd(STATE_WIDTH)}${text}\n`);
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
    if (node.type === 'SimpleCommand') return this.#simple(node);
    if (node.type === 'FunctionDef') {
      this.state.functions.set(node.name, node);
      return 0;
    }
    const replaceable = this.#replaceable;
    this.#replaceable = false;
    if (node.type === 'Subshell' && !replaceable) {
      const child = this.fork((self) => self.only(node), { group: this.state.interactive ? 0 : undefined });
      return (await this.foreground([child]))[0] ?? 0;
    }
    return this.#redirected(node.redirections, node.line, () => this.#compound(node));
  }
  /** Runs `body` with redirections, which are undone afterwards. */
  async #redirected(
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
  async #compound(node: Compound): Promise<number> {
    switch (node.type) {
      case 'Group':
      case 'Subshell':
        return this.list(node.body);
      case 'If':
        for (const { condition, body } of node.clauses) if (await this.#condition(condition)) return this.list(body);
        return node.elseBody === null ? 0 : this.list(node.elseBody);
      case 'For':
        return this.#for(node);
      case 'While':
        return this.#loop(() => this.#condition(node.condition), node.body);
      case 'Until':
        return this.#loop(async () => !(await this.#condition(node.condition)), node.body);
      case 'CStyleFor':
        return this.#cStyleFor(node);
      case 'Case':
        return this.#case(node);
      case 'ArithmeticCommand':
        return (await this.#expander.evaluate([statement({ ...node, redirections: [] })])).status;
      case 'ConditionalCommand':
        return this.#conditional(await this.#withFileTests({ ...node, redirections: [] }));
    }
  }
  async #conditional(node: Of<'ConditionalCommand'>): Promise<number> {
    // What =~ has matched is an array, which only words bring back.
    const results = ['?', 'BASH_REMATCH[@]'].map((name) => ({
      type: 'Word' as const,
      parts: [{ type: 'DoubleQuoted' as const, parts: [parameter(name)] }],
    }));
    if (!JSON.stringify(node).includes('"=~"')) return (await this.#expander.evaluate([statement(node)])).status;
    const { words } = await this.#expander.evaluate([statement(node), statement(command(ARGUMENTS, results))], true);
    const [status, ...groups] = words ?? ['2'];
    if (status === '0') this.state.variables.set('BASH_REMATCH', groups);
    return Number(status);
  }
  /** break and continue of a loop body. Whether the loop goes on. */
  async #turn(body: readonly StatementNode[]): Promise<boolean> {
    try {
      await this.list(body);
    } catch (error) {
      if (!(error instanceof Leave) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
      this.state.status = 0;
      if (--error.levels > 0) throw error;
      return error.kind === 'continue';
    }
    return true;
  }
  async #loop(
    condition: () => Promise<boolean>,
    body: readonly StatementNode[],
    after: () => Promise<unknown> = async () => {},
  ): Promise<number> {
    let status = 0;
    while (await condition()) {
      const goesOn = await this.#turn(body);
      status = this.state.status;
      if (!goesOn) break;
      await after();
    }
    return status;
  }
  async #for({ variable, words, body }: Of<'For'>): Promise<number> {
    const items = words === null ? [...this.state.positional] : await this.#expander.words(words);
    let n = 0;
    return this.#loop(async () => {
      const item = items[n++];
      if (item !== undefined) this.state.set(variable, item);
      return item !== undefined;
    }, body);
  }
  async #cStyleFor({ init, condition, update, body }: Of<'CStyleFor'>): Promise<number> {
    const evaluate = async (expression: Of<'ArithmeticCommand'>['expression'] | null): Promise<boolean> => {
      if (expression === null) return true;
      return (await this.#expander.evaluate([statement({ type: 'ArithmeticCommand', expression, redirections: [] })])).status === 0;
    };
    await evaluate(init);
    return this.#loop(
      () => evaluate(condition),
      body,
      () => evaluate(update),
    );
  }
  async #case(node: Of<'Case'>): Promise<number> {
    const items = node.items.map((item, n) => ({
      ...item,
      terminator: ';;' as const,
      body: [statement(command(STATUS, [literal(`${n + 1}`)]))],
    }));
    const first = (await this.#expander.evaluate([statement({ ...node, items, redirections: [] })])).status - 1;
    let status = 0;
    for (let n = first; n >= 0 && n < node.items.length; n++) {
      const item = node.items[n] as (typeof node.items)[number];
      status = await this.list(item.body);
      if (item.terminator !== ';&') break;
    }
    return status;
  }
  /** [[ -c x ]] and the like: just-bash does not know kinds of files, so these are answered here. */
  async #withFileTests(node: Of<'ConditionalCommand'>): Promise<Of<'ConditionalCommand'>> {
    return rewrite(node, (part) => {
      const unary = part as Extract<Of<'ConditionalCommand'>['expression'], { type: 'CondUnary' }>;
      if (unary.type !== 'CondUnary' || !/^-[abcdefghkprsuwxGLOSt]$/.test(unary.operator)) return undefined;
      return this.#expander.value(unary.operand).then(async (path) => {
        const holds = await fileTest(this.io, unary.operator, path);
        return { type: 'CondUnary', operator: '-n', operand: literal(holds ? '1' : '') };
      });
    });
  }

  async #simple(node: SimpleCommandNode): Promise<number> {
    const replaceable = this.#replaceable;
    this.#replaceable = false;
    let words: string[];
    try {
      const all = node.name === null ? [] : [node.name, ...node.args];
      words = await this.#expander.words(await this.#unaliased(all));
    } catch (error) {
      if (error instanceof ExpansionFailed) return this.#failedExpansion();
      throw error;
    }
    const [name] = words;
    if (name === undefined) return this.#assignments(node);
    this.#line = node.line ?? this.#line;
    if (this.state.options.has('xtrace')) await this.io.err(`+ ${words.join(' ')}\n`);
    const extra = new Map<string, string>();
    for (const { name: variable, value } of node.assignments) extra.set(variable, await this.#expander.value(value));
    const body = this.state.functions.get(name);
    if (body !== undefined)
      return this.#redirected(node.redirections, node.line, () => this.#withVariables(extra, () => this.#function(body, words)));
    const builtin = builtins.get(name);
    if (builtin !== undefined) {
      if (name === 'exec') return this.#exec(words.slice(1), node, extra);
      return this.#redirected(node.redirections, node.line, () => this.#withVariables(extra, () => this.builtin(builtin, words)));
    }
    const environment = this.state.environment(extra);
    const run = async (self: Interpreter): Promise<number> => {
      if (node.redirections.length > 0) {
        const redirected = await redirect(self, node.redirections, node.line);
        if (redirected === undefined) return 1;
        await redirected.keep();
      }
      return self.external(words, environment, node.line);
    };
    if (replaceable) return run(this);
    const comm = name.slice(name.lastIndexOf('/') + 1);
    const child = this.fork(run, { group: this.state.interactive ? 0 : undefined, comm });
    return (await this.foreground([child], words.join(' ')))[0] ?? 0;
  }
  #failedExpansion(): number {
    if (!this.state.interactive && this.state.options.has('nounset')) throw new Leave('exit', 1);
    return 1;
  }
  async #unaliased(words: readonly SimpleCommandNode['args'][number][]): Promise<readonly SimpleCommandNode['args'][number][]> {
    const [first, ...rest] = words;
    const [part] = first?.parts ?? [];
    const value = part?.type === 'Literal' && first?.parts.length === 1 ? this.state.aliases.get(part.value) : undefined;
    if (value === undefined || part?.type !== 'Literal') return words;
    const tree = (await justBash()).parse(value);
    const replacement = tree.statements[0]?.pipelines[0]?.commands[0];
    if (replacement?.type !== 'SimpleCommand' || replacement.name === null) return words;
    return [replacement.name, ...replacement.args, ...rest];
  }
  async #assignments(node: SimpleCommandNode): Promise<number> {
    const before = this.state.status;
    this.state.status = 0;
    return this.#redirected(node.redirections, node.line, async () => {
      for (const entry of node.assignments) {
        try {
          const error = await this.#expander.assign(entry);
          if (error !== 0) return error;
        } catch (error) {
          if (error instanceof ExpansionFailed) return this.#failedExpansion();
          throw error;
        }
      }
      // The status of the last command substitution, when there was one.
      return node.assignments.length === 0 && node.redirections.length === 0 ? before : this.state.status;
    });
  }
  async #withVariables(extra: ReadonlyMap<string, string>, body: () => Promise<number>): Promise<number> {
    if (extra.size === 0) return body();
    const before = [...extra.keys()].map((name) => [name, this.state.variables.get(name)] as const);
    for (const [name, value] of extra) this.state.variables.set(name, value);
    try {
      return await body();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) this.state.variables.delete(name);
        else this.state.variables.set(name, value);
      }
    }
  }
  async #function(body: Of<'FunctionDef'>, [, ...args]: readonly string[]): Promise<number> {
    const { positional } = this.state;
    const MAX_DEPTH = 1000;
    if (this.state.hidden.length > MAX_DEPTH) {
      await this.complain(`${body.name}: maximum function nesting level exceeded (${MAX_DEPTH})`);
      return 1;
    }
    this.state.positional = args;
    this.state.hidden.push(new Map());
    try {
      return await this.#redirected(body.redirections, body.line, () => this.command(body.body));
    } catch (error) {
      if (error instanceof Leave && error.kind === 'return') return error.levels;
      throw error;
    } finally {
      this.state.leaveFunction();
      this.state.positional = positional;
    }
  }
  async builtin(
    run: (self: Interpreter, args: readonly string[]) => Promise<number>,
    [name = '', ...args]: readonly string[],
  ): Promise<number> {
    try {
      const status = await run(this, args);
      await this.io.flush();
      return status;
    } catch (error) {
      if (!(error instanceof WriteFailed)) throw error;
      await this.complain(`${name}: write error: ${strerror(error.errno)}`);
      return 1;
    }
  }
  async #exec(words: readonly string[], node: SimpleCommandNode, extra: ReadonlyMap<string, string>): Promise<number> {
    const redirected = await redirect(this, node.redirections, node.line);
    await redirected?.keep();
    if (redirected === undefined) {
      if (!this.state.interactive) throw new Leave('exit', 1);
      return 1;
    }
    if (words.length === 0) return 0;
    throw new Leave('exit', await this.external(words, this.state.environment(extra), node.line));
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
