// Where guest functions lie: what the CPU may translate. Filled by the loader, module by module.
import type { TextRange } from '../cpu.ts';

export class GuestText {
  /** Ranges of all modules, sorted by start. */
  #ranges: TextRange[] = [];
  readonly #byOwner = new Map<object, readonly TextRange[]>();

  /** `ranges` of one owner, sorted by start, not overlapping. */
  add(owner: object, ranges: readonly TextRange[]): void {
    this.#byOwner.set(owner, ranges);
    this.#rebuild();
  }
  remove(owner: object): void {
    this.#byOwner.delete(owner);
    this.#rebuild();
  }
  functionAt(ip: number): TextRange | undefined {
    const range = this.#ranges[this.#lastStartingAtOrBefore(ip)];
    return range !== undefined && ip < range.end ? range : undefined;
  }
  /** All functions of the owner of the one at `ip`. */
  functionsNear(ip: number): readonly TextRange[] {
    const range = this.functionAt(ip);
    if (range === undefined) return [];
    for (const ranges of this.#byOwner.values()) if (ranges.includes(range)) return ranges;
    return [];
  }
  #lastStartingAtOrBefore(ip: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as TextRange).start <= ip) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  #rebuild(): void {
    this.#ranges = [...this.#byOwner.values()].flat().sort((a, b) => a.start - b.start);
  }
}
