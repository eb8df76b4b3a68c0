// What `import ... from 'kobox'` gives on Node: the machine with Node's host and the kernel description that ships.
import { basename, dirname } from 'node:path';
import { loadKernel, nodeFolder, nodeHost, SHIPPED_KERNEL } from '#host-node';
import { hostNode } from '#kernel';
import { bootOn, type Machine, type BootOptions as PortableOptions } from '#machine';

import { provideModules } from './modules.ts';

export { SHIPPED_KERNEL } from '#host-node';
export type { LoadCheck, LoadReason, LoadReport } from '#kernel';
export { LoadError, type Machine, type OpenFile, POLLERR, POLLHUP, POLLIN, POLLOUT, SystemCallError } from '#machine';

export interface BootOptions extends Omit<PortableOptions, 'description' | 'host'> {
  /** Release of a shipped or imported kernel (`kobox kernel list`). Default: the shipped one. */
  readonly kernel?: string;
}

/**
 * Boots a kernel.
 *
 * @example
 * const machine = await boot();
 * await machine.insmod(readFileSync('hello.ko'));
 * console.log(machine.dmesg().map((record) => record.text));
 * await machine.rmmod('hello');
 */
export async function boot(options: BootOptions = {}): Promise<Machine> {
  const { kernel = SHIPPED_KERNEL, ...rest } = options;
  const machine = await bootOn({ ...rest, description: loadKernel(kernel), host: nodeHost() });
  provideModules(machine);
  return machine;
}
/**
 * Mounts a folder of this computer at `target` in the machine, live: files that change are seen at once, and what is
 * written inside goes to the folder (unless it is mounted read-only).
 */
export function mountFolder(machine: Machine, folder: string, target: string, { readOnly = false } = {}): void {
  machine.mount(nodeFolder(folder, readOnly), target, folder);
}
/** Puts one file of this computer at `path` in the machine, read-only and live. */
export function provideFile(machine: Machine, file: string, path: string): void {
  const node = hostNode(nodeFolder(dirname(file), true), basename(file));
  if (node !== undefined) machine.kernel.vfs.put(path, node);
}
