// scanf of the kernel. Source: lib/vsprintf.c, vsscanf().
import { cstring, int, type KernelApi, kernelApi, kfunc, pointer, variadic } from '../api/index.ts';
import { guestVaList, type VaList } from '../api/valist.ts';
import type { Kernel } from '../kernel.ts';
import { fromLatin1 } from '../memory.ts';

const SPACE = /^[\t-\r \xa0]*/;
const DIRECTIVE = /^%(\*?)(\d*)(hh|h|ll|l|L|z|t)?(?:\[(\^?\]?[^\]]*)\]|(.))/s;
const bytesOf: Readonly<Record<string, number>> = { hh: 1, h: 2, l: 8, ll: 8, L: 8, z: 8, t: 8 };
/** What %i, %d, %x and so on take, by base. */
const numbers: Readonly<Record<string, RegExp>> = {
  d: /^[-+]?\d+/,
  u: /^\d+/,
  o: /^[0-7]+/,
  x: /^[-+]?(?:0[xX])?[0-9a-fA-F]+/,
  i: /^[-+]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/,
};
function valueOf(text: string, conversion: string): bigint {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const hexadecimal = conversion === 'x' || /^0x/i.test(digits);
  const octal = conversion === 'o' || (conversion === 'i' && /^0\d/.test(digits));
  const value = BigInt(hexadecimal ? `0x${digits.replace(/^0x/i, '')}` : octal ? `0o${digits}` : digits);
  return negative ? -value : value;
}
/** '[a-z]' as a test of one character. */
function characterSet(spec: string): (c: string) => boolean {
  const inverted = spec.startsWith('^');
  const members = inverted ? spec.slice(1) : spec;
  return (c) => members.includes(c) !== inverted;
}

/** How many conversions were stored. */
function scan(k: Kernel, input: string, format: string, va: VaList): number {
  let stored = 0;
  let at = 0;
  let f = 0;
  const skipSpace = (): void => {
    at += (SPACE.exec(input.slice(at)) as RegExpExecArray)[0].length;
  };
  while (f < format.length) {
    const letter = format[f] as string;
    if (/[\t-\r ]/.test(letter)) {
      f++;
      skipSpace();
      continue;
    }
    if (letter !== '%' || format[f + 1] === '%') {
      f += letter === '%' ? 2 : 1;
      if (letter === '%') skipSpace();
      if (input[at] !== letter) return stored;
      at++;
      continue;
    }
    const directive = DIRECTIVE.exec(format.slice(f));
    if (directive === null) return stored;
    f += directive[0].length;
    const [, star, widthText, length = '', set, conversion = '['] = directive;
    const width = widthText === '' ? undefined : Number(widthText);
    if (width === 0) return stored;
    if (conversion === 'n') {
      k.memory.setU32(va.ptr(), at);
      continue;
    }
    if (at >= input.length && conversion !== 'n') return stored;
    if (conversion === 'c') {
      const text = input.slice(at, at + (width ?? 1));
      at += text.length;
      if (star === '') {
        k.memory.write(va.ptr(), fromLatin1(text));
        stored++;
      }
      continue;
    }
    if (conversion === 's' || conversion === '[') {
      if (conversion === 's') skipSpace();
      const test = conversion === 's' ? (c: string): boolean => !/[\t-\r ]/.test(c) : characterSet(set ?? '');
      let end = at;
      while (end < input.length && end - at < (width ?? Number.POSITIVE_INFINITY) && test(input[end] as string)) end++;
      if (end === at && conversion === '[') return stored;
      if (star === '') {
        k.memory.setCstring(va.ptr(), input.slice(at, end));
        stored++;
      }
      at = end;
      continue;
    }
    const pattern = numbers[conversion === 'X' ? 'x' : conversion];
    if (pattern === undefined) return stored;
    skipSpace();
    const digits = pattern.exec(input.slice(at, width === undefined ? undefined : at + width))?.[0];
    if (digits === undefined) return stored;
    at += digits.length;
    if (star === '*') continue;
    const bytes = bytesOf[length] ?? 4;
    const value = BigInt.asUintN(64, valueOf(digits, conversion.toLowerCase()));
    k.memory.write(va.ptr(), new Uint8Array(BigUint64Array.of(value).buffer, 0, bytes));
    stored++;
  }
  return stored;
}

export const vsscanfApi: KernelApi = kernelApi('lib/vsprintf.c, scanf', {
  sscanf: variadic({ buf: cstring, fmt: cstring }, int, (k, { buf, fmt, va }) => scan(k, buf, fmt, va)),
  vsscanf: kfunc({ buf: cstring, fmt: cstring, args: pointer('struct __va_list_tag *') }, int, (k, { buf, fmt, args }) =>
    scan(k, buf, fmt, guestVaList(k.memory, args)),
  ),
});
