// printk's formats. Source: lib/vsprintf.c, Documentation/core-api/printk-formats.rst; observed facts: linux-modules.md 8.3, 8.4.
import { errnoName } from '#abi';
import {
  cstring,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  partial,
  pointer,
  size_t,
  variadic,
  voidPtr,
} from '../api/index.ts';
import { guestVaList, type VaList } from '../api/valist.ts';
import { KernelVariables } from '../builtin.ts';
import { showAddresses } from '../kallsyms.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, fromLatin1, latin1 } from '../memory.ts';
import { kmalloc } from '../mm/slab_common.ts';
import { flagsText } from './vsprintf_flags.ts';
import { internetText } from './vsprintf_net.ts';
import { dentryText, escapedText, fileText, fourccText, resourceText, timeText } from './vsprintf_struct.ts';

const VaFormat = kernelStruct('va_format', { fmt: voidPtr, va: voidPtr });
const MAX_ERRNO = 4095;
const PAGE_SIZE = 4096;
const SPEC = /^([-+ #0]*)(\*|\d+)?(?:\.(\*|-?\d+)?)?(hh|h|ll|l|L|z|t)?(.?)/s;

interface Spec {
  readonly flags: string;
  readonly width: number;
  /** undefined: none given. */
  readonly precision: number | undefined;
  readonly length: string;
}

// struct printf_spec: the widths of its bit fields.
const FIELD_WIDTH_BITS = 24;
const FIELD_WIDTH_MAX = 2 ** 23 - 1;
const PRECISION_BITS = 16;
const PRECISION_MAX = 2 ** 15 - 1;
const LONGEST_TEXT = 2 ** 28;
/** `value` as a signed bit field of `count` bits holds it. */
const bits = (value: number, count: number): number => (value << (32 - count)) >> (32 - count);

export class Formatter {
  readonly #k: Kernel;
  /** Functions of this file that have warned. */
  constructor(k: Kernel) {
    this.#k = k;
  }

  /** The formatted text, Latin-1. An unsupported conversion ends it, as on Linux. */
  format(format: string, va: VaList): string {
    let out = '';
    let at = 0;
    for (;;) {
      const percent = format.indexOf('%', at);
      if (percent < 0) return out + format.slice(at);
      out += format.slice(at, percent);
      const match = SPEC.exec(format.slice(percent + 1)) as RegExpExecArray;
      const [text, flagText = '', widthText, precisionText, length = '', conversion = ''] = match;
      at = percent + 1 + text.length;
      let flags = flagText;
      let width = widthText === '*' ? this.#fieldWidth(va.int()) : bits(Number(widthText ?? 0), FIELD_WIDTH_BITS);
      if (width < 0) {
        flags += '-';
        width = -width;
      }
      const dotted = text.includes('.');
      const given = precisionText === '*' ? this.#precision(va.int()) : bits(Number(precisionText ?? 0), PRECISION_BITS);
      const spec: Spec = { flags, width, length, precision: dotted ? Math.max(given, 0) : undefined };
      if (conversion === 'p') {
        const extension = /^[A-Za-z0-9]+/.exec(format.slice(at))?.[0] ?? '';
        out += this.#pointer(spec, extension, va);
        at += extension.length;
        continue;
      }
      const piece = this.#conversion(conversion, spec, va);
      if (piece === undefined) {
        this.#k.exceptions.warnOnce('lib/vsprintf.c', 2661, 'format_decode', `Please remove unsupported %${conversion} in format string`);
        return out;
      }
      out += piece;
      // Longer than any buffer; only a broken format comes here.
      if (out.length > LONGEST_TEXT) return out;
    }
  }

  /** set_field_width(): what the bit field of struct printf_spec can hold. */
  #fieldWidth(width: number): number {
    if (bits(width, FIELD_WIDTH_BITS) === width) return width;
    this.#k.exceptions.warnOnce('lib/vsprintf.c', 2693, 'set_field_width', `field width ${width} too large`);
    return Math.max(-FIELD_WIDTH_MAX, Math.min(width, FIELD_WIDTH_MAX));
  }
  #precision(precision: number): number {
    if (bits(precision, PRECISION_BITS) === precision) return precision;
    this.#k.exceptions.warnOnce('lib/vsprintf.c', 2702, 'set_precision', `precision ${precision} too large`);
    return Math.max(0, Math.min(precision, PRECISION_MAX));
  }
  #conversion(conversion: string, spec: Spec, va: VaList): string | undefined {
    switch (conversion) {
      case '%':
        return '%';
      case 'c':
        return pad(String.fromCharCode(va.uint() & 0xff), { ...spec, flags: spec.flags.replace('0', '') });
      case 's':
        return this.#string(va.ptr(), spec);
      case 'd':
      case 'i':
        return integer(signedOf(spec.length, va), 10, spec, true, false);
      case 'u':
        return integer(unsignedOf(spec.length, va), 10, spec, false, false);
      case 'x':
      case 'X':
        return integer(unsignedOf(spec.length, va), 16, spec, false, conversion === 'X');
      case 'o':
        return integer(unsignedOf(spec.length, va), 8, spec, false, false);
      default:
        return undefined;
    }
  }
  /** %pe of -errno: '-EINVAL'. */
  errorName(error: number): string {
    return errorName(error);
  }
  /** What Linux prints instead of a string it cannot read, or undefined when it can. */
  #invalid(address: Addr): string | undefined {
    if (address === 0) return '(null)';
    return (address > 0 && address < PAGE_SIZE) || (address < 0 && address >= -MAX_ERRNO) ? '(efault)' : undefined;
  }
  #string(address: Addr, spec: Spec): string {
    const invalid = this.#invalid(address);
    const text = invalid ?? this.#k.memory.cstring(address, spec.precision);
    return pad(spec.precision === undefined ? text : text.slice(0, spec.precision), textSpec(spec));
  }

  #pointer(spec: Spec, extension: string, va: VaList): string {
    const address = va.ptr();
    const text = (value: string): string => pad(value, textSpec(spec));
    const readable = (read: () => string): string => text(this.#invalid(address) ?? read());
    const { memory } = this.#k;
    const kind = extension[0] ?? '';
    const more = extension.slice(1);
    switch (kind) {
      case 'x':
        return spec.width > 0 ? text(hex(address, 0)) : spec.flags.includes('#') ? `0x${hex(address, 14)}` : hex(address, 16);
      case 'S':
      case 's':
        return text(this.#symbol(address, 0, kind === 'S'));
      case 'B':
        return text(this.#symbol(address, -1, true));
      case 'e':
        return address < 0 && address >= -MAX_ERRNO ? text(errorName(address)) : this.#hashed(address, spec);
      case 'V':
        return readable(() => {
          const nested = this.#k.view(VaFormat, address);
          // va_copy: the caller's list stays where it is.
          const copy = this.#k.slab.alloc(24);
          if (copy === undefined) return '';
          memory.copy(copy, nested.va, 24);
          const result = this.format(memory.cstring(nested.fmt), guestVaList(memory, copy));
          this.#k.slab.free(copy);
          return result;
        });
      case 'M':
      case 'm':
        return readable(() => {
          const bytes = [...memory.read(address, 6)].map((byte) => hexByte(byte));
          if (more.includes('R')) bytes.reverse();
          return bytes.join(kind === 'm' ? '' : more.includes('F') ? '-' : ':');
        });
      case 'I':
      case 'i':
        return readable(() => internetText(this.#k, address, kind === 'i', more) ?? `(%p${kind}?)`);
      case 'U':
        return readable(() => uuid(memory.read(address, 16), more));
      case 'h': {
        const separator = { C: ':', D: '-', N: '' }[more] ?? ' ';
        const count = Math.min(spec.width > 0 ? spec.width : 1, 64);
        return this.#invalid(address) ?? [...memory.read(address, count)].map((byte) => hexByte(byte)).join(separator);
      }
      case 'a':
        return readable(() => `0x${memory.u64(address).toString(16).padStart(16, '0')}`);
      case 'b':
        return this.#invalid(address) ?? this.#bitmap(address, spec.width, more === 'l');
      case 'R':
      case 'r':
        return readable(() => resourceText(this.#k, address, kind === 'r'));
      case 'd':
        return readable(() => dentryText(this.#k, address, Number(more[0]) || 1));
      case 'D':
        return readable(() => fileText(this.#k, address, Number(more[0]) || 1));
      case 't':
        if (more[0] !== 'R' && more[0] !== 'T') return text('(%pt?)');
        return readable(() => timeText(this.#k, address, more[0] as 'R' | 'T', more.slice(1)));
      case 'E':
        return this.#invalid(address) ?? escapedText(memory.read(address, Math.max(spec.width, 1)), more);
      case '4':
        return more.startsWith('cc') ? readable(() => fourccText(memory.u32(address))) : text('(%p4?)');
      case 'N':
        return more.startsWith('F') ? readable(() => `0x${memory.u64(address).toString(16).padStart(16, '0')}`) : text('(%pN?)');
      case 'G':
        return readable(() => flagsText(this.#k, address, more[0] ?? '') ?? '(%pG?)');
      case 'O':
        return text('(%pOF?)');
      case 'f':
        return text('(%pf?)');
      case 'A':
        this.#k.exceptions.warnOnce('lib/vsprintf.c', 2466, 'pointer', 'Please remove %pA from non-Rust code');
        return text('(%pA?)');
      case 'k':
      case 'u':
        if (more[0] !== 's') return text('(einval)');
        return kind === 'k' ? this.#string(address, spec) : text(this.#userString(address));
      case 'K':
        return this.#restricted(address, spec);
      default:
        return this.#hashed(address, spec);
    }
  }
  #userString(address: Addr): string {
    const bytes = this.#k.user.slice(address, PAGE_SIZE);
    const end = bytes.indexOf(0);
    return bytes.length === 0 ? '(efault)' : latin1(bytes.subarray(0, end < 0 ? bytes.length : end));
  }
  /** %pK: as kptr_restrict says, hashed, for the privileged only, or for nobody. */
  #restricted(address: Addr, spec: Spec): string {
    const restrict = this.#k.get(KernelVariables).int('kernel/kptr_restrict');
    if (restrict === 0) return this.#hashed(address, spec);
    return pad(hex(showAddresses(this.#k) ? address : 0, 16), textSpec(spec));
  }
  #hashed(address: Addr, spec: Spec): string {
    const plain = address === 0 || (address < 0 && address >= -MAX_ERRNO);
    return pad(plain ? hex(address, 16) : this.#k.hashPointer(address), textSpec(spec));
  }
  #symbol(address: Addr, shift: number, withOffset: boolean): string {
    const found = this.#k.symbolize(address + shift);
    if (found === undefined) return `0x${hex(address, 0)}`;
    const owner = found.module === undefined ? '' : ` [${found.module}]`;
    return withOffset ? `${found.name}+0x${(found.offset - shift).toString(16)}/0x${found.size.toString(16)}${owner}` : found.name + owner;
  }
  #bitmap(address: Addr, bits: number, list: boolean): string {
    const { memory } = this.#k;
    const isSet = (bit: number): boolean => (memory.u8(address + (bit >> 3)) & (1 << (bit & 7))) !== 0;
    if (!list) {
      const words = Array.from({ length: Math.ceil(bits / 32) }, (_, n) => {
        const left = bits - n * 32;
        const word = left >= 32 ? memory.u32(address + n * 4) : memory.u32(address + n * 4) & (2 ** left - 1);
        return (word >>> 0).toString(16).padStart(Math.min(8, Math.ceil(left / 4)), '0');
      });
      return words.reverse().join(',');
    }
    const ranges: string[] = [];
    for (let bit = 0; bit < bits; bit++) {
      if (!isSet(bit)) continue;
      const start = bit;
      while (bit + 1 < bits && isSet(bit + 1)) bit++;
      ranges.push(start === bit ? `${start}` : `${start}-${bit}`);
    }
    return ranges.join(',');
  }
}

const hex = (address: Addr, digits: number): string => BigInt.asUintN(64, BigInt(address)).toString(16).padStart(digits, '0');
const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');
const textSpec = (spec: Spec): Spec => ({ ...spec, flags: spec.flags.replaceAll('0', '') });
function pad(text: string, spec: Spec): string {
  return spec.flags.includes('-') ? text.padEnd(spec.width) : text.padStart(spec.width);
}
function errorName(address: Addr): string {
  const name = errnoName(-address);
  return /^\d/.test(name) ? `${address}` : `-${name}`;
}
function signedOf(length: string, va: VaList): bigint {
  if (length === 'hh') return BigInt.asIntN(8, va.u64());
  if (length === 'h') return BigInt.asIntN(16, va.u64());
  return length === '' ? BigInt(va.int()) : va.s64();
}
function unsignedOf(length: string, va: VaList): bigint {
  if (length === 'hh') return va.u64() & 0xffn;
  if (length === 'h') return va.u64() & 0xffffn;
  return length === '' ? BigInt(va.uint()) : va.u64();
}
function integer(value: bigint, radix: number, spec: Spec, signed: boolean, upper: boolean): string {
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString(radix);
  if (upper) digits = digits.toUpperCase();
  const sign = negative ? '-' : signed && spec.flags.includes('+') ? '+' : signed && spec.flags.includes(' ') ? ' ' : '';
  const prefix = spec.flags.includes('#') ? (radix === 16 ? (upper ? '0X' : '0x') : radix === 8 && value !== 0n ? '0' : '') : '';
  // Unlike C's, a precision does not switch the zero flag off.
  digits = digits.padStart(spec.precision ?? 0, '0');
  if (spec.flags.includes('0') && !spec.flags.includes('-')) digits = digits.padStart(spec.width - sign.length - prefix.length, '0');
  return pad(sign + prefix + digits, spec);
}
const UUID_BIG = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const UUID_LITTLE = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
function uuid(bytes: Uint8Array, more: string): string {
  const order = /[lL]/.test(more) ? UUID_LITTLE : UUID_BIG;
  const digits = order.map((n) => hexByte(bytes[n] as number)).join('');
  const text = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
  return /[BL]/.test(more) ? text.toUpperCase() : text;
}
/** Writes at most `size` bytes with the NUL, as snprintf does. */
function put(k: Kernel, buffer: Addr, size: number, text: string): void {
  if (size <= 0) return;
  const bytes = fromLatin1(text.slice(0, size - 1));
  k.memory.write(buffer, bytes);
  k.memory.setU8(buffer + bytes.length, 0);
}
const MISSING = '%pg prints a hashed pointer: there are no block devices';
const HUGE = 2 ** 31;
const va_list = pointer('struct __va_list_tag *');
const buf = voidPtr;

export const vsprintfApi: KernelApi = kernelApi('lib/vsprintf.c', {
  /** Formats into `buf`. Return: the length that the whole text has. */
  snprintf: partial(
    MISSING,
    variadic({ buf, size: size_t, fmt: cstring }, int, (k, { buf: to, size, fmt, va }) => {
      const text = k.formatter.format(fmt, va);
      put(k, to, size, text);
      return text.length;
    }),
  ),
  vsnprintf: partial(
    MISSING,
    kfunc({ buf, size: size_t, fmt: cstring, args: va_list }, int, (k, { buf: to, size, fmt, args }) => {
      const text = k.formatter.format(fmt, guestVaList(k.memory, args));
      put(k, to, size, text);
      return text.length;
    }),
  ),
  /** As snprintf, but returns what was written. */
  scnprintf: partial(
    MISSING,
    variadic({ buf, size: size_t, fmt: cstring }, int, (k, { buf: to, size, fmt, va }) => {
      const text = k.formatter.format(fmt, va);
      put(k, to, size, text);
      return Math.min(text.length, Math.max(size - 1, 0));
    }),
  ),
  vscnprintf: partial(
    MISSING,
    kfunc({ buf, size: size_t, fmt: cstring, args: va_list }, int, (k, { buf: to, size, fmt, args }) => {
      const text = k.formatter.format(fmt, guestVaList(k.memory, args));
      put(k, to, size, text);
      return Math.min(text.length, Math.max(size - 1, 0));
    }),
  ),
  sprintf: partial(
    MISSING,
    variadic({ buf, fmt: cstring }, int, (k, { buf: to, fmt, va }) => {
      const text = k.formatter.format(fmt, va);
      put(k, to, HUGE, text);
      return text.length;
    }),
  ),
  vsprintf: partial(
    MISSING,
    kfunc({ buf, fmt: cstring, args: va_list }, int, (k, { buf: to, fmt, args }) => {
      const text = k.formatter.format(fmt, guestVaList(k.memory, args));
      put(k, to, HUGE, text);
      return text.length;
    }),
  ),
});
/** The text in memory of its own, or NULL. */
function allocated(k: Kernel, gfp: number, text: string): Addr {
  const address = kmalloc(k, text.length + 1, gfp);
  if (address !== 0) k.memory.setCstring(address, text);
  return address;
}
export const kasprintfApi: KernelApi = kernelApi('lib/kasprintf.c', {
  kasprintf: partial(
    MISSING,
    variadic({ gfp: gfp_t, fmt: cstring }, voidPtr, (k, { gfp, fmt, va }) => allocated(k, gfp, k.formatter.format(fmt, va))),
  ),
  kvasprintf: partial(
    MISSING,
    kfunc({ gfp: gfp_t, fmt: cstring, ap: va_list }, voidPtr, (k, { gfp, fmt, ap }) =>
      allocated(k, gfp, k.formatter.format(fmt, guestVaList(k.memory, ap))),
    ),
  ),
  kvasprintf_const: partial(
    MISSING,
    kfunc({ gfp: gfp_t, fmt: cstring, ap: va_list }, voidPtr, (k, { gfp, fmt, ap }) =>
      allocated(k, gfp, k.formatter.format(fmt, guestVaList(k.memory, ap))),
    ),
  ),
});
