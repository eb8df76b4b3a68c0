// Modules that the kernel itself asks for. Source: kernel/kmod.c.
import { ENAMETOOLONG } from '#abi';
import { blockingVariadic, bool, cstring, int, type KernelApi, kernelApi } from './api/index.ts';
import { runProgram, UMH_WAIT_EXEC, UMH_WAIT_PROC } from './umh.ts';

const MODPROBE = '/sbin/modprobe';
const ENVIRONMENT = ['HOME=/', 'TERM=linux', 'PATH=/sbin:/usr/sbin:/bin:/usr/bin'];
/** MODULE_NAME_LEN. */
const LONGEST_NAME = 56;

export const kmodApi: KernelApi = kernelApi('kernel/kmod.c', {
  /** Runs modprobe. Return: 0, its wait status (256 when it fails), or -errno when there is none. */
  __request_module: blockingVariadic({ wait: bool, fmt: cstring }, int, function* (k, { wait, fmt, va }) {
    const name = k.formatter.format(fmt, va);
    if (name.length >= LONGEST_NAME) return -ENAMETOOLONG;
    return yield* runProgram(k, MODPROBE, [MODPROBE, '-q', '--', name], ENVIRONMENT, wait ? UMH_WAIT_PROC : UMH_WAIT_EXEC);
  }),
});
