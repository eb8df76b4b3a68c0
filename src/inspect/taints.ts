// What loading a module makes of the kernel's taint flags. Source: kernel/module/main.c, check_modinfo(), module_augment_kernel_taints().
import { GPL_LICENSES, TAINT } from '#kernel';
import { signatureOf, signatureTrailer } from '#kmod';
import type { ModuleFile } from './module_file.ts';

/**
 * The taints of the module itself, as a mask of TAINT bits. A signature is taken as good: that its key is one of the kernel's
 * cannot be seen in the file.
 */
export function ownTaints(file: ModuleFile): number {
  const rows: readonly (readonly [bit: number, when: boolean])[] = [
    [TAINT.OOT_MODULE, file.tag('intree') === undefined],
    [TAINT.CRAP, file.tag('staging') !== undefined],
    [TAINT.LIVEPATCH, file.tag('livepatch') !== undefined],
    [TAINT.PROPRIETARY_MODULE, !GPL_LICENSES.has(file.tag('license') ?? 'unspecified')],
    [TAINT.TEST, file.tag('test') !== undefined],
    [TAINT.UNSIGNED_MODULE, !isSigned(file)],
  ];
  return rows.reduce((mask, [bit, when]) => (when ? mask | (1 << bit) : mask), 0);
}
export const isSigned = ({ bytes }: ModuleFile): boolean => signatureTrailer(bytes) !== undefined && signatureOf(bytes) !== undefined;
