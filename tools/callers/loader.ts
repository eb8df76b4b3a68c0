// How the kernel comes to where load_module() itself dumps the stack: from the traces in test/loader/recordings.
import { readFileSync } from 'node:fs';

const recordings = new URL('../../test/loader/recordings/', import.meta.url).pathname;
/** Keys of ways by what the record before the trace says. */
const sources = [
  { key: 'positive', file: 'results', says: 'suspiciously returned' },
  { key: 'percpu', file: 'percpu', says: 'percpu: allocation failed' },
  { key: 'unbalanced', file: 'unbalanced', says: 'preemption imbalance' },
  { key: 'percpu_warning', file: 'percpu', says: 'illegal size' },
] as const;

/** The frames above the system call; dump_stack's own are those of each dump. */
function framesOf(file: string, says: string): string[] {
  const lines = readFileSync(`${recordings}${file}.txt`, 'latin1').split('\n');
  const start = lines.findIndex((line) => line.includes(says));
  const trace = lines.slice(start).map((line) => line.replace(/^<4> /, ''));
  const top = trace.indexOf('<TASK>');
  const call = trace.findIndex((line) => line.startsWith('__do_sys_'));
  if (start < 0 || top < 0 || call < top) throw new Error(`${file}.txt has no trace after '${says}'`);
  return trace.slice(top + 1, call).filter((line) => !/^(?:\? |dump_stack_lvl)/.test(line));
}
/** `ways`: those of init_module and finit_module, whose ends are the same. */
export function loaderWays(ways: ReadonlyMap<string, readonly string[]>): (readonly [string, readonly string[]])[] {
  return sources.flatMap(({ key, file, says }) =>
    ['init_module', 'finit_module'].map((call) => {
      const way = ways.get(call) ?? [];
      return [`${call}.${key}`, [...framesOf(file, says), ...way.slice(way.findIndex((frame) => frame.startsWith('__do_sys_')))]] as const;
    }),
  );
}
