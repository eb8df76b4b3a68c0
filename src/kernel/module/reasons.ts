// Why a module is not loaded. Linux gives an errno and perhaps a record; here each check also says what it found and what to do.
import type { LevelName } from '../printk/log.ts';

/** The checks that can refuse a module, and what to do about each. */
export const advice = {
  permission: 'loading needs CAP_SYS_MODULE and kernel.modules_disabled = 0, which only a reboot sets back',
  lockdown: 'the kernel is locked down: sign the module with a key that it trusts, or boot without lockdown=',
  file: 'give a regular, non-empty module file that nobody has open for writing',
  signature:
    'sign the file again with a key that this kernel trusts, or strip the signature (strip --strip-debug) where unsigned modules are allowed',
  'elf-header': 'the file is no relocatable x86-64 ELF file: build it with the kernel headers (make -C .../build M=$PWD modules)',
  'elf-sections': 'the file is cut off or damaged: copy or build it again',
  'symbol-table': 'do not strip the symbol table: use strip --strip-debug at most',
  'this-module': 'link the module with its .mod.o: let Kbuild make the .ko',
  blacklist: 'remove the name from module_blacklist= on the kernel command line',
  vermagic: 'build the module for this kernel: its headers must be the ones that the build uses',
  'module-layout': 'build the module against the headers of this very kernel: struct module differs',
  'section-flags': 'no section may be writable and executable: check assembler files and linker scripts',
  memory: 'the module is larger than the memory that is left',
  name: 'a module of this name is loaded or being loaded: remove it first, or wait',
  percpu: 'the modules that are loaded use up the memory for static per-CPU variables: use alloc_percpu()',
  'unknown-symbol': 'load the module that exports the symbol first (modprobe does), or enable the option that builds it into the kernel',
  'gpl-symbol': 'the symbol is for modules with a GPL-compatible license only: set MODULE_LICENSE accordingly or do without it',
  proprietary: 'a module that uses GPL-only symbols cannot use those of a proprietary module',
  'symbol-version': 'build the module against the headers and the Module.symvers of this very kernel',
  namespace: 'add MODULE_IMPORT_NS() with this namespace to the module',
  owner: 'the module that exports the symbol has not finished its init, or is leaving: try again',
  kobox: 'this kernel exports the symbol but kobox does not have it yet (docs/api-support.md)',
  'common-symbol': 'compile with -fno-common',
  'section-index': 'the symbol table is damaged: build the module again',
  relocation: 'compile with -mcmodel=kernel -fno-pic, as Kbuild does',
  arguments: 'the parameter string cannot be read',
  'duplicate-export': 'two modules must not export the same symbol: rename it or remove the other module',
  notifier: 'a module notifier vetoed the load',
  parameter: 'see modinfo -p for the names and types of the parameters',
  sysfs: 'built-in code of the same name has /sys/module/NAME already: rename the module',
  init: "the module's own init function returned this error: see the kernel log",
} as const;
export type LoadCheck = keyof typeof advice;

/** One thing that is in the way of loading a module. */
export interface LoadReason {
  readonly check: LoadCheck;
  /** What the system call fails with, when this is what it ends with. */
  readonly errno: number;
  /** The record that Linux prints; undefined: it says nothing. */
  readonly record: { readonly level: LevelName; readonly text: string } | undefined;
  /** The symbol that the check is about. */
  readonly symbol?: string;
  readonly expected?: string;
  readonly found?: string;
  /** Where in the file: bytes from its start, and the section. */
  readonly offset?: number;
  readonly section?: string;
  readonly advice: string;
}
type Details = Partial<Pick<LoadReason, 'symbol' | 'expected' | 'found' | 'offset' | 'section'>>;

/** A reason whose record, if any, has level err. */
export function reason(check: LoadCheck, errno: number, text?: string, details: Details & { readonly level?: LevelName } = {}): LoadReason {
  const { level = 'err', ...rest } = details;
  return { check, errno, record: text === undefined ? undefined : { level, text }, ...rest, advice: advice[check] };
}

/** What a load found out, beyond what Linux says. */
export interface LoadReport {
  /** The module's name, as far as it was read. */
  readonly module: string | undefined;
  /** 0, or what the system call failed with (positive). */
  readonly errno: number;
  /** Linux's name of the step that refused. */
  readonly step: string | undefined;
  /** In the order in which they were found; empty when the module was loaded. */
  readonly reasons: readonly LoadReason[];
}
