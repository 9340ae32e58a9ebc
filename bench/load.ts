import { Pool } from 'undici';

/** How requests were answered. */
export interface Latencies {
  readonly requests: number;
  readonly seconds: number;
  /** ms */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Sends one request. @throws if it is not answered as it must be */
export type Send = (index: number) => Promise<void>;

/** POSTs `bodies` in turn. */
export function sender(
  url: URL,
  bodies: readonly Buffer[],
  connections: number,
): { readonly send: Send; close(): Promise<void> } {
  const pool = new Pool(url.origin, { connections, pipelining: 1 });
  const path = `${url.pathname}${url.search}`;
  return {
    close: () => pool.close(),
    async send(index) {
      const body = bodies[index % bodies.length] ?? null;
      const headers = { 'content-type': 'application/json' };
      const answer = await pool.request({ method: 'POST', path, body, headers });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`);
    },
  };
}

/** As many requests as are answered, `concurrent` of them at a time, for `seconds`. */
export async function closedLoop(send: Send, concurrent: number, seconds: number): Promise<Latencies> {
  const taken: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let next = 0;
  const one = async (): Promise<void> => {
    for (let from = performance.now(); from < end; from = performance.now()) {
      await send(next++);
      taken.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, one));
  return latencies(taken, (performance.now() - begin) / 1000);
}

/** `perSecond` requests, whatever becomes of those before; each is measured from the moment when it was due. */
export async function openLoop(send: Send, perSecond: number, seconds: number): Promise<Latencies> {
  const taken: number[] = [];
  const begin = performance.now();
  const sent: Promise<void>[] = [];
  const one = async (index: number, due: number): Promise<void> => {
    await send(index);
    taken.push(performance.now() - due);
  };
  while (sent.length < perSecond * seconds) {
    const dueNow = Math.min(((performance.now() - begin) / 1000) * perSecond, perSecond * seconds);
    while (sent.length < dueNow) sent.push(one(sent.length, begin + (sent.length / perSecond) * 1000));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sent);
  return latencies(taken, (performance.now() - begin) / 1000);
}

function latencies(taken: number[], seconds: number): Latencies {
  taken.sort((a, b) => a - b);
  const at = (share: number): number => Number((taken[Math.ceil(taken.length * share) - 1] ?? 0).toFixed(1));
  return { requests: taken.length, seconds, p50: at(0.5), p99: at(0.99), worst: at(1) };
}
