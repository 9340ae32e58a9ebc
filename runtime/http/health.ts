import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';

import { answerSchema, type Route } from './route.ts';

/** Whether a part that a service needs is well; the sentence says why not, and what mends it. */
export interface Verdict {
  readonly ok: boolean;
  readonly sentence: string;
}

/** By the name of what is looked at. One that throws or takes longer than two seconds counts as not well. */
export type Checks = Readonly<Record<string, () => Verdict | Promise<Verdict>>>;

const liveness = z.object({ alive: z.boolean(), sentence: z.string().optional() });
const readiness = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), sentence: z.string() })),
});

/** What every service serves. */
export const HEALTH_ROUTES = {
  livez: {
    method: 'get',
    path: '/livez',
    summary: 'Whether the process answers',
    answers: {
      200: { description: 'It does.', body: liveness },
      503: {
        description: 'It answers, but does not do its work; the sentence says what to do.',
        body: liveness,
      },
    },
  },
  readyz: {
    method: 'get',
    path: '/readyz',
    summary: 'Whether it can do its work',
    answers: {
      200: { description: 'Every check is well.', body: readiness },
      503: { description: 'At least one is not; its sentence says why.', body: readiness },
    },
  },
  metrics: {
    method: 'get',
    path: '/metrics',
    summary: "Its metrics, in Prometheus' text form",
    answers: { 200: { description: 'The metrics.' } },
  },
} as const satisfies Readonly<Record<string, Route>>;

const PATIENCE_MS = 2000;

/** Serves {@link HEALTH_ROUTES}. @param alive whether the work goes on; a service that only answers has no such thing */
export function addHealth(
  app: FastifyInstance,
  checks: Checks,
  metrics: Registry,
  alive?: () => Verdict,
): void {
  const { livez, readyz, metrics: exposition } = HEALTH_ROUTES;
  app.get(livez.path, { schema: answerSchema(livez) }, (_, reply) => {
    const found = alive?.();
    return reply
      .code(found?.ok === false ? 503 : 200)
      .send(found === undefined ? { alive: true } : { alive: found.ok, sentence: found.sentence });
  });
  app.get(readyz.path, { schema: answerSchema(readyz) }, async (_, reply) => {
    const found = await readinessOf(checks);
    return reply.code(found.ready ? 200 : 503).send(found);
  });
  app.get(exposition.path, async (_, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  );
}

async function readinessOf(checks: Checks): Promise<z.infer<typeof readiness>> {
  const verdicts = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ({ name, ...(await verdictOf(check)) })),
  );
  return { ready: verdicts.every(({ ok }) => ok), checks: verdicts };
}

async function verdictOf(check: Checks[string]): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    const sentence = `No answer within ${PATIENCE_MS / 1000} s.`;
    timer = setTimeout(() => resolve({ ok: false, sentence }), PATIENCE_MS);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return { ok: false, sentence: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
