// The translator against the real CPU. KOBOX_CASES is the number of states per form (default 6), KOBOX_SEED the seed.
// Needs gcc. The recorded outcomes are replayed too, for machines whose CPU differs.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { allForms, difference, makeCases } from './compare.ts';
import { type Outcome, runNative } from './native.ts';
import { decodeOutcomes, RECORDED_PER_FORM, RECORDED_SEED } from './recorded.ts';
import { TranslatedRunner } from './translated.ts';

const forms = allForms();

function failures(cases: ReturnType<typeof makeCases>, real: readonly Outcome[]): string[] {
  const runner = new TranslatedRunner(forms);
  const found: string[] = [];
  cases.forEach((one, n) => {
    const outcome = real[n];
    if (outcome === undefined) throw new Error('fewer outcomes than cases');
    const ours = runner.run(one.form, one.state);
    const text = difference(one, outcome, ours);
    if (text !== '') found.push(`${one.form.hex} ${one.form.text}: ${text} (${ours.text})`);
  });
  return found;
}

test('every harvested instruction form does what the real CPU does', { timeout: 600_000 }, () => {
  const cases = makeCases(forms, Number(process.env['KOBOX_CASES'] ?? 6), Number(process.env['KOBOX_SEED'] ?? 1));
  expect(cases.length).toBeGreaterThan(forms.length);
  expect(failures(cases, runNative(cases)).slice(0, 20)).toEqual([]);
});

test('the recorded outcomes of a real CPU are reproduced', { timeout: 600_000 }, () => {
  const cases = makeCases(forms, RECORDED_PER_FORM, RECORDED_SEED);
  const recorded = decodeOutcomes(new Uint8Array(gunzipSync(readFileSync(new URL('recorded.generated.bin.gz', import.meta.url)))), cases);
  expect(failures(cases, recorded).slice(0, 20)).toEqual([]);
});
