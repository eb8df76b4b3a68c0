// What all processes of one shell share, and what a command is.
import type { Machine } from '#machine';
import type { Io } from './io.ts';

export interface CommandContext {
  readonly io: Io;
  readonly environment: ReadonlyMap<string, string>;
  readonly services: Services;
}
/** An external command: its arguments (without and with its name) to its exit status. */
export type Command = (context: CommandContext, args: readonly string[], words: readonly string[]) => Promise<number>;

export interface Services {
  readonly machine: Machine;
  /** The process group that Ctrl-C reaches. */
  foreground: number | undefined;
  /** The host's milliseconds. */
  now(): number;
  /** Lets the host's event loop run. */
  yield(): Promise<void>;
  /** Width of the terminal. */
  columns(): number;
  /** kobox itself is broken: ends the run. */
  readonly crash: (error: unknown) => void;
  /** The command of a name, as PATH or a path finds it. */
  find(io: Io, name: string): Promise<Command | { readonly problem: string }>;
  /** Lines typed so far. */
  history(): readonly string[];
  /** Names of all commands that find() knows without a path. */
  names(): readonly string[];
}
