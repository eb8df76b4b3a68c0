// The functions of the input layer that modules call. Source: drivers/input/input.c.
import { EINTR, EINVAL } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kfunc,
  ktime_t,
  nothing,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit, setBit } from '../../lib/bitmap.ts';
import { addUeventVar } from '../../lib/kobject.ts';
import { mutexLock, mutexUnlock } from '../../locking/mutex.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { TASK_INTERRUPTIBLE } from '../../sched/task.ts';
import { ClassStruct } from '../base/class.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { InputCore, matches, softRepeat } from './core.ts';
import {
  ABS_MAX,
  EV_ABS,
  EV_KEY,
  EV_PWR,
  EV_SYN,
  EVENT_TYPES,
  hasType,
  InputAbsinfo,
  InputHandle,
  InputKeymapEntry,
  type InputView,
  inputDev,
  KEY_MAX,
  SYN_REPORT,
} from './device.ts';
import { absAt, dispose, handleEvent, inputEvent, releaseKeys, repeatKey, setTimestamp, toggle } from './events.ts';
import { destroyForceFeedback } from './ff-core.ts';
import { destroySlots } from './input-mt.ts';
import { ueventLines } from './sysfs.ts';

const NULL = 0;
const BY_INDEX = 1;
const EVIOCSKEYCODE_BYTES = 4;
const core = (k: Kernel): InputCore => k.get(InputCore);
const dev = pointer('struct input_dev *');
const handler = pointer('struct input_handler *');
const handle = pointer('struct input_handle *');
const ke = pointer('const struct input_keymap_entry *');

/** Room for the parameters of all axes. */
export function allocateAxes(k: Kernel, input: InputView): void {
  if (input.absinfo !== NULL) return;
  input.absinfo = kzalloc(k, (ABS_MAX + 1) * k.layouts.sizeOf('input_absinfo'));
  if (input.absinfo === NULL) devPrintk(k, LOGLEVEL.err, input.dev, 'input_alloc_absinfo: unable to allocate memory\n');
}
function badCapability(k: Kernel, text: string): void {
  k.log.print('err', `input: input_set_capability: ${text}`);
  k.exceptions.dumpStack();
}
export function setCapability(k: Kernel, input: InputView, type: number, code: number): void {
  const known = EVENT_TYPES.find((candidate) => candidate.type === type);
  if (known !== undefined && code > known.max) {
    badCapability(k, `invalid code ${code} for type ${type}`);
    return;
  }
  if (type === EV_ABS) {
    allocateAxes(k, input);
    if (input.absinfo === NULL) return;
  }
  if (known !== undefined) setBit(k, input[known.bits], code, true);
  else if (type !== EV_PWR) {
    badCapability(k, `unknown type ${type} (code ${code})`);
    return;
  }
  setBit(k, input.evbit, type, true);
}
export function setAxis(k: Kernel, input: InputView, axis: number, min: number, max: number, fuzz: number, flat: number): void {
  setBit(k, input.evbit, EV_ABS, true);
  setBit(k, input.absbit, axis, true);
  allocateAxes(k, input);
  if (input.absinfo === NULL) return;
  Object.assign(absAt(k, input, axis), { minimum: min, maximum: max, fuzz, flat });
}
/** A scan code of 1, 2 or 4 bytes as a number. */
function scancode(k: Kernel, entry: Addr): number | undefined {
  const { len, scancode: at } = k.view(InputKeymapEntry, entry);
  return len === 1 ? k.memory.u8(at) : len === 2 ? k.memory.u16(at) : len === 4 ? k.memory.u32(at) : undefined;
}
/** The place of a key in the device's table; undefined when it has none. */
function keyIndex(k: Kernel, input: InputView, entry: Addr): number | undefined {
  const { flags, index } = k.view(InputKeymapEntry, entry);
  if (input.keycodesize === 0) return undefined;
  const at = (flags & BY_INDEX) !== 0 ? index : scancode(k, entry);
  return at !== undefined && at < input.keycodemax ? at : undefined;
}
function keycodeAt(k: Kernel, input: InputView, index: number): number {
  const at = input.keycode + index * input.keycodesize;
  return input.keycodesize === 1 ? k.memory.u8(at) : input.keycodesize === 2 ? k.memory.u16(at) : k.memory.u32(at);
}
/** The default setkeycode: the old code stays known while another key still has it. */
function setKeycode(k: Kernel, input: InputView, entry: Addr, old: Addr): number {
  const index = keyIndex(k, input, entry);
  const { keycode } = k.view(InputKeymapEntry, entry);
  const { keycodesize: size } = input;
  if (index === undefined || (size < 4 && keycode >>> (size * 8) !== 0)) return -EINVAL;
  const before = keycodeAt(k, input, index);
  k.memory.setU32(old, before);
  k.memory.write(input.keycode + index * size, new Uint8Array(Uint32Array.of(keycode).buffer, 0, size));
  if (before <= KEY_MAX) {
    const others = Array.from({ length: input.keycodemax }, (_, n) => keycodeAt(k, input, n));
    setBit(k, input.keybit, before, others.includes(before));
  }
  setBit(k, input.keybit, keycode, true);
  return 0;
}
function* changeKeycode(k: Kernel, input: InputView, entry: Addr): Sleeping<number> {
  if (k.view(InputKeymapEntry, entry).keycode > KEY_MAX) return -EINVAL;
  const old = kzalloc(k, 4);
  const error = yield* k.callInt(input.setkeycode, input.addr, entry, old);
  const before = k.memory.u32(old);
  k.slab.free(old);
  if (error !== 0) return error;
  setBit(k, input.keybit, 0, false);
  if (before > KEY_MAX) {
    devPrintk(k, LOGLEVEL.warning, input.dev, `input_set_keycode: got too big old keycode 0x${before.toString(16)}\n`);
    return 0;
  }
  // A key that is held and that the device no longer has goes up now.
  if (!hasType(k, input, EV_KEY) || getBit(k, input.keybit, before) || !getBit(k, input.key, before)) return 0;
  setBit(k, input.key, before, false);
  yield* dispose(k, input, EV_KEY, before, { value: 0, device: false, handlers: true });
  yield* dispose(k, input, EV_SYN, SYN_REPORT, { value: 1, device: false, handlers: true, flush: true });
  return 0;
}

export const inputApi: KernelApi = kernelApi('drivers/input/input.c', {
  input_allocate_device: blocking({}, dev, (k) => core(k).allocate()),
  devm_input_allocate_device: blocking({ dev: pointer('struct device *') }, dev, (k, { dev: parent }) => core(k).allocateManaged(parent)),
  input_free_device: blocking({ dev }, nothing, (k, { dev: address }) => core(k).free(address)),
  input_register_device: blocking({ dev }, int, (k, { dev: address }) => core(k).register(address)),
  input_unregister_device: blocking({ dev }, nothing, (k, { dev: address }) => core(k).unregister(address)),
  input_register_handler: blocking({ handler }, int, (k, { handler: address }) => core(k).registerHandler(address)),
  input_unregister_handler: blocking({ handler }, nothing, (k, { handler: address }) => core(k).unregisterHandler(address)),
  input_register_handle: blocking({ handle }, int, (k, { handle: address }) => core(k).registerHandle(address)),
  input_unregister_handle: blocking({ handle }, nothing, (k, { handle: address }) => core(k).unregisterHandle(address)),
  input_handler_for_each_handle: blocking({ handler, data: voidPtr, fn: voidPtr }, int, function* (k, { handler: address, data, fn }) {
    for (const each of core(k).handlesOfHandler(address)) {
      const result = yield* k.callInt(fn, each, data);
      if (result !== 0) return result;
    }
    return 0;
  }),
  input_open_device: blocking({ handle }, int, (k, { handle: address }) => core(k).open(address)),
  input_close_device: blocking({ handle }, nothing, (k, { handle: address }) => core(k).close(address)),
  input_grab_device: blocking({ handle }, int, (k, { handle: address }) => core(k).grab(address)),
  input_release_device: blocking({ handle }, nothing, (k, { handle: address }) => core(k).release(address)),
  input_flush_device: blocking({ handle, file: voidPtr }, int, function* (k, { handle: address, file }) {
    const input = inputDev(k, k.view(InputHandle, address).dev);
    if ((yield* mutexLock(k, input.mutex, TASK_INTERRUPTIBLE)) !== 0) return -EINTR;
    const result = input.flush === NULL ? 0 : yield* k.callInt(input.flush, input.addr, file);
    mutexUnlock(k, input.mutex);
    return result;
  }),
  input_event: blocking({ dev, type: uint, code: uint, value: int }, nothing, (k, { dev: address, type, code, value }) =>
    inputEvent(k, inputDev(k, address), type, code, value),
  ),
  /** An event that a handler sends to the device: not while another handler has grabbed it. */
  input_inject_event: blocking(
    { handle, type: uint, code: uint, value: int },
    nothing,
    function* (k, { handle: address, type, code, value }) {
      const input = inputDev(k, k.view(InputHandle, address).dev);
      if (!hasType(k, input, type) || (input.grab !== NULL && input.grab !== address)) return;
      yield* handleEvent(k, input, type, code, value);
    },
  ),
  input_set_capability: kfunc({ dev, type: uint, code: uint }, nothing, (k, { dev: address, type, code }) =>
    setCapability(k, inputDev(k, address), type, code),
  ),
  input_set_abs_params: kfunc(
    { dev, axis: uint, min: int, max: int, fuzz: int, flat: int },
    nothing,
    (k, { dev: address, axis, min, max, fuzz, flat }) => setAxis(k, inputDev(k, address), axis, min, max, fuzz, flat),
  ),
  input_alloc_absinfo: kfunc({ dev }, nothing, (k, { dev: address }) => allocateAxes(k, inputDev(k, address))),
  input_copy_abs: kfunc({ dst: dev, dst_axis: uint, src: dev, src_axis: uint }, nothing, (k, { dst, dst_axis, src, src_axis }) => {
    const from = inputDev(k, src);
    const to = inputDev(k, dst);
    if (!hasType(k, from, EV_ABS) || !getBit(k, from.absbit, src_axis)) {
      k.exceptions.warn('drivers/input/input.c', 531, 'input_copy_abs');
      return;
    }
    if (from.absinfo === NULL) return;
    setCapability(k, to, EV_ABS, dst_axis);
    if (to.absinfo === NULL) return;
    k.memory.copy(absAt(k, to, dst_axis).addr, absAt(k, from, src_axis).addr, k.layouts.sizeOf(InputAbsinfo.name));
  }),
  input_scancode_to_scalar: kfunc({ ke, scancode: voidPtr }, int, (k, { ke: entry, scancode: to }) => {
    const value = scancode(k, entry);
    if (value === undefined) return -EINVAL;
    k.memory.setU32(to, value);
    return 0;
  }),
  input_get_keycode: blocking({ dev, ke }, int, (k, { dev: address, ke: entry }) =>
    k.callInt(inputDev(k, address).getkeycode, address, entry),
  ),
  input_set_keycode: blocking({ dev, ke }, int, (k, { dev: address, ke: entry }) => changeKeycode(k, inputDev(k, address), entry)),
  input_default_getkeycode: kfunc({ dev, ke }, int, (k, { dev: address, ke: entry }) => {
    const input = inputDev(k, address);
    const index = keyIndex(k, input, entry);
    if (index === undefined) return -EINVAL;
    const view = k.view(InputKeymapEntry, entry);
    view.keycode = keycodeAt(k, input, index);
    view.index = index;
    view.len = EVIOCSKEYCODE_BYTES;
    k.memory.setU32(view.scancode, index);
    return 0;
  }),
  input_default_setkeycode: kfunc({ dev, ke, old_keycode: voidPtr }, int, (k, { dev: address, ke: entry, old_keycode }) =>
    setKeycode(k, inputDev(k, address), entry, old_keycode),
  ),
  input_match_device_id: kfunc({ dev, id: voidPtr }, bool, (k, { dev: address, id }) => matches(k, inputDev(k, address), id)),
  input_get_new_minor: kfunc(
    { legacy_base: int, legacy_num: uint, allow_dynamic: bool },
    int,
    (k, { legacy_base, legacy_num, allow_dynamic }) => core(k).newMinor(legacy_base, legacy_num, allow_dynamic),
  ),
  input_free_minor: kfunc({ minor: uint }, nothing, (k, { minor }) => {
    core(k).minors.delete(minor);
  }),
  input_reset_device: blocking({ dev }, nothing, function* (k, { dev: address }) {
    const input = inputDev(k, address);
    yield* mutexLock(k, input.mutex);
    yield* toggle(k, input, true);
    if (yield* releaseKeys(k, input)) yield* handleEvent(k, input, EV_SYN, SYN_REPORT, 1);
    mutexUnlock(k, input.mutex);
  }),
  input_enable_softrepeat: kfunc({ dev, delay: int, period: int }, nothing, (k, { dev: address, delay, period }) =>
    softRepeat(k, inputDev(k, address), delay, period),
  ),
  input_device_enabled: kfunc({ dev }, bool, (k, { dev: address }) => !inputDev(k, address).inhibited && inputDev(k, address).users > 0),
  input_set_timestamp: kfunc({ dev, timestamp: ktime_t }, nothing, (k, { dev: address, timestamp }) =>
    setTimestamp(k, inputDev(k, address), timestamp),
  ),
  input_get_timestamp: kfunc({ dev }, voidPtr, (k, { dev: address }) => {
    const input = inputDev(k, address);
    if (k.memory.u64(input.timestamp + 8) === 0n) setTimestamp(k, input, BigInt(Math.floor(k.clock.now)));
    return input.timestamp;
  }),
  input_class: kdata((k, address) => {
    k.view(ClassStruct, address).name = k.cstringAlloc('input');
    k.view(ClassStruct, address).devnode = k.symbols.require('input_devnode');
  }),
  /** Nodes stand in /dev/input. */
  input_devnode: kfunc({ dev: pointer('struct device *'), mode: voidPtr }, voidPtr, (k, { dev: device }) =>
    k.cstringAlloc(`input/${k.memory.cstring(k.memory.ptr(device + k.layouts.offsetOf('device', 'kobj.name')))}`),
  ),
  input_repeat_key: blocking({ t: voidPtr }, nothing, (k, { t }) =>
    repeatKey(k, inputDev(k, t - k.layouts.offsetOf('input_dev', 'timer'))),
  ),
  input_dev_uevent: kfunc({ device: voidPtr, env: voidPtr }, int, (k, { device, env }) => {
    for (const line of ueventLines(k, inputDev(k, device - k.layouts.offsetOf('input_dev', 'dev')))) addUeventVar(k, env, line);
    return 0;
  }),
  input_dev_release: blocking({ device: voidPtr }, nothing, function* (k, { device }) {
    const input = inputDev(k, device - k.layouts.offsetOf('input_dev', 'dev'));
    yield* destroyForceFeedback(k, input);
    destroySlots(k, input);
    for (const memory of [input.poller, input.absinfo, input.vals, input.addr]) if (memory !== NULL) k.slab.free(memory);
  }),
  devm_input_device_release: blocking({ dev: voidPtr, res: voidPtr }, nothing, (k, { res }) => {
    const input = inputDev(k, k.memory.ptr(res));
    input.devres_managed = false;
    return core(k).free(input.addr);
  }),
  devm_input_device_unregister: blocking({ dev: voidPtr, res: voidPtr }, nothing, (k, { res }) =>
    core(k).remove(inputDev(k, k.memory.ptr(res))),
  ),
});
