// What the kernel asks of the world around it.
export interface KernelHost {
  /** Wall-clock time at boot, ns since the epoch. */
  readonly bootRealtime: bigint;
  /** Monotonic milliseconds; only asked when time follows the wall clock. */
  monotonicMs(): number;
  /** Lets the host's event loop run; resolves after about `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
  /** Fills with random bytes (a seeded source makes runs repeatable). */
  random(bytes: Uint8Array): void;
}
export type TimeMode = 'virtual' | 'wall';
