// Mice as /dev/input/mouseN, and all of them as /dev/input/mice. Source: drivers/input/mousedev.c.
import { EAGAIN, ENODEV, ENOMEM, ERESTARTSYS, O_NONBLOCK } from '#abi';
import { blocking, int, type KernelApi, kernelApi, nothing, pointer, type Sleeping, uint, voidPtr } from '../../api/index.ts';
import { DeviceNode, makeDevice } from '../../fs/devices.ts';
import { type OpenNode, Symlink } from '../../fs/node.ts';
import { sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit } from '../../lib/bitmap.ts';
import { listInit } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { TASK_INTERRUPTIBLE } from '../../sched/task.ts';
import { wakeUp } from '../../sched/wait.ts';
import { Waiters } from '../../sched/waiters.ts';
import { deviceCreate, deviceUnregister } from '../base/core.ts';
import { InputCore } from './core.ts';
import { EV_ABS, EV_KEY, EV_REL, EV_SYN, hasType, InputHandle, type InputView, inputDev, SYN_REPORT } from './device.ts';
import { absAt } from './events.ts';
import { type Motion, MouseClient, still } from './mouse-client.ts';

const NULL = 0;
const MAJOR = 13;
const FIRST_MINOR = 32;
const MOST = 32;
const MIX_MINOR = 63;
const SCREEN = { x: 1024, y: 768 } as const;
const TAP_NS = 200e6;
const FRACTION = 128;
const BTN_TOUCH = 0x14a;
const BTN_TRIGGER = 0x120;
/** Which button of a mouse a code is. */
const BUTTONS: Readonly<Record<number, number>> = {
  [BTN_TOUCH]: 0, 0x100: 0, 0x110: 0,
  0x14b: 1, 0x101: 1, 0x111: 1,
  0x102: 2, 0x115: 2, 0x14c: 2, 0x112: 2,
  0x103: 3, 0x116: 3, 0x113: 3,
  0x104: 4, 0x114: 4, 0x117: 4,
}; // biome-ignore format: a line a button

/** A mouse, or the mix of all. */
class Mouse {
  readonly clients = new Set<MouseClient>();
  readonly motion: Motion & { x: number; y: number; absolute: boolean } = { ...still(), x: 0, y: 0, absolute: false };
  /** Guest address of the wait queue of those who poll. */
  readonly wait: Addr;
  exists = true;
  opened = 0;
  /** A finger on a touch pad: since when (0: none), its last positions, and what was too little to move. */
  touch = 0;
  packets = 0;
  readonly old = { x: [0, 0, 0, 0], y: [0, 0, 0, 0] };
  readonly rest = { x: 0, y: 0 };
  device: Addr = NULL;
  byMix = false;
  readonly minor: number;
  readonly handle: Addr;
  constructor(k: Kernel, minor: number, handle: Addr) {
    this.minor = minor;
    this.handle = handle;
    this.wait = kzalloc(k, k.layouts.sizeOf('wait_queue_head'));
    listInit(k, this.wait + k.layouts.offsetOf('wait_queue_head', 'head'));
  }
}

export class Mice {
  readonly #k: Kernel;
  readonly byHandle = new Map<Addr, Mouse>();
  readonly #mix: Mouse;
  constructor(k: Kernel) {
    this.#k = k;
    this.#mix = new Mouse(k, MIX_MINOR, NULL);
  }
  *connect(handler: Addr, address: Addr): Sleeping<number> {
    const k = this.#k;
    const core = k.get(InputCore);
    const minor = core.newMinor(FIRST_MINOR, MOST, false);
    if (minor < 0) return minor;
    const name = `mouse${minor - FIRST_MINOR}`;
    const handle = kzalloc(k, k.layouts.sizeOf('input_handle'));
    if (handle === NULL) return -ENOMEM;
    Object.assign(k.view(InputHandle, handle), { dev: address, handler, name: k.cstringAlloc(name) });
    const mouse = new Mouse(k, minor, handle);
    this.byHandle.set(handle, mouse);
    const error = yield* core.registerHandle(handle);
    if (error !== 0) return error;
    const devt = makeDevice(MAJOR, minor);
    k.devices.register(devt, 1, (_node, flags) => this.open(mouse.exists ? mouse : undefined, flags));
    const cls = k.symbols.require('input_class');
    mouse.device = yield* deviceCreate(k, { cls, parent: inputDev(k, address).dev, devt, data: NULL, groups: NULL, name });
    if (this.#mix.opened > 0) yield* this.#openByMix(mouse);
    return 0;
  }
  *disconnect(handle: Addr): Sleeping<void> {
    const k = this.#k;
    const mouse = this.byHandle.get(handle);
    if (mouse === undefined) return;
    yield* deviceUnregister(k, mouse.device);
    mouse.exists = false;
    yield* this.#wake(mouse);
    if (mouse.opened > 0) yield* k.get(InputCore).close(handle);
    yield* k.get(InputCore).unregisterHandle(handle);
    k.get(InputCore).minors.delete(mouse.minor);
    this.byHandle.delete(handle);
    k.slab.free(k.view(InputHandle, handle).name);
    k.slab.free(handle);
  }
  *#openDevice(mouse: Mouse): Sleeping<number> {
    if (!mouse.exists) return -ENODEV;
    mouse.opened++;
    const error = mouse.opened === 1 ? yield* this.#k.get(InputCore).open(mouse.handle) : 0;
    if (error !== 0) mouse.opened--;
    return error;
  }
  *#closeDevice(mouse: Mouse): Sleeping<void> {
    mouse.opened--;
    if (mouse.exists && mouse.opened === 0) yield* this.#k.get(InputCore).close(mouse.handle);
  }
  *#openByMix(mouse: Mouse): Sleeping<void> {
    if (!mouse.byMix && (yield* this.#openDevice(mouse)) === 0) mouse.byMix = true;
  }
  /** Opens a mouse; undefined: the mix. */
  *openMix(flags: number): Sleeping<OpenNode | number> {
    return yield* this.open(this.#mix, flags);
  }
  *open(mouse: Mouse | undefined, flags: number): Sleeping<OpenNode | number> {
    if (mouse === undefined) return -ENODEV;
    const k = this.#k;
    const client = new MouseClient();
    client.position.x = SCREEN.x / 2;
    client.position.y = SCREEN.y / 2;
    if (mouse === this.#mix) {
      mouse.opened++;
      if (mouse.opened === 1) for (const each of this.byHandle.values()) yield* this.#openByMix(each);
    } else {
      const error = yield* this.#openDevice(mouse);
      if (error !== 0) return error;
    }
    mouse.clients.add(client);
    const close = (): Sleeping<void> => this.#close(mouse, client);
    const wake = (): Sleeping<void> => this.#wake(mouse);
    return {
      position: 0,
      *read(count) {
        if (!client.readable && mouse.exists && (flags & O_NONBLOCK) !== 0) return -EAGAIN;
        const outcome = yield* k.get(Waiters).until(mouse.wait, TASK_INTERRUPTIBLE, () => client.readable || !mouse.exists);
        if (outcome !== 'ready') return -ERESTARTSYS;
        return mouse.exists ? client.read(count) : -ENODEV;
      },
      *write(data) {
        for (const byte of data) client.command(byte);
        yield* wake();
        return data.length;
      },
      *poll(table) {
        if (table !== NULL) yield* k.call(k.symbols.require('__pollwait'), NULL, mouse.wait, table);
        const POLLIN = 0x41;
        const POLLOUT = 0x104;
        return (mouse.exists ? POLLOUT : 0x18) | (client.readable ? POLLIN : 0);
      },
      release: close,
    };
  }
  *#close(mouse: Mouse, client: MouseClient): Sleeping<void> {
    mouse.clients.delete(client);
    if (mouse !== this.#mix) {
      yield* this.#closeDevice(mouse);
      return;
    }
    mouse.opened--;
    if (mouse.opened > 0) return;
    for (const each of this.byHandle.values()) {
      if (!each.byMix) continue;
      each.byMix = false;
      yield* this.#closeDevice(each);
    }
  }
  *#wake(mouse: Mouse): Sleeping<void> {
    this.#k.get(Waiters).wake(mouse.wait, Number.POSITIVE_INFINITY);
    yield* wakeUp(this.#k, mouse.wait, TASK_INTERRUPTIBLE, 0, NULL);
  }
  *event(handle: Addr, type: number, code: number, value: number): Sleeping<void> {
    const mouse = this.byHandle.get(handle);
    if (mouse === undefined) return;
    const dev = inputDev(this.#k, this.#k.view(InputHandle, handle).dev);
    if (type === EV_REL) move(mouse.motion, code, value);
    else if (type === EV_ABS) this.#absolute(mouse, dev, code, value);
    else if (type === EV_KEY && value !== 2) {
      if (code === BTN_TOUCH && hasType(this.#k, dev, EV_ABS)) yield* this.#touch(mouse, value !== 0);
      else this.#button(mouse, BUTTONS[code], value !== 0);
    } else if (type === EV_SYN && code === SYN_REPORT) yield* this.#report(mouse);
  }
  *#report(mouse: Mouse): Sleeping<void> {
    if (mouse.touch !== 0) {
      mouse.packets++;
      // Equal positions are not told again, but the averages need them.
      for (const axis of ['x', 'y'] as const) mouse.old[axis][mouse.packets & 3] = mouse.old[axis][(mouse.packets - 1) & 3] as number;
    }
    for (const to of [mouse, this.#mix]) yield* this.#notify(to, mouse.motion);
    Object.assign(mouse.motion, { dx: 0, dy: 0, dz: 0, absolute: false });
  }
  *#notify(to: Mouse, { dx, dy, dz, x, y, absolute, buttons }: Mouse['motion']): Sleeping<void> {
    let readable = false;
    for (const client of to.clients) {
      const { position } = client;
      const moved = absolute ? { dx: dx + x - position.x, dy: dy + y - position.y } : { dx, dy };
      position.x = absolute ? x : Math.max(0, Math.min(SCREEN.x - 1, position.x + dx));
      position.y = absolute ? y : Math.max(0, Math.min(SCREEN.y - 1, position.y + dy));
      client.add({ ...moved, dz, buttons }, to.motion.buttons);
      readable ||= client.readable;
    }
    if (readable) yield* this.#wake(to);
  }
  #button(mouse: Mouse, button: number | undefined, down: boolean): void {
    if (button === undefined) return;
    for (const { motion } of [mouse, this.#mix]) motion.buttons = down ? motion.buttons | (1 << button) : motion.buttons & ~(1 << button);
  }
  #absolute(mouse: Mouse, dev: InputView, code: number, value: number): void {
    const k = this.#k;
    if (code > 1 || getBit(k, dev.keybit, BTN_TRIGGER)) return;
    const axis = code === 0 ? 'x' : 'y';
    const range = (which: number): number => absAt(k, dev, which).maximum - absAt(k, dev, which).minimum;
    if (getBit(k, dev.keybit, BTN_TOUCH)) {
      if (mouse.touch === 0) return;
      // The width of the pad counts for both axes: a circle stays one.
      const size = range(0) || 512;
      const before = mouse.old[axis][(mouse.packets - 2) & 3] as number;
      mouse.old[axis][mouse.packets & 3] = value;
      if (mouse.packets < 2) return;
      const scaled = Math.trunc(((value - before) * 256 * FRACTION) / size) * (axis === 'x' ? 1 : -1) + mouse.rest[axis];
      const whole = Math.trunc(scaled / FRACTION);
      mouse.motion[axis === 'x' ? 'dx' : 'dy'] = whole;
      mouse.rest[axis] = scaled - whole * FRACTION;
      return;
    }
    const size = range(code) || SCREEN[axis];
    const at = Math.trunc(((value - absAt(k, dev, code).minimum) * SCREEN[axis]) / size);
    mouse.motion[axis] = axis === 'x' ? at : SCREEN.y - at;
    mouse.motion.absolute = true;
  }
  /** A short touch is a click. */
  *#touch(mouse: Mouse, down: boolean): Sleeping<void> {
    if (down) {
      mouse.touch ||= Math.max(1, this.#k.clock.now);
      return;
    }
    if (mouse.touch !== 0 && this.#k.clock.now < mouse.touch + TAP_NS) {
      for (const pressed of [true, false]) {
        this.#button(mouse, 0, pressed);
        yield* this.#notify(this.#mix, this.#mix.motion);
        yield* this.#notify(mouse, mouse.motion);
      }
    }
    mouse.touch = mouse.packets = 0;
    mouse.rest.x = mouse.rest.y = 0;
  }
}
function move(motion: Motion, code: number, value: number): void {
  const REL_X = 0;
  const REL_Y = 1;
  const REL_WHEEL = 8;
  if (code === REL_X) motion.dx += value;
  else if (code === REL_Y) motion.dy -= value;
  else if (code === REL_WHEEL) motion.dz -= value;
}
/** /dev/input/mice and its place in /sys: there from the start. */
export function miceNode(k: Kernel): void {
  const devt = makeDevice(MAJOR, MIX_MINOR);
  k.devices.register(devt, 1, function* (_node, flags) {
    yield* k.get(InputCore).ready();
    return yield* k.get(Mice).openMix(flags);
  });
  k.vfs.directory('/dev/input').put('mice', new DeviceNode(0o20600, devt));
  const path = 'devices/virtual/input/mice';
  const directory = k.vfs.directory(`/sys/${path}`);
  const text = (value: string) => ({
    *read(): Sleeping<string> {
      return value;
    },
  });
  directory.put('dev', sysfsText(0o444, text(`${MAJOR}:${MIX_MINOR}\n`)));
  directory.put('uevent', sysfsText(0o644, text(`MAJOR=${MAJOR}\nMINOR=${MIX_MINOR}\nDEVNAME=input/mice\n`)));
  directory.put('subsystem', new Symlink('../../../../class/input'));
  directory.child('power');
  k.vfs.directory('/sys/class/input').put('mice', new Symlink(`../../${path}`));
  k.vfs.directory('/sys/dev/char').put(`${MAJOR}:${MIX_MINOR}`, new Symlink(`../../${path}`));
}
const handle = pointer('struct input_handle *');
export const mousedevApi: KernelApi = kernelApi('drivers/input/mousedev.c', {
  mousedev_connect: blocking(
    { handler: pointer('struct input_handler *'), dev: pointer('struct input_dev *'), id: voidPtr },
    int,
    (k, { handler, dev }) => k.get(Mice).connect(handler, dev),
  ),
  mousedev_disconnect: blocking({ handle }, nothing, (k, { handle: address }) => k.get(Mice).disconnect(address)),
  mousedev_event: blocking({ handle, type: uint, code: uint, value: int }, nothing, (k, { handle: address, type, code, value }) =>
    k.get(Mice).event(address, type, code, value),
  ),
});
