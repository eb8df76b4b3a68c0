// Registration of algorithms, templates and their instances. Source: crypto/{algapi,shash,skcipher,aead,...}.c.
import { EBUSY, EINPROGRESS, EINVAL, ENAMETOOLONG, ENOENT, ENOSPC } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  size_t,
  u32,
  uint,
  ulong,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { listAddTail, listDeleteInit, listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import { createTfm, findAlg } from './api.ts';
import { CryptoRegistry } from './registry.ts';
import {
  AeadAlg,
  alg,
  algName,
  baseOffset,
  driverNameOf,
  HashAlgCommon,
  INHERITED_FLAGS,
  type KindName,
  kinds,
  NAME_SIZE,
  RngAlg,
  ShashAlg,
  SkcipherAlg,
} from './structs.ts';

const Spawn = kernelStruct('crypto_spawn', { alg: voidPtr, inst: voidPtr, frontend: voidPtr, mask: u32 });
const Queue = kernelStruct('crypto_queue', { backlog: voidPtr, qlen: uint, max_qlen: uint });
const AsyncRequest = kernelStruct('crypto_async_request', { flags: u32 });
const MAY_BACKLOG = 0x400;
const NULL = 0;
const MAX_DIGEST_SIZE = 64;
const MAX_DESC_SIZE = 368;
const MAX_STATE_SIZE = 512;
const MAX_SIZE = 512;

const registry = (k: Kernel): CryptoRegistry => k.get(CryptoRegistry);
/** Defaults and limits of a kind. 0 or -EINVAL. Linux: *_prepare_alg(). */
function prepare(k: Kernel, kind: KindName, own: Addr): number {
  if (kind === 'shash') {
    const view = k.view(ShashAlg, own);
    if (view.digestsize > MAX_DIGEST_SIZE || view.descsize > MAX_DESC_SIZE || view.statesize > MAX_STATE_SIZE) return -EINVAL;
    if ((view.export === NULL) !== (view.import === NULL)) return -EINVAL;
    if (view.export !== NULL) return 0;
    view.export = k.symbols.require('shash_default_export');
    view.import = k.symbols.require('shash_default_import');
    view.statesize = view.descsize;
  } else if (kind === 'skcipher') {
    const view = k.view(SkcipherAlg, own);
    if (view.ivsize > MAX_SIZE || view.chunksize > MAX_SIZE || view.walksize > MAX_SIZE) return -EINVAL;
    if (view.chunksize === 0) view.chunksize = alg(k, own + baseOffset(k, kind)).cra_blocksize;
    if (view.walksize === 0) view.walksize = view.chunksize;
  } else if (kind === 'aead') {
    const view = k.view(AeadAlg, own);
    if (Math.max(view.maxauthsize, view.ivsize, view.chunksize) > MAX_SIZE) return -EINVAL;
    if (view.chunksize === 0) view.chunksize = alg(k, own + baseOffset(k, kind)).cra_blocksize;
  } else if (kind === 'rng') return k.view(RngAlg, own).seedsize > MAX_SIZE ? -EINVAL : 0;
  else if (kind === 'ahash') {
    const { digestsize, statesize } = k.view(HashAlgCommon, own + k.layouts.offsetOf('ahash_alg', 'halg'));
    if (digestsize > MAX_DIGEST_SIZE || statesize > MAX_STATE_SIZE || statesize === 0) return -EINVAL;
  }
  return 0;
}
function* register(k: Kernel, kind: KindName, own: Addr): Sleeping<number> {
  const error = prepare(k, kind, own);
  return error !== 0 ? error : yield* registry(k).register(kind, own + baseOffset(k, kind));
}
function* registerAll(k: Kernel, kind: KindName, first: Addr, count: number): Sleeping<number> {
  const size = k.layouts.sizeOf(kinds[kind].struct);
  for (let n = 0; n < count; n++) {
    const error = yield* register(k, kind, first + n * size);
    if (error === 0) continue;
    for (let made = n - 1; made >= 0; made--) yield* unregister(k, kind, first + made * size);
    return error;
  }
  return 0;
}
const unregister = (k: Kernel, kind: KindName, own: Addr): Sleeping<void> => registry(k).unregister(own + baseOffset(k, kind));
function* unregisterAll(k: Kernel, kind: KindName, first: Addr, count: number): Sleeping<void> {
  const size = k.layouts.sizeOf(kinds[kind].struct);
  for (let n = count - 1; n >= 0; n--) yield* unregister(k, kind, first + n * size);
}
const algorithm = pointer('struct crypto_alg *');
const template = pointer('struct crypto_template *');
/** crypto_register_X, crypto_register_Xs and their opposites. */
function registration(name: string, plural: string, kind: KindName): Record<string, KernelSymbol> {
  return {
    [`crypto_register_${name}`]: blocking({ alg: algorithm }, int, (k, { alg: own }) => register(k, kind, own)),
    [`crypto_unregister_${name}`]: blocking({ alg: algorithm }, nothing, (k, { alg: own }) => unregister(k, kind, own)),
    [`crypto_register_${plural}`]: blocking({ algs: algorithm, count: int }, int, (k, { algs, count }) =>
      registerAll(k, kind, algs, count),
    ),
    [`crypto_unregister_${plural}`]: blocking({ algs: algorithm, count: int }, nothing, (k, { algs, count }) =>
      unregisterAll(k, kind, algs, count),
    ),
  };
}
const single = (name: string, kind: KindName): Record<string, KernelSymbol> => ({
  [`crypto_register_${name}`]: blocking({ alg: algorithm }, int, (k, { alg: own }) => register(k, kind, own)),
  [`crypto_unregister_${name}`]: blocking({ alg: algorithm }, nothing, (k, { alg: own }) => unregister(k, kind, own)),
});
/** X_register_instance(): `inst` is free() and then the algorithm. */
const instance = (kind: KindName): KernelSymbol =>
  blocking({ tmpl: template, inst: voidPtr }, int, function* (k, { tmpl, inst }) {
    const error = prepare(k, kind, inst + 8);
    return error !== 0 ? error : yield* registry(k).registerInstance(kind, tmpl, inst);
  });
/** The kind that a spawn's frontend stands for: its number, where Linux has a pointer to struct crypto_type. */
const SPAWN_KINDS: readonly KindName[] = ['cipher', 'skcipher', 'aead', 'shash', 'ahash', 'akcipher', 'kpp'];

/** Takes an algorithm for an instance, whose flags it hands on. */
function* grab(k: Kernel, kind: KindName, spawn: Addr, inst: Addr, name: Addr, type: number, mask: number): Sleeping<number> {
  if (inst === NULL) return -EINVAL;
  if (name < 0 && name >= -4095) return name;
  const text = k.memory.cstring(name);
  const found = yield* kind === 'cipher' ? registry(k).lookup(text, type, mask) : findAlg(k, kind, text, type, mask);
  if (found < 0 && found >= -4095) return found;
  const view = k.view(Spawn, spawn);
  view.alg = found;
  view.mask = mask;
  view.frontend = SPAWN_KINDS.indexOf(kind);
  view.inst = inst;
  listInit(k, spawn);
  k.get(Spawns).add(spawn);
  alg(k, inst).cra_flags |= alg(k, found).cra_flags & INHERITED_FLAGS;
  return 0;
}
/** Spawns that hold an algorithm. */
class Spawns extends Set<Addr> {
  constructor(_k: Kernel) {
    super();
  }
}
function drop(k: Kernel, spawn: Addr): void {
  if (!k.get(Spawns).delete(spawn)) return;
  registry(k).put(k.view(Spawn, spawn).alg);
}
const grabber = (kind: KindName): KernelSymbol =>
  blocking({ spawn: voidPtr, inst: voidPtr, name: voidPtr, type: u32, mask: u32 }, int, (k, { spawn, inst, name, type, mask }) =>
    grab(k, kind, spawn, inst, name, type, mask),
  );
function* spawnTfm(k: Kernel, spawn: Addr, kind: KindName): Sleeping<Addr> {
  const { alg: of } = k.view(Spawn, spawn);
  if (!registry(k).get(of)) return -11;
  const handle = yield* createTfm(k, kind, of);
  if (handle < 0 && handle >= -4095) registry(k).put(of);
  return handle;
}
function setNames(k: Kernel, inst: Addr, name: string, of: Addr): number {
  const names = [`${name}(${algName(k, of)})`, `${name}(${driverNameOf(k, of)})`] as const;
  if (names.some((text) => text.length >= NAME_SIZE)) return -ENAMETOOLONG;
  k.memory.setCstring(alg(k, inst).cra_name, names[0]);
  k.memory.setCstring(alg(k, inst).cra_driver_name, names[1]);
  return 0;
}
/** The first attribute: type and mask that the user asked for. */
const typeOf = (k: Kernel, tb: Addr): { type: number; mask: number } => {
  const at = k.memory.ptr(tb) + 4;
  return { type: k.memory.u32(at), mask: k.memory.u32(at + 4) };
};
/** An instance of a template around one plain cipher: "ecb(aes)". Linux: skcipher_alloc_instance_simple(). */
function* simpleInstance(k: Kernel, tmpl: Addr, tb: Addr): Sleeping<Addr> {
  const { type, mask } = typeOf(k, tb);
  const own = kinds.skcipher.type;
  if (((type ^ own) & mask & 0xf) !== 0) return -EINVAL;
  const inherited = ~type & mask & INHERITED_FLAGS;
  const base = baseOffset(k, 'skcipher');
  const context = k.layouts.sizeOf('crypto_instance');
  const outer = kzalloc(k, 8 + base + context + k.layouts.sizeOf('crypto_spawn'));
  const inst = outer + 8 + base;
  const spawn = inst + context;
  k.memory.setPtr(outer, k.symbols.require('skcipher_free_instance_simple'));
  const CIPHER = 1;
  const error = yield* grab(k, 'cipher', spawn, inst, k.memory.ptr(tb + 8) + 4, CIPHER, inherited | 0xf);
  const failed = error !== 0 ? error : setNames(k, inst, k.memory.cstring(tmpl + nameOffset(k)), k.view(Spawn, spawn).alg);
  if (failed !== 0) {
    drop(k, spawn);
    k.slab.free(outer);
    return failed;
  }
  const cipher = alg(k, k.view(Spawn, spawn).alg);
  const view = k.view(SkcipherAlg, outer + 8);
  const instance = alg(k, inst);
  // struct cipher_alg begins with the key sizes.
  view.min_keysize = k.memory.u32(cipher.cra_u);
  view.max_keysize = k.memory.u32(cipher.cra_u + 4);
  view.ivsize = cipher.cra_blocksize;
  view.setkey = k.symbols.require('skcipher_setkey_simple');
  view.init = k.symbols.require('skcipher_init_tfm_simple');
  view.exit = k.symbols.require('skcipher_exit_tfm_simple');
  instance.cra_blocksize = cipher.cra_blocksize;
  instance.cra_alignmask = cipher.cra_alignmask;
  instance.cra_priority = cipher.cra_priority;
  // struct skcipher_ctx_simple: the cipher.
  instance.cra_ctxsize = 8;
  return outer;
}
const nameOffset = (k: Kernel): number => k.layouts.offsetOf('crypto_template', 'name');
/** The context behind a skcipher's tfm. */
const contextOf = (k: Kernel, tfm: Addr): Addr => tfm + k.layouts.offsetOf('crypto_skcipher', 'base') + k.layouts.sizeOf('crypto_tfm');

export const algapiApi: KernelApi = kernelApi('crypto/algapi.c', {
  crypto_chain: kdata(() => {}),
  ...registration('alg', 'algs', 'cipher'),
  ...registration('shash', 'shashes', 'shash'),
  ...registration('skcipher', 'skciphers', 'skcipher'),
  ...registration('aead', 'aeads', 'aead'),
  ...registration('rng', 'rngs', 'rng'),
  ...registration('ahash', 'ahashes', 'ahash'),
  ...registration('scomp', 'scomps', 'scomp'),
  ...registration('acomp', 'acomps', 'acomp'),
  ...single('akcipher', 'akcipher'),
  ...single('kpp', 'kpp'),
  crypto_register_template: kfunc({ tmpl: template }, int, (k, { tmpl }) => registry(k).registerTemplate(tmpl)),
  crypto_unregister_template: blocking({ tmpl: template }, nothing, (k, { tmpl }) => registry(k).unregisterTemplate(tmpl)),
  crypto_register_templates: blocking({ tmpls: template, count: int }, int, function* (k, { tmpls, count }) {
    const size = k.layouts.sizeOf('crypto_template');
    for (let n = 0; n < count; n++) {
      const error = registry(k).registerTemplate(tmpls + n * size);
      if (error === 0) continue;
      for (let made = n - 1; made >= 0; made--) yield* registry(k).unregisterTemplate(tmpls + made * size);
      return error;
    }
    return 0;
  }),
  crypto_unregister_templates: blocking({ tmpls: template, count: int }, nothing, function* (k, { tmpls, count }) {
    const size = k.layouts.sizeOf('crypto_template');
    for (let n = count - 1; n >= 0; n--) yield* registry(k).unregisterTemplate(tmpls + n * size);
  }),
  crypto_unregister_instance: blocking({ inst: voidPtr }, nothing, (k, { inst }) => registry(k).removeInstance(inst)),
  shash_register_instance: instance('shash'),
  ahash_register_instance: instance('ahash'),
  skcipher_register_instance: instance('skcipher'),
  aead_register_instance: instance('aead'),
  akcipher_register_instance: instance('akcipher'),
  kpp_register_instance: instance('kpp'),
  shash_free_singlespawn_instance: kfunc({ inst: voidPtr }, nothing, (k, { inst }) => {
    drop(k, inst + 8 + baseOffset(k, 'shash') + k.layouts.sizeOf('crypto_instance'));
    k.slab.free(inst);
  }),
  skcipher_alloc_instance_simple: blocking({ tmpl: template, tb: voidPtr }, voidPtr, (k, { tmpl, tb }) => simpleInstance(k, tmpl, tb)),
  skcipher_free_instance_simple: kfunc({ inst: voidPtr }, nothing, (k, { inst }) => {
    drop(k, inst + 8 + baseOffset(k, 'skcipher') + k.layouts.sizeOf('crypto_instance'));
    k.slab.free(inst);
  }),
  skcipher_init_tfm_simple: blocking({ tfm: voidPtr }, int, function* (k, { tfm }) {
    const algorithmAt = k.memory.ptr(tfm + k.layouts.offsetOf('crypto_skcipher', 'base.__crt_alg'));
    const cipher = yield* spawnTfm(k, algorithmAt + k.layouts.sizeOf('crypto_instance'), 'cipher');
    if (cipher < 0 && cipher >= -4095) return cipher;
    k.memory.setPtr(contextOf(k, tfm), cipher);
    return 0;
  }),
  skcipher_exit_tfm_simple: blocking({ tfm: voidPtr }, nothing, function* (k, { tfm }) {
    const cipher = k.memory.ptr(contextOf(k, tfm));
    yield* k.call(k.symbols.require('crypto_destroy_tfm'), cipher, cipher);
  }),
  skcipher_setkey_simple: blocking({ tfm: voidPtr, key: voidPtr, keylen: uint }, int, (k, { tfm, key, keylen }) =>
    k.callInt(k.symbols.require('crypto_cipher_setkey'), k.memory.ptr(contextOf(k, tfm)), key, keylen),
  ),
  crypto_grab_spawn: grabber('cipher'),
  crypto_grab_skcipher: grabber('skcipher'),
  crypto_grab_aead: grabber('aead'),
  crypto_grab_shash: grabber('shash'),
  crypto_grab_ahash: grabber('ahash'),
  crypto_grab_akcipher: grabber('akcipher'),
  crypto_grab_kpp: grabber('kpp'),
  crypto_drop_spawn: kfunc({ spawn: voidPtr }, nothing, (k, { spawn }) => drop(k, spawn)),
  crypto_spawn_tfm: blocking({ spawn: voidPtr, type: u32, mask: u32 }, voidPtr, function* (k, { spawn, type, mask }) {
    const { alg: of } = k.view(Spawn, spawn);
    return ((alg(k, of).cra_flags ^ type) & mask) !== 0 ? -EINVAL : yield* spawnTfm(k, spawn, 'cipher');
  }),
  crypto_spawn_tfm2: blocking({ spawn: voidPtr }, voidPtr, (k, { spawn }) =>
    spawnTfm(k, spawn, SPAWN_KINDS[k.view(Spawn, spawn).frontend] ?? 'cipher'),
  ),
  crypto_get_attr_type: kfunc({ tb: voidPtr }, voidPtr, (k, { tb }) => k.memory.ptr(tb) + 4),
  crypto_check_attr_type: kfunc({ tb: voidPtr, type: u32, mask_ret: voidPtr }, int, (k, { tb, type, mask_ret }) => {
    const asked = typeOf(k, tb);
    if (((asked.type ^ type) & asked.mask) !== 0) return -EINVAL;
    k.memory.setU32(mask_ret, ~asked.type & asked.mask & INHERITED_FLAGS);
    return 0;
  }),
  crypto_attr_alg_name: kfunc({ rta: voidPtr }, voidPtr, (k, { rta }) => {
    const CRYPTOA_ALG = 1;
    if (rta === NULL) return -ENOENT;
    if (k.memory.u16(rta) < 4 + NAME_SIZE || k.memory.u16(rta + 2) !== CRYPTOA_ALG) return -EINVAL;
    k.memory.setU8(rta + 4 + NAME_SIZE - 1, 0);
    return rta + 4;
  }),
  crypto_inst_setname: kfunc({ inst: voidPtr, name: voidPtr, alg: algorithm }, int, (k, { inst, name, alg: of }) =>
    setNames(k, inst, k.memory.cstring(name), of),
  ),
  crypto_register_notifier: blocking({ nb: voidPtr }, int, (k, { nb }) =>
    k.callInt(k.symbols.require('blocking_notifier_chain_register'), k.symbols.require('crypto_chain'), nb),
  ),
  crypto_unregister_notifier: blocking({ nb: voidPtr }, int, (k, { nb }) =>
    k.callInt(k.symbols.require('blocking_notifier_chain_unregister'), k.symbols.require('crypto_chain'), nb),
  ),
  /** 0 when both are equal. */
  __crypto_memneq: kfunc({ a: voidPtr, b: voidPtr, size: size_t }, ulong, (k, { a, b, size }) => {
    const one = k.memory.read(a, size);
    const two = k.memory.read(b, size);
    return BigInt(one.reduce((difference, byte, n) => difference | (byte ^ (two[n] ?? 0)), 0));
  }),
  /** CONFIG_CRYPTO_FIPS, and nobody booted with fips=1. */
  fips_enabled: kdata(() => {}),
  crypto_init_queue: kfunc({ queue: voidPtr, max_qlen: uint }, nothing, (k, { queue, max_qlen }) => {
    const view = k.view(Queue, queue);
    listInit(k, queue);
    view.backlog = queue;
    view.qlen = 0;
    view.max_qlen = max_qlen;
  }),
  crypto_enqueue_request: kfunc({ queue: voidPtr, request: voidPtr }, int, (k, { queue, request }) => {
    const view = k.view(Queue, queue);
    let result = -EINPROGRESS;
    if (view.qlen >= view.max_qlen) {
      if ((k.view(AsyncRequest, request).flags & MAY_BACKLOG) === 0) return -ENOSPC;
      result = -EBUSY;
      if (view.backlog === queue) view.backlog = request;
    }
    view.qlen += 1;
    listAddTail(k, request, queue);
    return result;
  }),
  crypto_dequeue_request: kfunc({ queue: voidPtr }, voidPtr, (k, { queue }) => {
    const view = k.view(Queue, queue);
    if (view.qlen === 0) return NULL;
    view.qlen -= 1;
    if (view.backlog !== queue) view.backlog = k.memory.ptr(view.backlog);
    const request = k.memory.ptr(queue);
    listDeleteInit(k, request);
    return request;
  }),
  /** dst = src1 ^ src2. */
  __crypto_xor: kfunc({ dst: voidPtr, src1: voidPtr, src2: voidPtr, len: uint }, nothing, (k, { dst, src1, src2, len }) => {
    const one = k.memory.read(src1, len);
    const two = k.memory.read(src2, len);
    k.memory.write(
      dst,
      one.map((byte, n) => byte ^ (two[n] ?? 0)),
    );
  }),
  /** A big-endian counter goes up by one. */
  crypto_inc: kfunc({ a: voidPtr, size: uint }, nothing, (k, { a, size }) => {
    for (let n = size - 1; n >= 0; n--) {
      const value = (k.memory.u8(a + n) + 1) & 0xff;
      k.memory.setU8(a + n, value);
      if (value !== 0) break;
    }
  }),
});
