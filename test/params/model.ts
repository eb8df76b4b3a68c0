// What parameters do, read a second time out of the rules (the linux-modules notes, section 6, and what is recorded in every.txt): a
// small model of every.ko's parameters that shares nothing with the kernel's code. The fuzz compares the two.

export interface Outcome {
  /** 0 or -errno, as the load gives it. */
  readonly error: number;
  /** "<LEVEL>TEXT" */
  readonly records: readonly string[];
}
/** What came of one value: 0 or -errno (or what a callback gave), and the text that is left of the value when it is shown. */
interface Set {
  readonly error: number;
  readonly left?: string;
}
/** What stands behind a parameter. */
interface Holder {
  set(value: string, say: (record: string) => void): Set;
  show(): string;
}
const ENOENT = 2;
const EINVAL = 22;
const ENOSPC = 28;
const EROFS = 30;
const ERANGE = 34;
const good: Set = { error: 0 };
const bad = (errno: number): Set => ({ error: -errno });

const BLANKS = [' ', '\t', '\n', '\v', '\f', '\r', '\xa0'];
interface Token {
  readonly name: string;
  readonly value: string | undefined;
}
/** The tokens of an argument string; what follows `--` is one piece. */
function tokens(args: string): { readonly list: Token[]; readonly rest: string | undefined } {
  const list: Token[] = [];
  let at = 0;
  const blanks = (): void => {
    while (at < args.length && BLANKS.includes(args[at] as string)) at++;
  };
  blanks();
  while (at < args.length) {
    // A token goes to the first blank that is in no quotes.
    const start = at;
    let quotes = 0;
    while (at < args.length && (quotes % 2 === 1 || !BLANKS.includes(args[at] as string))) {
      if (args[at] === '"') quotes++;
      at++;
    }
    const token = tokenOf(args.slice(start, at));
    blanks();
    if (token.name === '--' && token.value === undefined) return { list, rest: args.slice(at) };
    list.push(token);
  }
  return { list, rest: undefined };
}
function tokenOf(written: string): Token {
  const quoted = written.startsWith('"');
  let text = quoted ? written.slice(1) : written;
  const equals = text.indexOf('=', 1);
  const valueQuoted = equals > 0 && text[equals + 1] === '"';
  // One quote at the very end goes, whichever of the two began; a value that is one quote is its own end.
  if ((quoted || valueQuoted) && text.endsWith('"')) {
    text = text.slice(0, -1);
    if (valueQuoted && text.length === equals + 1) return { name: text.slice(0, equals), value: '' };
  }
  if (equals <= 0) return { name: text, value: undefined };
  return { name: text.slice(0, equals), value: text.slice(equals + (valueQuoted ? 2 : 1)) };
}

/** The number that a text is; beyond 64 bits it does not count what follows. */
function numberOf(text: string, signed: boolean): bigint | 'none' | 'too big' {
  const [, sign = '', digits = '', rest = ''] = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(.*)$/s.exec(text) ?? [];
  if (digits === '' || (sign === '-' && !signed)) return 'none';
  const size = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (size >= 1n << 64n) return 'too big';
  if (rest !== '' && rest !== '\n') return 'none';
  return sign === '-' ? -size : size;
}
class Integer implements Holder {
  value: bigint;
  readonly #least: bigint;
  readonly #most: bigint;
  readonly #text: (value: bigint) => string;
  constructor(value: bigint, bits: number, signed: boolean, text: (value: bigint) => string = String) {
    this.value = value;
    this.#least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
    this.#most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
    this.#text = text;
  }
  set(text: string): Set {
    const value = numberOf(text, this.#least < 0n);
    if (value === 'none') return bad(EINVAL);
    if (value === 'too big' || value < this.#least || value > this.#most) return bad(ERANGE);
    this.value = value;
    return good;
  }
  show(): string {
    return this.#text(this.value);
  }
}
class Switch implements Holder {
  on = false;
  readonly #texts: readonly [off: string, on: string];
  readonly #sticks: boolean;
  constructor(texts: readonly [off: string, on: string], sticks = false) {
    this.#texts = texts;
    this.#sticks = sticks;
  }
  set(text: string): Set {
    const two = text.slice(0, 2).toLowerCase();
    const on = ['y', 't', '1'].includes(two[0] ?? '') || two === 'on';
    const off = ['n', 'f', '0'].includes(two[0] ?? '') || two === 'of';
    if (!on && !off) return bad(EINVAL);
    if (off && this.on && this.#sticks) return bad(EROFS);
    this.on = on;
    return good;
  }
  show(): string {
    return this.#texts[this.on ? 1 : 0];
  }
}
class Text implements Holder {
  value: string | undefined;
  readonly #most: number;
  readonly #complaint: string;
  constructor(value: string | undefined, most: number, complaint: string) {
    this.value = value;
    this.#most = most;
    this.#complaint = complaint;
  }
  set(text: string, say: (record: string) => void): Set {
    if (text.length > this.#most) {
      say(`<3>${this.#complaint}`);
      return bad(ENOSPC);
    }
    this.value = text;
    return good;
  }
  show(): string {
    return this.value ?? '(null)';
  }
}
class List implements Holder {
  readonly #name: string;
  readonly #elements: readonly Holder[];
  #count: number;
  readonly #counted: boolean;
  readonly #seen: ((value: string) => string) | undefined;
  constructor(
    name: string,
    elements: readonly Holder[],
    { counted = true, seen }: { counted?: boolean; seen?: (value: string) => string } = {},
  ) {
    this.#name = name;
    this.#elements = elements;
    this.#counted = counted;
    this.#count = counted ? 0 : elements.length;
    this.#seen = seen;
  }
  set(text: string, say: (record: string) => void): Set {
    const pieces = text.split(',');
    const left = pieces[0] as string;
    let stored = 0;
    let error = 0;
    for (const piece of pieces) {
      const element = this.#elements[stored];
      if (element === undefined) {
        say(`<3>${this.#name}: can only take ${this.#elements.length} arguments`);
        error = -EINVAL;
        break;
      }
      ({ error } = element.set(piece, say));
      if (this.#seen !== undefined) say(this.#seen(piece));
      if (error !== 0) break;
      stored++;
    }
    if (this.#counted) this.#count = stored;
    return { error, left };
  }
  get isEmpty(): boolean {
    return this.#count === 0;
  }
  show(): string {
    return this.#elements
      .slice(0, this.#count)
      .map((element) => element.show())
      .join(',');
  }
}
const hexadecimal = (value: bigint): string => `0x${value.toString(16).padStart(6, '0')}`;
const three = <T>(make: () => T): T[] => [make(), make(), make()];
const YES_NO = ['N', 'Y'] as const;

/** Of each type one. */
function makers(name: string): Record<string, () => Holder> {
  return {
    byte: () => new Integer(0n, 8, false),
    short: () => new Integer(0n, 16, true),
    ushort: () => new Integer(0n, 16, false),
    int: () => new Integer(0n, 32, true),
    uint: () => new Integer(0n, 32, false),
    long: () => new Integer(0n, 64, true),
    ulong: () => new Integer(0n, 64, false),
    ullong: () => new Integer(0n, 64, false),
    hexint: () => new Integer(0n, 32, false, hexadecimal),
    bool: () => new Switch(YES_NO),
    invbool: () => {
      // Stored the other way round and shown the other way round: what is written is what is read; unset it reads Y.
      const made = new Switch(YES_NO);
      made.on = true;
      return made;
    },
    bint: () => new Switch(['0', '1']),
    bool_enable_only: () => new Switch(YES_NO, true),
    charp: () => new Text(undefined, 1024, `${name}: string parameter too long`),
  };
}
/** Those that have a default of their own, as every.c gives it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  byte: '255',
  short: '-3',
  ushort: '3',
  int: '42',
  uint: '7',
  long: '-1000000',
  ulong: '1000000',
  ullong: '1099511627776',
  hexint: '0x3f8',
  charp: 'as built',
};
const NO_VALUE_NEEDED = ['bool', 'bint', 'bool_enable_only', 'unsafe_bool', 'noarg'];

/** every.ko, freshly loaded: how its parameters take an argument string. */
export class Model {
  readonly #parameters = new Map<string, Holder>();
  #records: string[] = [];
  constructor() {
    const quiet = (): void => {};
    for (const type of Object.keys(makers(''))) {
      const plain = (makers(type)[type] as () => Holder)();
      if (DEFAULTS[type] !== undefined) plain.set(DEFAULTS[type], quiet);
      this.#parameters.set(type, plain);
      this.#parameters.set(`a_${type}`, new List(`a_${type}`, three(makers(`a_${type}`)[type] as () => Holder)));
    }
    const int = (value = 0n): Integer => new Integer(value, 32, true);
    for (const [name, value] of [
      ['readable', 1n],
      ['writable', 2n],
      ['mine', 3n],
      ['unsafe_int', 0n],
      ['hw_port', 0n],
      ['with_dash', 0n],
      ['none', 0n],
    ] as const)
      this.#parameters.set(name, int(value));
    this.#parameters.set('unsafe_bool', new Switch(YES_NO));
    this.#parameters.set('uncounted', new List('uncounted', [int(1n), int(2n)], { counted: false }));
    this.#parameters.set('single', new List('single', [int()], { counted: false }));
    this.#parameters.set('hw_ports', new List('hw_ports', [int(), int()]));
    this.#parameters.set('string', new Text('text', 7, "string: string doesn't fit in 7 chars."));
    this.#parameters.set('minmax', this.#minmax());
    this.#parameters.set('noarg', this.#noarg());
    this.#parameters.set('answer', this.#answer());
    const square = (): Holder => this.#square();
    this.#parameters.set(
      'squares',
      new List('squares', [square(), square(), square(), square()], {
        seen: (value) => `<6>square: ${value} of squares level -1 perm 0 ops 0 mod 0`,
      }),
    );
  }
  #minmax(): Holder {
    const number = new Integer(5n, 32, false);
    return {
      set: (text) => {
        const before = number.value;
        const { error } = number.set(text);
        if (error !== 0 || (number.value >= 1n && number.value <= 10n)) return { error };
        number.value = before;
        return bad(EINVAL);
      },
      show: () => number.show(),
    };
  }
  #noarg(): Holder {
    let text = 'untouched';
    return {
      set: (value) => {
        text = value.slice(0, 15);
        return good;
      },
      show: () => text,
    };
  }
  #answer(): Holder {
    const number = new Integer(0n, 32, true);
    return {
      set: (text) => {
        const { error } = number.set(text);
        return error === 0 ? { error: Number(number.value) } : { error };
      },
      show: () => 'an answer',
    };
  }
  #square(): Holder {
    const number = new Integer(0n, 32, true);
    let shown = 0n;
    return {
      set: (text) => {
        const { error } = number.set(text);
        if (error === 0) shown = BigInt.asIntN(32, number.value * number.value);
        return { error };
      },
      show: () => `${shown}`,
    };
  }

  /** The files whose contents the model knows. */
  get names(): readonly string[] {
    return [...this.#parameters.keys()].filter((name) => !['with_dash', 'none', 'writable'].includes(name));
  }
  shows(name: string): string {
    const holder = this.#parameters.get(name) as Holder;
    const text = holder.show();
    // A list of none shows nothing, not even a newline.
    return holder instanceof List && holder.isEmpty ? '' : `${text}\n`;
  }
  load(args: string): Outcome {
    this.#records = [];
    const { list, rest } = tokens(args);
    let last = 0;
    for (const { name, value } of list) {
      const { error, left = value ?? '' } = this.#one(name, value);
      if (error === 0) continue;
      last = error;
      if (error === -ENOENT) this.#records.push(`<3>every: Unknown parameter \`${name}'`);
      else this.#records.push(`<3>every: \`${left}' ${error === -ENOSPC ? 'too large' : 'invalid'} for parameter \`${name}'`);
    }
    const failed = last < 0 && last >= -4095;
    // What is not negative is no error, and takes the place of the rest.
    if (last > 0) this.#records.push("<4>every: parameters '(efault)' after `--' ignored");
    else if (!failed && rest !== undefined) this.#records.push(`<4>every: parameters '${rest}' after \`--' ignored`);
    return { error: failed ? last : 0, records: this.records };
  }
  #one(name: string, value: string | undefined): Set {
    const known = name.replaceAll('-', '_');
    const holder = this.#parameters.get(known);
    if (holder === undefined) return this.#unknown(name);
    if (value === undefined && !NO_VALUE_NEEDED.includes(known)) return bad(EINVAL);
    if (known.startsWith('unsafe_')) this.#records.push(`<5>Setting dangerous option ${known} - tainting kernel`);
    return holder.set(value ?? (known === 'noarg' ? '(no value)' : '1'), (record) => this.#records.push(record));
  }
  #unknown(name: string): Set {
    const [first = '', ...others] = name.split('.');
    if (name === 'async_probe' || name === 'dyndbg' || (others.length > 0 && name.slice(first.length + 1) === 'dyndbg')) return good;
    this.#records.push(`<4>every: unknown parameter '${first}' ignored`);
    return good;
  }
  /** A write to a file. Return: as write(2). */
  store(name: string, text: string): number {
    this.#records = [];
    if (text === '') return 0;
    const page = text.slice(0, 4096);
    const end = page.indexOf('\0');
    const { error } = this.#one(name, end < 0 ? page : page.slice(0, end));
    return error === 0 ? page.length : error;
  }
  /** Of the last load or store. A record holds no more than 989 characters. */
  get records(): readonly string[] {
    return this.#records.map((record) => record.slice(0, '<3>'.length + 989));
  }
}
