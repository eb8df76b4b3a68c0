// Runs the cases of cases.ts on the translator. Without address checks: the low addresses of the native run are used.
import { Translator } from '#translate';
import { layout } from '../translate/guest.ts';
import { CODE, CODE_STEP, type Form, type State, WINDOW, WINDOW_BYTES } from './cases.ts';
import type { Outcome } from './native.ts';

const SIGFPE = 8;

export class TranslatedRunner {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #translator: Translator;

  constructor(forms: readonly Form[]) {
    const memory = new WebAssembly.Memory({ initial: 65536, maximum: 65536 });
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    const lengths = new Map(forms.map(({ ip, code }) => [ip, code.length]));
    for (const { ip, code } of forms) this.#bytes.set(code, ip);
    this.#view.setUint32(layout.budget, 0xffffffff, true);
    this.#translator = new Translator(
      {
        memory,
        hostFunctionAt: () => -1,
        hostCall: () => 0,
        functionAt: (ip) => {
          const start = CODE + Math.floor((ip - CODE) / CODE_STEP) * CODE_STEP;
          const length = lengths.get(start);
          return length === undefined || ip >= start + length ? undefined : { start, end: start + length, name: 'case' };
        },
        io: {
          portIn: () => 0,
          portOut: () => {},
          readMsr: () => undefined,
          writeMsr: () => false,
          cpuid: () => [0, 0, 0, 0],
          rdtsc: () => 0n,
        },
      },
      { layout, checks: 'none' },
    );
  }

  run(form: Form, state: State): Outcome & { readonly text: string } {
    this.#bytes.fill(0, WINDOW - 512, WINDOW + 1536);
    this.#bytes.set(state.window, WINDOW);
    state.registers.forEach((value, n) => this.#view.setBigUint64(layout.registers + 8 * n, value, true));
    this.#view.setBigUint64(layout.rflags, BigInt(state.flags), true);
    const stop = this.#translator.run(form.ip);
    const text = stop.kind === 'unimplemented' ? stop.text : '';
    return {
      signal: stop.kind === 'left' ? 0 : stop.kind === 'trap' && stop.vector === 0 ? SIGFPE : -1,
      registers: Array.from({ length: 16 }, (_, n) => this.#view.getBigUint64(layout.registers + 8 * n, true)),
      window: this.#bytes.slice(WINDOW, WINDOW + WINDOW_BYTES),
      text: text || stop.kind,
    };
  }
}
