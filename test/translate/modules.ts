// Translates every function of real modules and validates the WebAssembly, without running it.
// npx tsx -C source test/translate/modules.ts [module directory] [every n-th module]
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Translator } from '#translate';
import { layOut } from './corpus.ts';
import { layout, TEXT } from './guest.ts';

const [folder = '/root/kernel/linux-image-6.1.0-56-amd64_6.1.192-2/lib/modules', every = '40'] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ko'))
  .sort();
const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536 });
const bytes = new Uint8Array(memory.buffer);
const totals = { modules: 0, functions: 0, failed: 0, text: 0, wasm: 0, ms: 0 };
const unimplemented = new Map<string, number>();

for (const [n, file] of files.entries()) {
  if (n % Number(every) !== 0) continue;
  const image = layOut(new Uint8Array(readFileSync(join(folder, file))));
  bytes.set(image.bytes, TEXT);
  const translator = new Translator(
    {
      memory,
      hostFunctionAt: (ip) => image.hosts.get(ip) ?? -1,
      hostCall: () => 0,
      functionAt: (ip) => image.functions.find(({ start, end }) => ip >= start && ip < end),
      io: {
        portIn: () => 0,
        portOut: () => {},
        readMsr: () => undefined,
        writeMsr: () => false,
        cpuid: () => [0, 0, 0, 0],
        rdtsc: () => 0n,
      },
    },
    { layout, batchFunctions: 1 },
  );
  totals.modules++;
  const start = performance.now();
  for (const range of image.functions) {
    totals.functions++;
    try {
      const wasm = translator.compileOne(range.start);
      if (!WebAssembly.validate(wasm)) {
        let reason = '';
        try {
          new WebAssembly.Module(wasm);
        } catch (error) {
          reason = String(error);
        }
        throw new Error(`invalid: ${reason}`);
      }
    } catch (error) {
      totals.failed++;
      if (totals.failed < 10)
        console.log(file, range.name, error instanceof Error ? error.stack?.split('\n').slice(0, 4).join('\n') : error);
    }
  }
  totals.ms += performance.now() - start;
  for (const text of translator.unimplementedTexts()) {
    const name = text.split(' ')[0] ?? '';
    unimplemented.set(name, (unimplemented.get(name) ?? 0) + 1);
  }
  totals.text += translator.statistics.textBytes;
  totals.wasm += translator.statistics.wasmBytes;
}
console.log({ ...totals, expansion: totals.wasm / totals.text, kbPerMs: totals.text / 1024 / totals.ms });
console.log(
  [...unimplemented]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 60)
    .map(([name, count]) => `${name} ${count}`)
    .join(', '),
);
process.exitCode = totals.failed > 0 ? 1 : 0;
