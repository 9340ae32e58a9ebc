/** Writes rows in ClickHouse's RowBinary format. Grows as needed; numbers are little-endian. */
export class RowBinaryWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(initialBytes = 65_536) {
    this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeInt32LE(value, this.#length);
  }

  /** A 64-bit integer that JavaScript holds exactly; also DateTime64(3) in ms. */
  int64(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#bytes.writeUInt32LE(value - high * 0x1_0000_0000, this.#length);
    this.#length = this.#bytes.writeInt32LE(high, this.#length + 4);
  }

  /** Nullable(Int64) and Nullable(DateTime64(3)). */
  nullableInt64(value: number | undefined): void {
    this.uint8(value === undefined ? 1 : 0);
    if (value !== undefined) this.int64(value);
  }

  /** FixedString from a text of one character (0–255) per byte. */
  fixed(latin1: string): void {
    this.#reserve(latin1.length);
    this.#length += this.#bytes.write(latin1, this.#length, 'latin1');
  }

  /** String, and LowCardinality(String). */
  string(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at the most.
    this.#reserve(text.length * 3 + 5);
    if (text.length < 43) {
      // Shorter than 128 bytes whatever it holds: the length takes one byte, and is known after writing.
      const written = this.#bytes.write(text, this.#length + 1, 'utf8');
      this.#bytes[this.#length] = written;
      this.#length += written + 1;
    } else {
      this.varint(Buffer.byteLength(text));
      this.#length += this.#bytes.write(text, this.#length, 'utf8');
    }
  }

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  strings(texts: readonly string[]): void {
    this.varint(texts.length);
    for (const text of texts) this.string(text);
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Reads rows in ClickHouse's RowBinary format. */
export class RowBinaryReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  uint32(): number {
    const value = this.#bytes.readUInt32LE(this.#position);
    this.#position += 4;
    return value;
  }

  int32(): number {
    const value = this.#bytes.readInt32LE(this.#position);
    this.#position += 4;
    return value;
  }

  int64(): number {
    const low = this.#bytes.readUInt32LE(this.#position);
    const high = this.#bytes.readInt32LE(this.#position + 4);
    this.#position += 8;
    return high * 0x1_0000_0000 + low;
  }

  fixed(bytes: number): string {
    const text = this.#bytes.toString('latin1', this.#position, this.#position + bytes);
    this.#position += bytes;
    return text;
  }

  string(): string {
    const length = this.varint();
    const text = this.#bytes.toString('utf8', this.#position, this.#position + length);
    this.#position += length;
    return text;
  }

  strings(): string[] {
    return Array.from({ length: this.varint() }, () => this.string());
  }

  varint(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.#bytes.readUInt8(this.#position++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      shift += 7;
    }
  }
}
