// power/ of every device. Source: drivers/base/power/sysfs.c, Documentation/ABI/testing/sysfs-devices-power.
import { EINVAL, EIO } from '#abi';
import type { Sleeping } from '../../../api/index.ts';
import { plainText, type TextSource, type TreeDirectory } from '../../../fs/node.ts';
import { sysfsText } from '../../../fs/sysfs/sysfs.ts';
import type { Kernel } from '../../../kernel.ts';
import { kstrto } from '../../../lib/kstrtox.ts';
import type { Addr } from '../../../memory.ts';
import { RuntimePower } from './runtime.ts';
import { flag, powerOf, setFlag, statusNames } from './state.ts';

const NS_PER_MS = 1_000_000n;

function status(k: Kernel, device: Addr): string {
  if (powerOf(k, device).runtime_error !== 0) return 'error';
  return flag(k, device, 'disable_depth') > 0 ? 'unsupported' : (statusNames[powerOf(k, device).runtime_status] ?? '');
}
function enabled(k: Kernel, device: Addr): string {
  const disabled = flag(k, device, 'disable_depth') > 0;
  if (flag(k, device, 'runtime_auto') !== 0) return disabled ? 'disabled' : 'enabled';
  return disabled ? 'disabled & forbidden' : 'forbidden';
}
/** A word that must be one of two; what the second or first does. */
const choice = (first: string, second: string, choose: (isFirst: boolean) => Sleeping<void>) =>
  function* (text: string): Sleeping<number> {
    const word = text.trim();
    if (word !== first && word !== second) return -EINVAL;
    yield* choose(word === first);
    return text.length;
  };
export function powerFiles(k: Kernel, device: Addr, directory: TreeDirectory): void {
  const power = directory.child('power');
  const runtime = k.get(RuntimePower);
  const view = powerOf(k, device);
  const milliseconds = (field: 'active_time' | 'suspended_time'): TextSource =>
    plainText(() => {
      runtime.account(device);
      return `${view[field] / NS_PER_MS}\n`;
    });
  const show = (make: () => string | number): TextSource => plainText(() => `${make()}\n`);
  const files: readonly (readonly [string, number, TextSource])[] = [
    ['runtime_status', 0o444, show(() => status(k, device))],
    [
      'control',
      0o644,
      {
        ...show(() => (flag(k, device, 'runtime_auto') !== 0 ? 'auto' : 'on')),
        write: choice('auto', 'on', (auto) => (auto ? runtime.allow(device) : runtime.forbid(device))),
      },
    ],
    ['runtime_suspended_time', 0o444, milliseconds('suspended_time')],
    ['runtime_active_time', 0o444, milliseconds('active_time')],
    [
      'autosuspend_delay_ms',
      0o644,
      {
        *read() {
          return flag(k, device, 'use_autosuspend') === 0 ? -EIO : `${view.autosuspend_delay}\n`;
        },
        *write(text) {
          if (flag(k, device, 'use_autosuspend') === 0) return -EIO;
          const delay = kstrto(text, 64, true);
          if (typeof delay === 'number' || BigInt.asIntN(32, delay) !== delay) return -EINVAL;
          yield* runtime.autosuspend(device, true, Number(delay));
          return text.length;
        },
      },
    ],
    ['runtime_usage', 0o444, show(() => view.usage_count)],
    ['runtime_active_kids', 0o444, show(() => (flag(k, device, 'ignore_children') !== 0 ? 0 : view.child_count))],
    ['runtime_enabled', 0o444, show(() => enabled(k, device))],
    [
      'async',
      0o644,
      {
        ...show(() => (flag(k, device, 'async_suspend') !== 0 ? 'enabled' : 'disabled')),
        write: choice('enabled', 'disabled', function* (on) {
          setFlag(k, device, 'async_suspend', on ? 1 : 0);
        }),
      },
    ],
  ];
  for (const [name, mode, source] of files) power.put(name, sysfsText(mode, source));
}
