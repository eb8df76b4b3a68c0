// What a page fault that nothing can repair says, before the oops. Source: arch/x86/mm/fault.c; texts: linux-modules.md 9.4.

import type { Kernel } from '../../../kernel.ts';
import { type Addr, hex64 } from '../../../memory.ts';
import { DIRECT_MAP, KERNEL_IMAGE, MODULES, PAGE_SIZE, PERCPU, VMALLOC, VMEMMAP } from '../../../mm/layout.ts';
import { permissionsAt } from '../../../module/strict_rwx.ts';

// The processor's error code.
export const PF_PROT = 1;
export const PF_WRITE = 2;
export const PF_INSTR = 0x10;

const TWO32 = 2 ** 32;
/** What one entry of the upper levels spans. */
const P4D_SPAN = 2 ** 39;
const PUD_SPAN = 2 ** 30;
/** The last 512 GiB of user space, where the stack lies. */
const USER_TOP = 2 ** 47 - P4D_SPAN;
// Flags of table entries: a table; a page that is read-only or writable.
const TABLE = 0x067;
const PAGE_RO = 0x161;
const PAGE_RW = 0x163;
const NX = '80000000';

const inside = (index: number, region: { readonly start: number; readonly end: number }): boolean =>
  index >= region.start && index < region.end;

/** Whether a page of the kernel is there. Source of the regions: mm/layout.ts. */
export function isMapped(k: Kernel, address: Addr): boolean {
  if (address < -TWO32 || address >= -PAGE_SIZE) return false;
  const index = address >>> 0;
  if (inside(index, VMALLOC)) return k.vmalloc.find(address) !== undefined;
  if (inside(index, MODULES)) return k.moduleSpace.find(address) !== undefined;
  if (inside(index, KERNEL_IMAGE)) return k.symbolize(address) !== undefined;
  return inside(index, DIRECT_MAP) || inside(index, VMEMMAP) || inside(index, PERCPU);
}
/**
 * The walk through the page tables: which levels are there. kobox has no tables: the frames in the entries are made up, as if each
 * page lay at the physical address of its index.
 */
function tables(k: Kernel, address: Addr): string {
  const table = (level: number): string => (level * PAGE_SIZE + TABLE).toString(16);
  if (address >= 0) return address >= USER_TOP ? `PGD ${table(1)} P4D ${table(2)} PUD 0 ` : `PGD ${table(1)} P4D 0 `;
  if (address < -P4D_SPAN) return `PGD ${table(1)} P4D 0 `;
  const upper = `PGD ${table(1)} P4D ${table(2)} PUD `;
  if (address < -PUD_SPAN * 4) return `${upper}0 `;
  if (!isMapped(k, address)) return `${upper}${table(3)} PMD 0 `;
  const frame = (address >>> 12).toString(16).padStart(5, '0');
  const { write, execute } = permissionsAt(k, address);
  const page = `${execute ? frame.replace(/^0+/, '') : NX + frame}${(write ? PAGE_RW : PAGE_RO).toString(16)}`;
  return `${upper}${table(3)} PMD ${table(4)} PTE ${page}`;
}
/** CR2: where the last page fault was. Programs fault all the time, at addresses that nobody knows here: 0 stands for them. */
export class LastFault {
  address: Addr = 0;
}
/** `code`: the error code. */
export function printPageFault(k: Kernel, address: Addr, code: number): void {
  k.get(LastFault).address = address;
  const print = (text: string): void => k.log.print('alert', text);
  if (code === (PF_INSTR | PF_PROT)) k.log.print('crit', 'kernel tried to execute NX-protected page - exploit attempt? (uid: 0)');
  const low = address >= 0 && address < PAGE_SIZE;
  print(`BUG: ${low ? 'kernel NULL pointer dereference,' : 'unable to handle page fault for'} address: ${hex64(address)}`);
  const access = (code & PF_INSTR) !== 0 ? 'instruction fetch' : (code & PF_WRITE) !== 0 ? 'write access' : 'read access';
  print(`#PF: supervisor ${access} in kernel mode`);
  const reason = (code & PF_PROT) !== 0 ? 'permissions violation' : 'not-present page';
  print(`#PF: error_code(0x${code.toString(16).padStart(4, '0')}) - ${reason}`);
  k.log.print('info', tables(k, address));
}
