// Clocks for drivers: none is registered. Source: drivers/clk/{clk,clkdev,clk-devres}.c.
import { ENOENT } from '#abi';
import { absent, int, type KernelApi, kernelApi, long, nothing, ulong, voidPtr } from '../../api/index.ts';

const NULL = 0;
const none = absent('there are no clocks: none is found, and NULL stands for none');

export const clkApi: KernelApi = kernelApi('drivers/clk/clk.c', {
  clk_get: none({ dev: voidPtr, con_id: voidPtr }, voidPtr, -ENOENT),
  devm_clk_get: none({ dev: voidPtr, id: voidPtr }, voidPtr, -ENOENT),
  devm_clk_get_optional: none({ dev: voidPtr, id: voidPtr }, voidPtr, NULL),
  devm_clk_get_enabled: none({ dev: voidPtr, id: voidPtr }, voidPtr, -ENOENT),
  devm_clk_get_optional_enabled: none({ dev: voidPtr, id: voidPtr }, voidPtr, NULL),
  clk_put: none({ clk: voidPtr }, nothing),
  clk_prepare: none({ clk: voidPtr }, int, 0),
  clk_unprepare: none({ clk: voidPtr }, nothing),
  clk_enable: none({ clk: voidPtr }, int, 0),
  clk_disable: none({ clk: voidPtr }, nothing),
  clk_get_rate: none({ clk: voidPtr }, ulong, 0n),
  clk_set_rate: none({ clk: voidPtr, rate: ulong }, int, 0),
  clk_round_rate: none({ clk: voidPtr, rate: ulong }, long, 0n),
  clk_get_parent: none({ clk: voidPtr }, voidPtr, NULL),
});
