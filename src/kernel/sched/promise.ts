// A task that waits for something outside the kernel.
import type { Sleeping } from '../api/index.ts';
import type { Kernel } from '../kernel.ts';
import { TASK_UNINTERRUPTIBLE } from './task.ts';
import { Waiters } from './waiters.ts';

/** Sleeps until `promise` is fulfilled, and gives its value. It must not reject. */
export function* settled<T>(k: Kernel, promise: Promise<T>): Sleeping<T> {
  let result: { readonly value: T } | undefined;
  const key = {};
  void promise.then((value) => {
    result = { value };
    k.get(Waiters).wake(key, 1);
  });
  yield* k.get(Waiters).until(key, TASK_UNINTERRUPTIBLE, () => result !== undefined);
  return (result as unknown as { readonly value: T }).value;
}
