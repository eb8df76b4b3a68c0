// Programs that the kernel itself starts. Source: kernel/umh.c. A program is whatever runs `argv` in the kernel's file system:
// the shell, or what an embedder sets as `Kernel.userMode`. Without one no program exists.
import { ENOENT } from '#abi';
import { blocking, int, type KernelApi, kernelApi, pointer, type Sleeping, voidPtr } from './api/index.ts';
import type { Kernel } from './kernel.ts';
import type { Addr } from './memory.ts';
import { TASK_KILLABLE } from './sched/task.ts';
import { Waiters } from './sched/waiters.ts';

/** Runs a program to its end: the status as wait(2) gives it, or -errno when it cannot start. */
export type UserMode = (path: string, argv: readonly string[], environment: readonly string[]) => Promise<number>;

// include/linux/umh.h.
const UMH_NO_WAIT = 0;
const UMH_WAIT_PROC = 2;
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
  const place = k.vfs.resolve(path, '/');
  if (k.userMode === undefined || typeof place === 'number' || place.node === undefined) return wait === UMH_NO_WAIT ? 0 : -ENOENT;
  let status: number | undefined;
  const key = {};
  const ended = k.userMode(path, argv, environment).then((result) => {
    status = result;
    k.get(Waiters).wake(key, 1);
  });
  if ((wait & UMH_WAIT) !== UMH_WAIT_PROC) {
    void ended;
    return 0;
  }
  yield* k.get(Waiters).until(key, TASK_KILLABLE, () => status !== undefined);
  return status ?? 0;
}
export const umhApi: KernelApi = kernelApi('kernel/umh.c', {
  call_usermodehelper: blocking(
    { path: pointer('const char *'), argv: voidPtr, envp: voidPtr, wait: int },
    int,
    (k, { path, argv, envp, wait }) => runProgram(k, k.memory.cstring(path), strings(k, argv), strings(k, envp), wait),
  ),
});
