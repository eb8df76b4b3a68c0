// From an address to a name: %pS and call traces. Source: kernel/kallsyms.c, kernel/module/kallsyms.c.
import type { Kernel } from './kernel.ts';
import { type Addr, kernelAddr } from './memory.ts';
import { KERNEL_IMAGE } from './mm/layout.ts';
import { IMPORTED } from './module/kallsyms.ts';

export interface SymbolizedAddress {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** The module that holds it; undefined for the kernel. */
  readonly module?: string;
}
const PAGE = 4096;
const inImage = (address: Addr): boolean =>
  address >= kernelAddr(KERNEL_IMAGE.start) && address < kernelAddr(KERNEL_IMAGE.start) + (KERNEL_IMAGE.end - KERNEL_IMAGE.start);

/** '%pS': NAME+0xOFFSET/0xSIZE [MODULE], or the address. */
export function symbolText(k: Kernel, address: Addr): string {
  const found = symbolize(k, address);
  if (found === undefined) return `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
  const owner = found.module === undefined ? '' : ` [${found.module}]`;
  return `${found.name}+0x${found.offset.toString(16)}/0x${found.size.toString(16)}${owner}`;
}
export function symbolize(k: Kernel, address: Addr): SymbolizedAddress | undefined {
  const module = k.modules.all.find(
    ({ core, coreSize, init, initSize }) =>
      (address >= core && address < core + coreSize) || (address >= init && address < init + initSize),
  );
  if (module === undefined) return inImage(address) ? k.description.kallsyms.at(address) : undefined;
  const own = module.symbols.filter(({ letter }) => letter !== IMPORTED);
  const inside = own
    .filter((symbol) => symbol.address <= address && symbol.name !== '' && symbol.letter !== 'a')
    .sort((a, b) => b.address - a.address);
  const found = inside[0];
  if (found === undefined) return undefined;
  const following = own.map((symbol) => symbol.address).filter((other) => other > found.address);
  // The last symbol of a region reaches to the end of its pages.
  const [base, area] =
    address >= module.core && address < module.core + module.coreSize
      ? ([module.core, module.layout.core] as const)
      : ([module.init, module.layout.init] as const);
  const regionEnd = base + (address < base + area.textSize ? area.textSize : Math.ceil(area.size / PAGE) * PAGE);
  const end = Math.min(regionEnd, ...following);
  return { name: found.name, offset: address - found.address, size: end - found.address, module: module.name };
}
