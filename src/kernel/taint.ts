// Taint flags and their letters. Source: include/linux/panic.h, kernel/panic.c; Documentation/admin-guide/tainted-kernels.rst.

/** Bit of each taint, by Linux's name. */
export const TAINT = {
  PROPRIETARY_MODULE: 0,
  FORCED_MODULE: 1,
  CPU_OUT_OF_SPEC: 2,
  FORCED_RMMOD: 3,
  MACHINE_CHECK: 4,
  BAD_PAGE: 5,
  USER: 6,
  DIE: 7,
  OVERRIDDEN_ACPI_TABLE: 8,
  WARN: 9,
  CRAP: 10,
  FIRMWARE_WORKAROUND: 11,
  OOT_MODULE: 12,
  UNSIGNED_MODULE: 13,
  SOFTLOCKUP: 14,
  LIVEPATCH: 15,
  AUX: 16,
  RANDSTRUCT: 17,
  TEST: 18,
} as const;
/** Letter when set; when clear a blank, but for bit 0 (G). */
export const LETTERS = 'PFSRMBUDAWCIOELKXTN';
/** Taints that a module can carry itself. */
const MODULE_TAINTS = [0, 1, 10, 12, 13, 15, 16, 17, 18];
/** The letters of a module's own taints, in bit order. */
export function moduleTaintLetters(mask: number): string {
  return MODULE_TAINTS.filter((bit) => (mask & (1 << bit)) !== 0)
    .map((bit) => LETTERS[bit])
    .join('');
}
