import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

import { createMetrics, histogram } from '../metrics/metrics.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of every HTTP service. */
export const httpMetrics = {
  requestSeconds: histogram(
    'kaquan_http_request_seconds',
    'How long requests took, by route and answered status.',
    SECONDS,
    ['route', 'status'],
  ),
} as const;

/** Measures every request from its head to the end of its answer. */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const { requestSeconds } = createMetrics(registry, httpMetrics);
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    requestSeconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });
}
