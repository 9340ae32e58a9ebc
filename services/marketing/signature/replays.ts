import { LRUCache } from 'lru-cache';

import type { Verify } from './signed-request.ts';

const REMEMBERED = 100_000;

/**
 * Tells of requests that come again with a signature that was accepted before. They are answered all the same: the platform may
 * try again, and a question changes nothing.
 * @param skewMs how far a signed time may lie from the clock: an older signature is refused anyway
 */
export function notingReplays(verify: Verify, skewMs: number, onReplay: () => void): Verify {
  const seen = new LRUCache<string, true>({ max: REMEMBERED, ttl: 2 * skewMs });
  return (request, now) => {
    const refusal = verify(request, now);
    const signature = request.header('byte-signature') ?? request.header('signature');
    if (refusal !== undefined || signature === undefined) return refusal;
    if (seen.has(signature)) onReplay();
    seen.set(signature, true);
    return undefined;
  };
}
