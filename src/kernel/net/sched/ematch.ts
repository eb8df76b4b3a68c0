// Extended matches of traffic classifiers, by kind. Source: net/sched/ematch.c.
import { EEXIST, EINVAL } from '#abi';
import { int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, partial, pointer, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const Operations = kernelStruct('tcf_ematch_ops', { kind: int, match: voidPtr });
class Ematches {
  readonly #k: Kernel;
  readonly #byKind = new Map<number, Addr>();
  constructor(k: Kernel) {
    this.#k = k;
  }
  register(ops: Addr): number {
    const { kind, match } = this.#k.view(Operations, ops);
    if (match === 0) return -EINVAL;
    if (this.#byKind.has(kind)) return -EEXIST;
    this.#byKind.set(kind, ops);
    return 0;
  }
  unregister(ops: Addr): void {
    this.#byKind.delete(this.#k.view(Operations, ops).kind);
  }
}
const ops = pointer('struct tcf_ematch_ops *');
const UNUSED = 'no traffic classifier asks for matches';
export const ematchApi: KernelApi = kernelApi('net/sched/ematch.c', {
  tcf_em_register: partial(
    UNUSED,
    kfunc({ ops }, int, (k, { ops: address }) => k.get(Ematches).register(address)),
  ),
  tcf_em_unregister: kfunc({ ops }, nothing, (k, { ops: address }) => k.get(Ematches).unregister(address)),
});
