// The top row of a Chromebook's keyboard. Source: drivers/input/vivaldi-fmap.c.
import { embedded, type KernelApi, kernelApi, kernelStruct, kfunc, ssize_t, uint, voidPtr } from '../../api/index.ts';

const Vivaldi = kernelStruct('vivaldi_data', { function_row_physmap: embedded, num_function_row_keys: uint });

export const vivaldiApi: KernelApi = kernelApi('drivers/input/vivaldi-fmap.c', {
  /** The scan codes in hexadecimal, a blank between two. Return: bytes. */
  vivaldi_function_row_physmap_show: kfunc({ data: voidPtr, buf: voidPtr }, ssize_t, (k, { data, buf }) => {
    const { function_row_physmap: keys, num_function_row_keys: count } = k.view(Vivaldi, data);
    const codes = Array.from({ length: count }, (_, n) =>
      k.memory
        .u32(keys + 4 * n)
        .toString(16)
        .toUpperCase()
        .padStart(2, '0'),
    );
    const text = count === 0 ? '' : `${codes.join(' ')}\n`;
    k.memory.setCstring(buf, text);
    return text.length;
  }),
});
