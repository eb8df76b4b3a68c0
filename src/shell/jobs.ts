// Background jobs of a shell.

import { signalText } from '#abi';
import type { Process } from '#kernel';
import type { Interpreter } from './interpreter.ts';

export interface Job {
  readonly number: number;
  readonly process: Process;
  readonly text: string;
  status: number | undefined;
}
export const STATE_WIDTH = 24;

export class Jobs {
  readonly #shell: Interpreter;
  readonly #jobs: Job[] = [];
  /** Statuses of jobs that are gone, by pid. */
  readonly #past = new Map<number, number>();
  /** Descriptors of process substitutions. */
  readonly toClose: number[] = [];
  constructor(shell: Interpreter) {
    this.#shell = shell;
  }
  get all(): readonly Job[] {
    return this.#jobs;
  }
  add(process: Process, text: string): Job {
    const number = (this.#jobs.at(-1)?.number ?? 0) + 1;
    const job: Job = { number, process, text, status: undefined };
    this.#jobs.push(job);
    process.onExit((status) => {
      job.status = status;
      this.#past.set(process.pid, status);
    });
    return job;
  }
  /** '%1', '%+', '%%', '%-', or a pid. */
  find(specification: string): Job | undefined {
    if (!specification.startsWith('%')) return this.#jobs.find(({ process }) => process.pid === Number(specification));
    const rest = specification.slice(1);
    if (rest === '' || rest === '+' || rest === '%') return this.#jobs.at(-1);
    if (rest === '-') return this.#jobs.at(-2) ?? this.#jobs.at(-1);
    return this.#jobs.find(({ number, text }) => number === Number(rest) || text.startsWith(rest));
  }
  pastStatus(pid: number): number | undefined {
    return this.#past.get(pid);
  }
  forget(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at >= 0) this.#jobs.splice(at, 1);
  }
  line(job: Job): string {
    const mark = job === this.#jobs.at(-1) ? '+' : job === this.#jobs.at(-2) ? '-' : ' ';
    const { killedBy } = job.process;
    const state =
      job.status === undefined
        ? 'Running'
        : killedBy !== undefined
          ? signalText(killedBy) || 'Interrupt'
          : job.status === 0
            ? 'Done'
            : `Exit ${job.status}`;
    return `[${job.number}]${mark}  ${state.padEnd(STATE_WIDTH)}${job.text}${job.status === undefined ? ' &' : ''}\n`;
  }
  /** Says which jobs have ended since the last look, and forgets them. */
  async report(): Promise<void> {
    for (const fd of this.toClose.splice(0)) await this.#shell.io.process.close(fd);
    for (const job of [...this.#jobs]) {
      if (job.status === undefined) continue;
      if (this.#shell.state.interactive) await this.#shell.io.err(this.line(job));
      this.forget(job);
    }
  }
}
