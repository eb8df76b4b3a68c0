// /proc/sys: the variables of the kernel itself. Source: kernel/sysctl.c, kernel/printk/sysctl.c, kernel/utsname_sysctl.c,
// Documentation/admin-guide/sysctl/kernel.rst.
import { EINVAL } from '#abi';
import type { Kernel } from '../kernel.ts';
import { CongestionControls } from '../net/ipv4/tcp_cong.ts';
import { PanicSettings } from '../panic.ts';
import { NODENAME } from '../sched/init_task.ts';
import { AttributeFile, plainText, type TreeDirectory } from './node.ts';

/** A variable: its text without the newline; what a write does (0 or -errno), when it can be written. */
interface Variable {
  readonly path: string;
  readonly read: (k: Kernel) => string;
  readonly write?: (k: Kernel, words: readonly string[]) => number;
}
const constant = (path: string, value: string): Variable => ({ path, read: () => value });
/** An integer that is kept, and read by nobody here: it has no effect. */
function kept(path: string, initial: number, [low, high]: readonly [number, number]): Variable {
  const values = new WeakMap<Kernel, number>();
  return {
    path,
    read: (k) => `${values.get(k) ?? initial}`,
    write: (k, [word = '']) => {
      const value = Number(word);
      if (!/^-?\d+$/.test(word) || value < low || value > high) return -EINVAL;
      values.set(k, value);
      return 0;
    },
  };
}
const INT_MAX = 0x7fffffff;
const UINT_MAX = 0xffffffff;
function panicSetting(
  path: string,
  field: 'timeout' | 'onOops' | 'onWarn' | 'oopsLimit' | 'warnLimit',
  [low, high]: readonly [number, number],
): Variable {
  return {
    path,
    read: (k) => `${k.get(PanicSettings)[field]}`,
    write: (k, [word = '']) => {
      const value = Number(word);
      if (!/^-?\d+$/.test(word) || value < low || value > high) return -EINVAL;
      k.get(PanicSettings)[field] = value;
      return 0;
    },
  };
}

const variables: readonly Variable[] = [
  constant('kernel/ostype', 'Linux'),
  { path: 'kernel/osrelease', read: (k) => k.description.release },
  { path: 'kernel/version', read: ({ description: { version } }) => version.slice(version.indexOf(') #') + 2) },
  constant('kernel/hostname', NODENAME),
  constant('kernel/domainname', '(none)'),
  {
    path: 'kernel/tainted',
    read: (k) => `${k.taint.mask}`,
    // Root can add taints, not take them away.
    write: (k, [word = '']) => {
      if (!/^\d+$/.test(word)) return -EINVAL;
      const { noUserTaint, onTaint } = k.get(PanicSettings);
      if (noUserTaint && (Number(word) & onTaint) !== 0) return -EINVAL;
      k.taint.mask |= Number(word);
      return 0;
    },
  },
  {
    path: 'kernel/printk',
    read: (k) => k.log.levels.join('\t'),
    write: (k, words) => {
      if (words.length === 0 || !words.every((word) => /^-?\d+$/.test(word))) return -EINVAL;
      for (const [n, word] of words.slice(0, k.log.levels.length).entries()) k.log.levels[n] = Number(word);
      return 0;
    },
  },
  panicSetting('kernel/panic', 'timeout', [-INT_MAX, INT_MAX]),
  panicSetting('kernel/panic_on_oops', 'onOops', [-INT_MAX, INT_MAX]),
  panicSetting('kernel/panic_on_warn', 'onWarn', [0, 1]),
  panicSetting('kernel/oops_limit', 'oopsLimit', [0, UINT_MAX]),
  panicSetting('kernel/warn_limit', 'warnLimit', [0, UINT_MAX]),
  kept('kernel/dmesg_restrict', 1, [0, 1]),
  kept('kernel/kptr_restrict', 0, [0, 2]),
  kept('kernel/modules_disabled', 0, [0, 1]),
  constant('kernel/modprobe', '/sbin/modprobe'),
  constant('kernel/pid_max', '32768'),
  constant('kernel/cap_last_cap', '40'),
  constant('kernel/ngroups_max', '65536'),
  constant('fs/file-max', '9223372036854775807'),
  { path: 'net/ipv4/tcp_available_congestion_control', read: (k) => k.get(CongestionControls).available().trimEnd() },
  { path: 'net/ipv4/tcp_allowed_congestion_control', read: (k) => k.get(CongestionControls).allowed().trimEnd() },
];

/** A write takes effect whole; what cannot be written cannot be opened for it either. */
export function procSys(k: Kernel, proc: TreeDirectory): void {
  const top = proc.child('sys', 0o555);
  for (const { path, read, write } of variables) {
    const parts = path.split('/');
    const name = parts.pop() as string;
    const folder = parts.reduce((directory, part) => directory.child(part, 0o555), top);
    folder.put(
      name,
      new AttributeFile(write === undefined ? 0o444 : 0o644, {
        ...plainText(() => `${read(k)}\n`),
        ...(write !== undefined && {
          *write(text: string) {
            const error = write(
              k,
              text.split(/\s+/).filter((word) => word !== ''),
            );
            return error < 0 ? error : text.length;
          },
        }),
      }),
    );
  }
}
