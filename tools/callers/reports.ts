// Frames of call traces that no living kernel can record: those of panic(), and of what leads there. test/oopses/*.txt has them.
import { readFileSync } from 'node:fs';

/** Where a way stands: the recording, the first frame and the line behind its last. The first trace that has both counts. */
const WAYS: readonly { readonly key: string; readonly file: string; readonly from: string; readonly until: string }[] = [
  { key: 'panic', file: 'panic', from: 'dump_stack_lvl', until: 'panics' },
  { key: '__stack_chk_fail', file: 'canary', from: 'dump_stack_lvl', until: 'canary' },
  { key: 'check_panic_on_warn', file: 'panic-on-warn', from: 'dump_stack_lvl', until: 'RIP:' },
  { key: 'warn_limit', file: 'warn-limit', from: 'dump_stack_lvl', until: 'RIP:' },
  { key: 'add_taint', file: 'panic-on-taint', from: 'dump_stack_lvl', until: 'RIP:' },
  { key: 'schedule_bug', file: 'sleeps', from: 'dump_stack_lvl', until: 'schedule_timeout' },
  { key: 'msleep', file: 'sleeps', from: 'schedule_timeout', until: 'go' },
  { key: 'blocking_notifier_call_chain', file: 'places', from: 'blocking_notifier_call_chain', until: 'go' },
  { key: 'tasklet', file: 'tasklet', from: 'tasklet_action_common', until: '</TASK>' },
];

/** The lines of each way, as waysOf() gives them. */
export function waysOfReports(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { key, file, from, until } of WAYS) {
    const lines = readFileSync(`${folder}/${file}.txt`, 'utf8')
      .split('\n')
      .map((line) => line.replace(/^<\d>/, '').trim())
      .filter((line) => !line.startsWith('? '));
    const start = lines.findIndex((line) => line.startsWith(from));
    const end = lines.findIndex((line, n) => n > start && line.startsWith(until));
    if (start < 0 || end < 0) throw new Error(`${file}.txt has no trace from ${from} to ${until}`);
    found.set(key, lines.slice(start, end));
  }
  return found;
}
