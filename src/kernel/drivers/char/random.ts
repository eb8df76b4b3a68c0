// Source: drivers/char/random.c, lib/random32.c, lib/uuid.c.
import { EINVAL } from '#abi';
import {
  bool,
  cstring,
  imageData,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  ptr,
  size_t,
  u8,
  u16,
  u32,
  u64,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

function randomBytes(k: Kernel, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  k.host.random(bytes);
  return bytes;
}
const random32 = (k: Kernel): number => new DataView(randomBytes(k, 4).buffer).getUint32(0);

export const randomApi: KernelApi = kernelApi('drivers/char/random.c', {
  get_random_bytes: kfunc({ buf: voidPtr, len: size_t }, nothing, (k, { buf, len }) => k.memory.write(buf, randomBytes(k, len))),
  get_random_u8: kfunc({}, u8, (k) => random32(k) & 0xff),
  get_random_u16: kfunc({}, u16, (k) => random32(k) & 0xffff),
  get_random_u32: kfunc({}, u32, (k) => random32(k)),
  get_random_u64: kfunc({}, u64, (k) => new DataView(randomBytes(k, 8).buffer).getBigUint64(0)),
  /** Uniform in [0, ceil). */
  __get_random_u32_below: kfunc({ ceil: u32 }, u32, (k, { ceil }) => {
    if (ceil === 0) return random32(k);
    const limit = 2 ** 32 - (2 ** 32 % ceil);
    for (let value = random32(k); ; value = random32(k)) if (value < limit) return value % ceil;
  }),
  add_device_randomness: partial(
    'the host is the only source of entropy',
    kfunc({ buf: voidPtr, len: size_t }, nothing, () => {}),
  ),
  wait_for_random_bytes: kfunc({}, int, () => 0),
  rng_is_initialized: kfunc({}, bool, () => true),
});

const RndState = kernelStruct('rnd_state', { s1: u32, s2: u32, s3: u32, s4: u32 });
const state = ptr(RndState);
type State = { s1: number; s2: number; s3: number; s4: number };
/** L'Ecuyer's taus113: each word's parameters (include/linux/prandom.h). */
const taus = (s: number, a: number, b: number, c: number, d: number): number => (((s & c) << d) ^ ((((s << a) ^ s) >>> 0) >>> b)) >>> 0;
function next(s: State): number {
  s.s1 = taus(s.s1, 6, 13, 0xfffffffe, 18);
  s.s2 = taus(s.s2, 2, 27, 0xfffffff8, 2);
  s.s3 = taus(s.s3, 13, 21, 0xfffffff0, 7);
  s.s4 = taus(s.s4, 3, 12, 0xffffff80, 13);
  return (s.s1 ^ s.s2 ^ s.s3 ^ s.s4) >>> 0;
}
export const prandomApi: KernelApi = kernelApi('lib/random32.c', {
  prandom_u32_state: kfunc({ state }, u32, (_, { state: s }) => next(s)),
  prandom_bytes_state: kfunc({ state, buf: voidPtr, bytes: size_t }, nothing, (k, { state: s, buf, bytes }) => {
    const out = new Uint8Array(Math.ceil(bytes / 4) * 4);
    const view = new DataView(out.buffer);
    for (let at = 0; at < bytes; at += 4) view.setUint32(at, next(s), true);
    k.memory.write(buf, out.subarray(0, bytes));
  }),
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
/** Where byte n of the text's 16 bytes stands in memory. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
const UUID_ORDER = Array.from({ length: 16 }, (_, n) => n);
function parse(k: Kernel, text: string, to: Addr, order: readonly number[]): number {
  if (!UUID.test(text)) return -EINVAL;
  const digits = text.slice(0, 36).replaceAll('-', '');
  order.forEach((place, n) => k.memory.setU8(to + place, Number.parseInt(digits.slice(n * 2, n * 2 + 2), 16)));
  return 0;
}
/** RFC 4122, version 4. `version` is the byte that holds it. */
function generate(k: Kernel, to: Addr, version: number): void {
  const bytes = randomBytes(k, 16);
  bytes[version] = ((bytes[version] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  k.memory.write(to, bytes);
}
export const uuidApi: KernelApi = kernelApi('lib/uuid.c', {
  guid_null: imageData,
  uuid_null: imageData,
  guid_parse: kfunc({ uuid: cstring, u: pointer('guid_t *') }, int, (k, { uuid, u }) => parse(k, uuid, u, GUID_ORDER)),
  uuid_parse: kfunc({ uuid: cstring, u: pointer('uuid_t *') }, int, (k, { uuid, u }) => parse(k, uuid, u, UUID_ORDER)),
  uuid_is_valid: kfunc({ uuid: cstring }, bool, (_, { uuid }) => UUID.test(uuid)),
  guid_gen: kfunc({ lu: pointer('guid_t *') }, nothing, (k, { lu }) => generate(k, lu, 7)),
  uuid_gen: kfunc({ bu: pointer('uuid_t *') }, nothing, (k, { bu }) => generate(k, bu, 6)),
  generate_random_uuid: kfunc({ uuid: voidPtr }, nothing, (k, { uuid }) => generate(k, uuid, 6)),
});
