// SipHash-2-4 and, for hash tables, SipHash-1-3. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF";
// lib/siphash.c: on 64 bits hsiphash is SipHash-1-3, cut to 32 bits.
import { type KernelApi, type KernelSymbol, kernelApi, kfunc, pointer, size_t, u32, u64, voidPtr } from '../api/index.ts';

const MASK = (1n << 64n) - 1n;
const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;
const KEY_BYTES = 16;

/** The hash of `data` under a key of 16 bytes, with `compressions` rounds a word and `finalizations` at the end. */
export function siphash(data: Uint8Array, key: Uint8Array, compressions = 2, finalizations = 4): bigint {
  const keyView = new DataView(key.buffer, key.byteOffset, KEY_BYTES);
  const k0 = keyView.getBigUint64(0, true);
  const k1 = keyView.getBigUint64(8, true);
  let v0 = 0x736f6d6570736575n ^ k0;
  let v1 = 0x646f72616e646f6dn ^ k1;
  let v2 = 0x6c7967656e657261n ^ k0;
  let v3 = 0x7465646279746573n ^ k1;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotl(v1, 13n) ^ v0;
    v0 = rotl(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotl(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotl(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotl(v1, 17n) ^ v2;
    v2 = rotl(v2, 32n);
  };
  // The last word has the rest of the bytes and, on top, the length.
  const padded = new Uint8Array(Math.floor(data.length / 8) * 8 + 8);
  padded.set(data);
  padded[padded.length - 1] = data.length & 0xff;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = words.getBigUint64(at, true);
    v3 ^= word;
    for (let n = 0; n < compressions; n++) round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let n = 0; n < finalizations; n++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}
/** The low 32 bits of siphash_1u64(word, key). */
export function siphash32(key: Uint8Array, word: bigint): number {
  return Number(siphash(words(8, [word]), key) & 0xffffffffn);
}
/** Little-endian words of `bytes` bytes each. */
function words(bytes: 4 | 8, values: readonly (number | bigint)[]): Uint8Array {
  const data = new Uint8Array(values.length * bytes);
  const view = new DataView(data.buffer);
  values.forEach((value, n) => {
    if (bytes === 8) view.setBigUint64(n * 8, BigInt(value), true);
    else view.setUint32(n * 4, Number(value), true);
  });
  return data;
}
const key = pointer('const siphash_key_t *');
const NAMES = ['first', 'second', 'third', 'forth'] as const;
const low32 = (hash: bigint): number => Number(hash & 0xffffffffn);
/** siphash_Nu64, siphash_Nu32: the arguments as if they stood in memory, one behind the other. */
function ofWords(count: number, bytes: 4 | 8): KernelSymbol {
  const type = bytes === 8 ? u64 : u32;
  const params = Object.fromEntries(NAMES.slice(0, count).map((name) => [name, type]));
  return kfunc({ ...params, key }, u64, (k, values) => {
    const given = NAMES.slice(0, count).map((name) => (values as unknown as Record<string, number | bigint>)[name] ?? 0);
    return siphash(words(bytes, given), k.memory.read((values as unknown as { key: number }).key, KEY_BYTES));
  });
}
function shortOfWords(count: number): KernelSymbol {
  const params = Object.fromEntries(NAMES.slice(0, count).map((name) => [name, u32]));
  return kfunc({ ...params, key }, u32, (k, values) => {
    const given = NAMES.slice(0, count).map((name) => (values as unknown as Record<string, number>)[name] ?? 0);
    return low32(siphash(words(4, given), k.memory.read((values as unknown as { key: number }).key, KEY_BYTES), 1, 3));
  });
}
export const siphashApi: KernelApi = kernelApi('lib/siphash.c', {
  __siphash_unaligned: kfunc({ data: voidPtr, len: size_t, key }, u64, (k, { data, len, key: at }) =>
    siphash(k.memory.read(data, len), k.memory.read(at, KEY_BYTES)),
  ),
  __hsiphash_unaligned: kfunc({ data: voidPtr, len: size_t, key }, u32, (k, { data, len, key: at }) =>
    low32(siphash(k.memory.read(data, len), k.memory.read(at, KEY_BYTES), 1, 3)),
  ),
  siphash_1u64: ofWords(1, 8),
  siphash_2u64: ofWords(2, 8),
  siphash_3u64: ofWords(3, 8),
  siphash_4u64: ofWords(4, 8),
  siphash_1u32: ofWords(1, 4),
  siphash_3u32: ofWords(3, 4),
  hsiphash_1u32: shortOfWords(1),
  hsiphash_2u32: shortOfWords(2),
  hsiphash_3u32: shortOfWords(3),
  hsiphash_4u32: shortOfWords(4),
});
