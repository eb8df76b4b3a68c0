// Transformations: what users allocate to use an algorithm. Source: crypto/{api,cipher,compress}.c.
import { EINPROGRESS, EINVAL, ENOMEM } from '#abi';
import {
  blocking,
  cstring,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  u32,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { CryptoRegistry } from './registry.ts';
import {
  AeadAlg,
  alg,
  baseOffset,
  CipherAlg,
  CRYPTO_ALG_ASYNC,
  CRYPTO_ALG_OPTIONAL_KEY,
  CRYPTO_TFM_NEED_KEY,
  CryptoTfm,
  InitExit,
  type KindName,
  kindOf,
  ShashAlg,
  SkcipherAlg,
} from './structs.ts';

const CryptoShash = kernelStruct('crypto_shash', { descsize: uint });
const CryptoAead = kernelStruct('crypto_aead', { authsize: uint });
const NULL = 0;
const TFM_CTX_ALIGN = 8;

export const tfmAt = (k: Kernel, address: Addr) => k.view(CryptoTfm, address);
/** Where the tfm lies in what users hold. */
export const tfmOffset = (k: Kernel, kind: KindName): number => {
  const { handle } = kindOf(kind);
  return handle === undefined ? 0 : k.layouts.offsetOf(handle, 'base');
};
/** The algorithm's struct of a kind, from what users hold. */
export function ownAlg(k: Kernel, kind: KindName, handle: Addr): Addr {
  return tfmAt(k, handle + tfmOffset(k, kind)).__crt_alg - baseOffset(k, kind);
}
/** Functions that set a transformation up and take it down. */
function lifecycle(k: Kernel, kind: KindName, own: Addr): { init: Addr; exit: Addr } {
  switch (kind) {
    case 'shash': {
      const { init_tfm: init, exit_tfm: exit } = k.view(ShashAlg, own);
      return { init, exit };
    }
    case 'skcipher':
      return k.view(SkcipherAlg, own);
    case 'aead':
      return k.view(AeadAlg, own);
    case 'kpp':
    case 'akcipher':
    case 'acomp':
      return k.view(InitExit[kind], own);
    default:
      return { init: NULL, exit: NULL };
  }
}
/** Whether a key must be set before use. */
function needsKey(k: Kernel, kind: KindName, own: Addr): boolean {
  if (kind === 'aead') return true;
  if (kind === 'skcipher') return k.view(SkcipherAlg, own).max_keysize !== 0;
  const { cra_flags: flags } = alg(k, own + baseOffset(k, kind));
  return kind === 'shash' && k.view(ShashAlg, own).setkey !== NULL && (flags & CRYPTO_ALG_OPTIONAL_KEY) === 0;
}
/** crypto_create_tfm(): the handle of a user, or an error pointer. The caller holds a reference to the algorithm. */
export function* createTfm(k: Kernel, kind: KindName, algorithm: Addr): Sleeping<Addr> {
  const { cra_ctxsize: ctxsize, cra_alignmask: align, cra_init, cra_exit } = alg(k, algorithm);
  const offset = tfmOffset(k, kind);
  const context = ctxsize + (align & ~(TFM_CTX_ALIGN - 1));
  const handle = kzalloc(k, offset + k.layouts.sizeOf('crypto_tfm') + context);
  if (handle === NULL) return -ENOMEM;
  const tfm = tfmAt(k, handle + offset);
  tfm.__crt_alg = algorithm;
  tfm.refcnt = 1;
  tfm.node = -1;
  const own = algorithm - baseOffset(k, kind);
  if (needsKey(k, kind, own)) tfm.crt_flags |= CRYPTO_TFM_NEED_KEY;
  if (kind === 'shash') k.view(CryptoShash, handle).descsize = k.view(ShashAlg, own).descsize;
  if (kind === 'aead') k.view(CryptoAead, handle).authsize = k.view(AeadAlg, own).maxauthsize;
  const { init } = lifecycle(k, kind, own);
  let error = init === NULL ? 0 : yield* k.callInt(init, handle);
  if (error === 0 && init === NULL && cra_init !== NULL) error = yield* k.callInt(cra_init, tfm.addr);
  if (error === 0) return handle;
  if (cra_exit !== NULL && init === NULL) yield* k.call(cra_exit, tfm.addr);
  k.slab.free(handle);
  return error;
}
/** crypto_destroy_tfm(). */
function* destroyTfm(k: Kernel, handle: Addr, tfmAddress: Addr): Sleeping<void> {
  if (handle === NULL || (handle < 0 && handle >= -4095)) return;
  const tfm = tfmAt(k, tfmAddress);
  tfm.refcnt -= 1;
  if (tfm.refcnt > 0) return;
  const registry = k.get(CryptoRegistry);
  const algorithm = tfm.__crt_alg;
  const kind = registry.kind(algorithm);
  const { exit, init } = lifecycle(k, kind, algorithm - baseOffset(k, kind));
  const { cra_exit } = alg(k, algorithm);
  if (exit !== NULL) yield* k.call(exit, handle);
  else if (cra_exit !== NULL && init === NULL) yield* k.call(cra_exit, tfmAddress);
  registry.put(algorithm);
  k.memory.fill(handle, 0, k.slab.allocation(handle)?.size ?? 0);
  k.slab.free(handle);
}
/** Looks an algorithm of a kind up and makes a transformation. */
export function* allocTfm(k: Kernel, kind: KindName, name: string, type: number, mask: number): Sleeping<Addr> {
  const found = yield* findAlg(k, kind, name, type, mask);
  if (found < 0 && found >= -4095) return found;
  const handle = yield* createTfm(k, kind, found);
  if (handle < 0 && handle >= -4095) k.get(CryptoRegistry).put(found);
  return handle;
}
export function findAlg(k: Kernel, kind: KindName, name: string, type: number, mask: number): Sleeping<Addr> {
  const of = kindOf(kind);
  return k.get(CryptoRegistry).lookup(name, (type & ~0xf) | of.type, (mask & ~0xf) | of.mask);
}
function* allocBase(k: Kernel, name: string, type: number, mask: number): Sleeping<Addr> {
  const registry = k.get(CryptoRegistry);
  const found = yield* registry.lookup(name, type, mask);
  if (found < 0 && found >= -4095) return found;
  const tfm = yield* createTfm(k, 'cipher', found);
  if (tfm < 0 && tfm >= -4095) registry.put(found);
  return tfm;
}
function* has(k: Kernel, find: Sleeping<Addr>): Sleeping<number> {
  const found = yield* find;
  if (found < 0 && found >= -4095) return 0;
  k.get(CryptoRegistry).put(found);
  return 1;
}
const alg_name = cstring;
const type = u32;
const mask = u32;
export const allocator = (kind: KindName): KernelSymbol =>
  blocking({ alg_name, type, mask }, voidPtr, (k, { alg_name: name, type: flags, mask: bits }) => allocTfm(k, kind, name, flags, bits));
const tester = (kind: KindName): KernelSymbol =>
  blocking({ alg_name, type, mask }, int, (k, { alg_name: name, type: flags, mask: bits }) => has(k, findAlg(k, kind, name, flags, bits)));
const tfm = pointer('struct crypto_cipher *');
const cipherOf = (k: Kernel, handle: Addr) => k.view(CipherAlg, alg(k, tfmAt(k, handle).__crt_alg).cra_u);
const one = (direction: 'cia_encrypt' | 'cia_decrypt'): KernelSymbol =>
  blocking({ tfm, dst: voidPtr, src: voidPtr }, nothing, function* (k, { tfm: handle, dst, src }) {
    yield* k.call(cipherOf(k, handle)[direction], handle, dst, src);
  });
const NO_BUILT_IN = 'the algorithms and templates that Linux has built in do not exist: only those of modules';

export const cryptoApi: KernelApi = kernelApi('crypto/api.c', {
  crypto_alloc_base: partial(
    NO_BUILT_IN,
    blocking({ alg_name, type, mask }, voidPtr, (k, { alg_name: name, type: flags, mask: bits }) => allocBase(k, name, flags, bits)),
  ),
  crypto_destroy_tfm: blocking({ mem: voidPtr, tfm: voidPtr }, nothing, (k, { mem, tfm: at }) => destroyTfm(k, mem, at)),
  crypto_has_alg: partial(
    NO_BUILT_IN,
    blocking({ name: cstring, type, mask }, int, (k, { name, type: flags, mask: bits }) =>
      has(k, k.get(CryptoRegistry).lookup(name, flags, bits)),
    ),
  ),
  crypto_has_shash: partial(NO_BUILT_IN, tester('shash')),
  crypto_has_ahash: partial(NO_BUILT_IN, tester('ahash')),
  crypto_has_skcipher: partial(NO_BUILT_IN, tester('skcipher')),
  crypto_has_kpp: partial(NO_BUILT_IN, tester('kpp')),
  crypto_alloc_shash: partial(NO_BUILT_IN, allocator('shash')),
  crypto_alloc_skcipher: partial(NO_BUILT_IN, allocator('skcipher')),
  crypto_alloc_sync_skcipher: partial(
    NO_BUILT_IN,
    blocking({ alg_name, type, mask }, voidPtr, (k, { alg_name: name, type: flags, mask: bits }) =>
      allocTfm(k, 'skcipher', name, flags & ~CRYPTO_ALG_ASYNC, bits | CRYPTO_ALG_ASYNC),
    ),
  ),
  crypto_alloc_aead: partial(NO_BUILT_IN, allocator('aead')),
  crypto_alloc_kpp: partial(NO_BUILT_IN, allocator('kpp')),
  crypto_alloc_rng: partial(NO_BUILT_IN, allocator('rng')),
  crypto_alloc_akcipher: partial(NO_BUILT_IN, allocator('akcipher')),
  crypto_alloc_ahash: partial(`${NO_BUILT_IN}; a synchronous hash is not found as an asynchronous one`, allocator('ahash')),
  crypto_cipher_setkey: blocking({ tfm, key: voidPtr, keylen: uint }, int, function* (k, { tfm: handle, key, keylen }) {
    const { cia_min_keysize: least, cia_max_keysize: most, cia_setkey: set } = cipherOf(k, handle);
    return keylen < least || keylen > most ? -EINVAL : yield* k.callInt(set, handle, key, keylen);
  }),
  crypto_cipher_encrypt_one: one('cia_encrypt'),
  crypto_cipher_decrypt_one: one('cia_decrypt'),
  crypto_mod_get: kfunc({ alg: voidPtr }, voidPtr, (k, { alg: address }) => (k.get(CryptoRegistry).get(address) ? address : NULL)),
  crypto_mod_put: kfunc({ alg: voidPtr }, nothing, (k, { alg: address }) => k.get(CryptoRegistry).put(address)),
  /** The callback of those who wait for an asynchronous request. */
  crypto_req_done: blocking({ req: voidPtr, err: int }, nothing, function* (k, { req, err }) {
    if (err === -EINPROGRESS) return;
    // struct crypto_wait: the completion, then err.
    const wait = k.view(AsyncRequest, req).data;
    k.memory.setU32(wait + k.layouts.sizeOf('completion'), err >>> 0);
    yield* k.call(k.symbols.require('complete'), wait);
  }),
});
const AsyncRequest = kernelStruct('crypto_async_request', { data: voidPtr });
