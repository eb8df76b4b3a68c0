// The shell at a terminal: a line editor with history; Ctrl-C ends the running command, not kobox; Ctrl-D ends its input.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Machine } from '#node';
import { Shell } from '#shell';

const HISTORY_SIZE = 1000;
const historyFile = (): string => join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'kobox', 'history');

function readHistory(): string[] {
  const file = historyFile();
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}
/** A history that cannot be kept is not missed. */
function writeHistory(lines: readonly string[]): void {
  try {
    mkdirSync(dirname(historyFile()), { recursive: true });
    writeFileSync(historyFile(), `${lines.slice(-HISTORY_SIZE).join('\n')}\n`, { mode: 0o600 });
  } catch {}
}

class Terminal {
  readonly #shell: Shell;
  readonly #history: string[];
  #lines: Interface;
  /** Somebody waits for a line at the prompt; undefined while a command runs. */
  #asked: ((line: string | undefined) => void) | undefined;
  #ended = false;
  constructor(machine: Machine) {
    const write = (bytes: Uint8Array): void => {
      process.stdout.write(bytes);
    };
    this.#shell = new Shell(machine, {
      interactive: true,
      stdout: write,
      stderr: write,
      wanted: () => {},
      columns: () => process.stdout.columns ?? 80,
      history: () => this.#history,
    });
    this.#history = readHistory();
    this.#lines = this.#open();
  }
  #open(): Interface {
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: process.stdin.isTTY,
      history: [...this.#history].reverse(),
      historySize: HISTORY_SIZE,
      completer: (text: string, answer: (error: null, result: [string[], string]) => void) => {
        void this.#complete(text).then((result) => answer(null, result));
      },
    });
    lines.on('line', (line) => this.#line(line));
    lines.on('SIGINT', () => this.#interrupt());
    lines.on('close', () => {
      if (this.#ended) return;
      if (this.#asked !== undefined || !process.stdin.isTTY) {
        this.#shell.input.end();
        this.#answer(undefined);
        this.#ended = true;
        return;
      }
      // Ctrl-D while a command runs ends its input; the next prompt needs a new editor.
      this.#shell.input.end();
      this.#lines = this.#open();
      this.#quiet();
    });
    return lines;
  }
  #line(line: string): void {
    if (this.#asked === undefined) this.#shell.input.push(new TextEncoder().encode(`${line}\n`));
    else this.#answer(line);
  }
  #answer(line: string | undefined): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.(line);
  }
  #interrupt(): void {
    process.stdout.write('^C\n');
    if (this.#asked === undefined) {
      this.#shell.interrupt();
      return;
    }
    // A new line at the prompt: what was typed is forgotten.
    Object.assign(this.#lines, { line: '', cursor: 0 });
    this.#answer('');
  }
  /** While a command runs, the editor shows no prompt. */
  #quiet(): void {
    this.#lines.setPrompt('');
  }
  #ask(prompt: string): Promise<string | undefined> {
    // What was typed ahead, and no command has read, is for the prompt.
    const ahead = this.#shell.input.takeLine();
    if (ahead !== undefined) {
      const line = new TextDecoder().decode(ahead);
      process.stdout.write(prompt + line);
      return Promise.resolve(line.slice(0, -1));
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#lines.setPrompt(prompt);
      this.#lines.prompt();
    });
  }
  /** Lines from prompt to prompt, until exit or Ctrl-D. Gives the status of the last one. */
  async run(): Promise<number> {
    let status = 0;
    for (;;) {
      await this.#shell.report();
      let line = await this.#ask(`root@kobox:${this.#shell.cwd.replace(/^\/root(?=\/|$)/, '~')}# `);
      if (line === undefined) break;
      // An open quote, here-document or compound command goes on in the next line.
      while (line.trim() !== '' && (await this.#shell.isOpen(line))) {
        const more = await this.#ask('> ');
        if (more === undefined) break;
        line += `\n${more}`;
      }
      if (line.trim() === '') continue;
      if (this.#history.at(-1) !== line && !line.includes('\n')) this.#history.push(line);
      this.#quiet();
      ({ exitCode: status } = await this.#shell.run(line));
      if (this.#shell.exited) break;
    }
    if (process.stdin.isTTY && !this.#shell.exited) process.stdout.write('exit\n');
    this.#ended = true;
    this.#lines.close();
    writeHistory(this.#history);
    await this.#shell.end();
    return status;
  }
  async #complete(text: string): Promise<[string[], string]> {
    const word = /[^\s;|&<>()]*$/.exec(text)?.[0] ?? '';
    const first = /(?:^|[;|&(]\s*|\bsudo\s+)[^\s;|&<>()]*$/.test(text);
    return [await this.#shell.complete(word, first && !word.includes('/')), word];
  }
}
export const interact = (machine: Machine): Promise<number> => new Terminal(machine).run();
