// Thermal zones and what cools them, as devices. Source: drivers/thermal/thermal_core.c, thermal_sysfs.c.
import { EEXIST, EINVAL, ENODEV } from '#abi';
import {
  blocking,
  cstring,
  embedded,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  type Sleeping,
  uint,
  ulong,
  voidPtr,
} from '../../api/index.ts';
import type { TreeDirectory } from '../../fs/node.ts';
import { sysfsText } from '../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../kernel.ts';
import { kobjectPut, kobjectSetName } from '../../lib/kobject.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { Classes, KernelClasses } from '../base/class.ts';
import { Device, describeDevices, deviceAdd, deviceInitialize, deviceUnregister } from '../base/core.ts';
import { Devres } from '../base/devres.ts';

const Cooling = kernelStruct('thermal_cooling_device', {
  id: int,
  type: voidPtr,
  max_state: ulong,
  device: embedded,
  devdata: voidPtr,
  ops: voidPtr,
});
const CoolingOps = kernelStruct('thermal_cooling_device_ops', { get_max_state: fnPtr, get_cur_state: fnPtr, set_cur_state: fnPtr });
const Zone = kernelStruct('thermal_zone_device', {
  id: int,
  type: embedded,
  device: embedded,
  mode: uint,
  devdata: voidPtr,
  num_trips: int,
  ops: voidPtr,
});
const ZoneOps = kernelStruct('thermal_zone_device_ops', {
  get_temp: fnPtr,
  change_mode: fnPtr,
  get_trip_type: fnPtr,
  get_trip_temp: fnPtr,
});
const NULL = 0;
const NAME_LENGTH = 20;
const ENABLED = 1;
const TRIP_TYPES = ['active', 'passive', 'hot', 'critical'] as const;
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

/** Numbers in use. The machine has one cooling device: its processor. */
class Numbers {
  readonly cooling = new Set([0]);
  readonly zones = new Set<number>();
}
function take(numbers: Set<number>): number {
  let id = 0;
  while (numbers.has(id)) id++;
  numbers.add(id);
  return id;
}
const coolingOf = (k: Kernel, device: Addr) => k.view(Cooling, device - k.layouts.offsetOf('thermal_cooling_device', 'device'));
const zoneOf = (k: Kernel, device: Addr) => k.view(Zone, device - k.layouts.offsetOf('thermal_zone_device', 'device'));
/** Calls fn(object, ..., &value): the value, or -errno. */
function* ask(k: Kernel, fn: Addr, wide: boolean, ...args: number[]): Sleeping<bigint | number> {
  const place = kzalloc(k, 8);
  const error = fn === NULL ? -EINVAL : yield* k.callInt(fn, ...args, place);
  const value = wide ? k.memory.u64(place) : BigInt(k.memory.s32(place));
  k.slab.free(place);
  return error < 0 ? error : value;
}
function* asText(answer: Sleeping<bigint | number>): Sleeping<string | number> {
  const value = yield* answer;
  return typeof value === 'number' ? value : `${value}\n`;
}
// biome-ignore lint/correctness/useYield: the text is there
function* line(text: string): Sleeping<string> {
  return `${text}\n`;
}
function coolingFiles(k: Kernel, device: Addr, directory: TreeDirectory): void {
  const cdev = coolingOf(k, device);
  const ops = () => k.view(CoolingOps, cdev.ops);
  const name = cdev.type === NULL ? '' : k.memory.cstring(cdev.type);
  directory.put('type', sysfsText(0o444, { read: () => line(name) }));
  directory.put('max_state', sysfsText(0o444, { read: () => line(String(cdev.max_state)) }));
  directory.put(
    'cur_state',
    sysfsText(0o644, {
      read: () => asText(ask(k, ops().get_cur_state, true, cdev.addr)),
      *write(text) {
        if (!/^\d+\n?$/.test(text) || BigInt(text) > cdev.max_state) return -EINVAL;
        const error = yield* k.callInt(ops().set_cur_state, cdev.addr, BigInt(text));
        return error < 0 ? error : text.length;
      },
    }),
  );
}
function* setMode(k: Kernel, zone: Addr, mode: number): Sleeping<number> {
  const view = k.view(Zone, zone);
  if (view.mode === mode) return 0;
  const { change_mode: fn } = k.view(ZoneOps, view.ops);
  const error = fn === NULL ? 0 : yield* k.callInt(fn, zone, mode);
  if (error === 0) view.mode = mode;
  return error;
}
function zoneFiles(k: Kernel, device: Addr, directory: TreeDirectory): void {
  const zone = zoneOf(k, device);
  const ops = () => k.view(ZoneOps, zone.ops);
  directory.put('type', sysfsText(0o444, { read: () => line(k.memory.cstring(zone.type, NAME_LENGTH)) }));
  directory.put('temp', sysfsText(0o444, { read: () => asText(ask(k, ops().get_temp, false, zone.addr)) }));
  directory.put(
    'mode',
    sysfsText(0o644, {
      read: () => line(zone.mode === ENABLED ? 'enabled' : 'disabled'),
      *write(text) {
        const mode = text.startsWith('enabled') ? ENABLED : text.startsWith('disabled') ? 0 : -1;
        const error = mode < 0 ? -EINVAL : yield* setMode(k, zone.addr, mode);
        return error < 0 ? error : text.length;
      },
    }),
  );
  for (let n = 0; n < zone.num_trips; n++) {
    const type = function* (): Sleeping<string | number> {
      const value = yield* ask(k, ops().get_trip_type, false, zone.addr, n);
      return typeof value === 'number' ? value : `${TRIP_TYPES[Number(value)] ?? 'unknown'}\n`;
    };
    directory.put(`trip_point_${n}_type`, sysfsText(0o444, { read: type }));
    directory.put(`trip_point_${n}_temp`, sysfsText(0o444, { read: () => asText(ask(k, ops().get_trip_temp, false, zone.addr, n)) }));
  }
}
function* thermalClass(k: Kernel): Sleeping<Addr> {
  const cls = yield* k.get(KernelClasses).at('thermal', 'thermal_release');
  const isZone = (device: Addr): boolean => k.get(ZoneDevices).has(device);
  describeDevices(k, cls, {
    files: (device, directory) => (isZone(device) ? zoneFiles(k, device, directory) : coolingFiles(k, device, directory)),
  });
  return cls;
}
/** The devices that are zones. */
class ZoneDevices extends Set<Addr> {
  constructor(_k: Kernel) {
    super();
  }
}
function* addDevice(k: Kernel, device: Addr, name: string): Sleeping<number> {
  const cls = yield* thermalClass(k);
  deviceInitialize(k, device);
  k.view(Device, device).class = cls;
  kobjectSetName(k, device, name);
  const error = yield* deviceAdd(k, device);
  if (error !== 0) yield* kobjectPut(k, device);
  return error;
}
function* registerCooling(k: Kernel, type: string, devdata: Addr, ops: Addr): Sleeping<Addr> {
  const given = ops === NULL ? undefined : k.view(CoolingOps, ops);
  if (given === undefined || given.get_max_state === NULL || given.get_cur_state === NULL || given.set_cur_state === NULL) return -EINVAL;
  const id = take(k.get(Numbers).cooling);
  const cdev = k.view(Cooling, kzalloc(k, k.layouts.sizeOf('thermal_cooling_device')));
  Object.assign(cdev, { id, type: k.cstringAlloc(type), devdata, ops });
  const most = yield* ask(k, given.get_max_state, true, cdev.addr);
  let error = typeof most === 'number' ? most : 0;
  if (typeof most === 'bigint') {
    cdev.max_state = most;
    error = yield* addDevice(k, cdev.device, `cooling_device${id}`);
    if (error === 0) return cdev.addr;
  } else k.slab.free(cdev.addr);
  k.get(Numbers).cooling.delete(id);
  return error;
}
function* unregisterCooling(k: Kernel, cdev: Addr): Sleeping<void> {
  if (isError(cdev)) return;
  const { id, device } = k.view(Cooling, cdev);
  yield* deviceUnregister(k, device);
  k.get(Numbers).cooling.delete(id);
}
function* registerZone(k: Kernel, type: string, trips: number, devdata: Addr, ops: Addr): Sleeping<Addr> {
  if (type === '' || type.length >= NAME_LENGTH) return -EINVAL;
  if (ops === NULL) return -EINVAL;
  const { get_trip_type, get_trip_temp, get_temp } = k.view(ZoneOps, ops);
  if (get_temp === NULL || (trips > 0 && (get_trip_type === NULL || get_trip_temp === NULL))) return -EINVAL;
  const id = take(k.get(Numbers).zones);
  const zone = k.view(Zone, kzalloc(k, k.layouts.sizeOf('thermal_zone_device')));
  Object.assign(zone, { id, devdata, ops, num_trips: trips });
  k.memory.setCstring(zone.type, type);
  k.get(ZoneDevices).add(zone.device);
  const error = yield* addDevice(k, zone.device, `thermal_zone${id}`);
  if (error === 0) return zone.addr;
  k.get(Numbers).zones.delete(id);
  return error;
}
const zone = pointer('struct thermal_zone_device *');
const cdev = pointer('struct thermal_cooling_device *');
const tz = zone;
const NO_GOVERNOR = 'no governor: nothing is cooled, no trip point acts, no hwmon device, no statistics';

export const thermalApi: KernelApi = kernelApi('drivers/thermal/thermal_core.c', {
  thermal_cooling_device_register: partial(
    NO_GOVERNOR,
    blocking({ type: cstring, devdata: voidPtr, ops: voidPtr }, cdev, (k, { type, devdata, ops }) =>
      registerCooling(k, type, devdata, ops),
    ),
  ),
  devm_thermal_of_cooling_device_register: partial(
    NO_GOVERNOR,
    blocking(
      { dev: voidPtr, np: voidPtr, type: cstring, devdata: voidPtr, ops: voidPtr },
      cdev,
      function* (k, { dev, type, devdata, ops }) {
        const made = yield* registerCooling(k, type, devdata, ops);
        if (!isError(made)) k.get(Devres).addUndo(dev, made, () => unregisterCooling(k, made));
        return made;
      },
    ),
  ),
  thermal_cooling_device_unregister: blocking({ cdev }, nothing, (k, { cdev: of }) => unregisterCooling(k, of)),
  thermal_zone_device_register: partial(
    NO_GOVERNOR,
    blocking(
      { type: cstring, ntrips: int, mask: int, devdata: voidPtr, ops: voidPtr, tzp: voidPtr, passive_delay: int, polling_delay: int },
      tz,
      (k, { type, ntrips, devdata, ops }) => registerZone(k, type, ntrips, devdata, ops),
    ),
  ),
  thermal_zone_device_unregister: blocking({ tz }, nothing, function* (k, { tz: of }) {
    if (isError(of)) return;
    const { id, device } = k.view(Zone, of);
    yield* deviceUnregister(k, device);
    k.get(Numbers).zones.delete(id);
  }),
  thermal_zone_device_enable: blocking({ tz }, int, (k, { tz: of }) => setMode(k, of, ENABLED)),
  thermal_zone_device_disable: blocking({ tz }, int, (k, { tz: of }) => setMode(k, of, 0)),
  thermal_zone_device_update: partial(
    NO_GOVERNOR,
    kfunc({ tz, event: uint }, nothing, () => {}),
  ),
  thermal_zone_get_temp: blocking({ tz, temp: voidPtr }, int, (k, { tz: of, temp }) =>
    isError(of) ? refuse() : k.callInt(k.view(ZoneOps, k.view(Zone, of).ops).get_temp, of, temp),
  ),
  thermal_zone_get_zone_by_name: blocking({ name: cstring }, tz, function* (k, { name }) {
    const cls = yield* thermalClass(k);
    const zones = k
      .get(Classes)
      .devicesOf(cls)
      .filter((device) => k.get(ZoneDevices).has(device));
    const found = zones.filter((device) => k.memory.cstring(zoneOf(k, device).type, NAME_LENGTH) === name);
    return found.length > 1 ? -EEXIST : found[0] === undefined ? -ENODEV : zoneOf(k, found[0]).addr;
  }),
  /** Frees a zone or a cooling device with its last reference. */
  thermal_release: kfunc({ dev: voidPtr }, nothing, (k, { dev }) => {
    if (k.get(ZoneDevices).delete(dev)) k.slab.free(zoneOf(k, dev).addr);
    else {
      const { type, addr } = coolingOf(k, dev);
      k.slab.free(type);
      k.slab.free(addr);
    }
  }),
});
// biome-ignore lint/correctness/useYield: refused at once
function* refuse(): Sleeping<number> {
  return -EINVAL;
}
