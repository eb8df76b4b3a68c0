// Tasks that stand still while the system suspends: it never does. Source: kernel/freezer.c.
import { bool, type KernelApi, kdata, kernelApi, kfunc, noop, pointer } from './api/index.ts';

const NEVER = 'the system never suspends: nothing freezes';
export const freezerApi: KernelApi = kernelApi('kernel/freezer.c', {
  freezer_active: kdata(() => {}),
  freezing_slow_path: noop(
    NEVER,
    kfunc({ p: pointer('struct task_struct *') }, bool, () => false),
  ),
  __refrigerator: noop(
    NEVER,
    kfunc({ check_kthr_stop: bool }, bool, () => false),
  ),
});
