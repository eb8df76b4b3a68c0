// The connector: messages by netlink between kernel and programs. Source: drivers/connector/connector.c.
import { EINVAL, ESRCH } from '#abi';
import { cstring, gfp_t, int, type KernelApi, kernelApi, kfunc, nothing, partial, u16, u32, voidPtr } from '../../api/index.ts';
import { plainText, TextFile, TreeDirectory } from '../../fs/node.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

interface Callback {
  readonly idx: number;
  readonly val: number;
  readonly name: string;
}
/** Who takes messages, and /proc/net/connector, which lists them. */
class Connector {
  /** The first is the kernel's own: process events. */
  readonly #callbacks: Callback[] = [{ idx: 1, val: 1, name: 'cn_proc' }];
  text(): string {
    const lines = this.#callbacks.map(({ idx, val, name }) => `${name.padEnd(15)} ${idx}:${val}\n`);
    return `Name            ID\n${lines.join('')}`;
  }
  constructor(k: Kernel) {
    const place = k.vfs.resolve('/proc/net', '/');
    const net = typeof place !== 'number' && place.node instanceof TreeDirectory ? place.node : k.vfs.directory('/proc/net');
    net.put(
      'connector',
      new TextFile(
        0o444,
        plainText(() => this.text()),
      ),
    );
  }
  add(callback: Callback): number {
    if (this.#callbacks.some(({ idx, val }) => idx === callback.idx && val === callback.val)) return -EINVAL;
    this.#callbacks.push(callback);
    return 0;
  }
  remove(id: { idx: number; val: number }): void {
    const at = this.#callbacks.findIndex(({ idx, val }) => idx === id.idx && val === id.val);
    if (at >= 0) this.#callbacks.splice(at, 1);
  }
}
/** struct cb_id. */
const idAt = (k: Kernel, id: Addr): { idx: number; val: number } => ({ idx: k.memory.u32(id), val: k.memory.u32(id + 4) });
const NO_NETLINK = 'there is no netlink: nobody can listen or send';

export const connectorApi: KernelApi = kernelApi('drivers/connector/connector.c', {
  cn_add_callback: partial(
    NO_NETLINK,
    kfunc({ id: voidPtr, name: cstring, callback: voidPtr }, int, (k, { id, name }) => k.get(Connector).add({ ...idAt(k, id), name })),
  ),
  cn_del_callback: kfunc({ id: voidPtr }, nothing, (k, { id }) => k.get(Connector).remove(idAt(k, id))),
  cn_netlink_send: partial(
    NO_NETLINK,
    kfunc({ msg: voidPtr, portid: u32, __group: u32, gfp_mask: gfp_t }, int, () => -ESRCH),
  ),
  cn_netlink_send_mult: partial(
    NO_NETLINK,
    kfunc({ msg: voidPtr, len: u16, portid: u32, __group: u32, gfp_mask: gfp_t }, int, () => -ESRCH),
  ),
});
