// What unwinds the interpreter.

/** break, continue, return and exit unwind the interpreter. */
export class Leave extends Error {
  readonly kind: 'break' | 'continue' | 'return' | 'exit';
  /** Loops left, or the status. */
  levels: number;
  constructor(kind: Leave['kind'], levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}
/** Ctrl-C: back to the prompt. */
export class Interrupted extends Error {}
