import { Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

const LENGTH_BYTES = 4;
const KEEP_ALIVE_MS = 60_000;

/** Cuts what arrives on a connection at the ends of Kafka's answers: a length of 4 bytes, then so many. */
export class WholeAnswers {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes of which at least one answer is whole. */
  #enough = LENGTH_BYTES;

  /** @returns the whole answers that end in `piece`; undefined: none does */
  add(piece: Buffer): Buffer | undefined {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#enough) return undefined;
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#bytes);
    let whole = 0;
    let next = endOfAnswer(bytes, 0);
    while (next <= bytes.length) {
      whole = next;
      next = endOfAnswer(bytes, whole);
    }
    // An empty rest would keep all of it in memory.
    this.#pieces = whole < bytes.length ? [bytes.subarray(whole)] : [];
    this.#bytes = bytes.length - whole;
    this.#enough = next - whole;
    return whole === 0 ? undefined : bytes.subarray(0, whole);
  }
}

const endOfAnswer = (bytes: Buffer, from: number): number =>
  from + LENGTH_BYTES + (from + LENGTH_BYTES <= bytes.length ? bytes.readUInt32BE(from) : 0);

class AnswerSocket extends Socket {
  readonly #answers = new WholeAnswers();

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    const [piece] = values;
    if (event !== 'data' || !Buffer.isBuffer(piece)) return super.emit(event, ...values);
    const whole = this.#answers.add(piece);
    return whole === undefined || super.emit(event, whole);
  }
}

/**
 * Connections that hand on whole answers only. kafkajs keeps what it has of an answer that is cut in the midst over the
 * reconnection, and takes what comes then for its rest: it understands nothing more of that broker, and waits for ever.
 */
export const wholeAnswers: ISocketFactory = ({ host, port, onConnect }) =>
  new AnswerSocket().setKeepAlive(true, KEEP_ALIVE_MS).connect(port, host, onConnect);
