// What drivers and users ask of a device's power states. Source: drivers/base/power/qos.c.
import { EINVAL } from '#abi';
import { int, type KernelApi, kernelApi, kernelStruct, kfunc, nothing, partial, s32, uint, voidPtr } from '../../../api/index.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Addr } from '../../../memory.ts';

const Request = kernelStruct('dev_pm_qos_request', { type: uint, dev: voidPtr });
const NULL = 0;
const FLAGS = 5;
const STATUS = { undefined: -1, none: 0, some: 1, all: 2 } as const;
const NO_FILES = 'no files in power/';

/** The requests that are in force: their values. */
class Requests extends Map<Addr, { readonly dev: Addr; readonly type: number; readonly value: number }> {
  constructor(_k: Kernel) {
    super();
  }
  /** What all requests of a kind say together: flags add up, of limits the tightest counts. */
  together(dev: Addr, type: number): number | undefined {
    const values = [...this.values()].filter((each) => each.dev === dev && each.type === type).map(({ value }) => value);
    if (values.length === 0) return undefined;
    return type === FLAGS ? values.reduce((sum, value) => sum | value, 0) : Math.min(...values);
  }
}
/** Changes one request. 1 when that changes what all say together, else 0. */
function change(k: Kernel, req: Addr, value: number | undefined): number {
  const requests = k.get(Requests);
  const { dev, type } = k.view(Request, req);
  const before = requests.together(dev, type);
  if (value === undefined) requests.delete(req);
  else requests.set(req, { dev, type, value });
  return requests.together(dev, type) === before ? 0 : 1;
}
const dev = voidPtr;
const req = voidPtr;

export const pmQosApi: KernelApi = kernelApi('drivers/base/power/qos.c', {
  dev_pm_qos_add_request: kfunc({ dev, req, type: uint, value: s32 }, int, (k, { dev: of, req: request, type, value }) => {
    if (of === NULL || request === NULL || type < 1 || type > FLAGS) return -EINVAL;
    if (k.get(Requests).has(request)) {
      k.exceptions.warn(
        'drivers/base/power/qos.c',
        337,
        '__dev_pm_qos_add_request',
        '__dev_pm_qos_add_request() called for already added request',
      );
      return -EINVAL;
    }
    const view = k.view(Request, request);
    view.dev = of;
    view.type = type;
    return change(k, request, value);
  }),
  dev_pm_qos_update_request: kfunc({ req, new_value: s32 }, int, (k, { req: request, new_value }) =>
    request === NULL || !k.get(Requests).has(request) ? -EINVAL : change(k, request, new_value),
  ),
  dev_pm_qos_remove_request: kfunc({ req }, int, (k, { req: request }) => {
    if (request === NULL || !k.get(Requests).has(request)) return -EINVAL;
    const changed = change(k, request, undefined);
    k.memory.fill(request, 0, k.layouts.sizeOf('dev_pm_qos_request'));
    return changed;
  }),
  dev_pm_qos_flags: kfunc({ dev, mask: s32 }, int, (k, { dev: of, mask }) => {
    const flags = k.get(Requests).together(of, FLAGS);
    if (flags === undefined) return STATUS.undefined;
    const effective = flags & mask;
    return effective === 0 ? STATUS.none : effective === mask ? STATUS.all : STATUS.some;
  }),
  dev_pm_qos_expose_flags: partial(
    NO_FILES,
    kfunc({ dev, val: s32 }, int, () => 0),
  ),
  dev_pm_qos_hide_flags: partial(
    NO_FILES,
    kfunc({ dev }, nothing, () => {}),
  ),
  dev_pm_qos_expose_latency_tolerance: partial(
    NO_FILES,
    kfunc({ dev }, int, () => 0),
  ),
  dev_pm_qos_hide_latency_tolerance: partial(
    NO_FILES,
    kfunc({ dev }, nothing, () => {}),
  ),
});
