import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';

import type { Checks } from '../../runtime/http/health.ts';
import { startHttpService, type HttpService } from '../../runtime/http/service.ts';
import { createMetrics, createRegistry } from '../../runtime/metrics/metrics.ts';
import { credentialsFile, type Credentials } from '../../schemas/report_api/index.ts';
import { Intake } from './intake.ts';
import { collectorMetrics } from './metrics.ts';
import { Publication, type CollectorConfig } from './publication.ts';
import { addRoutes } from './routes.ts';

export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
}

const DISCONNECT_MS = 1000;

/**
 * Starts the HTTP collector; resolves when it takes reports.
 * @throws {DeliveryError | OperatorError | CredentialsError} when it can't, naming the way out
 */
export async function startCollector({ config, logger, now }: CollectorOptions): Promise<HttpService> {
  const credentials = credentialsOf(config.COLLECTOR_CREDENTIALS);
  const registry = createRegistry();
  const metrics = createMetrics(registry, collectorMetrics);
  const publication = new Publication(config, { logger, now });
  try {
    await publication.open();
    const intake = new Intake({ config, credentials, publication, metrics, now });
    const service = await startHttpService({
      listen: config.COLLECTOR_LISTEN,
      setting: 'COLLECTOR_LISTEN',
      bodyBytes: config.COLLECTOR_BODY_BYTES,
      trustProxy: config.COLLECTOR_TRUST_PROXY,
      checks: checksOf(publication),
      metrics: registry,
      failure: ({ status, sentence }) => ({ status, body: { code: status, msg: sentence } }),
      logger,
      routes: (app) => addRoutes(app, { config, intake, metrics }),
    });
    return {
      url: service.url,
      async stop(graceMs) {
        await service.stop(graceMs);
        // What was answered 0 is acknowledged: nobody waits for what is left, and a broker that is away would hold it up.
        await Promise.race([publication.close(), pause(DISCONNECT_MS, undefined, { ref: false })]);
      },
    };
  } catch (error) {
    await publication.close();
    throw error;
  }
}

const credentialsOf = (path: string | undefined): Credentials | undefined =>
  path === undefined ? undefined : credentialsFile('COLLECTOR_CREDENTIALS', path);

const checksOf = (publication: Publication): Checks => ({
  kafka: async () => {
    await publication.check();
    return { ok: true, sentence: 'Kafka answers, and the topics are as recorded.' };
  },
});
