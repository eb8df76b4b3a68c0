// How much of JavaScript's heap is really in use.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes, garbage apart. */
export function usedHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
