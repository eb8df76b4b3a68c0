// Source: fs/inode.c.
import { type KernelApi, kernelApi, raw } from '../api/index.ts';
import { NS_PER_JIFFY } from '../time/jiffies.ts';

const NS_PER_S = 1_000_000_000n;
const [RAX, RDX] = [0, 2] as const;

export const inodeApi: KernelApi = kernelApi('fs/inode.c', {
  /** The time of the last tick, as files have it: seconds and nanoseconds in two registers. */
  current_time: raw((k, registers) => {
    const tick = BigInt(Math.floor(k.clock.now / NS_PER_JIFFY) * NS_PER_JIFFY) + k.clock.bootRealtime;
    registers.setU64(RAX, tick / NS_PER_S);
    registers.setU64(RDX, tick % NS_PER_S);
  }),
});
