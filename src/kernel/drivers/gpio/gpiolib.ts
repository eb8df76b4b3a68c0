// GPIO lines for drivers: no chip has any. Source: drivers/gpio/{gpiolib,gpiolib-legacy,gpiolib-devres}.c.
import { EINVAL, ENOENT } from '#abi';
import { absent, bool, int, type KernelApi, kernelApi, kfunc, nothing, partial, uint, ulong, voidPtr } from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { Devres } from '../base/devres.ts';

const NULL = 0;
const EPROBE_DEFER = 517;
const NO_LINES = 'nothing in /dev and /sys, and nobody gets its lines';
const none = absent('there is no GPIO chip: no line is found');

export const gpiolibApi: KernelApi = kernelApi('drivers/gpio/gpiolib.c', {
  gpiod_get: none({ dev: voidPtr, con_id: voidPtr, flags: uint }, voidPtr, -ENOENT),
  gpiod_get_index: none({ dev: voidPtr, con_id: voidPtr, idx: uint, flags: uint }, voidPtr, -ENOENT),
  gpiod_get_optional: none({ dev: voidPtr, con_id: voidPtr, flags: uint }, voidPtr, NULL),
  gpiod_get_index_optional: none({ dev: voidPtr, con_id: voidPtr, index: uint, flags: uint }, voidPtr, NULL),
  devm_gpiod_get: none({ dev: voidPtr, con_id: voidPtr, flags: uint }, voidPtr, -ENOENT),
  devm_gpiod_get_index: none({ dev: voidPtr, con_id: voidPtr, idx: uint, flags: uint }, voidPtr, -ENOENT),
  devm_gpiod_get_optional: none({ dev: voidPtr, con_id: voidPtr, flags: uint }, voidPtr, NULL),
  devm_gpiod_get_index_optional: none({ dev: voidPtr, con_id: voidPtr, index: uint, flags: uint }, voidPtr, NULL),
  devm_gpiod_get_array_optional: none({ dev: voidPtr, con_id: voidPtr, flags: uint }, voidPtr, NULL),
  devm_fwnode_gpiod_get_index: none(
    { dev: voidPtr, fwnode: voidPtr, con_id: voidPtr, index: int, flags: uint, label: voidPtr },
    voidPtr,
    -ENOENT,
  ),
  fwnode_gpiod_get_index: none({ fwnode: voidPtr, con_id: voidPtr, index: int, flags: uint, label: voidPtr }, voidPtr, -ENOENT),
  gpiod_count: none({ dev: voidPtr, con_id: voidPtr }, int, -ENOENT),
  gpiod_put: none({ desc: voidPtr }, nothing),
  gpiod_to_irq: none({ desc: voidPtr }, int, -EINVAL),
  gpiod_get_value: none({ desc: voidPtr }, int, 0),
  gpiod_get_value_cansleep: none({ desc: voidPtr }, int, 0),
  gpiod_get_raw_value: none({ desc: voidPtr }, int, 0),
  gpiod_get_raw_value_cansleep: none({ desc: voidPtr }, int, 0),
  gpiod_set_value: none({ desc: voidPtr, value: int }, nothing),
  gpiod_set_value_cansleep: none({ desc: voidPtr, value: int }, nothing),
  gpiod_set_raw_value: none({ desc: voidPtr, value: int }, nothing),
  gpiod_set_raw_value_cansleep: none({ desc: voidPtr, value: int }, nothing),
  gpiod_direction_input: none({ desc: voidPtr }, int, 0),
  gpiod_direction_output: none({ desc: voidPtr, value: int }, int, 0),
  gpiod_direction_output_raw: none({ desc: voidPtr, value: int }, int, 0),
  gpiod_set_consumer_name: none({ desc: voidPtr, name: voidPtr }, int, 0),
  gpiod_cansleep: none({ desc: voidPtr }, int, 0),
  gpiod_set_debounce: none({ desc: voidPtr, debounce: uint }, int, 0),
  gpiod_set_config: none({ desc: voidPtr, config: ulong }, int, 0),
  gpiod_is_active_low: none({ desc: voidPtr }, int, 0),
  gpiod_toggle_active_low: none({ desc: voidPtr }, nothing),
  gpio_to_desc: none({ gpio: uint }, voidPtr, NULL),
  gpio_request_one: none({ gpio: uint, flags: ulong, label: voidPtr }, int, -EPROBE_DEFER),
  gpio_request: none({ gpio: uint, label: voidPtr }, int, -EPROBE_DEFER),
  devm_gpio_request_one: none({ dev: voidPtr, gpio: uint, flags: ulong, label: voidPtr }, int, -EPROBE_DEFER),
  devm_gpio_request: none({ dev: voidPtr, gpio: uint, label: voidPtr }, int, -EPROBE_DEFER),
  gpio_free: none({ gpio: uint }, nothing),
  gpiod_export: none({ desc: voidPtr, direction_may_change: bool }, int, -EINVAL),
  gpiod_unexport: none({ desc: voidPtr }, nothing),
  gpiod_add_lookup_table: none({ table: voidPtr }, nothing),
  gpiod_remove_lookup_table: none({ table: voidPtr }, nothing),
  gpiod_set_array_value: none({ array_size: uint, desc_array: voidPtr, array_info: voidPtr, value_bitmap: voidPtr }, int, -EINVAL),
  desc_to_gpio: none({ desc: voidPtr }, int, -EINVAL),
  gpiochip_add_data_with_key: partial(
    NO_LINES,
    kfunc({ gc: voidPtr, data: voidPtr, lock_key: voidPtr, request_key: voidPtr }, int, (k, { gc, data }) => add(k, gc, data)),
  ),
  devm_gpiochip_add_data_with_key: partial(
    NO_LINES,
    kfunc({ dev: voidPtr, gc: voidPtr, data: voidPtr, lock_key: voidPtr, request_key: voidPtr }, int, (k, { dev, gc, data }) => {
      k.get(Devres).addUndo(dev, gc, () => void k.get(Chips).delete(gc));
      return add(k, gc, data);
    }),
  ),
  gpiochip_remove: kfunc({ gc: voidPtr }, nothing, (k, { gc }) => {
    k.get(Chips).delete(gc);
  }),
  gpiochip_get_data: kfunc({ gc: voidPtr }, voidPtr, (k, { gc }) => k.get(Chips).get(gc) ?? NULL),
});
/** The chips that modules have, with their data. */
class Chips extends Map<Addr, Addr> {
  constructor(_k: Kernel) {
    super();
  }
}
function add(k: Kernel, chip: Addr, data: Addr): number {
  k.get(Chips).set(chip, data);
  return 0;
}
