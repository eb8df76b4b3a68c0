// journalctl of systemd 252, for the kernel's messages: all that there is here. What --since and --until say is not looked at.

import type { LogRecord } from '#kernel';
import { getopt } from '#kmod';
import { fromLatin1 } from '../just_bash.ts';
import type { Command } from '../services.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const levels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const DEFAULT_LINES = 10;
const rows = {
  dmesg: { short: 'k', long: 'dmesg' },
  boot: { short: 'b', long: 'boot', argument: 'optional' },
  lines: { short: 'n', long: 'lines', argument: 'required' },
  follow: { short: 'f', long: 'follow' },
  reverse: { short: 'r', long: 'reverse' },
  end: { short: 'e', long: 'pager-end' },
  catalog: { short: 'x', long: 'catalog' },
  since: { short: 'S', long: 'since', argument: 'required' },
  until: { short: 'U', long: 'until', argument: 'required' },
  output: { short: 'o', long: 'output', argument: 'required' },
  priority: { short: 'p', long: 'priority', argument: 'required' },
  noPager: { long: 'no-pager' },
  quiet: { short: 'q', long: 'quiet' },
} as const;

export const journalctl: Command = async ({ io, services }, args) => {
  const { options, error } = getopt(args, rows);
  if (error !== undefined) {
    await io.err(`journalctl: ${error}\n`);
    return 1;
  }
  const given = new Map(options);
  const { log, clock } = services.machine.kernel;
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const priority = given.get('priority');
  const most = priority === undefined ? levels.length : /^\d$/.test(priority) ? Number(priority) : levels.indexOf(priority);
  const wanted = ({ level, facility }: LogRecord): boolean => level <= most && (facility === 0 || !given.has('dmesg'));
  const print = async ({ time, text, facility }: LogRecord): Promise<void> => {
    const date = new Date(Number(clock.bootRealtime / 1_000_000n) + time / 1e6);
    const stamp = `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
    const source = facility === 0 ? 'kernel' : 'unknown';
    const head = given.get('output') === 'cat' ? '' : `${stamp} ${io.process.uname().nodename} ${source}: `;
    for (const line of text.split('\n')) await io.outBytes(fromLatin1(`${head}${line}\n`));
  };
  const records = log.records().filter(wanted);
  const count = given.get('lines') ?? (given.has('follow') ? `${DEFAULT_LINES}` : undefined);
  const shown = count === undefined || count === 'all' ? [...records] : Number(count) === 0 ? [] : records.slice(-Number(count));
  if (given.has('reverse')) shown.reverse();
  for (const record of shown) await print(record);
  if (shown.length === 0 && !given.has('quiet') && !given.has('follow')) await io.out('-- No entries --\n');
  let next = log.records().length;
  while (given.has('follow')) {
    await io.flush();
    await io.call(io.process.nanosleep(0.2));
    for (const record of log.records().slice(next)) if (wanted(record)) await print(record);
    next = log.records().length;
  }
  return 0;
};
