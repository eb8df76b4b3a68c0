// All forms, and the comparison of two outcomes.
import { readFileSync } from 'node:fs';
import { CODE, CODE_STEP, type Form, makeState, Random, readForm, type State, WINDOW, withCondition } from './cases.ts';
import type { Outcome } from './native.ts';

const SIGFPE = 8;
const read = (name: string): string[] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** Harvested forms, the hand-written ones, and flag setters of every kind with each condition. */
export function allForms(): Form[] {
  const forms: Form[] = [];
  const add = (make: (ip: number) => Form | undefined): void => {
    const form = make(CODE + CODE_STEP * forms.length);
    if (form !== undefined) forms.push(form);
  };
  for (const line of [...read('encodings.generated.txt'), ...read('encodings.txt')]) add((ip) => readForm(line, ip));
  for (const line of read('setters.txt')) {
    for (let cc = 0; cc < 16; cc++) {
      for (const kind of ['all', 'alone', 'chain'] as const) {
        add((ip) => {
          const form = readForm(line, ip);
          return form === undefined ? undefined : withCondition(form, cc, ip, kind);
        });
      }
    }
  }
  return forms;
}

export interface Case {
  readonly form: Form;
  readonly state: State;
}

export function makeCases(forms: readonly Form[], perForm: number, seed: number): Case[] {
  const cases: Case[] = [];
  for (const form of forms) {
    // Each form has a seed of its own: adding forms changes no other's cases.
    const random = new Random(seed ^ hash(form.text + form.hex));
    for (let k = 0; k < perForm; k++) {
      const state = makeState(form, random);
      if (state !== undefined) cases.push({ form, state });
    }
  }
  return cases;
}
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) h = Math.imul(h ^ text.charCodeAt(n), 0x01000193);
  return h >>> 0;
}

/** @returns how `ours` differs from the real CPU's outcome, or '' when it does not. */
export function difference({ form, state }: Case, real: Outcome, ours: Outcome): string {
  if (real.signal !== ours.signal) return `signal ${real.signal}, ours ${ours.signal}`;
  // Registers and memory stay as they were; the native run does not report them.
  if (real.signal === SIGFPE) return '';
  const found: string[] = [];
  real.registers.forEach((value, n) => {
    if (value !== ours.registers[n])
      found.push(`r${n} ${value.toString(16)}, ours ${ours.registers[n]?.toString(16)}, before ${state.registers[n]?.toString(16)}`);
  });
  const flagsAt = Number(BigInt.asUintN(32, real.registers[4] ?? 0n)) - WINDOW;
  const defined = 0x8d5 & ~form.undefinedFlags;
  real.window.forEach((byte, n) => {
    const at = n - flagsAt;
    const pushed = form.code.at(-1) === 0x9c && at >= 0 && at < 8;
    const mask = !pushed ? 0xff : at === 0 ? defined & 0xff : at === 1 ? defined >> 8 : 0;
    if ((byte ^ (ours.window[n] ?? 0)) & mask)
      found.push(`${pushed ? 'flags' : 'memory'} ${at}: ${byte.toString(16)}, ours ${ours.window[n]?.toString(16)}`);
  });
  return found.join('; ');
}
