import { type BufferPool, GrowableBytes } from '../bytes/growable.ts';

// Up to here a loop over the characters is faster than a call into the runtime.
const SHORT_TEXT = 48;

/** Writes rows in ClickHouse's RowBinary format. Grows as needed; numbers are little-endian. */
export class RowBinaryWriter {
  readonly #to: GrowableBytes;

  /** @param pool where the memory comes from, and goes to on `release` */
  constructor(pool?: BufferPool) {
    this.#to = new GrowableBytes(pool);
  }

  get length(): number {
    return this.#to.length;
  }

  uint8(value: number): void {
    this.#to.reserve(1);
    this.#to.bytes[this.#to.length++] = value;
  }

  uint32(value: number): void {
    this.#to.reserve(4);
    this.#to.length = this.#to.bytes.writeUInt32LE(value, this.#to.length);
  }

  int32(value: number): void {
    this.#to.reserve(4);
    this.#to.length = this.#to.bytes.writeInt32LE(value, this.#to.length);
  }

  /** A 64-bit integer that JavaScript holds exactly; also DateTime64(3) in ms. */
  int64(value: number): void {
    this.#to.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#to.bytes.writeUInt32LE(value - high * 0x1_0000_0000, this.#to.length);
    this.#to.length = this.#to.bytes.writeInt32LE(high, this.#to.length + 4);
  }

  /** Nullable(Int64) and Nullable(DateTime64(3)). */
  nullableInt64(value: number | undefined): void {
    this.uint8(value === undefined ? 1 : 0);
    if (value !== undefined) this.int64(value);
  }

  /** FixedString from a text of one character (0–255) per byte. */
  fixed(latin1: string): void {
    const { length } = latin1;
    this.#to.reserve(length);
    const { bytes, length: start } = this.#to;
    for (let i = 0; i < length; i++) bytes[start + i] = latin1.charCodeAt(i);
    this.#to.length += length;
  }

  /** Bytes that are encoded already. */
  raw(encoded: Buffer): void {
    this.#to.reserve(encoded.length);
    this.#to.length += encoded.copy(this.#to.bytes, this.#to.length);
  }

  /** String, and LowCardinality(String). */
  string(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at the most.
    this.#to.reserve(text.length * 3 + 5);
    if (text.length < SHORT_TEXT && this.#ascii(text)) return;
    this.varint(Buffer.byteLength(text));
    this.#to.length += this.#to.bytes.write(text, this.#to.length, 'utf8');
  }

  varint(value: number): void {
    this.#to.reserve(5);
    let rest = value;
    while (rest > 127) {
      this.#to.bytes[this.#to.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#to.bytes[this.#to.length++] = rest;
  }

  strings(texts: readonly string[]): void {
    this.varint(texts.length);
    for (const text of texts) this.string(text);
  }

  /** What was written, without a copy. */
  written(): Buffer {
    return this.#to.written();
  }

  /** Gives the memory back; neither this nor anything from `written` may be used afterwards. */
  release(): void {
    this.#to.release();
  }

  /** Writes a short text if it is ASCII. @returns whether it was */
  #ascii(text: string): boolean {
    const { bytes, length: start } = this.#to;
    const { length } = text;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      bytes[start + 1 + i] = code;
    }
    bytes[start] = length;
    this.#to.length = start + 1 + length;
    return true;
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

  uint8(): number {
    return this.#bytes.readUInt8(this.#position++);
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
      const byte = this.uint8();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      shift += 7;
    }
  }
}
