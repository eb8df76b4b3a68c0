// Lockdown: what even root may not do. Source: security/lockdown/lockdown.c.
import type { CommandLine } from '../cmdline.ts';
import type { Kernel } from '../kernel.ts';

/** From nothing to everything: none, integrity, confidentiality. */
export const LOCKDOWN = { none: 0, integrity: 1, confidentiality: 2 } as const;

/** The level that the command line asks for. */
export function lockdownAtBoot(commandLine: CommandLine): number {
  const wanted = commandLine.value('lockdown');
  return wanted === 'integrity' || wanted === 'confidentiality' ? LOCKDOWN[wanted] : LOCKDOWN.none;
}
export class Lockdown {
  readonly #k: Kernel;
  level: number;
  constructor(k: Kernel) {
    this.#k = k;
    this.level = lockdownAtBoot(k.commandLine);
  }
  /** Whether `what`, forbidden from `level` on, must not be done; says so. */
  locked(level: number, what: string): boolean {
    if (this.level < level) return false;
    const { log, scheduler, current } = this.#k;
    log.print('notice', `Lockdown: ${scheduler.comm(current)}: ${what} is restricted; see man kernel_lockdown.7`);
    return true;
  }
}
