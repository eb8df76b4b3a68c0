// Lines of plain words, parsed without just-bash: most of what is typed, and all that a cold start needs. What is not
// plain (quotes, variables, patterns, redirections, keywords) gives undefined, and just-bash's parser takes it.
import type { ScriptNode, SimpleCommandNode, StatementNode } from 'just-bash';

const PLAIN_WORD = /^[\w./:,+@%-][\w./:,+@%=-]*$/;
const KEYWORDS: ReadonlySet<string> = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'for',
  'while',
  'until',
  'do',
  'done',
  'case',
  'esac',
  'function',
  'select',
  'time',
  'in',
  'coproc',
]);
const NOT_PLAIN = /[^\w\s./:,+@%=;-]/;

export function parsePlain(script: string): ScriptNode | undefined {
  if (NOT_PLAIN.test(script)) return undefined;
  const statements: StatementNode[] = [];
  for (const [index, line] of script.split('\n').entries()) {
    const parts = line.split(';');
    for (const [n, part] of parts.entries()) {
      const words = part.split(/[ \t\r]+/).filter((word) => word !== '');
      if (words.length === 0) {
        // An empty command: 'a;' is good, ';' and ';;' are not.
        if (n === parts.length - 1) continue;
        return undefined;
      }
      const [name = ''] = words;
      if (KEYWORDS.has(name) || name.includes('=') || !words.every((word) => PLAIN_WORD.test(word))) return undefined;
      statements.push(statement(words, index + 1));
    }
  }
  return { type: 'Script', statements };
}
function statement(words: readonly string[], line: number): StatementNode {
  const [name, ...args] = words.map((value) => ({ type: 'Word' as const, parts: [{ type: 'Literal' as const, value }] }));
  const command: SimpleCommandNode = { type: 'SimpleCommand', assignments: [], name: name ?? null, args, redirections: [], line };
  return { type: 'Statement', pipelines: [{ type: 'Pipeline', commands: [command], negated: false }], operators: [], background: false };
}
