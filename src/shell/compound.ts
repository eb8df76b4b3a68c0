// Compound commands: if, loops, case, [[ ]] and (( )).
import { fileTest } from './commands/test.ts';
import { Leave } from './control.ts';
import type { Interpreter } from './interpreter.ts';
import { ARGUMENTS, STATUS } from './just_bash.ts';
import { type Compound, command, literal, type Of, parameter, rewrite, type StatementNode, statement } from './syntax.ts';

export async function runCompound(shell: Interpreter, node: Compound): Promise<number> {
  switch (node.type) {
    case 'Group':
    case 'Subshell':
      return shell.list(node.body);
    case 'If':
      for (const { condition, body } of node.clauses) if (await shell.condition(condition)) return shell.list(body);
      return node.elseBody === null ? 0 : shell.list(node.elseBody);
    case 'For':
      return forLoop(shell, node);
    case 'While':
      return loop(shell, () => shell.condition(node.condition), node.body);
    case 'Until':
      return loop(shell, async () => !(await shell.condition(node.condition)), node.body);
    case 'CStyleFor':
      return cStyleFor(shell, node);
    case 'Case':
      return caseOf(shell, node);
    case 'ArithmeticCommand':
      return (await shell.expander.evaluate([statement({ ...node, redirections: [] })])).status;
    case 'ConditionalCommand':
      return conditional(shell, await withFileTests(shell, { ...node, redirections: [] }));
  }
}
async function conditional(shell: Interpreter, node: Of<'ConditionalCommand'>): Promise<number> {
  // What =~ has matched is an array, which only words bring back.
  const results = ['?', 'BASH_REMATCH[@]'].map((name) => ({
    type: 'Word' as const,
    parts: [{ type: 'DoubleQuoted' as const, parts: [parameter(name)] }],
  }));
  if (!JSON.stringify(node).includes('"=~"')) return (await shell.expander.evaluate([statement(node)])).status;
  const { words } = await shell.expander.evaluate([statement(node), statement(command(ARGUMENTS, results))], true);
  const [status, ...groups] = words ?? ['2'];
  if (status === '0') shell.state.variables.set('BASH_REMATCH', groups);
  return Number(status);
}
/** break and continue of a loop body. Whether the loop goes on. */
async function turn(shell: Interpreter, body: readonly StatementNode[]): Promise<boolean> {
  try {
    await shell.list(body);
  } catch (error) {
    if (!(error instanceof Leave) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
    shell.state.status = 0;
    if (--error.levels > 0) throw error;
    return error.kind === 'continue';
  }
  return true;
}
async function loop(
  shell: Interpreter,
  condition: () => Promise<boolean>,
  body: readonly StatementNode[],
  after: () => Promise<unknown> = async () => {},
): Promise<number> {
  let status = 0;
  while (await condition()) {
    const goesOn = await turn(shell, body);
    status = shell.state.status;
    if (!goesOn) break;
    await after();
  }
  return status;
}
async function forLoop(shell: Interpreter, { variable, words, body }: Of<'For'>): Promise<number> {
  const items = words === null ? [...shell.state.positional] : await shell.expander.words(words);
  let n = 0;
  return loop(
    shell,
    async () => {
      const item = items[n++];
      if (item !== undefined) shell.state.set(variable, item);
      return item !== undefined;
    },
    body,
  );
}
async function cStyleFor(shell: Interpreter, { init, condition, update, body }: Of<'CStyleFor'>): Promise<number> {
  const evaluate = async (expression: Of<'ArithmeticCommand'>['expression'] | null): Promise<boolean> => {
    if (expression === null) return true;
    return (await shell.expander.evaluate([statement({ type: 'ArithmeticCommand', expression, redirections: [] })])).status === 0;
  };
  await evaluate(init);
  return loop(
    shell,
    () => evaluate(condition),
    body,
    () => evaluate(update),
  );
}
async function caseOf(shell: Interpreter, node: Of<'Case'>): Promise<number> {
  const items = node.items.map((item, n) => ({
    ...item,
    terminator: ';;' as const,
    body: [statement(command(STATUS, [literal(`${n + 1}`)]))],
  }));
  const first = (await shell.expander.evaluate([statement({ ...node, items, redirections: [] })])).status - 1;
  let status = 0;
  for (let n = first; n >= 0 && n < node.items.length; n++) {
    const item = node.items[n] as (typeof node.items)[number];
    status = await shell.list(item.body);
    if (item.terminator !== ';&') break;
  }
  return status;
}
/** [[ -c x ]] and the like: just-bash does not know kinds of files, so these are answered here. */
async function withFileTests(shell: Interpreter, node: Of<'ConditionalCommand'>): Promise<Of<'ConditionalCommand'>> {
  return rewrite(node, (part) => {
    const unary = part as Extract<Of<'ConditionalCommand'>['expression'], { type: 'CondUnary' }>;
    if (unary.type !== 'CondUnary' || !/^-[abcdefghkprsuwxGLOSt]$/.test(unary.operator)) return undefined;
    return shell.expander.value(unary.operand).then(async (path) => {
      const holds = await fileTest(shell.io, unary.operator, path);
      return { type: 'CondUnary', operator: '-n', operand: literal(holds ? '1' : '') };
    });
  });
}
