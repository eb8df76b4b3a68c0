// Which register sets the CPU saves: x87 and SSE, as a plain CPU has. Source: arch/x86/kernel/fpu/xstate.c.
import { int, type KernelApi, kernelApi, kfunc, u64, voidPtr } from '../../../../api/index.ts';

const HAS = 0b11n;
const NAMES = [
  'x87 floating point registers',
  'SSE registers',
  'AVX registers',
  'MPX bounds registers',
  'MPX CSR',
  'AVX-512 opmask',
  'AVX-512 Hi256',
  'AVX-512 ZMM_Hi256',
] as const;

export const xstateApi: KernelApi = kernelApi('arch/x86/kernel/fpu/xstate.c', {
  /** Return: 1 when all are there; else 0, and the highest missing one's name. */
  cpu_has_xfeatures: kfunc({ xfeatures_needed: u64, feature_name: voidPtr }, int, (k, { xfeatures_needed, feature_name }) => {
    const missing = xfeatures_needed & ~HAS;
    if (missing === 0n) return 1;
    const highest = missing.toString(2).length - 1;
    if (feature_name !== 0) k.memory.setPtr(feature_name, k.cstringAlloc(NAMES[highest] ?? 'unknown xstate feature'));
    return 0;
  }),
});
