/** Counts the rows of COPY TO STDOUT by its messages. */

/** A field count of -1 ends binary data (manual, COPY, "Binary Format"). */
const binaryEnd = Buffer.from([0xff, 0xff]);

export class CopyRowCount {
  readonly #binary: boolean;
  #headerComes: boolean;

  constructor(binary: boolean, header: boolean) {
    this.#binary = binary;
    // The binary header is sent together with the first row.
    this.#headerComes = header && !binary;
  }

  /** Rows in one CopyData message: the server sends a message for each row, a text header's line, and the end of binary data. */
  of(data: Buffer): number {
    if (this.#headerComes) {
      this.#headerComes = false;
      return 0;
    }
    return this.#binary && data.equals(binaryEnd) ? 0 : 1;
  }
}
