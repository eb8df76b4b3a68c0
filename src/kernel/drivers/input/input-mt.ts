// Multi-touch: contacts in slots, each with its tracking id. Source: drivers/input/input-mt.c, Documentation/input/multi-touch-protocol.rst.
import { EINVAL, ENOMEM, ENXIO } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  s16,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit, setBit } from '../../lib/bitmap.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { ABS_MT_FIRST, ABS_MT_SLOT, ABS_MT_TRACKING_ID, EV_ABS, EV_KEY, InputMt, type InputView, inputDev } from './device.ts';
import { absAt, inputEvent, slotAt } from './events.ts';
import { setAxis } from './input.ts';
import { assign } from './mt-assign.ts';

const Slot = kernelStruct('input_mt_slot', { frame: uint, key: int });
const Position = kernelStruct('input_mt_pos', { x: s16, y: s16 });
const NULL = 0;
const FLAG = { pointer: 1, direct: 2, dropUnused: 4, track: 8, semi: 0x10 } as const;
const PROP = { pointer: 0, direct: 1, semi: 3 } as const;
const TRACKING_MAX = 0xffff;
const TRACKING_SIGN = 0x8000;
const MAX_SLOTS = 1024;
const ABS_X = 0;
const ABS_Y = 1;
const ABS_PRESSURE = 0x18;
const ABS_DISTANCE = 0x19;
const MT_X = 0x35;
const MT_Y = 0x36;
const MT_TOOL_TYPE = 0x37;
const MT_PRESSURE = 0x3a;
const MT_DISTANCE = 0x3b;
const BTN_TOUCH = 0x14a;
/** BTN_TOOL_FINGER, _DOUBLETAP, _TRIPLETAP, _QUADTAP, _QUINTTAP: one to five fingers. */
const FINGERS = [0x145, 0x14d, 0x14e, 0x14f, 0x148] as const;

const mtOf = (k: Kernel, dev: InputView) => (dev.mt === NULL ? undefined : k.view(InputMt, dev.mt));
const valueAt = (slot: Addr, axis: number): Addr => slot + (axis - ABS_MT_FIRST) * 4;
const value = (k: Kernel, slot: Addr, axis: number): number => k.memory.s32(valueAt(slot, axis));
const active = (k: Kernel, slot: Addr): boolean => value(k, slot, ABS_MT_TRACKING_ID) >= 0;
const slotsOf = (k: Kernel, dev: InputView): Addr[] => Array.from({ length: mtOf(k, dev)?.num_slots ?? 0 }, (_, n) => slotAt(k, dev.mt, n));

/** An axis of the whole device, as that of its slots. */
function copyAxis(k: Kernel, dev: InputView, to: number, from: number): void {
  if (!getBit(k, dev.absbit, from)) return;
  k.memory.copy(absAt(k, dev, to).addr, absAt(k, dev, from).addr, k.layouts.sizeOf('input_absinfo'));
  absAt(k, dev, to).fuzz = 0;
  setBit(k, dev.absbit, to, true);
}
function initSlots(k: Kernel, dev: InputView, count: number, flags: number): number {
  if (count === 0) return 0;
  const existing = mtOf(k, dev);
  if (existing !== undefined) return existing.num_slots === count ? 0 : -EINVAL;
  if (count > MAX_SLOTS) return -EINVAL;
  const address = kzalloc(k, k.layouts.offsetOf('input_mt', 'slots') + count * k.layouts.sizeOf('input_mt_slot'));
  if (address === NULL) return -ENOMEM;
  const mt = k.view(InputMt, address);
  mt.num_slots = count;
  mt.flags = flags;
  setAxis(k, dev, ABS_MT_SLOT, 0, count - 1, 0, 0);
  setAxis(k, dev, ABS_MT_TRACKING_ID, 0, TRACKING_MAX, 0, 0);
  if ((flags & (FLAG.pointer | FLAG.direct)) !== 0) {
    setBit(k, dev.evbit, EV_KEY, true);
    setBit(k, dev.keybit, BTN_TOUCH, true);
    copyAxis(k, dev, ABS_X, MT_X);
    copyAxis(k, dev, ABS_Y, MT_Y);
    copyAxis(k, dev, ABS_PRESSURE, MT_PRESSURE);
  }
  if ((flags & FLAG.pointer) !== 0) {
    for (const key of FINGERS.slice(0, Math.max(2, count))) setBit(k, dev.keybit, key, true);
    setBit(k, dev.propbit, PROP.pointer, true);
  }
  if ((flags & FLAG.direct) !== 0) setBit(k, dev.propbit, PROP.direct, true);
  if ((flags & FLAG.semi) !== 0) setBit(k, dev.propbit, PROP.semi, true);
  if ((flags & FLAG.track) !== 0) mt.red = kzalloc(k, count * count * 4);
  for (let n = 0; n < count; n++) k.memory.setU32(valueAt(slotAt(k, address, n), ABS_MT_TRACKING_ID), -1);
  mt.frame = 1;
  dev.mt = address;
  return 0;
}
export function destroySlots(k: Kernel, dev: InputView): void {
  const mt = mtOf(k, dev);
  if (mt === undefined) return;
  if (mt.red !== NULL) k.slab.free(mt.red);
  k.slab.free(mt.addr);
  dev.mt = NULL;
}
const axis = (k: Kernel, dev: InputView, code: number, to: number): Sleeping<void> => inputEvent(k, dev, EV_ABS, code, to);
function* fingers(k: Kernel, dev: InputView, count: number): Sleeping<void> {
  for (const [n, key] of FINGERS.entries()) yield* inputEvent(k, dev, EV_KEY, key, count === n + 1 ? 1 : 0);
}
/** What a device with one contact would say: the oldest one. */
function* emulatePointer(k: Kernel, dev: InputView, useCount: boolean): Sleeping<void> {
  const mt = mtOf(k, dev);
  if (mt === undefined) return;
  const touching = slotsOf(k, dev).filter((slot) => active(k, slot));
  let oldest: Addr | undefined;
  let oldestId = mt.trkid;
  for (const slot of touching) {
    const id = value(k, slot, ABS_MT_TRACKING_ID);
    if (((id - oldestId) & TRACKING_SIGN) === 0) continue;
    oldest = slot;
    oldestId = id;
  }
  yield* inputEvent(k, dev, EV_KEY, BTN_TOUCH, touching.length > 0 ? 1 : 0);
  if (useCount) {
    // A device that only knows of something near, not how many or where: one finger.
    const near =
      touching.length === 0 &&
      !getBit(k, dev.absbit, MT_DISTANCE) &&
      getBit(k, dev.absbit, ABS_DISTANCE) &&
      absAt(k, dev, ABS_DISTANCE).value !== 0;
    yield* fingers(k, dev, near ? 1 : touching.length);
  }
  const pressure = getBit(k, dev.absbit, MT_PRESSURE);
  if (oldest !== undefined) {
    yield* axis(k, dev, ABS_X, value(k, oldest, MT_X));
    yield* axis(k, dev, ABS_Y, value(k, oldest, MT_Y));
    if (pressure) yield* axis(k, dev, ABS_PRESSURE, value(k, oldest, MT_PRESSURE));
  } else if (pressure) yield* axis(k, dev, ABS_PRESSURE, 0);
}
/** Slots that said nothing in this frame have lost their contact. */
function* dropUnused(k: Kernel, dev: InputView): Sleeping<void> {
  const mt = mtOf(k, dev);
  if (mt === undefined) return;
  for (const [n, slot] of slotsOf(k, dev).entries()) {
    if (!active(k, slot) || k.view(Slot, slot).frame === mt.frame) continue;
    yield* axis(k, dev, ABS_MT_SLOT, n);
    yield* axis(k, dev, ABS_MT_TRACKING_ID, -1);
  }
}
const dev = pointer('struct input_dev *');

export const inputMtApi: KernelApi = kernelApi('drivers/input/input-mt.c', {
  input_mt_init_slots: kfunc({ dev, num_slots: uint, flags: uint }, int, (k, { dev: address, num_slots, flags }) =>
    initSlots(k, inputDev(k, address), num_slots, flags),
  ),
  input_mt_destroy_slots: kfunc({ dev }, nothing, (k, { dev: address }) => destroySlots(k, inputDev(k, address))),
  /** The contact of the current slot: there, with a tool, or gone. */
  input_mt_report_slot_state: blocking(
    { dev, tool_type: uint, active: bool },
    bool,
    function* (k, { dev: address, tool_type, active: there }) {
      const input = inputDev(k, address);
      const mt = mtOf(k, input);
      if (mt === undefined) return false;
      const slot = slotAt(k, input.mt, mt.slot);
      k.view(Slot, slot).frame = mt.frame;
      if (!there) {
        yield* axis(k, input, ABS_MT_TRACKING_ID, -1);
        return false;
      }
      let id = value(k, slot, ABS_MT_TRACKING_ID);
      if (id < 0) {
        id = mt.trkid & TRACKING_MAX;
        mt.trkid += 1;
      }
      yield* axis(k, input, ABS_MT_TRACKING_ID, id);
      yield* axis(k, input, MT_TOOL_TYPE, tool_type);
      return true;
    },
  ),
  input_mt_report_finger_count: blocking({ dev, count: int }, nothing, (k, { dev: address, count }) =>
    fingers(k, inputDev(k, address), count),
  ),
  input_mt_report_pointer_emulation: blocking({ dev, use_count: bool }, nothing, (k, { dev: address, use_count }) =>
    emulatePointer(k, inputDev(k, address), use_count),
  ),
  input_mt_drop_unused: blocking({ dev }, nothing, function* (k, { dev: address }) {
    const input = inputDev(k, address);
    yield* dropUnused(k, input);
    const mt = mtOf(k, input);
    if (mt !== undefined) mt.frame += 1;
  }),
  /** The end of a frame, before input_sync(). */
  input_mt_sync_frame: blocking({ dev }, nothing, function* (k, { dev: address }) {
    const input = inputDev(k, address);
    const mt = mtOf(k, input);
    if (mt === undefined) return;
    if ((mt.flags & FLAG.dropUnused) !== 0) yield* dropUnused(k, input);
    yield* emulatePointer(k, input, (mt.flags & FLAG.pointer) !== 0 && (mt.flags & FLAG.semi) === 0);
    mt.frame += 1;
  }),
  /** Which slot each of some new positions belongs to. */
  input_mt_assign_slots: kfunc(
    { dev, slots: voidPtr, pos: voidPtr, num_pos: int, dmax: int },
    int,
    (k, { dev: address, slots, pos, num_pos, dmax }) => {
      const input = inputDev(k, address);
      const mt = mtOf(k, input);
      if (mt === undefined || mt.red === NULL) return -ENXIO;
      if (num_pos > mt.num_slots) return -EINVAL;
      if (num_pos < 1) return 0;
      const size = k.layouts.sizeOf('input_mt_pos');
      const contacts = slotsOf(k, input).map((slot) =>
        active(k, slot) ? { x: value(k, slot, MT_X), y: value(k, slot, MT_Y) } : undefined,
      );
      const positions = Array.from({ length: num_pos }, (_, n) => k.view(Position, pos + n * size));
      for (const [n, slot] of assign(contacts, positions, dmax).entries()) k.memory.setU32(slots + n * 4, slot);
      return 0;
    },
  ),
  input_mt_get_slot_by_key: kfunc({ dev, key: int }, int, (k, { dev: address, key }) => {
    const input = inputDev(k, address);
    const mt = mtOf(k, input);
    if (mt === undefined) return -1;
    const slots = slotsOf(k, input);
    const known = slots.findIndex((slot) => active(k, slot) && k.view(Slot, slot).key === key);
    if (known >= 0) return known;
    const free = slots.findIndex((slot) => !active(k, slot) && k.view(Slot, slot).frame !== mt.frame);
    if (free >= 0) k.view(Slot, slots[free] as Addr).key = key;
    return free;
  }),
});
