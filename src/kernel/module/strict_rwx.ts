// Which pages of a module may be written and executed. Source: kernel/module/strict_rwx.c.
import { MODULES_START, PROTECTED_PAGES } from '../cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { PAGE_SIZE } from '../mm/layout.ts';
import type { AreaLayout } from './layout.ts';
import { MODULE_STATE_LIVE, type Module } from './module.ts';

export interface Permissions {
  readonly write: boolean;
  readonly execute: boolean;
}
const DATA: Permissions = { write: true, execute: false };

function within(offset: number, area: AreaLayout, live: boolean): Permissions {
  if (offset < area.textSize) return { write: false, execute: true };
  return { write: offset >= (live ? area.roAfterInitSize : area.roSize), execute: false };
}
/** Of the page at `address`: outside of modules everything is data. */
export function permissionsAt(k: Kernel, address: Addr): Permissions {
  for (const module of k.modules.all) {
    const { core, coreSize, init, initSize, layout, state } = module;
    if (address >= core && address < core + coreSize) return within(address - core, layout.core, state === MODULE_STATE_LIVE);
    if (address >= init && address < init + initSize) return within(address - init, layout.init, state === MODULE_STATE_LIVE);
  }
  return DATA;
}
/** Says to the CPU which pages of a module are read-only. Precondition: the loader has written and patched all of it. */
export function protect(k: Kernel, { core, coreSize, init, initSize }: Module): void {
  for (const [start, size] of [
    [core, coreSize],
    [init, initSize],
  ] as const) {
    for (let page = start; page < start + size; page += PAGE_SIZE) setPage(k, page, permissionsAt(k, page).write ? 0 : 1);
  }
}
/** The memory from `start` is free again. */
export function unprotect(k: Kernel, start: Addr, size: number): void {
  for (let page = start; page < start + size; page += PAGE_SIZE) setPage(k, page, 0);
}
function setPage(k: Kernel, page: Addr, value: number): void {
  k.memory.bytes[PROTECTED_PAGES + ((page >>> 0) - MODULES_START) / PAGE_SIZE] = value;
}
