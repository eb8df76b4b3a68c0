// The channels of the ISA bus' DMA controllers: who has which. Source: kernel/dma.c.
import { EBUSY, EINVAL } from '#abi';
import { cstring, int, type KernelApi, kdata, kernelApi, kfunc, nothing, uint } from './api/index.ts';
import type { Kernel } from './kernel.ts';

const CHANNELS = 8;
/** Taken by the connection of the two controllers. */
const CASCADE = 4;

export class DmaChannels {
  readonly #owners = new Map<number, string>([[CASCADE, 'cascade']]);
  request(channel: number, owner: string): number {
    if (channel >= CHANNELS) return -EINVAL;
    if (this.#owners.has(channel)) return -EBUSY;
    this.#owners.set(channel, owner);
    return 0;
  }
  free(k: Kernel, channel: number): void {
    if (channel >= CHANNELS) k.log.print('warning', `Trying to free DMA${channel}`);
    else if (!this.#owners.delete(channel)) k.log.print('warning', `Trying to free free DMA${channel}`);
  }
  /** /proc/dma. */
  procText(): string {
    return [...this.#owners]
      .sort(([a], [b]) => a - b)
      .map(([channel, owner]) => `${String(channel).padStart(2)}: ${owner}\n`)
      .join('');
  }
}
export const dmaApi: KernelApi = kernelApi('kernel/dma.c', {
  dma_spin_lock: kdata(() => {}),
  request_dma: kfunc({ dmanr: uint, device_id: cstring }, int, (k, { dmanr, device_id }) => k.get(DmaChannels).request(dmanr, device_id)),
  free_dma: kfunc({ dmanr: uint }, nothing, (k, { dmanr }) => k.get(DmaChannels).free(k, dmanr)),
});
