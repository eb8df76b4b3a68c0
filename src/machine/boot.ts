// bootOn(): joins the kernel, the translator and a host.
import { Kernel, type KernelDescription, type KernelHost, kernelTables, type Process, type TimeMode } from '#kernel';
import { createCpu } from './cpu.ts';
import { Machine } from './machine.ts';

export interface BootOptions {
  /** The Linux that we pretend to be. */
  readonly description: KernelDescription;
  readonly host: KernelHost;
  /** 'virtual': time passes only while somebody waits (default). 'wall': it follows the clock on the wall. */
  readonly time?: TimeMode;
  /** Kernel command line, as /proc/cmdline shows it. */
  readonly cmdline?: string;
}

/** A running kernel with a first process (pid 1, root). */
export async function bootOn(options: BootOptions): Promise<Machine> {
  const kernel = new Kernel({ ...options, cpu: createCpu, tables: kernelTables });
  const init: Process = await kernel.start();
  return new Machine(kernel, init);
}
