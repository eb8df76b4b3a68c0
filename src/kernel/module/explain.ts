// A load's reasons in words: what insmod --explain and kobox check print.
import { errnoName } from '#abi';
import type { LoadReason, LoadReport } from './reasons.ts';

/** As a terminal can show it: bytes that are no characters as /dev/kmsg writes them. */
const shown = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replace(/[\x00-\x1f\x7f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** What is known of each reason, a line each thing. The same advice is given once. */
export function explainReasons(reasons: readonly LoadReason[]): string[] {
  return reasons.flatMap((reason, n) => explainReason(reason, !reasons.slice(0, n).some(({ advice }) => advice === reason.advice)));
}
function explainReason(reason: LoadReason, advises: boolean): string[] {
  const { check, errno, record, symbol, expected, found, section, offset, advice } = reason;
  const place = [section, offset === undefined ? undefined : `byte ${offset} of the file`].filter(
    (part) => part !== undefined && part !== '',
  );
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['kernel says', record?.text],
    ['symbol', symbol],
    ['expected', expected],
    ['found', found],
    ['where', place.length === 0 ? undefined : place.join(', ')],
    ['what to do', advises ? advice : undefined],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${check} (${errnoName(errno)})`,
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(width)}  ${shown(value)}`])),
  ];
}
/** Nothing when the module was loaded. */
export function explain({ module, step, reasons }: LoadReport): string[] {
  if (reasons.length === 0) return [];
  const where = step === undefined ? 'before load_module()' : `in ${step}()`;
  return [`${module ?? 'the file'} was refused ${where}:`, ...explainReasons(reasons).map((line) => `  ${line}`)];
}
