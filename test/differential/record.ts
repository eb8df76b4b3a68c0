// Records what this machine's CPU does: npx tsx -C source test/differential/record.ts
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { allForms, makeCases } from './compare.ts';
import { runNative } from './native.ts';
import { encodeOutcomes, RECORDED_PER_FORM, RECORDED_SEED } from './recorded.ts';

const cases = makeCases(allForms(), RECORDED_PER_FORM, RECORDED_SEED);
const bytes = gzipSync(encodeOutcomes(cases, runNative(cases)), { level: 9 });
writeFileSync(new URL('recorded.generated.bin.gz', import.meta.url), bytes);
