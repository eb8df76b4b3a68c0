// Input handlers that are part of the kernel: the console's keyboard and the magic SysRq key. They open every keyboard.
// Source: drivers/tty/vt/keyboard.c, drivers/tty/sysrq.c.
import { ENODEV, ENOMEM } from '#abi';
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
const MATCH_KEYBIT = 0x20;
const KEY_LEFTALT = 56;
const BTN_MISC = 0x100;
const MOUSEDEV_MINOR = 32;
const BRAILLE_FIRST = 0x1f1;
const BRAILLE_LAST = 0x1fa;

/** A table of one or more ids in guest memory, each a set of event types and keys. */
function idTable(k: Kernel, ids: readonly { readonly type: number; readonly key?: number }[]): Addr {
  const size = k.layouts.sizeOf('input_device_id');
  const table = kzalloc(k, size * (ids.length + 1));
  for (const [n, { type, key }] of ids.entries()) {
    const id = table + n * size;
    k.view(InputDeviceId, id).flags = MATCH_EVBIT | (key === undefined ? 0 : MATCH_KEYBIT);
    setBit(k, id + k.layouts.offsetOf('input_device_id', 'evbit'), type, true);
    if (key !== undefined) setBit(k, id + k.layouts.offsetOf('input_device_id', 'keybit'), key, true);
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
  const keyboards = idTable(k, [{ type: EV_KEY }, { type: EV_SND }]);
  yield* core.registerHandler(
    make('kbd', keyboards, { event: 'kbd_event', match: 'kbd_match', connect: 'kbd_connect', disconnect: 'kbd_disconnect' }),
  );
  yield* core.registerHandler(
    make('sysrq', idTable(k, [{ type: EV_KEY, key: KEY_LEFTALT }]), {
      filter: 'sysrq_filter',
      connect: 'sysrq_connect',
      disconnect: 'sysrq_disconnect',
    }),
  );
  yield* core.registerHandler(make('leds', idTable(k, [{ type: EV_LED }]), { connect: 'input_leds_connect' }));
  const mice = make('mousedev', idTable(k, [{ type: EV_REL }, { type: EV_ABS }]), { connect: 'mousedev_connect' });
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
/** A handler that leaves every device alone. */
const declines: KernelSymbol = kfunc({ handler, dev, id: voidPtr }, int, () => -ENODEV);
export const inputHandlersApi: KernelApi = kernelApi('drivers/input/{input-leds,mousedev}.c', {
  input_leds_connect: partial('the LEDs of keyboards are not in /sys/class/leds', declines),
  mousedev_connect: partial('mice have no /dev/input/mouseN, and there is no /dev/input/mice', declines),
});
