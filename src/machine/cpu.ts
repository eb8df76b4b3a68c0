// Plugs the translator into the kernel: the kernel's Cpu over src/translate.
import {
  type Cpu,
  type CpuEnvironment,
  type CpuStop,
  GUEST_START,
  MODULES_START,
  PROTECTED_PAGES,
  REG_BUDGET,
  REG_FAULT_ADDRESS,
  REG_GS_BASE,
  REG_RFLAGS,
  REG_RIP,
  REG_STACK_LIMIT,
  REGISTER_FILE,
  TRANSLATOR_AREA,
} from '#kernel';
import { type CheckMode, type Layout, Translator } from '#translate';

const layout: Layout = {
  registers: REGISTER_FILE,
  rip: REGISTER_FILE + REG_RIP,
  rflags: REGISTER_FILE + REG_RFLAGS,
  gsBase: REGISTER_FILE + REG_GS_BASE,
  stackLimit: REGISTER_FILE + REG_STACK_LIMIT,
  budget: REGISTER_FILE + REG_BUDGET,
  faultAddress: REGISTER_FILE + REG_FAULT_ADDRESS,
  scratch: TRANSLATOR_AREA,
  guestStart: GUEST_START,
  modulesStart: MODULES_START,
  protectedPages: PROTECTED_PAGES,
};

export interface CpuOptions {
  readonly checks?: CheckMode;
  /** Loop iterations per function invocation until a 'budget' stop. */
  readonly fuel?: number;
}

/** Precondition: the GS base does not change once code runs. */
export function createCpu(environment: CpuEnvironment, options: CpuOptions = {}): Cpu {
  const translator = new Translator(
    {
      memory: environment.memory,
      hostFunctionAt: (ip) => environment.kernelFunctionAt(ip),
      hostCall: (index) => environment.kernelCall(index),
      functionAt: (ip) => environment.functionAt(ip),
      thunkAt: (ip) => environment.thunkAt(ip),
      io: environment.io,
    },
    { layout, ...options },
  );
  return {
    run: (ip): CpuStop => translator.run(ip),
    invalidate: (start, end) => translator.invalidate(start, end),
  };
}
