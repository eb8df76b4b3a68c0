// ACPI: drivers register, and the namespace is empty. Source: drivers/acpi/{bus,utils,scan,glue,event}.c, drivers/acpi/acpica.
import { EINVAL, ENODATA, ENODEV, ENOENT, ENXIO } from '#abi';
import type { Sleeping } from '../../api/index.ts';
import {
  absent,
  blocking,
  bool,
  cstring,
  embedded,
  int,
  type KernelApi,
  type KernelSymbol,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  long,
  nothing,
  partial,
  pointer,
  s64,
  u8,
  u32,
  u64,
  uint,
  variadic,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { KernelKobjects } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { Buses, type BusOperations, DeviceDriver } from '../base/bus.ts';

const NULL = 0;
// Status values of ACPICA (include/acpi/acexcep.h).
const AE_OK = 0;
const AE_NOT_FOUND = 5;
const AE_NOT_EXIST = 6;
const AE_BAD_PARAMETER = 0x1001;
const names: Readonly<Record<number, string>> = {
  0: 'AE_OK',
  1: 'AE_ERROR',
  2: 'AE_NO_ACPI_TABLES',
  3: 'AE_NO_NAMESPACE',
  4: 'AE_NO_MEMORY',
  5: 'AE_NOT_FOUND',
  6: 'AE_NOT_EXIST',
  7: 'AE_ALREADY_EXISTS',
  8: 'AE_TYPE',
  0x1001: 'AE_BAD_PARAMETER',
};
const AcpiDriver = kernelStruct('acpi_driver', { name: embedded, drv: embedded, owner: voidPtr });
const Ddebug = kernelStruct('_ddebug', { flags: u8 });
const AcpiBusType = kernelStruct('acpi_bus_type', { name: voidPtr });
const BusName = kernelStruct('bus_type', { name: voidPtr });
const driver = pointer('struct acpi_driver *');
/** The bus and the chain of those who listen to ACPI events. */
class Acpi {
  readonly bus: Addr;
  readonly chain: Addr;
  #ready = false;
  readonly #k: Kernel;
  constructor(k: Kernel) {
    this.#k = k;
    this.bus = k.symbols.require('acpi_bus_type');
    this.chain = kzalloc(k, k.layouts.sizeOf('blocking_notifier_head'));
  }
  *buses(): Sleeping<Buses> {
    const buses = this.#k.get(Buses);
    if (!this.#ready) yield* buses.register(this.bus, noDevices);
    this.#ready = true;
    return buses;
  }
}
/** What a bus without devices never has to do. */
const noDevices: BusOperations = {
  // biome-ignore lint/correctness/useYield: nothing matches
  *match() {
    return false;
  },
  // biome-ignore lint/correctness/useYield: nothing is probed
  *probe() {
    return -ENODEV;
  },
  *remove() {},
};
const none = absent('the ACPI namespace is empty');

/** The root object is there, no other. */
const ROOT_OBJECT = -1;
const onRoot = (params: Readonly<Record<string, typeof voidPtr>>): KernelSymbol =>
  partial(
    'the ACPI namespace is empty: nothing is ever reported or read',
    kfunc(params, uint, (_, { device }) => (device === ROOT_OBJECT ? AE_OK : AE_NOT_EXIST)),
  );
export const acpiApi: KernelApi = kernelApi('drivers/acpi', {
  is_acpi_device_node: none({ fwnode: voidPtr }, bool, false),
  is_acpi_data_node: none({ fwnode: voidPtr }, bool, false),
  acpi_evaluate_object: none({ handle: voidPtr, pathname: voidPtr, external_params: voidPtr, return_buffer: voidPtr }, uint, AE_NOT_FOUND),
  acpi_evaluate_object_typed: none(
    { handle: voidPtr, pathname: voidPtr, external_params: voidPtr, return_buffer: voidPtr, return_type: uint },
    uint,
    AE_NOT_FOUND,
  ),
  acpi_evaluate_integer: none({ handle: voidPtr, pathname: voidPtr, arguments: voidPtr, data: voidPtr }, uint, AE_NOT_FOUND),
  acpi_evaluate_dsm: none({ handle: voidPtr, guid: voidPtr, rev: u64, func: u64, argv4: voidPtr }, voidPtr, NULL),
  acpi_check_dsm: none({ handle: voidPtr, guid: voidPtr, rev: u64, funcs: u64 }, bool, false),
  acpi_execute_simple_method: none({ handle: voidPtr, method: voidPtr, arg: u64 }, uint, AE_NOT_FOUND),
  acpi_evaluate_reference: none({ handle: voidPtr, pathname: voidPtr, arguments: voidPtr, list: voidPtr }, uint, AE_NOT_FOUND),
  acpi_has_method: none({ handle: voidPtr, name: voidPtr }, bool, false),
  acpi_get_handle: none({ parent: voidPtr, pathname: voidPtr, ret_handle: voidPtr }, uint, AE_NOT_FOUND),
  acpi_get_parent: none({ handle: voidPtr, ret_handle: voidPtr }, uint, AE_NOT_FOUND),
  acpi_get_name: none({ handle: voidPtr, name_type: u32, buffer: voidPtr }, uint, AE_NOT_FOUND),
  acpi_get_object_info: none({ handle: voidPtr, return_buffer: voidPtr }, uint, AE_NOT_FOUND),
  acpi_get_devices: none({ HID: voidPtr, user_function: voidPtr, context: voidPtr, return_value: voidPtr }, uint, AE_OK),
  acpi_walk_namespace: none(
    {
      type: uint,
      start_object: voidPtr,
      max_depth: u32,
      descending_callback: voidPtr,
      ascending_callback: voidPtr,
      context: voidPtr,
      return_value: voidPtr,
    },
    uint,
    AE_OK,
  ),
  acpi_walk_resources: none({ device_handle: voidPtr, name: voidPtr, user_function: voidPtr, context: voidPtr }, uint, AE_NOT_FOUND),
  acpi_get_table: none({ signature: voidPtr, instance: u32, out_table: voidPtr }, uint, AE_NOT_FOUND),
  acpi_put_table: none({ table: voidPtr }, nothing),
  acpi_install_notify_handler: onRoot({ device: voidPtr, handler_type: u32, handler: voidPtr, context: voidPtr }),
  acpi_remove_notify_handler: onRoot({ device: voidPtr, handler_type: u32, handler: voidPtr }),
  acpi_install_address_space_handler: onRoot({ device: voidPtr, space_id: u8, handler: voidPtr, setup: voidPtr, context: voidPtr }),
  acpi_remove_address_space_handler: onRoot({ device: voidPtr, space_id: u8, handler: voidPtr }),
  acpi_find_child_device: none({ parent: voidPtr, address: u64, check_children: bool }, voidPtr, NULL),
  acpi_find_child_by_adr: none({ adev: voidPtr, adr: u64 }, voidPtr, NULL),
  acpi_fetch_acpi_dev: none({ handle: voidPtr }, voidPtr, NULL),
  acpi_get_acpi_dev: none({ handle: voidPtr }, voidPtr, NULL),
  acpi_bus_set_power: none({ handle: voidPtr, state: int }, int, -ENODEV),
  acpi_bus_power_manageable: none({ handle: voidPtr }, bool, false),
  acpi_bus_get_status: none({ device: voidPtr }, int, -ENODEV),
  acpi_get_physical_device_location: none({ handle: voidPtr, pld: voidPtr }, uint, AE_NOT_FOUND),
  acpi_bus_generate_netlink_event: none({ device_class: voidPtr, bus_id: voidPtr, type: u8, data: int }, int, 0),
  acpi_dev_for_each_child: none({ adev: voidPtr, fn: voidPtr, data: voidPtr }, int, 0),
  acpi_bus_for_each_dev: none({ fn: voidPtr, data: voidPtr }, int, 0),
  acpi_dev_get_first_match_dev: none({ hid: voidPtr, uid: voidPtr, hrv: s64 }, voidPtr, NULL),
  acpi_dev_get_next_match_dev: none({ adev: voidPtr, hid: voidPtr, uid: voidPtr, hrv: s64 }, voidPtr, NULL),
  acpi_dev_present: none({ hid: voidPtr, uid: voidPtr, hrv: s64 }, bool, false),
  acpi_dev_found: none({ hid: voidPtr }, bool, false),
  acpi_dev_hid_uid_match: none({ adev: voidPtr, hid2: voidPtr, uid2: voidPtr }, bool, false),
  acpi_get_first_physical_node: none({ adev: voidPtr }, voidPtr, NULL),
  acpi_device_get_match_data: none({ dev: voidPtr }, voidPtr, NULL),
  acpi_match_device: none({ ids: voidPtr, dev: voidPtr }, voidPtr, NULL),
  acpi_match_device_ids: none({ device: voidPtr, ids: voidPtr }, int, -ENOENT),
  acpi_get_pci_dev: none({ handle: voidPtr }, voidPtr, NULL),
  acpi_reduced_hardware: none({}, bool, false),
  acpi_extract_package: none({ package: voidPtr, format: voidPtr, buffer: voidPtr }, uint, AE_BAD_PARAMETER),
  acpi_check_resource_conflict: none({ res: voidPtr }, int, 0),
  acpi_check_region: none({ start: u64, n: u64, name: voidPtr }, int, 0),
  acpi_resources_are_enforced: none({}, int, 1),
  acpi_quirk_skip_acpi_ac_and_battery: none({}, bool, false),
  acpi_pm_device_sleep_state: none({ dev: voidPtr, d_min_p: voidPtr, d_max_in: int }, int, -EINVAL),
  acpi_pm_set_device_wakeup: none({ dev: voidPtr, enable: bool }, int, -EINVAL),
  acpi_target_system_state: none({}, u32, 0),
  acpi_initialize_hp_context: none({ adev: voidPtr, hp: voidPtr, notify: voidPtr, uevent: voidPtr }, nothing),
  acpi_dev_get_resources: none({ adev: voidPtr, list: voidPtr, preproc: voidPtr, preproc_data: voidPtr }, int, -EINVAL),
  acpi_dev_free_resource_list: none({ list: voidPtr }, nothing),
  acpi_dev_resource_interrupt: none({ ares: voidPtr, index: int, res: voidPtr }, bool, false),
  acpi_dev_clear_dependencies: none({ supplier: voidPtr }, nothing),
  acpi_dev_get_property: none({ adev: voidPtr, name: voidPtr, type: uint, obj: voidPtr }, int, -EINVAL),
  acpi_storage_d3: none({ dev: voidPtr }, bool, false),
  acpi_has_watchdog: none({}, bool, false),
  acpi_disable_gpe: none({ gpe_device: voidPtr, gpe_number: u32 }, uint, AE_BAD_PARAMETER),
  acpi_enable_gpe: none({ gpe_device: voidPtr, gpe_number: u32 }, uint, AE_BAD_PARAMETER),
  acpi_mark_gpe_for_wake: none({ gpe_device: voidPtr, gpe_number: u32 }, uint, AE_BAD_PARAMETER),
  acpi_set_gpe_wake_mask: none({ gpe_device: voidPtr, gpe_number: u32, action: u8 }, uint, AE_BAD_PARAMETER),
  acpi_device_set_power: none({ device: voidPtr, state: int }, int, -EINVAL),
  acpi_device_update_power: none({ device: voidPtr, state_p: voidPtr }, int, -EINVAL),
  acpi_dev_gpio_irq_wake_get_by: none({ adev: voidPtr, name: voidPtr, index: int, wake_capable: voidPtr }, int, -ENOENT),
  acpi_lpat_get_conversion_table: none({ handle: voidPtr }, voidPtr, NULL),
  acpi_lpat_free_conversion_table: none({ lpat_table: voidPtr }, nothing),
  acpi_lpat_raw_to_temp: none({ lpat_table: voidPtr, raw: int }, int, -ENOENT),
  acpi_dma_controller_register: none({ dev: voidPtr, acpi_dma_xlate: voidPtr, data: voidPtr }, int, -ENODEV),
  acpi_dma_controller_free: none({ dev: voidPtr }, int, -ENODEV),
  acpi_dma_simple_xlate: none({ dma_spec: voidPtr, adma: voidPtr }, voidPtr, NULL),
  acpi_get_subsystem_id: none({ handle: voidPtr }, voidPtr, -ENODATA),
  i2c_acpi_new_device_by_fwnode: none({ fwnode: voidPtr, index: int, info: voidPtr }, voidPtr, -ENODEV),
  i2c_acpi_find_adapter_by_handle: none({ handle: voidPtr }, voidPtr, NULL),
  i2c_acpi_get_i2c_resource: none({ ares: voidPtr, i2c: voidPtr }, bool, false),
  i2c_acpi_client_count: none({ adev: voidPtr }, int, -ENODEV),
  i2c_acpi_find_bus_speed: none({ dev: voidPtr }, u32, 0),
  devm_acpi_dev_add_driver_gpios: none({ dev: voidPtr, gpios: voidPtr }, int, -ENXIO),
  acpi_evaluation_failure_warn: none({ handle: voidPtr, name: voidPtr, status: uint }, nothing),
  acpi_bus_type: kdata((k, address) => {
    k.view(BusName, address).name = k.cstringAlloc('acpi');
  }),
  acpi_disabled: kdata(() => {}),
  acpi_root_dir: kdata(() => {}),
  acpi_gbl_FADT: partial(
    'the table is empty',
    kdata(() => {}),
  ),
  acpi_kobj: kdata((k, address) => k.memory.setPtr(address, k.get(KernelKobjects).at('firmware/acpi'))),
  acpi_bus_register_driver: partial(
    'no device is on the bus',
    blocking({ driver }, int, function* (k, { driver: address }) {
      const view = k.view(AcpiDriver, address);
      const buses = yield* k.get(Acpi).buses();
      Object.assign(k.view(DeviceDriver, view.drv), { name: view.name, bus: k.get(Acpi).bus, owner: view.owner });
      return yield* buses.registerDriver(view.drv);
    }),
  ),
  acpi_bus_unregister_driver: blocking({ driver }, nothing, (k, { driver: address }) =>
    k.get(Buses).unregisterDriver(k.view(AcpiDriver, address).drv),
  ),
  register_acpi_bus_type: kfunc({ type: voidPtr }, int, (k, { type }) => {
    if (type === NULL) return -ENODEV;
    k.log.print('info', `ACPI: bus type ${k.memory.cstring(k.view(AcpiBusType, type).name)} registered`);
    return 0;
  }),
  unregister_acpi_bus_type: kfunc({ type: voidPtr }, int, (k, { type }) => {
    if (type === NULL) return -ENODEV;
    k.log.print('info', `ACPI: bus type ${k.memory.cstring(k.view(AcpiBusType, type).name)} unregistered`);
    return 0;
  }),
  register_acpi_notifier: blocking({ nb: voidPtr }, int, (k, { nb }) =>
    k.callInt(k.symbols.require('blocking_notifier_chain_register'), k.get(Acpi).chain, nb),
  ),
  unregister_acpi_notifier: blocking({ nb: voidPtr }, int, (k, { nb }) =>
    k.callInt(k.symbols.require('blocking_notifier_chain_unregister'), k.get(Acpi).chain, nb),
  ),
  acpi_notifier_call_chain: none({ dev: voidPtr, type: u32, data: u32 }, int, 0),
  acpi_format_exception: kfunc({ status: uint }, voidPtr, (k, { status }) => k.cstringAlloc(names[status] ?? 'UNKNOWN_STATUS_CODE')),
  acpi_device_hid: partial(
    'no device has identifiers',
    kfunc({ device: voidPtr }, voidPtr, (k) => k.cstringAlloc('device')),
  ),
  __acpi_handle_debug: variadic({ descriptor: voidPtr, handle: voidPtr, fmt: cstring }, nothing, (k, { descriptor, fmt, va }) => {
    const PRINT = 1;
    if ((k.view(Ddebug, descriptor).flags & PRINT) !== 0) k.log.vprintk(`\x017ACPI: <n/a>: ${k.formatter.format(fmt, va)}`);
  }),
  acpi_pm_wakeup_event: none({ dev: voidPtr }, nothing),
  acpi_is_video_device: none({ handle: voidPtr }, long, 0n),
  acpi_osi_is_win8: none({}, bool, false),
  acpi_video_backlight_string: kdata(() => {}),
  ec_read: none({ addr: u8, val: voidPtr }, int, -ENODEV),
  ec_write: none({ addr: u8, val: u8 }, int, -ENODEV),
  ec_transaction: none({ command: u8, wdata: voidPtr, wdata_len: uint, rdata: voidPtr, rdata_len: uint }, int, -ENODEV),
  ec_get_handle: none({}, voidPtr, NULL),
  acpi_handle_printk: variadic({ level: cstring, handle: voidPtr, fmt: cstring }, nothing, (k, { level, fmt, va }) =>
    k.log.vprintk(`${level}ACPI: <n/a>: ${k.formatter.format(fmt, va)}`),
  ),
});
