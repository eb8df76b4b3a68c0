// The top row of a Chrome OS keyboard, as sysfs shows it. Source: drivers/input/vivaldi-fmap.c.
import { embedded, type KernelApi, kernelApi, kernelStruct, kfunc, pointer, ssize_t, uint, voidPtr } from '../../api/index.ts';

const VivaldiData = kernelStruct('vivaldi_data', { function_row_physmap: embedded, num_function_row_keys: uint });
export const vivaldiApi: KernelApi = kernelApi('drivers/input/vivaldi-fmap.c', {
  vivaldi_function_row_physmap_show: kfunc({ data: pointer('const struct vivaldi_data *'), buf: voidPtr }, ssize_t, (k, { data, buf }) => {
    const { function_row_physmap: codes, num_function_row_keys: count } = k.view(VivaldiData, data);
    if (count === 0) return 0;
    const hex = Array.from({ length: count }, (_, n) =>
      k.memory
        .u32(codes + n * 4)
        .toString(16)
        .toUpperCase()
        .padStart(2, '0'),
    );
    const text = `${hex.join(' ')}\n`;
    k.memory.setCstring(buf, text);
    return text.length;
  }),
});
