// printf: bash's builtin and coreutils' command. It works on bytes, so that '\377' is one.
import { fromLatin1, toLatin1 } from '../just_bash.ts';

const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};
const latin = (text: string): string => toLatin1(new TextEncoder().encode(text));

/** Escapes of a format, of `%b` and of echo -e (both: a leading 0 in octal). Latin-1 in and out; `stop`: at \c. */
export function unescape(text: string, zero: boolean): { text: string; stop: boolean } {
  let out = '';
  const pattern = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([abeEfnrtv\\"'c]))|[^\\]+|\\/g;
  const octal = zero ? /^\\0?([0-7]{1,3})/ : undefined;
  for (let at = 0; at < text.length; ) {
    const own = octal?.exec(text.slice(at, at + 5));
    if (own?.[1] !== undefined && (own[0].startsWith('\\0') || own[1] !== '')) {
      out += String.fromCharCode(Number.parseInt(own[1], 8) & 0xff);
      at += own[0].length;
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) break;
    const [whole, hex, unicode, digits, letter] = match;
    at += whole.length;
    if (hex !== undefined) out += String.fromCharCode(Number.parseInt(hex, 16));
    else if (unicode !== undefined) out += latin(String.fromCodePoint(Number.parseInt(unicode, 16)));
    else if (digits !== undefined) out += String.fromCharCode(Number.parseInt(digits, 8) & 0xff);
    else if (letter === 'c') return { text: out, stop: true };
    else out += letter === undefined ? whole : (simple[letter] ?? whole);
  }
  return { text: out, stop: false };
}
export interface Printed {
  readonly bytes: Uint8Array;
  /** Complaints about arguments, without the name of the command. */
  readonly errors: readonly string[];
}
export function format(template: string, args: readonly string[]): Printed {
  const errors: string[] = [];
  const rest = args.map(latin);
  let out = '';
  let used = 0;
  const next = (): string | undefined => rest[used++];
  const number = (): bigint => {
    const text = next() ?? '0';
    if (/^["']./.test(text)) return BigInt(new TextDecoder().decode(fromLatin1(text.slice(1))).codePointAt(0) ?? 0);
    const [, sign = '', digits = '', tail = ''] = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|\d+)?(.*)$/s.exec(text) ?? [];
    if (digits === '' || tail !== '') errors.push(`${text}: invalid number`);
    if (digits === '') return 0n;
    const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
    return sign === '-' ? -value : value;
  };
  const source = latin(template);
  for (;;) {
    const before = used;
    for (const [whole, directive] of source.matchAll(/%([-+ #0]*(?:\*|\d*)(?:\.(?:\*|\d*))?[a-zA-Z%])|(?:[^%\\]|\\.)+|%|\\$/gs)) {
      if (directive === undefined) {
        const { text, stop } = unescape(whole, false);
        out += text;
        if (stop) return { bytes: fromLatin1(out), errors };
        continue;
      }
      const conversion = directive.at(-1) as string;
      if (conversion === '%') {
        out += '%';
        continue;
      }
      const [, flags = '', widthText = '', precisionText] = /^([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?/.exec(directive) ?? [];
      const star = (text: string): number => (text === '*' ? Number(number()) : Number(text || 0));
      let width = star(widthText);
      const precision = precisionText === undefined ? undefined : star(precisionText);
      const left = flags.includes('-') || width < 0;
      width = Math.abs(width);
      let body: string;
      let stop = false;
      switch (conversion) {
        case 's':
          body = (next() ?? '').slice(0, precision);
          break;
        case 'b':
          ({ text: body, stop } = unescape(next() ?? '', true));
          body = body.slice(0, precision);
          break;
        case 'c':
          body = (next() ?? '').slice(0, 1);
          break;
        case 'q': {
          const text = next() ?? '';
          body = text === '' ? "''" : text.replace(/[^\w./:@%+,=-]/g, '\\$&');
          break;
        }
        case 'd':
        case 'i':
          body = integer(number(), 10, flags, precision);
          break;
        case 'u':
        case 'o':
        case 'x':
        case 'X': {
          const radix = conversion === 'o' ? 8 : conversion === 'u' ? 10 : 16;
          body = integer(BigInt.asUintN(64, number()), radix, flags.replace(/[+ ]/g, ''), precision);
          if (conversion === 'X') body = body.toUpperCase();
          break;
        }
        case 'e':
        case 'f':
        case 'g': {
          const value = Number(next() ?? '0');
          const digits = precision ?? 6;
          body =
            conversion === 'f'
              ? value.toFixed(digits)
              : conversion === 'e'
                ? value.toExponential(digits).replace(/e([-+])(\d)$/, 'e$10$2')
                : `${Number(value.toPrecision(digits || 1))}`;
          break;
        }
        default:
          errors.push(`\`${conversion}': invalid format character`);
          return { bytes: fromLatin1(out), errors };
      }
      const zeros = flags.includes('0') && !left && precision === undefined && /[diuoxXefg]/.test(conversion);
      if (zeros && body.length < width) {
        const [, sign = '', digits = body] = /^([-+ ]?(?:0[xX])?)(.*)$/.exec(body) ?? [];
        body = sign + digits.padStart(width - sign.length, '0');
      }
      out += left ? body.padEnd(width) : body.padStart(width);
      if (stop) return { bytes: fromLatin1(out), errors };
    }
    // The format is used again while it takes arguments and some are left.
    if (used >= rest.length || used === before) return { bytes: fromLatin1(out), errors };
  }
}
function integer(value: bigint, radix: 8 | 10 | 16, flags: string, precision: number | undefined): string {
  const digits = (value < 0n ? -value : value).toString(radix).padStart(precision ?? 1, '0');
  const prefix = flags.includes('#') && value !== 0n ? (radix === 16 ? '0x' : radix === 8 ? '0' : '') : '';
  const sign = value < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + prefix + digits;
}
