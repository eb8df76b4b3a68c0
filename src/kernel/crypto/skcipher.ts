// Symmetric and authenticated ciphers, and the walk over their data. Source: crypto/{skcipher,aead,scatterwalk}.c.
import { EINVAL, ENOKEY } from '#abi';
import {
  blocking,
  bool,
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
  size_t,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { sgBytesAt, sgCopy, sgNext } from '../lib/scatterlist.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { ownAlg, tfmAt, tfmOffset } from './api.ts';
import { AeadAlg, alg, CRYPTO_TFM_NEED_KEY, type KindName, SkcipherAlg } from './structs.ts';

const SkcipherRequest = kernelStruct('skcipher_request', {
  cryptlen: uint,
  iv: voidPtr,
  src: voidPtr,
  dst: voidPtr,
  'base.tfm': voidPtr,
});
const AeadRequest = kernelStruct('aead_request', {
  'base.tfm': voidPtr,
  assoclen: uint,
  cryptlen: uint,
  iv: voidPtr,
  src: voidPtr,
  dst: voidPtr,
});
const Aead = kernelStruct('crypto_aead', { authsize: uint });
const Walk = kernelStruct('skcipher_walk', {
  'src.virt.addr': voidPtr,
  'dst.virt.addr': voidPtr,
  nbytes: uint,
  total: uint,
  buffer: voidPtr,
  oiv: voidPtr,
  iv: voidPtr,
  ivsize: uint,
  blocksize: uint,
  stride: uint,
  alignmask: uint,
});
const Scatterlist = kernelStruct('scatterlist', { page_link: voidPtr, offset: uint, length: uint });
const ScatterWalk = kernelStruct('scatter_walk', { sg: voidPtr, offset: uint });
const NULL = 0;
const ALL = 0xffffffff;

/** The algorithm and the tfm behind a request's tfm pointer. */
function behind(k: Kernel, kind: KindName, tfm: Addr): { handle: Addr; own: Addr; keyMissing: boolean } {
  const handle = tfm - tfmOffset(k, kind);
  return { handle, own: ownAlg(k, kind, handle), keyMissing: (tfmAt(k, tfm).crt_flags & CRYPTO_TFM_NEED_KEY) !== 0 };
}
function* setKey(k: Kernel, kind: 'skcipher' | 'aead', handle: Addr, key: Addr, length: number): Sleeping<number> {
  const own = ownAlg(k, kind, handle);
  let fn = NULL;
  if (kind === 'skcipher') {
    const cipher = k.view(SkcipherAlg, own);
    if (length < cipher.min_keysize || length > cipher.max_keysize) return -EINVAL;
    fn = cipher.setkey;
  } else fn = k.view(AeadAlg, own).setkey;
  const error = yield* k.callInt(fn, handle, key, length);
  const tfm = tfmAt(k, handle + tfmOffset(k, kind));
  if (error === 0) tfm.crt_flags &= ~CRYPTO_TFM_NEED_KEY;
  else tfm.crt_flags |= CRYPTO_TFM_NEED_KEY;
  return error;
}
const req = voidPtr;
const crypt = (direction: 'encrypt' | 'decrypt'): KernelSymbol =>
  blocking({ req }, int, function* (k, { req: request }) {
    const { own, keyMissing } = behind(k, 'skcipher', k.view(SkcipherRequest, request)['base.tfm']);
    return keyMissing ? -ENOKEY : yield* k.callInt(k.view(SkcipherAlg, own)[direction], request);
  });
const aeadCrypt = (direction: 'encrypt' | 'decrypt'): KernelSymbol =>
  blocking({ req }, int, function* (k, { req: request }) {
    const view = k.view(AeadRequest, request);
    const { own, keyMissing, handle } = behind(k, 'aead', view['base.tfm']);
    if (keyMissing) return -ENOKEY;
    if (direction === 'decrypt' && view.cryptlen < k.view(Aead, handle).authsize) return -EINVAL;
    return yield* k.callInt(k.view(AeadAlg, own)[direction], request);
  });

/** Where a walk writes what has been worked on, and how far it is. The walk itself lies on the guest's stack. */
interface Progress {
  readonly src: Addr;
  readonly dst: Addr;
  /** Bytes of the lists before what is next. */
  position: number;
}
class Walks extends Map<Addr, Progress> {
  constructor(_k: Kernel) {
    super();
  }
}
/** All that is left, in one piece of memory: the module works in place there. */
function step(k: Kernel, walk: Addr): number {
  const view = k.view(Walk, walk);
  const progress = k.get(Walks).get(walk);
  if (progress === undefined || view.total === 0) return finish(k, walk, 0);
  if (view.total < view.blocksize) return finish(k, walk, -EINVAL);
  view.buffer = kzalloc(k, view.total);
  sgCopy(k, progress.src, ALL, view.buffer, view.total, progress.position, true);
  view['src.virt.addr'] = view.buffer;
  view['dst.virt.addr'] = view.buffer;
  view.nbytes = view.total;
  return 0;
}
function finish(k: Kernel, walk: Addr, error: number): number {
  const view = k.view(Walk, walk);
  if (view.buffer !== NULL) k.slab.free(view.buffer);
  view.buffer = NULL;
  view.nbytes = 0;
  view.total = 0;
  k.get(Walks).delete(walk);
  return error;
}
interface Span {
  readonly src: Addr;
  readonly dst: Addr;
  readonly start: number;
  readonly total: number;
  readonly iv: Addr;
}
function begin(
  k: Kernel,
  walk: Addr,
  { src, dst, start, total, iv }: Span,
  sizes: { ivsize: number; block: number; stride: number },
): number {
  const view = k.view(Walk, walk);
  Object.assign(view, { total, nbytes: 0, buffer: NULL, iv, oiv: iv, ivsize: sizes.ivsize, blocksize: sizes.block, stride: sizes.stride });
  if (total === 0) return 0;
  k.get(Walks).set(walk, { src, dst, position: start });
  return step(k, walk);
}
function walkRequest(k: Kernel, walk: Addr, request: Addr): number {
  const { cryptlen: total, iv, src, dst, 'base.tfm': tfm } = k.view(SkcipherRequest, request);
  const { ivsize, walksize: stride } = k.view(SkcipherAlg, behind(k, 'skcipher', tfm).own);
  const { cra_blocksize: block } = alg(k, tfmAt(k, tfm).__crt_alg);
  return begin(k, walk, { src, dst, start: 0, total, iv }, { ivsize, block, stride });
}
function walkAead(k: Kernel, walk: Addr, request: Addr, total: number): number {
  const { assoclen: start, iv, src, dst, 'base.tfm': tfm } = k.view(AeadRequest, request);
  const { ivsize, chunksize: stride } = k.view(AeadAlg, behind(k, 'aead', tfm).own);
  const { cra_blocksize: block } = alg(k, tfmAt(k, tfm).__crt_alg);
  return begin(k, walk, { src, dst, start, total, iv }, { ivsize, block, stride });
}
/** `left`: bytes that the module has not worked on, or its error. */
function walkDone(k: Kernel, walk: Addr, left: number): number {
  const view = k.view(Walk, walk);
  const progress = k.get(Walks).get(walk);
  if (progress === undefined) return left;
  if (left < 0) return finish(k, walk, left);
  const done = view.nbytes - left;
  if (done < 0) return finish(k, walk, -EINVAL);
  sgCopy(k, progress.dst, ALL, view.buffer, done, progress.position, false);
  k.slab.free(view.buffer);
  view.buffer = NULL;
  progress.position += done;
  view.total -= done;
  if (done === 0 && left > 0) return finish(k, walk, -EINVAL);
  return step(k, walk);
}
/** Linux: scatterwalk_ffwd(): the list without its first bytes, whose first entry is made anew in `dst`. */
function forward(k: Kernel, dst: Addr, src: Addr, length: number): Addr {
  let at = src;
  let left = length;
  for (;;) {
    if (left === 0) return at;
    const { length: size } = k.view(Scatterlist, at);
    if (size > left) break;
    left -= size;
    at = sgNext(k, at);
  }
  const size = k.layouts.sizeOf('scatterlist');
  k.memory.fill(dst, 0, 2 * size);
  k.memory.copy(dst, at, size);
  const first = k.view(Scatterlist, dst);
  first.offset += left;
  first.length -= left;
  // The rest hangs on by a chain entry, or the list ends here.
  const CHAIN = 1;
  const END = 2;
  const rest = sgNext(k, at);
  const flags = ((first.page_link % 4) + 4) % 4;
  first.page_link = first.page_link - flags + (rest === NULL ? END : 0);
  if (rest !== NULL) k.view(Scatterlist, dst + size).page_link = rest + CHAIN;
  return dst;
}
function copyChunks(k: Kernel, buffer: Addr, walk: Addr, count: number, out: boolean): void {
  const view = k.view(ScatterWalk, walk);
  for (let done = 0; done < count; ) {
    const entry = k.view(Scatterlist, view.sg);
    const inside = view.offset - entry.offset;
    if (inside >= entry.length) {
      view.sg = sgNext(k, view.sg);
      view.offset = k.view(Scatterlist, view.sg).offset;
      continue;
    }
    const part = Math.min(entry.length - inside, count - done);
    const at = sgBytesAt(k, view.sg) + inside;
    if (out) k.memory.copy(at, buffer + done, part);
    else k.memory.copy(buffer + done, at, part);
    view.offset += part;
    done += part;
  }
}
const walk = pointer('struct skcipher_walk *');
const ONE_PIECE = 'the data is copied into one piece and back';

export const skcipherApi: KernelApi = kernelApi('crypto/skcipher.c', {
  crypto_skcipher_setkey: blocking({ tfm: voidPtr, key: voidPtr, keylen: uint }, int, (k, { tfm, key, keylen }) =>
    setKey(k, 'skcipher', tfm, key, keylen),
  ),
  crypto_skcipher_encrypt: crypt('encrypt'),
  crypto_skcipher_decrypt: crypt('decrypt'),
  skcipher_walk_virt: partial(
    ONE_PIECE,
    kfunc({ walk, req, atomic: bool }, int, (k, { walk: of, req: request }) => walkRequest(k, of, request)),
  ),
  skcipher_walk_aead_encrypt: partial(
    ONE_PIECE,
    kfunc({ walk, req, atomic: bool }, int, (k, { walk: of, req: request }) =>
      walkAead(k, of, request, k.view(AeadRequest, request).cryptlen),
    ),
  ),
  skcipher_walk_aead_decrypt: partial(
    ONE_PIECE,
    kfunc({ walk, req, atomic: bool }, int, (k, { walk: of, req: request }) => {
      const { cryptlen, 'base.tfm': tfm } = k.view(AeadRequest, request);
      return walkAead(k, of, request, cryptlen - k.view(Aead, behind(k, 'aead', tfm).handle).authsize);
    }),
  ),
  skcipher_walk_done: kfunc({ walk, err: int }, int, (k, { walk: of, err }) => walkDone(k, of, err)),
  crypto_aead_setkey: blocking({ tfm: voidPtr, key: voidPtr, keylen: uint }, int, (k, { tfm, key, keylen }) =>
    setKey(k, 'aead', tfm, key, keylen),
  ),
  crypto_aead_setauthsize: blocking({ tfm: voidPtr, authsize: uint }, int, function* (k, { tfm, authsize }) {
    const { maxauthsize, setauthsize } = k.view(AeadAlg, ownAlg(k, 'aead', tfm));
    if ((authsize === 0 && maxauthsize !== 0) || authsize > maxauthsize) return -EINVAL;
    const error = setauthsize === NULL ? 0 : yield* k.callInt(setauthsize, tfm, authsize);
    if (error === 0) k.view(Aead, tfm).authsize = authsize;
    return error;
  }),
  crypto_aead_encrypt: aeadCrypt('encrypt'),
  crypto_aead_decrypt: aeadCrypt('decrypt'),
  scatterwalk_map_and_copy: kfunc(
    { buf: voidPtr, sg: voidPtr, start: uint, nbytes: uint, out: int },
    nothing,
    (k, { buf, sg, start, nbytes, out }) => {
      if (nbytes !== 0) sgCopy(k, sg, ALL, buf, nbytes, start, out === 0);
    },
  ),
  scatterwalk_ffwd: kfunc({ dst: voidPtr, src: voidPtr, len: uint }, voidPtr, (k, { dst, src, len }) => forward(k, dst, src, len)),
  scatterwalk_copychunks: kfunc({ buf: voidPtr, walk: voidPtr, nbytes: size_t, out: int }, nothing, (k, { buf, walk: of, nbytes, out }) =>
    copyChunks(k, buf, of, nbytes, out === 1),
  ),
});
