// Text search algorithms by name. Source: lib/textsearch.c.
import { EEXIST, EINVAL, ENOENT } from '#abi';
import {
  blocking,
  cstring,
  gfp_t,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  uint,
  voidPtr,
} from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';

const Operations = kernelStruct('ts_ops', { name: voidPtr, init: voidPtr, find: voidPtr, destroy: voidPtr, owner: voidPtr });
const Config = kernelStruct('ts_config', { ops: voidPtr, flags: int, get_next_block: voidPtr, finish: voidPtr });
const State = kernelStruct('ts_state', { offset: uint });
const NULL = 0;
const TS_AUTOLOAD = 1;

class TextSearch {
  readonly #k: Kernel;
  readonly algorithms: Addr[] = [];
  /** Data of a search in one piece, by its configuration. */
  readonly linear = new Map<Addr, { readonly data: Addr; readonly length: number }>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  find(name: string): Addr | undefined {
    return this.algorithms.find((ops) => this.#k.memory.cstring(this.#k.view(Operations, ops).name) === name);
  }
}
const search = (k: Kernel): TextSearch => k.get(TextSearch);
const conf = pointer('struct ts_config *');
const ops = pointer('struct ts_ops *');

export const textsearchApi: KernelApi = kernelApi('lib/textsearch.c', {
  textsearch_register: kfunc({ ops }, int, (k, { ops: address }) => {
    const { name, init, find } = k.view(Operations, address);
    if (name === NULL || find === NULL || init === NULL) return -EINVAL;
    if (search(k).find(k.memory.cstring(name)) !== undefined) return -EEXIST;
    search(k).algorithms.push(address);
    return 0;
  }),
  textsearch_unregister: kfunc({ ops }, int, (k, { ops: address }) => {
    const at = search(k).algorithms.indexOf(address);
    if (at < 0) return -ENOENT;
    search(k).algorithms.splice(at, 1);
    return 0;
  }),
  /** A search for a pattern; the algorithm's module stays as long. */
  textsearch_prepare: partial(
    'a module with the algorithm is not loaded by itself (TS_AUTOLOAD)',
    blocking(
      { algo: cstring, pattern: voidPtr, len: uint, gfp_mask: gfp_t, flags: int },
      conf,
      function* (k, { algo, pattern, len, gfp_mask, flags }) {
        if (len === 0) return -EINVAL;
        const found = search(k).find(algo);
        if (found === undefined) return -ENOENT;
        const owner = k.modules.at(k.view(Operations, found).owner);
        if (owner !== undefined && !k.modules.tryGet(owner)) return -ENOENT;
        const made = yield* k.call(k.view(Operations, found).init, pattern, len, gfp_mask, flags & ~TS_AUTOLOAD);
        if (made < 0 && made >= -4095) {
          if (owner !== undefined) k.modules.put(owner);
          return made;
        }
        k.view(Config, made).ops = found;
        return made;
      },
    ),
  ),
  textsearch_destroy: blocking({ conf }, nothing, function* (k, { conf: address }) {
    const { ops: used } = k.view(Config, address);
    if (used !== NULL) {
      const { destroy, owner } = k.view(Operations, used);
      if (destroy !== NULL) yield* k.call(destroy, address);
      const module = k.modules.at(owner);
      if (module !== undefined) k.modules.put(module);
    }
    k.slab.free(address);
  }),
  /** Searches data that lies in one piece. Return: where the pattern begins, or all ones. */
  textsearch_find_continuous: blocking(
    { conf, state: pointer('struct ts_state *'), data: voidPtr, len: uint },
    uint,
    function* (k, { conf: address, state, data, len }) {
      const config = k.view(Config, address);
      k.view(State, state).offset = 0;
      config.get_next_block = k.symbols.require('get_linear_data');
      search(k).linear.set(address, { data, length: len });
      const at = yield* k.callInt(k.view(Operations, config.ops).find, address, state);
      search(k).linear.delete(address);
      return at >>> 0;
    },
  ),
  /** The one block of data, once. */
  get_linear_data: kfunc({ consumed: uint, dst: voidPtr, conf, state: voidPtr }, uint, (k, { consumed, dst, conf: address }) => {
    const linear = search(k).linear.get(address);
    if (linear === undefined || consumed >= linear.length) return 0;
    k.memory.setPtr(dst, linear.data + consumed);
    return linear.length - consumed;
  }),
});
