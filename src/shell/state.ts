// What a shell knows: variables, functions, options. A subshell has a copy.
import type { Of } from './syntax.ts';

export type Value = string | string[];

export class State {
  readonly variables = new Map<string, Value>();
  readonly exported = new Set<string>();
  readonly readonlys = new Set<string>();
  readonly functions: Map<string, Of<'FunctionDef'>> = new Map();
  readonly aliases = new Map<string, string>();
  readonly traps = new Map<string, string>();
  readonly options = new Set<string>();
  positional: string[] = [];
  status = 0;
  lastBackground: number | undefined;
  /** $0: how messages name the shell. */
  name = 'bash';
  interactive = false;
  /** It belongs to a shell with a prompt: messages have no line numbers. */
  atPrompt = false;
  /** The script is the argument of -c. */
  fromOption = false;
  /** How many files are being read by `.`. */
  sourcing = 0;
  /** $$: the pid of the first process of this shell. */
  pid = 0;
  /** One for each running function: what its local variables hide. */
  readonly hidden: Map<string, Value | undefined>[] = [];

  copy(): State {
    const copy = new State();
    for (const [name, value] of this.variables) copy.variables.set(name, typeof value === 'string' ? value : [...value]);
    for (const name of this.exported) copy.exported.add(name);
    for (const name of this.readonlys) copy.readonlys.add(name);
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    for (const option of this.options) copy.options.add(option);
    copy.positional = [...this.positional];
    copy.status = this.status;
    copy.lastBackground = this.lastBackground;
    copy.name = this.name;
    copy.pid = this.pid;
    copy.atPrompt = this.atPrompt;
    return copy;
  }
  get(name: string): string | undefined {
    const value = this.variables.get(name);
    return typeof value === 'string' ? value : value?.[0];
  }
  set(name: string, value: Value): void {
    this.variables.set(name, value);
    if (this.options.has('allexport')) this.exported.add(name);
  }
  unset(name: string): void {
    this.variables.delete(name);
    this.exported.delete(name);
  }
  /** What a child gets, with `extra` on top. */
  environment(extra: ReadonlyMap<string, string> = new Map()): Map<string, string> {
    const environment = new Map<string, string>();
    for (const name of this.exported) {
      const value = this.get(name);
      if (value !== undefined) environment.set(name, value);
    }
    for (const [name, value] of extra) environment.set(name, value);
    return environment;
  }
  /** Hides `name` until the running function returns. False outside of functions. */
  local(name: string): boolean {
    const scope = this.hidden.at(-1);
    if (scope === undefined) return false;
    if (!scope.has(name)) scope.set(name, this.variables.get(name));
    this.variables.delete(name);
    return true;
  }
  leaveFunction(): void {
    for (const [name, value] of this.hidden.pop() ?? []) {
      if (value === undefined) this.variables.delete(name);
      else this.variables.set(name, value);
    }
  }
}
