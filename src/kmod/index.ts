import type { Tool } from './tool.ts';
import { depmod } from './tools/depmod.ts';
import { insmod } from './tools/insmod.ts';
import { lsmod } from './tools/lsmod.ts';
import { modinfo } from './tools/modinfo.ts';
import { modprobe } from './tools/modprobe.ts';
import { rmmod } from './tools/rmmod.ts';

export * from './getopt.ts';
export { depmod as computeDepmod, type TreeModule } from './lib/depmod.ts';
export { type ParameterText, parameterTexts } from './lib/module_file.ts';
export { type Signature, type SignatureTrailer, signatureOf, signatureTrailer } from './lib/signature.ts';
export * from './tool.ts';
/** Every tool, by its order in help. */
export const tools: readonly Tool[] = [insmod, rmmod, lsmod, modinfo, modprobe, depmod];
