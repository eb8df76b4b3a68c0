// Static keys: toggling one rewrites the branches of the modules that test it. Source: kernel/jump_label.c.
import { bool, int, type KernelApi, kdata, kernelApi, kernelStruct, kfunc, nothing, ptr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { Patcher } from './module/patch.ts';

const StaticKey = kernelStruct('static_key', { 'enabled.counter': int });
const key = ptr(StaticKey);
interface Key {
  readonly addr: Addr;
  'enabled.counter': number;
}

/** Each branch that the key decides gets the state of now. */
function update(k: Kernel, address: Addr): void {
  for (const module of k.modules.all) new Patcher(k, module).updateKeys(new Set([address]));
}
function increment(k: Kernel, view: Key): void {
  view['enabled.counter'] += 1;
  if (view['enabled.counter'] === 1) update(k, view.addr);
}
function decrement(k: Kernel, view: Key): void {
  if (view['enabled.counter'] === 0) {
    k.exceptions.warnOnce('kernel/jump_label.c', 279, 'static_key_dec_not_one');
    return;
  }
  view['enabled.counter'] -= 1;
  if (view['enabled.counter'] === 0) update(k, view.addr);
}
function set(k: Kernel, view: Key, enabled: number): void {
  if (view['enabled.counter'] > 0 === enabled > 0) return;
  view['enabled.counter'] = enabled;
  update(k, view.addr);
}
/** A key of the kernel's own that is off. */
const off = kdata(() => {});

export const jumpLabelApi: KernelApi = kernelApi('kernel/jump_label.c', {
  static_key_count: kfunc({ key }, int, (_, { key: view }) => view['enabled.counter']),
  static_key_slow_inc: kfunc({ key }, bool, (k, { key: view }) => {
    increment(k, view);
    return true;
  }),
  static_key_slow_dec: kfunc({ key }, nothing, (k, { key: view }) => decrement(k, view)),
  static_key_enable: kfunc({ key }, nothing, (k, { key: view }) => set(k, view, 1)),
  static_key_disable: kfunc({ key }, nothing, (k, { key: view }) => set(k, view, 0)),
  /** Huge pages without their tail structs; device memory: this machine has neither. */
  hugetlb_optimize_vmemmap_key: off,
  devmap_managed_key: off,
});
