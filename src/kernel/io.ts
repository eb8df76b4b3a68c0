// Ports, MSRs and CPU features of a plain machine without devices.
import type { CpuIo } from './cpu.ts';
import type { Clock } from './time/clock.ts';

/** An absent device reads as all ones. */
const FLOATING_BUS = 0xffffffff;
/** Time stamp counter ticks per microsecond: 2 GHz. */
const TSC_PER_NS = 2;

export function plainIo(clock: Clock): CpuIo {
  return {
    portIn: (_port, bytes) => (bytes === 4 ? FLOATING_BUS : FLOATING_BUS >>> (32 - bytes * 8)),
    portOut: () => {},
    readMsr: () => undefined,
    writeMsr: () => false,
    cpuid: () => [0, 0, 0, 0],
    rdtsc: () => BigInt(Math.floor(clock.now * TSC_PER_NS)),
  };
}
