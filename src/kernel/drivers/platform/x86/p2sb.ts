// The bridge to Intel's sideband registers. Source: drivers/platform/x86/p2sb.c.
import { ENODEV } from '#abi';
import { absent, int, type KernelApi, kernelApi, uint, voidPtr } from '../../../api/index.ts';

export const p2sbApi: KernelApi = kernelApi('drivers/platform/x86/p2sb.c', {
  p2sb_bar: absent('there is no such bridge')({ bus: voidPtr, devfn: uint, mem: voidPtr }, int, -ENODEV),
});
