// Lockdown: what even root may not do. Source: security/lockdown/lockdown.c.
import type { Kernel } from '../kernel.ts';

/** From nothing to everything: none, integrity, confidentiality. */
export const LOCKDOWN = { none: 0, integrity: 1, confidentiality: 2 } as const;

export class Lockdown {
  readonly #k: Kernel;
  level: number;
  constructor(k: Kernel) {
    this.#k = k;
    const wanted = k.commandLine.value('lockdown');
    this.level = wanted === 'integrity' || wanted === 'confidentiality' ? LOCKDOWN[wanted] : LOCKDOWN.none;
  }
  /** Whether `what`, forbidden from `level` on, must not be done; says so. */
  locked(level: number, what: string): boolean {
    if (this.level < level) return false;
    const { log, scheduler, current } = this.#k;
    log.print('notice', `Lockdown: ${scheduler.comm(current)}: ${what} is restricted; see man kernel_lockdown.7`);
    return true;
  }
}
