import { LRUCache } from 'lru-cache';

import type { Verify } from './signed-request.ts';

const REMEMBERED = 100_000;
/** Of a signature, so many characters tell it apart: 20 bytes of one in hexadecimal, more of one in base64. */
const MARK_CHARACTERS = 40;

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
    const mark = markOf(signature);
    if (seen.has(mark)) onReplay();
    seen.set(mark, true);
    return undefined;
  };
}

/** A copy: a slice of a string keeps the whole of it. */
const markOf = (signature: string): string =>
  Buffer.from(signature.slice(0, MARK_CHARACTERS)).toString('latin1');
