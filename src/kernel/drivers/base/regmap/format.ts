// How registers and values lie on a bus. Source: drivers/base/regmap/regmap.c.

export type Endian = 'big' | 'little';
/** Which endianness an enum regmap_endian means; undefined: no opinion. */
export const endianOf = (value: number): Endian | undefined => (value === 0 ? undefined : value === 1 ? 'big' : 'little');

/** A number in `bytes` bytes. */
export function put(value: number, bytes: number, endian: Endian): Uint8Array {
  const data = new Uint8Array(bytes);
  for (let n = 0; n < bytes; n++) data[endian === 'big' ? bytes - 1 - n : n] = Math.floor(value / 2 ** (8 * n)) & 0xff;
  return data;
}
export function take(data: Uint8Array, endian: Endian): number {
  let value = 0;
  for (let n = 0; n < data.length; n++) value += (data[endian === 'big' ? data.length - 1 - n : n] ?? 0) * 2 ** (8 * n);
  return value;
}
export interface Format {
  readonly regBits: number;
  readonly regBytes: number;
  readonly padBytes: number;
  readonly padShift: number;
  readonly valBits: number;
  readonly valBytes: number;
  readonly regEndian: Endian;
  readonly valEndian: Endian;
  /** Set in the first bytes of a register when it is read or written. */
  readonly readFlag: number;
  readonly writeFlag: number;
}
/** Register and value in one word, where their widths are no bytes: [register bits, value bits]. */
const PACKED: readonly (readonly [number, number])[] = [
  [2, 6],
  [4, 12],
  [7, 9],
  [7, 17],
  [10, 14],
];
export const isPacked = (format: Format): boolean =>
  PACKED.some(([reg, val]) => reg === format.regBits + format.padShift && val === format.valBits);
/** Whether Linux knows this pair of widths. */
export const isKnown = (format: Format): boolean =>
  isPacked(format) || ([8, 16, 24, 32].includes(format.regBits + format.padShift) && format.valBytes <= 4);

/** The bytes of a register on the bus, with the flag for its direction. */
export function registerBytes(format: Format, reg: number, flag: number): Uint8Array {
  const bytes = new Uint8Array(format.regBytes + format.padBytes);
  bytes.set(put(reg * 2 ** format.padShift, format.regBytes, format.regEndian));
  for (let n = 0; n < format.regBytes; n++) bytes[n] = (bytes[n] ?? 0) | ((flag >>> (8 * n)) & 0xff);
  return bytes;
}
/** A write of a packed format. */
export function packedBytes(format: Format, reg: number, value: number): Uint8Array {
  const bits = format.regBits + format.padShift + format.valBits;
  return put(reg * 2 ** (format.valBits + format.padShift) + value, Math.ceil(bits / 8), 'big');
}
export const valueBytes = (format: Format, value: number): Uint8Array => put(value, format.valBytes, format.valEndian);
export const valueOf = (format: Format, data: Uint8Array): number => take(data, format.valEndian);
