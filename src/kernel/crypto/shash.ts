// Synchronous hashes. Source: crypto/shash.c.
import { EINVAL, ENOKEY, ENOSYS } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { sgCopy } from '../lib/scatterlist.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { ownAlg, tfmAt, tfmOffset } from './api.ts';
import { CRYPTO_TFM_NEED_KEY, ShashAlg } from './structs.ts';

const ShashDesc = kernelStruct('shash_desc', { tfm: voidPtr });
const CryptoShash = kernelStruct('crypto_shash', { descsize: uint });
const NULL = 0;

const algorithmOf = (k: Kernel, tfm: Addr) => k.view(ShashAlg, ownAlg(k, 'shash', tfm));
const ofDesc = (k: Kernel, desc: Addr) => algorithmOf(k, k.view(ShashDesc, desc).tfm);
const flagsAt = (k: Kernel, tfm: Addr) => tfmAt(k, tfm + tfmOffset(k, 'shash'));

function* finup(k: Kernel, desc: Addr, data: Addr, len: number, out: Addr): Sleeping<number> {
  const { finup: fn, update, final } = ofDesc(k, desc);
  if (fn !== NULL) return yield* k.callInt(fn, desc, data, len, out);
  const error = yield* k.callInt(update, desc, data, len);
  return error !== 0 ? error : yield* k.callInt(final, desc, out);
}
function* digest(k: Kernel, desc: Addr, data: Addr, len: number, out: Addr): Sleeping<number> {
  if ((flagsAt(k, k.view(ShashDesc, desc).tfm).crt_flags & CRYPTO_TFM_NEED_KEY) !== 0) return -ENOKEY;
  const { digest: fn, init } = ofDesc(k, desc);
  if (fn !== NULL) return yield* k.callInt(fn, desc, data, len, out);
  const error = yield* k.callInt(init, desc);
  return error !== 0 ? error : yield* finup(k, desc, data, len, out);
}
const AhashRequest = kernelStruct('ahash_request', { nbytes: uint, src: voidPtr, result: voidPtr });
/** Runs `body` over the request's data in one piece. */
function* gathered(k: Kernel, req: Addr, body: (from: Addr, bytes: number, to: Addr) => Sleeping<number>): Sleeping<number> {
  const { nbytes, src, result } = k.view(AhashRequest, req);
  const piece = kzalloc(k, Math.max(1, nbytes));
  if (nbytes > 0) sgCopy(k, src, 0xffffffff, piece, nbytes, 0, true);
  const error = yield* body(piece, nbytes, result);
  k.slab.free(piece);
  return error;
}
const desc = pointer('struct shash_desc *');
const tfm = pointer('struct crypto_shash *');
const data = voidPtr;
const len = uint;
const out = voidPtr;

export const shashApi: KernelApi = kernelApi('crypto/shash.c', {
  crypto_shash_setkey: blocking({ tfm, key: voidPtr, keylen: uint }, int, function* (k, { tfm: of, key, keylen }) {
    const { setkey } = algorithmOf(k, of);
    if (setkey === NULL) return -ENOSYS;
    const error = yield* k.callInt(setkey, of, key, keylen);
    if (error === 0) flagsAt(k, of).crt_flags &= ~CRYPTO_TFM_NEED_KEY;
    else flagsAt(k, of).crt_flags |= CRYPTO_TFM_NEED_KEY;
    return error;
  }),
  crypto_shash_update: blocking({ desc, data, len }, int, (k, { desc: of, data: from, len: bytes }) =>
    k.callInt(ofDesc(k, of).update, of, from, bytes),
  ),
  crypto_shash_final: blocking({ desc, out }, int, (k, { desc: of, out: to }) => k.callInt(ofDesc(k, of).final, of, to)),
  crypto_shash_finup: blocking({ desc, data, len, out }, int, (k, { desc: of, data: from, len: bytes, out: to }) =>
    finup(k, of, from, bytes, to),
  ),
  crypto_shash_digest: blocking({ desc, data, len, out }, int, (k, { desc: of, data: from, len: bytes, out: to }) =>
    digest(k, of, from, bytes, to),
  ),
  crypto_shash_tfm_digest: blocking({ tfm, data, len, out }, int, function* (k, { tfm: of, data: from, len: bytes, out: to }) {
    const place = kzalloc(k, k.layouts.sizeOf('shash_desc') + k.view(CryptoShash, of).descsize);
    k.view(ShashDesc, place).tfm = of;
    const error = yield* digest(k, place, from, bytes, to);
    k.slab.free(place);
    return error;
  }),
  /** A hash over a scatter list. */
  shash_ahash_update: blocking({ req: voidPtr, desc }, int, (k, { req, desc: of }) =>
    gathered(k, req, (from, bytes) => k.callInt(ofDesc(k, of).update, of, from, bytes)),
  ),
  shash_ahash_finup: blocking({ req: voidPtr, desc }, int, (k, { req, desc: of }) =>
    gathered(k, req, (from, bytes, to) => finup(k, of, from, bytes, to)),
  ),
  shash_ahash_digest: blocking({ req: voidPtr, desc }, int, (k, { req, desc: of }) =>
    gathered(k, req, (from, bytes, to) => digest(k, of, from, bytes, to)),
  ),
  crypto_shash_alg_has_setkey: kfunc({ alg: voidPtr }, bool, (k, { alg }) => k.view(ShashAlg, alg).setkey !== NULL),
  /** The state of a hash is what its descriptor holds. */
  shash_default_export: kfunc({ desc, out }, int, (k, { desc: of, out: to }) => {
    const { tfm: handle } = k.view(ShashDesc, of);
    k.memory.copy(to, of + k.layouts.sizeOf('shash_desc'), k.view(CryptoShash, handle).descsize);
    return 0;
  }),
  shash_default_import: kfunc({ desc, in: voidPtr }, int, (k, { desc: of, in: from }) => {
    const { tfm: handle } = k.view(ShashDesc, of);
    if (from === NULL) return -EINVAL;
    k.memory.copy(of + k.layouts.sizeOf('shash_desc'), from, k.view(CryptoShash, handle).descsize);
    return 0;
  }),
});
