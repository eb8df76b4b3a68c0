// What taints the kernel, and the end of everything. Source: kernel/panic.c.
import { printDump } from './arch/x86/stacktrace.ts';
import { KernelVariables } from './builtin.ts';
import type { Kernel } from './kernel.ts';
import { kstrto } from './lib/kstrtox.ts';
import type { Addr } from './memory.ts';
import { notifyPanic } from './notifier.ts';
import { LETTERS, TAINT } from './taint.ts';

/** After these lock debugging cannot be trusted: said once. */
const UNRELIABLE: readonly number[] = [TAINT.PROPRIETARY_MODULE, TAINT.FORCED_MODULE, TAINT.FORCED_RMMOD, TAINT.DIE];

export class Taint {
  readonly #k: Kernel;
  mask = 0;
  #lockDebugging = true;

  constructor(k: Kernel) {
    this.#k = k;
  }
  has(bit: number): boolean {
    return (this.mask & (1 << bit)) !== 0;
  }
  /** `trap`: where the exception came from whose handler adds it. */
  add(bit: number, quiet = false, trap?: Addr): void {
    if (UNRELIABLE.includes(bit) && this.#lockDebugging && !quiet) {
      this.#lockDebugging = false;
      this.#k.log.print('warning', 'Disabling lock debugging due to kernel taint');
    }
    this.mask |= 1 << bit;
    const settings = this.#k.get(PanicSettings);
    if ((this.mask & settings.onTaint) === 0) return;
    settings.onTaint = 0;
    panic(this.#k, 'panic_on_taint set ...', trap === undefined ? 'panic' : 'add_taint', trap);
  }
  /** 'Tainted: G        W  OE     ' or 'Not tainted', as in reports. */
  header(): string {
    if (this.mask === 0) return 'Not tainted';
    return `Tainted: ${[...LETTERS].map((letter, bit) => (this.has(bit) ? letter : bit === 0 ? 'G' : ' ')).join('')}`;
  }
}
/** The machine has stopped for good: what every call of it throws from then on. */
export class KernelPanic extends Error {
  /** What panic() was told. */
  readonly text: string;
  constructor(text: string) {
    super(`Kernel panic - not syncing: ${text}`);
    this.text = text;
  }
}

/** What is no number counts as none given. */
const numberOf = (parsed: bigint | number): number => (typeof parsed === 'bigint' ? Number(parsed) : 0);

/** What makes the kernel panic, and what it does then: from the command line, and the variables of /proc/sys/kernel. */
export class PanicSettings {
  readonly #k: Kernel;
  /** /sys/kernel/oops_count, warn_count. */
  oopses = 0;
  warnings = 0;
  /** panic_on_taint=: a mask of taints. */
  onTaint: number;
  /** panic_on_taint=MASK,nousertaint: nobody may set one of these by kernel.tainted. */
  readonly noUserTaint: boolean;
  inProgress = false;

  constructor(k: Kernel) {
    this.#k = k;
    const [mask = '', mode] = k.commandLine.value('panic_on_taint')?.split(',') ?? [];
    this.onTaint = numberOf(kstrto(mask, 64, false, 16)) & (2 ** LETTERS.length - 1);
    this.noUserTaint = mode === 'nousertaint';
  }
  get #variables(): KernelVariables {
    return this.#k.get(KernelVariables);
  }
  /** kernel.panic: seconds until the machine reboots; 0 never, below 0 at once. */
  get timeout(): number {
    return this.#variables.int('kernel/panic');
  }
  get onOops(): boolean {
    return this.#variables.int('kernel/panic_on_oops') !== 0;
  }
  get onWarn(): boolean {
    return this.#variables.int('kernel/panic_on_warn') !== 0;
  }
  /** So many are too many; 0: never. */
  get oopsLimit(): number {
    return this.#variables.int('kernel/oops_limit') >>> 0;
  }
  get warnLimit(): number {
    return this.#variables.int('kernel/warn_limit') >>> 0;
  }
  /** A warning on the way down must not panic again. */
  ignoreWarnings(): void {
    this.#variables.setInt('kernel/panic_on_warn', 0);
  }
}

/**
 * Says why, tells the panic notifiers, and stops the machine. `way`, `trap`: as in printDump(). After an oops, which has dumped
 * the stack, there is no trace.
 */
export function panic(k: Kernel, text: string, way = 'panic', trap?: Addr): never {
  const settings = k.get(PanicSettings);
  settings.ignoreWarnings();
  k.log.print('emerg', `Kernel panic - not syncing: ${text}`);
  if (!k.taint.has(TAINT.DIE)) printDump(k, way, trap);
  // Our addresses are those of the image: as after nokaslr.
  k.log.print('emerg', 'Kernel Offset: disabled');
  // A notifier that panics is the last.
  if (!settings.inProgress) {
    settings.inProgress = true;
    notifyPanic(k, text);
  }
  if (settings.timeout > 0) k.log.print('emerg', `Rebooting in ${settings.timeout} seconds..`);
  if (settings.timeout === 0) k.log.print('emerg', `---[ end Kernel panic - not syncing: ${text} ]---`);
  throw new KernelPanic(text);
}
