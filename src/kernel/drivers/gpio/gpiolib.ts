// GPIO lines for drivers: no chip has any. Source: drivers/gpio/{gpiolib,gpiolib-legacy,gpiolib-devres}.c.
import { EINVAL, ENOENT } from '#abi';
import { absent, bool, int, type KernelApi, kernelApi, nothing, uint, ulong, voidPtr } from '../../api/index.ts';

const NULL = 0;
const EPROBE_DEFER = 517;
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
});
