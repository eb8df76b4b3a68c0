// Files of /proc and /sys that the kernel itself has. Source: fs/proc/*, kernel/module/{procfs,sysfs,kallsyms}.c.
import { ENODEV, S_IFDIR } from '#abi';

import { DmaChannels } from '../dma.ts';
import { MiscDevices } from '../drivers/char/misc.ts';
import { inputProc } from '../drivers/input/sysfs.ts';
import { Irqs } from '../irq/manage.ts';
import { kallsymsText, showAddresses } from '../kallsyms.ts';
import type { Kernel } from '../kernel.ts';
import { sysKernel } from '../ksysfs.ts';
import { ControlFile, Dyndbg } from '../lib/dynamic_debug.ts';
import { modulesText } from '../module/procfs.ts';
import { moduleDirectories } from '../module/sysfs.ts';
import { ProcKmsg } from '../printk/syslog.ts';
import { buses, classes, drivers, filesystems } from '../q35.generated.ts';
import { Resources } from '../resource.ts';
import { Lockdown } from '../security/lockdown.ts';
import { CharDevices } from './char_dev.ts';
import { OpenedFile, plainText, TextFile, TreeDirectory } from './node.ts';
import { ProcRoot } from './proc_pid.ts';
import { procSys } from './proc_sys.ts';
import { procSystem } from './proc_system.ts';

/** Everything that stands in /proc, /sys and the ramfs root of a fresh kernel. */
export function mountAll(k: Kernel): void {
  for (const path of ['/bin', '/etc', '/root', '/tmp', '/run', '/var', `/lib/modules/${k.description.release}`]) k.vfs.directory(path);
  k.vfs.directory('/root').mode = S_IFDIR | 0o700;
  k.vfs.directory('/tmp').mode = S_IFDIR | 0o1777;
  sysfs(k);
  procfs(k);
  k.vfs.directory('/sys/kernel/debug/dynamic_debug').put('control', new ControlFile(k, true));
  k.vfs.directory('/sys/kernel/security').put('lockdown', k.get(Lockdown).file());
  if (k.cmdline.includes('dyndbg')) k.get(Dyndbg).bootParameters();
  k.vfs.mounts.push(
    { source: 'udev', target: '/dev', type: 'devtmpfs', options: 'rw,nosuid,relatime' },
    { source: 'debugfs', target: '/sys/kernel/debug', type: 'debugfs', options: 'rw,nosuid,nodev,noexec,relatime' },
  );
}

function procfs(k: Kernel): void {
  const proc = new ProcRoot(k);
  k.vfs.mount({ source: 'proc', target: '/proc', type: 'proc', options: 'rw,nosuid,nodev,noexec,relatime' }, proc);
  procSystem(k, proc);
  const text = (name: string, make: () => string, mode = 0o444): void => proc.put(name, new TextFile(mode, plainText(make)));
  // Who may see addresses is asked when they are opened.
  proc.put(
    'modules',
    new OpenedFile(0o444, () =>
      plainText(
        (
          (visible) => () =>
            modulesText(k, visible)
        )(showAddresses(k)),
      ),
    ),
  );
  proc.put(
    'kallsyms',
    new OpenedFile(0o444, () =>
      plainText(
        (
          (visible) => () =>
            kallsymsText(k, visible)
        )(showAddresses(k)),
      ),
    ),
  );
  proc.put('kmsg', new ProcKmsg(k));
  text('version', () => `${k.description.version}\n`);
  text('cmdline', () => `${k.cmdline}\n`);
  text('devices', () => k.get(CharDevices).procText());
  text('misc', () => k.get(MiscDevices).procText());
  for (const [name, file] of inputProc(k)) proc.child('bus', 0o555).child('input', 0o555).put(name, file);
  text('dma', () => k.get(DmaChannels).procText());
  text('interrupts', () => k.get(Irqs).procText());
  text('ioports', () => k.get(Resources).procText('ioport_resource'));
  text('iomem', () => k.get(Resources).procText('iomem_resource'));
  text('uptime', () => {
    const seconds = (k.clock.now / 1e9).toFixed(2);
    return `${seconds} ${seconds}\n`;
  });
  text('filesystems', () => filesystems.map((line) => `${line}\n`).join(''));
  proc.child('dynamic_debug', 0o555).put('control', new ControlFile(k, false));
  procSys(k, proc);
}

const SYSFS_SIZE = 4096;
/** What is written to a driver that has no devices: none of its name. */
function noDevice(): TextFile {
  return new TextFile(
    0o200,
    {
      *write() {
        return -ENODEV;
      },
    },
    SYSFS_SIZE,
  );
}
function sysfs(k: Kernel): void {
  const sys = new TreeDirectory(0o555, false);
  k.vfs.mount({ source: 'sysfs', target: '/sys', type: 'sysfs', options: 'rw,nosuid,nodev,noexec,relatime' }, sys);
  for (const name of ['bus', 'class', 'dev', 'devices', 'kernel']) sys.child(name);
  for (const name of buses) {
    sys.child('bus').child(name).child('devices');
    sys.child('bus').child(name).child('drivers');
  }
  for (const line of drivers) {
    const space = line.indexOf(' ');
    const driver = sys
      .child('bus')
      .child(line.slice(0, space))
      .child('drivers')
      .child(line.slice(space + 1));
    for (const name of ['bind', 'unbind']) driver.put(name, noDevice());
    driver.put('uevent', new TextFile(0o200, {}, SYSFS_SIZE));
  }
  for (const name of classes) sys.child('class').child(name);
  sys.put('module', moduleDirectories(k));
  sysKernel(k, sys.child('kernel'));
}
