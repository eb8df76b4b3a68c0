// What loading a module makes of the kernel's taint flags. Source: kernel/module/main.c, check_modinfo(), module_augment_kernel_taints().
import { modinfoTaints, TAINT } from '#kernel';
import { signatureOf, signatureTrailer } from '#kmod';
import type { ModuleFile } from './module_file.ts';

/**
 * The taints of the module itself, as a mask of TAINT bits. A signature is taken as good: that its key is one of the kernel's
 * cannot be seen in the file.
 */
export function ownTaints(file: ModuleFile): number {
  const own = modinfoTaints({ tag: (name) => file.tag(name) }).reduce((mask, { bit }) => mask | (1 << bit), 0);
  return isSigned(file) ? own : own | (1 << TAINT.UNSIGNED_MODULE);
}
export const isSigned = ({ bytes }: ModuleFile): boolean => signatureTrailer(bytes) !== undefined && signatureOf(bytes) !== undefined;
