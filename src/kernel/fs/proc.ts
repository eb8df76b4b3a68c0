// Files of /proc and /sys that the kernel itself has. Source: fs/proc/*, kernel/module/{procfs,sysfs,kallsyms}.c.
import { EIO, ENODEV, S_IFDIR } from '#abi';

import { DmaChannels } from '../dma.ts';
import { MiscDevices } from '../drivers/char/misc.ts';
import { inputProc } from '../drivers/input/sysfs.ts';
import { Irqs } from '../irq/manage.ts';
import type { Kernel } from '../kernel.ts';
import { ControlFile, Dyndbg } from '../lib/dynamic_debug.ts';
import { synthUevent } from '../lib/kobject_uevent.ts';
import { type Addr, hex64, latin1 } from '../memory.ts';
import { flagsText } from '../module/main.ts';
import {
  MODULE_STATE_COMING,
  MODULE_STATE_GOING,
  MODULE_STATE_LIVE,
  MODULE_STATE_UNFORMED,
  type Module,
  ModuleStruct,
} from '../module/module.ts';
import { showParameter, storeParameter } from '../module/parameters.ts';
import { moduleTaintLetters } from '../panic.ts';
import { buses, classes, drivers, filesystems } from '../q35.generated.ts';
import { Resources } from '../resource.ts';
import { Lockdown } from '../security/lockdown.ts';
import { CharDevices } from './char_dev.ts';
import { AttributeFile, ComputedDirectory, type Directory, plainText, Symlink, TextFile, TreeDirectory } from './node.ts';
import { ProcRoot } from './proc_pid.ts';
import { procSys } from './proc_sys.ts';
import { procSystem } from './proc_system.ts';
import { showPage, storePage, sysfsText } from './sysfs/sysfs.ts';

const SECTION_FILE_SIZE = 19;
const SHF_ALLOC = 2;
const SHT_NOTE = 7;
const states: Readonly<Record<number, readonly [proc: string, sysfs: string]>> = {
  [MODULE_STATE_LIVE]: ['Live', 'live'],
  [MODULE_STATE_COMING]: ['Loading', 'coming'],
  [MODULE_STATE_GOING]: ['Unloading', 'going'],
};

export function modulesText(k: Kernel): string {
  return k.modules.all
    .filter(({ state }) => state !== MODULE_STATE_UNFORMED)
    .map((module) => {
      const struct = k.view(ModuleStruct, module.addr);
      const permanent = struct.init !== 0 && struct.exit === 0 ? '[permanent],' : '';
      const users = module.users.map(({ name }) => `${name},`).join('') + permanent || '-';
      const taints = module.taints === 0 ? '' : ` ${flagsText(module)}`;
      const size = module.coreSize + module.initSize;
      return `${module.name} ${size} ${k.modules.refcount(module)} ${users} ${states[module.state]?.[0] ?? ''} 0x${hex64(module.core)}${taints}\n`;
    })
    .join('');
}
export function kallsymsText(k: Kernel): string {
  const kernel = k.description.kallsyms.all().map(({ name, type, address }) => `${hex64(address)} ${type} ${name}\n`);
  const modules = k.modules.all.flatMap((module) =>
    module.symbols.map(({ name, letter, address }) => `${hex64(address)} ${letter} ${name}\t[${module.name}]\n`),
  );
  return kernel.join('') + modules.join('');
}

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
  text('modules', () => modulesText(k));
  text('kallsyms', () => kallsymsText(k));
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
  const directories = new WeakMap<Module, Directory>();
  const loaded = (): Module[] => k.modules.all.filter(({ state }) => state !== MODULE_STATE_UNFORMED);
  sys.put(
    'module',
    new ComputedDirectory(
      () => loaded().map(({ name }) => name),
      (name) => {
        const module = loaded().find((other) => other.name === name);
        if (module === undefined) return undefined;
        let directory = directories.get(module);
        if (directory === undefined) {
          directory = moduleDirectory(k, module);
          directories.set(module, directory);
        }
        return directory;
      },
    ),
  );
}

/** /sys/module/NAME. */
function moduleDirectory(k: Kernel, module: Module): Directory {
  const directory = new TreeDirectory(0o755, false);
  const text = (name: string, make: () => string, mode = 0o444): void =>
    directory.put(
      name,
      sysfsText(
        mode,
        plainText(() => `${make()}\n`),
      ),
    );
  directory.put(
    'uevent',
    sysfsText(0o200, {
      // biome-ignore lint/correctness/useYield: it never sleeps
      *write(event) {
        return synthUevent(k, `/module/${module.name}`, event) || event.length;
      },
    }),
  );
  for (const name of ['version', 'srcversion']) {
    const value = module.tag(name);
    if (value !== undefined) text(name, () => value);
  }
  text('initstate', () => states[module.state]?.[1] ?? '');
  text('coresize', () => `${module.coreSize}`);
  text('initsize', () => `${module.initSize}`);
  text('taint', () => moduleTaintLetters(module.taints));
  text('refcnt', () => `${k.modules.refcount(module)}`);
  directory.put(
    'holders',
    new ComputedDirectory(
      () => module.users.map(({ name }) => name),
      (name) => (module.users.some((user) => user.name === name) ? new Symlink(`../../${name}`) : undefined),
    ),
  );
  if (module.parameters.some(({ perm }) => perm !== 0)) directory.put('parameters', parametersDirectory(k, module));
  sectionFiles(k, module, directory);
  return directory;
}
function parametersDirectory(k: Kernel, module: Module): Directory {
  const directory = new TreeDirectory(0o755, false);
  const moduleAttrShow = k.description.addressOf('module_attr_show') ?? 0;
  for (const parameter of module.parameters) {
    if (parameter.perm === 0) continue;
    const writable = (parameter.perm & 0o222) !== 0;
    directory.put(
      parameter.name,
      sysfsText(parameter.perm, {
        read: () => showPage(k, moduleAttrShow, (page) => showParameter(k, parameter, page)),
        *write(value) {
          // Somebody has changed the file's mode.
          if (!writable) return -EIO;
          return yield* storePage(k, value, (buffer, length) => storeParameter(k, parameter, buffer, length));
        },
      }),
    );
  }
  return directory;
}
function sectionFiles(k: Kernel, module: Module, directory: TreeDirectory): void {
  const sections = new TreeDirectory(0o755, false);
  const notes = new TreeDirectory(0o755, false);
  const init = module.init;
  for (const { section, area, offset } of module.layout.placed.values()) {
    if (section.size === 0) continue;
    const address: Addr = (area === 'core' ? module.core : init) + offset;
    sections.put(
      section.name,
      new AttributeFile(
        0o400,
        plainText(() => `0x${hex64(address)}\n`),
        SECTION_FILE_SIZE,
      ),
    );
    if (section.type === SHT_NOTE && (section.flags & SHF_ALLOC) !== 0) {
      notes.put(
        section.name,
        new AttributeFile(
          0o444,
          plainText(() => latin1(k.memory.read(address, section.size))),
          section.size,
        ),
      );
    }
  }
  directory.put('sections', sections);
  if ([...notes.names()].length > 0) directory.put('notes', notes);
}
