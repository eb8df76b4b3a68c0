// Time since boot, and what happens when. Virtual time stands still until something needs it to pass.

interface ClockEvent {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}
export interface CancellableEvent {
  cancel(): void;
}

/** Nanoseconds since boot as a whole number: exact for 104 days. */
export type Nanoseconds = number;

export class Clock {
  #now: Nanoseconds;
  #order = 0;
  /** Sorted by time, then order; few at a time, so a sorted array is enough. */
  readonly #events: ClockEvent[] = [];
  /** Where the kernel's CLOCK_REALTIME stands at boot, in ns since the epoch. */
  readonly bootRealtime: bigint;
  readonly #onAdvance: ((now: Nanoseconds) => void)[] = [];

  constructor(start: Nanoseconds, bootRealtime: bigint) {
    this.#now = start;
    this.bootRealtime = bootRealtime;
  }
  get now(): Nanoseconds {
    return this.#now;
  }
  /** Called after each change of the time (jiffies follow it). */
  onAdvance(listener: (now: Nanoseconds) => void): void {
    this.#onAdvance.push(listener);
  }
  /** Runs `run` once when the time has come; as an interrupt would, between two steps of guest code. */
  at(time: Nanoseconds, run: () => void): CancellableEvent {
    const event: ClockEvent = { time: Math.ceil(time), order: this.#order++, run, cancelled: false };
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1] as ClockEvent).time > time) index--;
    this.#events.splice(index, 0, event);
    return {
      cancel: () => {
        event.cancelled = true;
        const position = this.#events.indexOf(event);
        if (position >= 0) this.#events.splice(position, 1);
      },
    };
  }
  /** When the next event is due, or undefined. */
  get next(): Nanoseconds | undefined {
    return this.#events[0]?.time;
  }
  /** Lets `duration` pass without running events: time that code itself takes. */
  pass(duration: Nanoseconds): void {
    this.#set(this.#now + Math.round(duration));
  }
  /** Moves the time to `time` when it is later. */
  advanceTo(time: Nanoseconds): void {
    if (time > this.#now) this.#set(Math.floor(time));
  }
  /** Runs every event that is due now. Whether there was one. */
  runDue(): boolean {
    let ran = false;
    for (;;) {
      const event = this.#events[0];
      if (event === undefined || event.time > this.#now) return ran;
      this.#events.shift();
      event.run();
      ran = true;
    }
  }
  #set(now: Nanoseconds): void {
    this.#now = now;
    for (const listener of this.#onAdvance) listener(now);
  }
}
