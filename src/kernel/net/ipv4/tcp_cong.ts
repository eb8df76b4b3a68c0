// Congestion control of TCP: the algorithms by name, and Reno's arithmetic, which others build on.
// Source: net/ipv4/tcp_cong.c; RFC 5681.
import { EEXIST, EINVAL } from '#abi';
import { embedded, int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, partial, pointer, u32, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';

const Operations = kernelStruct('tcp_congestion_ops', {
  ssthresh: voidPtr,
  cong_avoid: voidPtr,
  cong_control: voidPtr,
  undo_cwnd: voidPtr,
  name: embedded,
  key: u32,
  flags: u32,
});
const Sock = kernelStruct('tcp_sock', {
  snd_ssthresh: u32,
  snd_cwnd: u32,
  snd_cwnd_cnt: u32,
  snd_cwnd_clamp: u32,
  prior_cwnd: u32,
  max_packets_out: u32,
});
const NAME_MAX = 16;
const NON_RESTRICTED = 1;
const NULL = 0;
/** Algorithms of the kernel itself, each an object of the image: nothing of it is called. */
const BUILT_IN: readonly string[] = ['reno', 'cubic'];

export class CongestionControls {
  readonly #k: Kernel;
  readonly #registered: Addr[] = [];
  constructor(k: Kernel) {
    this.#k = k;
  }
  #name(ca: Addr): string {
    return this.#k.memory.cstring(this.#k.view(Operations, ca).name, NAME_MAX);
  }
  register(ca: Addr): number {
    const k = this.#k;
    const view = k.view(Operations, ca);
    const name = this.#name(ca);
    if (view.ssthresh === NULL || view.undo_cwnd === NULL || (view.cong_avoid === NULL && view.cong_control === NULL)) {
      k.log.print('err', `TCP: ${name} does not implement required ops`);
      return -EINVAL;
    }
    if (BUILT_IN.includes(name) || this.#registered.some((other) => this.#name(other) === name)) {
      k.log.print('notice', `TCP: ${name} already registered or non-unique key`);
      return -EEXIST;
    }
    this.#registered.push(ca);
    return 0;
  }
  unregister(ca: Addr): void {
    const at = this.#registered.indexOf(ca);
    if (at >= 0) this.#registered.splice(at, 1);
  }
  /** /proc/sys/net/ipv4/tcp_available_congestion_control. */
  available(): string {
    return `${[...BUILT_IN, ...this.#registered.map((ca) => this.#name(ca))].join(' ')}\n`;
  }
  /** /proc/sys/net/ipv4/tcp_allowed_congestion_control. */
  allowed(): string {
    const free = this.#registered.filter((ca) => (this.#k.view(Operations, ca).flags & NON_RESTRICTED) !== 0);
    return `${[...BUILT_IN, ...free.map((ca) => this.#name(ca))].join(' ')}\n`;
  }
}
const cwnd = (k: Kernel, sk: Addr) => k.view(Sock, sk);
/** Doubles each round trip, up to the threshold. What is left of `acked` counts for the linear part. */
function slowStart(k: Kernel, sk: Addr, acked: number): number {
  const tp = cwnd(k, sk);
  const now = tp.snd_cwnd;
  const grown = Math.min(now + acked, tp.snd_ssthresh);
  tp.snd_cwnd = Math.min(grown, tp.snd_cwnd_clamp);
  return acked - (grown - now);
}
/** One more packet each `w` acknowledged ones. */
function linear(k: Kernel, sk: Addr, w: number, acked: number): void {
  const tp = cwnd(k, sk);
  if (tp.snd_cwnd_cnt >= w) {
    tp.snd_cwnd_cnt = 0;
    tp.snd_cwnd += 1;
  }
  tp.snd_cwnd_cnt += acked;
  if (tp.snd_cwnd_cnt >= w) {
    const more = Math.floor(tp.snd_cwnd_cnt / w);
    tp.snd_cwnd_cnt -= more * w;
    tp.snd_cwnd += more;
  }
  tp.snd_cwnd = Math.min(tp.snd_cwnd, tp.snd_cwnd_clamp);
}
const inSlowStart = (k: Kernel, sk: Addr): boolean => cwnd(k, sk).snd_cwnd < cwnd(k, sk).snd_ssthresh;
/** Whether the window is what holds the sender back. Linux: tcp_is_cwnd_limited(). */
function limited(k: Kernel, sk: Addr): boolean {
  const bit = k.description.btf.struct('tcp_sock')?.members.find(({ name }) => name === 'is_cwnd_limited')?.bitOffset ?? 0;
  if ((k.memory.u8(sk + (bit >> 3)) & (1 << (bit & 7))) !== 0) return true;
  return inSlowStart(k, sk) && cwnd(k, sk).snd_cwnd < 2 * cwnd(k, sk).max_packets_out;
}

const ca = pointer('struct tcp_congestion_ops *');
const sk = pointer('struct sock *');
const tp = pointer('struct tcp_sock *');
const NO_SOCKETS = 'there are no TCP connections that could use it';

export const tcpCongApi: KernelApi = kernelApi('net/ipv4/tcp_cong.c', {
  tcp_register_congestion_control: partial(
    NO_SOCKETS,
    kfunc({ ca }, int, (k, { ca: address }) => k.get(CongestionControls).register(address)),
  ),
  tcp_unregister_congestion_control: kfunc({ ca }, nothing, (k, { ca: address }) => k.get(CongestionControls).unregister(address)),
  tcp_slow_start: kfunc({ tp, acked: u32 }, u32, (k, { tp: sock, acked }) => slowStart(k, sock, acked)),
  tcp_cong_avoid_ai: kfunc({ tp, w: u32, acked: u32 }, nothing, (k, { tp: sock, w, acked }) => linear(k, sock, w, acked)),
  tcp_reno_cong_avoid: kfunc({ sk, ack: u32, acked: u32 }, nothing, (k, { sk: sock, acked }) => {
    if (!limited(k, sock)) return;
    const left = inSlowStart(k, sock) ? slowStart(k, sock, acked) : acked;
    if (left !== 0) linear(k, sock, cwnd(k, sock).snd_cwnd, left);
  }),
  tcp_reno_ssthresh: kfunc({ sk }, u32, (k, { sk: sock }) => Math.max(cwnd(k, sock).snd_cwnd >>> 1, 2)),
  tcp_reno_undo_cwnd: kfunc({ sk }, u32, (k, { sk: sock }) => Math.max(cwnd(k, sock).snd_cwnd, cwnd(k, sock).prior_cwnd)),
});
