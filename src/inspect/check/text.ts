// Check reports as text: a verdict a module and kernel, and below it what is in the way and what to do.
import { explainReasons } from '#kernel';
import type { CheckReport } from './checker.ts';

/** `name`: what the module's file is called. */
export function checkText(name: string, report: CheckReport): string {
  const { kernel, loads, reasons, dependencies, taints, notes, kobox } = report;
  const failing = dependencies.filter((each) => each.reasons.length > 0);
  const count = reasons.length + failing.length;
  const lines = [`${name}: ${kernel}: ${loads ? 'loads' : `does not load (${count} reason${count === 1 ? '' : 's'})`}`];
  lines.push(...explainReasons(reasons).map((line) => `  ${line}`));
  for (const { name: needed, path, reasons: theirs } of failing) {
    lines.push(`  needs ${needed} (${path}), which does not load: ${[...new Set(theirs.map(({ check }) => check))].join(', ')}`);
  }
  if (dependencies.length > 0) lines.push(`  after: ${dependencies.map((each) => each.name).join(', ')}`);
  if (taints.kernel !== 0) lines.push(`  taints the kernel: ${taints.letters}`);
  for (const note of notes) lines.push(`  note: ${note}`);
  if (loads) lines.push(`  in kobox: ${kobox.runs ? 'runs' : `lacks ${kobox.missing.length} symbols: ${kobox.missing.join(', ')}`}`);
  return `${lines.join('\n')}\n`;
}
