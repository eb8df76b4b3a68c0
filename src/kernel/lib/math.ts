// Source: lib/math/{gcd,lcm,int_sqrt,div64}.c, lib/crc*.c, lib/hweight.c.
import { imageData, type KernelApi, kernelApi, kfunc, raw, size_t, u16, u32, u64, uint, ulong, voidPtr } from '../api/index.ts';
import { RAX, RDI } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
function integerSqrt(x: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(x))));
  while (root * root > x) root--;
  while ((root + 1n) * (root + 1n) <= x) root++;
  return root;
}
export const mathApi: KernelApi = kernelApi('lib/math', {
  int_pow: kfunc({ base: u64, exp: uint }, u64, (_, { base, exp }) => {
    let result = 1n;
    for (let factor = base, left = exp; left > 0; factor = BigInt.asUintN(64, factor * factor), left >>>= 1)
      if ((left & 1) !== 0) result = BigInt.asUintN(64, result * factor);
    return result;
  }),
  gcd: kfunc({ a: ulong, b: ulong }, ulong, (_, { a, b }) => gcd(a, b)),
  lcm: kfunc({ a: ulong, b: ulong }, ulong, (_, { a, b }) => (a === 0n || b === 0n ? 0n : (a / gcd(a, b)) * b)),
  int_sqrt: kfunc({ x: ulong }, ulong, (_, { x }) => integerSqrt(x)),
});

/** One byte of a CRC whose lowest bit leaves first. */
const reflected = (crc: number, byte: number, polynomial: number): number => {
  let value = crc ^ byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
};
const over = (k: Kernel, crc: number, p: Addr, len: number, step: (crc: number, byte: number) => number): number =>
  k.memory.read(p, len).reduce(step, crc) >>> 0;
const CRC32_LE = 0xedb88320;
const CRC32C_LE = 0x82f63b78;
const CRC32_BE = 0x04c11db7;
const CRC_CCITT = 0x8408;
const topFirst = (crc: number, byte: number, polynomial: number, bits: number): number => {
  let value = crc ^ (byte << (bits - 8));
  for (let bit = 0; bit < 8; bit++) value = ((value >>> (bits - 1)) & 1) !== 0 ? (value << 1) ^ polynomial : value << 1;
  return bits === 32 ? value >>> 0 : value & (2 ** bits - 1);
};
export const crcApi: KernelApi = kernelApi('lib/crc', {
  crc32_le: kfunc({ crc: u32, p: voidPtr, len: size_t }, u32, (k, { crc, p, len }) =>
    over(k, crc, p, len, (c, byte) => reflected(c, byte, CRC32_LE)),
  ),
  __crc32c_le: kfunc({ crc: u32, p: voidPtr, len: size_t }, u32, (k, { crc, p, len }) =>
    over(k, crc, p, len, (c, byte) => reflected(c, byte, CRC32C_LE)),
  ),
  crc32_be: kfunc({ crc: u32, p: voidPtr, len: size_t }, u32, (k, { crc, p, len }) =>
    over(k, crc, p, len, (c, byte) => topFirst(c, byte, CRC32_BE, 32)),
  ),
  crc_ccitt: kfunc({ crc: u16, buffer: voidPtr, len: size_t }, u16, (k, { crc, buffer, len }) =>
    over(k, crc, buffer, len, (c, byte) => reflected(c, byte, CRC_CCITT)),
  ),
});
const ones = (value: bigint): bigint => BigInt(value.toString(2).replaceAll('0', '').length);
/** They keep every register but rax. */
export const hweightApi: KernelApi = kernelApi('arch/x86/lib/hweight.S', {
  __sw_hweight32: raw((_, registers) => registers.setU64(RAX, ones(BigInt.asUintN(32, registers.u64(RDI))))),
  __sw_hweight64: raw((_, registers) => registers.setU64(RAX, ones(registers.u64(RDI)))),
});
export const ctypeApi: KernelApi = kernelApi('lib/ctype.c', {
  _ctype: imageData,
});
