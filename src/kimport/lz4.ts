// The legacy LZ4 frame, which kernel images use. Source: lz4_Frame_format.md ("Legacy frame"), lz4_Block_format.md.
import { ImportError } from './errors.ts';

export const LZ4_LEGACY_MAGIC = [0x02, 0x21, 0x4c, 0x18] as const;
const MIN_MATCH = 4;
const BLOCK_MAX = 8 << 20;
const LENGTH_MORE = 15;

/** Inflates; `size` is what comes out. */
export function unLz4(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at: number = LZ4_LEGACY_MAGIC.length;
  let written = 0;
  while (written < size) {
    if (at + 4 > bytes.length) throw new ImportError('the LZ4 stream ends early', at);
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw new ImportError('an LZ4 block reaches past the end', at);
    written = block(bytes, at + 4, end, out, written);
    at = end;
  }
  return out;
}

/** One block: sequences of literals and matches. Gives the new end of `out`. */
function block(bytes: Uint8Array, start: number, end: number, out: Uint8Array, from: number): number {
  let at = start;
  let to = from;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble === LENGTH_MORE) {
      for (let more = 255; more === 255 && at < end; total += more) more = bytes[at++] as number;
    }
    return total;
  };
  while (at < end) {
    const token = bytes[at++] as number;
    const literals = length(token >> 4);
    if (at + literals > end || to + literals > out.length) throw new ImportError('LZ4 literals reach past the end', at);
    out.set(bytes.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at >= end) break;
    const offset = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    at += 2;
    const match = length(token & 15) + MIN_MATCH;
    if (offset === 0 || offset > to || to + match > out.length || to - from > BLOCK_MAX) throw new ImportError('bad LZ4 match', at);
    // The match may overlap what it writes: byte by byte.
    for (let n = 0; n < match; n++, to++) out[to] = out[to - offset] as number;
  }
  return to;
}
