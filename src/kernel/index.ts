export * from './api/index.ts';
export { CommandLine } from './cmdline.ts';
export * from './cpu.ts';
export * from './description.ts';
export * from './fs/host_folder.ts';
export * from './fs/node.ts';
export * from './fs/stream.ts';
export * from './host.ts';
export * from './kernel.ts';
export { type Uevent, Uevents } from './lib/kobject_uevent.ts';
export { kstrto, parseBool } from './lib/kstrtox.ts';
export * from './memory.ts';
export { MODULES } from './mm/layout.ts';
export { type Checked, checkElf, checkModuleFile, checkSectionFlags, type ModuleFile as LoadableFile } from './module/checks.ts';
export { explain, explainReasons } from './module/explain.ts';
export { type Layout, layOut, type SectionClass, sectionClass } from './module/layout.ts';
export { parameterReason } from './module/parameters.ts';
export { advice, type LoadCheck, type LoadReason, type LoadReport, reason } from './module/reasons.ts';
export { checkSite, type RelocationSite, relocationRules, relocationValue, relUnsupported } from './module/relocations.ts';
export {
  checkSymbol,
  duplicateExport,
  type Exporter,
  type Found,
  mayStayUnresolved,
  nameTaken,
  noPercpu,
  resolveSymbol,
  type SymbolUser,
  symbolPlace,
  unresolved,
} from './module/resolve.ts';
export {
  checkBlacklist,
  checkVermagic,
  checkVersion,
  exportsUnversioned,
  modinfoRemarks,
  PROPRIETARY_KERNEL_ONLY,
  PROPRIETARY_NAMES,
} from './module/rules.ts';
export { type BootSettings, bootSettings } from './module/settings.ts';
export { checkSignature, unsignedRefusal } from './module/signature.ts';
export { readVersions, type Versions } from './module/versions.ts';
export { KernelPanic } from './panic.ts';
export { integerTypes } from './params.ts';
export { registerConsole } from './printk/console.ts';
export * from './printk/log.ts';
export * from './read.ts';
export { LOCKDOWN, lockdownAtBoot } from './security/lockdown.ts';
export * from './syscalls.ts';
export * from './tables.ts';
export { moduleTaintLetters, TAINT } from './taint.ts';
export type { StartedProgram, UserMode } from './umh.ts';
export { Watchdog } from './watchdog.ts';
