// What loading a module makes of the kernel's taint flags. Source: kernel/module/main.c, check_modinfo(), module_augment_kernel_taints().
import { type KernelDescription, modinfoRemarks, TAINT } from '#kernel';
import type { ModuleFile } from './module_file.ts';
import { isVerified } from './signature.ts';

/** The taints of the module itself, as a mask of TAINT bits. */
export function ownTaints(file: ModuleFile, kernel: KernelDescription): number {
  const own = modinfoRemarks({ tag: (name) => file.tag(name), name: '' }, false).reduce(
    (mask, { bit }) => (bit === undefined ? mask : mask | (1 << bit)),
    0,
  );
  return isVerified(file, kernel) ? own : own | (1 << TAINT.UNSIGNED_MODULE);
}
