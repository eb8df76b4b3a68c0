// Check reports as text: a verdict a module and kernel, and below it what is in the way and what to do.
import { errnoName } from '#abi';
import type { CheckReport } from './checker.ts';
import type { StepReason } from './steps.ts';

function reasonLines(
  { step, check, errno, record, symbol, expected, found, section, offset, advice }: StepReason,
  quiet: boolean,
): string[] {
  const where = [section === undefined ? '' : `in ${section}`, offset === undefined ? '' : `at byte ${offset}`]
    .filter((part) => part !== '')
    .join(' ');
  const facts = [expected === undefined ? '' : `expected ${expected}`, found === undefined ? '' : `found ${found}`, where].filter(
    (part) => part !== '',
  );
  return [
    `  ${check}${symbol === undefined ? '' : ` ${symbol}`} (${errnoName(errno)}, ${step}): ${facts.join(', ')}`,
    ...(record === undefined ? [] : [`    kernel: ${record.text}`]),
    ...(quiet ? [] : [`    advice: ${advice}`]),
  ];
}
/** `name`: what the module's file is called. */
export function checkText(name: string, report: CheckReport): string {
  const { kernel, loads, reasons, dependencies, taints, notes, kobox } = report;
  const failing = dependencies.filter((each) => each.reasons.length > 0);
  const count = reasons.length + failing.length;
  const lines = [`${name}: ${kernel}: ${loads ? 'loads' : `does not load (${count} reason${count === 1 ? '' : 's'})`}`];
  const advised = new Set<string>();
  for (const why of reasons) {
    // The same advice is given once.
    lines.push(...reasonLines(why, advised.has(why.advice)));
    advised.add(why.advice);
  }
  for (const { name: needed, path, reasons: theirs } of failing) {
    lines.push(`  needs ${needed} (${path}), which does not load: ${[...new Set(theirs.map(({ check }) => check))].join(', ')}`);
  }
  if (dependencies.length > 0) lines.push(`  after: ${dependencies.map((each) => each.name).join(', ')}`);
  if (taints.kernel !== 0) lines.push(`  taints the kernel: ${taints.letters}`);
  for (const note of notes) lines.push(`  note: ${note}`);
  if (loads) lines.push(`  in kobox: ${kobox.runs ? 'runs' : `lacks ${kobox.missing.length} symbols: ${kobox.missing.join(', ')}`}`);
  return `${lines.join('\n')}\n`;
}
