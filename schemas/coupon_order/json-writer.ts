import { isUtf8 } from 'node:buffer';

const SLAB_BYTES = 262_144;
const QUOTE = 0x22;
const NUL = 0;
/** What a byte of a text asks for: to be copied, to be escaped, to be looked at because U+FFFD begins with it. */
const COPIED = 0;
const ESCAPED = 1;
const SUSPECT = 2;
const ASKS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === 0x5c ? ESCAPED : byte === 0xef ? SUSPECT : COPIED,
);
const LONGEST_ESCAPE = 6;
/** A UTF-16 code unit has at most three bytes. */
const UNIT_BYTES = 3;

const ZERO = 0x30;
const MOST_DIGITS = 16;
/** A number is written as two parts that the engine divides as small integers. */
const LOW_DIGITS = 8;
const LOW_DIGITS_UNIT = 1e8;

/** Decimal digits of an integer from 0 to below 10^9. */
function digitsOf(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}

const WORD_BYTES = 4;

/** JSON that is written again and again. It is so short that words of four bytes are copied faster than the runtime is called. */
export interface JsonPiece {
  readonly words: Int32Array;
  /** bytes */
  readonly length: number;
}

export function jsonPiece(json: string): JsonPiece {
  const filler = WORD_BYTES - 1;
  const bytes = Buffer.from(json + ' '.repeat(filler));
  const count = Math.floor(bytes.length / WORD_BYTES);
  const words = Int32Array.from({ length: count }, (_, index) => bytes.readInt32LE(WORD_BYTES * index));
  return { words, length: bytes.length - filler };
}

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length);

/** Writes JSON texts one after another, each a view of memory that several of them share. */
export class JsonWriter {
  private bytes: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private view = viewOf(this.bytes);
  private begun = 0;
  private at = 0;
  private isDamaged = false;

  /** Begins another text; one that was begun and not taken is forgotten. */
  start(): void {
    this.at = this.begun;
    this.isDamaged = false;
  }

  /** The text; undefined if a part of it was no UTF-8, or held U+FFFD. */
  taken(): Buffer | undefined {
    const text = this.bytes.subarray(this.begun, this.at);
    if (this.isDamaged || !isUtf8(text)) return undefined;
    this.begun = this.at;
    return text;
  }

  /** How many bytes the text has so far. */
  get length(): number {
    return this.at - this.begun;
  }

  /** JSON as it is. */
  piece({ words, length }: JsonPiece): void {
    this.room(length + WORD_BYTES);
    const { view, at } = this;
    for (let index = 0; index < words.length; index += 1)
      view.setInt32(at + WORD_BYTES * index, words[index] ?? 0, true);
    this.at = at + length;
  }

  /** JSON as it is, of any characters. */
  rawText(json: string): void {
    this.room(UNIT_BYTES * json.length);
    this.at += this.bytes.write(json, this.at);
  }

  /** JSON as it is, of ASCII. */
  ascii(json: string): void {
    this.room(json.length);
    for (let index = 0; index < json.length; index += 1) this.bytes[this.at++] = json.charCodeAt(index);
  }

  /** A number, as JSON has it. */
  number(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      this.ascii(String(value));
      return;
    }
    this.room(MOST_DIGITS);
    const high = Math.floor(value / LOW_DIGITS_UNIT);
    if (high > 0) this.digits(high, digitsOf(high));
    const low = value - high * LOW_DIGITS_UNIT;
    this.digits(low, high > 0 ? LOW_DIGITS : digitsOf(low));
  }

  /** The UTF-8 text from `start` to before `end` of `from`, as a JSON string. */
  text(from: Buffer, start: number, end: number): void {
    this.room(LONGEST_ESCAPE * (end - start) + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = QUOTE;
    for (let index = start; index < end; index += 1) {
      const byte = from[index] ?? NUL;
      const asks = ASKS[byte];
      if (asks === ESCAPED) {
        this.escaped(from.toString('utf8', start, end));
        return;
      }
      if (asks === SUSPECT && from[index + 1] === 0xbf && from[index + 2] === 0xbd) this.isDamaged = true;
      bytes[at++] = byte;
    }
    bytes[at++] = QUOTE;
    this.at = at;
  }

  /** @param value below 2^31 */
  private digits(value: number, count: number): void {
    const { bytes, at } = this;
    let rest = value | 0;
    for (let index = at + count - 1; index >= at; index -= 1) {
      const next = (rest / 10) | 0;
      bytes[index] = ZERO + rest - 10 * next;
      rest = next;
    }
    this.at = at + count;
  }

  private escaped(text: string): void {
    if (text.includes('\ufffd')) this.isDamaged = true;
    this.rawText(JSON.stringify(text));
  }

  /** Puts brackets around what was written behind `from`, each part of which begins with a comma. */
  enclose(from: number, opening: number, closing: number): void {
    this.room(2);
    const first = this.begun + from;
    if (this.at === first) this.at += 1;
    this.bytes[first] = opening;
    this.bytes[this.at++] = closing;
  }

  /** Puts JSON into the text, behind its first `from` bytes. */
  insert(from: number, json: string): void {
    const moved = Buffer.from(this.bytes.subarray(this.begun + from, this.at));
    this.at = this.begun + from;
    this.rawText(json);
    this.room(moved.length);
    this.at += moved.copy(this.bytes, this.at);
  }

  /** Makes room for `most` bytes: what is begun moves to other memory if there is none. */
  private room(most: number): void {
    if (this.at + most <= this.bytes.length) return;
    const text = this.bytes.subarray(this.begun, this.at);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (text.length + most)));
    this.view = viewOf(this.bytes);
    this.at = text.copy(this.bytes);
    this.begun = 0;
  }
}
