// Tracking of contacts: new positions go to the old contacts so that the sum of squared distances is small.
// The kernel reduces a matrix of costs by dual variables (the Hungarian method, cut short). Source: drivers/input/input-mt.c.

interface Point {
  readonly x: number;
  readonly y: number;
}
/** Rows are contacts, columns new positions; entries below 0 mark the pairs. */
class Costs {
  readonly #w: number[];
  readonly #columns: number;
  readonly #rows: number;
  constructor(contacts: readonly Point[], positions: readonly Point[], bonus: number) {
    this.#w = contacts.flatMap(({ x, y }) => positions.map((p) => (x - p.x) ** 2 + (y - p.y) ** 2 - bonus));
    this.#columns = positions.length;
    this.#rows = contacts.length;
  }
  at(row: number, column: number): number {
    return this.#w[row * this.#columns + column] as number;
  }
  /** Takes the mean of the two smallest entries from a line of the matrix. Whether that changed who is paired. */
  #adjust(places: readonly number[], square: boolean, bonus: number): boolean {
    const values = places.map((place) => this.#w[place] as number);
    const [first] = values;
    if (first === undefined) return false;
    let smallest = first;
    let second = values[1] ?? first + 1;
    for (const value of values.slice(1)) {
      if (value < smallest) {
        second = smallest;
        smallest = value;
      } else if (value < second) second = value;
    }
    let cut = Math.trunc((smallest + second + 1) / 2);
    if (cut === 0 || (cut > bonus && (!square || bonus > 0))) return false;
    // Contacts that are covered more than once converge faster with twice the penalty.
    if (second < 0 && bonus <= 0) cut *= 2;
    for (const place of places) this.#w[place] = (this.#w[place] as number) - cut;
    return (cut < second && second <= 0) || (smallest >= 0 && smallest < cut);
  }
  reduce(bonus: number): void {
    const size = this.#w.length;
    const [columns, rows] = [this.#columns, this.#rows];
    for (let round = 0; round < size; round++) {
      for (let column = 0; column < columns; column++) {
        const places = Array.from({ length: rows }, (_, row) => row * columns + column);
        this.#adjust(places, columns <= rows, bonus);
      }
      let changed = false;
      for (let row = 0; row < rows; row++) {
        const places = Array.from({ length: columns }, (_, column) => row * columns + column);
        changed = this.#adjust(places, rows <= columns, bonus) || changed;
      }
      if (!changed) return;
    }
  }
}
/** The slot of each position. `slots` has the contact of every slot; undefined in a free one. */
export function assign(slots: readonly (Point | undefined)[], positions: readonly Point[], farthest: number): number[] {
  const bonus = 2 * farthest * farthest;
  const used = slots.flatMap((contact, slot) => (contact === undefined ? [] : [slot]));
  const costs = new Costs(
    used.map((slot) => slots[slot] as Point),
    positions,
    bonus,
  );
  costs.reduce(bonus);
  const result = positions.map(() => -1);
  for (const [row, slot] of used.entries()) {
    const paired = positions.findIndex((_, column) => costs.at(row, column) < 0);
    if (paired >= 0) result[paired] = slot;
  }
  const free = slots.flatMap((contact, slot) => (contact === undefined ? [slot] : []));
  return result.map((slot) => (slot >= 0 ? slot : (free.shift() ?? -1)));
}
