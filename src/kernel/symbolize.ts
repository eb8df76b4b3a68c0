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
const inImage = (address: Addr): boolean =>
  address >= kernelAddr(KERNEL_IMAGE.start) && address < kernelAddr(KERNEL_IMAGE.start) + (KERNEL_IMAGE.end - KERNEL_IMAGE.start);

/** '%pS': NAME+0xOFFSET/0xSIZE [MODULE], or the address. */
export function symbolText(k: Kernel, address: Addr): string {
  return named(symbolize(k, address)) ?? bareHex(address);
}
/** '%pB': the same of a return address, whose call may be the last instruction of its function. */
export function returnText(k: Kernel, address: Addr): string {
  const call = symbolize(k, address - 1);
  return named(call && { ...call, offset: call.offset + 1 }) ?? bareHex(address);
}
function named(found: SymbolizedAddress | undefined): string | undefined {
  if (found === undefined) return undefined;
  const { name, offset, size, module } = found;
  return `${name}+${bareHex(offset)}/${bareHex(size)}${module === undefined ? '' : ` [${module}]`}`;
}
/** %#lx. */
const bareHex = (value: number): string => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;

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
  const following = own.map((symbol) => symbol.address).filter((other) => other > address);
  // The last symbol of the text reaches to its end, and so do those behind it: their sizes are below 0.
  const inCore = address >= module.core && address < module.core + module.coreSize;
  const textEnd = inCore ? module.core + module.layout.core.textSize : module.init + module.layout.init.textSize;
  const end = Math.min(textEnd, ...following);
  return { name: found.name, offset: address - found.address, size: end - found.address, module: module.name };
}
