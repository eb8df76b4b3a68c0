// Who is there: input devices, handlers, and the handles between them. Source: drivers/input/input.c.
import { EBUSY, EINTR, EINVAL, ENODEV } from '#abi';
import type { Sleeping } from '../../api/index.ts';
import { Sysfs } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit, setBit } from '../../lib/bitmap.ts';
import { kobjectPut, kobjectSetName } from '../../lib/kobject.ts';
import { listAdd, listAddTail, listDeleteInit, listEmpty, listEntries, listInit } from '../../lib/list.ts';
import { mutexInit, mutexLock, mutexUnlock } from '../../locking/mutex.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { TASK_INTERRUPTIBLE } from '../../sched/task.ts';
import { Classes } from '../base/class.ts';
import { DeviceType, deviceAdd, deviceDel, deviceInitialize } from '../base/core.ts';
import { deviceName, devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';
import { registerKeyboard } from '../tty/vt/keyboard.ts';
import {
  ABS_MAX,
  ABS_MT_FIRST,
  ABS_MT_LAST,
  ABS_MT_SLOT,
  ABS_MT_TRACKING_ID,
  bitsSet,
  EV_ABS,
  EV_REL,
  EV_SYN,
  EVENT_TYPES,
  hasType,
  InputDeviceId,
  InputHandle,
  InputHandler,
  InputMt,
  type InputView,
  inputDev,
  PROP_MAX,
  REP_DELAY,
  REP_PERIOD,
  SYN_REPORT,
} from './device.ts';
import { absAt, handleEvent, handlesOf, releaseKeys, toggle } from './events.ts';
import { pollerDefaults, startPolling, stopPolling } from './input-poller.ts';
import { attributeFiles } from './sysfs.ts';

const NULL = 0;
const FIRST_DYNAMIC_MINOR = 256;
const MAX_MINORS = 1024;
const VALUE_SIZE = 8;
const SOFT_REPEAT = { delay: 250, period: 33 } as const;
const MATCH = { bus: 1, vendor: 2, product: 4, version: 8 } as const;

export class InputCore {
  readonly #k: Kernel;
  readonly devices: Addr[] = [];
  readonly handlers: Addr[] = [];
  readonly minors = new Set<number>();
  #deviceType: Addr | undefined;
  #next = 0;
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** The class, and the handlers that are part of the kernel: made with the first device or handler. */
  *ready(): Sleeping<void> {
    if (this.#deviceType !== undefined) return;
    const k = this.#k;
    const type = kzalloc(k, k.layouts.sizeOf('device_type'));
    this.#deviceType = type;
    k.view(DeviceType, type).release = k.symbols.require('input_dev_release');
    k.view(DeviceType, type).uevent = k.symbols.require('input_dev_uevent');
    yield* k.get(Classes).register(k.symbols.require('input_class'), true);
    yield* registerKeyboard(k, this);
  }
  *allocate(): Sleeping<Addr> {
    const k = this.#k;
    yield* this.ready();
    const address = kzalloc(k, k.layouts.sizeOf('input_dev'));
    if (address === NULL) return NULL;
    const dev = inputDev(k, address);
    dev['dev.type'] = this.#deviceType as Addr;
    dev['dev.class'] = k.symbols.require('input_class');
    deviceInitialize(k, dev.dev);
    mutexInit(k, dev.mutex);
    listInit(k, dev.h_list);
    listInit(k, dev.node);
    kobjectSetName(k, dev.dev, `input${this.#next++}`);
    return address;
  }
  *register(address: Addr): Sleeping<number> {
    const k = this.#k;
    const dev = inputDev(k, address);
    if (hasType(k, dev, EV_ABS) && dev.absinfo === NULL) {
      devPrintk(k, LOGLEVEL.err, dev.dev, 'Absolute device without dev->absinfo, refusing to register\n');
      return -EINVAL;
    }
    setBit(k, dev.evbit, EV_SYN, true);
    setBit(k, dev.keybit, 0, false);
    for (const { type, bits, max } of EVENT_TYPES) if (!hasType(k, dev, type)) k.memory.fill(dev[bits], 0, bitmapBytes(max));
    dev.hint_events_per_packet = Math.max(dev.hint_events_per_packet, packetSize(k, dev));
    dev.max_vals = dev.hint_events_per_packet + 2;
    dev.vals = kzalloc(k, dev.max_vals * VALUE_SIZE);
    if (k.memory.s32(dev.rep + REP_DELAY * 4) === 0 && k.memory.s32(dev.rep + REP_PERIOD * 4) === 0)
      softRepeat(k, dev, SOFT_REPEAT.delay, SOFT_REPEAT.period);
    if (dev.getkeycode === NULL) dev.getkeycode = k.symbols.require('input_default_getkeycode');
    if (dev.setkeycode === NULL) dev.setkeycode = k.symbols.require('input_default_setkeycode');
    pollerDefaults(k, dev);
    const error = yield* deviceAdd(k, dev.dev);
    if (error !== 0) {
      k.slab.free(dev.vals);
      dev.vals = NULL;
      return error;
    }
    attributeFiles(k, dev, (inhibit) => this.inhibit(dev, inhibit));
    const name = dev.name === NULL ? 'Unspecified device' : k.memory.cstring(dev.name);
    k.log.print('info', `input: ${name} as /${k.get(Sysfs).path(dev.dev)}`);
    this.devices.push(address);
    for (const handler of [...this.handlers]) yield* this.#attach(handler, dev);
    if (dev.devres_managed) this.#owned(dev, 'devm_input_device_unregister');
    return 0;
  }
  /** The parent device's resource that takes back what was done, when the parent goes. */
  #owned(dev: InputView, release: string): void {
    const k = this.#k;
    const data = kzalloc(k, 8);
    k.memory.setPtr(data, dev.addr);
    k.get(Devres).add(dev['dev.parent'], { data, release: k.symbols.require(release) });
  }
  #disown(dev: InputView, release: string): void {
    const k = this.#k;
    const wanted = k.symbols.require(release);
    const found = k
      .get(Devres)
      .find(dev['dev.parent'], (resource) => resource.release === wanted && k.memory.ptr(resource.data) === dev.addr);
    if (found === undefined) return;
    k.get(Devres).remove(dev['dev.parent'], found);
    k.slab.free(found.data);
  }
  *allocateManaged(parent: Addr): Sleeping<Addr> {
    const address = yield* this.allocate();
    if (address === NULL) return NULL;
    const dev = inputDev(this.#k, address);
    dev['dev.parent'] = parent;
    dev.devres_managed = true;
    this.#owned(dev, 'devm_input_device_release');
    return address;
  }
  *free(address: Addr): Sleeping<void> {
    if (address === NULL) return;
    const dev = inputDev(this.#k, address);
    if (dev.devres_managed) this.#disown(dev, 'devm_input_device_release');
    yield* kobjectPut(this.#k, dev.dev);
  }
  *unregister(address: Addr): Sleeping<void> {
    const dev = inputDev(this.#k, address);
    if (dev.devres_managed) {
      // The parent's other resource holds the reference.
      this.#disown(dev, 'devm_input_device_unregister');
      yield* this.remove(dev);
      return;
    }
    yield* this.remove(dev);
    yield* kobjectPut(this.#k, dev.dev);
  }
  *remove(dev: InputView): Sleeping<void> {
    const k = this.#k;
    yield* mutexLock(k, dev.mutex);
    dev.going_away = true;
    mutexUnlock(k, dev.mutex);
    if (yield* releaseKeys(k, dev)) yield* handleEvent(k, dev, EV_SYN, SYN_REPORT, 1);
    for (const handle of handlesOf(k, dev)) k.view(InputHandle, handle).open = 0;
    for (const handle of handlesOf(k, dev)) yield* this.#disconnect(handle);
    yield* k.call(k.symbols.require('timer_delete_sync'), dev.timer);
    this.devices.splice(this.devices.indexOf(dev.addr), 1);
    yield* deviceDel(k, dev.dev);
  }
  *#disconnect(handle: Addr): Sleeping<void> {
    const k = this.#k;
    yield* k.call(k.view(InputHandler, k.view(InputHandle, handle).handler).disconnect, handle);
  }

  *registerHandler(address: Addr): Sleeping<number> {
    yield* this.ready();
    const handler = this.#k.view(InputHandler, address);
    listInit(this.#k, handler.h_list);
    this.handlers.push(address);
    for (const dev of [...this.devices]) yield* this.#attach(address, inputDev(this.#k, dev));
    return 0;
  }
  *unregisterHandler(address: Addr): Sleeping<void> {
    for (const handle of this.handlesOfHandler(address)) yield* this.#disconnect(handle);
    this.handlers.splice(this.handlers.indexOf(address), 1);
  }
  handlesOfHandler(handler: Addr): Addr[] {
    const offset = this.#k.layouts.offsetOf('input_handle', 'h_node');
    return listEntries(this.#k, this.#k.view(InputHandler, handler).h_list).map((entry) => entry - offset);
  }
  *#attach(address: Addr, dev: InputView): Sleeping<void> {
    const k = this.#k;
    const handler = k.view(InputHandler, address);
    const id = yield* this.#match(address, dev);
    if (id === NULL) return;
    const error = yield* k.callInt(handler.connect, address, dev.addr, id);
    if (error !== 0 && error !== -ENODEV) {
      const names = `${k.memory.cstring(handler.name)} to device ${deviceName(k, dev.dev)}`;
      k.log.print('err', `input: failed to attach handler ${names}, error: ${error}`);
    }
  }
  *#match(address: Addr, dev: InputView): Sleeping<Addr> {
    const k = this.#k;
    const { id_table: table, match } = k.view(InputHandler, address);
    const size = k.layouts.sizeOf('input_device_id');
    for (let id = table; table !== NULL; id += size) {
      const view = k.view(InputDeviceId, id);
      if (view.flags === 0 && view.driver_info === NULL) return NULL;
      if (!matches(k, dev, id)) continue;
      if (match === NULL || ((yield* k.callInt(match, address, dev.addr)) & 0xff) !== 0) return id;
    }
    return NULL;
  }
  *registerHandle(address: Addr): Sleeping<number> {
    const k = this.#k;
    const handle = k.view(InputHandle, address);
    const handler = k.view(InputHandler, handle.handler);
    const dev = inputDev(k, handle.dev);
    if ((yield* mutexLock(k, dev.mutex, TASK_INTERRUPTIBLE)) !== 0) return -EINTR;
    if (handler.filter !== NULL) listAdd(k, handle.d_node, dev.h_list);
    else listAddTail(k, handle.d_node, dev.h_list);
    mutexUnlock(k, dev.mutex);
    listAddTail(k, handle.h_node, handler.h_list);
    if (handler.start !== NULL) yield* k.call(handler.start, address);
    return 0;
  }
  *unregisterHandle(address: Addr): Sleeping<void> {
    const k = this.#k;
    const handle = k.view(InputHandle, address);
    const dev = inputDev(k, handle.dev);
    listDeleteInit(k, handle.h_node);
    yield* mutexLock(k, dev.mutex);
    listDeleteInit(k, handle.d_node);
    mutexUnlock(k, dev.mutex);
  }
  *open(address: Addr): Sleeping<number> {
    const k = this.#k;
    const handle = k.view(InputHandle, address);
    const dev = inputDev(k, handle.dev);
    if ((yield* mutexLock(k, dev.mutex, TASK_INTERRUPTIBLE)) !== 0) return -EINTR;
    let result = 0;
    if (dev.going_away) result = -ENODEV;
    else {
      handle.open += 1;
      dev.users += 1;
      if (dev.users === 1 && !dev.inhibited) {
        if (dev.open !== NULL) result = yield* k.callInt(dev.open, dev.addr);
        if (result === 0) yield* startPolling(k, dev);
        else {
          dev.users -= 1;
          handle.open -= 1;
        }
      }
    }
    mutexUnlock(k, dev.mutex);
    return result;
  }
  *close(address: Addr): Sleeping<void> {
    const k = this.#k;
    const handle = k.view(InputHandle, address);
    const dev = inputDev(k, handle.dev);
    yield* mutexLock(k, dev.mutex);
    yield* this.#release(address, dev);
    dev.users -= 1;
    if (dev.users === 0 && !dev.inhibited) {
      yield* stopPolling(k, dev);
      if (dev.close !== NULL) yield* k.call(dev.close, dev.addr);
    }
    handle.open -= 1;
    mutexUnlock(k, dev.mutex);
  }
  *grab(address: Addr): Sleeping<number> {
    const k = this.#k;
    const dev = inputDev(k, k.view(InputHandle, address).dev);
    if ((yield* mutexLock(k, dev.mutex, TASK_INTERRUPTIBLE)) !== 0) return -EINTR;
    const taken = dev.grab !== NULL;
    if (!taken) dev.grab = address;
    mutexUnlock(k, dev.mutex);
    return taken ? -EBUSY : 0;
  }
  *release(address: Addr): Sleeping<void> {
    const k = this.#k;
    const dev = inputDev(k, k.view(InputHandle, address).dev);
    yield* mutexLock(k, dev.mutex);
    yield* this.#release(address, dev);
    mutexUnlock(k, dev.mutex);
  }
  /** The others hear the device again, and may have to set its state. */
  *#release(address: Addr, dev: InputView): Sleeping<void> {
    const k = this.#k;
    if (dev.grab !== address) return;
    dev.grab = NULL;
    for (const handle of handlesOf(k, dev)) {
      const view = k.view(InputHandle, handle);
      const { start } = k.view(InputHandler, view.handler);
      if (view.open !== 0 && start !== NULL) yield* k.call(start, handle);
    }
  }
  /** A device that is inhibited keeps silent, whoever has it open. */
  *inhibit(dev: InputView, wanted: boolean): Sleeping<number> {
    const k = this.#k;
    yield* mutexLock(k, dev.mutex);
    let result = 0;
    if (wanted && !dev.inhibited) {
      if (dev.users !== 0) {
        if (dev.close !== NULL) yield* k.call(dev.close, dev.addr);
        yield* stopPolling(k, dev);
      }
      yield* releaseKeys(k, dev);
      yield* handleEvent(k, dev, EV_SYN, SYN_REPORT, 1);
      yield* toggle(k, dev, false);
      dev.inhibited = true;
    } else if (!wanted && dev.inhibited) {
      if (dev.users !== 0 && dev.open !== NULL) result = yield* k.callInt(dev.open, dev.addr);
      if (result === 0) {
        if (dev.users !== 0) yield* startPolling(k, dev);
        dev.inhibited = false;
        yield* toggle(k, dev, true);
      }
    }
    mutexUnlock(k, dev.mutex);
    return result;
  }
  /** A minor of major 13: from the handler's old range, or of the many above. */
  newMinor(base: number, count: number, dynamic: boolean): number {
    const first = (from: number, to: number): number => {
      for (let minor = from; minor < to; minor++) if (!this.minors.has(minor)) return minor;
      return -28;
    };
    let minor = base >= 0 ? first(base, base + count) : -28;
    if (minor < 0 && (base < 0 || dynamic)) minor = first(FIRST_DYNAMIC_MINOR, MAX_MINORS);
    if (minor >= 0) this.minors.add(minor);
    return minor;
  }
}
const bitmapBytes = (max: number): number => Math.ceil((max + 1) / 64) * 8;
export function softRepeat(k: Kernel, dev: InputView, delay: number, period: number): void {
  dev['timer.function'] = k.symbols.require('input_repeat_key');
  k.memory.setU32(dev.rep + REP_DELAY * 4, delay);
  k.memory.setU32(dev.rep + REP_PERIOD * 4, period);
}
/** How many values a packet of this device may have. */
function packetSize(k: Kernel, dev: InputView): number {
  const FEWEST_SLOTS = 2;
  const MOST_SLOTS = 32;
  const KEYS_AND_MISC = 7;
  let slots = 0;
  if (dev.mt !== NULL) slots = k.view(InputMt, dev.mt).num_slots;
  else if (getBit(k, dev.absbit, ABS_MT_TRACKING_ID)) {
    const { minimum, maximum } = absAt(k, dev, ABS_MT_TRACKING_ID);
    slots = Math.min(Math.max(maximum - minimum + 1, FEWEST_SLOTS), MOST_SLOTS);
  } else if (getBit(k, dev.absbit, ABS_MT_FIRST + 5)) slots = FEWEST_SLOTS;
  let events = slots + 1;
  if (hasType(k, dev, EV_ABS)) {
    for (const axis of bitsSet(k, dev.absbit, ABS_MAX)) events += axis >= ABS_MT_SLOT && axis <= ABS_MT_LAST ? slots : 1;
  }
  if (hasType(k, dev, EV_REL)) events += bitsSet(k, dev.relbit, 0x0f).length;
  return events + KEYS_AND_MISC;
}
/** input_match_device_id(): the numbers that the flags name, and every bit of every bitmap. */
export function matches(k: Kernel, dev: InputView, id: Addr): boolean {
  const view = k.view(InputDeviceId, id);
  const differs = (flag: number, wanted: number, has: number): boolean => (view.flags & flag) !== 0 && wanted !== has;
  if (differs(MATCH.bus, view.bustype, dev['id.bustype']) || differs(MATCH.vendor, view.vendor, dev['id.vendor'])) return false;
  if (differs(MATCH.product, view.product, dev['id.product']) || differs(MATCH.version, view.version, dev['id.version'])) return false;
  const bitmaps = [['evbit', 0x1f], ['propbit', PROP_MAX], ...EVENT_TYPES.map(({ bits, max }) => [bits, max] as const)] as const;
  return bitmaps.every(([field, max]) =>
    bitsSet(k, id + k.layouts.offsetOf('input_device_id', field), max - 1).every((bit) => getBit(k, dev[field], bit)),
  );
}
export const attached = (k: Kernel, dev: InputView): boolean => !listEmpty(k, dev.h_list);
