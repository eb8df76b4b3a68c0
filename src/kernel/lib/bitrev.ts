// Bytes with their bits in reverse order. Source: lib/bitrev.c.
import { imageData, type KernelApi, kernelApi } from '../api/index.ts';

export const bitrevApi: KernelApi = kernelApi('lib/bitrev.c', { byte_rev_table: imageData });
