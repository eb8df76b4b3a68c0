// The kernel's host on Node.
import { randomFillSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelHost } from '#kernel';

export function nodeHost(): KernelHost {
  return {
    bootRealtime: BigInt(Date.now()) * 1_000_000n,
    monotonicMs: () => performance.now(),
    sleep: (ms) => (ms === 0 ? new Promise((resolve) => setImmediate(resolve)) : delay(ms)),
    random: (bytes) => {
      randomFillSync(bytes);
    },
  };
}
