// Structs of the crypto API. Source: include/linux/crypto.h, include/crypto/*.h, crypto/internal.h.
import { embedded, fnPtr, int, kernelStruct, u32, uint, voidPtr } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

export const CryptoAlg = kernelStruct('crypto_alg', {
  cra_list: embedded,
  cra_users: embedded,
  cra_flags: u32,
  cra_blocksize: uint,
  cra_ctxsize: uint,
  cra_alignmask: uint,
  cra_priority: int,
  cra_refcnt: int,
  cra_name: embedded,
  cra_driver_name: embedded,
  cra_type: voidPtr,
  cra_u: embedded,
  cra_init: fnPtr,
  cra_exit: fnPtr,
  cra_destroy: fnPtr,
  cra_module: voidPtr,
});
export const CryptoTfm = kernelStruct('crypto_tfm', { refcnt: int, crt_flags: u32, node: int, exit: fnPtr, __crt_alg: voidPtr });
export const CipherAlg = kernelStruct('cipher_alg', {
  cia_min_keysize: uint,
  cia_max_keysize: uint,
  cia_setkey: fnPtr,
  cia_encrypt: fnPtr,
  cia_decrypt: fnPtr,
});
export const ShashAlg = kernelStruct('shash_alg', {
  init: fnPtr,
  update: fnPtr,
  final: fnPtr,
  finup: fnPtr,
  digest: fnPtr,
  export: fnPtr,
  import: fnPtr,
  setkey: fnPtr,
  init_tfm: fnPtr,
  exit_tfm: fnPtr,
  descsize: uint,
  digestsize: uint,
  statesize: uint,
  base: embedded,
});
export const SkcipherAlg = kernelStruct('skcipher_alg', {
  setkey: fnPtr,
  encrypt: fnPtr,
  decrypt: fnPtr,
  init: fnPtr,
  exit: fnPtr,
  min_keysize: uint,
  max_keysize: uint,
  ivsize: uint,
  chunksize: uint,
  walksize: uint,
});
export const AeadAlg = kernelStruct('aead_alg', {
  setkey: fnPtr,
  setauthsize: fnPtr,
  encrypt: fnPtr,
  decrypt: fnPtr,
  init: fnPtr,
  exit: fnPtr,
  ivsize: uint,
  maxauthsize: uint,
  chunksize: uint,
});
export const RngAlg = kernelStruct('rng_alg', { seedsize: uint });
export const HashAlgCommon = kernelStruct('hash_alg_common', { digestsize: uint, statesize: uint });
export const InitExit = {
  kpp: kernelStruct('kpp_alg', { init: fnPtr, exit: fnPtr }),
  akcipher: kernelStruct('akcipher_alg', { init: fnPtr, exit: fnPtr }),
  acomp: kernelStruct('acomp_alg', { init: fnPtr, exit: fnPtr }),
} as const;

export const NAME_SIZE = 128;
export const CRYPTO_ALG_DEAD = 0x20;
export const CRYPTO_ALG_ASYNC = 0x80;
export const CRYPTO_ALG_TESTED = 0x400;
export const CRYPTO_ALG_INSTANCE = 0x800;
export const CRYPTO_ALG_INTERNAL = 0x2000;
export const CRYPTO_ALG_OPTIONAL_KEY = 0x4000;
/** What an instance takes over from the algorithms below it. */
export const INHERITED_FLAGS = 0x80 | 0x100 | 0x10000;
/** crt_flags: the key is still to be set. */
export const CRYPTO_TFM_NEED_KEY = 1;

/** The kinds of algorithms: struct around crypto_alg, path to it, number and mask of the type in cra_flags. */
interface Kind {
  readonly struct: string;
  readonly base: string;
  readonly type: number;
  readonly mask: number;
  /** The struct that users hold, and where the tfm lies in it. */
  readonly handle?: string;
}
// biome-ignore format: one kind a row
export const kinds = {
  cipher:   { struct: 'crypto_alg',   base: '',          type: 0x1, mask: 0xf },
  compress: { struct: 'crypto_alg',   base: '',          type: 0x2, mask: 0xf },
  aead:     { struct: 'aead_alg',     base: 'base',      type: 0x3, mask: 0xf, handle: 'crypto_aead' },
  skcipher: { struct: 'skcipher_alg', base: 'base',      type: 0x5, mask: 0xf, handle: 'crypto_skcipher' },
  kpp:      { struct: 'kpp_alg',      base: 'base',      type: 0x8, mask: 0xf, handle: 'crypto_kpp' },
  acomp:    { struct: 'acomp_alg',    base: 'base',      type: 0xa, mask: 0xe },
  scomp:    { struct: 'scomp_alg',    base: 'base',      type: 0xb, mask: 0xf },
  rng:      { struct: 'rng_alg',      base: 'base',      type: 0xc, mask: 0xf, handle: 'crypto_rng' },
  akcipher: { struct: 'akcipher_alg', base: 'base',      type: 0xd, mask: 0xf, handle: 'crypto_akcipher' },
  shash:    { struct: 'shash_alg',    base: 'base',      type: 0xe, mask: 0xf, handle: 'crypto_shash' },
  ahash:    { struct: 'ahash_alg',    base: 'halg.base', type: 0xf, mask: 0xe },
} as const satisfies Record<string, Kind>;
export type KindName = keyof typeof kinds;
export const kindOf = (name: KindName): Kind => kinds[name];

/** Where crypto_alg lies in the struct of a kind. */
export function baseOffset(k: Kernel, name: KindName): number {
  const { struct, base } = kinds[name];
  return base === '' ? 0 : k.layouts.offsetOf(struct, base);
}
export const alg = (k: Kernel, address: Addr) => k.view(CryptoAlg, address);
export const algName = (k: Kernel, address: Addr): string => k.memory.cstring(alg(k, address).cra_name, NAME_SIZE);
export const driverNameOf = (k: Kernel, address: Addr): string => k.memory.cstring(alg(k, address).cra_driver_name, NAME_SIZE);
