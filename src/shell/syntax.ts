// The parts of just-bash's syntax tree that it does not export by name, and small pieces of it.
import type { CommandNode, PipelineNode, ScriptNode, SimpleCommandNode, StatementNode, WordNode } from 'just-bash';

export type { CommandNode, PipelineNode, ScriptNode, SimpleCommandNode, StatementNode, WordNode };
export type Redirection = SimpleCommandNode['redirections'][number];
export type Assignment = SimpleCommandNode['assignments'][number];
export type WordPart = WordNode['parts'][number];
export type Of<T extends CommandNode['type']> = Extract<CommandNode, { type: T }>;
export type Compound = Exclude<CommandNode, SimpleCommandNode | Of<'FunctionDef'>>;

export const literal = (value: string): WordNode => ({ type: 'Word', parts: [{ type: 'SingleQuoted', value }] });
export const parameter = (name: string): WordPart => ({ type: 'ParameterExpansion', parameter: name, operation: null });
export const statement = (command: CommandNode): StatementNode => ({
  type: 'Statement',
  pipelines: [{ type: 'Pipeline', commands: [command], negated: false }],
  operators: [],
  background: false,
});
export const command = (name: string, args: WordNode[], assignments: Assignment[] = []): SimpleCommandNode => ({
  type: 'SimpleCommand',
  name: literal(name),
  args,
  assignments,
  redirections: [],
});
export const assignment = (name: string, value: WordNode | null, array: WordNode[] | null = null): Assignment => ({
  type: 'Assignment',
  name,
  value,
  append: false,
  array,
});
/** An assignment without a command. */
export const assign = (entry: Assignment): SimpleCommandNode => ({
  type: 'SimpleCommand',
  name: null,
  args: [],
  assignments: [entry],
  redirections: [],
});

/** A copy of a tree in which `change` has replaced nodes (it gives undefined for those that stay). */
export async function rewrite<T>(tree: T, change: (node: { type: string }) => Promise<unknown> | undefined): Promise<T> {
  if (Array.isArray(tree)) {
    const copy: unknown[] = [];
    for (const item of tree) copy.push(await rewrite(item as unknown, change));
    return copy as T;
  }
  if (tree === null || typeof tree !== 'object') return tree;
  const changed = 'type' in tree ? change(tree as unknown as { type: string }) : undefined;
  if (changed !== undefined) return (await changed) as T;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree)) copy[key] = await rewrite(value as unknown, change);
  return copy as T;
}
