import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Gauge } from 'prom-client';

import { RefusedError } from './failures.ts';

export interface BodyBudgetOptions {
  /** How many bytes all requests of the scope together may hold until they are answered. */
  readonly bytes: number;
  /** What a request counts for whose length is not told before its body. */
  readonly longest: number;
  /** When a request that found no room may be tried again, seconds. */
  readonly retryAfter: number;
  /** Shows how many bytes are held. */
  readonly held: Pick<Gauge, 'set'>;
}

// A request without a body is not free either.
const REQUEST_BYTES = 4096;

/** Bounds the memory that the requests of `scope` hold: one for which there is no room is answered 503 before its body is read. */
export function boundBodies(scope: FastifyInstance, options: BodyBudgetOptions): void {
  const { bytes, longest, retryAfter, held } = options;
  let used = 0;
  const take = (change: number): void => {
    used += change;
    held.set(used);
  };
  scope.addHook('onRequest', (request, reply, done) => {
    const needed = REQUEST_BYTES + (lengthOf(request) ?? longest);
    // The first one always fits: otherwise a single body above the budget would never be taken.
    if (used > 0 && used + needed > bytes) {
      done(new RefusedError(503, 'too much is in flight already; try again later', retryAfter));
      return;
    }
    take(needed);
    reply.raw.once('close', () => take(-needed));
    done();
  });
}

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const length = Number(headers['content-length']);
  if (Number.isSafeInteger(length)) return length;
  return headers['transfer-encoding'] === undefined ? 0 : undefined;
}
