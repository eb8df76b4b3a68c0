import type { Tool } from './tool.ts';
import { insmod } from './tools/insmod.ts';
import { lsmod } from './tools/lsmod.ts';
import { modinfo } from './tools/modinfo.ts';
import { rmmod } from './tools/rmmod.ts';

export * from './getopt.ts';
export * from './tool.ts';
/** Every tool, by its order in help. */
export const tools: readonly Tool[] = [insmod, lsmod, modinfo, rmmod];
