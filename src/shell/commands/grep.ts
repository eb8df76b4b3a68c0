// grep 3.8. Regular expressions are translated to JavaScript's; back-references and equivalence classes are as there.
import { O_RDONLY, S_IFCHR, S_IFDIR, S_IFMT, strerror } from '#abi';
import { fromLatin1, toLatin1 } from '../just_bash.ts';
import type { Command, CommandContext } from '../services.ts';
import { type Options, options } from './options.ts';

const NOTHING = 1;
const TROUBLE = 2;
const rows = {
  extended: { short: 'E', long: 'extended-regexp' },
  fixed: { short: 'F', long: 'fixed-strings' },
  basic: { short: 'G', long: 'basic-regexp' },
  perl: { short: 'P', long: 'perl-regexp' },
  pattern: { short: 'e', long: 'regexp', argument: 'required' },
  file: { short: 'f', long: 'file', argument: 'required' },
  ignoreCase: { short: 'iy', long: 'ignore-case' },
  invert: { short: 'v', long: 'invert-match' },
  word: { short: 'w', long: 'word-regexp' },
  line: { short: 'x', long: 'line-regexp' },
  count: { short: 'c', long: 'count' },
  color: { long: 'color', argument: 'optional' },
  withoutMatch: { short: 'L', long: 'files-without-match' },
  withMatch: { short: 'l', long: 'files-with-matches' },
  max: { short: 'm', long: 'max-count', argument: 'required' },
  only: { short: 'o', long: 'only-matching' },
  quiet: { short: 'q', long: 'quiet' },
  noMessages: { short: 's', long: 'no-messages' },
  withName: { short: 'H', long: 'with-filename' },
  noName: { short: 'h', long: 'no-filename' },
  number: { short: 'n', long: 'line-number' },
  text: { short: 'a', long: 'text' },
  recursive: { short: 'r', long: 'recursive' },
  dereference: { short: 'R', long: 'dereference-recursive' },
  include: { long: 'include', argument: 'required' },
  exclude: { long: 'exclude', argument: 'required' },
  after: { short: 'A', long: 'after-context', argument: 'required' },
  before: { short: 'B', long: 'before-context', argument: 'required' },
  context: { short: 'C', long: 'context', argument: 'required' },
} as const;
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
};
/** A POSIX expression as JavaScript's. In a basic one the operators stand behind a backslash. */
export function translate(pattern: string, extended: boolean): string {
  let out = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === '[') {
      let end = at + 1;
      if (pattern[end] === '^') end++;
      if (pattern[end] === ']') end++;
      while (end < pattern.length && pattern[end] !== ']')
        end = pattern[end] === '[' && pattern[end + 1] === ':' ? pattern.indexOf(':]', end) + 2 : end + 1;
      if (end >= pattern.length) throw new SyntaxError('Unmatched [');
      const body = pattern.slice(at + 1, end);
      const [, negation = '', set = ''] = /^(\^?)(.*)$/s.exec(body) ?? [];
      const inside = set.replace(/\[:(\w+):\]|[\\\][]/g, (part, name?: string) =>
        name === undefined ? `\\${part}` : (classes[name] ?? ''),
      );
      out += `[${negation}${inside}]`;
      at = end;
    } else if (character === '\\') {
      const next = pattern[++at] ?? '\\';
      if (!extended && '(){}|+?'.includes(next)) out += next;
      else if (next === '<' || next === '>') out += '\\b';
      else if (/[bBwWsS1-9]/.test(next)) out += `\\${next}`;
      else out += escape(next);
    } else if (!extended && '(){}|+?'.includes(character)) out += `\\${character}`;
    else if (!extended && character === '*' && (out === '' || out === '^' || out.endsWith('('))) out += '\\*';
    else if (!extended && character === '^' && out !== '' && !out.endsWith('(') && !out.endsWith('|')) out += '\\^';
    else if (!extended && character === '$' && at < pattern.length - 1 && pattern[at + 1] !== '\\') out += '\\$';
    else if (character === '/') out += '\\/';
    else out += character;
  }
  return out;
}
function matcher(patterns: readonly string[], parsed: Options, mode: 'basic' | 'extended' | 'fixed' | 'perl'): RegExp {
  const one = (pattern: string): string => {
    const body = mode === 'fixed' ? escape(pattern) : mode === 'perl' ? pattern : translate(pattern, mode === 'extended');
    if (parsed.has('line')) return `^(?:${body})$`;
    return parsed.has('word') ? `(?<!\\w)(?:${body})(?!\\w)` : `(?:${body})`;
  };
  return new RegExp(patterns.map(one).join('|'), parsed.has('ignoreCase') ? 'gi' : 'g');
}
interface Search {
  readonly expression: RegExp;
  readonly parsed: Options;
  readonly named: boolean;
  readonly color: boolean;
  readonly before: number;
  readonly after: number;
  readonly max: number;
}
export const grep: Command = async (context, args, [called = 'grep']) => {
  const { io } = context;
  const parsed = await options(
    io,
    'grep',
    args.map((arg) => (/^-\d+$/.test(arg) ? `-C${arg.slice(1)}` : arg)),
    rows,
  );
  if (parsed === undefined) return TROUBLE;
  const given = parsed.all.filter(([key]) => key === 'pattern').map(([, value]) => value);
  for (const [key, path] of parsed.all) {
    if (key !== 'file') continue;
    const text = await io.readText(path);
    if (text === undefined) {
      await io.err(`grep: ${path}: No such file or directory\n`);
      return TROUBLE;
    }
    given.push(text.replace(/\n$/, ''));
  }
  const operands = [...parsed.operands];
  if (given.length === 0) {
    const pattern = operands.shift();
    if (pattern === undefined) {
      await io.err("Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n");
      return TROUBLE;
    }
    given.push(pattern);
  }
  const kind = parsed.all.findLast(([key]) => key === 'extended' || key === 'fixed' || key === 'basic' || key === 'perl')?.[0];
  const mode = (kind ?? (called === 'egrep' ? 'extended' : called === 'fgrep' ? 'fixed' : 'basic')) as
    | 'basic'
    | 'extended'
    | 'fixed'
    | 'perl';
  let expression: RegExp;
  try {
    expression = matcher(
      given.flatMap((pattern) => pattern.split('\n').map((each) => toLatin1(new TextEncoder().encode(each)))),
      parsed,
      mode,
    );
  } catch {
    await io.err('grep: Invalid regular expression\n');
    return TROUBLE;
  }
  const recursive = parsed.has('recursive') || parsed.has('dereference');
  const when = parsed.get('color');
  const number = (key: string): number => Number(parsed.get(key) ?? parsed.get('context') ?? 0);
  const search: Search = {
    expression,
    parsed,
    named: !parsed.has('noName') && (parsed.has('withName') || recursive || operands.length > 1),
    color: when === 'always' || (when !== undefined && when !== 'never' && io.process.isatty(1)),
    before: number('before'),
    after: number('after'),
    max: Number(parsed.get('max') ?? Number.POSITIVE_INFINITY),
  };
  let found = false;
  let trouble = false;
  const complain = async (path: string, errno: number): Promise<void> => {
    trouble = true;
    if (parsed.has('noMessages')) return;
    await io.flush();
    await io.err(`grep: ${path}: ${strerror(errno)}\n`);
  };
  const glob = (key: string): string[] => parsed.all.filter(([other]) => other === key).map(([, value]) => value);
  const skipped = (name: string): boolean => {
    const fits = (patterns: readonly string[]): boolean =>
      patterns.some((pattern) => new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`).test(name));
    return (glob('include').length > 0 && !fits(glob('include'))) || fits(glob('exclude'));
  };
  const visit = async (path: string, asked: boolean): Promise<void> => {
    if (path === '-') {
      if (await searchFile(context, 0, '(standard input)', search)) found = true;
      return;
    }
    const stat = await io.call(asked || parsed.has('dereference') ? io.process.stat(path) : io.process.lstat(path));
    if (typeof stat === 'number') return complain(path, -stat);
    const type = stat.mode & S_IFMT;
    if (type === S_IFDIR) {
      if (!recursive) {
        await io.flush();
        await io.err(`grep: ${path}: Is a directory\n`);
        trouble = true;
        return;
      }
      const entries = await io.process.readdir(path);
      if (typeof entries === 'number') return complain(path, -entries);
      for (const { name } of entries) await visit(path === '.' && !asked ? name : `${path.replace(/\/$/, '')}/${name}`, false);
      return;
    }
    // Found on the way, links and devices are left alone.
    if (!asked && (type === S_IFCHR || (type === 0o120000 && !parsed.has('dereference')) || skipped(path.split('/').at(-1) ?? ''))) return;
    const fd = await io.open(path, O_RDONLY);
    if (fd < 0) return complain(path, -fd);
    const result = await searchFile(context, fd, path.replace(/^\.\//, operands.length === 0 ? '' : './'), search);
    await io.close(fd);
    if (typeof result === 'number') return complain(path, -result);
    if (result) found = true;
  };
  for (const operand of operands.length > 0 ? operands : recursive ? ['.'] : ['-']) {
    await visit(operand, true);
    if (found && parsed.has('quiet')) return 0;
  }
  return trouble ? TROUBLE : found ? 0 : NOTHING;
};
const paint = (code: string, text: string, color: boolean): string => (color ? `\x1b[${code}m\x1b[K${text}\x1b[m\x1b[K` : text);

async function searchFile({ io }: CommandContext, fd: number, name: string, search: Search): Promise<boolean | number> {
  const { expression, parsed, named, color, before, after, max } = search;
  const bytes = await io.drain(fd);
  if (typeof bytes === 'number') return bytes;
  const text = toLatin1(bytes);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const put = (line: string): Promise<void> => io.outBytes(fromLatin1(`${line}\n`));
  const binary = !parsed.has('text') && text.includes('\0');
  const label = (mark: string, n: number): string =>
    (named ? paint('35', name, color) + paint('36', mark, color) : '') +
    (parsed.has('number') ? paint('32', `${n + 1}`, color) + paint('36', mark, color) : '');
  const silent = parsed.has('quiet') || parsed.has('withMatch') || parsed.has('withoutMatch') || parsed.has('count') || binary;
  let count = 0;
  let shown = -1;
  let matched = -1;
  for (const [n, line] of lines.entries()) {
    if (count >= max) break;
    expression.lastIndex = 0;
    if (expression.test(line) === parsed.has('invert')) {
      if (!silent && !parsed.has('only') && matched >= 0 && n <= matched + after) await put(label('-', n) + line).then(() => (shown = n));
      continue;
    }
    count++;
    expression.lastIndex = 0;
    if (silent) {
      if (!parsed.has('count')) break;
      continue;
    }
    if (parsed.has('only')) {
      if (!parsed.has('invert'))
        for (const [match] of line.matchAll(expression)) if (match !== '') await put(label(':', n) + paint('01;31', match, color));
      continue;
    }
    const from = Math.max(0, n - before, shown + 1);
    if ((before > 0 || after > 0) && shown >= 0 && from > shown + 1) await put(paint('36', '--', color));
    for (let k = from; k < n; k++) await put(label('-', k) + lines[k]);
    const body =
      color && !parsed.has('invert') ? line.replace(expression, (match) => (match === '' ? '' : paint('01;31', match, true))) : line;
    await put(label(':', n) + body);
    shown = n;
    matched = n;
  }
  if (parsed.has('count')) await put(`${named ? `${name}:` : ''}${count}`);
  else if (parsed.has('withMatch') ? count > 0 : parsed.has('withoutMatch') && count === 0) await put(name);
  else if (binary && count > 0 && !parsed.has('quiet') && !parsed.has('withMatch') && !parsed.has('withoutMatch')) {
    await io.flush();
    await io.err(`grep: ${name}: binary file matches\n`);
  }
  return parsed.has('withoutMatch') ? count === 0 : count > 0;
}
