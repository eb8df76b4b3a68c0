// The kernel that modules are checked against: its description and command line, prepared for many questions.
import {
  type BootSettings,
  bootSettings,
  CommandLine,
  type ExportedSymbol,
  type KernelDescription,
  LOCKDOWN,
  lockdownAtBoot,
} from '#kernel';

export class TargetKernel {
  readonly description: KernelDescription;
  readonly settings: BootSettings;
  /** Whether unsigned modules are refused by lockdown. */
  readonly lockedDown: boolean;
  /** Looked up thousands of times: a description searches its text. */
  readonly exports: ReadonlyMap<string, ExportedSymbol>;
  /** Size of struct module, and where its name lies. */
  readonly struct: { readonly size: number; readonly name: number };

  constructor(description: KernelDescription, commandLine = '') {
    const line = new CommandLine(commandLine);
    this.description = description;
    this.settings = bootSettings(line, description);
    this.lockedDown = lockdownAtBoot(line) >= LOCKDOWN.integrity;
    this.exports = new Map(description.exports.values().map((symbol) => [symbol.name, symbol]));
    const { layouts } = description;
    this.struct = {
      size: layouts.get('module') ?? description.btf.struct('module')?.size ?? 0,
      name: layouts.get('module.name') ?? description.btf.offsetOf('module', 'name'),
    };
  }
}
