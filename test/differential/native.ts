// The real CPU as oracle: native.c, compiled when a test starts.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Form, type State, WINDOW_BYTES } from './cases.ts';

const CASE = 8 + 32 + 128 + 8 + WINDOW_BYTES;
const RESULT = 8 + 128 + WINDOW_BYTES;

export interface Outcome {
  /** Signal number: 0, or SIGFPE 8, SIGSEGV 11, ... */
  readonly signal: number;
  readonly registers: readonly bigint[];
  readonly window: Uint8Array;
}

/** Runs all cases in one process. */
export function runNative(cases: readonly { readonly form: Form; readonly state: State }[]): Outcome[] {
  const folder = mkdtempSync(join(tmpdir(), 'kobox-native-'));
  try {
    const program = join(folder, 'native');
    execFileSync('gcc', ['-O1', '-no-pie', '-fno-pie', '-o', program, fileURLToPath(new URL('native.c', import.meta.url))], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const input = new Uint8Array(CASE * cases.length);
    const view = new DataView(input.buffer);
    cases.forEach(({ form, state }, n) => {
      const at = n * CASE;
      view.setBigUint64(at, BigInt(form.ip), true);
      input[at + 8] = form.code.length;
      input.set(form.code, at + 9);
      state.registers.forEach((value, r) => view.setBigUint64(at + 40 + 8 * r, value, true));
      view.setBigUint64(at + 168, BigInt(state.flags), true);
      input.set(state.window, at + 176);
    });
    const { stdout, status, signal } = spawnSync(program, { input, maxBuffer: 1 << 30 });
    if (status !== 0 || stdout.length !== RESULT * cases.length)
      throw new Error(`native run failed: ${status} ${signal}, ${stdout.length / RESULT} of ${cases.length}`);
    const out = new DataView(stdout.buffer, stdout.byteOffset, stdout.byteLength);
    return cases.map((_, n) => {
      const at = n * RESULT;
      return {
        signal: Number(out.getBigUint64(at, true)),
        registers: Array.from({ length: 16 }, (__, r) => out.getBigUint64(at + 8 + 8 * r, true)),
        window: new Uint8Array(stdout.subarray(at + 136, at + RESULT)),
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
