/** One line of a file, without its end. */
export interface Line {
  /** Counted from 1, empty lines included. */
  readonly number: number;
  /** The line's bytes; of an over-long line only its beginning. */
  readonly bytes: Buffer;
  readonly tooLong: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Cuts a stream of bytes into lines that end with LF or CRLF, in memory bounded by `maxBytes`.
 * A byte order mark at the start is dropped, and the last line needs no end.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #kept = 0;
  #length = 0;
  #number = 0;

  /** @param maxBytes the longest line that is kept whole, in bytes without its end */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that end within `chunk` */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#cut());
      start = end + 1;
    }
    // Copied: a part of a long stream must not hold its whole chunk.
    if (start < chunk.length) this.#keep(Buffer.from(chunk.subarray(start)));
    return lines;
  }

  /** @returns the last line, if the stream did not end with a line's end */
  end(): Line[] {
    return this.#length > 0 ? [this.#cut()] : [];
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    // Room for the CR and the mark, which are not the line's own bytes.
    const room = this.#maxBytes + 1 + BOM.length - this.#kept;
    if (room <= 0 || part.length === 0) return;
    const kept = part.subarray(0, room);
    this.#parts.push(kept);
    this.#kept += kept.length;
  }

  #cut(): Line {
    let bytes = Buffer.concat(this.#parts);
    const dropped = this.#length - this.#kept;
    this.#parts = [];
    this.#kept = 0;
    this.#length = 0;
    this.#number += 1;
    if (this.#number === 1 && bytes.subarray(0, BOM.length).equals(BOM)) bytes = bytes.subarray(BOM.length);
    if (dropped === 0 && bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    const tooLong = dropped > 0 || bytes.length > this.#maxBytes;
    return { number: this.#number, bytes: tooLong ? bytes.subarray(0, this.#maxBytes) : bytes, tooLong };
  }
}
