// The kernel's host on Node.
import type { KernelHost } from '#kernel';

export function nodeHost(): KernelHost {
  return {
    bootRealtime: BigInt(Date.now()) * 1_000_000n,
    monotonicMs: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms))),
    random: (bytes) => {
      // Loaded when wanted: it takes longer to load than a kernel to boot.
      process.getBuiltinModule('node:crypto').randomFillSync(bytes);
    },
  };
}
