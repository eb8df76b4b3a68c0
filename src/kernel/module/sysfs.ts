// /sys/module: a directory for each module, and for what is built in and has parameters or a version.
// Source: kernel/module/sysfs.c, kernel/params.c.
import { EINVAL, EIO, EPERM } from '#abi';
import { type BuiltinParameter, KernelVariables } from '../builtin.ts';
import { CAP, capable } from '../cred.ts';
import {
  AttributeFile,
  ComputedDirectory,
  type Directory,
  LazyDirectory,
  type OpenNode,
  plainText,
  Symlink,
  type TextSource,
  TreeDirectory,
} from '../fs/node.ts';
import { showPage, storePage, sysfsText } from '../fs/sysfs/sysfs.ts';
import { showAddresses } from '../kallsyms.ts';
import type { Kernel } from '../kernel.ts';
import { synthUevent, type UeventAction, Uevents } from '../lib/kobject_uevent.ts';
import { type Addr, hex64, latin1 } from '../memory.ts';
import { builtinDrivers, builtinParameters } from '../q35.generated.ts';
import { moduleTaintLetters } from '../taint.ts';
import { KernelParam, type KernelParameter } from './kernel_param.ts';
import { MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_LIVE, type Module } from './module.ts';
import { showParameter, storeParameter } from './parameters.ts';

const SHF_ALLOC = 2;
const SHT_NOTE = 7;
const SECTION_FILE_SIZE = 19;
const states: Readonly<Record<number, string>> = {
  [MODULE_STATE_LIVE]: 'live',
  [MODULE_STATE_COMING]: 'coming',
  [MODULE_STATE_GOING]: 'going',
};

/** What /sys/module holds. */
export function moduleDirectories(k: Kernel): Directory {
  const made = new WeakMap<Module, Directory>();
  const builtin = new Map<string, Directory>();
  const loaded = (): Module[] => k.modules.all.filter(({ inSysfs }) => inSysfs);
  return new ComputedDirectory(
    () => [...k.description.builtin.modules, ...loaded().map(({ name }) => name)],
    (name) => {
      const module = loaded().find((other) => other.name === name);
      const known = module === undefined ? builtin.get(name) : made.get(module);
      if (known !== undefined) return known;
      if (module === undefined) {
        if (!k.description.builtin.modules.has(name)) return undefined;
        const directory = new LazyDirectory((self) => builtinDirectory(k, name, self), 0o755, false);
        builtin.set(name, directory);
        return directory;
      }
      const directory = moduleDirectory(k, module);
      made.set(module, directory);
      return directory;
    },
  );
}
const line = (make: () => string): TextSource => plainText(() => `${make()}\n`);
const uevent = (k: Kernel, name: string): AttributeFile =>
  sysfsText(0o200, {
    *write(event) {
      const error = yield* synthUevent(k, `/module/${name}`, event, function* (action, extra) {
        moduleUevent(k, name, action, extra);
        return 0;
      });
      return error === 0 ? event.length : error;
    },
  });
/** Tells of a module that came or went. */
export function moduleUevent(k: Kernel, name: string, action: UeventAction, extra: readonly string[] = []): void {
  k.get(Uevents).send(action, { path: `/module/${name}`, subsystem: 'module' }, extra);
}

/** /sys/module/NAME. */
function moduleDirectory(k: Kernel, module: Module): Directory {
  const directory = new TreeDirectory(0o755, false);
  const text = (name: string, make: () => string): void => directory.put(name, sysfsText(0o444, line(make)));
  directory.put('uevent', uevent(k, module.name));
  for (const name of ['version', 'srcversion']) {
    const value = module.tag(name);
    if (value !== undefined) text(name, () => value);
  }
  text('initstate', () => states[module.state] ?? '');
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
  const visible = module.parameters.filter(({ perm }) => perm !== 0);
  if (visible.length > 0) {
    const parameters = new TreeDirectory(0o755, false);
    for (const parameter of visible) parameters.put(parameter.name, parameterFile(k, parameter));
    directory.put('parameters', parameters);
  }
  sectionFiles(k, module, directory);
  return directory;
}
function parameterFile(k: Kernel, parameter: KernelParameter): AttributeFile {
  const writable = (parameter.perm & 0o222) !== 0;
  const moduleAttrShow = k.description.addressOf('module_attr_show') ?? 0;
  return sysfsText(parameter.perm, {
    read: () => showPage(k, moduleAttrShow, (page) => showParameter(k, parameter, page)),
    *write(value) {
      // Somebody has changed the file's mode.
      if (!writable) return -EIO;
      return yield* storePage(k, value, (buffer, length) => storeParameter(k, parameter, buffer, length));
    },
  });
}
/** A file of sections: who may see addresses is asked at each read, of the one who has opened it. Only all of it can be read. */
class SectionFile extends AttributeFile {
  readonly #k: Kernel;
  readonly #address: Addr;
  constructor(k: Kernel, address: Addr) {
    super(0o400, plainText(String), SECTION_FILE_SIZE);
    this.#k = k;
    this.#address = address;
  }
  override open(decode: (data: Uint8Array) => string): OpenNode {
    const [k, address] = [this.#k, this.#address];
    const privileged = capable(k, CAP.SYSLOG);
    const make = (): string => `0x${hex64(showAddresses(k, privileged) ? address : 0)}\n`;
    const open = new AttributeFile(this.mode, plainText(make)).open(decode);
    return {
      ...open,
      *read(count) {
        if (this.position >= SECTION_FILE_SIZE) return new Uint8Array(0);
        if (this.position !== 0) return -EINVAL;
        open.position = 0;
        const bytes = yield* open.read(count);
        if (typeof bytes !== 'number') this.position += bytes.length;
        return bytes;
      },
    };
  }
}
function sectionFiles(k: Kernel, module: Module, directory: TreeDirectory): void {
  const sections = new TreeDirectory(0o755, false);
  const notes = new TreeDirectory(0o755, false);
  const init = module.init;
  for (const { section, area, offset } of module.layout.placed.values()) {
    if (section.size === 0) continue;
    const address: Addr = (area === 'core' ? module.core : init) + offset;
    sections.put(section.name, new SectionFile(k, address));
    if (section.type === SHT_NOTE && (section.flags & SHF_ALLOC) !== 0) {
      const bytes = plainText(() => latin1(k.memory.read(address, section.size)));
      notes.put(section.name, new AttributeFile(0o444, bytes, section.size));
    }
  }
  directory.put('sections', sections);
  if ([...notes.names()].length > 0) directory.put('notes', notes);
}

function builtinDirectory(k: Kernel, name: string, directory: TreeDirectory): void {
  directory.put('uevent', uevent(k, name));
  const version = k.description.builtin.versions.get(name);
  if (version !== undefined)
    directory.put(
      'version',
      sysfsText(
        0o444,
        line(() => version),
      ),
    );
  for (const entry of builtinDrivers) {
    const [, module, driver = '', target = ''] = /^([^/]+)\/drivers\/(\S+) (.*)$/.exec(entry) ?? [];
    if (module === name) directory.child('drivers').put(driver, new Symlink(target));
  }
  for (const parameter of k.description.builtin.parameters) {
    if ((parameter.module || 'kernel') !== name) continue;
    directory.child('parameters').put(parameter.name, k.get(BuiltinParameters).file(`${name}/parameters/${parameter.name}`, parameter));
  }
}
/** Types of single subsystems that store as a standard type does, or (enabled, paranoid_load) may only be read. */
const LIKE: Readonly<Record<string, string>> = {
  param_ops_aabool: 'param_ops_bool',
  zswap_enabled_param_ops: 'param_ops_bool',
  param_ops_aalockpolicy: 'param_ops_bool',
  shuffle_param_ops: 'param_ops_bool',
  param_ops_aauint: 'param_ops_uint',
  param_ops_bufsize: 'param_ops_uint',
  disk_events_dfl_poll_msecs_param_ops: 'param_ops_ulong',
  first_fqs_jiffies_ops: 'param_ops_ulong',
  next_fqs_jiffies_ops: 'param_ops_ulong',
  param_ops_aacompressionlevel: 'param_ops_int',
  __param_ops_edac_mc_poll_msec: 'param_ops_int',
};

/** Values that the boot has computed, as recorded: those of the image are others. */
const COMPUTED = new Set([
  'cpufreq/parameters/default_governor',
  'gpiolib_acpi/parameters/run_edge_events_on_boot',
  'processor/parameters/ignore_ppc',
  'rcupdate/parameters/rcu_task_enqueue_lim',
  'rcutree/parameters/jiffies_till_first_fqs',
  'rcutree/parameters/jiffies_till_next_fqs',
  'rcutree/parameters/jiffies_to_sched_qs',
  'srcutree/parameters/convert_to_big',
  'vt/parameters/global_cursor_default',
]);

/** Parameters of built-in modules: their variables are those of the image. */
class BuiltinParameters {
  readonly #k: Kernel;
  readonly #recorded = new Map(builtinParameters.map((entry) => [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)]));
  constructor(k: Kernel) {
    this.#k = k;
    k.get(KernelVariables);
  }
  file(path: string, parameter: BuiltinParameter): AttributeFile {
    const k = this.#k;
    const { name, mode, flags, ops, arg } = parameter;
    const type = LIKE[ops] ?? ops;
    const operations = arg === 0 ? undefined : k.symbols.addressOf(type);
    const recorded = this.#recorded.get(path) ?? '';
    if (operations === undefined) {
      // A type of a subsystem that is not here: what was recorded stays.
      return sysfsText(mode, {
        ...line(() => recorded),
        *write() {
          return -EPERM;
        },
      });
    }
    if (COMPUTED.has(path)) k.get(KernelVariables).store(parameter, recorded);
    const addr = k.slab.alloc(k.layouts.sizeOf('kernel_param')) ?? 0;
    const param = k.view(KernelParam, addr);
    param.name = k.cstringAlloc(name);
    param.mod = 0;
    param.ops = operations;
    param.perm = mode;
    param.level = -1;
    param.flags = flags;
    param.arg = arg;
    return parameterFile(k, { name, addr, perm: mode });
  }
}
