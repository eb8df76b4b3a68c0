// Programs that the kernel itself starts. Source: kernel/umh.c. A program is whatever runs `argv` in the kernel's file system:
// the shell, or what an embedder sets as `Kernel.userMode`. Without one no program exists.
import { ENOENT } from '#abi';
import { blocking, int, type KernelApi, kernelApi, pointer, type Sleeping, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { settled } from './sched/promise.ts';

/** A program that was started: `ended` gives its status as wait(2) does. */
export interface StartedProgram {
  readonly ended: Promise<number>;
}
/** Starts a program; -errno when it cannot be started. */
export type UserMode = (path: string, argv: readonly string[], environment: readonly string[]) => Promise<StartedProgram | number>;

// include/linux/umh.h.
const UMH_NO_WAIT = 0;
export const UMH_WAIT_EXEC = 1;
export const UMH_WAIT_PROC = 2;
const UMH_WAIT = 3;
const NULL = 0;

function strings(k: Kernel, array: Addr): string[] {
  const items: string[] = [];
  for (let at = array; array !== NULL && k.memory.ptr(at) !== NULL; at += 8) items.push(k.memory.cstring(k.memory.ptr(at)));
  return items;
}
/** Starts `path`; with UMH_WAIT_PROC also waits for its end. Gives 0 or -errno, or the program's status. */
export function* runProgram(
  k: Kernel,
  path: string,
  argv: readonly string[],
  environment: readonly string[],
  wait: number,
): Sleeping<number> {
  if (k.userMode === undefined) return wait === UMH_NO_WAIT ? 0 : -ENOENT;
  const started = yield* settled(k, k.userMode(path, argv, environment));
  if (typeof started === 'number') return wait === UMH_NO_WAIT ? 0 : started;
  return (wait & UMH_WAIT) === UMH_WAIT_PROC ? yield* settled(k, started.ended) : 0;
}
export const umhApi: KernelApi = kernelApi('kernel/umh.c', {
  call_usermodehelper: blocking(
    { path: pointer('const char *'), argv: voidPtr, envp: voidPtr, wait: int },
    int,
    (k, { path, argv, envp, wait }) => runProgram(k, k.memory.cstring(path), strings(k, argv), strings(k, envp), wait),
  ),
});
