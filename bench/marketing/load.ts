import { connect, type Socket } from 'node:net';

import type { SignedBody } from './platform.ts';

export interface Latencies {
  readonly requests: number;
  /** Answers that were no offer: refused, or "no marketing". */
  readonly without: number;
  /** ms from the intended moment of a request to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly worst: number;
}

const TICK_MS = 2;

/**
 * Sends `requests` at `rate` per second, whether or not earlier ones are answered (open loop). By hand: the service has the cores
 * that the load leaves it, and a client library takes half a millisecond of them for a request, this a fifth.
 */
export async function load(url: string, requests: readonly SignedBody[], rate: number): Promise<Latencies> {
  const client = new LeanClient(new URL(url));
  const messages = requests.map((signed) => client.message(signed));
  const latencies: number[] = [];
  let without = 0;
  const ask = async (message: Buffer, intended: number): Promise<void> => {
    const answer = await client.send(message);
    latencies.push(performance.now() - intended);
    if (!answer.includes('"coupon_info":[{')) without += 1;
  };
  const begin = performance.now() + 100;
  const open: Promise<void>[] = [];
  while (open.length < messages.length) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    const due = Math.min(messages.length, Math.floor(((performance.now() - begin) * rate) / 1000));
    for (let at = open.length; at < due; at++) {
      const message = messages[at];
      if (message !== undefined) open.push(ask(message, begin + (at * 1000) / rate));
    }
  }
  await Promise.all(open);
  client.close();
  return { requests: latencies.length, without, ...quantiles(latencies) };
}

/** HTTP/1.1 as far as the service speaks it: one request at a time on a connection, answers with a Content-Length. */
class LeanClient {
  readonly #url: URL;
  readonly #idle: Connection[] = [];

  constructor(url: URL) {
    this.#url = url;
  }

  message({ headers, body }: SignedBody): Buffer {
    const { host, pathname } = this.#url;
    const all = { host, ...headers, 'content-length': String(Buffer.byteLength(body)) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  }

  /** @returns the whole answer, its head included */
  async send(message: Buffer): Promise<Buffer> {
    // The one that was used last: as few as possible stay warm.
    const connection = this.#idle.pop() ?? new Connection(this.#url);
    const answer = await connection.exchange(message);
    this.#idle.push(connection);
    return answer;
  }

  close(): void {
    for (const connection of this.#idle) connection.close();
  }
}

class Connection {
  readonly #socket: Socket;
  #answer: Buffer = Buffer.alloc(0);
  #done: { resolve: (answer: Buffer) => void; reject: (error: Error) => void } | undefined;

  constructor({ hostname, port }: URL) {
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (piece) => this.#read(piece));
    this.#socket.on('error', (error) => this.#done?.reject(error));
    this.#socket.on('end', () => this.#done?.reject(new Error('the service closed the connection')));
  }

  exchange(message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#done = { resolve, reject };
      this.#socket.write(message);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    this.#answer = this.#answer.length === 0 ? piece : Buffer.concat([this.#answer, piece]);
    const head = this.#answer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /^content-length: *(\d+)/im.exec(this.#answer.toString('latin1', 0, head))?.[1];
    if (length === undefined) this.#done?.reject(new Error('an answer without a Content-Length'));
    else if (this.#answer.length === head + 4 + Number(length)) {
      const answer = this.#answer;
      this.#answer = Buffer.alloc(0);
      this.#done?.resolve(answer);
    }
  }
}

/** @param millis in any order */
export function quantiles(millis: readonly number[]): Pick<Latencies, 'p50' | 'p99' | 'p999' | 'worst'> {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Number((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(1));
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), worst: at(1) };
}
