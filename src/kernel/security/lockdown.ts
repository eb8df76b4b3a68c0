// Lockdown: what root may not do to the kernel. Source: security/lockdown/lockdown.c, security/security.c (lockdown_reasons).
import { EINVAL, EPERM } from '#abi';
import { int, type KernelApi, kernelApi, kfunc, uint } from '../api/index.ts';
import type { CommandLine } from '../cmdline.ts';
import { TextFile } from '../fs/node.ts';
import type { Kernel } from '../kernel.ts';
import { Ratelimit } from '../lib/ratelimit.ts';

/** From nothing to everything. */
export const LOCKDOWN = { none: 0, integrity: 1, confidentiality: 2 } as const;
/** By level. */
const NAMES = Object.keys(LOCKDOWN);
/** enum lockdown_reason: its texts, in its order; undefined is of another architecture. Up to the name of a level its level forbids. */
const REASONS: readonly (string | undefined)[] = [
  'none',
  'unsigned module loading',
  '/dev/mem,kmem,port',
  '/dev/efi_test access',
  'kexec of unsigned images',
  'hibernation',
  'direct PCI access',
  'raw io port access',
  'raw MSR access',
  'modifying ACPI tables',
  'modifying device tree contents',
  'direct PCMCIA CIS storage',
  'reconfiguration of serial port IO',
  'unsafe module parameters',
  'unsafe mmio',
  'debugfs access',
  'xmon write access',
  'use of bpf to write user RAM',
  'use of kgdb/kdb to write kernel RAM',
  'RTAS error injection',
  'Xen guest user action',
  'integrity',
  '/proc/kcore access',
  'use of kprobes',
  'use of bpf to read kernel RAM',
  'use of kgdb/kdb to read kernel RAM',
  'unsafe use of perf',
  'use of tracefs',
  'xmon read and write access',
  'xfrm SA secret',
  'confidentiality',
];
const INTEGRITY_MAX = REASONS.indexOf('integrity');

/** The level that the command line asks for. */
export const lockdownAtBoot = ({ parameters }: CommandLine): number =>
  Math.max(LOCKDOWN.none, ...parameters.map(({ name, value = '' }) => (name === 'lockdown' ? NAMES.indexOf(value) : LOCKDOWN.none)));

export class Lockdown {
  readonly #k: Kernel;
  #messages: Ratelimit | undefined;
  /** 0 none, 1 integrity, 2 confidentiality. It only rises. */
  level: number = LOCKDOWN.none;
  constructor(k: Kernel) {
    this.#k = k;
    for (const { name, value = '' } of k.commandLine.parameters) {
      if (name !== 'lockdown') continue;
      const level = NAMES.indexOf(value);
      if (level > 0) this.#raise(level, 'command line');
      else k.log.print('warning', "Malformed early option 'lockdown'");
    }
  }
  #raise(level: number, where: string): number {
    if (level < 0) return -EINVAL;
    if (this.level >= level) return -EPERM;
    this.level = level;
    this.#k.log.print('notice', `Kernel is locked down from ${where}; see man kernel_lockdown.7`);
    return 0;
  }
  /** Whether what `level` forbids is forbidden now; the log then says that `text` was tried. */
  locked(level: number, text: string): boolean {
    if (this.level < level) return false;
    const { scheduler, current } = this.#k;
    const comm = scheduler.comm(current);
    this.#messages ??= new Ratelimit(this.#k, 'lockdown_is_locked_down');
    if (this.#messages.allows()) this.#k.log.print('notice', `Lockdown: ${comm}: ${text} is restricted; see man kernel_lockdown.7`);
    return true;
  }
  /** /sys/kernel/security/lockdown. */
  file(): TextFile {
    const lockdown = this;
    return new TextFile(0o644, {
      *read() {
        return `${NAMES.map((name, level) => (level === lockdown.level ? `[${name}]` : name)).join(' ')}\n`;
      },
      *write(text) {
        const name = text.replace(/\0.*$/s, '').replace(/\n$/, '');
        return lockdown.#raise(NAMES.indexOf(name), 'securityfs') || text.length;
      },
    });
  }
}

export const securityApi: KernelApi = kernelApi('security/security.c', {
  /** Return: -EPERM when the kernel's lockdown forbids `what` (enum lockdown_reason), which the log then says. */
  security_locked_down: kfunc({ what: uint }, int, (k, { what }) => {
    const level = what <= INTEGRITY_MAX ? LOCKDOWN.integrity : LOCKDOWN.confidentiality;
    return k.get(Lockdown).locked(level, REASONS[what] ?? '') ? -EPERM : 0;
  }),
});
