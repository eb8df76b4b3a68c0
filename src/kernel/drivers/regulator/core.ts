// Power supplies of chips. No regulator drives anything here: every supply is the dummy, always on. Source: drivers/regulator/core.c.
import { EINVAL, EIO, ENODEV } from '#abi';
import {
  bool,
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  optionalCstring,
  partial,
  pointer,
  uint,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import { type Addr, GuestFault } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { devPrintk } from '../base/dev_printk.ts';
import { Devres } from '../base/devres.ts';

const BulkData = kernelStruct('regulator_bulk_data', { supply: voidPtr, init_load_uA: int, consumer: voidPtr, ret: int });
const NULL = 0;
const LEVEL_ERR = 3;
const LEVEL_WARNING = 4;
type GetType = 'normal' | 'exclusive' | 'optional';
const isError = (address: Addr): boolean => address === NULL || (address < 0 && address >= -4095);

interface Consumer {
  readonly supply: string;
  enabled: number;
  data: Addr;
}
/** Who holds which supply, by the handle that the driver got. */
class Consumers extends Map<Addr, Consumer> {
  constructor(_k: Kernel) {
    super();
  }
}
const consumers = (k: Kernel): Consumers => k.get(Consumers);
const consumer = (k: Kernel, handle: Addr): Consumer => {
  const found = consumers(k).get(handle);
  if (found === undefined) throw new GuestFault(handle, false);
  return found;
};
/** _regulator_get(): the dummy regulator stands in for what nobody describes, but not where the driver asks for the real one. */
function get(k: Kernel, dev: Addr, id: string | undefined, type: GetType): Addr {
  if (id === undefined) {
    k.log.print('err', 'get() with no identifier');
    return -EINVAL;
  }
  if (type === 'exclusive') devPrintk(k, LEVEL_WARNING, dev, 'dummy supplies not allowed for exclusive requests\n');
  if (type !== 'normal') return -ENODEV;
  devPrintk(k, LEVEL_WARNING, dev, `supply ${id} not found, using dummy regulator\n`);
  const handle = kzalloc(k, 8);
  consumers(k).set(handle, { supply: id, enabled: 0, data: NULL });
  return handle;
}
function put(k: Kernel, handle: Addr): void {
  if (isError(handle)) return;
  consumers(k).delete(handle);
  k.slab.free(handle);
}
function enable(k: Kernel, handle: Addr): number {
  consumer(k, handle).enabled++;
  return 0;
}
function disable(k: Kernel, handle: Addr): number {
  const of = consumer(k, handle);
  if (of.enabled > 0) {
    of.enabled--;
    return 0;
  }
  k.exceptions.warn('drivers/regulator/core.c', 3056, '_regulator_disable', 'unbalanced disables for regulator-dummy');
  return -EIO;
}
/** Given back when the driver goes. */
function managed(k: Kernel, dev: Addr, handle: Addr): Addr {
  if (!isError(handle)) k.get(Devres).addUndo(dev, handle, () => put(k, handle));
  return handle;
}
/** Managed and switched on: 0 or -errno. */
function getEnabled(k: Kernel, dev: Addr, id: string | undefined, type: GetType): number {
  const handle = get(k, dev, id, type);
  if (isError(handle)) return handle;
  managed(k, dev, handle);
  enable(k, handle);
  k.get(Devres).addUndo(dev, undefined, () => void disable(k, handle));
  return 0;
}
const entries = (k: Kernel, count: number, at: Addr) =>
  Array.from({ length: count }, (_, n) => k.view(BulkData, at + n * k.layouts.sizeOf('regulator_bulk_data')));
function bulkGet(k: Kernel, dev: Addr, count: number, at: Addr): number {
  const all = entries(k, count, at);
  for (const entry of all) entry.consumer = NULL;
  for (const [n, entry] of all.entries()) {
    entry.consumer = get(k, dev, entry.supply === NULL ? undefined : k.memory.cstring(entry.supply), 'normal');
    if (!isError(entry.consumer)) continue;
    const error = entry.consumer;
    entry.consumer = NULL;
    devPrintk(k, LEVEL_ERR, dev, `error ${k.formatter.errorName(error)}: Failed to get supply '${k.memory.cstring(entry.supply)}'\n`);
    for (const made of all.slice(0, n)) put(k, made.consumer);
    return error;
  }
  return 0;
}
function bulkFree(k: Kernel, count: number, at: Addr): void {
  for (const entry of entries(k, count, at)) {
    put(k, entry.consumer);
    entry.consumer = NULL;
  }
}
const dev = pointer('struct device *');
const id = optionalCstring;
const regulator = pointer('struct regulator *');
const consumersArray = voidPtr;
const getter = (type: GetType): KernelSymbol => kfunc({ dev, id }, regulator, (k, { dev: of, id: name }) => get(k, of, name, type));
const managedGetter = (type: GetType): KernelSymbol =>
  kfunc({ dev, id }, regulator, (k, { dev: of, id: name }) => managed(k, of, get(k, of, name, type)));
/** The dummy has no voltage, current or mode of its own. */
const unknown = (params: Readonly<Record<string, typeof int>>): KernelSymbol => kfunc({ regulator, ...params }, int, () => -EINVAL);

export const regulatorApi: KernelApi = kernelApi('drivers/regulator/core.c', {
  regulator_get: getter('normal'),
  regulator_get_exclusive: getter('exclusive'),
  regulator_get_optional: getter('optional'),
  regulator_put: kfunc({ regulator }, nothing, (k, { regulator: of }) => put(k, of)),
  devm_regulator_get: managedGetter('normal'),
  devm_regulator_get_exclusive: managedGetter('exclusive'),
  devm_regulator_get_optional: managedGetter('optional'),
  devm_regulator_put: kfunc({ regulator }, nothing, (k, { regulator: of }) => put(k, of)),
  devm_regulator_get_enable: kfunc({ dev, id }, int, (k, { dev: of, id: name }) => getEnabled(k, of, name, 'normal')),
  devm_regulator_get_enable_optional: kfunc({ dev, id }, int, (k, { dev: of, id: name }) => getEnabled(k, of, name, 'optional')),
  /** Optional and with a voltage: the dummy has none. */
  devm_regulator_get_enable_read_voltage: kfunc({ dev, id }, int, (k, { dev: of, id: name }) => get(k, of, name, 'optional')),
  regulator_enable: kfunc({ regulator }, int, (k, { regulator: of }) => enable(k, of)),
  regulator_disable: kfunc({ regulator }, int, (k, { regulator: of }) => disable(k, of)),
  regulator_force_disable: kfunc({ regulator }, int, (k, { regulator: of }) => {
    consumer(k, of).enabled = 0;
    return 0;
  }),
  regulator_disable_deferred: partial(
    'disabled at once',
    kfunc({ regulator, ms: int }, int, (k, { regulator: of }) => disable(k, of)),
  ),
  regulator_is_enabled: kfunc({ regulator }, int, () => 1),
  regulator_allow_bypass: kfunc({ regulator, enable: bool }, int, () => 0),
  regulator_set_load: kfunc({ regulator, uA_load: int }, int, () => 0),
  regulator_get_voltage: unknown({}),
  regulator_set_voltage: unknown({ min_uV: int, max_uV: int }),
  regulator_count_voltages: unknown({}),
  regulator_list_voltage: kfunc({ regulator, selector: uint }, int, () => -EINVAL),
  regulator_is_supported_voltage: unknown({ min_uV: int, max_uV: int }),
  regulator_get_current_limit: unknown({}),
  regulator_set_current_limit: unknown({ min_uA: int, max_uA: int }),
  regulator_set_mode: kfunc({ regulator, mode: uint }, int, () => -EINVAL),
  regulator_get_drvdata: kfunc({ regulator }, voidPtr, (k, { regulator: of }) => consumer(k, of).data),
  regulator_set_drvdata: kfunc({ regulator, data: voidPtr }, nothing, (k, { regulator: of, data }) => {
    consumer(k, of).data = data;
  }),
  regulator_bulk_set_supply_names: kfunc(
    { consumers: consumersArray, supply_names: voidPtr, num_supplies: uint },
    nothing,
    (k, { consumers: at, supply_names, num_supplies }) => {
      for (const [n, entry] of entries(k, num_supplies, at).entries()) entry.supply = k.memory.ptr(supply_names + 8 * n);
    },
  ),
  regulator_bulk_get: kfunc({ dev, num_consumers: int, consumers: consumersArray }, int, (k, { dev: of, num_consumers, consumers: at }) =>
    bulkGet(k, of, num_consumers, at),
  ),
  devm_regulator_bulk_get: kfunc(
    { dev, num_consumers: int, consumers: consumersArray },
    int,
    (k, { dev: of, num_consumers, consumers: at }) => {
      const error = bulkGet(k, of, num_consumers, at);
      if (error === 0) k.get(Devres).addUndo(of, at, () => bulkFree(k, num_consumers, at));
      return error;
    },
  ),
  devm_regulator_bulk_get_enable: kfunc({ dev, num_consumers: int, id: voidPtr }, int, (k, { dev: of, num_consumers, id: names }) => {
    for (let n = 0; n < num_consumers; n++) {
      const error = getEnabled(k, of, k.memory.cstring(k.memory.ptr(names + 8 * n)), 'normal');
      if (error !== 0) return error;
    }
    return 0;
  }),
  regulator_bulk_free: kfunc({ num_consumers: int, consumers: consumersArray }, nothing, (k, { num_consumers, consumers: at }) =>
    bulkFree(k, num_consumers, at),
  ),
  regulator_bulk_enable: kfunc({ num_consumers: int, consumers: consumersArray }, int, (k, { num_consumers, consumers: at }) => {
    for (const entry of entries(k, num_consumers, at)) entry.ret = enable(k, entry.consumer);
    return 0;
  }),
  regulator_bulk_disable: kfunc({ num_consumers: int, consumers: consumersArray }, int, (k, { num_consumers, consumers: at }) => {
    for (const entry of entries(k, num_consumers, at).reverse()) {
      const error = disable(k, entry.consumer);
      if (error !== 0) return error;
    }
    return 0;
  }),
});
