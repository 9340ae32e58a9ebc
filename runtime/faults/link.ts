import type { Socket } from 'node:net';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../process/random.ts';
import { signalled } from '../process/signalled.ts';
import type { Direction, InstalledToxic } from './toxics.ts';

export interface LinkOptions {
  readonly connection: number;
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly random: Random;
  /** The faults of this connection at this moment. */
  readonly toxics: () => readonly InstalledToxic[];
  /** Cuts the connection without an end. */
  readonly cut: () => void;
}

interface Piece {
  readonly bytes: Buffer;
  readonly arrived: number;
}

// Held ones are kept in memory, like the buffers of the machines between two hosts; then the sender is held up.
const AHEAD_BYTES = 1_048_576;

/** One direction of one connection: what arrives is carried on in order, as the faults of the moment allow. */
export class Link {
  readonly #options: LinkOptions;
  readonly #closed = new AbortController();
  readonly #carried = new Map<InstalledToxic, number>();
  #queue: Piece[] = [];
  #held = 0;
  #isEnded = false;
  #change = signalled();

  constructor(options: LinkOptions) {
    this.#options = options;
    setMaxListeners(0, this.#closed.signal);
    const { from } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.once('end', () => {
      this.#isEnded = true;
      this.#change.resolve();
    });
    void this.#run();
  }

  /** The connection is over. */
  close(): void {
    this.#closed.abort();
    this.#change.resolve();
  }

  #take(bytes: Buffer): void {
    this.#queue.push({ bytes, arrived: performance.now() });
    this.#held += bytes.length;
    if (this.#held > AHEAD_BYTES) this.#options.from.pause();
    this.#change.resolve();
  }

  async #run(): Promise<void> {
    const { to, from } = this.#options;
    while (!this.#closed.signal.aborted) {
      const piece = this.#queue.shift();
      if (piece !== undefined) {
        await this.#carry(piece);
        this.#held -= piece.bytes.length;
        if (this.#held <= AHEAD_BYTES) from.resume();
      } else if (this.#isEnded) {
        to.end();
        return;
      } else {
        await this.#change.promise;
        this.#change = signalled();
      }
    }
  }

  async #carry({ bytes, arrived }: Piece): Promise<void> {
    let slice = bytes.length;
    let pause = 0;
    let allowed = Infinity;
    for (const installed of this.#options.toxics()) {
      const { toxic } = installed;
      if (installed.direction !== undefined && installed.direction !== this.#options.direction) continue;
      if (toxic.type === 'reset') continue;
      installed.hit(this.#options.connection);
      if (toxic.type === 'black_hole') await this.#wait(Infinity, installed);
      else if (toxic.type === 'latency')
        await this.#wait(arrived + this.#latency(toxic) - performance.now(), installed);
      else if (toxic.type === 'bandwidth')
        await this.#wait((1000 * bytes.length) / toxic.bytesPerSecond, installed);
      else if (toxic.type === 'slicer') {
        slice = toxic.bytes;
        pause = toxic.delayMs;
      } else {
        allowed = Math.min(allowed, toxic.bytes - (this.#carried.get(installed) ?? 0));
        this.#carried.set(installed, (this.#carried.get(installed) ?? 0) + bytes.length);
      }
    }
    const isCut = allowed < bytes.length;
    await this.#write(isCut ? bytes.subarray(0, Math.max(0, allowed)) : bytes, slice, pause);
    if (isCut) this.#options.cut();
  }

  async #write(bytes: Buffer, slice: number, pauseMs: number): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#closed.signal.aborted; at += slice) {
      if (at > 0) await this.#wait(pauseMs);
      await this.#send(bytes.subarray(at, at + slice));
    }
  }

  #send(bytes: Buffer): Promise<void> {
    const { to } = this.#options;
    return new Promise((resolve) => {
      if (to.destroyed || !to.writable) resolve();
      // Called with an error too, when the connection breaks: then nothing more is carried.
      else to.write(bytes, () => resolve());
    });
  }

  #latency({ latencyMs, jitterMs = 0 }: { latencyMs: number; jitterMs?: number }): number {
    return latencyMs + jitterMs * (2 * this.#options.random.unit() - 1);
  }

  /** Waits, at the longest until the fault is removed or the connection over. */
  async #wait(ms: number, installed?: InstalledToxic): Promise<void> {
    if (ms <= 0) return;
    const signals = [this.#closed.signal, ...(installed === undefined ? [] : [installed.removed])];
    const signal = AbortSignal.any(signals);
    await sleep(Math.min(ms, LONGEST_MS), undefined, { signal }).catch(() => undefined);
  }
}

// A timer's longest; longer than any fault.
const LONGEST_MS = 2 ** 31 - 1;
