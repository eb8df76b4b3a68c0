// Modules that the kernel itself asks for. Source: kernel/kmod.c.
import { ENAMETOOLONG, ENOENT } from '#abi';
import { blockingVariadic, bool, cstring, int, type KernelApi, kernelApi } from './api/index.ts';
import { KernelVariables } from './builtin.ts';
import type { Kernel } from './kernel.ts';
import { runProgram, UMH_WAIT_EXEC, UMH_WAIT_PROC } from './umh.ts';

const MODPROBE = '/sbin/modprobe';
const ENVIRONMENT = ['HOME=/', 'TERM=linux', 'PATH=/sbin:/usr/sbin:/bin:/usr/bin'];
/** MODULE_NAME_LEN. */
const LONGEST_NAME = 56;

/** kernel.modprobe. A description without the kernel's variables has the name that the kernel is built with. */
function modprobePath(k: Kernel): string {
  const variable = 'kernel/modprobe';
  return k.description.builtin.sysctls.has(variable) ? k.get(KernelVariables).text(variable) : MODPROBE;
}

export const kmodApi: KernelApi = kernelApi('kernel/kmod.c', {
  /** Runs what kernel.modprobe names. Return: 0, its wait status (256 when it fails), or -errno when there is none. */
  __request_module: blockingVariadic({ wait: bool, fmt: cstring }, int, function* (k, { wait, fmt, va }) {
    const name = k.formatter.format(fmt, va);
    const modprobe = modprobePath(k);
    if (modprobe === '') return -ENOENT;
    if (name.length >= LONGEST_NAME) return -ENAMETOOLONG;
    return yield* runProgram(k, modprobe, [modprobe, '-q', '--', name], ENVIRONMENT, wait ? UMH_WAIT_PROC : UMH_WAIT_EXEC);
  }),
});
