const SLOTS = 4096;
const LONGEST = 48;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Gives the text of bytes that come again and again (apps, batches, channels) without making the string each time. It
 * remembers a bounded number of them, and is right about all others too.
 */
export class RepeatedTexts {
  readonly #known: (Known | undefined)[] = new Array<Known | undefined>(SLOTS).fill(undefined);

  /** The UTF-8 text from `start` to before `end`. */
  text(bytes: Buffer, start: number, end: number): string {
    if (end - start > LONGEST) return bytes.toString('utf8', start, end);
    const slot = slotOf(bytes, start, end);
    const known = this.#known[slot];
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const text = bytes.toString('utf8', start, end);
    this.#known[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
    return text;
  }
}

// FNV-1a.
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function isSame(known: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i += 1) if (known[i] !== bytes[start + i]) return false;
  return true;
}
