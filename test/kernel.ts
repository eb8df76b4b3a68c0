// A kernel for tests: the shipped description, virtual time, repeatable randomness; the CPU of your choice.

import { loadKernel } from '#host-node';
import { type Cpu, type CpuFactory, Kernel, type KernelHost, kernelTables } from '#kernel';

export const testHost: KernelHost = {
  bootRealtime: 1_700_000_000_000_000_000n,
  monotonicMs: () => performance.now(),
  sleep: () => new Promise((resolve) => setImmediate(resolve)),
  random: (bytes) => bytes.fill(0x5a),
};
/** A CPU for tests that load and link, but must not run guest code. */
export const noCpu: CpuFactory = (): Cpu => ({
  run: (ip) => {
    throw new Error(`guest code at ${ip.toString(16)} was run on a kernel without a CPU`);
  },
  invalidate: () => {},
});
export function testKernel(cpu: CpuFactory = noCpu): Kernel {
  return new Kernel({ description: loadKernel(), host: testHost, cpu, tables: kernelTables });
}
