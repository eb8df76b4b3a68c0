// test, [, echo and printf: builtins of bash, and the file tests of [[.
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '#abi';
import type { Interpreter } from '../interpreter.ts';
import type { Io } from '../io.ts';
import { fromLatin1, toLatin1 } from '../just_bash.ts';
import { format, unescape } from './printf.ts';

const types: Readonly<Record<string, number>> = { b: S_IFBLK, c: S_IFCHR, d: S_IFDIR, f: S_IFREG, p: S_IFIFO, S: S_IFSOCK };
const bits: Readonly<Record<string, number>> = { g: 0o2000, k: 0o1000, u: 0o4000, x: 0o111 };

/** A test of one file: `operator` is '-c'. We are root: everything can be read and written. */
export async function fileTest(io: Io, operator: string, path: string): Promise<boolean> {
  const letter = operator.slice(1);
  if (letter === 't') return io.process.isatty(Number(path));
  const link = letter === 'h' || letter === 'L';
  const stat = await io.call(link ? io.process.lstat(path) : io.process.stat(path));
  if (typeof stat === 'number') return false;
  if (link) return (stat.mode & S_IFMT) === S_IFLNK;
  const type = types[letter];
  if (type !== undefined) return (stat.mode & S_IFMT) === type;
  const bit = bits[letter];
  if (bit !== undefined) return (stat.mode & bit) !== 0 || (letter === 'x' && (stat.mode & S_IFMT) === S_IFDIR);
  if (letter === 's') return stat.size > 0;
  if (letter === 'O') return stat.uid === 0;
  if (letter === 'G') return stat.gid === 0;
  return true;
}
class TestError extends Error {}
const integer = (text: string): bigint => {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestError(`${text}: integer expression expected`);
  return BigInt(text.trim().replace(/^\+/, ''));
};
const numeric: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
};
const textual: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};
const isBinary = (word: string | undefined): boolean =>
  word !== undefined && (word in numeric || word in textual || word === '-nt' || word === '-ot' || word === '-ef');

export async function test(shell: Interpreter, args: readonly string[]): Promise<number> {
  const words = [...args];
  // Called as '[' it has a ']' at its end; the builtin table does not tell the name, the bracket does.
  if (words.at(-1) === ']') words.pop();
  let at = 0;
  const time = async (path: string): Promise<number> => {
    const stat = await shell.io.process.stat(path);
    return typeof stat === 'number' ? -1 : stat.mtime;
  };
  const binary = async (left: string, operator: string, right: string): Promise<boolean> => {
    const compare = numeric[operator];
    if (compare !== undefined) return compare(integer(left), integer(right));
    const match = textual[operator];
    if (match !== undefined) return match(left, right);
    if (operator === '-nt') return (await time(left)) > (await time(right));
    if (operator === '-ot') return (await time(left)) < (await time(right));
    const [a, b] = [await shell.io.process.stat(left), await shell.io.process.stat(right)];
    return typeof a !== 'number' && typeof b !== 'number' && a.ino === b.ino;
  };
  const primary = async (): Promise<boolean> => {
    const word = words[at++];
    if (word === undefined) throw new TestError('argument expected');
    if (word === '!' && at < words.length) return !(await primary());
    if (word === '(' && !isBinary(words[at])) {
      const inner = await or();
      if (words[at++] !== ')') throw new TestError("`)' expected");
      return inner;
    }
    if (isBinary(words[at]) && at + 1 < words.length) {
      const [operator = '', right = ''] = words.slice(at, at + 2);
      at += 2;
      return binary(word, operator, right);
    }
    const operand = words[at];
    if (/^-[a-zA-Z]$/.test(word) && operand !== undefined && !['-a', '-o', ')'].includes(operand)) {
      at++;
      if (word === '-n') return operand !== '';
      if (word === '-z') return operand === '';
      if (word === '-v') return shell.state.variables.has(operand);
      if (word === '-o') return shell.state.options.has(operand);
      if (!/^-[abcdefghkprsuwxGLOSt]$/.test(word)) throw new TestError(`${word}: unary operator expected`);
      return fileTest(shell.io, word, operand);
    }
    return word !== '';
  };
  const and = async (): Promise<boolean> => {
    let result = await primary();
    while (words[at] === '-a') {
      at++;
      const right = await primary();
      result &&= right;
    }
    return result;
  };
  const or = async (): Promise<boolean> => {
    let result = await and();
    while (words[at] === '-o') {
      at++;
      const right = await and();
      result ||= right;
    }
    return result;
  };
  if (words.length === 0) return 1;
  try {
    const result = await or();
    if (at < words.length) throw new TestError('too many arguments');
    return result ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    await shell.complain(`[: ${error.message}`);
    return 2;
  }
}
export async function echo(shell: Interpreter, args: readonly string[]): Promise<number> {
  let newline = true;
  let interpret = false;
  let first = 0;
  for (; first < args.length && /^-[neE]+$/.test(args[first] as string); first++) {
    for (const letter of (args[first] as string).slice(1)) {
      if (letter === 'n') newline = false;
      else interpret = letter === 'e';
    }
  }
  const plain = args.slice(first).join(' ');
  if (!interpret) {
    await shell.io.out(plain + (newline ? '\n' : ''));
    return 0;
  }
  const { text, stop } = unescape(toLatin1(new TextEncoder().encode(plain)), true);
  await shell.io.outBytes(fromLatin1(text + (newline && !stop ? '\n' : '')));
  return 0;
}
export async function printf(shell: Interpreter, args: readonly string[]): Promise<number> {
  const words = args[0] === '--' ? args.slice(1) : [...args];
  const assigns = words[0] === '-v' && words.length > 2;
  const [template, ...rest] = assigns ? words.slice(2) : words;
  if (template === undefined) {
    await shell.io.err('printf: usage: printf [-v var] format [arguments]\n');
    return 2;
  }
  const { bytes, errors } = format(template, rest);
  if (assigns) shell.state.set(words[1] as string, new TextDecoder().decode(bytes));
  else await shell.io.outBytes(bytes);
  for (const error of errors) await shell.complain(`printf: ${error}`);
  return errors.length > 0 ? 1 : 0;
}
