import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { boundBodies } from '../../runtime/http/body-budget.ts';
import { RefusedError } from '../../runtime/http/failures.ts';
import { takeRawBodies } from '../../runtime/http/raw-bodies.ts';
import { answerSchema } from '../../runtime/http/route.ts';
import { CODES, type ReportMode } from '../../schemas/report_api/index.ts';
import { DOCUMENT, REPORT_ROUTES } from './documentation.ts';
import { RETRY_AFTER_S, type Intake, type ReportRequest } from './intake.ts';
import type { CollectorMetrics } from './metrics.ts';
import type { CollectorConfig } from './publication.ts';

export interface RoutesOptions {
  readonly config: CollectorConfig;
  readonly intake: Pick<Intake, 'take'>;
  readonly metrics: CollectorMetrics;
}

/** Adds the two endpoints and their documentation. */
export async function addRoutes(app: FastifyInstance, options: RoutesOptions): Promise<void> {
  app.addHook('onResponse', (_, { statusCode }, done) => {
    if (statusCode >= 400) options.metrics.refused.inc({ status: String(statusCode) });
    done();
  });
  app.get('/openapi.json', () => DOCUMENT);
  await app.register((scope) => addEndpoints(scope, options));
}

async function addEndpoints(
  scope: FastifyInstance,
  { config, intake, metrics }: RoutesOptions,
): Promise<void> {
  // Any web page may report; no cookie is looked at.
  await scope.register(cors, { origin: '*', methods: ['POST'], maxAge: 86_400 });
  if (config.COLLECTOR_RATE > 0) await scope.register(rateLimit, rateOf(config.COLLECTOR_RATE));
  boundBodies(scope, {
    bytes: config.COLLECTOR_MEMORY_BYTES,
    longest: config.COLLECTOR_BODY_BYTES,
    retryAfter: RETRY_AFTER_S,
    held: metrics.heldBytes,
  });
  takeRawBodies(scope);
  for (const mode of ['report', 'safe-report'] as const) addEndpoint(scope, mode, intake);
}

function addEndpoint(scope: FastifyInstance, mode: ReportMode, intake: Pick<Intake, 'take'>): void {
  const route = REPORT_ROUTES[mode];
  scope.post(route.path, { schema: answerSchema(route) }, async (request, reply) => {
    const answer = await intake.take(mode, reportRequest(request));
    return reply.code(answer.code === CODES.taken ? 200 : answer.code).send(answer);
  });
}

const EMPTY = Buffer.alloc(0);

function reportRequest({ url, body, raw, headers }: FastifyRequest): ReportRequest {
  const at = url.indexOf('?');
  return {
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    body: Buffer.isBuffer(body) ? body : EMPTY,
    contentType: raw.headersDistinct['content-type']?.[0],
    encryptingKey: headers['content-encrypting-key']?.toString(),
  };
}

const rateOf = (perSecond: number) => ({
  max: perSecond,
  timeWindow: 1000,
  cache: 10_000,
  errorResponseBuilder: () => new RefusedError(CODES.tooMany, `more than ${perSecond} requests in a second`),
});
