// bash's builtins. Source: bash(1), SHELL BUILTIN COMMANDS.
import { endsProcess, SIGINT, signalNames, signalNumber, strerror } from '#abi';
import { echo, printf, test } from './commands/test.ts';
import { Leave } from './control.ts';
import type { Interpreter } from './interpreter.ts';
import { readBuiltin } from './read.ts';
import { command, literal, statement } from './syntax.ts';

type Builtin = (shell: Interpreter, args: readonly string[]) => Promise<number>;
const BY_SIGNAL = 128;
const optionLetters: Readonly<Record<string, string>> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
  a: 'allexport',
  C: 'noclobber',
};

const leave =
  (kind: 'break' | 'continue'): Builtin =>
  async (_shell, [levels = '1']) => {
    throw new Leave(kind, Number(levels));
  };
const status =
  (kind: 'return' | 'exit'): Builtin =>
  async (shell, [text]) => {
    if (kind === 'return' && shell.state.hidden.length === 0 && shell.state.sourcing === 0) {
      await shell.complain("return: can only `return' from a function or sourced script");
      return 2;
    }
    if (text !== undefined && !/^-?\d+$/.test(text)) {
      await shell.complain(`${kind}: ${text}: numeric argument required`);
      throw new Leave(kind, 2);
    }
    throw new Leave(kind, text === undefined ? shell.state.status : Number(text) & 0xff);
  };

async function cd(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { state, io } = shell;
  const [argument] = args.filter((arg) => !/^-[LPe@]+$/.test(arg));
  const target = argument === undefined ? state.get('HOME') : argument === '-' ? state.get('OLDPWD') : argument;
  if (target === undefined || target === '') {
    await shell.complain(`cd: ${argument === '-' ? 'OLDPWD' : 'HOME'} not set`);
    return 1;
  }
  const before = io.process.cwd;
  const error = await io.call(io.process.chdir(target));
  if (error < 0) {
    await shell.complain(`cd: ${target}: ${strerror(-error)}`);
    return 1;
  }
  state.set('OLDPWD', before);
  state.set('PWD', io.process.cwd);
  if (argument === '-') await io.out(`${io.process.cwd}\n`);
  return 0;
}
async function set(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { state } = shell;
  if (args.length === 0) {
    for (const [name, value] of [...state.variables].sort(([a], [b]) => (a < b ? -1 : 1))) await shell.io.out(`${name}=${quote(value)}\n`);
    return 0;
  }
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] as string;
    if (arg === '--' || !/^[-+]./.test(arg)) {
      state.positional = args.slice(arg === '--' ? n + 1 : n);
      return 0;
    }
    const on = arg.startsWith('-');
    const names = arg.slice(1) === 'o' ? [args[++n] ?? ''] : [...arg.slice(1)].map((letter) => optionLetters[letter] ?? letter);
    for (const name of names) {
      if (on) state.options.add(name);
      else state.options.delete(name);
    }
  }
  return 0;
}
const quote = (value: string | string[]): string => {
  if (typeof value !== 'string') return `(${value.map((item, n) => `[${n}]="${item}"`).join(' ')})`;
  return /^[\w./:@%+,-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
};
/** export, readonly, declare, local: NAME, NAME=VALUE. */
const declare =
  (kind: 'export' | 'readonly' | 'declare' | 'local'): Builtin =>
  async (shell, args) => {
    const { state } = shell;
    const flags = args.filter((arg) => /^[-+][a-zA-Z]+$/.test(arg)).join('');
    const names = args.filter((arg) => !/^[-+][a-zA-Z]+$/.test(arg) && arg !== '--');
    if (names.length === 0 || flags.includes('p')) {
      const listed = kind === 'readonly' ? state.readonlys : kind === 'export' ? state.exported : new Set(state.variables.keys());
      const letter = kind === 'readonly' ? '-r' : kind === 'export' ? '-x' : '--';
      for (const name of [...listed].sort()) {
        if (names.length > 0 && !names.includes(name)) continue;
        const value = state.variables.get(name);
        await shell.io.out(`declare ${letter} ${name}${value === undefined ? '' : `="${value}"`}\n`);
      }
      return 0;
    }
    let result = 0;
    for (const entry of names) {
      const [, name, append, value] = /^([A-Za-z_]\w*)(?:(\+?)=(.*))?$/s.exec(entry) ?? [];
      if (name === undefined) {
        await shell.complain(`${kind}: \`${entry}': not a valid identifier`);
        result = 1;
        continue;
      }
      if (kind === 'local' && !state.local(name)) {
        await shell.complain('local: can only be used in a function');
        return 1;
      }
      if (kind === 'declare') state.local(name);
      if (value !== undefined) state.set(name, append === '+' ? (state.get(name) ?? '') + value : value);
      else if (flags.includes('a') && !state.variables.has(name)) state.set(name, []);
      if (kind === 'export' || flags.includes('x')) {
        if (flags.includes('n')) state.exported.delete(name);
        else state.exported.add(name);
      }
      if (kind === 'readonly' || flags.includes('r')) state.readonlys.add(name);
    }
    return result;
  };
async function unset(shell: Interpreter, args: readonly string[]): Promise<number> {
  for (const name of args) {
    if (name.startsWith('-')) continue;
    if (!args.includes('-f') && shell.state.variables.has(name)) shell.state.unset(name);
    else if (!args.includes('-v')) shell.state.functions.delete(name);
  }
  return 0;
}
async function kill(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { io } = shell;
  let signal = 15;
  let rest = [...args];
  const [first = ''] = rest;
  if (first === '-l' || first === '-L') {
    const [, number] = rest;
    if (number !== undefined) {
      const wanted = Number(number) > BY_SIGNAL ? Number(number) - BY_SIGNAL : signalNumber(number);
      const row = signalNames.find(([n]) => n === wanted);
      await io.out(`${/^\d+$/.test(number) ? row?.[1] : row?.[0]}\n`);
      return row === undefined ? 1 : 0;
    }
    const cells = signalNames.map(([n, name]) => `${String(n).padStart(2)}) ${`SIG${name}`.padEnd(12)}`);
    for (let n = 0; n < cells.length; n += 5)
      await io.out(
        `${cells
          .slice(n, n + 5)
          .join('')
          .trimEnd()}\n`,
      );
    return 0;
  }
  if (first === '-s' || first === '-n') {
    signal = signalNumber(rest[1] ?? '') ?? -1;
    rest = rest.slice(2);
  } else if (/^-./.test(first) && first !== '--') {
    signal = signalNumber(first.slice(1)) ?? -1;
    rest = rest.slice(1);
  }
  if (rest[0] === '--') rest = rest.slice(1);
  if (signal < 0) {
    await shell.complain(`kill: ${first.slice(1)}: invalid signal specification`);
    return 1;
  }
  if (rest.length === 0) {
    await io.err('kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n');
    return 2;
  }
  let result = 0;
  for (const target of rest) {
    const job = target.startsWith('%') ? shell.jobs.find(target) : undefined;
    if (target.startsWith('%') ? job === undefined : !/^-?\d+$/.test(target)) {
      await shell.complain(`kill: ${target}: ${target.startsWith('%') ? 'no such job' : 'arguments must be process or job IDs'}`);
      result = 1;
      continue;
    }
    const pid = job === undefined ? Number(target) : -job.process.group;
    const error = await io.call(io.process.kill(pid, signal));
    if (error < 0) {
      await shell.complain(`kill: (${target}) - ${strerror(-error)}`);
      result = 1;
    }
  }
  return result;
}
async function wait(shell: Interpreter, args: readonly string[]): Promise<number> {
  const waitFor = async (job: ReturnType<typeof shell.jobs.find> & object): Promise<number> => {
    let result = await shell.io.process.wait(job.process);
    while (result < 0) {
      shell.check();
      result = await shell.io.process.wait(job.process);
    }
    shell.jobs.forget(job);
    if (!shell.state.interactive) await shell.reportKilled(job.process, job.text);
    return result;
  };
  if (args.length === 0) {
    for (const job of [...shell.jobs.all]) await waitFor(job);
    return 0;
  }
  let result = 0;
  for (const target of args) {
    const job = shell.jobs.find(target);
    const past = shell.jobs.pastStatus(Number(target));
    if (job !== undefined) result = await waitFor(job);
    else if (past !== undefined) result = past;
    else {
      await shell.complain(target.startsWith('%') ? `wait: ${target}: no such job` : `wait: pid ${target} is not a child of this shell`);
      result = 127;
    }
  }
  return result;
}
async function foreground(shell: Interpreter, [target = '%+']: readonly string[]): Promise<number> {
  const job = shell.jobs.find(target.startsWith('%') ? target : `%${target}`);
  if (job === undefined) {
    await shell.complain(`fg: ${target === '%+' ? 'current' : target}: no such job`);
    return 1;
  }
  await shell.io.out(`${job.text}\n`);
  shell.jobs.forget(job);
  return (await shell.foreground([job.process]))[0] ?? 0;
}
async function trap(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { traps } = shell.state;
  const [action, ...names] = args[0] === '--' ? args.slice(1) : args;
  if (action === undefined || action === '-p') {
    for (const [name, text] of traps) await shell.io.out(`trap -- '${text}' ${name === 'EXIT' ? name : `SIG${name}`}\n`);
    return 0;
  }
  if (action === '-l') return kill(shell, ['-l']);
  for (const given of names.length === 0 ? [action] : names) {
    const signal = given === 'EXIT' || given === '0' ? 0 : signalNumber(given);
    if (signal === undefined) {
      await shell.complain(`trap: ${given}: invalid signal specification`);
      return 1;
    }
    const name = signal === 0 ? 'EXIT' : (signalNames.find(([n]) => n === signal)?.[1] ?? '');
    const reset = action === '-' || names.length === 0;
    if (reset) traps.delete(name);
    else traps.set(name, action);
    if (signal !== 0 && endsProcess(signal))
      shell.io.process.handle(signal, reset ? defaultHandler(shell, signal) : () => shell.trapped(name));
  }
  return 0;
}
/** At a prompt Ctrl-C ends the line, not the shell. */
function defaultHandler(shell: Interpreter, signal: number): (() => void) | undefined {
  if (!shell.state.interactive || signal !== SIGINT) return undefined;
  return () => {
    shell.interrupted = true;
  };
}
async function type(shell: Interpreter, args: readonly string[]): Promise<number> {
  let result = 0;
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    const alias = shell.state.aliases.get(name);
    if (alias !== undefined) await shell.io.out(`${name} is aliased to \`${alias}'\n`);
    else if (shell.state.functions.has(name)) await shell.io.out(`${name} is a function\n`);
    else if (builtins.has(name)) await shell.io.out(`${name} is a shell builtin\n`);
    else if (shell.services.names().includes(name)) await shell.io.out(`${name} is ${pathOf(name)}\n`);
    else {
      await shell.complain(`type: ${name}: not found`);
      result = 1;
    }
  }
  return result;
}
/** Commands of /usr/sbin; all others are in /usr/bin. */
const SBIN: ReadonlySet<string> = new Set(['insmod', 'rmmod', 'lsmod', 'modprobe', 'modinfo', 'depmod', 'sysctl']);
export const pathOf = (name: string): string => `/usr/${SBIN.has(name) ? 'sbin' : 'bin'}/${name}`;
async function commandBuiltin(shell: Interpreter, args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === '-v' || first === '-V') {
    let result = 1;
    for (const name of rest) {
      const known = builtins.has(name) || shell.state.functions.has(name);
      if (!known && !shell.services.names().includes(name)) continue;
      result = 0;
      if (first === '-V') await type(shell, [name]);
      else await shell.io.out(`${known ? name : pathOf(name)}\n`);
    }
    return result;
  }
  const words = first === '-p' ? rest : args;
  const [name] = words;
  if (name === undefined) return 0;
  const builtin = builtins.get(name);
  if (builtin !== undefined) return builtin(shell, words.slice(1));
  const child = shell.fork((self) => self.external(words, self.state.environment()), { comm: name });
  return (await shell.foreground([child]))[0] ?? 0;
}
async function sourceBuiltin(shell: Interpreter, [path, ...args]: readonly string[]): Promise<number> {
  if (path === undefined) {
    await shell.complain('source: filename argument required');
    return 2;
  }
  const script = await shell.io.readFile(path);
  if (typeof script === 'number') {
    await shell.complain(`${path}: ${strerror(-script)}`);
    return 1;
  }
  const { positional } = shell.state;
  if (args.length > 0) shell.state.positional = args;
  shell.state.sourcing++;
  try {
    return await shell.source(new TextDecoder().decode(script));
  } catch (error) {
    if (error instanceof Leave && error.kind === 'return') return error.levels;
    throw error;
  } finally {
    shell.state.sourcing--;
    if (args.length > 0) shell.state.positional = positional;
  }
}
async function alias(shell: Interpreter, args: readonly string[]): Promise<number> {
  const { aliases } = shell.state;
  if (args.length === 0) for (const [name, text] of [...aliases].sort()) await shell.io.out(`alias ${name}='${text}'\n`);
  for (const entry of args) {
    const [, name = entry, text] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (text !== undefined) aliases.set(name, text);
    else if (aliases.has(name)) await shell.io.out(`alias ${name}='${aliases.get(name)}'\n`);
  }
  return 0;
}

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', async () => 0],
  ['true', async () => 0],
  ['false', async () => 1],
  ['.', sourceBuiltin],
  ['[', test],
  ['alias', alias],
  ['bg', async () => 0],
  ['break', leave('break')],
  ['builtin', commandBuiltin],
  ['cd', cd],
  ['command', commandBuiltin],
  ['continue', leave('continue')],
  ['declare', declare('declare')],
  ['echo', echo],
  ['eval', async (shell, args) => shell.source(args.join(' '))],
  // The redirections of exec stay: the interpreter does it.
  ['exec', async () => 0],
  ['exit', status('exit')],
  ['export', declare('export')],
  ['fg', foreground],
  // just-bash keeps its place in OPTIND.
  ['getopts', async (shell, args) => (await shell.expander.evaluate([statement(command('getopts', args.map(literal)))])).status],
  [
    'help',
    async (shell) => {
      await shell.io.out(`Builtins: ${[...builtins.keys()].sort().join(' ')}\n\nCommands: ${shell.services.names().join(' ')}\n`);
      return 0;
    },
  ],
  [
    'history',
    async (shell, [count]) => {
      const lines = shell.services.history().map((line, n) => `${`${n + 1}`.padStart(5)}  ${line}\n`);
      await shell.io.out(lines.slice(count === undefined ? 0 : -Number(count)).join(''));
      return 0;
    },
  ],
  ['hash', async (shell) => shell.io.out('hash: hash table empty\n').then(() => 0)],
  [
    'jobs',
    async (shell, args) => {
      for (const job of [...shell.jobs.all]) {
        await shell.io.out(args.includes('-p') ? `${job.process.pid}\n` : shell.jobs.line(job));
        if (job.status !== undefined) shell.jobs.forget(job);
      }
      return 0;
    },
  ],
  ['kill', kill],
  ['let', async (shell, args) => shell.source(`(( ${args.join(' , ')} ))`)],
  ['local', declare('local')],
  ['printf', printf],
  [
    'pwd',
    async (shell) => {
      await shell.io.out(`${shell.io.process.cwd}\n`);
      return 0;
    },
  ],
  ['read', readBuiltin],
  ['readonly', declare('readonly')],
  ['return', status('return')],
  ['set', set],
  [
    'shift',
    async (shell, [count = '1']) => {
      if (Number(count) > shell.state.positional.length) return 1;
      shell.state.positional = shell.state.positional.slice(Number(count));
      return 0;
    },
  ],
  ['shopt', async () => 0],
  ['source', sourceBuiltin],
  ['test', test],
  ['trap', trap],
  ['type', type],
  ['typeset', declare('declare')],
  ['umask', async (shell, args) => (args.length === 0 ? shell.io.out('0022\n').then(() => 0) : 0)],
  [
    'unalias',
    async (shell, args) => {
      for (const name of args) shell.state.aliases.delete(name);
      return 0;
    },
  ],
  ['unset', unset],
  ['wait', wait],
]);
