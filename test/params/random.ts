// Random argument strings and values, always the same ones for a seed: mostly near what parameters take, some of them noise.

/** Numbers from 0 (inclusive) to 1 (exclusive). Source: the mulberry32 generator. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const PAGE = 4096;
const NOISE = ' "=,-\n\t\xa0+0x1yN._a\\\'\x01\xff:;#5';
const WORDS = ['y', 'N', 'on', 'of', 'off', 'true', '', 'maybe', 'x', '(null)', 'a b', '"', '""', '--', '1,0', ',', '1,,0', 'y,n,y,n'];
const BLANKS = [' ', ' ', ' ', '  ', '\t', '\n', '\xa0', ' \v\f\r '];
const NAMES = ['bogus', 'async_probe', 'async-probe', 'dyndbg', 'every.dyndbg', 'a.b', '.', '-', '--', '=', 'Int', '', 'every.int'];

export class RandomText {
  readonly #random: () => number;
  readonly #names: readonly string[];
  /** `names`: of parameters. */
  constructor(random: () => number, names: readonly string[]) {
    this.#random = random;
    this.#names = names;
  }
  below(count: number): number {
    return Math.floor(this.#random() * count);
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
  noise(most: number): string {
    return Array.from({ length: this.below(most + 1) }, () => NOISE[this.below(NOISE.length)]).join('');
  }
  /** Near the bounds of the types, in one of the ways to write it. */
  #number(): string {
    const bound = 1n << BigInt(this.pick([0, 3, 7, 8, 15, 16, 31, 32, 62, 63, 64, 70]));
    const value = bound + BigInt(this.below(5) - 2);
    const digits = this.pick([
      value.toString(),
      `0x${value.toString(16)}`,
      `0X${value.toString(16).toUpperCase()}`,
      `0${value.toString(8)}`,
    ]);
    return (
      this.pick(['', '', '', '-', '-', '+', '--']) + digits.replace('-', '') + this.pick(['', '', '', '', '\n', 'x', ' ', '8', '\n\n'])
    );
  }
  value(): string {
    const kind = this.below(10);
    if (kind < 4) return this.#number();
    if (kind < 6) return this.pick(WORDS);
    if (kind < 8)
      return Array.from({ length: 1 + this.below(5) }, () => (this.below(4) === 0 ? this.pick(WORDS) : this.#number())).join(',');
    if (kind === 8) return this.noise(12);
    return this.pick(['s', '7', 'ab,', '\xe4']).repeat(this.pick([1, 6, 7, 8, 20, 1023, 1024, 1025]));
  }
  #token(): string {
    if (this.below(12) === 0) return this.noise(15);
    if (this.below(40) === 0) return `answer=${this.below(2 * PAGE - 1) - PAGE + 1}`;
    const known = this.pick(this.below(6) === 0 ? NAMES : this.#names);
    const name = this.below(5) === 0 ? known.replaceAll('_', '-') : known;
    if (this.below(8) === 0) return name;
    const value = this.value();
    const written = /[\s\xa0]/.test(value) || this.below(6) === 0 ? `"${value}"` : value;
    return this.below(10) === 0 ? `"${name}=${value}"` : `${name}=${written}`;
  }
  args(): string {
    if (this.below(15) === 0) return this.noise(60);
    let text = this.below(10) === 0 ? this.pick(BLANKS) : '';
    for (let left = this.pick([1, 1, 1, 2, 2, 3, 5, 8]); left > 0; left--) {
      text += this.#token() + this.pick(BLANKS);
      if (this.below(40) === 0) text += `--${this.pick(BLANKS)}`;
    }
    return this.below(3) === 0 ? text : text.trimEnd();
  }
}
