// Batteries and chargers as devices. Source: drivers/power/supply/power_supply_core.c, power_supply_sysfs.c.
import { EAGAIN, EINVAL, ENODATA, ENODEV, ENOENT } from '#abi';
import {
  blocking,
  bool,
  cstring,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kdata,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  size_t,
  uint,
  voidPtr,
} from '../../../api/index.ts';
import type { TreeDirectory } from '../../../fs/node.ts';
import { Sysfs, sysfsText } from '../../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../../kernel.ts';
import { addUeventVar, kobjectGet, kobjectPut, kobjectSetName, kobjectUevent } from '../../../lib/kobject.ts';
import { UEVENT_ACTIONS } from '../../../lib/kobject_uevent.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { Classes, ClassStruct, KernelClasses } from '../../base/class.ts';
import { Device, describeDevices, deviceAdd, deviceInitialize, deviceUnregister } from '../../base/core.ts';
import { devPrintk } from '../../base/dev_printk.ts';
import { Devres } from '../../base/devres.ts';
import { PROP, propertyNames, supplyTypes, valueNames } from './properties.ts';

const PowerSupply = kernelStruct('power_supply', {
  desc: voidPtr,
  supplied_to: voidPtr,
  num_supplicants: size_t,
  drv_data: voidPtr,
  dev: embedded,
  initialized: bool,
  removing: bool,
  use_cnt: int,
});
const Description = kernelStruct('power_supply_desc', {
  name: voidPtr,
  type: uint,
  usb_types: voidPtr,
  num_usb_types: size_t,
  properties: voidPtr,
  num_properties: size_t,
  get_property: fnPtr,
  set_property: fnPtr,
  property_is_writeable: fnPtr,
  external_power_changed: fnPtr,
  set_charged: fnPtr,
});
const Config = kernelStruct('power_supply_config', { drv_data: voidPtr, attr_grp: voidPtr, supplied_to: voidPtr, num_supplicants: size_t });
const NULL = 0;
const LEVEL_ERR = 3;
const BATTERY = 1;
const PSY_EVENT_PROP_CHANGED = 0;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

const supply = (k: Kernel, psy: Addr) => k.view(PowerSupply, psy);
const descriptionOf = (k: Kernel, psy: Addr) => k.view(Description, supply(k, psy).desc);
const supplyOf = (k: Kernel, device: Addr): Addr => device - k.layouts.offsetOf('power_supply', 'dev');
const nameOf = (k: Kernel, psy: Addr): string => k.memory.cstring(descriptionOf(k, psy).name);
function propertiesOf(k: Kernel, desc: { properties: Addr; num_properties: number }): number[] {
  return k.memory.array(desc.properties, desc.num_properties, 4, (at) => k.memory.u32(at));
}
/** All supplies, oldest first. */
function* allSupplies(k: Kernel): Sleeping<Addr[]> {
  const cls = yield* supplyClass(k);
  return k
    .get(Classes)
    .devicesOf(cls)
    .map((device) => supplyOf(k, device));
}
function* supplyClass(k: Kernel): Sleeping<Addr> {
  const cls = yield* k.get(KernelClasses).at('power_supply', 'power_supply_dev_release');
  k.view(ClassStruct, cls).dev_uevent = k.symbols.require('power_supply_uevent');
  describeDevices(k, cls, { files: (device, directory) => files(k, supplyOf(k, device), directory) });
  return cls;
}
function* getProperty(k: Kernel, psy: Addr, property: number, value: Addr): Sleeping<number> {
  if (supply(k, psy).use_cnt <= 0) return supply(k, psy).initialized ? -ENODEV : -EAGAIN;
  const desc = descriptionOf(k, psy);
  return propertiesOf(k, desc).includes(property) ? yield* k.callInt(desc.get_property, psy, property, value) : -EINVAL;
}
function* setProperty(k: Kernel, psy: Addr, property: number, value: Addr): Sleeping<number> {
  const { set_property: set } = descriptionOf(k, psy);
  return supply(k, psy).use_cnt <= 0 || set === NULL ? -ENODEV : yield* k.callInt(set, psy, property, value);
}
const propertyName = (property: number): string => propertyNames[property] ?? `property_${property}`;
function* show(k: Kernel, psy: Addr, property: number): Sleeping<string | number> {
  const value = kzalloc(k, 8);
  const error = yield* getProperty(k, psy, property, value);
  const number = k.memory.s32(value);
  const string = k.memory.ptr(value);
  k.slab.free(value);
  if (error < 0) {
    if (error !== -ENODATA && error !== -EAGAIN)
      devPrintk(k, LEVEL_ERR, supply(k, psy).dev, `driver failed to report \`${propertyName(property)}' property: ${error}\n`);
    return error;
  }
  if (property >= PROP.modelName) return `${k.memory.cstring(string)}\n`;
  if (property === PROP.usbType) return `${usbTypes(k, psy, number)}\n`;
  return `${valueNames[propertyName(property)]?.[number] ?? number}\n`;
}
/** All types that the supply knows, the one in force in brackets. */
function usbTypes(k: Kernel, psy: Addr, current: number): string {
  const { usb_types, num_usb_types } = descriptionOf(k, psy);
  const types = Array.from({ length: num_usb_types }, (_, n) => k.memory.u32(usb_types + 4 * n));
  const word = (type: number): string => valueNames['usb_type']?.[type] ?? '';
  return types.map((type) => (type === current ? `[${word(type)}]` : word(type))).join(' ');
}
function* store(k: Kernel, psy: Addr, property: number, text: string): Sleeping<number> {
  const word = valueNames[propertyName(property)]?.indexOf(text.trim()) ?? -1;
  const number = word >= 0 ? word : /^[+-]?\d+\n?$/.test(text) ? Number(text) : undefined;
  if (number === undefined) return -EINVAL;
  const value = kzalloc(k, 8);
  k.memory.setU32(value, number >>> 0);
  const error = yield* setProperty(k, psy, property, value);
  k.slab.free(value);
  return error < 0 ? error : text.length;
}
function files(k: Kernel, psy: Addr, directory: TreeDirectory): void {
  const desc = descriptionOf(k, psy);
  const { type } = desc;
  directory.put('type', sysfsText(0o444, { read: () => typeText(type) }));
  for (const property of propertiesOf(k, desc)) {
    const writeable = k.get(Writeable).has(`${psy} ${property}`);
    const read = (): Sleeping<string | number> => show(k, psy, property);
    const write = (text: string): Sleeping<number> => store(k, psy, property, text);
    directory.put(propertyName(property), sysfsText(writeable ? 0o644 : 0o444, writeable ? { read, write } : { read }));
  }
}
/** Which properties of which supplies may be written: asked before the files are made. */
class Writeable extends Set<string> {
  constructor(_k: Kernel) {
    super();
  }
}
// biome-ignore lint/correctness/useYield: the text is there
function* typeText(type: number): Sleeping<string> {
  return `${supplyTypes[type] ?? 'Unknown'}\n`;
}
/** __power_supply_register(). Return: the supply, or an error pointer. */
function* register(k: Kernel, parent: Addr, descAddress: Addr, config: Addr): Sleeping<Addr> {
  if (descAddress === NULL) return -EINVAL;
  const desc = k.view(Description, descAddress);
  if (desc.name === NULL || desc.properties === NULL || desc.num_properties === 0) return -EINVAL;
  const name = k.memory.cstring(desc.name);
  if (parent === NULL) k.log.print('warning', `__power_supply_register: Expected proper parent device for '${name}'`);
  const properties = propertiesOf(k, desc);
  if (properties.includes(PROP.usbType) && (desc.usb_types === NULL || desc.num_usb_types === 0)) return -EINVAL;
  const cls = yield* supplyClass(k);
  const psy = kzalloc(k, k.layouts.sizeOf('power_supply'));
  const view = supply(k, psy);
  const device = k.view(Device, view.dev);
  deviceInitialize(k, view.dev);
  Object.assign(device, { class: cls, parent, driver_data: psy, release: k.symbols.require('power_supply_dev_release') });
  view.desc = descAddress;
  if (config !== NULL) {
    const given = k.view(Config, config);
    device.groups = given.attr_grp;
    Object.assign(view, { drv_data: given.drv_data, supplied_to: given.supplied_to, num_supplicants: given.num_supplicants });
  }
  kobjectSetName(k, view.dev, name);
  view.use_cnt = 1;
  for (const property of properties) {
    const may = desc.property_is_writeable === NULL ? 0 : yield* k.callInt(desc.property_is_writeable, psy, property);
    if (may > 0) k.get(Writeable).add(`${psy} ${property}`);
  }
  const error = yield* deviceAdd(k, view.dev);
  if (error !== 0) {
    yield* kobjectPut(k, view.dev);
    return error;
  }
  view.initialized = true;
  changed(k, psy);
  return psy;
}
function* unregister(k: Kernel, psy: Addr): Sleeping<void> {
  const view = supply(k, psy);
  view.use_cnt -= 1;
  view.removing = true;
  for (const property of propertiesOf(k, descriptionOf(k, psy))) k.get(Writeable).delete(`${psy} ${property}`);
  yield* deviceUnregister(k, view.dev);
}
/** Names of the supplies that this one feeds. */
function supplicants(k: Kernel, psy: Addr): string[] {
  const { supplied_to, num_supplicants } = supply(k, psy);
  return k.memory.array(supplied_to, num_supplicants, 8, (at) => k.memory.cstring(k.memory.ptr(at)));
}
/** Tells those that it feeds, and who listens: in a task of its own. */
function changed(k: Kernel, psy: Addr): void {
  const { dev } = supply(k, psy);
  kobjectGet(k, dev);
  k.scheduler.spawn('kworker/0:1', function* () {
    if (!supply(k, psy).removing) {
      const fed = supplicants(k, psy);
      for (const other of yield* allSupplies(k)) {
        const { external_power_changed: fn } = descriptionOf(k, other);
        if (fn !== NULL && fed.includes(nameOf(k, other))) yield* k.call(fn, other);
      }
      const chain = k.symbols.require('power_supply_notifier');
      yield* k.call(k.symbols.require('atomic_notifier_call_chain'), chain, PSY_EVENT_PROP_CHANGED, psy);
      yield* kobjectUevent(k, dev, UEVENT_ACTIONS.indexOf('change'));
    }
    yield* kobjectPut(k, dev);
    return 0;
  });
}
/** `online` of the supplies that `counts` takes: the first that is not 0. */
function* online(k: Kernel, counts: (psy: Addr) => boolean, none: number): Sleeping<number> {
  const value = kzalloc(k, 8);
  let found = 0;
  let result = 0;
  for (const psy of (yield* allSupplies(k)).filter(counts)) {
    found++;
    if ((yield* getProperty(k, psy, PROP.online, value)) === 0 && k.memory.s32(value) !== 0) {
      result = k.memory.s32(value);
      break;
    }
  }
  k.slab.free(value);
  return found === 0 ? none : result;
}
function* managed(k: Kernel, parent: Addr, registration: Sleeping<Addr>): Sleeping<Addr> {
  const psy = yield* registration;
  if (!isError(psy)) k.get(Devres).addAction(parent, k.symbols.require('power_supply_unregister'), psy);
  return psy;
}
const parent = pointer('struct device *');
const desc = pointer('const struct power_supply_desc *');
const cfg = pointer('const struct power_supply_config *');
const psy = pointer('struct power_supply *');
const psp = uint;
const val = voidPtr;
const NO_EXTRAS = 'no LED triggers, thermal zone and hwmon device of the supply';
const NO_BATTERY_INFO = 'firmware describes no battery';

export const powerSupplyApi: KernelApi = kernelApi('drivers/power/supply/power_supply_core.c', {
  power_supply_notifier: kdata(() => {}),
  power_supply_register: partial(
    NO_EXTRAS,
    blocking({ parent, desc, cfg }, psy, (k, { parent: of, desc: what, cfg: how }) => register(k, of, what, how)),
  ),
  power_supply_register_no_ws: partial(
    NO_EXTRAS,
    blocking({ parent, desc, cfg }, psy, (k, { parent: of, desc: what, cfg: how }) => register(k, of, what, how)),
  ),
  devm_power_supply_register: partial(
    NO_EXTRAS,
    blocking({ parent, desc, cfg }, psy, (k, { parent: of, desc: what, cfg: how }) => managed(k, of, register(k, of, what, how))),
  ),
  devm_power_supply_register_no_ws: partial(
    NO_EXTRAS,
    blocking({ parent, desc, cfg }, psy, (k, { parent: of, desc: what, cfg: how }) => managed(k, of, register(k, of, what, how))),
  ),
  power_supply_unregister: blocking({ psy }, nothing, (k, { psy: of }) => unregister(k, of)),
  /** Frees a supply with its last reference. */
  power_supply_dev_release: kfunc({ dev: voidPtr }, nothing, (k, { dev }) => {
    k.slab.free(supplyOf(k, dev));
  }),
  /** The name, the type, and every property that can be had. */
  power_supply_uevent: blocking({ dev: voidPtr, env: voidPtr }, int, function* (k, { dev, env }) {
    const of = supplyOf(k, dev);
    const add = (name: string, text: string): number =>
      addUeventVar(k, env, `POWER_SUPPLY_${name.toUpperCase()}=${text.replace(/\n$/, '')}`);
    add('name', nameOf(k, of));
    // What it measured with is gone by then.
    if (supply(k, of).removing) return 0;
    add('type', supplyTypes[descriptionOf(k, of).type] ?? 'Unknown');
    for (const property of propertiesOf(k, descriptionOf(k, of))) {
      const text = yield* show(k, of, property);
      if (typeof text === 'string') add(propertyName(property), text);
    }
    return 0;
  }),
  power_supply_changed: kfunc({ psy }, nothing, (k, { psy: of }) => changed(k, of)),
  power_supply_get_drvdata: kfunc({ psy }, voidPtr, (k, { psy: of }) => supply(k, of).drv_data),
  power_supply_powers: kfunc({ psy, dev: voidPtr }, int, (k, { psy: of, dev }) => k.get(Sysfs).link(supply(k, of).dev, dev, 'powers')),
  power_supply_get_by_name: blocking({ name: cstring }, psy, function* (k, { name }) {
    const found = (yield* allSupplies(k)).find((each) => nameOf(k, each) === name) ?? NULL;
    if (found === NULL) return NULL;
    kobjectGet(k, supply(k, found).dev);
    supply(k, found).use_cnt += 1;
    return found;
  }),
  power_supply_put: blocking({ psy }, nothing, function* (k, { psy: of }) {
    supply(k, of).use_cnt -= 1;
    yield* kobjectPut(k, supply(k, of).dev);
  }),
  power_supply_get_property: blocking({ psy, psp, val }, int, (k, { psy: of, psp: what, val: to }) => getProperty(k, of, what, to)),
  power_supply_set_property: blocking({ psy, psp, val }, int, (k, { psy: of, psp: what, val: from }) => setProperty(k, of, what, from)),
  power_supply_property_is_writeable: blocking({ psy, psp }, int, function* (k, { psy: of, psp: what }) {
    const { property_is_writeable: fn } = descriptionOf(k, of);
    return supply(k, of).use_cnt <= 0 || fn === NULL ? -ENODEV : yield* k.callInt(fn, of, what);
  }),
  power_supply_external_power_changed: blocking({ psy }, nothing, function* (k, { psy: of }) {
    const { external_power_changed: fn } = descriptionOf(k, of);
    if (supply(k, of).use_cnt > 0 && fn !== NULL) yield* k.call(fn, of);
  }),
  power_supply_set_battery_charged: blocking({ psy }, int, function* (k, { psy: of }) {
    const { type, set_charged: fn } = descriptionOf(k, of);
    if (supply(k, of).use_cnt <= 0 || type !== BATTERY || fn === NULL) return -EINVAL;
    yield* k.call(fn, of);
    return 0;
  }),
  /** A machine without any supply stands on the mains. */
  power_supply_is_system_supplied: blocking({}, int, (k) => online(k, (each) => descriptionOf(k, each).type !== BATTERY, 1)),
  power_supply_am_i_supplied: blocking({ psy }, int, (k, { psy: of }) =>
    online(k, (each) => supplicants(k, each).includes(nameOf(k, of)), -ENODEV),
  ),
  power_supply_reg_notifier: blocking({ nb: voidPtr }, int, function* (k, { nb }) {
    return (yield* k.call(k.symbols.require('atomic_notifier_chain_register'), k.symbols.require('power_supply_notifier'), nb)) | 0;
  }),
  power_supply_unreg_notifier: blocking({ nb: voidPtr }, nothing, function* (k, { nb }) {
    yield* k.call(k.symbols.require('atomic_notifier_chain_unregister'), k.symbols.require('power_supply_notifier'), nb);
  }),
  power_supply_get_battery_info: partial(
    NO_BATTERY_INFO,
    kfunc({ psy, info_out: voidPtr }, int, () => -ENOENT),
  ),
  power_supply_put_battery_info: partial(
    NO_BATTERY_INFO,
    kfunc({ psy, info: voidPtr }, nothing, () => {}),
  ),
  power_supply_charge_behaviour_parse: kfunc({ available_behaviours: uint, buf: cstring }, int, (_, { available_behaviours, buf }) => {
    const behaviour = valueNames['charge_behaviour']?.indexOf(buf.replace(/\n$/, '')) ?? -1;
    return behaviour >= 0 && ((available_behaviours >>> behaviour) & 1) !== 0 ? behaviour : -EINVAL;
  }),
  power_supply_charge_behaviour_show: kfunc(
    { dev: voidPtr, available_behaviours: uint, current_behaviour: uint, buf: voidPtr },
    voidPtr,
    (k, { dev, available_behaviours, current_behaviour, buf }) => {
      const words = valueNames['charge_behaviour'] ?? [];
      const available = words.flatMap((word, n) =>
        ((available_behaviours >>> n) & 1) === 0 ? [] : [n === current_behaviour ? `[${word}]` : word],
      );
      if (((available_behaviours >>> current_behaviour) & 1) === 0) {
        devPrintk(k, 4, dev, 'driver reporting unsupported charge behaviour\n');
        return -EINVAL;
      }
      const text = `${available.join(' ')}\n`;
      k.memory.setCstring(buf, text);
      return text.length;
    },
  ),
});
