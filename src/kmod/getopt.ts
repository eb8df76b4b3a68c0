// getopt_long(3), glibc: options and operands may be mixed, long names may be shortened, `--` ends the options.

/** One option: its letters and names, and whether it takes an argument. */
export interface OptionRow {
  readonly short?: string;
  readonly long?: string;
  readonly argument?: 'none' | 'required' | 'optional';
}
export interface ParsedOptions {
  /** In order: the row's key and the argument. */
  readonly options: readonly (readonly [key: string, value: string])[];
  readonly operands: readonly string[];
  /** getopt's complaint, without the program's name. */
  readonly error: string | undefined;
}
/**
 * `rows`: by key. `posix`: the first operand ends the options (a leading '+' of the option string).
 */
export function getopt(args: readonly string[], rows: Readonly<Record<string, OptionRow>>, posix = false): ParsedOptions {
  const options: [string, string][] = [];
  const operands: string[] = [];
  const failed = (error: string): ParsedOptions => ({ options, operands, error });
  const entries = Object.entries(rows);
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] as string;
    if (arg === '--') {
      operands.push(...args.slice(n + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
      const exact = entries.find(([, { long }]) => long === name);
      const matches = exact === undefined ? entries.filter(([, { long }]) => long?.startsWith(name)) : [exact];
      const [match] = matches;
      if (match === undefined) return failed(`unrecognized option '--${name}'`);
      if (matches.length > 1) {
        const names = matches.map(([, { long }]) => `'--${long}'`).join(' ');
        return failed(`option '--${name}' is ambiguous; possibilities: ${names}`);
      }
      const [key, { argument = 'none', long = '' }] = match;
      if (argument === 'none' && value !== undefined) return failed(`option '--${long}' doesn't allow an argument`);
      if (argument === 'required' && value === undefined) {
        const next = args[++n];
        if (next === undefined) return failed(`option '--${long}' requires an argument`);
        options.push([key, next]);
      } else options.push([key, value ?? '']);
      continue;
    }
    if (!arg.startsWith('-') || arg === '-') {
      if (posix) {
        operands.push(...args.slice(n));
        break;
      }
      operands.push(arg);
      continue;
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at] as string;
      const match = entries.find(([, { short }]) => short?.includes(letter));
      if (match === undefined) return failed(`invalid option -- '${letter}'`);
      const [key, { argument = 'none' }] = match;
      if (argument === 'none') {
        options.push([key, '']);
        continue;
      }
      const rest = arg.slice(at + 1);
      if (rest !== '' || argument === 'optional') options.push([key, rest]);
      else {
        const next = args[++n];
        if (next === undefined) return failed(`option requires an argument -- '${letter}'`);
        options.push([key, next]);
      }
      break;
    }
  }
  return { options, operands, error: undefined };
}
