// Simple commands: words, assignments, redirections; functions, builtins and external commands.
import { builtins } from './builtins.ts';
import { Leave } from './control.ts';
import { ExpansionFailed } from './expand.ts';
import type { Interpreter } from './interpreter.ts';
import { justBash } from './just_bash.ts';
import { redirect } from './redirect.ts';
import type { Of, SimpleCommandNode } from './syntax.ts';

export async function runSimple(shell: Interpreter, node: SimpleCommandNode): Promise<number> {
  const replaceable = shell.replaceable;
  shell.replaceable = false;
  let words: string[];
  try {
    const all = node.name === null ? [] : [node.name, ...node.args];
    words = await shell.expander.words(await unaliased(shell, all));
  } catch (error) {
    if (error instanceof ExpansionFailed) return failedExpansion(shell);
    throw error;
  }
  const [name] = words;
  if (name === undefined) return assignments(shell, node);
  shell.line = node.line ?? shell.line;
  if (shell.state.options.has('xtrace')) await shell.io.err(`+ ${words.join(' ')}\n`);
  const extra = new Map<string, string>();
  for (const { name: variable, value } of node.assignments) extra.set(variable, await shell.expander.value(value));
  const body = shell.state.functions.get(name);
  if (body !== undefined)
    return shell.redirected(node.redirections, node.line, () => withVariables(shell, extra, () => callFunction(shell, body, words)));
  const builtin = builtins.get(name);
  if (builtin !== undefined) {
    if (name === 'exec') return execBuiltin(shell, words.slice(1), node, extra);
    return shell.redirected(node.redirections, node.line, () => withVariables(shell, extra, () => shell.builtin(builtin, words)));
  }
  const environment = shell.state.environment(extra);
  const run = async (self: Interpreter): Promise<number> => {
    if (node.redirections.length > 0) {
      const redirected = await redirect(self, node.redirections, node.line);
      if (redirected === undefined) return 1;
      await redirected.keep();
    }
    return self.external(words, environment, node.line);
  };
  if (replaceable) return run(shell);
  const comm = name.slice(name.lastIndexOf('/') + 1);
  const child = shell.fork(run, { group: shell.state.interactive ? 0 : undefined, comm });
  return (await shell.foreground([child], words.join(' ')))[0] ?? 0;
}
/** `fatal`: ends a script, not a line at the prompt. */
function failedExpansion(shell: Interpreter, fatal = shell.state.options.has('nounset')): number {
  if (!shell.state.interactive && fatal) throw new Leave('exit', 1);
  return 1;
}
async function unaliased(
  shell: Interpreter,
  words: readonly SimpleCommandNode['args'][number][],
): Promise<readonly SimpleCommandNode['args'][number][]> {
  const [first, ...rest] = words;
  const [part] = first?.parts ?? [];
  const value = part?.type === 'Literal' && first?.parts.length === 1 ? shell.state.aliases.get(part.value) : undefined;
  if (value === undefined || part?.type !== 'Literal') return words;
  const tree = (await justBash()).parse(value);
  const replacement = tree.statements[0]?.pipelines[0]?.commands[0];
  if (replacement?.type !== 'SimpleCommand' || replacement.name === null) return words;
  return [replacement.name, ...replacement.args, ...rest];
}
async function assignments(shell: Interpreter, node: SimpleCommandNode): Promise<number> {
  const before = shell.state.status;
  shell.state.status = 0;
  return shell.redirected(node.redirections, node.line, async () => {
    for (const entry of node.assignments) {
      try {
        const error = await shell.expander.assign(entry);
        if (error !== 0) return error;
      } catch (error) {
        if (error instanceof ExpansionFailed) return failedExpansion(shell, error.message === 'readonly');
        throw error;
      }
    }
    // The status of the last command substitution, when there was one.
    return node.assignments.length === 0 && node.redirections.length === 0 ? before : shell.state.status;
  });
}
async function withVariables(shell: Interpreter, extra: ReadonlyMap<string, string>, body: () => Promise<number>): Promise<number> {
  if (extra.size === 0) return body();
  const before = [...extra.keys()].map((name) => [name, shell.state.variables.get(name)] as const);
  for (const [name, value] of extra) shell.state.variables.set(name, value);
  try {
    return await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) shell.state.variables.delete(name);
      else shell.state.variables.set(name, value);
    }
  }
}
async function callFunction(shell: Interpreter, body: Of<'FunctionDef'>, [, ...args]: readonly string[]): Promise<number> {
  const { positional } = shell.state;
  const MAX_DEPTH = 1000;
  if (shell.state.hidden.length > MAX_DEPTH) {
    await shell.complain(`${body.name}: maximum function nesting level exceeded (${MAX_DEPTH})`);
    return 1;
  }
  shell.state.positional = args;
  shell.state.hidden.push(new Map());
  try {
    return await shell.redirected(body.redirections, body.line, () => shell.command(body.body));
  } catch (error) {
    if (error instanceof Leave && error.kind === 'return') return error.levels;
    throw error;
  } finally {
    shell.state.leaveFunction();
    shell.state.positional = positional;
  }
}
async function execBuiltin(
  shell: Interpreter,
  words: readonly string[],
  node: SimpleCommandNode,
  extra: ReadonlyMap<string, string>,
): Promise<number> {
  const redirected = await redirect(shell, node.redirections, node.line);
  await redirected?.keep();
  if (redirected === undefined) {
    if (!shell.state.interactive) throw new Leave('exit', 1);
    return 1;
  }
  if (words.length === 0) return 0;
  throw new Leave('exit', await shell.external(words, shell.state.environment(extra), node.line));
}
