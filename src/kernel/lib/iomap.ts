// Device memory and ports through one kind of cookie. Source: lib/iomap.c, arch/x86/mm/ioremap.c. No device answers.
import { EBUSY, EINVAL, ENOMEM } from '#abi';
import {
  int,
  type KernelApi,
  type KernelSymbol,
  kernelApi,
  kernelStruct,
  kfunc,
  nothing,
  partial,
  pointer,
  ptr,
  size_t,
  u8,
  u16,
  u32,
  u64,
  uint,
  ulongAddr,
  voidPtr,
} from '../api/index.ts';
import { Devres } from '../drivers/base/devres.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { Resources } from '../resource.ts';

/** Cookies below PIO_RESERVED are ports, from PIO_OFFSET on. */
const PIO_OFFSET = 0x10000;
const PIO_MASK = 0xffff;
const PIO_RESERVED = 0x40000;
const NULL = 0;
const ABSENT = 'no device answers: the range reads as ones until something is written';
const ALL_ONES = 0xff;

/** Memory in place of the device's. */
function map(k: Kernel, size: number): Addr {
  const address = k.vmalloc.alloc(size) ?? NULL;
  if (address !== NULL) k.memory.fill(address, ALL_ONES, size);
  return address;
}
type Bytes = 1 | 2 | 4;
const isPort = (cookie: Addr): boolean => cookie > 0 && cookie < PIO_RESERVED;
function readFrom(k: Kernel, cookie: Addr, bytes: Bytes): number {
  if (isPort(cookie)) return k.io.portIn((cookie - PIO_OFFSET) & PIO_MASK, bytes) >>> 0;
  return bytes === 1 ? k.memory.u8(cookie) : bytes === 2 ? k.memory.u16(cookie) : k.memory.u32(cookie);
}
function writeTo(k: Kernel, cookie: Addr, bytes: Bytes, value: number): void {
  if (isPort(cookie)) k.io.portOut((cookie - PIO_OFFSET) & PIO_MASK, bytes, value);
  else if (bytes === 1) k.memory.setU8(cookie, value);
  else if (bytes === 2) k.memory.setU16(cookie, value);
  else k.memory.setU32(cookie, value);
}
const swapped = (value: number, bytes: Bytes): number =>
  bytes === 2
    ? ((value & 0xff) << 8) | (value >>> 8)
    : (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
const addr = pointer('void *');
const reads = (bytes: Bytes, bigEndian = false): KernelSymbol =>
  kfunc({ addr }, uint, (k, { addr: cookie }) => {
    const value = readFrom(k, cookie, bytes);
    return bigEndian ? swapped(value, bytes) : value;
  });
const writes = (bytes: Bytes, bigEndian = false): KernelSymbol =>
  kfunc({ val: bytes === 1 ? u8 : bytes === 2 ? u16 : u32, addr }, nothing, (k, { val, addr: cookie }) =>
    writeTo(k, cookie, bytes, bigEndian ? swapped(val, bytes) : val),
  );
export const iomapApi: KernelApi = kernelApi('lib/iomap.c', {
  ioread8: reads(1),
  ioread16: reads(2),
  ioread32: reads(4),
  ioread16be: reads(2, true),
  ioread32be: reads(4, true),
  iowrite8: writes(1),
  iowrite16: writes(2),
  iowrite32: writes(4),
  iowrite16be: writes(2, true),
  iowrite32be: writes(4, true),
  ioport_map: kfunc({ port: ulongAddr, nr: uint }, voidPtr, (_, { port }) => (port > PIO_MASK ? NULL : port + PIO_OFFSET)),
  ioport_unmap: kfunc({ addr }, nothing, () => {}),
  memcpy_toio: kfunc({ to: voidPtr, from: voidPtr, n: size_t }, nothing, (k, { to, from, n }) => k.memory.copy(to, from, n)),
  memcpy_fromio: kfunc({ to: voidPtr, from: voidPtr, n: size_t }, nothing, (k, { to, from, n }) => k.memory.copy(to, from, n)),
  memset_io: kfunc({ a: voidPtr, b: int, c: size_t }, nothing, (k, { a, b, c }) => k.memory.fill(a, b & 0xff, c)),
});
const remapping = partial(
  ABSENT,
  kfunc({ phys_addr: u64, size: ulongAddr }, voidPtr, (k, { size }) => map(k, size)),
);
export const ioremapApi: KernelApi = kernelApi('arch/x86/mm/ioremap.c', {
  ioremap: remapping,
  ioremap_wc: remapping,
  ioremap_uc: remapping,
  ioremap_cache: partial(
    ABSENT,
    kfunc({ phys_addr: u64, size: ulongAddr }, voidPtr, (k, { size }) => map(k, size)),
  ),
  iounmap: kfunc({ addr }, nothing, (k, { addr: address }) => {
    k.vmalloc.free(address);
  }),
  memremap: partial(
    ABSENT,
    kfunc({ offset: u64, size: size_t, flags: ulongAddr }, voidPtr, (k, { size }) => map(k, size)),
  ),
  memunmap: kfunc({ addr }, nothing, (k, { addr: address }) => {
    k.vmalloc.free(address);
  }),
});
const dev = pointer('struct device *');
const Resource = kernelStruct('resource', { start: u64, end: u64, name: voidPtr, flags: ulongAddr });
const IORESOURCE_MEM = 0x200;
function managed(k: Kernel, device: Addr, size: number): Addr {
  const address = map(k, size);
  if (address !== NULL) k.get(Devres).addUndo(device, `ioremap ${address}`, () => void k.vmalloc.free(address));
  return address;
}
export const devresIoApi: KernelApi = kernelApi('lib/devres.c', {
  devm_ioremap: partial(
    ABSENT,
    kfunc({ dev, offset: u64, size: u64 }, voidPtr, (k, { dev: device, size }) => managed(k, device, Number(size))),
  ),
  devm_ioport_map: kfunc({ dev, port: ulongAddr, nr: uint }, voidPtr, (_, { port }) => (port > PIO_MASK ? NULL : port + PIO_OFFSET)),
  devm_memremap: partial(
    ABSENT,
    kfunc({ dev, offset: u64, size: size_t, flags: ulongAddr }, voidPtr, (k, { dev: device, size }) => managed(k, device, size)),
  ),
  devm_memunmap: kfunc({ dev, addr }, nothing, (k, { addr: address }) => {
    k.vmalloc.free(address);
  }),
  devm_iounmap: kfunc({ dev, addr }, nothing, (k, { addr: address }) => {
    k.vmalloc.free(address);
  }),
  devm_ioremap_resource: partial(
    ABSENT,
    kfunc({ dev, res: ptr(Resource) }, voidPtr, (k, { dev: device, res }) => {
      if (res.addr === NULL || (res.flags & IORESOURCE_MEM) === 0) return -EINVAL;
      const size = res.end - res.start + 1n;
      const root = k.symbols.require('iomem_resource');
      const region = k.get(Resources).requestRegion(root, res.start, size, res.name, 0);
      if (region === NULL) return -EBUSY;
      k.get(Devres).addUndo(device, region, () => k.get(Resources).releaseRegion(root, res.start, size));
      return managed(k, device, Number(size)) || -ENOMEM;
    }),
  ),
});
