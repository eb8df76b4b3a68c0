// The order in which depmod meets modules and symbols: that of its hash tables. Source: kmod.md 3, "Order of modules":
// Hsieh's SuperFastHash as in WebKit and EFL, without a seed; inside a bucket by strcmp.

function hash(key: Uint8Array): number {
  let value = key.length;
  const pair = (at: number): number => (key[at] as number) | ((key[at + 1] as number) << 8);
  const full = key.length & ~3;
  for (let at = 0; at < full; at += 4) {
    value = (value + pair(at)) | 0;
    value = (value << 16) ^ ((pair(at + 2) << 11) ^ value);
    value = (value + (value >>> 11)) | 0;
  }
  switch (key.length & 3) {
    case 3:
      value = (value + pair(full)) | 0;
      value ^= value << 16;
      value ^= (((key[full + 2] as number) << 24) >> 24) << 18;
      value = (value + (value >>> 11)) | 0;
      break;
    case 2:
      value = (value + pair(full)) | 0;
      value ^= value << 11;
      value = (value + (value >>> 17)) | 0;
      break;
    case 1:
      value = (value + (((key[full] as number) << 24) >> 24)) | 0;
      value ^= value << 10;
      value = (value + (value >>> 1)) | 0;
      break;
  }
  value ^= value << 3;
  value = (value + (value >>> 5)) | 0;
  value ^= value << 4;
  value = (value + (value >>> 17)) | 0;
  value ^= value << 25;
  value = (value + (value >>> 6)) | 0;
  return value >>> 0;
}
/** `items` as a table with `buckets` (a power of two) gives them back. */
export function hashOrder<T>(items: Iterable<T>, keyOf: (item: T) => string, buckets: number): T[] {
  const encoder = new TextEncoder();
  const rows = Array.from(items, (item) => {
    const key = keyOf(item);
    return { item, key, bucket: hash(encoder.encode(key)) & (buckets - 1) };
  });
  rows.sort((a, b) => a.bucket - b.bucket || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return rows.map(({ item }) => item);
}
