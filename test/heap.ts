// How much of JavaScript's heap is really in use.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes, garbage apart. What hangs on weak references goes in a second round, a turn of the event loop later. */
export async function usedHeap(): Promise<number> {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 10));
  collect();
  return process.memoryUsage().heapUsed;
}
