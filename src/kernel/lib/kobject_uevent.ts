// uevents: what the kernel tells programs about its objects. Source: lib/kobject_uevent.c.
import { EAGAIN, EINTR, EINVAL, ESPIPE, O_NONBLOCK } from '#abi';
import type { Sleeping } from '../api/index.ts';
import { FsNode, type OpenNode } from '../fs/node.ts';
import { PollQueue } from '../fs/select.ts';
import type { Kernel } from '../kernel.ts';
import { type Addr, fromLatin1 } from '../memory.ts';
import { ueventSeqnum } from '../q35.generated.ts';
import { TASK_INTERRUPTIBLE } from '../sched/task.ts';
import { Waiters } from '../sched/waiters.ts';

/** enum kobject_action. */
export const UEVENT_ACTIONS = ['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind'] as const;
export type UeventAction = (typeof UEVENT_ACTIONS)[number];
export interface Uevent {
  readonly action: UeventAction;
  /** Below /sys, with a slash in front. */
  readonly path: string;
  readonly subsystem: string;
  /** Everything as KEY=VALUE in its order: ACTION, DEVPATH, SUBSYSTEM, the object's own, SEQNUM. */
  readonly variables: readonly string[];
}
export type UeventListener = (event: Uevent) => void;

export class Uevents {
  readonly #listeners = new Set<UeventListener>();
  /** /sys/kernel/uevent_seqnum: that of the last event. The machine's own devices have used up some. */
  seqnum = Number(ueventSeqnum[0]);
  /** Objects that were added, and not removed: such an object's end is told without being asked. */
  readonly added = new Set<Addr>();
  /** How objects of a type of the kernel's own are told of; the key is the kobj_type. */
  readonly kinds = new Map<Addr, (kobj: Addr, action: UeventAction, extra: readonly string[]) => Sleeping<number>>();

  /** Calls `listener` with each event from now on. Gives what ends that. */
  listen(listener: UeventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  send(action: UeventAction, { path, subsystem }: Pick<Uevent, 'path' | 'subsystem'>, more: readonly string[] = []): void {
    this.seqnum++;
    const variables = [`ACTION=${action}`, `DEVPATH=${path}`, `SUBSYSTEM=${subsystem}`, ...more, `SEQNUM=${this.seqnum}`];
    for (const listener of this.#listeners) listener({ action, path, subsystem, variables });
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UUID_LENGTH = 36;
const ARGUMENTS = /^(?: [0-9A-Za-z]+=[0-9A-Za-z]+)*$/;

/**
 * Linux: kobject_synth_uevent(), a write to a file `uevent`: "ACTION[ UUID[ KEY=VALUE]...]".
 * @param path of the object below /sys
 * @returns 0 or -EINVAL.
 */
export function* synthUevent(
  k: Kernel,
  path: string,
  text: string,
  send: (action: UeventAction, extra: readonly string[]) => Sleeping<number>,
): Sleeping<number> {
  const plain = text.replace(/[\n\0]$/, '');
  const space = plain.indexOf(' ');
  const action = UEVENT_ACTIONS.find((name) => name === (space < 0 ? plain : plain.slice(0, space)));
  const problem = (what: string): number => {
    k.log.print('warning', `synth uevent: ${path}: ${what}`);
    return -EINVAL;
  };
  if (action === undefined) return problem('unknown uevent action string');
  if (space < 0) return yield* send(action, ['SYNTH_UUID=0']);
  const uuid = plain.slice(space + 1, space + 1 + UUID_LENGTH);
  const rest = plain.slice(space + 1 + UUID_LENGTH);
  if (!UUID.test(uuid) || !ARGUMENTS.test(rest)) return problem('incorrect uevent action arguments');
  const given = rest.split(' ').slice(1);
  return yield* send(action, [`SYNTH_UUID=${uuid}`, ...given.map((pair) => `SYNTH_ARG_${pair}`)]);
}

const S_IFSOCK = 0o140000;
const POLLIN = 0x41;
const POLLOUT = 0x304;
const EVERYBODY = Number.POSITIVE_INFINITY;

/** A socket of NETLINK_KOBJECT_UEVENT that is bound to the kernel's group: a read is one event. */
export class UeventSocket extends FsNode {
  readonly #k: Kernel;
  constructor(k: Kernel) {
    super(S_IFSOCK | 0o777);
    this.#k = k;
  }
  open(flags: number): OpenNode {
    const k = this.#k;
    const queue: Uint8Array[] = [];
    const place = {};
    const pollers = new PollQueue(k);
    const end = k.get(Uevents).listen(({ action, path, variables }) => {
      queue.push(fromLatin1(`${[`${action}@${path}`, ...variables].join('\0')}\0`));
      k.get(Waiters).wake(place, EVERYBODY);
      pollers.wake();
    });
    return {
      position: 0,
      *read(count) {
        if (queue.length === 0 && (flags & O_NONBLOCK) !== 0) return -EAGAIN;
        const outcome = yield* k.get(Waiters).until(place, TASK_INTERRUPTIBLE, () => queue.length > 0);
        // The rest of a message that was not asked for is lost.
        return outcome === 'signal' ? -EINTR : (queue.shift() as Uint8Array).slice(0, count);
      },
      /** Other programs' messages have no receiver here. */
      *write(data) {
        return data.length;
      },
      *seek() {
        return -ESPIPE;
      },
      *poll(table) {
        pollers.add(table);
        return queue.length > 0 ? POLLIN | POLLOUT : POLLOUT;
      },
      *release() {
        end();
        pollers.free();
      },
    };
  }
}
