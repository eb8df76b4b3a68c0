// The language in which dynamic debug is told which call sites print: "MATCH VALUE ... [+-=]FLAGS". Source: lib/dynamic_debug.c.
import { kstrto } from './kstrtox.ts';

/** _DPRINTK_FLAGS of struct _ddebug. */
export const DPRINTK = { PRINT: 1, MODNAME: 2, FUNCNAME: 4, LINENO: 8, TID: 16 } as const;
/** In the order in which they are shown. */
const LETTERS: readonly (readonly [letter: string, flag: number])[] = [
  ['p', DPRINTK.PRINT],
  ['m', DPRINTK.MODNAME],
  ['f', DPRINTK.FUNCNAME],
  ['l', DPRINTK.LINENO],
  ['t', DPRINTK.TID],
  ['_', 0],
];
const MAX_WORDS = 9;
const UINT_MAX = 2 ** 32 - 1;

/** What a site must be like. Texts that are not given match all; 0 is no line. */
export interface Query {
  function?: string;
  filename?: string;
  module?: string;
  format?: string;
  class?: string;
  firstLine: number;
  lastLine: number;
}
/** The new flags of a site: (old & mask) | flags. */
interface FlagChange {
  readonly mask: number;
  readonly flags: number;
}
/** A query that says nothing. What the log says of it, line by line. */
export class QueryError extends Error {
  readonly lines: readonly string[];
  constructor(...lines: string[]) {
    super(lines.join('; '));
    this.lines = lines;
  }
}

export function flagLetters(flags: number): string {
  return LETTERS.map(([letter, flag]) => ((flags & flag) === 0 ? '' : letter)).join('') || '_';
}
/** Words between blanks, or in quotes of either kind; # starts a comment. */
function tokenize(text: string): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '' && !rest.startsWith('#')) {
    const quote = /^["']/.exec(rest)?.[0];
    if (quote !== undefined) rest = rest.slice(1);
    const length = quote === undefined ? rest.search(/\s|$/) : rest.indexOf(quote);
    if (length < 0) throw new QueryError(`unclosed quote: ${rest}`);
    if (words.length === MAX_WORDS) throw new QueryError(`too many words, legal max <=${MAX_WORDS}`);
    words.push(rest.slice(0, length));
    rest = rest.slice(length + 1).trimStart();
  }
  return words;
}
function parseFlags(text: string): FlagChange {
  const operator = text[0] ?? '\0';
  if (!'+-='.includes(operator)) throw new QueryError(`bad flag-op ${operator}, at start of ${text}`);
  let flags = 0;
  for (const letter of text.slice(1)) {
    const known = LETTERS.find(([each]) => each === letter);
    if (known === undefined) throw new QueryError(`unknown flag '${letter}'`);
    flags |= known[1];
  }
  return operator === '-' ? { mask: ~flags, flags: 0 } : { mask: operator === '+' ? ~0 : 0, flags };
}
function lineNumber(text: string): number {
  if (text === '') return 0;
  const value = kstrto(text, 32, false, 10);
  if (typeof value === 'number') throw new QueryError(`bad line-number: ${text}`);
  return Number(value);
}
/** FIRST, FIRST-LAST, -LAST or FIRST-. */
function setLines(query: Query, text: string): void {
  if (query.firstLine !== 0 || query.lastLine !== 0) throw new QueryError('match-spec: line used 2x');
  const dash = text.indexOf('-');
  query.firstLine = lineNumber(dash < 0 ? text : text.slice(0, dash));
  if (dash < 0) {
    query.lastLine = query.firstLine;
    return;
  }
  query.lastLine = lineNumber(text.slice(dash + 1)) || UINT_MAX;
  if (query.lastLine < query.firstLine) throw new QueryError(`last-line:${query.lastLine | 0} < 1st-line:${query.firstLine | 0}`);
}
/** UNESCAPE_SPACE, OCTAL and SPECIAL of lib/string_helpers.c: other backslashes stay. */
const unescape = (text: string): string =>
  text.replace(/\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|(["\\nrtvfae]))/g, (_, octal: string | undefined, letter: string) =>
    octal !== undefined
      ? String.fromCharCode(Number.parseInt(octal, 8))
      : ({ n: '\n', r: '\r', t: '\t', v: '\v', f: '\f', a: '\x07', e: '\x1b' }[letter] ?? letter),
  );

type TextKey = 'function' | 'filename' | 'module' | 'format' | 'class';
const KEYS: Readonly<Record<string, TextKey>> = { func: 'function', file: 'filename', module: 'module', format: 'format', class: 'class' };
function setText(query: Query, keyword: string, key: TextKey, value: string): void {
  const before = query[key];
  if (before !== undefined) throw new QueryError(`match-spec:${keyword} val:${before} overridden by ${value}`);
  query[key] = value;
}
function parseMatches(words: readonly string[]): Query {
  if (words.length % 2 !== 0) throw new QueryError('expecting pairs of match-spec <value>');
  const query: Query = { firstLine: 0, lastLine: 0 };
  for (let n = 0; n < words.length; n += 2) {
    const [keyword, value] = [words[n] as string, words[n + 1] as string];
    const key = Object.hasOwn(KEYS, keyword) ? KEYS[keyword] : undefined;
    if (keyword === 'line') setLines(query, value);
    else if (key === undefined) throw new QueryError(`unknown keyword "${keyword}"`);
    else if (key === 'filename') {
      // FILE:FUNCTION and FILE:LINES.
      const colon = value.indexOf(':');
      setText(query, keyword, key, colon < 0 ? value : value.slice(0, colon));
      const detail = value.slice(colon + 1);
      if (colon >= 0 && /^[a-zA-Z*?\xc0-\xd6\xd8-\xf6\xf8-\xff]/.test(detail)) setText(query, 'func', 'function', detail);
      else if (colon >= 0) setLines(query, detail);
    } else setText(query, keyword, key, key === 'format' ? unescape(value) : value);
  }
  return query;
}
/** Does `parse`; what it throws says at its end `stage`, too. */
function staged<T>(stage: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof QueryError) throw new QueryError(...error.lines, `${stage} failed`);
    throw error;
  }
}
/** @throws QueryError */
export function parseQuery(text: string): { readonly query: Query; readonly change: FlagChange } {
  const words = staged('tokenize', () => tokenize(text));
  const last = words.pop();
  if (last === undefined) throw new QueryError('tokenize failed');
  const change = staged('flags parse', () => parseFlags(last));
  return { query: staged('query parse', () => parseMatches(words)), change };
}

/** Shell-like * and ?, as match_wildcard() has them: of several * at the end only one may be left over. */
export function matchWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let p = 0;
  let retry: { readonly pattern: number; text: number } | undefined;
  while (at < text.length) {
    if (pattern[p] === '*') {
      p++;
      if (p === pattern.length) return true;
      retry = { pattern: p, text: at };
    } else if (pattern[p] === '?' || pattern[p] === text[at]) {
      p++;
      at++;
    } else {
      if (retry === undefined) return false;
      retry.text++;
      at = retry.text;
      p = retry.pattern;
    }
  }
  if (pattern[p] === '*') p++;
  return p === pattern.length;
}
