// What the kernel's command line and its own parameters say of modules. Source: kernel/module/main.c, kernel/module/signing.c.
import { kernelOption } from '../api/index.ts';
import type { CommandLine } from '../cmdline.ts';
import { capable } from '../cred.ts';
import type { KernelDescription } from '../description.ts';
import type { Kernel } from '../kernel.ts';
import { parseBool } from '../lib/kstrtox.ts';

const CAP_SYS_MODULE = 16;
const SIG = kernelOption('CONFIG_MODULE_SIG');
const SIG_FORCE = kernelOption('CONFIG_MODULE_SIG_FORCE');
const DECOMPRESS = kernelOption('CONFIG_MODULE_DECOMPRESS');

/** What a kernel is told about modules before it runs. */
export interface BootSettings {
  /** Whether the kernel looks at signatures at all. Unknown counts as yes: distributions do. */
  readonly signatures: boolean;
  /** Unsigned modules are refused. */
  readonly sigEnforce: boolean;
  /** Whether the kernel guards against Spectre v2, so that modules ought to. */
  readonly retpolines: boolean;
  /** `nomodule`: no module can be loaded. */
  readonly disabled: boolean;
  /** module_blacklist=. */
  readonly blacklist: readonly string[];
}
export function bootSettings(commandLine: CommandLine, description: KernelDescription): BootSettings {
  return {
    signatures: description.isSet(SIG) ?? true,
    sigEnforce: description.isSet(SIG_FORCE) === true || isOn(commandLine, 'module.sig_enforce'),
    retpolines: commandLine.value('mitigations') !== 'off' && commandLine.value('spectre_v2') !== 'off' && !commandLine.has('nospectre_v2'),
    disabled: commandLine.has('nomodule'),
    blacklist: commandLine.value('module_blacklist')?.split(',') ?? [],
  };
}
/** A parameter without a value is on. */
const isOn = (commandLine: CommandLine, name: string): boolean =>
  commandLine.has(name) && parseBool(commandLine.value(name) || '1') === true;

export class ModuleSettings {
  readonly #k: Kernel;
  /** Whether the kernel looks at signatures at all. Unknown counts as yes: distributions do. */
  readonly signatures: boolean;
  /** Whether finit_module takes compressed files. */
  readonly decompresses: boolean;
  /** kernel.modules_disabled; `nomodule` at boot. */
  disabled: boolean;
  /** module.sig_enforce: unsigned modules are refused. */
  sigEnforce: boolean;
  /** module.async_probe: the default of each module's async_probe. */
  asyncProbe: boolean;
  /** initcall_debug: each init is reported. */
  initcallDebug: boolean;
  /** Whether the kernel guards against Spectre v2. */
  readonly retpolines: boolean;
  /** module_blacklist=. */
  readonly blacklist: readonly string[];

  constructor(k: Kernel) {
    this.#k = k;
    const { commandLine, description } = k;
    const boot = bootSettings(commandLine, description);
    this.signatures = boot.signatures;
    this.decompresses = description.isSet(DECOMPRESS) ?? false;
    this.disabled = boot.disabled;
    this.sigEnforce = boot.sigEnforce;
    this.asyncProbe = isOn(commandLine, 'module.async_probe');
    this.initcallDebug = isOn(commandLine, 'initcall_debug');
    this.retpolines = boot.retpolines;
    this.blacklist = boot.blacklist;
  }
  /** Whether the running task may load and unload modules. */
  get permitted(): boolean {
    return capable(this.#k, CAP_SYS_MODULE) && !this.disabled;
  }
}
