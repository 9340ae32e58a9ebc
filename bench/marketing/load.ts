import { Agent, request } from 'undici';

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

const CONNECTIONS = 128;
const TICK_MS = 2;

/** Sends `requests` at `rate` per second, whether or not earlier ones are answered (open loop). */
export async function load(url: string, requests: readonly SignedBody[], rate: number): Promise<Latencies> {
  const dispatcher = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const latencies: number[] = [];
  let without = 0;
  const ask = async (signed: SignedBody, intended: number): Promise<void> => {
    const answer = await request(url, { method: 'POST', ...signed, dispatcher });
    const text = await answer.body.text();
    latencies.push(performance.now() - intended);
    if (!text.includes('"coupon_info":[{')) without += 1;
  };
  const begin = performance.now() + 100;
  const open: Promise<void>[] = [];
  while (open.length < requests.length) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    const due = Math.min(requests.length, Math.floor(((performance.now() - begin) * rate) / 1000));
    for (let at = open.length; at < due; at++) {
      const signed = requests[at];
      if (signed !== undefined) open.push(ask(signed, begin + (at * 1000) / rate));
    }
  }
  await Promise.all(open);
  await dispatcher.close();
  return { requests: latencies.length, without, ...quantiles(latencies) };
}

/** @param millis in any order */
export function quantiles(millis: readonly number[]): Pick<Latencies, 'p50' | 'p99' | 'p999' | 'worst'> {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Number((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(1));
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), worst: at(1) };
}
