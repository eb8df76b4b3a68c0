// Force feedback: the effects that programs load into a device. Source: drivers/input/ff-core.c.
import { EACCES, EINVAL, ENOSPC, ENOSYS } from '#abi';
import {
  blocking,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  s16,
  u16,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { getBit, setBit } from '../../lib/bitmap.ts';
import { mutexInit, mutexLock, mutexUnlock } from '../../locking/mutex.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { LOGLEVEL } from '../../printk/log.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { EV_FF, hasType, type InputView, inputDev } from './device.ts';

const FfDevice = kernelStruct('ff_device', {
  upload: fnPtr,
  erase: fnPtr,
  playback: fnPtr,
  set_gain: fnPtr,
  set_autocenter: fnPtr,
  destroy: fnPtr,
  private: voidPtr,
  ffbit: embedded,
  mutex: embedded,
  max_effects: int,
  effects: voidPtr,
  effect_owners: embedded,
});
const FfEffect = kernelStruct('ff_effect', { type: u16, id: s16, u: embedded });
const Periodic = kernelStruct('ff_periodic_effect', {
  waveform: u16,
  period: u16,
  magnitude: s16,
  offset: s16,
  phase: u16,
  'envelope.attack_length': u16,
  'envelope.fade_length': u16,
});
const Rumble = kernelStruct('ff_rumble_effect', { strong_magnitude: u16, weak_magnitude: u16 });
const NULL = 0;
const FF_RUMBLE = 0x50;
const FF_PERIODIC = 0x51;
const FF_EFFECT_MAX = 0x57;
const FF_WAVEFORM_MIN = 0x58;
const FF_SINE = 0x5a;
const FF_WAVEFORM_MAX = 0x5d;
const FF_GAIN = 0x60;
const FF_AUTOCENTER = 0x61;
const FF_MAX_EFFECTS = FF_GAIN;
const FULL = 0xffff;
const BITMAP_BYTES = 16;
const RUMBLE_PERIOD = 50;

const ownerAt = (k: Kernel, ff: Addr, id: number): Addr => k.view(FfDevice, ff).effect_owners + id * 8;
const effectAt = (k: Kernel, ff: Addr, id: number): Addr => k.view(FfDevice, ff).effects + id * k.layouts.sizeOf('ff_effect');

/** Whether there is an effect `id` that belongs to `file` (NULL: to anybody). */
function access(k: Kernel, ff: Addr, id: number, file: Addr): number {
  if (id < 0 || id >= k.view(FfDevice, ff).max_effects) return -EINVAL;
  const owner = k.memory.ptr(ownerAt(k, ff, id));
  if (owner === NULL) return -EINVAL;
  return file !== NULL && owner !== file ? -EACCES : 0;
}
/** A device that only knows periodic effects plays a rumble as a sine. */
function emulate(k: Kernel, ff: Addr, effect: Addr): number {
  const view = k.view(FfEffect, effect);
  if (view.type !== FF_RUMBLE) return 0;
  if (!getBit(k, k.view(FfDevice, ff).ffbit, FF_PERIODIC)) return -EINVAL;
  const { strong_magnitude: strong, weak_magnitude: weak } = k.view(Rumble, view.u);
  view.type = FF_PERIODIC;
  Object.assign(k.view(Periodic, view.u), {
    waveform: FF_SINE,
    period: RUMBLE_PERIOD,
    magnitude: Math.trunc(strong / 3) + Math.trunc(weak / 6),
    offset: 0,
    phase: 0,
    'envelope.attack_length': 0,
    'envelope.fade_length': 0,
  });
  return 0;
}
/** A new version of an effect has its type, and a periodic one its waveform. */
function compatible(k: Kernel, one: Addr, other: Addr): boolean {
  const [a, b] = [k.view(FfEffect, one), k.view(FfEffect, other)];
  return a.type === b.type && (a.type !== FF_PERIODIC || k.view(Periodic, a.u).waveform === k.view(Periodic, b.u).waveform);
}
function* upload(k: Kernel, dev: InputView, effect: Addr, file: Addr): Sleeping<number> {
  if (!hasType(k, dev, EV_FF)) return -ENOSYS;
  const { ff } = dev;
  const view = k.view(FfEffect, effect);
  if (view.type < FF_RUMBLE || view.type > FF_EFFECT_MAX || !getBit(k, dev.ffbit, view.type)) return -EINVAL;
  if (view.type === FF_PERIODIC) {
    const { waveform } = k.view(Periodic, view.u);
    if (waveform < FF_WAVEFORM_MIN || waveform > FF_WAVEFORM_MAX || !getBit(k, dev.ffbit, waveform)) return -EINVAL;
  }
  if (!getBit(k, k.view(FfDevice, ff).ffbit, view.type)) {
    const error = emulate(k, ff, effect);
    if (error !== 0) return error;
  }
  const { mutex, max_effects: most } = k.view(FfDevice, ff);
  yield* mutexLock(k, mutex);
  const error = yield* place(k, dev, effect, file, most);
  mutexUnlock(k, mutex);
  return error;
}
function* place(k: Kernel, dev: InputView, effect: Addr, file: Addr, most: number): Sleeping<number> {
  const { ff } = dev;
  const view = k.view(FfEffect, effect);
  let old = NULL;
  let { id } = view;
  if (id === -1) {
    id = Array.from({ length: most }, (_, n) => n).find((n) => k.memory.ptr(ownerAt(k, ff, n)) === NULL) ?? -1;
    if (id < 0) return -ENOSPC;
    view.id = id;
  } else {
    const refused = access(k, ff, id, file);
    if (refused !== 0) return refused;
    old = effectAt(k, ff, id);
    if (!compatible(k, effect, old)) return -EINVAL;
  }
  const error = yield* k.callInt(k.view(FfDevice, ff).upload, dev.addr, effect, old);
  if (error !== 0) return error;
  k.memory.copy(effectAt(k, ff, id), effect, k.layouts.sizeOf('ff_effect'));
  k.memory.setPtr(ownerAt(k, ff, id), file);
  return 0;
}
function* eraseOne(k: Kernel, dev: InputView, id: number, file: Addr): Sleeping<number> {
  const { ff } = dev;
  const refused = access(k, ff, id, file);
  if (refused !== 0) return refused;
  const { playback, erase } = k.view(FfDevice, ff);
  yield* k.callInt(playback, dev.addr, id, 0);
  k.memory.setPtr(ownerAt(k, ff, id), NULL);
  const error = erase === NULL ? 0 : yield* k.callInt(erase, dev.addr, id);
  if (error !== 0) k.memory.setPtr(ownerAt(k, ff, id), file);
  return error;
}
export function* destroyForceFeedback(k: Kernel, dev: InputView): Sleeping<void> {
  const { ff } = dev;
  setBit(k, dev.evbit, EV_FF, false);
  if (ff === NULL) return;
  const { destroy } = k.view(FfDevice, ff);
  if (destroy !== NULL) yield* k.call(destroy, ff);
  const { private: data, effects } = k.view(FfDevice, ff);
  for (const memory of [data, effects, ff]) if (memory !== NULL) k.slab.free(memory);
  dev.ff = NULL;
}
const dev = pointer('struct input_dev *');
const file = pointer('struct file *');

export const ffCoreApi: KernelApi = kernelApi('drivers/input/ff-core.c', {
  input_ff_create: kfunc({ dev, max_effects: uint }, int, (k, { dev: address, max_effects: most }) => {
    const input = inputDev(k, address);
    if (most === 0 || most > FF_MAX_EFFECTS) {
      const what = most === 0 ? 'device without any' : 'more than FF_MAX_EFFECTS';
      devPrintk(k, LOGLEVEL.err, input.dev, `cannot allocate ${what} effects\n`);
      return -EINVAL;
    }
    const ff = kzalloc(k, k.layouts.sizeOf('ff_device') + most * 8);
    const view = k.view(FfDevice, ff);
    view.effects = kzalloc(k, most * k.layouts.sizeOf('ff_effect'));
    view.max_effects = most;
    mutexInit(k, view.mutex);
    input.ff = ff;
    input.flush = k.symbols.require('input_ff_flush');
    input.event = k.symbols.require('input_ff_event');
    setBit(k, input.evbit, EV_FF, true);
    k.memory.copy(view.ffbit, input.ffbit, BITMAP_BYTES);
    if (getBit(k, view.ffbit, FF_PERIODIC)) setBit(k, input.ffbit, FF_RUMBLE, true);
    return 0;
  }),
  input_ff_destroy: blocking({ dev }, nothing, (k, { dev: address }) => destroyForceFeedback(k, inputDev(k, address))),
  input_ff_upload: blocking({ dev, effect: voidPtr, file }, int, (k, { dev: address, effect, file: owner }) =>
    upload(k, inputDev(k, address), effect, owner),
  ),
  input_ff_erase: blocking({ dev, effect_id: int, file }, int, function* (k, { dev: address, effect_id, file: owner }) {
    const input = inputDev(k, address);
    if (!hasType(k, input, EV_FF)) return -ENOSYS;
    const { mutex } = k.view(FfDevice, input.ff);
    yield* mutexLock(k, mutex);
    const error = yield* eraseOne(k, input, effect_id, owner);
    mutexUnlock(k, mutex);
    return error;
  }),
  /** The effects of a file that is closed go. */
  input_ff_flush: blocking({ dev, file }, int, function* (k, { dev: address, file: owner }) {
    const input = inputDev(k, address);
    const { mutex, max_effects: most } = k.view(FfDevice, input.ff);
    yield* mutexLock(k, mutex);
    for (let id = 0; id < most; id++) yield* eraseOne(k, input, id, owner);
    mutexUnlock(k, mutex);
    return 0;
  }),
  input_ff_event: blocking({ dev, type: uint, code: uint, value: int }, int, function* (k, { dev: address, type, code, value }) {
    if (type !== EV_FF) return 0;
    const input = inputDev(k, address);
    const { playback, set_gain: gain, set_autocenter: center } = k.view(FfDevice, input.ff);
    if (code === FF_GAIN || code === FF_AUTOCENTER) {
      if (getBit(k, input.ffbit, code) && value >= 0 && value <= FULL) yield* k.call(code === FF_GAIN ? gain : center, address, value);
    } else if (access(k, input.ff, code, NULL) === 0) yield* k.callInt(playback, address, code, value);
    return 0;
  }),
});
