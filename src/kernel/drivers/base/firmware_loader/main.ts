// Firmware files for drivers, from /lib/firmware. Messages are those of Debian's kernel. Source: drivers/base/firmware_loader/main.c, Documentation/driver-api/firmware.
import { EFAULT, EFBIG, EINVAL, ENOENT } from '#abi';
import {
  bool,
  gfp_t,
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
  size_t,
  voidPtr,
} from '../../../api/index.ts';
import { RamFile } from '../../../fs/node.ts';
import type { Kernel } from '../../../kernel.ts';
import { kobjectGet, kobjectPut } from '../../../lib/kobject.ts';
import type { Addr } from '../../../memory.ts';
import { kzalloc } from '../../../mm/slab_common.ts';
import { devPrintk } from '../dev_printk.ts';

const Firmware = kernelStruct('firmware', { size: size_t, data: voidPtr, priv: voidPtr });
const NULL = 0;
const LEVEL_ERR = 3;
const LEVEL_WARNING = 4;
const LEVEL_INFO = 6;

/** The names of loaded firmware, by struct firmware. */
class Held extends Map<Addr, string> {
  constructor(_k: Kernel) {
    super();
  }
}
/** Where to read about missing firmware: said once. */
class Advice {
  readonly #k: Kernel;
  #given = false;
  constructor(k: Kernel) {
    this.#k = k;
  }
  give(): void {
    if (!this.#given)
      this.#k.log.print('err', 'firmware_class: See https://wiki.debian.org/Firmware for information about missing firmware');
    this.#given = true;
  }
}

interface Wish {
  readonly name: string | undefined;
  readonly device: Addr;
  /** No message when the file is missing. */
  readonly quiet?: boolean;
  /** The caller's buffer, instead of memory of our own. */
  readonly into?: { readonly buffer: Addr; readonly size: number; readonly offset: number; readonly partial: boolean };
}
/** Where firmware is looked for, best first. */
const folders = (k: Kernel): string[] => {
  const { release } = k.description;
  return [`/lib/firmware/updates/${release}`, '/lib/firmware/updates', `/lib/firmware/${release}`, '/lib/firmware'];
};
/** The file's bytes, or -errno. Each place that has something unreadable is named. */
function readFile(k: Kernel, name: string, device: Addr, limit: number): Uint8Array | number {
  for (const folder of folders(k)) {
    const path = `${folder}/${name}`;
    const place = k.vfs.resolve(path, '/');
    if (typeof place === 'number' || place.node === undefined) continue;
    const { node } = place;
    const error = !(node instanceof RamFile) || node.size === 0 ? -EINVAL : node.size > limit ? -EFBIG : 0;
    if (error === 0) return (node as RamFile).data;
    devPrintk(k, LEVEL_WARNING, device, `loading ${path} failed with error ${error}\n`);
  }
  return -ENOENT;
}
/** _request_firmware(): stores a struct firmware, or NULL, at `place`. */
function request(k: Kernel, place: Addr, { name, device, quiet, into }: Wish): number {
  if (place === NULL) return -EINVAL;
  k.memory.setPtr(place, NULL);
  if (name === undefined || name === '') return -EINVAL;
  const limit = into === undefined || into.partial ? 0x7fffffff : into.size;
  const bytes = readFile(k, name, device, limit);
  if (typeof bytes === 'number') {
    // Debian's kernel says it for the plain name and again for NAME.xz, and once where to read more.
    const failed = `firmware: failed to load ${name} (${bytes})\n`;
    devPrintk(k, LEVEL_ERR, device, failed);
    k.get(Advice).give();
    devPrintk(k, LEVEL_ERR, device, failed);
    if (quiet !== true) devPrintk(k, LEVEL_WARNING, device, `Direct firmware load for ${name} failed with error ${bytes}\n`);
    return bytes;
  }
  // What somebody holds already is not loaded again.
  if (![...k.get(Held).values()].includes(name)) devPrintk(k, LEVEL_INFO, device, `firmware: direct-loading firmware ${name}\n`);
  const part = into === undefined ? bytes : bytes.subarray(into.offset, into.offset + into.size);
  const firmware = k.view(Firmware, kzalloc(k, k.layouts.sizeOf('firmware')));
  firmware.size = part.length;
  firmware.data = into?.buffer ?? k.vmalloc.alloc(part.length) ?? NULL;
  // The priv pointer says whose the data is: set when release_firmware() frees it.
  firmware.priv = into === undefined ? firmware.data : NULL;
  k.memory.write(firmware.data, part);
  k.memory.setPtr(place, firmware.addr);
  k.get(Held).set(firmware.addr, name);
  return 0;
}
/** Asks in a task of its own and calls cont(firmware or NULL, context). */
function requestLater(k: Kernel, wish: Wish, module: Addr, context: Addr, cont: Addr): number {
  const owner = k.modules.at(module);
  if (owner !== undefined && !k.modules.tryGet(owner)) return -EFAULT;
  kobjectGet(k, wish.device);
  k.scheduler.spawn('kworker/0:1', function* () {
    const place = kzalloc(k, 8);
    request(k, place, wish);
    const firmware = k.memory.ptr(place);
    k.slab.free(place);
    yield* k.call(cont, firmware, context);
    yield* kobjectPut(k, wish.device);
    if (owner !== undefined) k.modules.put(owner);
    return 0;
  });
  return 0;
}
const firmware_p = pointer('const struct firmware **');
const name = optionalCstring;
const device = pointer('struct device *');
const UNCOMPRESSED = 'compressed files (NAME.xz) are not looked for';
const plain = (first: 'firmware_p' | 'firmware', quiet: boolean): KernelSymbol =>
  partial(
    UNCOMPRESSED,
    first === 'firmware_p'
      ? kfunc({ firmware_p, name, device }, int, (k, { firmware_p: place, name: file, device: of }) =>
          request(k, place, { name: file, device: of, quiet }),
        )
      : kfunc({ firmware: firmware_p, name, device }, int, (k, { firmware: place, name: file, device: of }) =>
          request(k, place, { name: file, device: of, quiet }),
        ),
  );

export const firmwareLoaderApi: KernelApi = kernelApi('drivers/base/firmware_loader/main.c', {
  request_firmware: plain('firmware_p', false),
  request_firmware_direct: plain('firmware_p', true),
  firmware_request_nowarn: plain('firmware', true),
  /** Also looks into what EFI holds for the platform: there is no EFI. */
  firmware_request_platform: plain('firmware', false),
  /** Caching for suspend and resume: nothing ever suspends. */
  firmware_request_cache: kfunc({ device, name }, int, () => 0),
  request_firmware_into_buf: partial(
    UNCOMPRESSED,
    kfunc(
      { firmware_p, name, device, buf: voidPtr, size: size_t },
      int,
      (k, { firmware_p: place, name: file, device: of, buf: buffer, size }) =>
        request(k, place, { name: file, device: of, into: { buffer, size, offset: 0, partial: false } }),
    ),
  ),
  request_partial_firmware_into_buf: partial(
    UNCOMPRESSED,
    kfunc(
      { firmware_p, name, device, buf: voidPtr, size: size_t, offset: size_t },
      int,
      (k, { firmware_p: place, name: file, device: of, buf: buffer, size, offset }) =>
        request(k, place, { name: file, device: of, into: { buffer, size, offset, partial: true } }),
    ),
  ),
  request_firmware_nowait: partial(
    `${UNCOMPRESSED}; without uevent no user helper is waited for`,
    kfunc(
      { module: voidPtr, uevent: bool, name, device, gfp: gfp_t, context: voidPtr, cont: voidPtr },
      int,
      (k, { module, name: file, device: of, context, cont }) => requestLater(k, { name: file, device: of }, module, context, cont),
    ),
  ),
  release_firmware: kfunc({ fw: voidPtr }, nothing, (k, { fw }) => {
    if (fw === NULL) return;
    k.get(Held).delete(fw);
    const { priv } = k.view(Firmware, fw);
    if (priv !== NULL) k.vmalloc.free(priv);
    k.slab.free(fw);
  }),
});
