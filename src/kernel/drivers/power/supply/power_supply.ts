// Power supplies: batteries and chargers in /sys/class/power_supply. Source: drivers/power/supply/power_supply_{core,sysfs}.c.
import { EAGAIN, EINVAL, ENODEV } from '#abi';
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
import { sysfsText } from '../../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../../kernel.ts';
import { addUeventVar, kobjectGet, kobjectPut, kobjectSetName } from '../../../lib/kobject.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { parseInteger } from '../../../params.ts';
import { LOGLEVEL } from '../../../printk/log.ts';
import { Classes, ClassStruct } from '../../base/class.ts';
import { Device, describeDevices, deviceAdd, deviceDel, deviceInitialize } from '../../base/core.ts';
import { deviceName, devPrintk } from '../../base/dev_printk.ts';
import { Devres } from '../../base/devres.ts';
import { Properties, strings, words } from './properties.ts';

const PowerSupply = kernelStruct('power_supply', {
  desc: voidPtr,
  supplied_to: voidPtr,
  num_supplicants: size_t,
  supplied_from: voidPtr,
  num_supplies: size_t,
  of_node: voidPtr,
  drv_data: voidPtr,
  dev: embedded,
  initialized: bool,
  'use_cnt.counter': int,
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
});
const Config = kernelStruct('power_supply_config', {
  of_node: voidPtr,
  drv_data: voidPtr,
  attr_grp: voidPtr,
  supplied_to: voidPtr,
  num_supplicants: size_t,
});
const NULL = 0;
const ENODATA = 61;
const TYPE_BATTERY = 1;
const SCOPE_DEVICE = 2;
const NO_RELATIVES = 'no wakeup source, hwmon device, LED triggers or thermal zone come with it';

class PowerSupplies {
  readonly #k: Kernel;
  readonly all: Addr[] = [];
  /** Properties that may be written, by supply: asked once, at the registration. */
  readonly writeable = new Map<Addr, ReadonlySet<number>>();
  #class: Addr | undefined;
  #type: Addr = NULL;
  constructor(k: Kernel) {
    this.#k = k;
  }
  /** The class, and the type that has the attributes. */
  *ready(): Sleeping<{ readonly cls: Addr; readonly type: Addr }> {
    const k = this.#k;
    if (this.#class === undefined) {
      this.#class = kzalloc(k, k.layouts.sizeOf('class'));
      this.#type = kzalloc(k, k.layouts.sizeOf('device_type'));
      k.view(ClassStruct, this.#class).name = k.cstringAlloc('power_supply');
      k.view(ClassStruct, this.#class).dev_uevent = k.symbols.require('power_supply_uevent');
      k.memory.setPtr(k.symbols.require('power_supply_class'), this.#class);
      describeDevices(k, this.#type, { files: (device, directory) => files(k, supplyOf(k, device), directory) });
      yield* k.get(Classes).register(this.#class, true);
    }
    return { cls: this.#class, type: this.#type };
  }
  *register(parent: Addr, desc: Addr, cfg: Addr): Sleeping<Addr> {
    const k = this.#k;
    const description = desc === NULL ? undefined : k.view(Description, desc);
    if (description === undefined || description.name === NULL || description.properties === NULL || description.num_properties === 0)
      return -EINVAL;
    const name = k.memory.cstring(description.name);
    if (parent === NULL) k.log.print('warning', `__power_supply_register: Expected proper parent device for '${name}'`);
    const { cls, type } = yield* this.ready();
    const supply = k.view(PowerSupply, kzalloc(k, k.layouts.sizeOf('power_supply')));
    deviceInitialize(k, supply.dev);
    supply.desc = desc;
    Object.assign(k.view(Device, supply.dev), {
      class: cls,
      type,
      parent,
      driver_data: supply.addr,
      release: k.symbols.require('power_supply_dev_release'),
    });
    if (cfg !== NULL) {
      const config = k.view(Config, cfg);
      k.view(Device, supply.dev).groups = config.attr_grp;
      supply.drv_data = config.drv_data;
      supply.of_node = config.of_node;
      supply.supplied_to = config.supplied_to;
      supply.num_supplicants = config.num_supplicants;
    }
    kobjectSetName(k, supply.dev, name);
    // A property cannot be asked for before all is there.
    const writeable = yield* writeables(k, supply.addr);
    this.writeable.set(supply.addr, writeable);
    const error = yield* deviceAdd(k, supply.dev);
    if (error !== 0) {
      yield* kobjectPut(k, supply.dev);
      return error;
    }
    supply['use_cnt.counter'] = 1;
    supply.initialized = true;
    this.all.push(supply.addr);
    return supply.addr;
  }
  *unregister(address: Addr): Sleeping<void> {
    const k = this.#k;
    const supply = k.view(PowerSupply, address);
    supply['use_cnt.counter'] -= 1;
    this.all.splice(this.all.indexOf(address), 1);
    this.writeable.delete(address);
    yield* deviceDel(k, supply.dev);
    yield* kobjectPut(k, supply.dev);
  }
  /** Tells those that `supply` feeds. */
  *changed(supply: Addr): Sleeping<void> {
    const k = this.#k;
    for (const other of [...this.all]) {
      const { external_power_changed: changed } = k.view(Description, k.view(PowerSupply, other).desc);
      if (other !== supply && changed !== NULL && feeds(k, supply, other)) yield* k.call(changed, other);
    }
  }
}
const supplies = (k: Kernel): PowerSupplies => k.get(PowerSupplies);
const supplyOf = (k: Kernel, device: Addr): Addr => k.view(Device, device).driver_data;
function propertiesOf(k: Kernel, supply: Addr): number[] {
  const { properties, num_properties: count } = k.view(Description, k.view(PowerSupply, supply).desc);
  return Array.from({ length: count }, (_, n) => k.memory.u32(properties + n * 4));
}
const namesAt = (k: Kernel, array: Addr, count: number): string[] =>
  Array.from({ length: count }, (_, n) => k.memory.cstring(k.memory.ptr(array + n * 8)));
const nameOf = (k: Kernel, supply: Addr): string => k.memory.cstring(k.view(Description, k.view(PowerSupply, supply).desc).name);
/** Whether one supply feeds another: either names the other. */
function feeds(k: Kernel, from: Addr, to: Addr): boolean {
  const [source, target] = [k.view(PowerSupply, from), k.view(PowerSupply, to)];
  if (target.supplied_from !== NULL) return namesAt(k, target.supplied_from, target.num_supplies).includes(nameOf(k, from));
  return namesAt(k, source.supplied_to, source.supplied_to === NULL ? 0 : source.num_supplicants).includes(nameOf(k, to));
}
function* writeables(k: Kernel, supply: Addr): Sleeping<ReadonlySet<number>> {
  const { property_is_writeable: ask } = k.view(Description, k.view(PowerSupply, supply).desc);
  const set = new Set<number>();
  if (ask !== NULL) for (const property of propertiesOf(k, supply)) if ((yield* k.callInt(ask, supply, property)) > 0) set.add(property);
  return set;
}
/** power_supply_get_property(). */
function* get(k: Kernel, supply: Addr, property: number, value: Addr): Sleeping<number> {
  const view = k.view(PowerSupply, supply);
  if (view['use_cnt.counter'] <= 0) return view.initialized ? -ENODEV : -EAGAIN;
  return yield* k.callInt(k.view(Description, view.desc).get_property, supply, property, value);
}
/** The text of a property, without a newline; or -errno. */
function* show(k: Kernel, supply: Addr, property: number): Sleeping<string | number> {
  const { names, type } = k.get(Properties);
  const name = names[property] ?? '';
  const { desc, dev } = k.view(PowerSupply, supply);
  if (property === type) return words['type']?.[k.view(Description, desc).type] ?? '';
  const value = kzalloc(k, k.layouts.sizeOf('power_supply_propval'));
  const error = yield* get(k, supply, property, value);
  const number = k.memory.s32(value);
  const text = error === 0 && strings.has(name) ? k.memory.cstring(k.memory.ptr(value)) : String(number);
  k.slab.free(value);
  if (error < 0) {
    if (error !== -ENODATA && error !== -ENODEV && error !== -EAGAIN)
      devPrintk(k, LOGLEVEL.err, dev, `driver failed to report \`${name}' property: ${error}\n`);
    return error;
  }
  if (name === 'usb_type') return usbTypes(k, desc, number);
  return words[name]?.[number] ?? text;
}
/** All that the supply can be; the one that it is in brackets. */
function usbTypes(k: Kernel, desc: Addr, current: number): string {
  const { usb_types: types, num_usb_types: count } = k.view(Description, desc);
  const all = Array.from({ length: count }, (_, n) => k.memory.u32(types + n * 4));
  const word = (type: number): string => words['usb_type']?.[type] ?? '';
  const listed = all.map((type) => (type === current ? `[${word(type)}]` : word(type)));
  return all.includes(current) || current === 0 ? listed.join(' ') : '';
}
function* store(k: Kernel, supply: Addr, property: number, text: string): Sleeping<number> {
  const { set_property: set } = k.view(Description, k.view(PowerSupply, supply).desc);
  const named = words[k.get(Properties).names[property] ?? '']?.indexOf(text.trim()) ?? -1;
  const number = named >= 0 ? BigInt(named) : parseInteger(text.trim(), true);
  if (number === undefined) return -EINVAL;
  const value = kzalloc(k, k.layouts.sizeOf('power_supply_propval'));
  k.memory.setU32(value, Number(BigInt.asIntN(32, number)));
  const error = yield* k.callInt(set, supply, property, value);
  k.slab.free(value);
  return error < 0 ? error : text.length;
}
function files(k: Kernel, supply: Addr, directory: TreeDirectory): void {
  const { names, type } = k.get(Properties);
  const writeable = supplies(k).writeable.get(supply);
  for (const property of new Set([...propertiesOf(k, supply), type])) {
    const mode = property !== type && writeable?.has(property) === true ? 0o644 : 0o444;
    directory.put(
      names[property] ?? '',
      sysfsText(mode, {
        *read() {
          const text = yield* show(k, supply, property);
          return typeof text === 'number' ? text : `${text}\n`;
        },
        write: (text) => store(k, supply, property, text),
      }),
    );
  }
}
/** Whether a supply gives power to the system; undefined when it is that of some device. */
function* givesPower(k: Kernel, supply: Addr): Sleeping<number | undefined> {
  const { online, scope } = k.get(Properties);
  const value = kzalloc(k, 8);
  const ofDevice = (yield* get(k, supply, scope, value)) === 0 && k.memory.s32(value) === SCOPE_DEVICE;
  const battery = k.view(Description, k.view(PowerSupply, supply).desc).type === TYPE_BATTERY;
  const power = ofDevice || battery || (yield* get(k, supply, online, value)) !== 0 ? 0 : k.memory.s32(value);
  k.slab.free(value);
  return ofDevice ? undefined : power;
}
const psy = pointer('struct power_supply *');
const parent = pointer('struct device *');
const registration = { parent, desc: voidPtr, cfg: voidPtr } as const;
const register = blocking(registration, psy, (k, { parent: above, desc, cfg }) => supplies(k).register(above, desc, cfg));
const devmRegister = blocking(registration, psy, function* (k, { parent: above, desc, cfg }) {
  const supply = yield* supplies(k).register(above, desc, cfg);
  if (supply < 0 && supply >= -4095) return supply;
  const data = kzalloc(k, 8);
  k.memory.setPtr(data, supply);
  k.get(Devres).add(above, { data, release: k.symbols.require('devm_power_supply_release') });
  return supply;
});
const value = { psy, psp: uint, val: voidPtr } as const;

export const powerSupplyApi: KernelApi = kernelApi('drivers/power/supply/power_supply_core.c', {
  power_supply_class: kdata(() => {}),
  power_supply_register: partial(NO_RELATIVES, register),
  power_supply_register_no_ws: partial(NO_RELATIVES, register),
  devm_power_supply_register: partial(NO_RELATIVES, devmRegister),
  devm_power_supply_register_no_ws: partial(NO_RELATIVES, devmRegister),
  power_supply_unregister: blocking({ psy }, nothing, (k, { psy: supply }) => supplies(k).unregister(supply)),
  /** The supplies that depend on this one hear of it, in a work of the system's. */
  power_supply_changed: kfunc({ psy }, nothing, (k, { psy: supply }) => {
    k.scheduler.spawn('kworker/0:1', function* () {
      yield* supplies(k).changed(supply);
      return 0;
    });
  }),
  power_supply_get_drvdata: kfunc({ psy }, voidPtr, (k, { psy: supply }) => k.view(PowerSupply, supply).drv_data),
  power_supply_powers: partial(
    'a battery has no link `powers` to its device',
    kfunc({ psy, dev: parent }, int, () => 0),
  ),
  power_supply_get_property: blocking(value, int, (k, { psy: supply, psp, val }) => get(k, supply, psp, val)),
  power_supply_set_property: blocking(value, int, function* (k, { psy: supply, psp, val }) {
    const view = k.view(PowerSupply, supply);
    const { set_property: set } = k.view(Description, view.desc);
    return view['use_cnt.counter'] <= 0 || set === NULL ? -ENODEV : yield* k.callInt(set, supply, psp, val);
  }),
  power_supply_property_is_writeable: blocking({ psy, psp: uint }, int, function* (k, { psy: supply, psp }) {
    const { property_is_writeable: ask } = k.view(Description, k.view(PowerSupply, supply).desc);
    return ask === NULL ? -ENODEV : yield* k.callInt(ask, supply, psp);
  }),
  power_supply_external_power_changed: blocking({ psy }, nothing, function* (k, { psy: supply }) {
    const { external_power_changed: changed } = k.view(Description, k.view(PowerSupply, supply).desc);
    if (changed !== NULL) yield* k.call(changed, supply);
  }),
  power_supply_get_by_name: kfunc({ name: cstring }, psy, (k, { name }) => {
    const found = supplies(k).all.find((supply) => nameOf(k, supply) === name) ?? NULL;
    if (found === NULL) return NULL;
    kobjectGet(k, k.view(PowerSupply, found).dev);
    k.view(PowerSupply, found)['use_cnt.counter'] += 1;
    return found;
  }),
  power_supply_put: blocking({ psy }, nothing, function* (k, { psy: supply }) {
    k.view(PowerSupply, supply)['use_cnt.counter'] -= 1;
    yield* kobjectPut(k, k.view(PowerSupply, supply).dev);
  }),
  /** Whether one of the supplies gives power; without any there must be a wall socket. */
  power_supply_is_system_supplied: blocking({}, int, function* (k) {
    let count = 0;
    for (const supply of supplies(k).all) {
      const power = yield* givesPower(k, supply);
      if (power === undefined) continue;
      count++;
      if (power !== 0) return power;
    }
    return count === 0 ? 1 : 0;
  }),
  power_supply_am_i_supplied: blocking({ psy }, int, function* (k, { psy: supply }) {
    let sources = 0;
    const place = kzalloc(k, 8);
    let online = 0;
    for (const other of supplies(k).all) {
      if (other === supply || !feeds(k, other, supply)) continue;
      sources++;
      if ((yield* get(k, other, k.get(Properties).online, place)) === 0) online ||= k.memory.s32(place);
    }
    k.slab.free(place);
    return sources === 0 ? -ENODEV : online;
  }),
  power_supply_uevent: blocking({ dev: parent, env: voidPtr }, int, function* (k, { dev, env }) {
    const supply = supplyOf(k, dev);
    const { names, type } = k.get(Properties);
    addUeventVar(k, env, `POWER_SUPPLY_NAME=${deviceName(k, dev)}`);
    for (const property of [type, ...propertiesOf(k, supply)]) {
      const text = yield* show(k, supply, property);
      if (typeof text === 'string') addUeventVar(k, env, `POWER_SUPPLY_${(names[property] ?? '').toUpperCase()}=${text}`);
    }
    return 0;
  }),
  power_supply_dev_release: kfunc({ dev: parent }, nothing, (k, { dev }) => {
    k.slab.free(dev - k.layouts.offsetOf('power_supply', 'dev'));
  }),
  devm_power_supply_release: blocking({ dev: parent, res: voidPtr }, nothing, (k, { res }) => supplies(k).unregister(k.memory.ptr(res))),
});
