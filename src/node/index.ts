// What `import ... from 'kobox'` gives on Node: the machine with Node's host and the kernel description that ships.

import { loadKernel, nodeHost, SHIPPED_KERNEL } from '#host-node';
import { bootOn, type Machine, type BootOptions as PortableOptions } from '#machine';

export { SHIPPED_KERNEL } from '#host-node';
export { type Machine, type OpenFile, SystemCallError } from '#machine';

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
  return bootOn({ ...rest, description: loadKernel(kernel), host: nodeHost() });
}
