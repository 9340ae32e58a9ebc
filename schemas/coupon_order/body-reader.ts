import { RepeatedTexts } from './repeated-texts.ts';

/** The bytes are no value of the schema. One for all: it is thrown for each bad value, and its stack says nothing. */
const MALFORMED = new RangeError('malformed body');

const INTEGER_BYTES = 10;

/** Takes the UTF-8 text from `start` to before `end` of `bytes`. */
interface TextSink {
  text(bytes: Buffer, start: number, end: number): void;
}

/**
 * Reads the parts of an Avro body one after another. Every method throws on bytes that are not what it reads; reading
 * beyond the end is found at the next text, array or {@link end}, and takes no longer than the value is long.
 */
export class BodyReader {
  private readonly repeated = new RepeatedTexts();
  private bytes: Buffer = Buffer.alloc(0);
  private position = 0;

  /** Begins at `position` of `bytes`. */
  start(bytes: Buffer, position: number): void {
    this.bytes = bytes;
    this.position = position;
  }

  /** Proves that the value ends here, and at the end of its bytes. */
  end(): void {
    if (this.position !== this.bytes.length) throw MALFORMED;
  }

  /** A view of the next `length` bytes. */
  fixed(length: number): Buffer {
    const start = this.position;
    this.position += length;
    return this.bytes.subarray(start, this.position);
  }

  /** The next `length` bytes, one character (0–255) each. */
  latin1(length: number): string {
    const start = this.position;
    this.position += length;
    return this.bytes.toString('latin1', start, this.position);
  }

  /** An int or a long; beyond 2^53 it is not exact. */
  integer(): number {
    const byte = this.bytes[this.position] ?? 0;
    if (byte >= 0x80) return this.longInteger();
    this.position += 1;
    return (byte >> 1) ^ -(byte & 1);
  }

  private longInteger(): number {
    const { bytes, position } = this;
    let value = 0;
    let unit = 1;
    for (let at = position; at < position + INTEGER_BYTES; at += 1) {
      const byte = bytes[at] ?? 0;
      value += (byte & 0x7f) * unit;
      unit *= 128;
      if (byte < 0x80) {
        this.position = at + 1;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
    }
    throw MALFORMED;
  }

  /** The index of one of `count` symbols or branches. */
  index(count: number): number {
    const index = this.integer();
    if (!(index >= 0 && index < count)) throw MALFORMED;
    return index;
  }

  text(): string {
    const start = this.textStart();
    return this.bytes.toString('utf8', start, this.position);
  }

  /** A text that comes again and again in other values. */
  repeatedText(): string {
    const start = this.textStart();
    return this.repeated.text(this.bytes, start, this.position);
  }

  /** A text that comes again and again in other values; hands over its bytes, too. */
  passRepeatedText(to: TextSink): string {
    const start = this.textStart();
    to.text(this.bytes, start, this.position);
    return this.repeated.text(this.bytes, start, this.position);
  }

  /** Hands over the bytes of a text. */
  passText(to: TextSink): void {
    const start = this.textStart();
    to.text(this.bytes, start, this.position);
  }

  skipText(): void {
    this.textStart();
  }

  /** The text of a `["null", "string"]`. */
  optionalText(): string | null {
    return this.index(2) === 0 ? null : this.text();
  }

  /** The text of a `["null", "string"]`, of those that come again. */
  optionalRepeatedText(): string | null {
    return this.index(2) === 0 ? null : this.repeatedText();
  }

  skipOptionalText(): void {
    if (this.index(2) === 1) this.textStart();
  }

  /** Calls `item` for each item of an array; a block's size in bytes is not believed. */
  items(item: () => void): void {
    for (let count = this.integer(); count !== 0; count = this.integer()) {
      if (count < 0) this.integer();
      for (let left = Math.abs(count); left > 0; left -= 1) {
        if (this.position >= this.bytes.length) throw MALFORMED;
        item();
      }
    }
  }

  /** Moves behind a text that lies within the bytes, and returns where it starts. */
  private textStart(): number {
    const length = this.integer();
    const start = this.position;
    this.position += length;
    if (!(length >= 0 && this.position <= this.bytes.length)) throw MALFORMED;
    return start;
  }
}
