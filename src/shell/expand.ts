// Words to strings. Command substitutions run in a process of ours, everything else is just-bash's work; words that need
// none of it are done here, so that just-bash is not even loaded.

import type { Io } from './io.ts';
import { ARGUMENTS, type Evaluation, Evaluator, STATUS } from './just_bash.ts';
import type { State } from './state.ts';
import {
  type Assignment,
  assign,
  assignment,
  command,
  literal,
  parameter,
  rewrite,
  type ScriptNode,
  type StatementNode,
  statement,
  type WordNode,
  type WordPart,
} from './syntax.ts';

/** A word could not be expanded; the message has been printed. */
export class ExpansionFailed extends Error {}

/** What expansion asks of the shell around it. */
export interface ExpansionHost {
  readonly io: Io;
  readonly state: State;
  complain(text: string): Promise<void>;
  /** What a command substitution prints, without newlines at its end. */
  substitute(body: ScriptNode): Promise<string>;
  /** A path that is the input or output of a running command: <(...). */
  processSubstitution(body: ScriptNode, direction: 'input' | 'output'): Promise<string>;
}
const INTERNAL = '__kobox_';
/** Where the statuses of the last pipeline are kept. */
export const PIPESTATUS = `${INTERNAL}pipestatus`;
const SPECIAL: Readonly<Record<string, (host: ExpansionHost) => string>> = {
  '?': ({ state }) => `${state.status}`,
  '!': ({ state }) => `${state.lastBackground ?? ''}`,
  $: ({ state }) => `${state.pid}`,
  '#': ({ state }) => `${state.positional.length}`,
  '0': ({ state }) => state.name,
  '-': ({ state }) => `${state.interactive ? 'hi' : 'h'}${state.options.has('errexit') ? 'e' : ''}B`,
  BASHPID: ({ io }) => `${io.process.pid}`,
};
/** Characters that make an unquoted value more than one plain word. */
const NOT_PLAIN = /[\s*?[\]\\]/;

export class Expander {
  readonly #host: ExpansionHost;
  readonly #evaluator: Evaluator;
  constructor(host: ExpansionHost) {
    this.#host = host;
    this.#evaluator = new Evaluator(host.io.process);
  }
  /** All words, with splitting and pathname expansion. */
  async words(words: readonly WordNode[]): Promise<string[]> {
    const simple = words.map((word) => this.#plain(word.parts, false));
    if (simple.every((values) => values !== undefined)) return simple.flat();
    const { words: result } = await this.evaluate([statement(command(ARGUMENTS, [...words]))]);
    if (result === undefined) throw new ExpansionFailed();
    return [...result];
  }
  /** One word as the value of an assignment: neither split nor matched with files. */
  async value(word: WordNode | null): Promise<string> {
    if (word === null) return '';
    const simple = this.#plain(word.parts, true);
    if (simple !== undefined) return simple.join('');
    const name = `${INTERNAL}value`;
    const quoted: WordNode = { type: 'Word', parts: [{ type: 'DoubleQuoted', parts: [parameter(name)] }] };
    const { words } = await this.evaluate([statement(assign(assignment(name, word))), statement(command(ARGUMENTS, [quoted]))]);
    if (words === undefined) throw new ExpansionFailed();
    return words[0] ?? '';
  }
  /** What a word gives without just-bash: undefined when it takes more. `whole`: not split. */
  #plain(parts: readonly WordPart[], whole: boolean): string[] | undefined {
    let text = '';
    let present = parts.length === 0 && !whole ? false : whole;
    for (const part of parts) {
      switch (part.type) {
        case 'Literal':
        case 'SingleQuoted':
        case 'Escaped':
          text += part.value;
          present = true;
          break;
        case 'DoubleQuoted': {
          const inner = this.#plain(part.parts, true);
          if (inner === undefined) return undefined;
          text += inner.join('');
          present = true;
          break;
        }
        case 'ParameterExpansion': {
          const value = part.operation === null ? this.#scalar(part.parameter) : undefined;
          if (value === undefined || (!whole && this.#splits(value))) return undefined;
          text += value;
          present ||= value !== '';
          break;
        }
        default:
          return undefined;
      }
    }
    return present ? [text] : [];
  }
  /** Whether an unquoted value may become more, or other, words. */
  #splits(value: string): boolean {
    const separators = this.#host.state.get('IFS') ?? '';
    return NOT_PLAIN.test(value) || [...separators].some((character) => value.includes(character));
  }
  #scalar(name: string): string | undefined {
    const { state } = this.#host;
    const special = SPECIAL[name];
    if (special !== undefined) return special(this.#host);
    if (/^[1-9]\d*$/.test(name)) return state.positional[Number(name) - 1] ?? this.#unset();
    if (!/^[A-Za-z_]\w*$/.test(name) || COMPUTED.has(name)) return undefined;
    return state.get(name) ?? this.#unset();
  }
  /** The value of what is not set; `set -u` makes that an error, which just-bash words. */
  #unset(): string | undefined {
    return this.#host.state.options.has('nounset') ? undefined : '';
  }

  /** Evaluates a tree with the shell's variables; what it changes in them is taken over. `keepStatus`: $? is the tree's own. */
  async evaluate(statements: StatementNode[], keepStatus = false): Promise<Evaluation> {
    const { state, io } = this.#host;
    const temporary: Record<string, string> = {};
    let count = 0;
    const keep = (value: string): WordPart => {
      const name = `${INTERNAL}${count++}`;
      temporary[name] = value;
      return parameter(name);
    };
    const tree = await rewrite(statements, (node) => {
      const part = node as WordPart;
      if (part.type === 'CommandSubstitution') return this.#host.substitute(part.body).then(keep);
      if (part.type === 'ProcessSubstitution')
        return this.#host.processSubstitution(part.body, part.direction).then((path) => ({ type: 'SingleQuoted', value: path }));
      if (
        part.type === 'ParameterExpansion' &&
        part.operation === null &&
        SPECIAL[part.parameter] !== undefined &&
        !(keepStatus && part.parameter === '?')
      )
        return Promise.resolve(keep((SPECIAL[part.parameter] as (host: ExpansionHost) => string)(this.#host)));
      // just-bash has its own idea of this one.
      if (part.type === 'ParameterExpansion' && /^PIPESTATUS\b/.test(part.parameter))
        return Promise.resolve({ ...part, parameter: part.parameter.replace('PIPESTATUS', PIPESTATUS) });
      return undefined;
    });
    const variables: Record<string, string> = {};
    const before: StatementNode[] = [statement(command('set', [literal('--'), ...state.positional.map(literal)]))];
    for (const option of ['nounset', 'noglob']) {
      if (state.options.has(option)) before.push(statement(command('set', [literal('-o'), literal(option)])));
    }
    for (const [name, value] of state.variables) {
      if (typeof value === 'string') variables[name] = value;
      else before.push(statement(assign(assignment(name, null, value.map(literal)))));
    }
    if (state.status !== 0) before.push(statement(command(STATUS, [literal(`${state.status}`)])));
    const result = await this.#evaluator.run([...before, ...tree], { ...variables, ...temporary, PWD: io.process.cwd });
    if (result.stderr !== '') await io.err(result.stderr.replace(/^bash: /gm, `${state.name}: `));
    for (const [name, value] of Object.entries(result.environment)) {
      if (!/^[A-Za-z_]\w*$/.test(name) || name.startsWith(INTERNAL) || DERIVED.has(name)) continue;
      if (variables[name] !== value && typeof state.variables.get(name) !== 'object') state.set(name, value);
    }
    return result;
  }
  /** Assigns; an element of an array too. Gives 1 for a readonly variable. */
  async assign({ name, value, array, append }: Assignment): Promise<number> {
    const { state } = this.#host;
    const [, base = name, index] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
    if (state.readonlys.has(base)) {
      await this.#host.complain(`${base}: readonly variable`);
      throw new ExpansionFailed('readonly');
    }
    if (array !== null) {
      const items = await this.words(array);
      const old = state.variables.get(base);
      const before = append ? (typeof old === 'string' ? [old] : (old ?? [])) : [];
      state.set(base, [...before, ...items]);
      return 0;
    }
    const text = await this.value(value);
    if (index === undefined) {
      state.set(base, append ? (state.get(base) ?? '') + text : text);
      return 0;
    }
    const old = state.variables.get(base);
    const items = typeof old === 'string' ? [old] : [...(old ?? [])];
    const at = Number(/^\d+$/.test(index) ? index : (state.get(index.replace('$', '')) ?? 0));
    items[at] = append ? (items[at] ?? '') + text : text;
    state.set(
      base,
      Array.from(items, (item) => item ?? ''),
    );
    return 0;
  }
}
/** Variables that just-bash computes at each look. */
const COMPUTED: ReadonlySet<string> = new Set(['RANDOM', 'SECONDS', 'LINENO', 'EPOCHSECONDS', 'EPOCHREALTIME', 'PIPESTATUS', 'FUNCNAME']);
/** Variables of just-bash's own state, which are not ours to take over. */
const DERIVED: ReadonlySet<string> = new Set(['PWD', 'OLDPWD', 'SHELLOPTS', 'BASHOPTS', '_', 'LINENO', ...COMPUTED]);
