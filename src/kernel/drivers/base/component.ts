// Devices that are one thing only together: components and the aggregate that binds them. Source: drivers/base/component.c.
import { EINVAL, ENODEV } from '#abi';
import {
  blocking,
  fnPtr,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  pointer,
  type Sleeping,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { deviceName, devPrintk } from './dev_printk.ts';
import { Devres } from './devres.ts';

const ComponentOps = kernelStruct('component_ops', { bind: fnPtr, unbind: fnPtr });
const NULL = 0;
const EPROBE_DEFER = 517;
const LEVEL_ERR = 3;
const LEVEL_INFO = 6;

interface Component {
  readonly dev: Addr;
  readonly ops: Addr;
  readonly subcomponent: number;
  aggregate: Aggregate | undefined;
  bound: boolean;
}
/** What an aggregate waits for: compare(dev, data), or compare(dev, subcomponent, data). */
interface Wish {
  readonly compare: Addr;
  readonly typed: boolean;
  readonly data: Addr;
  readonly release: Addr;
  found: Component | undefined;
}
interface Aggregate {
  readonly parent: Addr;
  /** struct component_master_ops: bind(parent), unbind(parent). */
  readonly ops: Addr;
  readonly wishes: Wish[];
  bound: boolean;
}
class Components {
  readonly all: Component[] = [];
  readonly aggregates: Aggregate[] = [];
  /** Lists in the making, by the handle that their owner has. */
  readonly matches = new Map<Addr, Wish[]>();
}
const components = (k: Kernel): Components => k.get(Components);
const isError = (address: Addr): boolean => address < 0 && address >= -4095;

/** Whether all that the aggregate waits for is there. */
function* complete(k: Kernel, aggregate: Aggregate): Sleeping<boolean> {
  for (const wish of aggregate.wishes) {
    if (wish.found !== undefined) continue;
    for (const component of components(k).all) {
      if (component.aggregate !== undefined && component.aggregate !== aggregate) continue;
      const args = wish.typed ? [component.dev, component.subcomponent, wish.data] : [component.dev, wish.data];
      if ((yield* k.callInt(wish.compare, ...args)) === 0) continue;
      wish.found = component;
      component.aggregate = aggregate;
      break;
    }
    if (wish.found === undefined) return false;
  }
  return true;
}
/** 1 when the aggregate was bound now, 0 when it is not complete, or -errno. */
function* bringUp(k: Kernel, aggregate: Aggregate): Sleeping<number> {
  if (aggregate.bound || !(yield* complete(k, aggregate))) return 0;
  k.get(Devres).openGroup(aggregate.parent, aggregate.ops);
  const error = yield* k.callInt(k.view(ComponentOps, aggregate.ops).bind, aggregate.parent);
  if (error < 0) {
    yield* k.get(Devres).releaseGroup(aggregate.parent, aggregate.ops);
    if (error !== -EPROBE_DEFER) devPrintk(k, LEVEL_INFO, aggregate.parent, `adev bind failed: ${error}\n`);
    return error;
  }
  aggregate.bound = true;
  return 1;
}
function* takeDown(k: Kernel, aggregate: Aggregate): Sleeping<void> {
  if (!aggregate.bound) return;
  const { unbind } = k.view(ComponentOps, aggregate.ops);
  if (unbind !== NULL) yield* k.call(unbind, aggregate.parent);
  yield* k.get(Devres).releaseGroup(aggregate.parent, aggregate.ops);
  aggregate.bound = false;
}
function* add(k: Kernel, dev: Addr, ops: Addr, subcomponent: number): Sleeping<number> {
  const component: Component = { dev, ops, subcomponent, aggregate: undefined, bound: false };
  components(k).all.push(component);
  for (const aggregate of components(k).aggregates) {
    const result = yield* bringUp(k, aggregate);
    if (result === 0) continue;
    if (result > 0) return 0;
    forget(k, component);
    return result;
  }
  return 0;
}
function forget(k: Kernel, component: Component): void {
  const { all } = components(k);
  all.splice(all.indexOf(component), 1);
  for (const wish of component.aggregate?.wishes ?? []) if (wish.found === component) wish.found = undefined;
}
function* remove(k: Kernel, dev: Addr, ops: Addr): Sleeping<void> {
  const component = components(k).all.find((each) => each.dev === dev && each.ops === ops);
  if (component === undefined) {
    k.exceptions.warn('drivers/base/component.c', 821, 'component_del');
    return;
  }
  if (component.aggregate !== undefined) yield* takeDown(k, component.aggregate);
  forget(k, component);
}
function aggregateOf(k: Kernel, parent: Addr): Aggregate | undefined {
  return components(k).aggregates.find((each) => each.parent === parent);
}
const foundOf = ({ wishes }: Aggregate): Component[] => wishes.flatMap(({ found }) => found ?? []);

function* unbindOne(k: Kernel, component: Component, parent: Addr, data: Addr): Sleeping<void> {
  const { unbind } = k.view(ComponentOps, component.ops);
  if (unbind !== NULL) yield* k.call(unbind, component.dev, parent, data);
  component.bound = false;
  yield* k.get(Devres).releaseGroup(component.dev, component.ops);
}
function* bindAll(k: Kernel, parent: Addr, data: Addr): Sleeping<number> {
  const aggregate = aggregateOf(k, parent);
  if (aggregate === undefined) return -EINVAL;
  const done: Component[] = [];
  for (const component of foundOf(aggregate)) {
    if (component.bound) continue;
    k.get(Devres).openGroup(component.dev, component.ops);
    const error = yield* k.callInt(k.view(ComponentOps, component.ops).bind, component.dev, parent, data);
    if (error === 0) {
      component.bound = true;
      const name = k.symbolize(component.ops)?.name ?? '';
      devPrintk(k, LEVEL_INFO, parent, `bound ${deviceName(k, component.dev)} (ops ${name})\n`);
      done.push(component);
      continue;
    }
    yield* k.get(Devres).releaseGroup(component.dev, component.ops);
    if (error !== -EPROBE_DEFER)
      devPrintk(
        k,
        LEVEL_ERR,
        parent,
        `failed to bind ${deviceName(k, component.dev)} (ops ${k.symbolize(component.ops)?.name ?? ''}): ${error}\n`,
      );
    for (const bound of done.reverse()) yield* unbindOne(k, bound, parent, data);
    return error;
  }
  return 0;
}
function* unbindAll(k: Kernel, parent: Addr, data: Addr): Sleeping<void> {
  const aggregate = aggregateOf(k, parent);
  if (aggregate === undefined) return;
  for (const component of foundOf(aggregate).reverse()) if (component.bound) yield* unbindOne(k, component, parent, data);
}
function addMatch(k: Kernel, place: Addr, wish: Wish): void {
  let handle = k.memory.ptr(place);
  if (isError(handle)) return;
  if (handle === NULL) {
    handle = kzalloc(k, 8);
    components(k).matches.set(handle, []);
    k.memory.setPtr(place, handle);
  }
  components(k).matches.get(handle)?.push(wish);
}
const dev = pointer('struct device *');
const parent = dev;
const ops = voidPtr;

export const componentApi: KernelApi = kernelApi('drivers/base/component.c', {
  component_add: blocking({ dev, ops }, int, (k, { dev: of, ops: what }) => add(k, of, what, 0)),
  component_add_typed: blocking({ dev, ops, subcomponent: int }, int, function* (k, { dev: of, ops: what, subcomponent }) {
    return subcomponent === 0 ? -EINVAL : yield* add(k, of, what, subcomponent);
  }),
  component_del: blocking({ dev, ops }, nothing, (k, { dev: of, ops: what }) => remove(k, of, what)),
  component_bind_all: blocking({ parent, data: voidPtr }, int, (k, { parent: of, data }) => bindAll(k, of, data)),
  component_unbind_all: blocking({ parent, data: voidPtr }, nothing, (k, { parent: of, data }) => unbindAll(k, of, data)),
  component_match_add_release: kfunc(
    { parent, matchptr: voidPtr, release: voidPtr, compare: voidPtr, compare_data: voidPtr },
    nothing,
    (k, { matchptr, release, compare, compare_data: data }) =>
      addMatch(k, matchptr, { compare, typed: false, data, release, found: undefined }),
  ),
  component_match_add_typed: kfunc(
    { parent, matchptr: voidPtr, compare_typed: voidPtr, compare_data: voidPtr },
    nothing,
    (k, { matchptr, compare_typed: compare, compare_data: data }) =>
      addMatch(k, matchptr, { compare, typed: true, data, release: NULL, found: undefined }),
  ),
  component_master_add_with_match: blocking({ parent, ops, match: voidPtr }, int, function* (k, { parent: of, ops: what, match }) {
    const wishes = components(k).matches.get(match);
    if (wishes === undefined) return -ENODEV;
    const aggregate: Aggregate = { parent: of, ops: what, wishes, bound: false };
    components(k).aggregates.push(aggregate);
    const result = yield* bringUp(k, aggregate);
    if (result >= 0) return 0;
    dropAggregate(k, aggregate);
    return result;
  }),
  component_master_del: blocking({ parent, ops }, nothing, function* (k, { parent: of, ops: what }) {
    const aggregate = components(k).aggregates.find((each) => each.parent === of && each.ops === what);
    if (aggregate === undefined) return;
    yield* takeDown(k, aggregate);
    dropAggregate(k, aggregate);
    for (const { release, data } of aggregate.wishes) if (release !== NULL) yield* k.call(release, of, data);
  }),
  component_compare_dev: kfunc({ dev, data: voidPtr }, int, (_, { dev: of, data }) => (of === data ? 1 : 0)),
  component_compare_dev_name: kfunc({ dev, data: voidPtr }, int, (k, { dev: of, data }) =>
    deviceName(k, of) === k.memory.cstring(data) ? 1 : 0,
  ),
});
function dropAggregate(k: Kernel, aggregate: Aggregate): void {
  const { aggregates } = components(k);
  aggregates.splice(aggregates.indexOf(aggregate), 1);
  for (const component of foundOf(aggregate)) component.aggregate = undefined;
}
