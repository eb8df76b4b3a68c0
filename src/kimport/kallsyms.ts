// The compressed symbol table inside a kernel image. Source: scripts/kallsyms.c (format), kernel/kallsyms.c (reading).
// Nothing points at it, so it is found by its shape: the token table is 256 NUL-terminated strings, followed by the
// token index (256 u16) whose entries are the strings' offsets. The names lie before, the relative base and offsets too.
import { ImportError } from './errors.ts';

export interface Symbol {
  readonly name: string;
  /** nm's letter. */
  readonly type: string;
  /** Low 32 bits of the address; per-CPU variables have their offset. */
  readonly address: number;
}

const TOKENS = 256;
const LONGEST_TOKEN = 128;
const align = (value: number, to: number): number => Math.ceil(value / to) * to;

export function decodeKallsyms(rodata: Uint8Array): Symbol[] {
  const view = new DataView(rodata.buffer, rodata.byteOffset, rodata.byteLength);
  const { index, table } = findTokens(rodata, view);
  const tokens = Array.from({ length: TOKENS }, (_, n) => {
    const start = table + view.getUint16(index + n * 2, true);
    return new TextDecoder().decode(rodata.subarray(start, rodata.indexOf(0, start)));
  });
  const { names, count } = findNames(rodata, view, table, tokens);
  const { offsets, base } = findOffsets(view, count, names, index);
  const symbols: Symbol[] = [];
  let at = names;
  for (let n = 0; n < count; n++) {
    let length = rodata[at++] as number;
    if (length & 0x80) length = (length & 0x7f) | ((rodata[at++] as number) << 7);
    let text = '';
    for (let k = 0; k < length; k++) text += tokens[rodata[at++] as number];
    // KALLSYMS_ABSOLUTE_PERCPU: positive offsets are absolute values, negative ones count down from base - 1.
    const offset = view.getInt32(offsets + n * 4, true);
    symbols.push({ type: text[0] ?? '?', name: text.slice(1), address: offset >= 0 ? offset : (base - 1 - offset) >>> 0 });
  }
  return symbols;
}

/** Digits and letters stand for themselves as tokens: their run "0\0 1\0 ... 9\0" marks the table. */
function findTokens(rodata: Uint8Array, view: DataView): { index: number; table: number } {
  const digits = [...'0123456789'].flatMap((digit) => [digit.charCodeAt(0), 0]);
  for (let at = rodata.indexOf(0x30); at >= 0; at = rodata.indexOf(0x30, at + 1)) {
    if (!digits.every((byte, n) => rodata[at + n] === byte)) continue;
    // Go back over the 47 tokens between the first and '0'. What lies before the first need not end with a NUL: its start is
    // where the table is aligned and the index behind the table agrees.
    let second = at;
    for (let back = 0x2f; back > 0; back--) second = rodata.lastIndexOf(0, second - 2) + 1;
    let end = second;
    for (let n = 1; n < TOKENS; n++) end = rodata.indexOf(0, end) + 1;
    for (let table = second - 1; table > second - LONGEST_TOKEN; table--) {
      if (table % 4 !== 0) continue;
      for (const index of [align(end, 4), align(end, 8)]) if (isIndex(rodata, view, index, table)) return { index, table };
    }
  }
  throw new ImportError('the image has no kallsyms token table (CONFIG_KALLSYMS)');
}

function isIndex(rodata: Uint8Array, view: DataView, index: number, table: number): boolean {
  if (index + TOKENS * 2 > rodata.length) return false;
  for (let n = 0, start = table; n < TOKENS; n++, start = rodata.indexOf(0, start) + 1) {
    if (view.getUint16(index + n * 2, true) !== start - table) return false;
  }
  return true;
}

/**
 * Before the tokens lie: u32 number of symbols, the names, then markers (u32: the offset of each 256th name), and in newer
 * kernels more. The count is recognised by walking that many names and finding the first two markers behind them.
 */
function findNames(rodata: Uint8Array, view: DataView, table: number, tokens: readonly string[]): { names: number; count: number } {
  const startsSymbol = tokens.map((token) => /^[a-zA-Z?]/.test(token));
  for (let at = 0; at < table; at += 4) {
    const count = view.getUint32(at, true);
    if (count < 1000 || count > 1_000_000) continue;
    for (const names of [at + 4, at + 8]) if (isNames(rodata, view, names, count, table, startsSymbol)) return { names, count };
  }
  throw new ImportError('kallsyms names not found');
}
function isNames(
  rodata: Uint8Array,
  view: DataView,
  names: number,
  count: number,
  limit: number,
  startsSymbol: readonly boolean[],
): boolean {
  let at = names;
  let second = 0;
  for (let n = 0; n < count; n++) {
    if (n === 256) second = at - names;
    let length = rodata[at++] as number;
    if (length & 0x80) length = (length & 0x7f) | ((rodata[at++] as number) << 7);
    if (length === 0 || at >= limit || !startsSymbol[rodata[at] as number]) return false;
    at += length;
  }
  return [align(at, 4), align(at, 8)].some((m) => view.getUint32(m, true) === 0 && view.getUint32(m + 4, true) === second);
}

/** The offsets (s32 per symbol) and the relative base (u64) stand before the count, or behind the token index. */
function findOffsets(view: DataView, count: number, names: number, index: number): { offsets: number; base: number } {
  const good = (base: number): boolean =>
    base > 0 &&
    view.getUint32(base + 4, true) === 0xffffffff &&
    view.getUint32(base, true) >= 0x80000000 &&
    view.getUint32(base, true) % 4096 === 0;
  for (let base = align(names - 8, 8); base > names - 64; base -= 8) {
    if (good(base)) {
      const offsets = base - align(count * 4, 8);
      return { offsets, base: view.getUint32(base, true) };
    }
  }
  const after = align(index + TOKENS * 2, 8);
  const base = after + align(count * 4, 8);
  if (good(base)) return { offsets: after, base: view.getUint32(base, true) };
  throw new ImportError('kallsyms offsets not found');
}
