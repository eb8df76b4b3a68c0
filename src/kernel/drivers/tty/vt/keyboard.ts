// Input handlers that are part of the kernel: the console's keyboard and the magic SysRq key. They open every keyboard.
// Source: drivers/tty/vt/keyboard.c, drivers/tty/sysrq.c.
import { ENOMEM } from '#abi';
import {
  blocking,
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kfunc,
  noop,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import { setBit } from '../../../lib/bitmap.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { InputCore } from '../../input/core.ts';
import {
  bitsSet,
  EV_ABS,
  EV_KEY,
  EV_LED,
  EV_REL,
  EV_SND,
  hasType,
  InputDeviceId,
  InputHandle,
  InputHandler,
  inputDev,
} from '../../input/device.ts';

const NULL = 0;
const MATCH_EVBIT = 0x10;
const KEY_LEFTALT = 56;
const BTN_MISC = 0x100;
const MOUSEDEV_MINOR = 32;
const BRAILLE_FIRST = 0x1f1;
const BRAILLE_LAST = 0x1fa;

interface Id {
  readonly types: readonly number[];
  readonly keys?: readonly number[];
  readonly rel?: readonly number[];
  readonly abs?: readonly number[];
}
const [REL_X, REL_Y, REL_WHEEL] = [0, 1, 8];
const [ABS_X, ABS_Y, ABS_PRESSURE, ABS_TOOL_WIDTH] = [0, 1, 0x18, 0x1c];
const [BTN_LEFT, BTN_TOUCH, BTN_TOOL_FINGER] = [0x110, 0x14a, 0x145];
/** A mouse, a wheel alone, a tablet, a touch pad, and a mouse that knows where it is. */
const MOUSE_IDS: readonly Id[] = [
  { types: [EV_KEY, EV_REL], keys: [BTN_LEFT], rel: [REL_X, REL_Y] },
  { types: [EV_KEY, EV_REL], rel: [REL_WHEEL] },
  { types: [EV_KEY, EV_ABS], keys: [BTN_TOUCH], abs: [ABS_X, ABS_Y] },
  { types: [EV_KEY, EV_ABS], keys: [BTN_TOOL_FINGER], abs: [ABS_X, ABS_Y, ABS_PRESSURE, ABS_TOOL_WIDTH] },
  { types: [EV_KEY, EV_ABS], keys: [BTN_LEFT], abs: [ABS_X, ABS_Y] },
];
/** A table of ids in guest memory: each with what a device must have. */
function idTable(k: Kernel, ids: readonly Id[]): Addr {
  const size = k.layouts.sizeOf('input_device_id');
  const table = kzalloc(k, size * (ids.length + 1));
  for (const [n, { types, keys = [], rel = [], abs = [] }] of ids.entries()) {
    const id = table + n * size;
    // The bitmaps count as they are; a flag makes the entry one.
    k.view(InputDeviceId, id).flags = MATCH_EVBIT;
    for (const [field, bits] of Object.entries({ evbit: types, keybit: keys, relbit: rel, absbit: abs }))
      for (const bit of bits) setBit(k, id + k.layouts.offsetOf('input_device_id', field), bit, true);
  }
  return table;
}
/** The kernel's own handlers, in the order of their start-up. */
export function* registerKeyboard(k: Kernel, core: InputCore): Sleeping<void> {
  const make = (
    name: string,
    ids: Addr,
    functions: Partial<Record<'event' | 'filter' | 'match' | 'connect' | 'disconnect', string>>,
  ): Addr => {
    const handler = kzalloc(k, k.layouts.sizeOf('input_handler'));
    const view = k.view(InputHandler, handler);
    view.name = k.cstringAlloc(name);
    view.id_table = ids;
    for (const [field, symbol] of Object.entries(functions)) view[field as keyof typeof functions] = k.symbols.require(symbol);
    return handler;
  };
  const keyboards = idTable(k, [{ types: [EV_KEY] }, { types: [EV_SND] }]);
  yield* core.registerHandler(
    make('kbd', keyboards, { event: 'kbd_event', match: 'kbd_match', connect: 'kbd_connect', disconnect: 'kbd_disconnect' }),
  );
  yield* core.registerHandler(
    make('sysrq', idTable(k, [{ types: [EV_KEY], keys: [KEY_LEFTALT] }]), {
      filter: 'sysrq_filter',
      connect: 'sysrq_connect',
      disconnect: 'sysrq_disconnect',
    }),
  );
  yield* core.registerHandler(
    make('leds', idTable(k, [{ types: [EV_LED] }]), { connect: 'input_leds_connect', disconnect: 'input_leds_disconnect' }),
  );
  const mice = make('mousedev', idTable(k, MOUSE_IDS), {
    event: 'mousedev_event',
    connect: 'mousedev_connect',
    disconnect: 'mousedev_disconnect',
  });
  k.view(InputHandler, mice).legacy_minors = true;
  k.view(InputHandler, mice).minor = MOUSEDEV_MINOR;
  yield* core.registerHandler(mice);
}
const handler = pointer('struct input_handler *');
const handle = pointer('struct input_handle *');
const dev = pointer('struct input_dev *');
/** Makes a handle of this name and opens the device. */
const connect = (name: string): KernelSymbol =>
  blocking({ handler, dev, id: voidPtr }, int, function* (k, { handler: of, dev: input }) {
    const core = k.get(InputCore);
    const address = kzalloc(k, k.layouts.sizeOf('input_handle'));
    if (address === NULL) return -ENOMEM;
    const view = k.view(InputHandle, address);
    view.dev = input;
    view.handler = of;
    view.name = k.cstringAlloc(name);
    let error = yield* core.registerHandle(address);
    if (error === 0) {
      error = yield* core.open(address);
      if (error !== 0) yield* core.unregisterHandle(address);
    }
    if (error !== 0) free(k, address);
    return error;
  });
const disconnect: KernelSymbol = blocking({ handle }, nothing, function* (k, { handle: address }) {
  yield* k.get(InputCore).close(address);
  yield* k.get(InputCore).unregisterHandle(address);
  free(k, address);
});
function free(k: Kernel, address: Addr): void {
  k.slab.free(k.view(InputHandle, address).name);
  k.slab.free(address);
}
export const keyboardApi: KernelApi = kernelApi('drivers/tty/vt/keyboard.c', {
  kbd_event: noop(
    'there is no console that keys could be typed into',
    kfunc({ handle, event_type: uint, event_code: uint, value: int }, nothing, () => {}),
  ),
  /** Whatever beeps, or has a key that is no mouse, joystick or tablet button. */
  kbd_match: kfunc({ handler, dev }, bool, (k, { dev: address }) => {
    const input = inputDev(k, address);
    if (hasType(k, input, EV_SND)) return true;
    if (!hasType(k, input, EV_KEY)) return false;
    return bitsSet(k, input.keybit, BRAILLE_LAST).some((key) => key < BTN_MISC || key >= BRAILLE_FIRST);
  }),
  kbd_connect: connect('kbd'),
  kbd_disconnect: disconnect,
});
export const sysrqApi: KernelApi = kernelApi('drivers/tty/sysrq.c', {
  sysrq_filter: partial(
    'Alt-SysRq is not acted on, and no key is filtered out',
    kfunc({ handle, type: uint, code: uint, value: int }, bool, () => false),
  ),
  sysrq_connect: connect('sysrq'),
  sysrq_disconnect: disconnect,
});
