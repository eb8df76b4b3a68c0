// The registered algorithms and templates, and /proc/crypto. Source: crypto/{algapi,api,proc}.c.
import { EEXIST, EINVAL, ENOENT } from '#abi';
import { embedded, fnPtr, kernelStruct, type Sleeping, voidPtr } from '../api/index.ts';
import { plainText, TextFile } from '../fs/node.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../lib/list.ts';
import type { Addr } from '../memory.ts';
import { kzalloc } from '../mm/slab_common.ts';
import {
  AeadAlg,
  alg,
  algName,
  baseOffset,
  CipherAlg,
  CRYPTO_ALG_ASYNC,
  CRYPTO_ALG_DEAD,
  CRYPTO_ALG_INSTANCE,
  CRYPTO_ALG_INTERNAL,
  CRYPTO_ALG_TESTED,
  driverNameOf,
  HashAlgCommon,
  type KindName,
  kinds,
  NAME_SIZE,
  RngAlg,
  ShashAlg,
  SkcipherAlg,
} from './structs.ts';
import { testedAlgorithms } from './testmgr.generated.ts';

const Template = kernelStruct('crypto_template', { module: voidPtr, create: fnPtr, name: embedded });
const Instance = kernelStruct('crypto_instance', { tmpl: voidPtr });
const NULL = 0;
const MAX_ALIGNMASK = 63;
const MAX_BLOCKSIZE = 160;
const MAX_CIPHER_BLOCKSIZE = 16;

interface Registered {
  readonly kind: KindName;
  /** The template of an instance. */
  readonly template: Addr;
}
export class CryptoRegistry {
  readonly #k: Kernel;
  /** By the address of crypto_alg, oldest first. */
  readonly #algs = new Map<Addr, Registered>();
  readonly #templates: Addr[] = [];
  constructor(k: Kernel) {
    this.#k = k;
    k.vfs.directory('/proc').put(
      'crypto',
      new TextFile(
        0o444,
        plainText(() => this.#text()),
      ),
    );
  }
  kind(address: Addr): KindName {
    const found = this.#algs.get(address);
    if (found === undefined) throw new Error('no algorithm is registered at this address');
    return found.kind;
  }
  *register(kind: KindName, address: Addr, template: Addr = NULL): Sleeping<number> {
    const k = this.#k;
    const view = alg(k, address);
    const { type, mask } = kinds[kind];
    // A plain crypto_alg says itself whether it is a cipher or a compressor.
    if (kind !== 'cipher' && kind !== 'compress') view.cra_flags = (view.cra_flags & ~mask) | type;
    const name = algName(k, address);
    view.cra_flags &= ~CRYPTO_ALG_DEAD;
    const error = this.#check(kind, address);
    if (error !== 0) return error;
    // Who registers an algorithm twice makes it untested: nobody finds it any more.
    view.cra_flags &= ~CRYPTO_ALG_TESTED;
    const driver = driverNameOf(k, address);
    for (const other of this.#algs.keys()) {
      const its = driverNameOf(k, other);
      if (other === address || its === driver || its === name || algName(k, other) === driver) return -EEXIST;
    }
    view.cra_refcnt = 1;
    view.cra_flags |= CRYPTO_ALG_TESTED;
    listInit(k, view.cra_users);
    listInit(k, view.cra_list);
    this.#algs.set(address, { kind, template });
    this.#sayUntested(address);
    return 0;
  }
  /** A plain cipher is tested in ECB mode. Internal algorithms are not tested. */
  #sayUntested(address: Addr): void {
    const k = this.#k;
    const { cra_flags: flags } = alg(k, address);
    const name = algName(k, address);
    const driver = driverNameOf(k, address);
    if ((flags & CRYPTO_ALG_INTERNAL) !== 0) return;
    const tested = (flags & 0xf) === kinds.cipher.type ? [`ecb(${name})`] : [name, driver];
    if (!tested.some((each) => testedAlgorithms.has(each))) k.log.print('info', `alg: No test for ${name} (${driver})`);
  }
  #check(kind: KindName, address: Addr): number {
    const { cra_alignmask: align, cra_blocksize: block, cra_priority: priority } = alg(this.#k, address);
    if ((align & (align + 1)) !== 0 || align > MAX_ALIGNMASK || block > MAX_BLOCKSIZE || priority < 0) return -EINVAL;
    if (algName(this.#k, address) === '' || driverNameOf(this.#k, address) === '') return -EINVAL;
    return kind === 'cipher' && block > MAX_CIPHER_BLOCKSIZE ? -EINVAL : 0;
  }
  *unregister(address: Addr): Sleeping<void> {
    const k = this.#k;
    if (!this.#algs.delete(address)) {
      k.exceptions.warn('crypto/algapi.c', 484, 'crypto_unregister_alg', `Algorithm ${driverNameOf(k, address)} is not registered`);
      return;
    }
    const view = alg(k, address);
    view.cra_flags |= CRYPTO_ALG_DEAD;
    if (view.cra_refcnt > 1) {
      k.exceptions.warn('crypto/algapi.c', 487, 'crypto_unregister_alg');
      return;
    }
    if (view.cra_destroy !== NULL) yield* k.call(view.cra_destroy, address);
  }
  registerTemplate(template: Addr): number {
    if (this.#templates.includes(template)) return -EEXIST;
    this.#templates.push(template);
    return 0;
  }
  *unregisterTemplate(template: Addr): Sleeping<void> {
    const at = this.#templates.indexOf(template);
    if (at < 0) this.#k.exceptions.bug('crypto/algapi.c', 575);
    this.#templates.splice(at, 1);
    for (const [address, { template: of }] of [...this.#algs]) if (of === template) yield* this.removeInstance(address);
  }
  /** An instance goes: its own free() takes the struct around it. */
  *removeInstance(address: Addr): Sleeping<void> {
    const k = this.#k;
    const registered = this.#algs.get(address);
    if (registered === undefined) return;
    this.#algs.delete(address);
    // struct KIND_instance: free(), then the algorithm's struct.
    const outer = address - baseOffset(k, registered.kind) - 8;
    yield* k.call(k.memory.ptr(outer), outer);
  }
  *registerInstance(kind: KindName, template: Addr, outer: Addr): Sleeping<number> {
    const k = this.#k;
    const address = outer + 8 + baseOffset(k, kind);
    if (k.memory.ptr(outer) === NULL) return -EINVAL;
    const view = alg(k, address);
    view.cra_module = k.view(Template, template).module;
    view.cra_flags |= CRYPTO_ALG_INSTANCE;
    k.view(Instance, address).tmpl = template;
    return yield* this.register(kind, address, template);
  }
  /** The best algorithm of that name whose flags fit. */
  #find(name: string, type: number, mask: number): Addr | undefined {
    const k = this.#k;
    let best: Addr | undefined;
    for (const address of [...this.#algs.keys()].reverse()) {
      const { cra_flags: flags, cra_priority: priority } = alg(k, address);
      if (((flags ^ type) & mask) !== 0 || (flags & CRYPTO_ALG_TESTED) === 0) continue;
      if (driverNameOf(k, address) === name) return address;
      if (algName(k, address) === name && (best === undefined || priority > alg(k, best).cra_priority)) best = address;
    }
    return best;
  }
  /** crypto_alg_mod_lookup(): also makes an instance where `name` is TEMPLATE(ALGORITHM,...). With a reference, or -errno. */
  *lookup(name: string, typeFlags: number, maskFlags: number): Sleeping<Addr> {
    const k = this.#k;
    // Internal algorithms are found only by those who ask for them.
    const wantsInternal = ((typeFlags | maskFlags) & CRYPTO_ALG_INTERNAL) !== 0;
    const mask = wantsInternal ? maskFlags : maskFlags | CRYPTO_ALG_INTERNAL;
    let found = this.#find(name, typeFlags, mask);
    if (found === undefined) {
      const format = k.cstringAlloc('crypto-%s');
      const argument = k.cstringAlloc(name);
      yield* k.call(k.symbols.require('__request_module'), 1, format, argument);
      k.slab.free(format);
      k.slab.free(argument);
      found = this.#find(name, typeFlags, mask);
    }
    if (found === undefined) {
      const error = yield* this.#instantiate(name, typeFlags, mask);
      if (error !== 0) return error;
      found = this.#find(name, typeFlags, mask);
    }
    return found !== undefined && this.get(found) ? found : -ENOENT;
  }
  get(address: Addr): boolean {
    const view = alg(this.#k, address);
    const module = this.#k.modules.at(view.cra_module);
    if (module !== undefined && !this.#k.modules.tryGet(module)) return false;
    view.cra_refcnt += 1;
    return true;
  }
  put(address: Addr): void {
    const view = alg(this.#k, address);
    view.cra_refcnt -= 1;
    const module = this.#k.modules.at(view.cra_module);
    if (module !== undefined) this.#k.modules.put(module);
  }
  /** Calls the template's create() with the type and the names of its arguments, as struct rtattr. */
  *#instantiate(name: string, type: number, mask: number): Sleeping<number> {
    const k = this.#k;
    const parsed = /^([^()]+)\((.*)\)$/.exec(name);
    const template = this.#templates.find((each) => k.memory.cstring(k.view(Template, each).name, NAME_SIZE) === parsed?.[1]);
    if (parsed === null || template === undefined) return -ENOENT;
    const names = splitArguments(parsed[2] ?? '');
    const RTA = 4;
    const ALG_SIZE = RTA + NAME_SIZE;
    const pointers = kzalloc(k, 8 * (names.length + 2) + 16 + ALG_SIZE * names.length);
    const attributes = pointers + 8 * (names.length + 2);
    const attribute = (n: number, at: Addr, kind: number, size: number): void => {
      k.memory.setPtr(pointers + 8 * n, at);
      k.memory.setU16(at, RTA + size);
      k.memory.setU16(at + 2, kind);
    };
    const CRYPTOA_ALG = 1;
    const CRYPTOA_TYPE = 2;
    attribute(0, attributes, CRYPTOA_TYPE, 8);
    k.memory.setU32(attributes + RTA, type >>> 0);
    k.memory.setU32(attributes + RTA + 4, mask >>> 0);
    for (const [n, argument] of names.entries()) {
      const at = attributes + 16 + n * ALG_SIZE;
      attribute(n + 1, at, CRYPTOA_ALG, NAME_SIZE);
      k.memory.setCstring(at + RTA, argument);
    }
    const { module, create } = k.view(Template, template);
    const owner = k.modules.at(module);
    if (owner !== undefined && !k.modules.tryGet(owner)) return -ENOENT;
    const error = yield* k.callInt(create, template, pointers);
    if (owner !== undefined) k.modules.put(owner);
    k.slab.free(pointers);
    return error;
  }
  #text(): string {
    return [...this.#algs]
      .reverse()
      .map(([address, { kind }]) => describe(this.#k, address, kind))
      .join('');
  }
}
/** "a,b(c,d)" to "a" and "b(c,d)". */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part];
}
/** One paragraph of /proc/crypto. */
function describe(k: Kernel, address: Addr, kind: KindName): string {
  const view = alg(k, address);
  const flags = view.cra_flags;
  const rows: [string, string | number][] = [
    ['name', algName(k, address)],
    ['driver', driverNameOf(k, address)],
    ['module', k.modules.at(view.cra_module)?.name ?? 'kernel'],
    ['priority', view.cra_priority],
    ['refcnt', view.cra_refcnt],
    ['selftest', (flags & CRYPTO_ALG_TESTED) !== 0 ? 'passed' : 'unknown'],
    ['internal', (flags & CRYPTO_ALG_INTERNAL) !== 0 ? 'yes' : 'no'],
  ];
  const own = address - baseOffset(k, kind);
  const block: [string, number] = ['blocksize', view.cra_blocksize];
  const async: [string, string] = ['async', (flags & CRYPTO_ALG_ASYNC) !== 0 ? 'yes' : 'no'];
  if (kind === 'cipher' && (flags & 0xf) === kinds.compress.type) rows.push(['type', 'compression']);
  else if (kind === 'cipher') {
    const { cia_min_keysize, cia_max_keysize } = k.view(CipherAlg, view.cra_u);
    rows.push(['type', 'cipher'], block, ['min keysize', cia_min_keysize], ['max keysize', cia_max_keysize]);
  } else if (kind === 'skcipher') {
    const { min_keysize, max_keysize, ivsize, chunksize, walksize } = k.view(SkcipherAlg, own);
    rows.push(['type', kind], async, block, ['min keysize', min_keysize], ['max keysize', max_keysize]);
    rows.push(['ivsize', ivsize], ['chunksize', chunksize], ['walksize', walksize]);
  } else if (kind === 'aead') {
    const { ivsize, maxauthsize } = k.view(AeadAlg, own);
    rows.push(['type', kind], async, block, ['ivsize', ivsize], ['maxauthsize', maxauthsize], ['geniv', '<none>']);
  } else if (kind === 'shash') rows.push(['type', kind], block, ['digestsize', k.view(ShashAlg, own).digestsize]);
  else if (kind === 'ahash') {
    const { digestsize } = k.view(HashAlgCommon, own + k.layouts.offsetOf('ahash_alg', 'halg'));
    rows.push(['type', kind], async, block, ['digestsize', digestsize]);
  } else if (kind === 'rng') rows.push(['type', kind], ['seedsize', k.view(RngAlg, own).seedsize]);
  else rows.push(['type', kind]);
  return `${rows.map(([name, value]) => `${name.padEnd(13)}: ${value}\n`).join('')}\n`;
}
