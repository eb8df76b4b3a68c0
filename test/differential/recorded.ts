// Outcomes of the real CPU as differences from the states that they started in. Written by record.ts.
import { type Case } from './compare.ts';
import type { Outcome } from './native.ts';

export const RECORDED_SEED = 20240601;
export const RECORDED_PER_FORM = 2;

/** Per case: signal, then pairs of position and byte that changed (registers 0..127, memory 128..383), ended by 0xffff. */
export function encodeOutcomes(cases: readonly Case[], outcomes: readonly Outcome[]): Uint8Array {
  const out: number[] = [];
  cases.forEach((one, n) => {
    const outcome = outcomes[n];
    if (outcome === undefined) throw new Error('fewer outcomes than cases');
    out.push(outcome.signal);
    const before = flatten(one.state.registers, one.state.window);
    const after = flatten(outcome.registers, outcome.window);
    after.forEach((byte, at) => {
      if (byte !== before[at]) out.push(at & 0xff, at >> 8, byte);
    });
    out.push(0xff, 0xff);
  });
  return Uint8Array.from(out);
}

export function decodeOutcomes(bytes: Uint8Array, cases: readonly Case[]): Outcome[] {
  let at = 0;
  const next = (): number => bytes[at++] ?? 0xff;
  return cases.map(({ state }) => {
    const signal = next();
    const flat = flatten(state.registers, state.window);
    for (let low = next(), high = next(); low !== 0xff || high !== 0xff; low = next(), high = next()) flat[low | (high << 8)] = next();
    const view = new DataView(flat.buffer);
    return { signal, registers: state.registers.map((_, n) => view.getBigUint64(8 * n, true)), window: flat.slice(128) };
  });
}

function flatten(registers: readonly bigint[], window: Uint8Array): Uint8Array {
  const flat = new Uint8Array(128 + window.length);
  const view = new DataView(flat.buffer);
  registers.forEach((value, n) => view.setBigUint64(8 * n, value, true));
  flat.set(window, 128);
  return flat;
}
