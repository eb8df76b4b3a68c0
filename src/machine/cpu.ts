import type { Cpu, CpuEnvironment } from '#kernel';
export function createCpu(_environment: CpuEnvironment): Cpu {
  void _environment; return { run() { throw new Error("no cpu"); }, invalidate() {} };
}
