// What a kernel that cannot be read ends in.

/** The image is not a kernel that we can read. `offset` is in the file that was being read. */
export class ImportError extends Error {
  readonly offset: number | undefined;
  constructor(message: string, offset?: number) {
    super(offset === undefined ? message : `${message} at byte ${offset}`);
    this.offset = offset;
  }
}
