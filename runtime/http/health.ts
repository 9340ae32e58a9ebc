import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** Whether a part that a service needs is well; the sentence says why not, and what mends it. */
export interface Verdict {
  readonly ok: boolean;
  readonly sentence: string;
}

/** By the name of what is looked at. One that throws or takes longer than two seconds counts as not well. */
export type Checks = Readonly<Record<string, () => Verdict | Promise<Verdict>>>;

/** What `GET /readyz` answers: 200 when every check is well, else 503. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly (Verdict & { readonly name: string })[];
}

const PATIENCE_MS = 2000;

/** `GET /livez` (the process answers), `/readyz` (it can do its work) and `/metrics` (Prometheus' text form). */
export function addHealth(app: FastifyInstance, checks: Checks, metrics: Registry): void {
  app.get('/livez', () => ({ alive: true }));
  app.get('/readyz', async (_, reply) => {
    const readiness = await readinessOf(checks);
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (_, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  );
}

async function readinessOf(checks: Checks): Promise<Readiness> {
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
