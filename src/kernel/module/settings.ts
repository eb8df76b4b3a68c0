// What the kernel's command line and its own parameters say of modules. Source: kernel/module/main.c, kernel/module/signing.c.
import { kernelOption } from '../api/index.ts';
import { KernelVariables } from '../builtin.ts';
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
  /** Whether the kernel guards against Spectre v2. */
  readonly retpolines: boolean;
  /** `nomodule`: no module can be loaded. */
  readonly disabled: boolean;
  /** module_blacklist=. */
  readonly blacklist: readonly string[];
}
export function bootSettings(commandLine: CommandLine, description: KernelDescription): BootSettings {
  const enforced = commandLine.has('module.sig_enforce') && parseBool(commandLine.value('module.sig_enforce') || '1') === true;
  return {
    signatures: description.isSet(SIG) ?? true,
    sigEnforce: description.isSet(SIG_FORCE) === true || enforced,
    retpolines: commandLine.value('mitigations') !== 'off' && commandLine.value('spectre_v2') !== 'off' && !commandLine.has('nospectre_v2'),
    disabled: commandLine.has('nomodule'),
    blacklist: commandLine.value('module_blacklist')?.split(',') ?? [],
  };
}

export class ModuleSettings {
  readonly #k: Kernel;
  /** Whether the kernel looks at signatures at all. Unknown counts as yes: distributions do. */
  readonly signatures: boolean;
  /** Whether finit_module takes compressed files. */
  readonly decompresses: boolean;
  readonly #nomodule: boolean;
  readonly #sigForce: boolean;
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
    this.#nomodule = boot.disabled;
    this.#sigForce = description.isSet(SIG_FORCE) === true;
    this.retpolines = boot.retpolines;
    this.blacklist = boot.blacklist;
  }
  /** kernel.modules_disabled; `nomodule` at boot. */
  get disabled(): boolean {
    return this.#nomodule || this.#k.get(KernelVariables).int('kernel/modules_disabled') !== 0;
  }
  /** module.sig_enforce: unsigned modules are refused. */
  get sigEnforce(): boolean {
    return this.#sigForce || this.#flag('module', 'sig_enforce');
  }
  /** module.async_probe: the default of each module's async_probe. */
  get asyncProbe(): boolean {
    return this.#flag('module', 'async_probe');
  }
  /** initcall_debug: each init is reported. */
  get initcallDebug(): boolean {
    return this.#flag('', 'initcall_debug');
  }
  #flag(module: string, name: string): boolean {
    return this.#k.get(KernelVariables).flag(module, name, false);
  }
  /** Whether the running task may load and unload modules. */
  get permitted(): boolean {
    return capable(this.#k, CAP_SYS_MODULE) && !this.disabled;
  }
}
