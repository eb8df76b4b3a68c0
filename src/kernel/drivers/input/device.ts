// The structs of the input layer, and the numbers of its events. Source: include/linux/input.h, input-event-codes.h.
import { bool, embedded, fnPtr, int, kernelStruct, s32, u8, u16, u32, uint, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit } from '../../lib/bitmap.ts';
import type { Addr } from '../../memory.ts';

export const InputDev = kernelStruct('input_dev', {
  name: voidPtr,
  phys: voidPtr,
  uniq: voidPtr,
  'id.bustype': u16,
  'id.vendor': u16,
  'id.product': u16,
  'id.version': u16,
  propbit: embedded,
  evbit: embedded,
  keybit: embedded,
  relbit: embedded,
  absbit: embedded,
  mscbit: embedded,
  ledbit: embedded,
  sndbit: embedded,
  ffbit: embedded,
  swbit: embedded,
  hint_events_per_packet: uint,
  keycodemax: uint,
  keycodesize: uint,
  keycode: voidPtr,
  setkeycode: voidPtr,
  getkeycode: voidPtr,
  ff: voidPtr,
  poller: voidPtr,
  repeat_key: uint,
  timer: embedded,
  'timer.function': voidPtr,
  rep: embedded,
  mt: voidPtr,
  absinfo: voidPtr,
  key: embedded,
  led: embedded,
  snd: embedded,
  sw: embedded,
  open: fnPtr,
  close: fnPtr,
  flush: fnPtr,
  event: fnPtr,
  grab: voidPtr,
  mutex: embedded,
  users: uint,
  going_away: bool,
  dev: embedded,
  'dev.type': voidPtr,
  'dev.class': voidPtr,
  'dev.parent': voidPtr,
  h_list: embedded,
  node: embedded,
  num_vals: uint,
  max_vals: uint,
  vals: voidPtr,
  devres_managed: bool,
  timestamp: embedded,
  inhibited: bool,
});
export const InputHandler = kernelStruct('input_handler', {
  event: fnPtr,
  events: fnPtr,
  filter: fnPtr,
  match: fnPtr,
  connect: fnPtr,
  disconnect: fnPtr,
  start: fnPtr,
  legacy_minors: bool,
  minor: int,
  name: voidPtr,
  id_table: voidPtr,
  h_list: embedded,
  node: embedded,
});
export const InputHandle = kernelStruct('input_handle', {
  open: int,
  name: voidPtr,
  dev: voidPtr,
  handler: voidPtr,
  d_node: embedded,
  h_node: embedded,
});
export const InputDeviceId = kernelStruct('input_device_id', {
  flags: uint,
  bustype: u16,
  vendor: u16,
  product: u16,
  version: u16,
  driver_info: voidPtr,
});
export const InputValue = kernelStruct('input_value', { type: u16, code: u16, value: s32 });
export const InputAbsinfo = kernelStruct('input_absinfo', {
  value: s32,
  minimum: s32,
  maximum: s32,
  fuzz: s32,
  flat: s32,
  resolution: s32,
});
export const InputMt = kernelStruct('input_mt', {
  trkid: int,
  num_slots: int,
  slot: int,
  flags: uint,
  frame: uint,
  red: voidPtr,
  slots: embedded,
});
export const InputKeymapEntry = kernelStruct('input_keymap_entry', { flags: u8, len: u8, index: u16, keycode: u32, scancode: embedded });

export const EV_SYN = 0;
export const EV_KEY = 1;
export const EV_REL = 2;
export const EV_ABS = 3;
export const EV_MSC = 4;
export const EV_SW = 5;
export const EV_LED = 0x11;
export const EV_SND = 0x12;
export const EV_REP = 0x14;
export const EV_FF = 0x15;
export const EV_PWR = 0x16;
export const EV_MAX = 0x1f;
export const SYN_REPORT = 0;
export const KEY_MAX = 0x2ff;
export const ABS_MT_SLOT = 0x2f;
export const ABS_MT_FIRST = 0x30;
export const ABS_MT_LAST = 0x3d;
export const ABS_MT_TRACKING_ID = 0x39;
export const ABS_MAX = 0x3f;
export const REP_DELAY = 0;
export const REP_PERIOD = 1;
export const PROP_MAX = 0x1f;

export type BitmapField = 'keybit' | 'relbit' | 'absbit' | 'mscbit' | 'ledbit' | 'sndbit' | 'ffbit' | 'swbit';
/** The event types that have codes: their bitmap, its last code, and the letters that name it in /proc, sysfs and aliases. */
export const EVENT_TYPES: readonly {
  readonly type: number;
  readonly bits: BitmapField;
  readonly max: number;
  readonly name: string;
  readonly letter: string;
  /** The first code that an alias lists. */
  readonly aliasFrom: number;
}[] = [
  { type: EV_KEY, bits: 'keybit', max: KEY_MAX, name: 'KEY', letter: 'k', aliasFrom: 0x71 },
  { type: EV_REL, bits: 'relbit', max: 0x0f, name: 'REL', letter: 'r', aliasFrom: 0 },
  { type: EV_ABS, bits: 'absbit', max: ABS_MAX, name: 'ABS', letter: 'a', aliasFrom: 0 },
  { type: EV_MSC, bits: 'mscbit', max: 0x07, name: 'MSC', letter: 'm', aliasFrom: 0 },
  { type: EV_LED, bits: 'ledbit', max: 0x0f, name: 'LED', letter: 'l', aliasFrom: 0 },
  { type: EV_SND, bits: 'sndbit', max: 0x07, name: 'SND', letter: 's', aliasFrom: 0 },
  { type: EV_FF, bits: 'ffbit', max: 0x7f, name: 'FF', letter: 'f', aliasFrom: 0 },
  { type: EV_SW, bits: 'swbit', max: 0x10, name: 'SW', letter: 'w', aliasFrom: 0 },
];

export const inputDev = (k: Kernel, address: Addr) => k.view(InputDev, address);
export type InputView = ReturnType<typeof inputDev>;
/** Whether a device sends events of `type`. */
export const hasType = (k: Kernel, dev: InputView, type: number): boolean => type <= EV_MAX && getBit(k, dev.evbit, type);
/** Whether `code` is one of the bitmap's codes and set. */
export const hasCode = (k: Kernel, bits: Addr, max: number, code: number): boolean => code <= max && getBit(k, bits, code);
/** The bits up to `max` that are set. */
export function bitsSet(k: Kernel, bits: Addr, max: number): number[] {
  const set: number[] = [];
  for (let bit = 0; bit <= max; bit++) if (getBit(k, bits, bit)) set.push(bit);
  return set;
}
