// struct list_head and its relatives in guest memory. Source: include/linux/list.h.
import type { Kernel } from '../kernel.ts';
import type { Addr } from '../memory.ts';
import { Watchdog } from '../watchdog.ts';

const PREV = 8;

/** INIT_LIST_HEAD. */
export function listInit(k: Kernel, list: Addr): void {
  k.memory.setPtr(list, list);
  k.memory.setPtr(list + PREV, list);
}
/** Puts `entry` between two neighbours. */
export function listInsert(k: Kernel, entry: Addr, before: Addr, after: Addr): void {
  k.memory.setPtr(entry, after);
  k.memory.setPtr(entry + PREV, before);
  k.memory.setPtr(before, entry);
  k.memory.setPtr(after + PREV, entry);
}
/** list_add: after the head. */
export const listAdd = (k: Kernel, entry: Addr, head: Addr): void => listInsert(k, entry, head, k.memory.ptr(head));
/** list_add_tail: before the head. */
export const listAddTail = (k: Kernel, entry: Addr, head: Addr): void => listInsert(k, entry, k.memory.ptr(head + PREV), head);
/** list_del_init. */
export function listDeleteInit(k: Kernel, entry: Addr): void {
  const after = k.memory.ptr(entry);
  const before = k.memory.ptr(entry + PREV);
  k.memory.setPtr(before, after);
  k.memory.setPtr(after + PREV, before);
  listInit(k, entry);
}
export const listEmpty = (k: Kernel, list: Addr): boolean => k.memory.ptr(list) === list;
/** The entries of a list, taken before any is visited: they may go meanwhile. A list that never comes back to its head is a lockup. */
export function listEntries(k: Kernel, head: Addr): Addr[] {
  const entries: Addr[] = [];
  // Brent's: an entry that comes again within twice the steps since it was marked lies in a circle without the head.
  let marked = head;
  let next = 1;
  for (let at = k.memory.ptr(head); at !== head; at = k.memory.ptr(at)) {
    if (at === marked) k.get(Watchdog).lockup();
    entries.push(at);
    if (entries.length < next) continue;
    marked = at;
    next *= 2;
  }
  return entries;
}
