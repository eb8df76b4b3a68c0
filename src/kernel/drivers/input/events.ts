// The way of an event: what the device's state makes of it, who gets it, and keys that repeat. Source: drivers/input/input.c.
import type { Sleeping } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit, setBit } from '../../lib/bitmap.ts';
import { listEntries } from '../../lib/list.ts';
import type { Addr } from '../../memory.ts';
import { HZ, jiffiesNow } from '../../time/jiffies.ts';
import {
  ABS_MT_FIRST,
  ABS_MT_LAST,
  ABS_MT_SLOT,
  bitsSet,
  EV_ABS,
  EV_FF,
  EV_KEY,
  EV_LED,
  EV_MSC,
  EV_PWR,
  EV_REL,
  EV_REP,
  EV_SND,
  EV_SW,
  EV_SYN,
  EVENT_TYPES,
  hasCode,
  hasType,
  InputAbsinfo,
  InputHandle,
  InputHandler,
  InputMt,
  InputValue,
  type InputView,
  KEY_MAX,
  REP_DELAY,
  REP_PERIOD,
  SYN_REPORT,
} from './device.ts';

const SYN_CONFIG = 1;
const SYN_MT_REPORT = 2;
const REP_MAX = 1;
const REPEATED = 2;
const VALUE_SIZE = 8;
const NULL = 0;
const mostOf = (type: number): number => EVENT_TYPES.find((known) => known.type === type)?.max ?? 0;

/** What becomes of an event. */
interface Disposition {
  readonly value: number;
  readonly device: boolean;
  readonly handlers: boolean;
  readonly flush?: boolean;
  /** The slot in which touches are reported has changed: that is said first. */
  readonly slot?: boolean;
}
const toHandlers = (value: number): Disposition => ({ value, device: false, handlers: true });
const toAll = (value: number): Disposition => ({ value, device: true, handlers: true });

/** A bit of the device's state follows the value. Whether it was another one. */
function changes(k: Kernel, state: Addr, code: number, value: number): boolean {
  if (getBit(k, state, code) === (value !== 0)) return false;
  setBit(k, state, code, value !== 0);
  return true;
}
/** Noise below the axis' fuzz is dropped or smoothed. */
function defuzz(value: number, old: number, fuzz: number): number {
  if (fuzz === 0) return value;
  const distance = Math.abs(value - old);
  if (distance < Math.trunc(fuzz / 2)) return old;
  if (distance < fuzz) return Math.trunc((old * 3 + value) / 4);
  return distance < fuzz * 2 ? Math.trunc((old + value) / 2) : value;
}
export const slotAt = (k: Kernel, mt: Addr, slot: number): Addr => k.view(InputMt, mt).slots + slot * k.layouts.sizeOf('input_mt_slot');
export const absAt = (k: Kernel, dev: InputView, axis: number) =>
  k.view(InputAbsinfo, dev.absinfo + axis * k.layouts.sizeOf('input_absinfo'));

function absolute(k: Kernel, dev: InputView, code: number, value: number): Disposition | undefined {
  const mt = dev.mt === NULL ? undefined : k.view(InputMt, dev.mt);
  if (code === ABS_MT_SLOT) {
    // Only remembered: it is reported when something happens in the slot.
    if (mt !== undefined && value >= 0 && value < mt.num_slots) mt.slot = value;
    return undefined;
  }
  const touch = code >= ABS_MT_FIRST && code <= ABS_MT_LAST;
  let place: Addr | undefined = absAt(k, dev, code).addr;
  if (touch) place = mt === undefined ? undefined : slotAt(k, dev.mt, mt.slot) + (code - ABS_MT_FIRST) * 4;
  let result = value;
  if (place !== undefined) {
    const old = k.memory.s32(place);
    result = defuzz(value, old, absAt(k, dev, code).fuzz);
    if (result === old) return undefined;
    k.memory.setU32(place, result);
  }
  if (!touch || mt === undefined || mt.slot === absAt(k, dev, ABS_MT_SLOT).value) return toHandlers(result);
  absAt(k, dev, ABS_MT_SLOT).value = mt.slot;
  return { ...toHandlers(result), slot: true };
}
/** Linux: input_get_disposition(). undefined: nobody hears of it. */
function disposition(k: Kernel, dev: InputView, type: number, code: number, value: number): Disposition | undefined {
  const known = (bits: Addr): boolean => hasCode(k, bits, mostOf(type), code);
  switch (type) {
    case EV_SYN:
      if (code === SYN_CONFIG) return toAll(value);
      if (code === SYN_REPORT) return { ...toHandlers(value), flush: true };
      return code === SYN_MT_REPORT ? toHandlers(value) : undefined;
    case EV_KEY:
      if (!known(dev.keybit)) return undefined;
      return value === REPEATED || changes(k, dev.key, code, value) ? toHandlers(value) : undefined;
    case EV_SW:
      return known(dev.swbit) && changes(k, dev.sw, code, value) ? toHandlers(value) : undefined;
    case EV_ABS:
      return known(dev.absbit) ? absolute(k, dev, code, value) : undefined;
    case EV_REL:
      return known(dev.relbit) && value !== 0 ? toHandlers(value) : undefined;
    case EV_MSC:
      return known(dev.mscbit) ? toAll(value) : undefined;
    case EV_LED:
      return known(dev.ledbit) && changes(k, dev.led, code, value) ? toAll(value) : undefined;
    case EV_SND:
      if (!known(dev.sndbit)) return undefined;
      changes(k, dev.snd, code, value);
      return toAll(value);
    case EV_REP:
      if (code > REP_MAX || value < 0 || k.memory.s32(dev.rep + code * 4) === value) return undefined;
      k.memory.setU32(dev.rep + code * 4, value);
      return toAll(value);
    case EV_FF:
      return value >= 0 ? { value, device: true, handlers: false } : undefined;
    case EV_PWR:
      return toAll(value);
    default:
      return undefined;
  }
}
function collect(k: Kernel, dev: InputView, type: number, code: number, value: number): void {
  const slot = k.view(InputValue, dev.vals + dev.num_vals * VALUE_SIZE);
  slot.type = type;
  slot.code = code;
  slot.value = value;
  dev.num_vals += 1;
}
/** Hands the collected values on: a whole packet, or what fills the buffer. Linux: input_event_dispose(). */
export function* dispose(k: Kernel, dev: InputView, type: number, code: number, what: Disposition): Sleeping<void> {
  if (what.device && dev.event !== NULL) yield* k.callInt(dev.event, dev.addr, type, code, what.value);
  if (dev.vals === NULL) return;
  if (what.handlers) {
    if (what.slot === true) collect(k, dev, EV_ABS, ABS_MT_SLOT, k.view(InputMt, dev.mt).slot);
    collect(k, dev, type, code, what.value);
  }
  if (what.flush === true) {
    if (dev.num_vals >= 2) yield* pass(k, dev);
    dev.num_vals = 0;
    k.memory.setU64(dev.timestamp + 8, 0n);
  } else if (dev.num_vals >= dev.max_vals - 2) {
    collect(k, dev, EV_SYN, SYN_REPORT, 1);
    yield* pass(k, dev);
    dev.num_vals = 0;
  }
}
/** Linux: input_handle_event(). */
export function* handleEvent(k: Kernel, dev: InputView, type: number, code: number, value: number): Sleeping<void> {
  if (dev.inhibited) return;
  const what = disposition(k, dev, type, code, value);
  if (what !== undefined) yield* dispose(k, dev, type, code, what);
}
/** input_event(). */
export function* inputEvent(k: Kernel, dev: InputView, type: number, code: number, value: number): Sleeping<void> {
  if (hasType(k, dev, type)) yield* handleEvent(k, dev, type, code, value);
}
/** The handles of a device, first registered first (filters before all). */
export function handlesOf(k: Kernel, dev: InputView): Addr[] {
  const offset = k.layouts.offsetOf('input_handle', 'd_node');
  return listEntries(k, dev.h_list).map((entry) => entry - offset);
}
function* pass(k: Kernel, dev: InputView): Sleeping<void> {
  const { vals } = dev;
  let count = dev.num_vals;
  if (count === 0) return;
  const takers = dev.grab !== NULL ? [dev.grab] : handlesOf(k, dev);
  for (const handle of takers) {
    if (dev.grab === NULL && k.view(InputHandle, handle).open === 0) continue;
    count = yield* toHandler(k, handle, vals, count);
    if (count === 0) break;
  }
  if (!hasType(k, dev, EV_REP) || !hasType(k, dev, EV_KEY)) return;
  for (let n = 0; n < count; n++) {
    const { type, code, value } = k.view(InputValue, vals + n * VALUE_SIZE);
    if (type !== EV_KEY || value === REPEATED) continue;
    if (value !== 0) yield* startRepeat(k, dev, code);
    else yield* k.call(k.symbols.require('timer_delete'), dev.timer);
  }
}
/** Gives the values to a handler. How many are left: a filter may take some out. */
function* toHandler(k: Kernel, handle: Addr, vals: Addr, count: number): Sleeping<number> {
  const handler = k.view(InputHandler, k.view(InputHandle, handle).handler);
  let left = count;
  if (handler.filter !== NULL) {
    left = 0;
    for (let n = 0; n < count; n++) {
      const at = vals + n * VALUE_SIZE;
      const { type, code, value } = k.view(InputValue, at);
      if (((yield* k.callInt(handler.filter, handle, type, code, value)) & 0xff) !== 0) continue;
      if (left !== n) k.memory.copy(vals + left * VALUE_SIZE, at, VALUE_SIZE);
      left++;
    }
  }
  if (left === 0) return 0;
  if (handler.events !== NULL) yield* k.call(handler.events, handle, vals, left);
  else if (handler.event !== NULL) {
    for (let n = 0; n < left; n++) {
      const { type, code, value } = k.view(InputValue, vals + n * VALUE_SIZE);
      yield* k.call(handler.event, handle, type, code, value);
    }
  }
  return left;
}
const repeatTime = (k: Kernel, dev: InputView, which: number): number => k.memory.s32(dev.rep + which * 4);
function* restart(k: Kernel, dev: InputView, milliseconds: number): Sleeping<void> {
  const expires = jiffiesNow(k) + BigInt(Math.ceil((milliseconds * HZ) / 1000));
  yield* k.call(k.symbols.require('mod_timer'), dev.timer, expires);
}
function* startRepeat(k: Kernel, dev: InputView, code: number): Sleeping<void> {
  if (repeatTime(k, dev, REP_PERIOD) === 0 || repeatTime(k, dev, REP_DELAY) === 0 || dev['timer.function'] === NULL) return;
  dev.repeat_key = code;
  yield* restart(k, dev, repeatTime(k, dev, REP_DELAY));
}
/** The repeat timer: input_repeat_key(). */
export function* repeatKey(k: Kernel, dev: InputView): Sleeping<void> {
  const code = dev.repeat_key;
  if (dev.inhibited || !getBit(k, dev.key, code) || !hasCode(k, dev.keybit, KEY_MAX, code)) return;
  setTimestamp(k, dev, BigInt(Math.floor(k.clock.now)));
  yield* handleEvent(k, dev, EV_KEY, code, REPEATED);
  yield* handleEvent(k, dev, EV_SYN, SYN_REPORT, 1);
  if (repeatTime(k, dev, REP_PERIOD) !== 0) yield* restart(k, dev, repeatTime(k, dev, REP_PERIOD));
}
/** The three clocks of an event: real, monotonic, since boot. */
export function setTimestamp(k: Kernel, dev: InputView, monotonic: bigint): void {
  for (const [n, time] of [monotonic + k.clock.bootRealtime, monotonic, monotonic].entries()) k.memory.setU64(dev.timestamp + n * 8, time);
}
/** Lets go of every key. Whether the device has any. */
export function* releaseKeys(k: Kernel, dev: InputView): Sleeping<boolean> {
  if (!hasType(k, dev, EV_KEY)) return false;
  const pressed = bitsSet(k, dev.key, KEY_MAX);
  for (const code of pressed) yield* handleEvent(k, dev, EV_KEY, code, 0);
  return pressed.length > 0;
}
/** Tells the device its LEDs, sounds and repeat rates again, or switches them off. Linux: input_dev_toggle(). */
export function* toggle(k: Kernel, dev: InputView, on: boolean): Sleeping<void> {
  if (dev.event === NULL) return;
  for (const [type, bits, state] of [
    [EV_LED, dev.ledbit, dev.led],
    [EV_SND, dev.sndbit, dev.snd],
  ] as const) {
    if (!hasType(k, dev, type)) continue;
    for (const code of bitsSet(k, bits, mostOf(type))) {
      const active = getBit(k, state, code);
      if (active || on) yield* k.callInt(dev.event, dev.addr, type, code, on && active ? 1 : 0);
    }
  }
  if (!on || !hasType(k, dev, EV_REP)) return;
  for (const which of [REP_PERIOD, REP_DELAY]) yield* k.callInt(dev.event, dev.addr, EV_REP, which, repeatTime(k, dev, which));
}
