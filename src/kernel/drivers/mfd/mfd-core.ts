// Chips with several functions: a platform device for each. Source: drivers/mfd/mfd-core.c.
import { ENOMEM } from '#abi';
import {
  blocking,
  int,
  type KernelApi,
  kernelApi,
  kernelStruct,
  nothing,
  partial,
  type Sleeping,
  size_t,
  voidPtr,
} from '../../api/index.ts';
import type { Kernel } from '../../kernel.ts';
import type { Addr } from '../../memory.ts';
import { kzalloc } from '../../mm/slab_common.ts';
import { Devres } from '../base/devres.ts';

const Cell = kernelStruct('mfd_cell', {
  name: voidPtr,
  id: int,
  platform_data: voidPtr,
  pdata_size: size_t,
  num_resources: int,
  resources: voidPtr,
});
const PlatformDevice = kernelStruct('platform_device', { 'dev.parent': voidPtr, mfd_cell: voidPtr });
const Resource = kernelStruct('resource', { start: voidPtr, end: voidPtr, flags: size_t });
const NULL = 0;
const IORESOURCE_MEM = 0x200;
const IORESOURCE_IRQ = 0x400;

/** The devices made for a parent, oldest first. */
class Cells extends Map<Addr, Addr[]> {
  constructor(_k: Kernel) {
    super();
  }
}
/** The cell's resources: memory inside that of the chip, interrupts from its first. */
function resources(
  k: Kernel,
  { resources: from, num_resources: count }: { resources: Addr; num_resources: number },
  base: Addr,
  irq: number,
): Addr {
  const size = k.layouts.sizeOf('resource');
  const copy = kzalloc(k, Math.max(1, count) * size);
  k.memory.copy(copy, from, count * size);
  for (let n = 0; n < count; n++) {
    const entry = k.view(Resource, copy + n * size);
    const shift =
      (entry.flags & IORESOURCE_MEM) !== 0 && base !== NULL ? k.view(Resource, base).start : (entry.flags & IORESOURCE_IRQ) !== 0 ? irq : 0;
    entry.start += shift;
    entry.end += shift;
  }
  return copy;
}
function* addCell(k: Kernel, parent: Addr, id: number, cellAddress: Addr, base: Addr, irq: number): Sleeping<number> {
  const cell = k.view(Cell, cellAddress);
  const call = (name: string, ...args: number[]): Sleeping<number> => k.call(k.symbols.require(name), ...args);
  const pdev = yield* call('platform_device_alloc', cell.name, id < 0 ? id : id + cell.id);
  if (pdev === NULL) return -ENOMEM;
  const view = k.view(PlatformDevice, pdev);
  view['dev.parent'] = parent;
  view.mfd_cell = kzalloc(k, k.layouts.sizeOf('mfd_cell'));
  k.memory.copy(view.mfd_cell, cellAddress, k.layouts.sizeOf('mfd_cell'));
  if (cell.pdata_size > 0) yield* call('platform_device_add_data', pdev, cell.platform_data, cell.pdata_size);
  const copy = resources(k, cell, base, irq);
  yield* call('platform_device_add_resources', pdev, copy, cell.num_resources);
  k.slab.free(copy);
  const error = (yield* call('platform_device_add', pdev)) | 0;
  if (error !== 0) {
    yield* call('platform_device_put', pdev);
    return error;
  }
  k.get(Cells).set(parent, [...(k.get(Cells).get(parent) ?? []), pdev]);
  return 0;
}
function* add(k: Kernel, parent: Addr, id: number, cells: Addr, count: number, base: Addr, irq: number): Sleeping<number> {
  for (let n = 0; n < count; n++) {
    const error = yield* addCell(k, parent, id, cells + n * k.layouts.sizeOf('mfd_cell'), base, irq);
    if (error === 0) continue;
    yield* remove(k, parent);
    return error;
  }
  return 0;
}
function* remove(k: Kernel, parent: Addr): Sleeping<void> {
  for (const pdev of (k.get(Cells).get(parent) ?? []).reverse()) {
    const { mfd_cell: cell } = k.view(PlatformDevice, pdev);
    yield* k.call(k.symbols.require('platform_device_unregister'), pdev);
    k.slab.free(cell);
  }
  k.get(Cells).delete(parent);
}
const NO_FIRMWARE = 'firmware nodes and interrupt domains are not looked at';
const rest = { id: int, cells: voidPtr, n_devs: int, mem_base: voidPtr, irq_base: int, domain: voidPtr };

export const mfdApi: KernelApi = kernelApi('drivers/mfd/mfd-core.c', {
  mfd_add_devices: partial(
    NO_FIRMWARE,
    blocking({ parent: voidPtr, ...rest }, int, (k, { parent, id, cells, n_devs, mem_base, irq_base }) =>
      add(k, parent, id, cells, n_devs, mem_base, irq_base),
    ),
  ),
  devm_mfd_add_devices: partial(
    NO_FIRMWARE,
    blocking({ dev: voidPtr, ...rest }, int, function* (k, { dev, id, cells, n_devs, mem_base, irq_base }) {
      const error = yield* add(k, dev, id, cells, n_devs, mem_base, irq_base);
      if (error === 0) k.get(Devres).addUndo(dev, undefined, () => remove(k, dev));
      return error;
    }),
  ),
  mfd_remove_devices: blocking({ parent: voidPtr }, nothing, (k, { parent }) => remove(k, parent)),
});
