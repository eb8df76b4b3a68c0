// What a module must be to fit this kernel: blacklist, struct module, vermagic; and what of its .modinfo taints the kernel.
// Source: kernel/module/main.c (blacklisted, check_modinfo), kernel/module/version.c.
import { EINVAL, ENOENT, ENOEXEC, EPERM } from '#abi';
import type { ElfFile } from '#elf';
import type { KernelDescription } from '../description.ts';
import type { LevelName } from '../printk/log.ts';
import { TAINT } from '../taint.ts';
import { findSection, type ModuleFile } from './checks.ts';
import { type LoadReason, reason } from './reasons.ts';
import { sameMagic, type Versions } from './versions.ts';

const GPL_LICENSES: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

export function* checkBlacklist({ infoName }: ModuleFile, blacklist: readonly string[]): Generator<LoadReason> {
  if (blacklist.includes(infoName)) yield reason('blacklist', EPERM, `Module ${infoName} is blacklisted`, { found: infoName });
}

/**
 * Compares a symbol's CRC with the one that the module was built against.
 * @param crc the exporter's; undefined or 0: it has none, which is accepted.
 * @param versions the module's; undefined: it has none, which the caller must take for a forced load.
 */
export function* checkVersion(infoName: string, symbol: string, crc: number | undefined, versions: Versions): Generator<LoadReason> {
  if (!crc) return;
  const wanted = versions.get(symbol);
  if (wanted === crc) return;
  const expected = `0x${crc.toString(16).padStart(8, '0')}`;
  const check = symbol === 'module_layout' ? 'module-layout' : 'symbol-version';
  const errno = symbol === 'module_layout' ? ENOEXEC : EINVAL;
  const details = { level: 'warning', symbol, expected, section: '__versions' } as const;
  yield wanted === undefined
    ? reason(check, errno, `${infoName}: no symbol version for ${symbol}`, { ...details, found: 'no entry' })
    : reason(check, errno, `${infoName}: disagrees about version of symbol ${symbol}`, {
        ...details,
        found: `0x${wanted.toString(16).padStart(8, '0')}`,
      });
}

/** The vermagic. A module without one is for the caller to take for a forced load. */
export function* checkVermagic(file: ModuleFile, description: KernelDescription, versioned: boolean): Generator<LoadReason> {
  const { vermagic } = description;
  const own = file.tag('vermagic');
  if (own === undefined || sameMagic(own, vermagic, versioned)) return;
  const text = `${file.infoName}: version magic '${own}' should be '${vermagic}'`;
  yield reason('vermagic', ENOEXEC, text, { expected: vermagic, found: own, section: '.modinfo' });
}

/** What .modinfo makes the kernel say: most of it taints. */
export interface ModinfoRemark {
  /** The taint; undefined: none. */
  readonly bit?: number;
  readonly level: LevelName;
  /** The record. */
  readonly text: string;
  /** 'first': while the kernel has not got the taint; 'once': the first time since boot. */
  readonly said: 'first' | 'once' | 'always';
}
/**
 * In Linux's order.
 * @param retpolines whether the kernel guards against Spectre v2, so that modules ought to.
 */
export function modinfoRemarks({ tag, name }: Pick<ModuleFile, 'tag' | 'name'>, retpolines: boolean): ModinfoRemark[] {
  const license = tag('license') ?? 'unspecified';
  const warning = (bit: number, text: string, said: ModinfoRemark['said'] = 'first'): ModinfoRemark => ({
    bit,
    level: 'warning',
    text: `${name}: ${text}`,
    said,
  });
  const remarks: (ModinfoRemark | false)[] = [
    tag('intree') === undefined && warning(TAINT.OOT_MODULE, 'loading out-of-tree module taints kernel.'),
    ...(retpolines && tag('retpoline') === undefined
      ? ([
          { level: 'err', text: 'Spectre V2 : System may be vulnerable to spectre v2', said: 'always' },
          { level: 'warning', text: `${name}: loading module not compiled with retpoline compiler.`, said: 'always' },
        ] as const)
      : []),
    tag('staging') !== undefined &&
      warning(TAINT.CRAP, 'module is from the staging directory, the quality is unknown, you have been warned.', 'always'),
    tag('livepatch') !== undefined && {
      bit: TAINT.LIVEPATCH,
      level: 'notice',
      text: `${name}: tainting kernel with TAINT_LIVEPATCH`,
      said: 'once',
    },
    !GPL_LICENSES.has(license) && warning(TAINT.PROPRIETARY_MODULE, `module license '${license}' taints kernel.`),
    tag('test') !== undefined && warning(TAINT.TEST, 'loading test module taints kernel.'),
  ];
  return remarks.filter((remark) => remark !== false);
}

/** Names that say what the license does not. Linux: check_module_license_and_versions(). */
export const PROPRIETARY_NAMES: ReadonlySet<string> = new Set(['driverloader', 'lve']);
/** This one taints the kernel, not itself. */
export const PROPRIETARY_KERNEL_ONLY = 'ndiswrapper';
/** Whether it exports symbols without their CRCs, which counts as a forced load. */
export function exportsUnversioned(elf: ElfFile): boolean {
  const unversioned = (table: string, crcs: string): boolean =>
    (findSection(elf, table)?.size ?? 0) > 0 && findSection(elf, crcs) === undefined;
  return unversioned('__ksymtab', '__kcrctab') || unversioned('__ksymtab_gpl', '__kcrctab_gpl');
}

/** Why a symbol that nobody exports is missing: in words that the check can show. */
export function unknownSymbol(symbol: string, gplOnly: boolean): LoadReason {
  return gplOnly
    ? reason('gpl-symbol', ENOENT, undefined, { symbol, expected: 'a GPL-compatible license', found: 'a proprietary module' })
    : reason('unknown-symbol', ENOENT, undefined, { symbol, expected: 'an export of the kernel or of a loaded module', found: 'none' });
}
